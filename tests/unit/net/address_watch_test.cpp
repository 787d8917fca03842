#include "agent/net/address_watch.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace latchkey::net {
namespace {

constexpr const char* kAddress = "192.0.2.10";

/// What the kernel says of an address; `cut` bytes are missing at the end.
Bytes message(std::uint16_t type, const std::string& address, std::uint32_t interface,
              std::uint16_t attribute = IFA_LOCAL) {
  const auto raw = *parse_address(address);
  nlmsghdr header{};
  ifaddrmsg info{};
  rtattr attr{};
  attr.rta_type = attribute;
  attr.rta_len = static_cast<std::uint16_t>(sizeof attr + raw.size());
  info.ifa_family = raw.size() == 4 ? AF_INET : AF_INET6;
  info.ifa_index = interface;
  header.nlmsg_type = type;
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + sizeof info + attr.rta_len);
  Bytes out;
  const auto add = [&out](const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    out.insert(out.end(), bytes, bytes + size);
  };
  add(&header, sizeof header);
  add(&info, sizeof info);
  add(&attr, sizeof attr);
  add(raw.data(), raw.size());
  return out;
}

class AddressWatchTest : public testing::Test {
 protected:
  AddressWatchTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends_), 0);
    watch_ = std::make_unique<AddressWatch>(ends_[0], *parse_address(kAddress),
                                            [this](bool here) { told_.push_back(here); });
  }
  ~AddressWatchTest() override { ::close(ends_[1]); }

  void say(const Bytes& datagram) {
    ASSERT_EQ(::send(ends_[1], datagram.data(), datagram.size(), 0),
              static_cast<ssize_t>(datagram.size()));
    watch_->handle_readable();
  }

  int ends_[2]{};
  std::vector<bool> told_;
  std::unique_ptr<AddressWatch> watch_;
};

// SPEC SRV-4: the node sees its own address, on whatever interface.
TEST_F(AddressWatchTest, TellsWhenItComesAndGoes) {
  say(message(RTM_NEWADDR, "192.0.2.11", 1));
  EXPECT_TRUE(told_.empty());
  say(message(RTM_NEWADDR, kAddress, 1));
  say(message(RTM_NEWADDR, kAddress, 2));
  say(message(RTM_DELADDR, kAddress, 1));
  EXPECT_EQ(told_, std::vector<bool>({true})) << "one interface still has it";
  say(message(RTM_DELADDR, kAddress, 2));
  say(message(RTM_DELADDR, kAddress, 2));
  EXPECT_EQ(told_, std::vector<bool>({true, false}));
}

TEST_F(AddressWatchTest, ReadsManyMessagesOfOneDatagram) {
  auto both = message(RTM_DELADDR, kAddress, 1);
  const auto second = message(RTM_NEWADDR, kAddress, 1, IFA_ADDRESS);
  both.insert(both.end(), second.begin(), second.end());
  say(both);
  EXPECT_EQ(told_, std::vector<bool>({true}));
}

TEST_F(AddressWatchTest, IsNotHarmedByBrokenMessages) {
  const auto whole = message(RTM_NEWADDR, kAddress, 1);
  for (std::size_t size = 1; size < whole.size(); ++size)
    say(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  for (std::size_t at = 0; at < sizeof(nlmsghdr) + sizeof(ifaddrmsg) + 4; ++at) {
    auto broken = whole;
    broken[at] = 0xff;
    broken.back() = 99;  // another address
    say(broken);
  }
  EXPECT_TRUE(told_.empty());
}

TEST(AddressWatch, FindsWhatIsThereAtTheStart) {
  bool here = false;
  const auto watch = AddressWatch::start("127.0.0.1", [&](bool now) { here = now; });
  ASSERT_TRUE(watch) << watch.error().message;
  for (int i = 0; i < 500 && !here; ++i) {
    ::usleep(10'000);
    (*watch)->handle_readable();
  }
  EXPECT_TRUE(here);
  EXPECT_FALSE(AddressWatch::start("not an address", [](bool) {}));
}

}  // namespace
}  // namespace latchkey::net
