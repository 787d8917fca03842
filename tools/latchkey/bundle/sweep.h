#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace latchkey::cli {

/// The last look over what goes into a bundle. Nothing should be left to find: what a bundle tells
/// is chosen (pick.h), and this is for what somebody typed where it does not belong, such as a
/// token as the reason of a release.
class Sweep {
 public:
  /// A secret of this machine, from 16 bytes on: it is looked for raw, in hexadecimal and in
  /// base64.
  void know(ByteView secret);
  void know_text(std::string_view secret);  ///< from 8 characters on
  /// The keys in a file of PEM blocks or of management keys. False: it cannot be read.
  bool know_file(const std::filesystem::path& file);

  /// Takes out the secrets that it knows, and whatever looks like one: private keys in PEM, scrypt
  /// verifiers, runs of 32 characters and more as tokens, cookies and base64 have them. How many.
  std::size_t clean(std::string& text) const;

 private:
  /// One may be a part of another one.
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() == b.size() ? a < b : a.size() > b.size();
    }
  };
  std::set<std::string, LongestFirst> known_;
};

}  // namespace latchkey::cli
