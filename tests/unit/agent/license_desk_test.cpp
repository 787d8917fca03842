#include "agent/app/license_desk.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "agent/app/peer_desk.h"
#include "tests/support/fake_store.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::SampleVendor;
using Json = nlohmann::json;

const std::string kKey = key_id(as_bytes("key"));

/// One node with a disk that answers when the test says so, and a key that only the facts know.
class LicenseDeskTest : public ::testing::Test {
 protected:
  LicenseDeskTest() {
    const auto carried = SampleVendor::license(kKey);
    log_.witness([&](Witness& w, Time now) {
      w.key_read(now, "p", "fake", {{}, kKey, summarise(carried, "old"), {}, ""});
    });
    store_.answer_all();
  }

  static Config::Keys without_sources() {
    Config::Keys keys;
    keys.udev = false;
    return keys;
  }
  static LicenseDocument for_key(const std::string& id, std::string_view issued) {
    auto document = SampleVendor::license(kKey);
    document.id = id;
    document.issued = at(issued);
    return document;
  }
  std::string sealed(const LicenseDocument& document) const {
    return std::string(as_text(vendor_.seal(document)));
  }
  std::string bundle(std::uint64_t version) const {
    return std::string(as_text(vendor_.seal(vendor_.bundle(version))));
  }
  std::string license(const std::string& id, std::string_view issued) const {
    return sealed(for_key(id, issued));
  }
  /// For this deployment, of which no machine is asked for.
  LicenseDocument file(const std::string& id, EntryKind kind = EntryKind::base) const {
    auto document = for_key(id, "2026-01-01T00:00:00Z");
    document.binding =
        DeploymentBinding{identity_.deployment_id(),
                          {{identity_.node_id(), {{"machine-id", std::string(64, '1')}}}},
                          1};
    if (kind == EntryKind::module)
      document.entries = {{"vmware", "cpu-core", 1, kind, SampleVendor::year(2026, 2027), {}}};
    return document;
  }

  void tell_machine(char id = '1') {
    log_.witness([&](Witness& w, Time now) {
      w.node_factors(now, {identity_.deployment_id(), {{"machine-id", std::string(64, id)}}, {}});
    });
    store_.answer_all();
  }
  void post(const std::string& upload) {
    answer_.reset();
    desk_.install({rights_of(Role::administrator), "mary"}, upload, takes_,
                  [this](net::Response answer) { answer_ = std::move(answer); });
  }
  /// Until it is on its way to the disk, or refused.
  void install(const std::string& upload) {
    const auto requests = store_.requests.size();
    post(upload);
    EXPECT_TRUE(reactor_.run_until(
        [&] { return answer_.has_value() || store_.requests.size() > requests; }));
  }
  bool answered() {
    return reactor_.run_until([&] { return answer_.has_value(); });
  }
  Json body() const { return Json::parse(answer_->body); }
  std::string code() {
    EXPECT_TRUE(answered());
    return answer_->status == 200 ? "" : body()["code"];
  }
  /// Of each document: the id, and the code of its refusal.
  std::vector<std::string> results() {
    std::vector<std::string> out;
    EXPECT_TRUE(answered());
    const auto all = body()["documents"];
    for (const auto& one : all)
      out.push_back(one["id"].get<std::string>() + " " + one.value("code", "installed"));
    return out;
  }
  Json list() {
    std::optional<net::Response> answer;
    desk_.list({}, [&](net::Response response) { answer = std::move(response); });
    EXPECT_TRUE(reactor_.run_until([&] { return answer.has_value(); }));
    return Json::parse(answer->body)["licenses"];
  }
  std::vector<std::string> listed() {
    std::vector<std::string> ids;
    const auto all = list();
    for (const auto& license : all) ids.push_back(license["id"]);
    std::ranges::sort(ids);
    return ids;
  }
  /// Durable at once, and with nobody to wait for.
  void install_now(const std::string& upload) {
    install(upload);
    store_.answer_all();
    reactor_.advance(5s);
    EXPECT_TRUE(answered());
  }
  std::string remove(const std::string& id) {
    std::optional<Result<Json>> done;
    desk_.remove({rights_of(Role::administrator), "mary"}, id,
                 [&](const auto& result) { done = result; });
    if (!done) store_.answer_all();
    EXPECT_TRUE(done.has_value()) << "nothing is waited for but the disk";
    return *done ? "" : done->error().code;
  }

