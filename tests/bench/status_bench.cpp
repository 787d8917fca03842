#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Load on a Unix socket with kept-alive connections, one request under way on each; the same
// program measures the agent, nginx and the ping-pong floor. Plain epoll and a hand-made client, so
// that it costs far less than a server. Prints
// {"requests":…,"rate":…,"p50_us":…,"p99_us":…,"max_us":…,"body_bytes":…}.
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string socket;
  std::string path = "/v1/status";
  int connections = 1;
  double seconds = 2;
  double warmup = 0.2;
  int cpu = -1;  ///< pin to this core
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--socket")
      options.socket = value;
    else if (name == "--path")
      options.path = value;
    else if (name == "--connections")
      options.connections = std::atoi(value);
    else if (name == "--seconds")
      options.seconds = std::atof(value);
    else if (name == "--warmup")
      options.warmup = std::atof(value);
    else if (name == "--cpu")
      options.cpu = std::atoi(value);
    else
      return std::nullopt;
  }
  if (argc % 2 == 0 || options.socket.empty() || options.connections < 1) return std::nullopt;
  return options;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

/// Size of the whole answer at the front of `text`, 0 while its header is incomplete.
std::size_t answer_size(std::string_view text, std::size_t& body) {
  static constexpr std::string_view kField = "content-length:";
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const auto match = std::search(text.begin(), text.begin() + end, kField.begin(), kField.end(),
                                 [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  const char* digits = text.data() + (match - text.begin()) + kField.size();
  while (*digits == ' ') ++digits;
  std::from_chars(digits, text.data() + end, body);
  return end + 4 + body;
}

struct Connection {
  int fd = -1;
  Clock::time_point sent;
  std::size_t received = 0;
  std::size_t wanted = 0;  ///< size of the answer under way, 0 before its header is there
  std::array<char, 32 * 1024> buffer;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options) {
    request_ = "GET " + options.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }

  bool run() {
    if (!open()) return false;
    started_ = Clock::now();
    for (auto& connection : connections_) send(connection);
    return options_.connections == 1 ? run_blocking() : run_polled();
  }

  void print() {
    std::ranges::sort(latencies_);
    const double seconds = std::chrono::duration<double>(finished_ - counted_from_).count();
    std::printf(
        "{\"requests\":%zu,\"rate\":%.0f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f,"
        "\"body_bytes\":%zu}\n",
        latencies_.size(), static_cast<double>(latencies_.size()) / seconds, at(0.5), at(0.99),
        at(1.0), body_);
  }

 private:
  bool open() {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(static_cast<std::size_t>(options_.connections));
    for (auto& connection : connections_) {
      connection.fd = connect_to(options_.socket);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
      if (connection.fd < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0)
        return false;
    }
    return true;
  }

  /// One connection needs no epoll: the plain blocking round trip is what a client would do.
  bool run_blocking() {
    while (!over())
      if (!receive(connections_.front())) return false;
    return true;
  }

  bool run_polled() {
    std::array<epoll_event, 256> events;
    while (!over()) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 1000);
      for (int i = 0; i < ready; ++i)
        if (!receive(*static_cast<Connection*>(events[i].data.ptr))) return false;
    }
    return true;
  }

  void send(Connection& connection) {
    connection.received = connection.wanted = 0;
    connection.sent = Clock::now();
    if (::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) failed_ = true;
  }

  bool receive(Connection& connection) {
    auto& buffer = connection.buffer;
    const auto size = ::recv(connection.fd, buffer.data() + connection.received,
                             buffer.size() - connection.received, 0);
    if (size <= 0 || failed_) return false;
    connection.received += static_cast<std::size_t>(size);
    if (connection.wanted == 0)
      connection.wanted = answer_size({buffer.data(), connection.received}, body_);
    if (connection.wanted > buffer.size()) return false;
    if (connection.wanted == 0 || connection.received < connection.wanted) return true;
    count(connection.sent);
    send(connection);
    return true;
  }

  void count(Clock::time_point sent) {
    finished_ = Clock::now();
    if (!counting_) return;
    latencies_.push_back(std::chrono::duration<float, std::micro>(finished_ - sent).count());
  }

  bool over() {
    const auto now = finished_ > started_ ? finished_ : Clock::now();
    const double elapsed = std::chrono::duration<double>(now - started_).count();
    if (!counting_ && elapsed > options_.warmup) {
      counting_ = true;
      counted_from_ = now;
    }
    return elapsed > options_.warmup + options_.seconds;
  }

  double at(double share) const {
    if (latencies_.empty()) return 0;
    return latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))];
  }

  Options options_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<float> latencies_;
  Clock::time_point started_{}, counted_from_{}, finished_{};
  bool counting_ = false;
  bool failed_ = false;
  std::size_t body_ = 0;
};

bool pin(int cpu) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(cpu), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    std::fprintf(stderr,
                 "usage: status_bench --socket PATH [--path /v1/status] [--connections N] "
                 "[--seconds S] [--warmup S] [--cpu N]\n");
    return 2;
  }
  if (options->cpu >= 0 && !pin(options->cpu)) return 1;
  Load load(*options);
  if (!load.run()) {
    std::fprintf(stderr, "status_bench: the server at %s failed\n", options->socket.c_str());
    return 1;
  }
  load.print();
}
