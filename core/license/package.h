#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/license/envelope.h"

namespace latchkey {

// What a person uploads (DESIGN 3): a gzip'ed tar archive of envelopes, or a text with one or
// several envelopes (JSON objects) one after another. 10,000 documents of a usual size fit.
inline constexpr std::size_t kMaxUpload = 16 * 1024 * 1024;    ///< bytes, as uploaded
inline constexpr std::size_t kMaxUnpacked = 64 * 1024 * 1024;  ///< bytes of the tar archive
inline constexpr std::size_t kMaxUnpackRatio = 100;            ///< beyond the first MiB
inline constexpr std::size_t kMaxPackaged = 16'384;            ///< documents, or files and folders

struct PackagedDocument {
  /// For people: the file's name in the archive, else `document N`, counted from 1. Printable
  /// ASCII, at most 128 bytes.
  std::string name;
  /// Without the white space around it, so that one document has one content hash in every form.
  /// The signature does not cover how the JSON is written: who must know a document again goes by
  /// its payload or its id.
  Bytes envelope;
  /// The payload type that it claims, verified by nobody; empty: it is no envelope.
  std::string type;
  std::optional<Envelope> parsed = {};  ///< `envelope` taken apart; none: it is no envelope
};

/// The documents in the order in which they stand there, at least one. Hostile input: a file that
/// is no envelope is left for the caller to refuse by its name, but nothing is taken of a package
/// that is damaged, beyond a bound, or holds anything but plain files and folders under relative
/// names: links, devices, sparse files, archives, a name twice. Takes long enough (0.1 s and more)
/// for a worker thread. Error: `invalid-format`.
Result<std::vector<PackagedDocument>> unpack(ByteView upload);

}  // namespace latchkey
