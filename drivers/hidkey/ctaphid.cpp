#include "drivers/hidkey/ctaphid.h"

#include <algorithm>

#include "drivers/hidkey/wire.h"

namespace latchkey::ctaphid {
namespace {

constexpr std::uint8_t kInitialBit = 0x80;

/// One report: the header, then as much of `payload` as fits, removed from it.
Report fill(const Bytes& header, ByteView& payload) {
  Report report{};
  std::ranges::copy(header, report.begin());
  const auto count = std::min(payload.size(), report.size() - header.size());
  std::ranges::copy(payload.first(count),
                    report.begin() + static_cast<std::ptrdiff_t>(header.size()));
  payload = payload.subspan(count);
  return report;
}

}  // namespace

std::vector<Report> split(const Message& message) {
  ByteView rest = message.payload;
  Bytes header;
  hidkey::put_u32(header, message.channel);
  header.push_back(message.command | kInitialBit);
  hidkey::put_u16(header, static_cast<std::uint32_t>(rest.size()));
  std::vector<Report> reports{fill(header, rest)};
  header.resize(5);
  for (header[4] = 0; !rest.empty(); ++header[4]) reports.push_back(fill(header, rest));
  return reports;
}

Packet::Packet(const Report& report)
    : channel(hidkey::get_u32(report, 0)),
      initial((report[4] & kInitialBit) != 0),
      command(report[4] & ~kInitialBit),
      length(hidkey::get_u16(report, 5)),
      sequence(report[4]),
      data(ByteView(report).last(initial ? kInitData : kContinuationData)) {}

Assembler::Step Assembler::begin(const Packet& packet) {
  message_ = {packet.channel, packet.command, {}};
  length_ = packet.length;
  next_sequence_ = 0;
  if (length_ > kMaxMessage) return Step::bad_length;
  return append(packet.data);
}

Assembler::Step Assembler::add(const Packet& packet) {
  if (packet.sequence != next_sequence_) return Step::bad_sequence;
  ++next_sequence_;
  return append(packet.data);
}

Assembler::Step Assembler::append(ByteView data) {
  const auto count = std::min(data.size(), length_ - message_.payload.size());
  hidkey::put_bytes(message_.payload, data.first(count));
  return message_.payload.size() == length_ ? Step::complete : Step::more;
}

}  // namespace latchkey::ctaphid
