#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "drivers/card/card.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/drivers/samples.h"
#include "tools/latchkey-emulator/port/port_client.h"
#include "tools/latchkey-emulator/port/port_server.h"

// The emulator's PIV token through its port: another program's view of the same specification.
namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using Kind = KeyError::Kind;

/// SELECT of the PIV application (SP 800-73-4 part 2, 3.1.1).
const Bytes kSelect{0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00};

bool succeeded(const KeyResult<Bytes>& response) {
  return response && response->size() > 2 && response->at(response->size() - 2) == 0x90;
}

class EmulatedCardTest : public ::testing::Test {
 protected:
  EmulatedCardTest() {
    server_ = emulator::PortServer::listen(io_, bench_, "a", socket()).value();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~EmulatedCardTest() override { io_.stop(); }

  std::string socket() const { return (dir_.path() / "a").string(); }
  void ctl(const std::vector<std::string>& arguments) {
    const auto answer = emulator::send_command(socket(), arguments);
    EXPECT_TRUE(answer) << answer.error().message;
  }
  std::unique_ptr<Card> plug(std::vector<std::string> model = {}) {
    model.insert(model.begin(), {"create", "t", "--piv"});
    ctl(model);
    ctl({"plug", "t"});
    return open_card({"t#1", socket() + "#t", "piv", true}).value();
  }

  TempDir dir_;
  boost::asio::io_context io_;
  emulator::Bench bench_ = emulator::Bench::open(dir_.path() / "state").value();
  std::unique_ptr<emulator::PortServer> server_;
  std::jthread thread_;
};

TEST_F(EmulatedCardTest, AnswersAtExtendedLevel) {
  const auto card = plug();
  EXPECT_EQ(card->way(), "emulated port");
  for (int i = 0; i < 3; ++i) {
    const auto limits = card->begin(soon());
    ASSERT_TRUE(limits) << limits.error().detail;
    EXPECT_TRUE(limits->extended());
    EXPECT_TRUE(succeeded(card->transmit(kSelect, soon())));
    card->end(Leave::as_is);
  }
}

TEST_F(EmulatedCardTest, AnswersAtShortLevel) {
  const auto card = plug({"--short-apdu"});
  EXPECT_FALSE(card->begin(soon()).value().extended());
  EXPECT_TRUE(succeeded(card->transmit(kSelect, soon())));
}

TEST_F(EmulatedCardTest, ASlowCardIsWaitedForThroughItsTimeExtensions) {
  const auto card = plug();
  ctl({"fault", "t", "slow"});
  ASSERT_TRUE(card->begin(soon()));
  EXPECT_TRUE(succeeded(card->transmit(kSelect, soon())));
}

// The answer to the command that was given up comes while the next sequence begins.
TEST_F(EmulatedCardTest, ACardThatIsGivenUpAnswersTheNextSequence) {
  const auto card = plug();
  ASSERT_TRUE(card->begin(soon()));
  ctl({"fault", "t", "slow"});
  EXPECT_EQ(card->transmit(kSelect, in(20ms)).error().kind, Kind::timeout);
  ctl({"fault", "t", "none"});
  card->end(Leave::as_is);
  const auto limits = card->begin(soon());
  ASSERT_TRUE(limits) << limits.error().detail;
  EXPECT_TRUE(succeeded(card->transmit(kSelect, soon())));
}

struct FaultRow {
  std::string fault;
  Kind kind;
};

// SPEC KEY-3
TEST_F(EmulatedCardTest, FaultsHaveTheirReasons) {
  const auto card = plug();
  for (const auto& [fault, kind] :
       {FaultRow{"no-card", Kind::not_a_key}, FaultRow{"busy", Kind::busy},
        FaultRow{"no-permission", Kind::no_permission}, FaultRow{"silent", Kind::timeout}}) {
    ctl({"fault", "t", fault});
    const auto limits = card->begin(kind == Kind::timeout ? in(50ms) : soon());
    ASSERT_FALSE(limits) << fault;
    EXPECT_EQ(limits.error().kind, kind) << fault << ": " << limits.error().detail;
    ctl({"fault", "t", "none"});
    EXPECT_TRUE(card->begin(soon())) << fault;
    card->end(Leave::as_is);
  }
}

TEST_F(EmulatedCardTest, PullingEndsARunningCallWithGone) {
  const auto card = plug();
  ASSERT_TRUE(card->begin(soon()));
  ctl({"fault", "t", "silent"});
  std::jthread puller([&] {
    std::this_thread::sleep_for(10ms);
    ctl({"pull", "t"});
  });
  EXPECT_EQ(card->transmit(kSelect, soon()).error().kind, Kind::gone);
}

}  // namespace
}  // namespace latchkey::test
