#include "tools/latchkey-client/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

namespace latchkey::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 64 * 1024;
constexpr const char *kKey = "/key.pem", *kCertificate = "/certificate.pem", *kCa = "/ca.pem",
                     *kServers = "/servers";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> cannot_write(const std::string& path, int error) {
  return fail("cannot-write",
              path + " cannot be written: " + std::generic_category().message(error) + ".",
              "Name another directory with --dir, or run it as the user who may write there.");
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0 || !write_all(file.get(), text) || ::fsync(file.get()) != 0)
    return cannot_write(path, errno);
  return {};
}

void sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

std::string parent_of(const std::string& directory) {
  const auto parent = fs::path(directory).parent_path().string();
  return parent.empty() ? "." : parent;
}

void remove_all(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  const auto unreadable = [&](int error) {
    return fail("cannot-read",
                path + " cannot be read: " + std::generic_category().message(error) + ".",
                "`latchkey connect` writes such files; this user must be able to read them.");
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return unreadable(errno);
  std::string text(kMaxFile + 1, '\0');
  std::size_t used = 0;
  for (ssize_t size = 1; size > 0 && used < text.size(); used += static_cast<std::size_t>(size)) {
    size = ::read(file.get(), text.data() + used, text.size() - used);
    if (size < 0) return unreadable(errno);
  }
  if (used > kMaxFile) return unreadable(EFBIG);
  text.resize(used);
  return text;
}

Result<Credentials> read_credentials(const std::string& directory) {
  Credentials credentials;
  LK_TRY(credentials.card.key, read_small_file(directory + kKey));
  LK_TRY(credentials.card.certificate, read_small_file(directory + kCertificate));
  LK_TRY(credentials.card.ca, read_small_file(directory + kCa));
  LK_TRY(const auto servers, read_small_file(directory + kServers));
  std::istringstream lines(servers);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line.front() != '#') credentials.servers.push_back(line);
  return credentials;
}

CredentialsDraft::CredentialsDraft(std::string directory, std::string draft)
    : directory_(std::move(directory)), draft_(std::move(draft)) {}

CredentialsDraft::CredentialsDraft(CredentialsDraft&& other) noexcept
    : directory_(std::move(other.directory_)), draft_(std::exchange(other.draft_, {})) {}

CredentialsDraft::~CredentialsDraft() {
  if (!draft_.empty()) remove_all(draft_);
}

Result<CredentialsDraft> CredentialsDraft::begin(const std::string& directory, bool replace,
                                                 const std::string& key_pem) {
  auto target = directory;
  while (target.size() > 1 && target.ends_with('/')) target.pop_back();
  std::error_code error;
  if (!replace && fs::exists(target, error))
    return fail("exists", target + " exists already: this was enrolled before.",
                "Give --replace to enrol anew, or another --dir.");
  fs::create_directories(parent_of(target), error);
  if (error) return cannot_write(parent_of(target), error.value());
  auto name = target + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return cannot_write(name, errno);
  CredentialsDraft draft(target, name);
  LK_CHECK(write_file(name + kKey, key_pem, 0600));
  sync_directory(name);
  return draft;
}

Result<void> CredentialsDraft::commit(const Credentials& credentials) {
  std::string servers;
  for (const auto& server : credentials.servers) servers.append(server).append("\n");
  LK_CHECK(write_file(draft_ + kCertificate, credentials.card.certificate, 0644));
  LK_CHECK(write_file(draft_ + kCa, credentials.card.ca, 0644));
  LK_CHECK(write_file(draft_ + kServers, servers, 0644));
  sync_directory(draft_);
  // A directory is replaced by one that is empty only; so the old one steps aside.
  const auto old = draft_ + ".old";
  const bool aside = ::rename(directory_.c_str(), old.c_str()) == 0;
  if (::rename(draft_.c_str(), directory_.c_str()) != 0) {
    const int error = errno;
    if (aside && ::rename(old.c_str(), directory_.c_str()) != 0) return cannot_write(old, errno);
    return cannot_write(directory_, error);
  }
  draft_.clear();
  sync_directory(parent_of(directory_));
  if (aside) remove_all(old);
  return {};
}

}  // namespace latchkey::client
