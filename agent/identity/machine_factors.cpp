#include "agent/identity/machine_factors.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>

#include "agent/identity/identity.h"
#include "agent/identity/tpm.h"
#include "core/base/hmac.h"
#include "core/deployment/fingerprint.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxValue = 4096;  // a page: what sysfs can say
constexpr std::size_t kIdBytes = 16;
constexpr std::chrono::seconds kTpmPatience{2};

// Ours, made once with `systemd-id128 new`: another application derives another id.
constexpr std::array<std::uint8_t, kIdBytes> kApplication{
    0xcd, 0xe8, 0x21, 0xfd, 0x08, 0x08, 0x47, 0xc9, 0xbc, 0x4d, 0xa4, 0x35, 0x7c, 0xee, 0xa7, 0xde};

std::string tidied(std::string_view text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0 || c == '\0'; };
  const auto* first = std::find_if_not(text.begin(), text.end(), is_space);
  const auto last = std::find_if_not(text.rbegin(), text.rend(), is_space).base();
  std::string out(first, std::max(first, last));
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// What makers write where nothing was assigned; it is the same in many machines.
bool is_placeholder(std::string_view value) {
  static constexpr std::array<std::string_view, 9> kKnown{"none",
                                                          "n/a",
                                                          "default string",
                                                          "not specified",
                                                          "not applicable",
                                                          "to be filled by o.e.m.",
                                                          "system serial number",
                                                          "base board serial number",
                                                          "unknown"};
  const auto says_nothing = [](char c) {
    return std::string_view("0f-. x").find(c) != std::string_view::npos;
  };
  return std::ranges::all_of(value, says_nothing) ||
         std::ranges::find(kKnown, value) != kKnown.end();
}

/// As sd_id128_get_machine_app_specific(3) does, which cannot be told another file: HMAC-SHA256 of
/// the application's id under the machine's, as a version 4 UUID (RFC 9562 5.4). The raw id is not
/// to be shown to anybody: machine-id(5).
std::optional<std::string> app_specific(std::string_view machine_id) {
  const auto id = from_hex(machine_id);
  if (!id || id->size() != kIdBytes) return std::nullopt;
  Digest mac;
  if (!HmacSha256(*id).mac(kApplication, mac)) return std::nullopt;
  mac[6] = (mac[6] & 0x0f) | 0x40;
  mac[8] = (mac[8] & 0x3f) | 0x80;
  return to_hex(ByteView(mac).first(kIdBytes));
}

class Reader {
 public:
  /// The first of `files` that says something. Else, if one may not be read and no other was, it is
  /// noted: where systemd handed us "None", the file that it read says no more to us.
  std::optional<std::string> first_of(std::string_view factor,
                                      const std::vector<std::filesystem::path>& files) {
    bool refused = false;
    bool was_read = false;
    for (const auto& file : files) {
      const auto text = read_small_file(file, kMaxValue);
      refused |= !text && text.error().code != "file-missing";
      was_read |= text.has_value();
      if (!text) continue;
      if (auto value = tidied(*text); !is_placeholder(value)) return value;
    }
    if (refused && !was_read) out.unreadable.emplace_back(factor);
    return std::nullopt;
  }
  void tpm(const std::filesystem::path& device) {
    const auto key = read_endorsement_key(device, kTpmPatience);
    if (key) take(kTpmFactor, content_hash(*key));
    if (!key && key.error() == TpmFault::refused) out.unreadable.emplace_back(kTpmFactor);
  }
  void take(std::string_view factor, std::optional<std::string> value) {
    if (value) out.values.emplace(factor, *std::move(value));
  }

  MachineFactors out;
};

}  // namespace

MachineSources system_sources() {
  MachineSources sources;
  if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY")) sources.credentials = directory;
  return sources;
}

MachineFactors read_machine_factors(const MachineSources& sources) {
  Reader reader;
  if (const auto id = reader.first_of(kMachineIdFactor, {sources.machine_id}))
    reader.take(kMachineIdFactor, app_specific(*id));
  const auto dmi = [&](std::string_view factor, const char* file) {
    std::vector<std::filesystem::path> files{sources.dmi / file};
    if (!sources.credentials.empty()) files.insert(files.begin(), sources.credentials / file);
    reader.take(factor, reader.first_of(factor, files));
  };
  dmi(kDmiUuidFactor, "product_uuid");
  dmi(kBoardSerialFactor, "board_serial");
  reader.tpm(sources.tpm);
  return std::move(reader.out);
}

}  // namespace latchkey
