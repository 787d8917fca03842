#include "core/license/package.h"

#include <algorithm>
#include <cstdlib>

#include "core/base/deflate.h"
#include "core/license/envelope.h"

// What a person uploads: the bytes as they are, and as the tar archive in a gzip'ed one, whose
// checksum the fuzzer could not guess. Nothing comes out that is beyond a bound, and the documents
// of a package are the same when they come as a text.
namespace {

using namespace latchkey;

void require(bool holds) {
  if (!holds) std::abort();
}

bool printable(char c) { return c >= 0x20 && c <= 0x7e; }

void check(const PackagedDocument& document) {
  require(!document.name.empty() && document.name.size() <= 128);
  require(std::ranges::all_of(document.name, printable));
  require(document.envelope.size() <= kMaxEnvelopeSize);
  const auto envelope = parse_envelope(document.envelope);
  require(document.type == (envelope ? envelope->payload_type : ""));
}

std::string as_one_text(const std::vector<PackagedDocument>& documents) {
  std::string out;
  for (const auto& document : documents)
    if (!document.type.empty()) out.append(as_text(document.envelope)).append("\n");
  return out;
}

void try_upload(ByteView upload) {
  const auto documents = unpack(upload);
  if (!documents) return require(documents.error().code == "invalid-format");
  require(!documents->empty() && documents->size() <= kMaxPackaged);
  for (const auto& document : *documents) check(document);
  const auto text = as_one_text(*documents);
  if (text.empty()) return;
  require(as_one_text(unpack(as_bytes(text)).value()) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  try_upload(bytes);
  try_upload(deflate(bytes, Wrapper::gzip));
  return 0;
}
