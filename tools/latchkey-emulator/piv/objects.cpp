#include "tools/latchkey-emulator/piv/application.h"

// GET DATA and PUT DATA (SP 800-73-4 part 2, 3.1.2 and 3.3.2), with what real firmware makes of
// long writes.
namespace latchkey::emulator::piv {
namespace {

constexpr std::uint16_t kTagList = 0x5C;
constexpr std::uint16_t kObjectData = 0x53;
constexpr std::uint16_t kAnyObject = 0x3FFF;  // P1 P2
constexpr std::uint32_t kDiscovery = 0x7E;

// SP 800-73-4 part 1, table 3: fingerprints, face, printed information and iris need the PIN.
constexpr std::uint32_t kNeedPin[] = {0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121};
// docs/protocol-piv.md
constexpr std::uint32_t kLicenseSlots[] = {0x5FC10D, 0x5FC10E};

/// The discovery object, SP 800-73-4 part 1, 3.3.2: the application's AID; the PIN is enough.
Bytes discovery() {
  return {0x7E, 0x12, 0x4F, 0x0B, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
          0x00, 0x10, 0x00, 0x01, 0x00, 0x5F, 0x2F, 0x02, 0x40, 0x00};
}

bool contains(std::span<const std::uint32_t> tags, std::uint32_t tag) {
  for (const auto each : tags)
    if (each == tag) return true;
  return false;
}

/// Takes the tag list off the front: the object's tag, 0 when it is none.
std::uint32_t take_tag(ByteView& data) {
  const auto head = take_head(data);
  if (!head || head->tag != kTagList || head->length > data.size() || head->length == 0 ||
      head->length > 3)
    return 0;
  std::uint32_t tag = 0;
  for (const auto byte : data.first(head->length)) tag = tag << 8 | byte;
  data = data.subspan(head->length);
  return tag;
}

/// The tags 5Fxxxx are free to store in.
bool storable(std::uint32_t tag) { return tag >> 16 == 0x5F; }

}  // namespace

Answer Application::get_data(const Command& command) {
  if (command.p1p2() != kAnyObject) return refuse(Sw::wrong_parameters);
  ByteView data(command.data);
  const auto tag = take_tag(data);
  if (tag == 0 || !data.empty()) return refuse(Sw::wrong_data);
  if (tag == kDiscovery) return discovery();
  if (contains(kNeedPin, tag) && !session_.pin_verified) return refuse(Sw::security_status);
  const auto found = state_.objects.find(tag);
  if (found == state_.objects.end() || (hidden_ && contains(kLicenseSlots, tag)))
    return refuse(Sw::not_found);
  return found->second;
}

/// A chain's first part empties the object and every part is written as it comes, so that whatever
/// ends the chain leaves a part of the new content and nothing of the old. An unfinished chain
/// takes the next PUT DATA for its continuation, whatever object that one names, until SELECT.
Answer Application::put_data(const Command& command) {
  if (!session_.managed) return refuse(Sw::security_status);
  if (!session_.writing) return begin_object(command);
  const auto tag = *session_.writing;
  auto content = state_.objects[tag];
  content.insert(content.end(), command.data.begin(), command.data.end());
  if (!command.chained() || content.size() > kMaxObject) session_.writing.reset();
  if (content.size() > kMaxObject) return refuse(Sw::wrong_length);
  return store_object(tag, std::move(content));
}

Answer Application::begin_object(const Command& command) {
  if (command.p1p2() != kAnyObject) return refuse(Sw::wrong_parameters);
  ByteView data(command.data);
  const auto tag = take_tag(data);
  ByteView value = data;
  const auto head = take_head(value);
  if (!storable(tag) || !head || head->tag != kObjectData) return refuse(Sw::wrong_data);
  const bool whole = !command.chained();
  if (whole && (head->length != value.size() || data.size() > kMaxObject))
    return refuse(Sw::wrong_length);
  if (whole && head->length == 0) {
    auto next = state_;
    next.objects.erase(tag);
    return replace(std::move(next));
  }
  auto stored = store_object(tag, Bytes(data.begin(), data.end()));
  if (stored && !whole) session_.writing = tag;
  return stored;
}

Answer Application::store_object(std::uint32_t tag, Bytes content) {
  auto next = state_;
  next.objects[tag] = std::move(content);
  if (next.objects.size() > kMostObjects) return refuse(Sw::no_space);
  return replace(std::move(next));
}

}  // namespace latchkey::emulator::piv
