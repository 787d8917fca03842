#include "agent/peer/pinned_peer.h"

#include <nlohmann/json.hpp>

#include "agent/identity/identity.h"
#include "core/base/json.h"
#include "core/base/sha256.h"

namespace latchkey::peer {
namespace {

using nlohmann::json;

constexpr std::size_t kLimit = 4096;
constexpr unsigned kPrivate = 0600;
constexpr std::size_t kNodeBytes = 16;

std::filesystem::path file_in(const std::filesystem::path& identity_dir) {
  return identity_dir / "peer.json";
}

tl::unexpected<Error> broken(const std::filesystem::path& path) {
  return fail("peer-state-broken", path.string() + " does not name a peer.",
              "Restore it from a backup; or delete it and pair the nodes again with "
              "`latchkey peer invite` on the other node.");
}

}  // namespace

Result<std::optional<PinnedPeer>> load_pinned_peer(const std::filesystem::path& identity_dir) {
  const auto path = file_in(identity_dir);
  const auto text = read_small_file(path, kLimit);
  if (!text && text.error().code == "file-missing") return std::nullopt;
  if (!text) return tl::make_unexpected(text.error());
  const auto parsed = parse_json(*text, {kLimit, 1});
  if (!parsed) return broken(path);
  JsonObject object(*parsed);
  PinnedPeer peer;
  peer.node = object.hex("node", kNodeBytes);
  if (object.has("name")) peer.name = object.text("name", kLimit);
  if (object.has("address")) peer.address = object.text("address", kLimit);
  peer.pin = object.hex("pin", sizeof(Digest));
  if (!object.finish()) return broken(path);
  return peer;
}

Result<void> save_pinned_peer(const std::filesystem::path& identity_dir, const PinnedPeer& peer) {
  json object = {{"node", peer.node}, {"pin", peer.pin}};
  if (!peer.name.empty()) object["name"] = peer.name;
  if (!peer.address.empty()) object["address"] = peer.address;
  return write_file_atomically(file_in(identity_dir),
                               object.dump(2, ' ', false, json::error_handler_t::replace) + "\n",
                               kPrivate);
}

}  // namespace latchkey::peer
