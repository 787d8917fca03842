#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/keys.h"

// What sets the algorithms of keys.h apart; for its own .cpp files.
namespace latchkey {

struct KeyForm {
  KeyAlgorithm algorithm;
  std::string_view name;
  std::string_view prefix;  ///< hex of everything before the key's own bytes
  std::size_t size;         ///< of the whole SubjectPublicKeyInfo
  const char* curve;        ///< OpenSSL's name; null: not ECDSA
  const char* hash;         ///< of a message; null: the algorithm brings its own
};

const KeyForm& form_of(KeyAlgorithm algorithm);

}  // namespace latchkey
