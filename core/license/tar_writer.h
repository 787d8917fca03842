#pragma once

#include <span>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey {

struct TarFile {
  std::string name;  ///< at most 100 bytes, relative
  ByteView content;
};

/// A tar archive (ustar) of plain files, in this order, mode 0644, of nobody in particular, all of
/// them written `at`: the same bytes for the same files. Error: `invalid-format`.
Result<Bytes> write_tar(std::span<const TarFile> files, Time at);

}  // namespace latchkey
