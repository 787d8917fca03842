#include "tools/latchkey/bundle/sweep.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "tools/files/files.h"

namespace latchkey::cli {
namespace {

constexpr std::string_view kRemoved = "(removed)";
constexpr std::size_t kLeastBytes = 16, kLeastText = 8, kLeastRun = 32;
constexpr std::size_t kLargestSecret = 64 * 1024;

bool is_base64(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '-' ||
         c == '_';
}

/// Base64 and tokens mix what hashes, ids and names of files do not.
bool looks_random(std::string_view run) {
  const auto has = [run](int (*kind)(int)) {
    return std::ranges::any_of(run, [kind](unsigned char c) { return kind(c) != 0; });
  };
  return run.size() >= kLeastRun && has(&std::isupper) && has(&std::islower) && has(&std::isdigit);
}

/// A path is judged by its parts.
bool is_secret(std::string_view run) {
  if (!run.starts_with('/')) return looks_random(run);
  while (!run.empty()) {
    const auto end = std::min(run.find('/'), run.size());
    if (looks_random(run.substr(0, end))) return true;
    run.remove_prefix(std::min(end + 1, run.size()));
  }
  return false;
}

/// Where the passage that starts at `begin` ends.
using End = std::size_t (*)(std::string_view text, std::size_t begin);

std::size_t end_of_block(std::string_view text, std::size_t begin) {
  constexpr std::string_view kEnd = "-----END ";
  const auto last = text.find(kEnd, begin);
  const auto dashes =
      last == std::string_view::npos ? last : text.find("-----", last + kEnd.size());
  return dashes == std::string_view::npos ? text.size() : dashes + 5;
}

std::size_t end_of_word(std::string_view text, std::size_t begin) {
  return std::min(text.find_first_of(" \t\r\n\"',;", begin), text.size());
}

std::size_t remove_from(std::string& text, std::string_view mark, std::string_view inside,
                        End end) {
  std::size_t count = 0;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto line = std::string_view(text).substr(at, 64);
    if (line.find(inside) == std::string_view::npos) continue;
    text.replace(at, end(text, at) - at, kRemoved);
    ++count;
  }
  return count;
}

std::size_t remove_runs(std::string& text) {
  std::string out;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_base64) -
        text.begin());
    const auto run = std::string_view(text).substr(at, end - at);
    const bool secret = is_secret(run);
    count += secret ? 1 : 0;
    out += secret ? kRemoved : run;
    if (end < text.size()) out += text[end];
    at = end + 1;
  }
  text = std::move(out);
  return count;
}

std::size_t remove_known(std::string& text, const std::string& secret) {
  std::size_t count = 0;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kRemoved);
    ++count;
  }
  return count;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// The private values in PKCS#8 (RFC 5958): octet strings of 32 or 48 bytes.
void know_inside(Sweep& sweep, ByteView der) {
  for (std::size_t at = 0; at + 2 < der.size(); ++at)
    if (der[at] == 0x04 && (der[at + 1] == 32 || der[at + 1] == 48) &&
        at + 2 + der[at + 1] <= der.size())
      sweep.know(der.subspan(at + 2, der[at + 1]));
}

}  // namespace

void Sweep::know(ByteView secret) {
  if (secret.size() < kLeastBytes) return;
  const auto hex = to_hex(secret);
  for (auto& form :
       {std::string(as_text(secret)), hex, upper(hex), to_base64(secret), to_base64url(secret)})
    known_.insert(form);
}

void Sweep::know_text(std::string_view secret) {
  if (secret.size() >= kLeastText) known_.emplace(secret);
}

bool Sweep::know_file(const std::filesystem::path& file) {
  const auto text = tool::read_file(file, kLargestSecret);
  if (!text) return false;
  std::istringstream lines(*text);
  std::string block;
  for (std::string line; std::getline(lines, line);) {
    const auto word = line.substr(line.rfind(' ') + 1);
    if (line.starts_with("-----BEGIN")) block.clear();
    if (line.starts_with('-') || line.starts_with('#') || word.size() < 2 * kLeastBytes) {
      block += line.starts_with('-') ? "" : line;
    } else {
      know_text(word);
      if (const auto bytes = from_hex(word)) know(*bytes);
      block += line;
    }
    if (!line.starts_with("-----END")) continue;
    if (const auto der = from_base64(block)) {
      know(*der);
      know_inside(*this, *der);
    }
  }
  return true;
}

std::size_t Sweep::clean(std::string& text) const {
  std::size_t count = 0;
  for (const auto& secret : known_) count += remove_known(text, secret);
  count += remove_from(text, "-----BEGIN ", "PRIVATE KEY-----", end_of_block);
  count += remove_from(text, "scrypt:", "", end_of_word);
  return count + remove_runs(text);
}

}  // namespace latchkey::cli
