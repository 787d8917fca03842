#include "agent/reactor/listen.h"

#include "core/base/host_port.h"

namespace latchkey {

using boost::asio::ip::tcp;

Result<std::string> listen_on(tcp::acceptor& acceptor, const std::string& address,
                              const std::string& cure) {
  LK_TRY(const auto parts, split_address(address));
  boost::system::error_code error;
  const auto host = boost::asio::ip::make_address(parts.host.empty() ? "::" : parts.host, error);
  const tcp::endpoint endpoint(host, static_cast<std::uint16_t>(std::stoi(parts.port)));
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  const auto bound = error ? tcp::endpoint() : acceptor.local_endpoint(error);
  if (error)
    return fail("cannot-listen", "Cannot listen on " + address + ": " + error.message() + ".",
                cure);
  return join_address(bound.address().to_string(), std::to_string(bound.port()));
}

}  // namespace latchkey
