#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/keys.h"
#include "core/ports.h"

namespace latchkey::test {

/// A USB key in memory that misbehaves on demand.
class FakeKey final : public Key {
 public:
  explicit FakeKey(PrivateKey key) : identity(std::move(key)), spki(identity.public_key().der()) {}

  PrivateKey identity;
  Bytes spki;  ///< what it says its public key is
  Bytes license;
  Bytes stamp;
  std::map<std::string, KeyError::Kind> failing;  ///< call name -> how it fails
  std::function<void(Bytes&)> on_write;           ///< changes what write_license() stores
  std::vector<std::string> calls;
  std::vector<Bytes> challenges;

  KeyResult<Bytes> public_key(Deadline) override {
    return answer("public_key", [&] { return spki; });
  }
  KeyResult<Bytes> prove(ByteView challenge, Deadline) override {
    challenges.emplace_back(challenge.begin(), challenge.end());
    return answer("prove", [&] { return identity.sign_digest(challenge).value(); });
  }
  KeyResult<Bytes> read_license(Deadline) override {
    if (license.empty()) failing.try_emplace("read_license", KeyError::Kind::unprovisioned);
    return answer("read_license", [&] { return license; });
  }
  KeyResult<void> write_license(ByteView envelope, Deadline) override {
    auto stored = answer("write_license", [&] { return Bytes(envelope.begin(), envelope.end()); });
    if (!stored) return tl::make_unexpected(stored.error());
    if (on_write) on_write(*stored);
    license = *stored;
    failing.erase("read_license");
    return {};
  }
  KeyResult<Bytes> read_stamp(Deadline) override {
    return answer("read_stamp", [&] { return stamp; });
  }
  KeyResult<void> write_stamp(ByteView bytes, Deadline) override {
    stamp.assign(bytes.begin(), bytes.end());
    return {};
  }
  void cancel() noexcept override {}

 private:
  KeyResult<Bytes> answer(const std::string& call, const std::function<Bytes()>& value) {
    calls.push_back(call);
    if (const auto error = failing.find(call); error != failing.end())
      return tl::make_unexpected(KeyError{error->second, "as told"});
    return value();
  }
};

}  // namespace latchkey::test
