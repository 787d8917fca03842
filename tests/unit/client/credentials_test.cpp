#include "tools/latchkey-client/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temp_dir.h"
#include "tools/latchkey-client/address.h"
#include "tools/latchkey-client/enrol.h"

namespace latchkey::client {
namespace {

namespace fs = std::filesystem;

class CredentialsTest : public ::testing::Test {
 protected:
  std::string directory() const { return (dir.path() / "deep" / "client").string(); }
  static Credentials some(const std::string& key) {
    return {{.ca = "ca\n", .certificate = "certificate of " + key, .key = key},
            {"https://a", "https://b"}};
  }
  Result<void> write(const std::string& key, bool replace) const {
    LK_TRY(auto draft, CredentialsDraft::begin(directory(), replace, key));
    return draft.commit(some(key));
  }
  std::size_t beside() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(dir.path() / "deep"), fs::directory_iterator()));
  }

  test::TempDir dir;
};

TEST_F(CredentialsTest, AreReadAsWritten) {
  ASSERT_TRUE(write("key 1", false));
  const auto read = read_credentials(directory());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->card.key, "key 1");
  EXPECT_EQ(read->card.certificate, "certificate of key 1");
  EXPECT_EQ(read->card.ca, "ca\n");
  EXPECT_EQ(read->servers, (std::vector<std::string>{"https://a", "https://b"}));
  struct stat key {};
  ASSERT_EQ(::stat((directory() + "/key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
}

TEST_F(CredentialsTest, AreReplacedOnlyWhenTheyMayBe) {
  ASSERT_TRUE(write("key 1", false));
  const auto refused = write("key 2", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "exists");
  EXPECT_EQ(read_credentials(directory())->card.key, "key 1");
  ASSERT_TRUE(write("key 2", true));
  EXPECT_EQ(read_credentials(directory())->card.key, "key 2");
  EXPECT_EQ(beside(), 1u) << "nothing is left beside them";
}

TEST_F(CredentialsTest, ThatWereNotFinishedLeaveNothing) {
  ASSERT_TRUE(write("key 1", false));
  { ASSERT_TRUE(CredentialsDraft::begin(directory(), true, "key 2")); }
  EXPECT_EQ(read_credentials(directory())->card.key, "key 1");
  EXPECT_EQ(beside(), 1u);
}

TEST_F(CredentialsTest, ThatAreTooLargeAreNotRead) {
  ASSERT_TRUE(write("key 1", false));
  std::ofstream(directory() + "/ca.pem") << std::string(64 * 1024 + 1, 'x');
  EXPECT_EQ(read_credentials(directory()).error().code, "cannot-read");
}

TEST_F(CredentialsTest, AreNotEvenBegunForANonsenseToken) {  // SPEC SRV-2
  const auto enrolled =
      enrol({.servers = {"https://localhost"}, .token = "LKE-x", .directory = directory()});
  ASSERT_FALSE(enrolled);
  EXPECT_EQ(enrolled.error().code, "token-invalid");
  EXPECT_FALSE(fs::exists(dir.path() / "deep"));
}

TEST(Addresses, AreReadStrictly) {
  struct Case {
    const char *text, *host, *port, *path;
  };
  const Case good[] = {
      {"https://vip", "vip", "8201", ""},          {"https://vip:443/", "vip", "443", ""},
      {"https://10.0.0.1:1", "10.0.0.1", "1", ""}, {"https://[fd00::1]", "fd00::1", "8201", ""},
      {"https://[fd00::1]:9", "fd00::1", "9", ""}, {"unix:/run/a.sock", "", "", "/run/a.sock"},
  };
  for (const auto& [text, host, port, path] : good) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->tls, *path == '\0') << text;
    EXPECT_EQ(address->host, host) << text;
    EXPECT_EQ(address->port, port) << text;
    EXPECT_EQ(address->path, path) << text;
  }
  for (const std::string text :
       {"", "vip:8201", "http://vip", "https://", "https://:1", "https://vip:0",
        "https://vip:65536", "https://vip/path", "https://a b", "https://fd00::1",
        "https://[fd00::1", "unix:", "unix:run"})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_FALSE(parse_address("unix:/" + std::string(107, 'a')));
}

}  // namespace
}  // namespace latchkey::client