  const SampleVendor vendor_{};
  const test::TempDir dir_;
  const Identity identity_ = Identity::load_or_create(dir_.path()).value();
  boost::asio::io_context context_;
  test::ManualReactor reactor_;
  test::FakeStore store_;
  const FixedClock clock_{at("2026-06-01T00:00:00Z")};
  const std::shared_ptr<ReadSettings> settings_ =
      std::make_shared<ReadSettings>(vendor_.trust(), identity_.deployment_key().public_key());
  NodeLog log_{reactor_,
               clock_,
               store_,
               system_random,
               {identity_.node_id(), 3s, 30s},
               {std::string(32, 'c'), {}, {}},
               [] {}};
  KeyDesk keys_{
      context_, reactor_, clock_, log_, identity_, without_sources(), make_reader(settings_, 1s),
      [] {}};
  Identity peer_identity_ = identity_;
  ReadSettings peer_settings_{vendor_.trust(), identity_.deployment_key().public_key()};
  AgentClock peer_clock_{StoreContents{}};
  PeerDesk peer_desk_{log_, peer_clock_, peer_identity_, peer_settings_, [] {}};
  PeerLink link_{context_, reactor_, clock_, PeerConfig{}, peer_desk_};
  Catalog catalog_ = default_catalog();
  LicenseDocuments documents_;
  LicenseDesk desk_{{reactor_, clock_, log_, keys_, link_, settings_, catalog_,
                     [this] {
                       return Premises{identity_.deployment_id(), {}};
                     },
                     documents_,
                     [](const TimeRepair&, const Document&, const std::string&,
                        const Backend::JsonDone& done) { done(fail("not-needed", "")); }},
                    identity_.node_id(),
                    make_writer(settings_, 1s)};
  LicenseIntake::Takes takes_ = LicenseIntake::Takes::everything;
  std::optional<net::Response> answer_;
};

// SPEC LIC-7: fact and document share a transaction, and nobody is told before it is durable
TEST_F(LicenseDeskTest, AcknowledgesWhatIsDurable) {
  install(license("L-2", "2026-05-01T00:00:00Z"));
  ASSERT_EQ(store_.requests.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.facts.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.documents.size(), 1u);
  reactor_.advance(9s);
  EXPECT_FALSE(answer_);
  store_.answer_all();
  EXPECT_FALSE(answer_) << "it waits a little for the key";
  reactor_.advance(5s);
  ASSERT_EQ(code(), "");
  const auto result = body()["documents"][0];
  EXPECT_EQ(result["used"], true);
  EXPECT_EQ(result["key_storage"]["state"], "pending");
  EXPECT_EQ(
      body()["nodes"],
      Json::array({{{"id", identity_.node_id()}, {"name", identity_.node_id()}, {"has", true}}}));
}

// SPEC LIC-7
TEST_F(LicenseDeskTest, SaysThatTheDiskHasNotTakenIt) {
  install(license("L-2", "2026-05-01T00:00:00Z"));
  reactor_.advance(10s);
  EXPECT_EQ(code(), "store-failed");
  store_.answer_all();
  EXPECT_EQ(list()[0]["id"], "L-2") << "it is there once the disk took it";
  EXPECT_EQ(list()[0]["installed"]["by"], "mary");
}

// SPEC LIC-10: known on the key and at the peer, there is nothing to wait for
TEST_F(LicenseDeskTest, AnswersAsSoonAsTheKeyCarriesIt) {
  const auto envelope = license("L-2", "2026-05-01T00:00:00Z");
  install(envelope);
  store_.answer_all();
  const auto verified = vendor_.trust().verify_license(as_bytes(envelope)).value();
  log_.witness([&](Witness& w, Time now) {
    w.key_read(now, "p", "fake", {{}, kKey, summarise(verified.document, verified.hash), {}, ""});
  });
  store_.answer_all();
  desk_.published(log_.decide(clock_.now()));
  ASSERT_EQ(code(), "");
  EXPECT_EQ(body()["documents"][0]["key_storage"]["state"], "written");
}

