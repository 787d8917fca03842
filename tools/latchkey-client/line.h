#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/latchkey-client/address.h"
#include "tools/latchkey-client/deadline.h"
#include "tools/latchkey-client/response_reader.h"
#include "tools/latchkey-client/tls.h"

struct ssl_st;

namespace latchkey::client {

/// A connection to one server, opened when it is needed and kept between requests. Its calls block
/// as long as they are told to, and raise no SIGPIPE.
///
/// Errors: `server-unreachable` (nothing answers, or not in time), `server-untrusted` (its
/// certificate does not belong to the CA, or not to the host), `not-permitted` (the socket's
/// rights), `bad-answer`.
class Line {
 public:
  Line(Address address, TlsContext tls);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// One request and its answer. A kept connection that turns out to be closed is opened anew, and
  /// the request sent again: all that go over a line may be done twice.
  Result<HttpAnswer> exchange(std::string_view request, const Patience& patience);
  /// The server's certificates in PEM, its own first, without any verification but that of TLS
  /// itself; for finding the pinned one among them.
  Result<std::vector<std::string>> certificates(const Patience& patience);
  void close();

  const Address& address() const { return address_; }

 private:
  enum class Outcome { done, ended, failed };

  Result<void> open(const Patience& patience);
  Result<void> connect_tcp(const Patience& patience);
  Result<void> connect_unix(const Patience& patience);
  Result<void> shake_hands(const Patience& patience);
  bool connect_to(int family, const void* target, unsigned size, const Patience& patience);
  Outcome send(std::string_view request, const Patience& patience);
  Result<HttpAnswer> receive(const Patience& patience, bool& untouched);
  /// Calls `step` until it has moved some bytes; it returns what read() and write() do. `events`:
  /// what a plain socket waits for; TLS knows that itself.
  template <class Step>
  Outcome move(short events, Step step, std::size_t& moved, const Patience& patience);
  Error unreachable(std::string_view why) const;

  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
  };

  Address address_;
  TlsContext tls_;
  int fd_ = -1;
  std::unique_ptr<ssl_st, SslDeleter> ssl_;
};

}  // namespace latchkey::client
