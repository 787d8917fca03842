#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "load/answers.h"
#include "load/wire.h"
#include "load/workload.h"

namespace latchkey::load {

/// One connection: what was asked on it and is not answered yet, in order.
class Client {
 public:
  Client(std::unique_ptr<Wire> wire, Cursor cursor) : wire_(std::move(wire)), cursor_(cursor) {}

  /// Adds a request to what flush() sends; `since`: when it should leave. False: the workload has
  /// no further one for this connection.
  bool ask(const Workload& workload, std::uint64_t since) {
    if (!workload.append(cursor_, out_)) return false;
    asked_.push_back(since);
    return true;
  }
  /// False: the connection is broken.
  bool flush();
  bool blocked() const { return !out_.empty(); }  ///< the rest goes once the server reads

  /// Reads once and hands each answer to `take(answer, since)`. False: the connection is broken.
  template <class Take>
  bool receive(std::span<char> scratch, Take take) {
    do {
      const auto size = wire_->read(scratch);
      if (!size) return false;
      std::string_view bytes(scratch.data(), *size);
      while (const auto answer = answers_.take(bytes)) {
        if (asked_.empty()) return false;
        const auto since = asked_.front();
        asked_.pop_front();
        take(*answer, since);
      }
      if (answers_.broken()) return false;
    } while (wire_->more());
    return true;
  }

  int descriptor() const { return wire_->descriptor(); }
  const std::deque<std::uint64_t>& asked() const { return asked_; }
  const std::string& error() const { return answers_.error(); }

 private:
  std::unique_ptr<Wire> wire_;
  Cursor cursor_;
  AnswerSplitter answers_;
  std::string out_;
  std::deque<std::uint64_t> asked_;
};

}  // namespace latchkey::load
