#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace latchkey::net {

/// Where the other side of a connection is; IPv4 as such, also where it came to an IPv6 socket.
/// Includes Asio: for this room's .cpp files only.
std::string client_address(const boost::asio::ip::tcp::socket& socket);

}  // namespace latchkey::net
