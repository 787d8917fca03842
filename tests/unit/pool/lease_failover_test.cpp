#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <random>
#include <variant>

#include "core/pool/lease_handover.h"
#include "core/pool/lease_holder.h"

// SPEC SRV-4 as a model: two nodes with their real ledgers, a link that breaks, an address that
// moves and may be on both for up to ten seconds, crashes, honest consumers that go from one to the
// other. What is checked after every step stands in World::check().
namespace latchkey {
namespace {

const PoolId kPool{"kvm", "cpu-socket"};
constexpr std::uint64_t kTotal = 20;
constexpr std::uint32_t kTtl = 30;
constexpr std::uint32_t kBothBelieve = 10;  ///< seconds
constexpr std::uint32_t kSilence = 3;       ///< until a broken link is noticed
constexpr int kConsumers = 8;

using Word = std::variant<LeaseClaim, LeasePart, LeaseAck, LeaseFigures, LeaseTaking>;

std::optional<Error> allow(const std::string&) { return std::nullopt; }
std::optional<Error> deny(const std::string&) { return Error{"recovering", "", ""}; }

/// What HolderDesk does, without its reactor.
class Node {
 public:
  explicit Node(std::string id) : id_(std::move(id)) {}

  void start(std::uint32_t now) {
    ledger_ = std::make_unique<LeaseLedger>();
    for (const auto& row : journal_) ASSERT_TRUE(ledger_->load(row));
    ledger_->loaded(now);
    Capacity capacity;
    capacity.pools[kPool].total = kTotal;
    ledger_->set_limits(capacity);
    holder_ = std::make_unique<LeaseHolder>(id_, true);
    giver_ = std::make_unique<LeaseGiver>(*ledger_);
    taker_ = std::make_unique<LeaseTaker>(*ledger_);
    claimed_ = 0;
    acted_on_ = {};
    holder_->set_peer(id_ == "a" ? "b" : "a", now);
    for (const auto& fact : facts_) holder_->learn(fact, now);
    look(now);
  }
  void crash() { ledger_.reset(); }
  bool up() const { return ledger_ != nullptr; }

  void look(std::uint32_t now) {
    if (holder_->should_take()) {
      facts_.push_back({*holder_->take(), id_});
      holder_->own_ttl(ledger_->longest_ttl());
      holder_->learn(facts_.back(), now);
      out.emplace_back(facts_.back());
    }
    if (acted_on_ != holder_->strongest()) {
      acted_on_ = holder_->strongest();
      giver_->stop();
      taker_->forget_released();
      if (ours()) ledger_->begin_epoch(acted_on_.epoch);
      if (ours()) ledger_->count_from(std::uint64_t{now} << 20);
      claim();
    }
    give(now);
  }
  void claim() {
    if (ours() && holder_->linked()) out.emplace_back(LeaseClaim{holder_->strongest().epoch});
  }
  void give(std::uint32_t now) {
    if (claimed_ == 0 || holder_->strongest() != LeaseTaking{claimed_, id_ == "a" ? "b" : "a"})
      return;
    giver_->begin(std::exchange(claimed_, 0));
    if (auto part = giver_->next(now)) out.emplace_back(*std::move(part));
  }
  void link(bool up, std::uint32_t now) {
    holder_->set_linked(up, now);
    if (up)
      for (const auto& fact : facts_) out.emplace_back(fact);
    look(now);
    claim();
  }
  void see(bool address, std::uint32_t now) {
    holder_->set_address_seen(address);
    beat();
    look(now);
  }
  void beat() {
    LeaseFigures figures;
    figures.sees_address = holder_->sees_address();
    if (ours()) figures.epoch = holder_->strongest().epoch;
    figures.longest_ttl = ledger_->longest_ttl();
    figures.used = ledger_->accounts().usage();
    if (holder_->linked()) out.emplace_back(figures);
  }
  void expire(std::uint32_t now) {
    if (now >= holder_->no_end_before()) ledger_->expire(now, 1000);
    commit();
  }
  void commit() {
    if (ledger_->clean()) return;
    journal_.push_back(ledger_->seal());
    ledger_->commit();
  }

