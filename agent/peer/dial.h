#pragma once

#include "agent/peer/tls_channel.h"
#include "agent/peer/transport.h"

namespace latchkey::peer {

struct DialPlan {
  std::string address;
  std::string pin;
  std::chrono::milliseconds deadline;
};

/// Transport::dial() behind its front. Includes Asio: for this room's .cpp files only.
std::unique_ptr<Transport::Attempt> start_dial(boost::asio::io_context& io, Reactor& reactor,
                                               std::shared_ptr<TlsContext> context, DialPlan plan,
                                               Transport::Dialled done);

}  // namespace latchkey::peer
