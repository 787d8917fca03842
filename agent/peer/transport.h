#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "agent/peer/channel.h"
#include "agent/peer/tls_identity.h"
#include "core/base/host_port.h"
#include "core/base/result.h"

namespace boost::asio {
class io_context;
}

namespace latchkey {
class Reactor;
}

namespace latchkey::peer {

using PinCheck = std::function<bool(const std::string& pin)>;

/// Makes channels: TLS 1.3 only, both sides show a certificate, no resumption, no CA.
class Transport {
 public:
  using Accepted = std::function<void(ChannelPtr)>;
  using Dialled = std::function<void(Result<ChannelPtr>)>;
  /// A dial under way; destroying it gives up and calls nobody.
  class Attempt {
   public:
    virtual ~Attempt() = default;
  };

  Transport(boost::asio::io_context& io, Reactor& reactor, const TlsIdentity& identity,
            std::chrono::milliseconds deadline);
  ~Transport();

  /// Accepts whom `check` lets in. Returns the bound address. Error: `cannot-listen`.
  Result<std::string> listen(const std::string& address, PinCheck check, Accepted accepted);
  /// Errors: `address-invalid`, `peer-unreachable`, `wrong-peer` (another certificate than `pin`).
  [[nodiscard]] std::unique_ptr<Attempt> dial(const std::string& address, std::string pin,
                                              Dialled done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace latchkey::peer
