#pragma once

#include <functional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace latchkey {

/// Hands each plain file of a tar archive (POSIX.1-2001 pax, ustar, GNU) in memory to `take`: its
/// relative name without empty parts and `.`, and its content of at most `max_file` bytes.
/// Refuses everything else that unpack() does. Errors: `invalid-format`; those of `take`, which end
/// the reading.
Result<void> read_tar(ByteView tar, std::size_t max_file,
                      const std::function<Result<void>(std::string name, Bytes content)>& take);

/// Whether this starts as a tar archive does.
bool is_tar(ByteView bytes);

/// `name` as it may be shown: printable ASCII, at most 128 bytes.
std::string shown_name(std::string_view name);

/// Why a package is not taken. Error: `invalid-format`.
tl::unexpected<Error> damaged_package(std::string message);
tl::unexpected<Error> unfit_package(std::string message);

}  // namespace latchkey
