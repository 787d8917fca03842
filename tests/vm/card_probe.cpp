#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "drivers/card/card.h"

// Speaks to the card at a usbfs node, for stories about the transport alone:
//   vm_card_probe NODE select [TIMES]  prints a line for each: WAY STATUS MICROSECONDS, or why not
//   vm_card_probe NODE hold SECONDS    prints "held", keeps the card that long
//   vm_card_probe NODE ask             sends SELECT until it fails, prints when (seconds since
//   boot)
//                                      and why
namespace {

using namespace latchkey;
using std::chrono::steady_clock;

/// SELECT of the PIV application (SP 800-73-4 part 2, 3.1.1).
const Bytes kSelect{0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00};

Deadline soon() { return steady_clock::now() + std::chrono::seconds(10); }

int fail(const KeyError& error) {
  constexpr const char* kKinds[] = {"gone",          "not_a_key", "timeout",       "protocol",
                                    "no_permission", "busy",      "unprovisioned", "refused"};
  std::printf("%s: %s\n", kKinds[static_cast<int>(error.kind)], error.detail.c_str());
  return 1;
}

int select(Card& card) {
  const auto start = steady_clock::now();
  if (const auto limits = card.begin(soon()); !limits) return fail(limits.error());
  const auto response = card.transmit(kSelect, soon());
  card.end(Leave::as_is);
  if (!response) return fail(response.error());
  const auto time =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start);
  std::printf("%s %s %lld\n", std::string(card.way()).c_str(),
              to_hex(ByteView(*response).last(2)).c_str(), static_cast<long long>(time.count()));
  return 0;
}

int hold(Card& card, int seconds) {
  if (const auto limits = card.begin(soon()); !limits) return fail(limits.error());
  std::puts("held");
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  card.end(Leave::as_is);
  return 0;
}

int ask(Card& card) {
  if (const auto limits = card.begin(soon()); !limits) return fail(limits.error());
  for (;;)
    if (const auto response = card.transmit(kSelect, soon() + std::chrono::minutes(5)); !response) {
      const std::chrono::duration<double> since_boot = steady_clock::now().time_since_epoch();
      std::printf("%.6f ", since_boot.count());
      return fail(response.error());
    }
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 3) return 2;
  auto card = open_card({argv[1], argv[1], "piv", false});
  if (!card) return fail(card.error());
  const std::string_view verb = argv[2];
  const int number = argc > 3 ? std::atoi(argv[3]) : 1;
  if (verb == "hold") return hold(**card, number);
  if (verb == "ask") return ask(**card);
  int status = 0;
  for (int i = 0; i < number; ++i) status |= select(**card);
  return status;
}
