#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/latchkey-client/answer.h"
#include "tools/latchkey-client/lease_machine.h"

// What a server sends to a client, offered in pieces as a connection does: what is kept stays
// within its bounds, and a state machine that is told of it asks on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey::client;
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseReader reader;
  auto state = ResponseReader::State::more;
  for (std::size_t at = 0; at < bytes.size() && state == ResponseReader::State::more; at += piece)
    state = reader.feed(bytes.substr(at, piece));
  if (reader.answer().body.size() > ResponseReader::kMaxBody) std::abort();
  if (state != ResponseReader::State::complete) return 0;

  const auto answer = read_answer(reader.answer());
  const auto problem = read_problem(reader.answer());
  if (problem.code.empty() || problem.message.size() > 512) std::abort();
  LeaseMachine machine({.addresses = 2, .ttl_s = 60}, [] { return 0.5; });
  machine.want({{"kvm", "cpu-socket", 4}});
  Instant now{0};
  // The same answer to everything: no state may become a loop that never waits.
  for (int asked = 0; asked < 8;) {
    const auto action = machine.next(now);
    if (const auto* wait = std::get_if<Wait>(&action)) {
      if (wait->until <= now) std::abort();
      return 0;
    }
    ++asked;
    machine.answered(answer, now, now);
  }
  std::abort();
}