  void hear(const Word& word, std::uint32_t now) {
    std::visit([&](const auto& one) { on(one, now); }, word);
    look(now);
    commit();
  }
  void on(const LeaseTaking& taking, std::uint32_t now) {
    if (std::ranges::find(facts_, taking) == facts_.end()) facts_.push_back(taking);
    holder_->own_ttl(ledger_->longest_ttl());
    holder_->learn(taking, now);
  }
  void on(const LeaseFigures& figures, std::uint32_t now) { holder_->hear(figures, now); }
  void on(const LeaseClaim& claim, std::uint32_t) { claimed_ = claim.epoch; }
  void on(const LeasePart& part, std::uint32_t now) {
    if (!ours() || part.epoch != holder_->strongest().epoch) return;
    ASSERT_TRUE(taker_->take(part, holder_->recovering(now).has_value(), now));
    commit();
    out.emplace_back(LeaseAck{part.epoch, part.number});
    if (part.last) holder_->handed_over(part.epoch);
  }
  void on(const LeaseAck& ack, std::uint32_t now) {
    if (!giver_->acknowledged(ack)) return;
    if (auto part = giver_->next(now)) out.emplace_back(*std::move(part));
  }

  bool ours() const { return holder_->whose() == LeaseHolder::Whose::ours; }

  /// The lease as its consumer is told of it, or the refusal.
  tl::expected<Lease, std::string> put(const std::string& consumer, std::uint64_t quantity,
                                       const std::optional<Lease>& token, std::uint32_t now) {
    if (auto wrong = adopt(token, now); !wrong.empty()) return tl::make_unexpected(wrong);
    std::vector<UsageItem> usage;
    if (quantity > 0) usage.push_back({kPool, quantity});
    const auto outcome = ledger_->put({consumer, "root", false, usage, kTtl, 0}, now,
                                      holder_->recovering(now) ? deny : allow);
    if (!outcome) return tl::make_unexpected(outcome.error().error.code);
    commit();
    return ledger_->lease(ledger_->find(consumer));
  }
  std::string heartbeat(const Lease& token, std::uint32_t now) {
    if (auto wrong = adopt(token, now); !wrong.empty()) return wrong;
    if (!ledger_->heartbeat(token.consumer, now)) return "lease-unknown";
    commit();
    return "";
  }
  std::string release(const Lease& token, std::uint32_t now) {
    if (auto wrong = adopt(token, now); !wrong.empty()) return wrong;
    const auto slot = ledger_->find(token.consumer);
    if (slot == LeaseTable::kNone) return "lease-unknown";
    if (holder_->recovering(now)) taker_->released(token.consumer, ledger_->version(slot));
    ledger_->release(token.consumer);
    commit();
    return "";
  }

  LeaseLedger& ledger() { return *ledger_; }
  LeaseHolder& holder() { return *holder_; }
  std::deque<Word> out;

 private:
  std::string adopt(const std::optional<Lease>& token, std::uint32_t now) {
    if (token && token->version.epoch > holder_->strongest().epoch) {
      holder_->learn_epoch(token->version.epoch, now);
      look(now);
    }
    if (!ours()) return "not-holder";
    if (token) ledger_->count_from(token->version.number);
    if (!token || !holder_->recovering(now)) return "";
    const auto adopted = ledger_->adopt(*token, now, &holder_->peer_figures().used);
    commit();
    return adopted == LeaseLedger::Adopted::no_room ? "recovering" : "";
  }

