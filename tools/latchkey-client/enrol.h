#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace latchkey::client {

struct Enrolment {
  std::vector<std::string> servers{};  ///< `https://HOST:8201`; the first that answers enrols
  std::string token{};                 ///< of `latchkey server token create`
  std::string directory{};             ///< where the credentials go (credentials.h)
  std::string
      ca{};  ///< PEM of another CA, for servers with a certificate of their own; may be empty
  bool replace = false;
};
struct Enrolled {
  std::string identity, name, role;
};

/// Makes a P-256 key, has it certified, and keeps both (SPEC SRV-2). The token says whose CA the
/// server must belong to, and leaves this machine only once that is proven. Blocks; `patience` is
/// for each server.
///
/// Errors: those of parse_address(), CredentialsDraft and Line; `token-invalid`; `pin-mismatch`
/// (another deployment answers); what the server refuses with (`token-unknown`, `token-used`,
/// `token-expired`, …).
Result<Enrolled> enrol(const Enrolment& enrolment,
                       std::chrono::milliseconds patience = std::chrono::seconds(15));

}  // namespace latchkey::client
