#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/latchkey-client/tls.h"

namespace latchkey::client {

inline constexpr const char* kUsualDirectory = "/etc/latchkey/client";

/// What an enrolment leaves behind, in a directory (mode 0700) of four files: `key.pem` (0600),
/// `certificate.pem`, `ca.pem`, and `servers`, one address a line.
struct Credentials {
  TlsCard card;
  std::vector<std::string> servers;
};

/// Error: `cannot-read`.
Result<Credentials> read_credentials(const std::string& directory);
/// A whole file of at most 64 KiB. Error: `cannot-read`.
Result<std::string> read_small_file(const std::string& path);

/// Credentials in the making, in a directory beside the one that they are for: that one appears
/// whole, at the end, or not at all.
class CredentialsDraft {
 public:
  /// Durable already: an enrolment token is used up by a key that must not be lost.
  /// Errors: `exists` (unless `replace`), `cannot-write`.
  static Result<CredentialsDraft> begin(const std::string& directory, bool replace,
                                        const std::string& key_pem);
  ~CredentialsDraft();
  CredentialsDraft(CredentialsDraft&& other) noexcept;
  CredentialsDraft& operator=(CredentialsDraft&&) = delete;

  /// Error: `cannot-write`; then what was there before is there again.
  Result<void> commit(const Credentials& credentials);

 private:
  CredentialsDraft(std::string directory, std::string draft);

  std::string directory_;
  std::string draft_;  ///< empty: nothing to clear away
};

}  // namespace latchkey::client
