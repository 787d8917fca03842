#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/deployment_id.h"
#include "core/base/result.h"

namespace latchkey {

/// Who this node is: files in `state_dir/identity/`, not in the database, so that a database
/// restored from a backup or lost does not change who the node is (SPEC BUF-10).
///
/// | file             | holds                                                    | written by |
/// |------------------|----------------------------------------------------------|-----------------|
/// | `node-id`        | 32 hex digits, random, a new line                        | Identity | |
/// `deployment.key` | the deployment's Ed25519 key, PKCS#8 PEM (RFC 8410), 0600 | Identity        |
/// | `tls.key`, `peer.json` | this node's TLS identity and the pinned peer | agent/peer
/// |
///
/// Two paired nodes hold the same deployment key: the joining node adopts the inviting node's.
class Identity {
 public:
  /// Makes what is missing. Errors: `identity-unreadable`, `identity-damaged` (never replaced
  /// silently).
  static Result<Identity> load_or_create(const std::filesystem::path& state_dir);

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& node_id() const { return node_id_; }
  const DeploymentId& deployment_id() const { return deployment_id_; }
  /// Ed25519; signs what the whole deployment says (SPEC BUF-10, REQ-1).
  const PrivateKey& deployment_key() const { return *key_; }

  /// Joining: replaces the deployment key on disk, durably, then here. Error:
  /// `invalid-deployment-key`.
  Result<void> adopt_deployment_key(std::string_view pem);

 private:
  Identity() = default;
  Result<void> set_key(std::string_view pem);

  std::filesystem::path directory_;
  std::string node_id_;
  DeploymentId deployment_id_;
  std::optional<PrivateKey> key_;
};

/// Writes `text` to a temporary file beside `path`, syncs and renames: the old or the new, never
/// half. Error: `file-not-written`.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                   unsigned mode);
/// At most `limit` bytes. Errors: `file-missing`, `file-unreadable`, `file-too-large`.
Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace latchkey
