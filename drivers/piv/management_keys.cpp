#include "drivers/piv/management_keys.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "core/usbkey/key_id.h"
#include "drivers/usb/unix_socket.h"

namespace latchkey::piv {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

struct Form {
  ManagementAlgorithm algorithm;
  std::string_view name;
  std::size_t key_size;
  std::size_t block_size;
};

constexpr std::array kForms{
    Form{ManagementAlgorithm::des3, "3des", 24, 8},
    Form{ManagementAlgorithm::aes128, "aes128", 16, 16},
    Form{ManagementAlgorithm::aes192, "aes192", 24, 16},
    Form{ManagementAlgorithm::aes256, "aes256", 32, 16},
};

const Form& form_of(ManagementAlgorithm algorithm) {
  return *std::ranges::find(kForms, algorithm, &Form::algorithm);
}

/// The next word of `line`, which is cut behind it.
std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const auto word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

tl::unexpected<Error> bad_line(std::size_t number, const std::string& what) {
  return fail("invalid-management-keys", "Line " + std::to_string(number) + ": " + what + ".",
              "Write KEY-ID ALGORITHM HEX, e.g. LK-… aes192 and 48 hexadecimal digits.");
}

/// The file's text, if it is its owner's alone.
Result<std::string> read_private(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return fail("cannot-read", path + ": " + std::generic_category().message(errno) + ".",
                "Check the file name and its rights.");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail("insecure-management-keys", path + " can be read by others.",
                "Run `chmod 600 " + path + "`; if others had access, set new management keys.");
  std::string text(kMaxFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kMaxFile)
    return fail("cannot-read", path + " is longer than 1 MiB.", "Check the file name.");
  text.resize(size);
  return text;
}

}  // namespace

std::string_view to_string(ManagementAlgorithm algorithm) { return form_of(algorithm).name; }
std::size_t key_size(ManagementAlgorithm algorithm) { return form_of(algorithm).key_size; }
std::size_t block_size(ManagementAlgorithm algorithm) { return form_of(algorithm).block_size; }

std::optional<ManagementAlgorithm> parse_management_algorithm(std::string_view name) {
  const auto found = std::ranges::find(kForms, name, &Form::name);
  if (found == kForms.end()) return std::nullopt;
  return found->algorithm;
}

std::optional<ManagementAlgorithm> management_algorithm(std::uint8_t value) {
  const auto algorithm = static_cast<ManagementAlgorithm>(value);
  const auto found = std::ranges::find(kForms, algorithm, &Form::algorithm);
  if (found == kForms.end()) return std::nullopt;
  return algorithm;
}

ManagementKey factory_management_key() {
  ManagementKey out;
  for (std::size_t i = 0; i < key_size(out.algorithm); ++i)
    out.value.push_back(static_cast<std::uint8_t>(i % 8 + 1));
  return out;
}

Result<ManagementKey> new_management_key(ManagementAlgorithm algorithm, const FillRandom& random) {
  ManagementKey out{algorithm, Bytes(key_size(algorithm))};
  if (!random(out.value)) return fail("no-random", "The system gave no random numbers.");
  return out;
}

Result<ManagementKeys> ManagementKeys::parse(std::string_view text) {
  ManagementKeys out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto name = take_word(line);
    if (name.empty() || name.starts_with('#')) continue;
    const auto id = parse_key_id(name);
    if (!id) return bad_line(number, "no key ID");
    const auto algorithm = parse_management_algorithm(take_word(line));
    if (!algorithm) return bad_line(number, "no algorithm (3des, aes128, aes192, aes256)");
    auto value = from_hex(take_word(line));
    if (!value || value->size() != key_size(*algorithm))
      return bad_line(number, "no key of " + std::to_string(key_size(*algorithm)) + " bytes");
    if (!take_word(line).empty()) return bad_line(number, "more than three words");
    out.keys_[*id] = {*algorithm, *std::move(value)};
  }
  return out;
}

Result<ManagementKeys> ManagementKeys::load(const std::string& path) {
  LK_TRY(const auto text, read_private(path));
  auto out = parse(text);
  if (!out) out.error().message = path + ": " + out.error().message;
  return out;
}

std::string ManagementKeys::line(std::string_view key_id, const ManagementKey& key) {
  return std::string(key_id) + " " + std::string(to_string(key.algorithm)) + " " +
         to_hex(key.value) + "\n";
}

const ManagementKey* ManagementKeys::find(std::string_view key_id) const {
  const auto found = keys_.find(key_id);
  if (found != keys_.end()) return &found->second;
  return fallback_ ? &*fallback_ : nullptr;
}

}  // namespace latchkey::piv
