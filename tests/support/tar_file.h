#pragma once

#include <array>
#include <cstdio>
#include <numeric>
#include <string>
#include <string_view>

namespace latchkey::test {

inline constexpr std::size_t kTarBlock = 512;

/// One member of a tar archive as a forger writes it: no field need be true (POSIX ustar).
struct TarMember {
  std::string name;
  std::string content = {};
  char type = '0';
  std::string link = {};
  std::string size = {};  ///< in the header: octal digits; empty: the truth
  bool checksum = true;   ///< right
};

inline std::string tar_header(const TarMember& member) {
  std::string out(kTarBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    out.replace(at, text.size(), text);
  };
  std::array<char, 12> octal{};
  std::snprintf(octal.data(), octal.size(), "%011zo", member.content.size());
  put(0, member.name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, member.size.empty() ? octal.data() : member.size);
  put(136, "00000000000");
  put(148, "        ");
  put(156, std::string(1, member.type));
  put(157, member.link);
  put(257, std::string_view("ustar\00000", 8));
  const auto sum = std::accumulate(out.begin(), out.end(), 0U, [](unsigned s, char c) {
    return s + static_cast<std::uint8_t>(c);
  });
  std::snprintf(octal.data(), octal.size(), "%06o", member.checksum ? sum : sum + 1);
  put(148, std::string_view(octal.data(), 7));
  return out;
}

inline std::string tar_member(const TarMember& member) {
  auto out = tar_header(member) + member.content;
  out.resize((out.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
  return out;
}

inline const std::string kTarEnd(2 * kTarBlock, '\0');

}  // namespace latchkey::test
