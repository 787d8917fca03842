#include <algorithm>

#include "tests/simulation/world.h"

// What can happen to the world.
namespace latchkey::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// How many facts this database knows, by chain.
std::map<std::string, std::uint64_t> lengths(const StoreContents& contents) {
  std::map<std::string, std::uint64_t> lengths;
  for (const auto& stored : contents.facts) lengths[stored.fact.chain] = stored.fact.seq;
  return lengths;
}

bool has_all_of(const StoreContents& contents, const StoreContents& other) {
  auto here = lengths(contents);
  return std::ranges::all_of(lengths(other),
                             [&](const auto& entry) { return here[entry.first] >= entry.second; });
}

bool knows(const StoreContents& contents, const std::string& document) {
  return std::ranges::any_of(contents.facts, [&](const StoredFact& stored) {
    const auto* imported = std::get_if<LicenseImported>(&stored.fact.body);
    return imported != nullptr && imported->license.document == document;
  });
}

std::string name_of(const VirtualKey& key) { return "key " + key.id; }

}  // namespace

VirtualKey* World::loose_key() {
  std::vector<VirtualKey*> loose;
  for (auto& key : keys_)
    if (places_.count(&key) == 0) loose.push_back(&key);
  return loose.empty() ? nullptr
                       : loose[static_cast<std::size_t>(pick(static_cast<int>(loose.size())))];
}

VirtualKey* World::plugged_key(const VirtualNode& node) {
  std::vector<VirtualKey*> plugged;
  for (const auto& [port, key] : node.ports()) plugged.push_back(key);
  if (plugged.empty()) return nullptr;
  return plugged[static_cast<std::size_t>(pick(static_cast<int>(plugged.size())))];
}

void World::put(VirtualKey& key, VirtualNode& node) {
  followed_ = seen_by_all() && followed_;
  moved_at_ = now_;
  const auto port = "p" + std::to_string(++insertions_);
  places_[&key] = {&node, port};
  node.plug(port, key);
  if (history_was_lost_ && key.read().works() && key.stamp) reference_.reminded(key.id, *key.stamp);
  if (followed_) reference_.plugged(now_, node.id(), key.id, license_of(key));
}

void World::take(VirtualKey& key) {
  followed_ = seen_by_all() && followed_;
  moved_at_ = pulled_at_[key.id] = now_;
  const auto place = places_.extract(&key).mapped();
  place.node->pull(place.port);
  if (followed_) reference_.pulled(now_, key.id);
}

void World::plug(VirtualNode& node) {
  auto* key = loose_key();
  if (key == nullptr) return;
  tell(node, "plug " + name_of(*key));
  put(*key, node);
}

void World::pull(VirtualNode& node) {
  auto* key = plugged_key(node);
  if (key == nullptr) return;
  tell(node, "pull " + name_of(*key));
  take(*key);
}

/// SPEC KEY-11: away for less than the settle time, and perhaps back elsewhere.
void World::bounce(VirtualNode& node) {
  auto* key = plugged_key(node);
  if (key == nullptr || !license_of(*key)) return;
  const bool seen = seen_by_all();
  auto& to = *nodes_[static_cast<std::size_t>(pick(weather_.nodes))];
  const milliseconds away(pick(static_cast<int>(kSettle.count()) + 1));
  tell(node, name_of(*key) + " is away for " + std::to_string(away.count()) + " ms, then in " +
                 to.name());
  const auto place = places_.extract(key).mapped();
  node.pull(place.port);
  settle();
  pass(away);
  const auto port = "p" + std::to_string(++insertions_);
  places_[key] = {&to, port};
  to.plug(port, *key);
  followed_ = seen && followed_;
  moved_at_ = now_;
  if (followed_) reference_.moved(now_, to.id(), key->id);
}

void World::hush(VirtualNode& node) {
  auto* key = plugged_key(node);
  if (key == nullptr) return;
  followed_ = seen_by_all() && followed_;
  moved_at_ = now_;
  key->silent = !key->silent;
  tell(node, name_of(*key) + (key->silent ? " falls silent" : " answers again"));
  if (node.running()) node.read(places_.at(key).port);
  if (history_was_lost_ && key->read().works() && key->stamp)
    reference_.reminded(key->id, *key->stamp);
  if (followed_) reference_.plugged(now_, node.id(), key->id, license_of(*key));
}