  const std::string id_;
  std::vector<Bytes> journal_;      // the disk
  std::vector<LeaseTaking> facts_;  // the disk
  std::unique_ptr<LeaseLedger> ledger_;
  std::unique_ptr<LeaseHolder> holder_;
  std::unique_ptr<LeaseGiver> giver_;
  std::unique_ptr<LeaseTaker> taker_;
  LeaseTaking acted_on_;
  std::uint32_t claimed_ = 0;
};

/// Believes that it holds what it was told last, as long as its TTL has not passed since an answer.
struct Consumer {
  std::string id;
  std::optional<Lease> lease;
  std::uint32_t heard = 0;
  bool alive(std::uint32_t now) const { return lease && now < heard + kTtl; }
  std::uint64_t holds(std::uint32_t now) const {
    return alive(now) && !lease->usage.empty() ? lease->usage[0].quantity : 0;
  }
};

class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < kConsumers; ++i) consumers_[i].id = "vm-" + std::to_string(i);
    for (auto& node : nodes_) node.start(now_);
    nodes_[0].see(true, now_);
    set_link(true);
    deliver();
  }

  void step() {
    ++now_;
    age();
    if (chance(30)) set_link(!cable_);
    if (chance(25)) move_address();
    if (chance(60)) crash();
    for (auto& consumer : consumers_) act(consumer);
    deliver();
    check();
  }

  /// Everything heals; what is believed is what is counted, on one node.
  void settle() {
    for (auto& node : nodes_)
      if (!node.up()) node.start(now_);
    set_link(true);
    place_address(0, true);
    place_address(1, false);
    for (std::uint32_t i = 0; i < 2 * kMaxRecovery; ++i) {
      ++now_;
      age();
      for (auto& consumer : consumers_)
        if (consumer.alive(now_) && i % 5 == 0) keep_alive(consumer);
      deliver();
      check();
    }
    ASSERT_TRUE(nodes_[0].ours());
    EXPECT_FALSE(nodes_[1].ours());
    EXPECT_EQ(nodes_[1].ledger().size(), 0U) << "nothing counts twice";
    std::uint64_t sum = 0;
    for (const auto& consumer : consumers_) sum += consumer.holds(now_);
    EXPECT_EQ(used(0), sum);
  }

  int granted = 0, refused = 0;

 private:
  bool chance(int one_of) { return std::uniform_int_distribution(1, one_of)(random_) == 1; }
  int pick(int below) { return std::uniform_int_distribution(0, below - 1)(random_); }

  std::uint64_t used(int node) {
    const auto usage = nodes_[node].ledger().accounts().usage();
    const auto found = usage.find(kPool);
    return found == usage.end() ? 0 : found->second;
  }

  /// Time passes for both: leases end, heartbeats go out, a broken link is noticed.
  void age() {
    for (auto& node : nodes_) {
      if (!node.up()) continue;
      node.expire(now_);
      node.beat();
      if (!cable_ && node.holder().linked() && now_ >= broken_ + kSilence) node.link(false, now_);
      node.look(now_);
    }
    if (overlap_until_ != 0 && now_ >= overlap_until_) {
      overlap_until_ = 0;
      place_address(1 - newest_, false);
    }
    for (int i = 0; i < 2; ++i)
      if (!nodes_[i].up() && now_ >= restart_[i]) {
        nodes_[i].start(now_);
        nodes_[i].see(address_[i], now_);
        if (cable_) relink();
      }
  }
  void set_link(bool up) {
    if (up == cable_) return;
    cable_ = up;
    broken_ = now_;
    if (up)
      relink();
    else
      for (auto& node : nodes_) node.out.clear();
  }
  void relink() {
    for (auto& node : nodes_) node.out.clear();
    if (!nodes_[0].up() || !nodes_[1].up()) return;
    for (auto& node : nodes_)
      if (node.holder().linked()) node.link(false, now_);
    // As the link does: it is up when both have each other's facts.
    for (auto& node : nodes_) node.link(true, now_);
  }
  void place_address(int node, bool here) {
    address_[node] = here;
    if (nodes_[node].up()) nodes_[node].see(here, now_);
  }
  /// Sometimes it leaves later than it comes.
  void move_address() {
    if (overlap_until_ != 0) return;
    const int to = address_[0] ? 1 : 0;
    newest_ = to;
    if (chance(2)) {
      overlap_until_ = now_ + 1 + static_cast<std::uint32_t>(pick(kBothBelieve));
      return place_address(to, true);
    }
    place_address(1 - to, false);
    place_address(to, true);
  }
  void crash() {
    const int node = pick(2);
    if (!nodes_[node].up()) return;
    nodes_[node].crash();
    nodes_[node].out.clear();
    restart_[node] = now_ + 1 + static_cast<std::uint32_t>(pick(60));
    auto& other = nodes_[1 - node];
    if (other.up() && other.holder().linked()) other.link(false, now_);
    other.out.clear();
  }
  void deliver() {
    for (int round = 0; round < 100; ++round)
      for (int from = 0; from < 2; ++from) {
        auto& out = nodes_[from].out;
        if (!cable_ || !nodes_[0].up() || !nodes_[1].up() || !nodes_[from].holder().linked())
          out.clear();
        while (!out.empty()) {
          const auto word = std::move(out.front());
          out.pop_front();
          nodes_[1 - from].hear(word, now_);
        }
      }
  }

  /// Where the address leads; while it is on both, to either.
  Node* reach() {
    int node = address_[0] && address_[1] ? pick(2) : address_[0] ? 0 : 1;
    if (chance(10)) node = pick(2);  // by its own address
    return nodes_[node].up() ? &nodes_[node] : nullptr;
  }
  void act(Consumer& consumer) {
    if (!consumer.alive(now_)) consumer.lease.reset();  // who was silent too long starts anew
    if (consumer.lease && now_ >= consumer.heard + 5) keep_alive(consumer);
    if (chance(6)) change(consumer);
    if (consumer.lease && chance(20)) release(consumer);
  }
  void keep_alive(Consumer& consumer) {
    auto* node = reach();
    if (node != nullptr && node->heartbeat(*consumer.lease, now_).empty()) consumer.heard = now_;
  }
  void change(Consumer& consumer) {
    auto* node = reach();
    if (node == nullptr) return;
    auto lease = node->put(consumer.id, static_cast<std::uint64_t>(pick(7)), consumer.lease, now_);
    ++(lease ? granted : refused);
    if (!lease) return;
    consumer.lease = *std::move(lease);
    consumer.heard = now_;
  }
  void release(Consumer& consumer) {
    auto* node = reach();
    if (node != nullptr && node->release(*consumer.lease, now_).empty()) consumer.lease.reset();
  }

  /// Never more than there is, whoever granted it; and whoever serves counts what it was told.
  void check() {
    std::uint64_t sum = 0;
    for (const auto& consumer : consumers_) sum += consumer.holds(now_);
    ASSERT_LE(sum, kTotal) << "at " << now_;
  }

  std::mt19937 random_;
  std::uint32_t now_ = 10'000;
  std::array<Node, 2> nodes_{Node("a"), Node("b")};
  std::array<Consumer, kConsumers> consumers_;
  std::array<bool, 2> address_{true, false};
  std::array<std::uint32_t, 2> restart_{};
  bool cable_ = false;
  std::uint32_t broken_ = 0, overlap_until_ = 0;
  int newest_ = 0;
};

TEST(LeaseFailover, NothingIsLostAndNothingCountsTwice) {
  int granted = 0, refused = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 600 && !testing::Test::HasFailure(); ++i) world.step();
    if (!testing::Test::HasFailure()) world.settle();
    if (testing::Test::HasFailure()) return;
    granted += world.granted;
    refused += world.refused;
  }
  EXPECT_GT(granted, 10'000) << "a model in which nobody gets anything proves nothing";
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace latchkey
