#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>

// The floor under any server on a Unix socket: one blocking read, one write of a fixed HTTP answer,
// nothing else. pingpong_server PATH BODY_BYTES; serves one connection at a time until it is
// killed.
namespace {

int listen_on(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(listener, generic, sizeof address) != 0 || listen(listener, 1) != 0) return -1;
  return listener;
}

void serve(int connection, const std::string& answer) {
  std::array<char, 4096> request;
  while (read(connection, request.data(), request.size()) > 0) {
    if (write(connection, answer.data(), answer.size()) < 0) break;
  }
  close(connection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::signal(SIGPIPE, SIG_IGN);  // a client that left must not end the server
  const std::string body(std::stoul(argv[2]), 'x');
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const int listener = listen_on(argv[1]);
  if (listener < 0) return 1;
  while (true) {
    const int connection = accept(listener, nullptr, nullptr);
    if (connection >= 0) serve(connection, answer);
  }
}