/// The vendor issues a license; an administrator installs it.
void World::renew(VirtualNode& node) {
  auto& key = keys_[static_cast<std::size_t>(pick(static_cast<int>(keys_.size())))];
  if (!node.running()) return;
  const Duration runs[] = {20 * kDay, 100 * kDay, 400 * kDay, 4000 * kDay};
  const auto license = vendor_.issue(KeyBinding{key.id}, now_, {now_ - kDay, now_ + runs[pick(4)]},
                                     "L-" + std::to_string(story_.size()));
  issued_.emplace(license.hash, license);
  const auto documents =
      node.install({license.envelope.begin(), license.envelope.end()}, [this, &key, license] {
        acknowledged_.insert(license.hash);
        installed(license);
        if (followed_ && license_of(key)) reference_.licensed(now_, key.id, *license_of(key));
      });
  const auto& refusal = documents.front().refusal;
  tell(node, "install " + license.document.id + " for " + name_of(key) +
                 (refusal ? ": " + refusal->code : ""));
  expect_install(node, key, refusal);
}

/// SPEC LIC-4: a new license for a key that this node can read is taken; one for a key that is in
/// no port is not.
void World::expect_install(const VirtualNode& node, const VirtualKey& key,
                           const std::optional<Error>& refusal) {
  if (!times_are_right() || !complaint_.empty()) return;
  const auto place = places_.find(&key);
  const bool here = place != places_.end() && place->second.node == &node && !key.silent;
  if (refusal && here && !node.disk.full)
    complaint_ = "a good license was refused: " + refusal->code;
  if (!refusal && place == places_.end() && is_calm() && now_ - moved_at_ > kSettle)
    complaint_ = "a license for a key that is not there was taken";
}

void World::start(VirtualNode& node) {
  if (node.running()) return;
  tell(node, "start");
  moved_at_ = now_;  // what it misses it misses from now on (SPEC KEY-14)
  node.start(now_, pick(2) == 0);
}

void World::stop(VirtualNode& node) {
  if (!node.running()) return;
  tell(node, "stop");
  node.stop();
  disconnect();
}

/// What was seen just before may or may not have got to the disk.
void World::crash(VirtualNode& node) {
  if (!node.running()) return;
  const auto last = pick(4);
  if (last == 1) plug(node);
  if (last == 2) pull(node);
  if (last == 3) renew(node);
  if (last != 0) followed_ = false;
  const bool written = pick(2) == 0;
  tell(node, std::string("crash") + (written ? ", the last write survives" : ""));
  node.crash(written);
  disconnect();
}

/// In the middle of a conversation, if there is one.
void World::cut(VirtualNode& node) {
  if (pick(2) == 0) renew(node);
  for (int i = pick(4); i > 0; --i)
    if (!node.work() && wire_) wire_->deliver();
  tell(node, "the link breaks");
  link_up_ = false;
  disconnect();
}

void World::mend(VirtualNode& node) {
  if (link_up_) return;
  tell(node, "the link is back");
  link_up_ = true;
}

void World::fill_disk(VirtualNode& node) {
  tell(node, node.disk.full ? "there is room on the disk again" : "the disk is full");
  node.disk.full = !node.disk.full;
}

void World::back_up(VirtualNode& node) {
  tell(node, "back up the database");
  if (node.running()) node.keep_clock();
  backups_[&node] = node.disk.contents();
}

/// SPEC BUF-10: a database is lost, or an old copy put in its place; never both databases of the
/// deployment with all that they know.
void World::damage(VirtualNode& node) {
  const auto* other = partner(node);
  const auto joined = [](const StoredFact& stored) {
    return std::holds_alternative<NodeJoined>(stored.fact.body);
  };
  if (std::ranges::none_of(other->disk.contents().facts, joined)) return;
  if (node.running()) crash(node);
  const auto backup = backups_.find(&node);
  const bool restore = backup != backups_.end() && pick(2) == 0;
  tell(node, restore ? "an old copy of the database is restored" : "the database is lost");
  auto contents = restore ? backup->second : StoreContents{node.fresh_chain(), {}, {}};
  if (!has_all_of(other->disk.contents(), node.disk.contents())) {
    followed_ = false;
    history_was_lost_ = true;
  }
  node.disk.replace(std::move(contents));
  std::erase_if(acknowledged_, [&](const auto& document) {
    return std::ranges::none_of(
        nodes_, [&](const auto& each) { return knows(each->disk.contents(), document); });
  });
}

void World::set_clock(VirtualNode& node) {
  const Duration errors[] = {hours(pick(49) - 24), hours(pick(20001) - 10000), Duration(0)};
  const auto error = errors[pick(3)];
  if (error > kDay && !weather_.madness) return;
  node.clock_error = error;
  clocks_were_wrong_ = true;
  followed_ = false;
  tell(node, "the clock is set");
}

}  // namespace latchkey::simulation
