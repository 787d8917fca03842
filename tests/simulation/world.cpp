#include "tests/simulation/world.h"

#include <algorithm>

namespace latchkey::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart = std::chrono::sys_days(std::chrono::June / 1 / 2026);
constexpr int kKeys = 3;
/// A disk that refuses is asked again each second: not for months.
constexpr Duration kPatience = seconds(10);

/// Several facts at one instant push each other on by milliseconds.
constexpr Duration kRight = milliseconds(1);
/// How long a key takes to store something.
constexpr Duration kKeyCall = milliseconds(20);

}  // namespace

Weather weather_of(std::uint32_t seed) {
  constexpr bool o = false, x = true;
  constexpr Weather kWeathers[] = {{1, o, o, o, o, o, o, o, o}, {2, o, o, o, o, o, o, o, o},
                                   {2, x, o, o, o, o, o, o, o}, {2, x, x, o, o, o, o, o, o},
                                   {2, x, x, x, o, o, o, o, o}, {2, x, x, o, o, x, o, o, o},
                                   {2, x, x, o, o, x, x, o, o}, {1, o, x, o, o, o, o, x, o},
                                   {2, x, x, o, o, o, o, x, o}, {2, x, x, o, o, o, o, x, x}};
  auto weather = kWeathers[seed % std::size(kWeathers)];
  weather.old_copies = weather.damage && seed >= kOldCopies;
  return weather;
}

World::World(std::uint32_t seed)
    : random_(seed),
      weather_(weather_of(seed)),
      vendor_(Vendor::get(weather_.revokes)),
      now_(kStart),
      usage_{{{"kvm", "cpu-socket"}, static_cast<std::uint64_t>(pick(40))},
             {{"tenant", "deployment"}, static_cast<std::uint64_t>(pick(10))}} {
  for (int i = 0; i < kKeys; ++i) {
    keys_.push_back({usb_key_id(i), {}, {}});
    const Duration runs[] = {20 * kDay, 100 * kDay, 4000 * kDay};
    if (pick(6) == 0) continue;  // unprovisioned
    keys_.back().license =
        vendor_.issue(KeyBinding{keys_.back().id}, now_ - kDay, {now_ - kDay, now_ + runs[pick(3)]},
                      "L-0" + std::to_string(i));
    installed(*keys_.back().license);
    keys_.back().roomy = pick(3) != 0;
  }
  for (int i = 0; i < weather_.nodes; ++i)
    nodes_.push_back(std::make_unique<VirtualNode>(static_cast<char>('a' + i), vendor_, random_));
  for (const auto& node : nodes_) node->start(now_, true);
  if (nodes_.size() == 2)
    nodes_[0]->log().witness(
        [this](Witness& w, Time now) { w.peer_joined(now, nodes_[1]->id(), ""); });
  settle();
  reconnect();
}

std::vector<const VirtualNode*> World::nodes() const {
  std::vector<const VirtualNode*> nodes;
  for (const auto& node : nodes_) nodes.push_back(node.get());
  return nodes;
}

const VirtualNode* World::partner(const VirtualNode& node) const {
  return nodes_[&node == nodes_[0].get() ? 1 : 0].get();
}

void World::tell(const VirtualNode& node, const std::string& what) {
  const auto wall = node.running() && node.clock_error.count() != 0
                        ? " (license time: " + format_time(node.license_time()) + ")"
                        : std::string();
  story_.push_back(format_time(now_) + " " + node.name() + ": " + what + wall);
}

void World::step() {
  pass_some_time();
  const auto all = chances();
  int total = 0;
  for (const auto& chance : all) total += chance.weight;
  int drawn = pick(total);
  auto& node = *nodes_[static_cast<std::size_t>(pick(weather_.nodes))];
  for (const auto& chance : all) {
    drawn -= chance.weight;
    if (drawn >= 0) continue;
    (this->*chance.action)(node);
    break;
  }
  settle();
  // A node that refuses is not asked again all the time.
  if (!someone_is_full() || pick(3) == 0) reconnect();
  tend();
}

bool World::someone_is_full() const {
  return std::ranges::any_of(nodes_, [](const auto& node) { return node->disk.full; });
}

std::vector<World::Chance> World::chances() const {
  std::vector<Chance> all{{20, &World::plug},
                          {14, &World::pull},
                          {6, &World::bounce},
                          {4, &World::hush},
                          {8, &World::renew}};
  const auto add = [&](bool when, std::initializer_list<Chance> more) {
    if (when) all.insert(all.end(), more);
  };
  add(weather_.cuts, {{6, &World::cut}, {8, &World::mend}});
  add(weather_.crashes,
      {{6, &World::crash}, {3, &World::stop}, {12, &World::start}, {2, &World::fill_disk}});
  add(weather_.damage, {{3, &World::damage}});
  add(weather_.old_copies, {{3, &World::back_up}});
  add(weather_.clocks, {{5, &World::set_clock}});
  add(weather_.files, {{14, &World::install_files}, {8, &World::delete_file}});
  add(weather_.revokes, {{4, &World::revoke}});
  return all;
}