// SPEC LIC-5, REC-1
TEST_F(LicenseDeskTest, ARefusalIsRecordedAndChangesNothing) {
  const auto facts = log_.facts().entries().size();
  const std::pair<std::string, std::string> rows[] = {
      {"no license", "invalid-format"},
      {license("L-0", "2025-11-01T00:00:00Z"), "older-than-current"},
  };
  for (const auto& [envelope, code] : rows) {
    install(envelope);
    EXPECT_EQ(this->code(), code);
  }
  store_.answer_all();
  EXPECT_EQ(listed(), std::vector<std::string>{"L-1"});
  ASSERT_EQ(log_.facts().entries().size(), facts + 2);
  const auto& refused = std::get<ImportRefused>(log_.facts().entries().back().stored.fact.body);
  EXPECT_EQ(refused.code + " " + refused.by, "older-than-current mary");
}

// SPEC LIC-5, LIC-11: a reloaded catalogue decides at once, and only about what is new
TEST_F(LicenseDeskTest, TheCatalogueNamesAndRefuses) {
  const auto known = license("L-2", "2026-05-01T00:00:00Z");
  install(known);
  store_.answer_all();
  const auto entry = [&] { return list()[0]["entries"][0]; };
  EXPECT_EQ(entry()["object_name"], default_catalog().objects.at("kvm").name);
  EXPECT_EQ(entry()["unit_name"], "CPU sockets");
  EXPECT_EQ(entry()["known"], true);
  catalog_.objects.erase("kvm");
  install(license("L-3", "2026-05-02T00:00:00Z"));
  EXPECT_EQ(code(), "unknown-object");
  EXPECT_EQ(entry()["object_name"], "kvm");
  EXPECT_EQ(entry()["known"], false);
  EXPECT_EQ(list()[0]["used"], true) << "what is installed stays";
}

// SPEC LIC-4: not even while the first one is still on its way to the disk
TEST_F(LicenseDeskTest, TheSameOneTwiceIsImportedOnce) {
  const auto envelope = license("L-2", "2026-05-01T00:00:00Z");
  install(envelope);
  install(envelope);
  EXPECT_EQ(code(), "already-imported");
}

// SPEC LIC-6, LIC-7: each document for itself, all that go well in one transaction
TEST_F(LicenseDeskTest, APackageIsTakenDocumentByDocument) {
  tell_machine();
  auto expired = file("F-over");
  expired.entries[0].validity = SampleVendor::year(2024, 2025);
  const auto package = sealed(file("F-module", EntryKind::module)) + sealed(expired) +
                       sealed(file("F-base")) + license("L-2", "2026-05-01T00:00:00Z") +
                       std::string(as_text(SampleVendor().seal(file("F-foreign"))));
  install(package);
  ASSERT_EQ(store_.requests.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.documents.size(), 3u);
  store_.answer_all();
  reactor_.advance(5s);
  EXPECT_EQ(results(),
            (std::vector<std::string>{"F-module installed", "F-over expired", "F-base installed",
                                      "L-2 installed", " untrusted-signer"}));
  EXPECT_EQ(answer_->status, 200);
  EXPECT_EQ(body()["succeeded"], 3);
  EXPECT_EQ(body()["failed"], 2);
  const auto documents = body()["documents"];
  for (const auto& one : documents)
    EXPECT_EQ(one["result"] == "refused", one.contains("cure") && one.contains("message")) << one;
  EXPECT_EQ(listed(), (std::vector<std::string>{"F-base", "F-module", "L-1", "L-2"}));
  const auto batch = content_hash(as_bytes(package));
  EXPECT_EQ(log_.decide(clock_.now()).kept.front().batch, batch);

  // Once more: nothing changes, and every document says why.
  const auto before = log_.decide(clock_.now()).kept.size();
  install(package);
  EXPECT_TRUE(store_.requests.front().batch.documents.empty());
  EXPECT_EQ(log_.decide(clock_.now()).kept.size(), before);
  EXPECT_EQ(code(), "already-imported");
  EXPECT_EQ(answer_->status, 409);
  EXPECT_EQ(results(), (std::vector<std::string>{"F-module already-imported", "F-over expired",
                                                 "F-base already-imported", "L-2 already-imported",
                                                 " untrusted-signer"}));
  EXPECT_EQ(body()["failed"], 5);
}

// SPEC LIC-4: what arrives while a signature is checked is judged with what it finds then
TEST_F(LicenseDeskTest, TwoUploadsAtOnce) {
  tell_machine();
  const auto envelope = sealed(file("F-1"));
  std::vector<int> statuses;
  for (int i = 0; i < 2; ++i)
    desk_.install({rights_of(Role::administrator), "mary"}, envelope, takes_,
                  [&](const net::Response& answer) { statuses.push_back(answer.status); });
  ASSERT_TRUE(reactor_.run_until([&] { return statuses.size() == 1; }));
  EXPECT_EQ(statuses[0], 409);
  store_.answer_all();
  ASSERT_TRUE(reactor_.run_until([&] { return statuses.size() == 2; }));
  EXPECT_EQ(statuses[1], 200);
}

