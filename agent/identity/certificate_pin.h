#pragma once

#include <string>

struct x509_st;

namespace latchkey {

/// Lower-case hex SHA-256 of the certificate's SubjectPublicKeyInfo (RFC 7469 section 2.4 in hex).
std::string pin_of(x509_st* certificate);

}  // namespace latchkey
