#include "agent/net/unix_server.h"

#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <optional>
#include <utility>

#include "agent/net/connection.h"
#include "agent/net/peer_credentials.h"
#include "agent/net/socket_file.h"
#include "agent/net/socket_stream.h"
#include "agent/reactor/accept_loop.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kReservedForAdministrators = 8;

Response server_full() {
  return problem(503, {"too-many-connections", "The agent has too many open connections.",
                       "Close some clients of the agent's socket, then try again."});
}

}  // namespace

struct UnixServer::Impl {
  Impl(asio::io_context& context, UnixServerConfig c, Router router)
      : config(std::move(c)),
        door(context),
        hub(std::make_shared<ConnectionHub>(
            context, std::move(router),
            ConnectionHub::Settings{{config.max_header, config.max_body},
                                    {config.idle, config.request, config.idle},
                                    config.stream_backlog})) {}

  Result<void> start();
  std::optional<gid_t> resolve(const std::string& group);
  void admit(stream_protocol::socket socket);
  void stop();

  UnixServerConfig config;
  AcceptLoop<stream_protocol> door;
  std::shared_ptr<ConnectionHub> hub;
  std::optional<SocketFile> file;
  RolePolicy roles;
  LocalUsers users;
  std::vector<Error> notes;
};

Result<void> UnixServer::Impl::start() {
  roles = {resolve(config.viewer_group), resolve(config.admin_group),
           resolve(config.consumer_group), ::geteuid()};
  users = LocalUsers::load();
  LK_TRY(SocketFile opened,
         SocketFile::listen(config.path, config.mode, {roles.viewer_group, roles.consumer_group}));
  if (!opened.group_set())
    notes.push_back({"socket-group",
                     "The socket could not be given to group " + config.viewer_group + ".",
                     "Run the agent as a member of that group."});
  if (!opened.guest_set())
    notes.push_back({"socket-group",
                     "The socket could not be opened to group " + config.consumer_group + ".",
                     "Put " + config.path + " on a file system that has access control lists."});
  file.emplace(std::move(opened));
  error_code error;
  door.acceptor().assign(stream_protocol(), file->release(), error);
  if (error)
    return fail("socket-failed", "Cannot listen at " + config.path + ": " + error.message() + ".");
  door.start([this](stream_protocol::socket socket) { admit(std::move(socket)); });
  return {};
}

std::optional<gid_t> UnixServer::Impl::resolve(const std::string& group) {
  if (group.empty()) return std::nullopt;
  const auto gid = find_group(group);
  if (!gid)
    notes.push_back({"unknown-group", "There is no group " + group + " on this machine.",
                     "Create it (groupadd --system " + group + ") and restart the agent."});
  return gid;
}

void UnixServer::Impl::admit(stream_protocol::socket socket) {
  const auto peer = peer_credentials(socket.native_handle());
  if (!peer) return;
  const Rights rights = rights_of(*peer, roles);
  error_code error;
  socket.non_blocking(true, error);
  if (error) return;
  const auto connection = std::make_shared<Connection>(
      std::make_unique<PlainStream<stream_protocol::socket>>(std::move(socket)),
      Caller{rights, users.name(peer->uid), "uid:" + std::to_string(peer->uid)}, Origin{}, hub);
  const std::size_t reserve = rights.has(Right::administer) ? 0 : kReservedForAdministrators;
  if (hub->size() + reserve > config.max_connections) return connection->refuse(server_full());
  connection->start();
}

void UnixServer::Impl::stop() {
  door.stop();
  hub->stop();
  file.reset();
}

UnixServer::UnixServer(asio::io_context& io, UnixServerConfig config, Router router)
    : impl_(std::make_unique<Impl>(io, std::move(config), std::move(router))) {}
UnixServer::~UnixServer() { impl_->stop(); }
Result<void> UnixServer::start() { return impl_->start(); }
const std::vector<Error>& UnixServer::notes() const { return impl_->notes; }
std::size_t UnixServer::connection_count() const { return impl_->hub->size(); }

}  // namespace latchkey::net