// SPEC SEC-5: a bundle that comes into force while the signatures are checked is asked as well
TEST_F(LicenseDeskTest, ARevocationThatComesBetween) {
  tell_machine();
  auto revoking = vendor_.bundle(2);
  revoking.revoked.licenses = {"F-1"};
  post(sealed(file("F-1")));
  settings_->set_trust(TrustStore::open(vendor_.roots(), vendor_.seal(revoking)).value());
  EXPECT_EQ(code(), "revoked");
  EXPECT_EQ(listed(), std::vector<std::string>{"L-1"});
}

// SPEC SEC-5: what the agents keep and the vendor revokes
TEST_F(LicenseDeskTest, ARevokedLicenseIsWithdrawn) {
  tell_machine();
  install_now(sealed(file("F-1")) + sealed(file("F-2")));
  auto revoking = vendor_.bundle(2);
  revoking.revoked.licenses = {"F-1"};
  settings_->set_trust(TrustStore::open(vendor_.roots(), vendor_.seal(revoking)).value());
  desk_.published(log_.decide(clock_.now()));
  ASSERT_TRUE(reactor_.run_until([&] { return !store_.requests.empty(); }));
  store_.answer_all();
  EXPECT_EQ(listed(), (std::vector<std::string>{"F-2", "L-1"}));
}

// SPEC LIC-2
TEST_F(LicenseDeskTest, OnlyModulesFromFilesAreDeleted) {
  tell_machine();
  auto mixed = file("F-mixed");
  mixed.entries.push_back(file("", EntryKind::module).entries[0]);
  const auto module = sealed(file("F-module", EntryKind::module));
  install_now(sealed(file("F-base")) + module + sealed(mixed) +
              license("L-2", "2026-05-01T00:00:00Z"));
  const std::pair<std::string, std::string> rows[] = {
      {"F-base", "base-license"},      {"F-mixed", "base-license"}, {"L-1", "bound-to-key"},
      {"L-2", "bound-to-key"},         {"X", "unknown-license"},    {"F-module", ""},
      {"F-module", "unknown-license"},
  };
  for (const auto& [id, code] : rows) EXPECT_EQ(remove(id), code) << id;
  EXPECT_EQ(listed(), (std::vector<std::string>{"F-base", "F-mixed", "L-1", "L-2"}));
  const auto& deleted = std::get<LicenseDeleted>(log_.facts().entries().back().stored.fact.body);
  EXPECT_EQ(deleted.id + " " + deleted.by, "F-module mary");
  install_now(module);
  EXPECT_EQ(listed().size(), 5u) << "it may come back";
}

// SPEC REQ-2, LIC-5: the factor that moved is named at the import and in the list
TEST_F(LicenseDeskTest, AnotherMachineIsNamed) {
  tell_machine();
  install_now(sealed(file("F-1")));
  const auto environment = [&] { return list()[0]["environment"]; };
  EXPECT_EQ(environment(), (Json{{"fits", true}, {"misfit", ""}}));
  tell_machine('2');
  install(sealed(file("F-2")));
  EXPECT_EQ(code(), "wrong-environment");
  EXPECT_NE(body()["detail"].get<std::string>().find("machine-id changed"), std::string::npos);
  EXPECT_EQ(environment()["fits"], false);
  EXPECT_NE(environment()["misfit"].get<std::string>().find("machine-id changed"),
            std::string::npos);
  EXPECT_EQ(list()[0]["used"], false);
}

