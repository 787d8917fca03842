#include "tools/latchkey/bundle/machine_facts.h"

#include <grp.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <array>
#include <cstring>
#include <ctime>
#include <set>
#include <sstream>

#include "latchkey_version.h"
#include "tools/files/files.h"
#include "tools/latchkey/style.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAttribute = 4096;
constexpr std::size_t kMostListed = 200;

/// A line of a file of the kernel's, safe to show; empty: there is none.
std::string attribute(const fs::path& file) {
  const auto text = tool::read_file(file, kAttribute);
  return text ? printable(text->substr(0, text->find('\n'))) : "";
}

std::string setting(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + "=\"") && line.ends_with('"'))
      return printable(line.substr(name.size() + 2, line.size() - name.size() - 3));
  return "unknown";
}

std::string user_name(uid_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry == nullptr ? std::to_string(uid) : entry->pw_name;
}

std::string group_of(gid_t gid) {
  const group* entry = ::getgrgid(gid);
  return entry == nullptr ? std::to_string(gid) : entry->gr_name;
}

std::string described(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return path.string() + "  " + std::strerror(errno) + "\n";
  std::ostringstream line;
  line << path.string() << "  " << user_name(info.st_uid) << ' ' << group_of(info.st_gid) << ' '
       << std::oct << (info.st_mode & 07777) << std::dec << ' '
       << (S_ISDIR(info.st_mode) ? "folder" : std::to_string(info.st_size) + " bytes") << '\n';
  return line.str();
}

std::string listed(const fs::path& path) {
  auto text = described(path);
  std::error_code error;
  std::size_t count = 0;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error))
    if (++count <= kMostListed) text += described(entry->path());
  return text;
}

std::string room_at(const fs::path& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0)
    return path.string() + "  " + std::strerror(errno) + "\n";
  constexpr std::uint64_t kMiB = 1024 * 1024;
  std::ostringstream line;
  line << path.string() << "  " << disk.f_bavail * disk.f_frsize / kMiB << " MiB free of "
       << disk.f_blocks * disk.f_frsize / kMiB << ", " << disk.f_favail << " files free\n";
  return line.str();
}

std::string interface_line(const fs::path& interface) {
  std::error_code error;
  const auto driver = fs::read_symlink(interface / "driver", error).filename().string();
  return "  interface " + interface.filename().string() + "  class " +
         attribute(interface / "bInterfaceClass") + "  " +
         (driver.empty() ? "no driver" : "driver " + driver) + "\n";
}

std::string device_lines(const fs::path& device) {
  auto text = device.filename().string() + "  " + attribute(device / "idVendor") + ":" +
              attribute(device / "idProduct") + "  " + attribute(device / "manufacturer") + " " +
              attribute(device / "product") + "  " + attribute(device / "speed") + " Mbit/s\n";
  std::error_code error;
  const auto prefix = device.filename().string() + ":";
  for (fs::directory_iterator entry(device, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename().string().starts_with(prefix))
      text += interface_line(entry->path());
  return text;
}

}  // namespace

void add_versions(const fs::path& os_release, Bundle& bundle) {
  utsname kernel{};
  ::uname(&kernel);
  const auto release = tool::read_file(os_release);
  bundle.add("versions.txt", "of latchkey, the system and the libraries",
             std::string("latchkey ") + kVersion + "\nkernel " + kernel.release + " " +
                 kernel.machine + "\nsystem " + setting(release.value_or(""), "PRETTY_NAME") +
                 "\n" + OpenSSL_version(OPENSSL_VERSION) + "\n");
}

void add_clock(Bundle& bundle) {
  timex kernel{};
  const bool kept = ::adjtimex(&kernel) != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
  timespec boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  tzset();
  bundle.add("clock.txt", "this machine's clock; license time is in status.json",
             "now " + format_time(now) + "\nrunning for " + std::to_string(boot.tv_sec) +
                 " s\ntime zone " + tzname[0] + "\n" +
                 (kept ? "synchronised" : "not synchronised") + "\n");
}

void add_files(std::span<const fs::path> paths, Bundle& bundle) {
  std::string files, disks;
  std::set<dev_t> seen;
  for (const auto& path : paths) {
    files += listed(path);
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && seen.insert(info.st_dev).second) disks += room_at(path);
  }
  bundle.add("files.txt", "owner, mode and size of the files that the agent uses", files);
  bundle.add("disk.txt", "room on the disks that they are on", disks);
}

void add_usb(const fs::path& sys, Bundle& bundle) {
  std::string text;
  std::error_code error;
  for (fs::directory_iterator entry(sys / "bus/usb/devices", error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename().string().find(':') == std::string::npos)
      text += device_lines(entry->path());
  if (error) return bundle.note("usb.txt: there is no USB here, or it may not be seen");
  bundle.add("usb.txt", "what is on this machine's USB, without serial numbers", text);
}

}  // namespace latchkey::cli
