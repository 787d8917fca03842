#include <gtest/gtest.h>

#include "tests/unit/client/fake_server.h"
#include "tools/latchkey-client/latchkey_client.h"

namespace latchkey::client {
namespace {

constexpr std::uint32_t kPatienceMs = 20'000;

struct Heard {
  std::mutex mutex;
  std::vector<std::string> lines;
  static void change(const latchkey_status* status, void* context) {
    auto& self = *static_cast<Heard*>(context);
    const std::lock_guard lock(self.mutex);
    self.lines.emplace_back(latchkey_state_name(status->state));
  }
};

class CApiTest : public ::testing::Test {
 protected:
  latchkey_client* open(const std::string& server) {
    const char* const servers[] = {server.c_str()};
    latchkey_options options{};
    options.size = sizeof options;
    options.consumer = "app";
    options.servers = servers;
    options.server_count = 1;
    options.on_change = Heard::change;
    options.context = &heard;
    return latchkey_open(&options, &error);
  }

  test::TempDir dir;
  Heard heard;
  latchkey_error error{};
};

TEST_F(CApiTest, HoldsIsRefusedAndGivesBack) {  // SPEC SRV-2, POOL-5
  FakeServer server((dir.path() / "a").string());
  auto* client = open(server.address());
  ASSERT_NE(client, nullptr) << error.message;
  latchkey_quantity usage{"kvm", "cpu-socket", 4};
  latchkey_status status{};
  status.size = sizeof status;
  ASSERT_EQ(latchkey_use(client, &usage, 1, &error), 0);
  ASSERT_EQ(latchkey_wait(client, kPatienceMs, &status), 0);
  EXPECT_EQ(status.state, LATCHKEY_HOLDING);
  ASSERT_EQ(status.held_count, 1u);
  EXPECT_STREQ(status.held[0].object, "kvm");
  EXPECT_EQ(status.held[0].quantity, 4u);
  EXPECT_STREQ(status.code, "");

  usage.quantity = 11;
  ASSERT_EQ(latchkey_use(client, &usage, 1, &error), 0);
  ASSERT_EQ(latchkey_wait(client, kPatienceMs, nullptr), 0);
  ASSERT_EQ(latchkey_get_status(client, &status), 0);
  EXPECT_EQ(status.state, LATCHKEY_REFUSED);
  EXPECT_STREQ(status.code, "capacity-exhausted");
  EXPECT_STREQ(status.pool_unit, "cpu-socket");
  EXPECT_EQ(status.pool_available, 6u);

  EXPECT_EQ(latchkey_close(client, 1, kPatienceMs), 0);
  EXPECT_EQ(server.held_, -1);
  EXPECT_EQ(heard.lines.front(), "connecting");
  EXPECT_EQ(heard.lines.back(), "released");
}

TEST_F(CApiTest, RefusesWhatIsWrong) {
  EXPECT_EQ(latchkey_open(nullptr, &error), nullptr);
  EXPECT_STREQ(error.code, "bad-argument");
  EXPECT_EQ(open("ftp://host"), nullptr);
  EXPECT_STREQ(error.code, "address-invalid");
  EXPECT_NE(error.cure[0], '\0');

  auto* client = open("unix:" + (dir.path() / "nobody").string());
  ASSERT_NE(client, nullptr);
  const latchkey_quantity usage{"kvm", nullptr, 4};
  EXPECT_EQ(latchkey_use(client, &usage, 1, nullptr), -1);
  latchkey_status status{};
  EXPECT_EQ(latchkey_get_status(client, &status), -1) << "its size is not said";
  EXPECT_EQ(latchkey_wait(client, 0, nullptr), -1);
  EXPECT_EQ(latchkey_close(client, 0, kPatienceMs), 0);
  EXPECT_EQ(latchkey_close(nullptr, 1, 0), 0);
}

}  // namespace
}  // namespace latchkey::client
