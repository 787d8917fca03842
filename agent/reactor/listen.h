#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "core/base/result.h"

namespace latchkey {

/// Opens `acceptor` at "address:port" (port 0: any; no address: every one) and listens there.
/// Returns where, in the same form. Errors: `address-invalid`; `cannot-listen`, with `cure`.
Result<std::string> listen_on(boost::asio::ip::tcp::acceptor& acceptor, const std::string& address,
                              const std::string& cure);

}  // namespace latchkey
