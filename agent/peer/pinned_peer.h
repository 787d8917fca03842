#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace latchkey::peer {

/// The one other node, as `state_dir/identity/peer.json` holds it.
struct PinnedPeer {
  std::string node;
  std::string name;
  std::string address;  ///< "host:port"; empty: it dials us
  std::string pin;      ///< lower-case hex SHA-256 of its SubjectPublicKeyInfo
  bool operator==(const PinnedPeer&) const = default;
};

/// None when the file is missing: unpaired. Error: `peer-state-broken`.
Result<std::optional<PinnedPeer>> load_pinned_peer(const std::filesystem::path& identity_dir);
/// Durable when it returns. Error: `file-not-written`.
Result<void> save_pinned_peer(const std::filesystem::path& identity_dir, const PinnedPeer& peer);

}  // namespace latchkey::peer
