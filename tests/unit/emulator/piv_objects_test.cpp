#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/piv_host.h"

// What real firmware makes of PUT DATA, which every writer has to live with.
namespace latchkey::emulator::piv {
namespace {

using test::PivHost;
using testing::EndsWith;
using testing::StartsWith;

constexpr std::uint32_t kSlot = 0x5FC10D;
constexpr auto kOld = "530401020304";

class PivObjects : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(host.authenticate(), "9000");
    ASSERT_EQ(put(kOld), "9000");
  }
  std::string put(const std::string& content, const char* object = "0d") {
    const auto field = PivHost::put_field(object, content);
    return host.send("00db3fff" + PivHost::hex(field.size() / 2) + field);
  }
  std::string chunk(const std::string& bytes, bool last = false) {
    return host.send((last ? "00db3fff" : "10db3fff") + PivHost::hex(bytes.size() / 2) + bytes);
  }
  std::string read(const char* object = "0d") {
    return host.send("00cb3fff0000055c035fc1" + std::string(object) + "0000");
  }
  std::string durable(std::uint32_t tag = kSlot) {
    const auto found = host.durable.objects.find(tag);
    return found == host.durable.objects.end() ? "none" : to_hex(found->second);
  }

  PivHost host;
};

TEST_F(PivObjects, AreStoredReadAndDeleted) {
  EXPECT_EQ(read(), kOld + std::string("9000"));
  EXPECT_EQ(read("02"), "6a82");
  EXPECT_EQ(put("5301aa", "02"), "9000");
  EXPECT_EQ(read("02"), "5301aa9000");
  EXPECT_EQ(put("5300"), "9000");
  EXPECT_EQ(read(), "6a82");
  EXPECT_EQ(durable(), "none");
}

TEST_F(PivObjects, RefusedWritesChangeNothing) {
  const struct {
    const char* what;
    const char* command;
    const char* answer;
  } cases[] = {
      {"not 53", "00db3fff085c035fc10d5401aa", "6a80"},
      {"53 longer than the data", "00db3fff085c035fc10d5302aa", "6700"},
      {"53 shorter than the data", "00db3fff095c035fc10d5301aaaa", "6700"},
      {"no object", "00db3fff045c035fc1", "6a80"},
      {"the discovery object", "00db3fff065c017e5301aa", "6a80"},
      {"P1 P2", "00db0000085c035fc10d5301aa", "6a86"},
      {"a chain that begins with nothing", "10db3fff055c035fc10d", "6a80"},
  };
  for (const auto& [what, command, answer] : cases) {
    EXPECT_EQ(host.send(command), answer) << what;
    EXPECT_EQ(read(), kOld + std::string("9000")) << what;
  }
}

TEST_F(PivObjects, OneExtendedCommandIsAtomic) {
  const std::string content = "53820530" + std::string(2 * 1328, 'b');
  host.can_persist = false;
  EXPECT_EQ(host.send("00db3fff000539" + PivHost::put_field("0d", content)), "6581");
  EXPECT_EQ(durable(), kOld);
  EXPECT_EQ(read(), kOld + std::string("9000"));
  host.can_persist = true;
  EXPECT_EQ(host.send("00db3fff000539" + PivHost::put_field("0d", content) + "0000"), "9000");
  EXPECT_EQ(durable(), content);
}

TEST_F(PivObjects, ChainTruncatesAtItsFirstPartAndStoresEveryPart) {
  EXPECT_EQ(chunk("5c035fc10d5306"
                  "1112"),
            "9000");
  EXPECT_TRUE(host.card.writing());
  EXPECT_EQ(durable(), "53061112")
      << "power lost now: the old object is gone, the new one is not there";
  EXPECT_EQ(chunk("1314"), "9000");
  EXPECT_EQ(durable(), "530611121314");
  EXPECT_EQ(chunk("1516", true), "9000");
  EXPECT_FALSE(host.card.writing());
  EXPECT_EQ(read(), "53061112131415169000");
}

TEST_F(PivObjects, TooLongIsRefusedAfterTheOldOneIsGone) {
  ASSERT_EQ(chunk("5c035fc10d53820bb5"), "9000");
  const std::string part(2 * 250, 'c');
  for (int i = 0; i < 11; ++i) ASSERT_EQ(chunk(part), "9000");
  ASSERT_EQ(durable().size() / 2, 4U + 2750);
  EXPECT_EQ(chunk(std::string(2 * 247, 'c'), true), "6700") << "3001 bytes";
  EXPECT_THAT(durable(), StartsWith("53820bb5cc"));
  EXPECT_EQ(durable().size() / 2, 4U + 2750);
}

TEST_F(PivObjects, MayHoldThreeThousandBytesWithTheirHeader) {
  ASSERT_EQ(chunk("5c035fc10d53820bb4"), "9000");
  const std::string part(2 * 250, 'c');
  for (int i = 0; i < 11; ++i) ASSERT_EQ(chunk(part), "9000");
  EXPECT_EQ(chunk(std::string(2 * 246, 'c'), true), "9000");
  EXPECT_EQ(durable().size() / 2, Application::kMaxObject);
}

TEST_F(PivObjects, UnfinishedChainLeaksIntoTheNextWriteUntilSelect) {
  ASSERT_EQ(chunk("5c035fc10d5306"
                  "1112"),
            "9000");
  EXPECT_EQ(host.send("00f8000000").substr(8), "9000") << "other commands do not end it";
  EXPECT_EQ(put("5301aa", "0e"), "9000");
  EXPECT_EQ(durable(),
            "53061112"
            "5c035fc10e5301aa")
      << "the write to 5FC10E went into 5FC10D";
  EXPECT_EQ(durable(0x5FC10E), "none");

  ASSERT_EQ(chunk("5c035fc10d5306"
                  "1112"),
            "9000");
  ASSERT_EQ(host.authenticate(), "9000");
  EXPECT_EQ(put("5301aa", "0e"), "9000");
  EXPECT_EQ(durable(0x5FC10E), "5301aa");
  EXPECT_EQ(durable(), "53061112") << "what was begun stays as it is";
}

TEST_F(PivObjects, SomeNeedThePin) {
  ASSERT_EQ(put("5301aa", "09"), "9000");
  EXPECT_EQ(read("09"), "6982");
  ASSERT_EQ(host.send("0020008008313233343536ffff"), "9000");
  EXPECT_EQ(read("09"), "5301aa9000");
}

TEST_F(PivObjects, AreBoundedInNumber) {
  for (int i = 0; i < static_cast<int>(Application::kMostObjects) - 1; ++i)
    ASSERT_EQ(host.send("00db3fff085c035fff" + PivHost::hex(i) + "5301aa"), "9000");
  EXPECT_EQ(host.send("00db3fff085c035fffff5301aa"), "6a84");
}

TEST_F(PivObjects, HiddenLicenseLooksLikeNone) {
  ASSERT_EQ(put("5301aa", "01"), "9000");
  host.card.application().hide_license(true);
  EXPECT_EQ(read(), "6a82");
  EXPECT_THAT(read("01"), EndsWith("9000"));
}

}  // namespace
}  // namespace latchkey::emulator::piv
