#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/papers.h"
#include "tests/simulation/reference.h"
#include "tests/simulation/reference_pools.h"
#include "tests/simulation/vendor.h"
#include "tests/simulation/virtual_node.h"
#include "tests/simulation/virtual_wire.h"

namespace latchkey::simulation {

/// What may happen in a run; the seed decides.
struct Weather {
  int nodes = 2;
  bool cuts = false;        ///< the link breaks
  bool crashes = false;     ///< agents stop and die, disks are full
  bool damage = false;      ///< databases are lost
  bool old_copies = false;  ///< or replaced by old copies of themselves
  bool clocks = false;      ///< wall clocks are up to a day wrong (SPEC TIME-3)
  bool madness = false;     ///< and by years
  bool files = false;       ///< file licenses are installed and deleted, in packages
  bool revokes = false;     ///< and revoked; signatures are checked
};
/// From this seed on old copies of databases are restored as well (docs/architecture.md).
inline constexpr std::uint32_t kOldCopies = 1'000'000;
Weather weather_of(std::uint32_t seed);

/// A deployment and everything around it: true time, keys, the vendor, the administrator, the
/// network and bad luck. All that is random comes from one seed, so a run can be repeated exactly.
class World {
 public:
  explicit World(std::uint32_t seed);

  /// Time passes and one random thing happens; then everything that follows from it.
  void step();
  /// Every node runs, the network is whole, no disk is full, and all of that has sunk in.
  void calm();
  bool is_calm() const;

  Time now() const { return now_; }
  const Weather& weather() const { return weather_; }
  std::vector<const VirtualNode*> nodes() const;
  const std::vector<VirtualKey>& keys() const { return keys_; }
  /// Node and port of a plugged key.
  struct Place {
    VirtualNode* node;
    std::string port;
  };
  const std::map<const VirtualKey*, Place>& places() const { return places_; }
  /// When the key was in some port last; now, while it is.
  Time last_plugged(const std::string& key_id) const;
  /// Since when every node that runs could write and notice what happens.
  Time watchful_since() const;
  /// Content hashes of what an administrator was told is installed, and no disaster took since.
  const std::set<std::string>& acknowledged() const { return acknowledged_; }
  /// Some wall clock was wrong at some time.
  bool clocks_were_wrong() const { return clocks_were_wrong_; }
  /// Every node that runs knows what time it is.
  bool times_are_right() const;
  /// False: something happened that no node saw, so only a calm node can say what it made of it.
  bool is_followed() const { return followed_; }
  const Reference& reference() const { return reference_; }
  /// The reference believes what this calm node says.
  void follow(const Decision& decision);
  /// SPEC POOL-1, POOL-2, LIC-1, LIC-3: what this node entitles to is exact. Empty, or what is not.
  std::string check_pools(const VirtualNode& node, const Decision& decision) const;
  /// As Papers::check().
  std::string check_papers(const Decision& decision) { return papers_.check(decision); }
  /// What went wrong where only the world could see it; empty: nothing.
  const std::string& complaint() const { return complaint_; }
  /// What happened so far, one line each.
  const std::vector<std::string>& story() const { return story_; }

 private:
  using Action = void (World::*)(VirtualNode&);
  struct Chance {
    int weight;
    Action action;
  };
  std::vector<Chance> chances() const;

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  void tell(const VirtualNode& node, const std::string& what);
  void pass(Duration time);
  void pass_some_time();
  void settle();
  void reconnect();
  void tend();
  void beat();
  const VirtualNode* partner(const VirtualNode& node) const;

  void plug(VirtualNode& node);
  void pull(VirtualNode& node);
  void bounce(VirtualNode& node);
  void hush(VirtualNode& node);
  void renew(VirtualNode& node);
  void start(VirtualNode& node);
  void stop(VirtualNode& node);
  void crash(VirtualNode& node);
  void cut(VirtualNode& node);
  void mend(VirtualNode& node);
  void fill_disk(VirtualNode& node);
  void back_up(VirtualNode& node);
  void damage(VirtualNode& node);
  void set_clock(VirtualNode& node);

  void install_files(VirtualNode& node);
  void delete_file(VirtualNode& node);
  void revoke(VirtualNode& node);
  LicenseDocument draft();
  ValidityWindow some_validity();
  std::uint64_t some_quantity();
  Issued issue_base();
  Issued issue_module(bool over);
  Issued keep_paper(LicenseDocument document);
  std::vector<Issued> some_package();
  std::string judge_package(const Decision& before, const std::vector<Issued>& package,
                            const UploadedDocuments& documents) const;
  ReferencePools pools_of(const Decision& decision) const;

  VirtualKey* loose_key();
  VirtualKey* plugged_key(const VirtualNode& node);
  void put(VirtualKey& key, VirtualNode& node);
  void take(VirtualKey& key);
  bool someone_is_full() const;
  bool seen_by_all() const;
  std::optional<Reference::License> license_of(const VirtualKey& key) const;
  void installed(const Issued& license);
  void expect_install(const VirtualNode& node, const VirtualKey& key,
                      const std::optional<Error>& refusal);
  void disconnect();

  std::mt19937 random_;
  Weather weather_;
  const Vendor& vendor_;
  Time now_;
  std::vector<VirtualKey> keys_;
  std::vector<std::unique_ptr<VirtualNode>> nodes_;
  std::map<const VirtualKey*, Place> places_;
  std::map<std::string, Time> pulled_at_;
  std::map<std::string, Issued> issued_;                // by content hash
  std::map<std::string, Reference::License> licenses_;  // what counts, by key
  std::set<std::string> acknowledged_;
  Papers papers_;
  std::vector<std::string> wanted_revoked_;  // license ids, whether or not anybody knows by now
  std::uint64_t bundles_ = 0;
  int drafts_ = 0;
  Usage usage_;
  std::map<const VirtualNode*, StoreContents> backups_;
  std::unique_ptr<VirtualWire> wire_;
  bool link_up_ = true;
  int insertions_ = 0;
  Time moved_at_{};  // when a key was touched last
  Time full_at_{};   // when a disk was full last
  bool clocks_were_wrong_ = false;
  bool history_was_lost_ = false;  // by all databases
  bool followed_ = true;
  Reference reference_;
  std::string complaint_;
  std::vector<std::string> story_;
};

}  // namespace latchkey::simulation