// SPEC SEC-5, LIC-7, LIC-10: fact and bundle share a transaction
TEST_F(LicenseDeskTest, ATrustBundleIsAcknowledgedAsALicenseIs) {
  takes_ = LicenseIntake::Takes::trust_bundles;
  const auto second = bundle(2), third = bundle(3);
  install(second);
  ASSERT_EQ(store_.requests.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.facts.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.documents.size(), 1u);
  EXPECT_FALSE(answer_);
  store_.answer_all();
  ASSERT_EQ(code(), "");
  EXPECT_EQ(body()["documents"][0]["result"], "installed");
  EXPECT_EQ(body()["nodes"].size(), 1u);
  const auto facts = log_.facts().entries().size();
  install(second);  // by what is durable, and not in force before somebody looks
  ASSERT_EQ(code(), "");
  EXPECT_EQ(body()["documents"][0]["result"], "in-force");
  EXPECT_EQ(log_.facts().entries().size(), facts);
  install(third);
  reactor_.advance(10s);
  EXPECT_EQ(code(), "store-failed");
  store_.answer_all();
  EXPECT_EQ(log_.facts().entries().back().stored.fact.body,
            FactBody(TrustInstalled{3, content_hash(as_bytes(third)), "mary"}));
}

// SPEC SEC-5: what is in force already is no failure, alone and in a package
TEST_F(LicenseDeskTest, ABundleThatIsInForceStaysSo) {
  takes_ = LicenseIntake::Takes::trust_bundles;
  const auto facts = log_.facts().entries().size();
  install(bundle(1));
  ASSERT_EQ(code(), "");
  EXPECT_EQ(body()["documents"][0]["result"], "in-force");
  EXPECT_EQ(body()["documents"][0]["trust_version"], 1);
  EXPECT_EQ(log_.facts().entries().size(), facts) << "nothing to record";
  takes_ = LicenseIntake::Takes::everything;
  install_now(bundle(2) + bundle(1) + license("L-2", "2026-05-01T00:00:00Z"));
  ASSERT_EQ(code(), "");
  EXPECT_EQ(body()["failed"], 0);
  EXPECT_EQ(body()["documents"][0]["result"], "installed");
  EXPECT_EQ(body()["documents"][1]["result"], "in-force");
}

// SPEC SEC-5, REC-1: a refusal changes nothing, and is a record
TEST_F(LicenseDeskTest, ABundleIsRefused) {
  takes_ = LicenseIntake::Takes::trust_bundles;
  auto forged = vendor_.bundle(2);
  const auto strange = SampleVendor::seal(kTrustType, serialise(forged), vendor_.issuing);
  settings_->set_trust(TrustStore::open(vendor_.roots(), vendor_.seal(vendor_.bundle(5))).value());
  const std::pair<std::string, std::string> rows[] = {
      {"no bundle", "invalid-format"},
      {license("L-2", "2026-05-01T00:00:00Z"), "invalid-format"},
      {std::string(as_text(strange)), "untrusted-signer"},
      {bundle(4), "older-than-current"},
  };
  for (const auto& [envelope, code] : rows) {
    install(envelope);
    EXPECT_EQ(this->code(), code);
    store_.answer_all();
    const auto& refused = std::get<ImportRefused>(log_.facts().entries().back().stored.fact.body);
    EXPECT_EQ(refused.code + " " + refused.by, code + " mary");
    EXPECT_EQ(refused.batch, content_hash(as_bytes(envelope)));
  }
  EXPECT_EQ(listed(), std::vector<std::string>{"L-1"});
}

// SPEC LIC-9: the list says of each license what it says everywhere else
TEST_F(LicenseDeskTest, TheListHasTheStatusOfTheEntitlements) {
  tell_machine();
  auto renewal = file("F-2");
  renewal.issued += kDay;
  renewal.supersedes = {"F-1"};
  auto early = file("F-3");
  early.entries[0].validity.not_before = at("2025-06-01T00:00:00Z");
  early.entries.push_back(early.entries[0]);
  early.entries[1].validity.not_after = at("2026-06-10T00:00:00Z");
  install_now(sealed(file("F-1")) + sealed(renewal) + sealed(early) +
              license("L-2", "2026-05-01T00:00:00Z") + license("L-3", "2026-05-02T00:00:00Z"));
  std::map<std::string, std::string> statuses;
  for (const auto& one : list()) {
    const bool counts = one["status"] == "valid" || one["status"] == "expiring-soon";
    EXPECT_EQ(one["used"], counts) << one;
    statuses[one["id"]] =
        one["status"].get<std::string>() + " " + one["superseded_by"].get<std::string>();
  }
  EXPECT_EQ(statuses, (std::map<std::string, std::string>{{"F-1", "superseded F-2"},
                                                          {"F-2", "valid "},
                                                          {"F-3", "expiring-soon "},
                                                          {"L-1", "document-missing "},
                                                          {"L-2", "superseded L-3"},
                                                          {"L-3", "valid "}}));
}

}  // namespace
}  // namespace latchkey
