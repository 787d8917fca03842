#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/net/http.h"
#include "agent/net/response_head.h"

namespace latchkey::net {

/// The answers to requests that came together on one connection, as bytes to be sent in the order
/// of the requests, whatever order they are given in (RFC 9112 9.3.2).
class AnswerQueue {
 public:
  using Ticket = std::size_t;
  struct Bytes {
    std::string_view head, body;
    bool empty() const { return head.empty() && body.empty(); }
  };

  /// A request was taken; its answer belongs behind those of the requests before it.
  Ticket expect(Persistence persistence);
  /// Once for each ticket.
  void set(Ticket ticket, Response response);

  bool empty() const { return slots_.empty(); }  ///< every answer expected is sent
  bool owes() const { return next_ < slots_.size(); }
  std::size_t expected() const { return slots_.size(); }
  std::size_t size() const { return text_.size() + last_.payload().size(); }  ///< in bytes

  /// Of the answers that are there; valid until something is called.
  Bytes unsent() const;
  /// So many more bytes of unsent() are on their way; the queue is empty once all are.
  void sent(std::size_t bytes);
  void rest();  ///< an empty queue gives its memory back

 private:
  struct Slot {
    Persistence persistence;
    std::optional<Response> early;  ///< while one before it is owed
  };

  void append(Response response, Persistence persistence);

  std::vector<Slot> slots_;
  std::size_t next_ = 0;  ///< whose answer comes next
  std::string text_;      ///< all but the last body, which may be large and shared
  Response last_;
  std::size_t sent_ = 0;
};

}  // namespace latchkey::net
