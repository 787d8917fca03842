#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "drivers/pcsc/pcsc_api.h"

namespace latchkey::test {

/// libpcsclite with a pcscd behind it, as variables. One at a time, since the library's functions
/// carry no state of their own. Set it up before the first call and look at it between two.
class FakePcsc {
 public:
  struct Reader {
    std::string name;
    std::uint32_t channel;
  };

  FakePcsc() { current() = this; }
  /// Waits for a thread that was left with a call: it hangs up when that has returned.
  ~FakePcsc() {
    std::unique_lock lock(mutex_);
    held_ = false;
    wake_.notify_all();
    wake_.wait_for(lock, std::chrono::seconds(5), [this] { return contexts_ == 0; });
    current() = nullptr;
  }
  FakePcsc(const FakePcsc&) = delete;
  FakePcsc& operator=(const FakePcsc&) = delete;

  static const pcsc::Api& api() {
    static const pcsc::Api functions{establish,  release, list,     connect,  reconnect,
                                     disconnect, begin,   end_call, transmit, attribute};
    return functions;
  }

  /// What the next calls of a function return, one after another, before success again.
  void fail(const std::string& function, std::vector<pcsc::Code> codes) {
    const std::lock_guard lock(mutex_);
    failures_[function] = std::move(codes);
  }
  /// From now on BeginTransaction waits, as while another program has one, until `release_card`.
  void hold_card() { held_ = true; }
  void release_card() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    wake_.notify_all();
  }
  void set_readers(std::vector<Reader> readers) {
    const std::lock_guard lock(mutex_);
    readers_ = std::move(readers);
  }
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::size_t count(const std::string& call) {
    const auto made = calls();
    return static_cast<std::size_t>(std::ranges::count(made, call));
  }

  Bytes max_input{0xF6, 0x0B, 0, 0};  ///< 3,062
  Bytes response{0x90, 0x00};

 private:
  static FakePcsc*& current() {
    static FakePcsc* fake = nullptr;
    return fake;
  }
  /// Notes the call; its result.
  static pcsc::Long note(const std::string& function, const std::string& call) {
    auto& self = *current();
    const std::lock_guard lock(self.mutex_);
    self.calls_.push_back(call);
    auto& codes = self.failures_[function];
    if (codes.empty()) return 0;
    const auto code = codes.front();
    codes.erase(codes.begin());
    return static_cast<pcsc::Long>(code);
  }

  static pcsc::Long establish(pcsc::Dword, const void*, const void*, pcsc::Context* context) {
    *context = 7;
    const auto result = note("establish", "establish");
    if (result == 0) current()->count_context(1);
    return result;
  }
  static pcsc::Long release(pcsc::Context) {
    const auto result = note("release", "release");
    current()->count_context(-1);
    return result;
  }
  void count_context(int change) {
    const std::lock_guard lock(mutex_);
    contexts_ += change;
    wake_.notify_all();
  }
  static pcsc::Long list(pcsc::Context, const char*, char* out, pcsc::Dword* size) {
    const auto result = note("list", "list");
    std::string names;
    const std::lock_guard lock(current()->mutex_);
    for (const auto& reader : current()->readers_) names += reader.name + '\0';
    names += '\0';
    if (names.size() == 1) return static_cast<pcsc::Long>(pcsc::Code::no_readers_available);
    std::ranges::copy(names, out);
    *size = names.size();
    return result;
  }
  static pcsc::Long connect(pcsc::Context, const char* name, pcsc::Dword share, pcsc::Dword,
                            pcsc::Handle* handle, pcsc::Dword* protocol) {
    const std::string way = share == pcsc::kShareDirect ? "direct" : "connect";
    const auto result = note(way, way + " " + name);
    const std::lock_guard lock(current()->mutex_);
    const auto& readers = current()->readers_;
    const auto found = std::ranges::find(readers, name, &Reader::name);
    if (found == readers.end()) return static_cast<pcsc::Long>(pcsc::Code::unknown_reader);
    *handle = found - readers.begin();
    *protocol = pcsc::kProtocolT1;
    return result;
  }
  static pcsc::Long reconnect(pcsc::Handle, pcsc::Dword, pcsc::Dword, pcsc::Dword, pcsc::Dword*) {
    return note("reconnect", "reconnect");
  }
  static pcsc::Long disconnect(pcsc::Handle, pcsc::Dword disposition) {
    return note("disconnect", "disconnect " + std::to_string(disposition));
  }
  static pcsc::Long begin(pcsc::Handle) {
    auto& self = *current();
    {
      std::unique_lock lock(self.mutex_);
      self.wake_.wait(lock, [&] { return !self.held_; });
    }
    return note("begin", "begin");
  }
  static pcsc::Long end_call(pcsc::Handle, pcsc::Dword disposition) {
    return note("end", "end " + std::to_string(disposition));
  }
  static pcsc::Long transmit(pcsc::Handle, const pcsc::IoRequest* request, const unsigned char*,
                             pcsc::Dword, pcsc::IoRequest*, unsigned char* out, pcsc::Dword* size) {
    const auto result = note("transmit", "transmit T" + std::to_string(request->protocol - 1));
    const auto& response = current()->response;
    if (response.size() <= *size) std::ranges::copy(response, out);
    *size = response.size();
    return result;
  }
  static pcsc::Long attribute(pcsc::Handle handle, pcsc::Dword name, unsigned char* out,
                              pcsc::Dword* size) {
    const std::lock_guard lock(current()->mutex_);
    Bytes value = current()->max_input;
    if (name == pcsc::kAttributeChannel) {
      const auto channel = current()->readers_.at(static_cast<std::size_t>(handle)).channel;
      value.resize(sizeof channel);
      std::memcpy(value.data(), &channel, sizeof channel);
    }
    if (value.empty() || value.size() > *size)
      return static_cast<pcsc::Long>(pcsc::Code::reader_unavailable);
    std::memcpy(out, value.data(), value.size());
    *size = value.size();
    return 0;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Reader> readers_{{"Reader 00 00", 0x0020'0102}, {"Token 01 00", 0x0020'0107}};
  std::map<std::string, std::vector<pcsc::Code>> failures_;
  std::vector<std::string> calls_;
  bool held_ = false;
  int contexts_ = 0;
};

inline constexpr std::uint32_t kTokenChannel = 0x0020'0107;

}  // namespace latchkey::test
