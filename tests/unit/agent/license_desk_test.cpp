#include "agent/app/license_desk.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "agent/app/peer_desk.h"
#include "tests/support/fake_store.h"
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

struct FixedClock final : Clock {
  Time now() const override { return at("2026-06-01T00:00:00Z"); }
};

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
  std::string license(const std::string& id, std::string_view issued) const {
    auto document = SampleVendor::license(kKey);
    document.id = id;
    document.issued = at(issued);
    return std::string(as_text(vendor_.seal(document)));
  }
  void install(const std::string& envelope) {
    answer_.reset();
    desk_.install({net::Role::administrator, "mary"}, envelope,
                  [this](const Result<Json>& answer) { answer_ = answer; });
  }

  const SampleVendor vendor_{};
  const test::TempDir dir_;
  const Identity identity_ = Identity::load_or_create(dir_.path()).value();
  boost::asio::io_context context_;
  test::ManualReactor reactor_;
  test::FakeStore store_;
  const FixedClock clock_{};
  const std::shared_ptr<const ReadSettings> settings_ = std::make_shared<const ReadSettings>(
      vendor_.trust(), identity_.deployment_key().public_key());
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
  LicenseDesk desk_{
      {reactor_, clock_, log_, keys_, link_, settings_, catalog_, [] { return NodeNames{}; }},
      identity_.node_id(),
      make_writer(settings_, 1s)};
  std::optional<Result<Json>> answer_;
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
  ASSERT_TRUE(answer_ && *answer_);
  const auto& result = (**answer_)["documents"][0];
  EXPECT_EQ(result["used"], true);
  EXPECT_EQ(result["key_storage"]["state"], "pending");
  EXPECT_EQ(
      (**answer_)["nodes"],
      Json::array({{{"id", identity_.node_id()}, {"name", identity_.node_id()}, {"has", true}}}));
}

// SPEC LIC-7
TEST_F(LicenseDeskTest, SaysThatTheDiskHasNotTakenIt) {
  install(license("L-2", "2026-05-01T00:00:00Z"));
  reactor_.advance(10s);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error().code, "store-failed");
  store_.answer_all();
  EXPECT_EQ(desk_.list()["licenses"][0]["id"], "L-2") << "it is there once the disk took it";
  EXPECT_EQ(desk_.list()["licenses"][0]["installed"]["by"], "mary");
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
  ASSERT_TRUE(answer_ && *answer_);
  EXPECT_EQ((**answer_)["documents"][0]["key_storage"]["state"], "written");
}

// SPEC LIC-5
TEST_F(LicenseDeskTest, ARefusalChangesNothing) {
  const auto facts = log_.facts().entries().size();
  const std::pair<std::string, std::string> rows[] = {
      {"no license", "invalid-format"},
      {license("L-0", "2025-11-01T00:00:00Z"), "older-than-current"},
  };
  for (const auto& [envelope, code] : rows) {
    install(envelope);
    ASSERT_TRUE(answer_);
    EXPECT_EQ(answer_->error().code, code);
  }
  EXPECT_TRUE(store_.requests.empty());
  EXPECT_EQ(log_.facts().entries().size(), facts);
}

// SPEC LIC-5, LIC-11: a reloaded catalogue decides at once, and only about what is new
TEST_F(LicenseDeskTest, TheCatalogueNamesAndRefuses) {
  const auto known = license("L-2", "2026-05-01T00:00:00Z");
  install(known);
  store_.answer_all();
  const auto entry = [&] { return desk_.list()["licenses"][0]["entries"][0]; };
  EXPECT_EQ(entry()["object_name"], default_catalog().objects.at("kvm").name);
  EXPECT_EQ(entry()["unit_name"], "CPU sockets");
  EXPECT_EQ(entry()["known"], true);
  catalog_.objects.erase("kvm");
  install(license("L-3", "2026-05-02T00:00:00Z"));
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error().code, "unknown-object");
  EXPECT_EQ(entry()["object_name"], "kvm");
  EXPECT_EQ(entry()["known"], false);
  EXPECT_EQ(desk_.list()["licenses"][0]["used"], true) << "what is installed stays";
}

// SPEC LIC-4: not even while the first one is still on its way to the disk
TEST_F(LicenseDeskTest, TheSameOneTwiceIsImportedOnce) {
  const auto envelope = license("L-2", "2026-05-01T00:00:00Z");
  install(envelope);
  install(envelope);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error().code, "already-imported");
}

}  // namespace
}  // namespace latchkey
