#include "tools/latchkey/bundle/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace latchkey::cli {
namespace {

using Clock = std::chrono::steady_clock;

class FileActions {
 public:
  explicit FileActions(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

pid_t start(const std::vector<std::string>& command, int output) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const FileActions actions(output);
  const int error =
      ::posix_spawnp(&pid, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  return error == 0 ? pid : -1;
}

/// True at the end of the output.
bool read_all(int fd, std::size_t most, Clock::time_point deadline, std::string& out) {
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return count == 0;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    if (out.size() > most) return false;
  }
}

bool ended_well(pid_t pid, bool read_to_its_end) {
  if (!read_to_its_end) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return read_to_its_end && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& command, std::size_t most,
                              std::chrono::milliseconds patience) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return fail("program-failed", "There is no pipe.");
  const auto pid = start(command, pipe[1]);
  ::close(pipe[1]);
  std::string out;
  const bool read = pid > 0 && read_all(pipe[0], most, Clock::now() + patience, out);
  ::close(pipe[0]);
  if (pid <= 0) return fail("no-program", "There is no " + command[0] + " on this machine.");
  if (ended_well(pid, read)) return out;
  return fail("program-failed", command[0] + " failed, or had too much to say.");
}

}  // namespace latchkey::cli
