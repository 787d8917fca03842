#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/net/request_reader.h"

// What a client of the socket sends, offered in pieces as a connection does. Nothing is read beyond
// the limits, and every byte is either eaten, kept for the next request, or part of a refusal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using latchkey::net::RequestReader;
  using State = RequestReader::State;
  if (size == 0) return 0;
  constexpr latchkey::net::ReaderLimits kLimits{.header_bytes = 512, .body_bytes = 256};
  const std::size_t piece = 1 + data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  RequestReader reader(kLimits);
  std::size_t begin = 0;
  for (std::size_t end = 0; end < bytes.size();) {
    end = std::min(end + piece, bytes.size());
    std::size_t used = 1;
    while (used > 0 && begin < end && reader.state() != State::refused) {
      used = reader.feed(bytes.substr(begin, end - begin));
      if (used > end - begin) std::abort();
      begin += used;
      if (reader.request().body.size() > kLimits.body_bytes) std::abort();
      if (reader.state() == State::complete) reader.next();
    }
    if (reader.state() == State::refused)
      return reader.refusal().status < 400 ? std::abort(), 0 : 0;
    // An incomplete header must not grow beyond what a connection's buffer holds.
    if (end - begin > kLimits.header_bytes) std::abort();
  }
  return 0;
}