/// From milliseconds to months, so that settle times, holds and buffers all get their boundaries
/// crossed; mostly more than the settle time.
void World::pass_some_time() {
  const Duration scales[] = {seconds(1), seconds(10), hours(1), kDay, 3 * kDay, 10 * kDay};
  const auto time = scales[pick(6)] * pick(10) + milliseconds(pick(1000));
  const bool hasty = weather_.cuts && pick(8) == 0;
  pass(hasty ? milliseconds(pick(4000)) : time + kSettle + milliseconds(1));
}

void World::pass(Duration time) {
  if (someone_is_full()) {
    time = std::min(time, kPatience);
    full_at_ = now_ + time + kPatience;
  }
  const Time to = now_ + time;
  for (;;) {
    VirtualNode* next = nullptr;
    for (const auto& node : nodes_) {
      const auto due = node->next_alarm();
      if (due && *due <= to && (!next || *due < *next->next_alarm())) next = node.get();
    }
    if (next == nullptr) break;
    next->advance(to);
    settle();
  }
  for (const auto& node : nodes_) node->advance(to);
  now_ = to;
  beat();
}

void World::beat() {
  if (nodes_.size() == 2 && nodes_[0]->linked() && nodes_[1]->linked()) {
    nodes_[0]->hear(*nodes_[1]);
    nodes_[1]->hear(*nodes_[0]);
  }
}

bool World::times_are_right() const {
  return std::ranges::all_of(nodes_, [&](const auto& node) {
    return !node->running() || std::chrono::abs(node->license_time() - now_) < kRight;
  });
}

/// Everything that waits is done, on both nodes and between them.
void World::settle() {
  const auto work = [](const auto& node) { return node->work(); };
  while (std::ranges::any_of(nodes_, work) || (wire_ && wire_->deliver())) continue;
}

void World::reconnect() {
  const bool can = link_up_ && nodes_.size() == 2 && nodes_[0]->running() && nodes_[1]->running();
  if (!can || (nodes_[0]->linked() && nodes_[1]->linked())) return;
  disconnect();
  wire_ = std::make_unique<VirtualWire>();
  nodes_[0]->connect(wire_->end(0), nodes_[1]->id());
  nodes_[1]->connect(wire_->end(1), nodes_[0]->id());
  settle();
}

void World::disconnect() {
  if (wire_) wire_->cut();
  wire_.reset();
}

/// What the agents do by themselves; now and then the run goes on before they get to it.
void World::tend() {
  for (const auto& node : nodes_) {
    if (!node->running() || pick(5) == 0) continue;
    pass(kKeyCall);
    node->tend_keys();
    settle();
  }
}

bool World::is_calm() const {
  return std::ranges::all_of(nodes_, [&](const auto& node) {
    return node->running() && !node->disk.full && node->log().durable() &&
           (nodes_.size() == 1 || node->linked());
  });
}

void World::calm() {
  link_up_ = true;
  for (const auto& node : nodes_) {
    node->disk.full = false;
    node->clock_error = Duration(0);
    if (!node->running()) start(*node);
  }
  pass(kPatience);
  settle();
  reconnect();
  // A machine that was off for long has to run a while until its clock is believed (SPEC TIME-2).
  for (int day = 0; day < 4 && !(is_calm() && times_are_right()); ++day) {
    pass(kDay);
    settle();
    reconnect();
  }
  // What one of them withdraws the other hears of.
  for (int round = 0; weather_.revokes && round < 2; ++round)
    for (const auto& node : nodes_) {
      node->tend_keys();
      settle();
    }
  story_.push_back(format_time(now_) + " all is well again");
}

Time World::last_plugged(const std::string& key_id) const {
  for (const auto& [key, place] : places_)
    if (key->id == key_id) return now_;
  const auto found = pulled_at_.find(key_id);
  return found == pulled_at_.end() ? Time{} : found->second;
}

Time World::watchful_since() const {
  Time since = full_at_;
  for (const auto& node : nodes_) since = std::max(since, node->started());
  return since;
}

bool World::seen_by_all() const {
  return is_calm() && times_are_right() && now_ - moved_at_ > kSettle;
}

void World::follow(const Decision& decision) {
  // Where clocks are set about, the dates of removals are nobody's to know.
  if (clocks_were_wrong_ || !times_are_right()) return;
  licenses_.clear();
  for (const auto& key : keys_)
    if (key.license) installed(*key.license);
  for (const auto& kept : decision.kept)
    if (!kept.key_id.empty()) installed(issued_.at(kept.license.document));
  std::map<std::string, std::string> nodes_by_key;
  std::map<std::string, Reference::License> working;
  for (const auto& [key, place] : places_) nodes_by_key[key->id] = place.node->id();
  for (const auto& key : keys_)
    if (const auto license = license_of(key)) working.emplace(key.id, *license);
  reference_.adopt(decision, nodes_by_key, working);
  followed_ = true;
}

std::optional<Reference::License> World::license_of(const VirtualKey& key) const {
  const auto found = licenses_.find(key.id);
  if (key.silent || found == licenses_.end()) return std::nullopt;
  return found->second;
}

void World::installed(const Issued& license) {
  issued_.emplace(license.hash, license);
  const auto& document = license.document;
  const auto& key_id = std::get<KeyBinding>(document.binding).key_id;
  auto& counts = licenses_[key_id];
  if (counts.issued < document.issued)
    counts = {document.issued, document.entries.front().validity};
}

}  // namespace latchkey::simulation
