#pragma once

#include <chrono>
#include <filesystem>
#include <tl/expected.hpp>

#include "core/base/bytes.h"

namespace latchkey {

enum class TpmFault {
  absent,     ///< no such device, or it has no endorsement key at the usual handle
  refused,    ///< this process may not open it
  no_answer,  ///< not in time, or what is no answer to the question
};

/// The public area (TPMT_PUBLIC, TPM 2.0 Library part 2, 12.2.4) of the RSA endorsement key at its
/// persistent handle 0x81010001 (TCG Registry of Reserved Handles), which no other TPM has. One
/// command, TPM2_ReadPublic (part 3, 12.4), that needs no authorisation and changes nothing; a TPM
/// whose key was never made persistent is left alone, since making one takes seconds and rights.
/// `device` is a character device of the kernel's resource manager. Blocks up to `patience`.
tl::expected<Bytes, TpmFault> read_endorsement_key(const std::filesystem::path& device,
                                                   std::chrono::milliseconds patience);

}  // namespace latchkey
