#include "core/license/package.h"

#include "core/base/deflate.h"
#include "core/base/text.h"
#include "core/license/envelope.h"
#include "core/license/package_tar.h"

namespace latchkey {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::string_view kMark = "\xEF\xBB\xBF";  // what some editors put before UTF-8
constexpr std::string_view kGzip = "\x1F\x8B";

bool is_gzip(ByteView bytes) { return as_text(bytes).starts_with(kGzip); }

PackagedDocument document_of(std::string name, std::string_view text) {
  const auto bytes = as_bytes(trimmed(text));
  auto envelope = parse_envelope(bytes);
  PackagedDocument out{std::move(name), Bytes(bytes.begin(), bytes.end()), {}};
  if (!envelope) return out;
  out.type = envelope->payload_type;
  out.parsed = std::move(*envelope);
  return out;
}

tl::unexpected<Error> explain(InflateFault fault, std::size_t most) {
  switch (fault) {
    case InflateFault::too_large:
      return unfit_package("The package unpacks to more than the " + std::to_string(most) +
                           " bytes that one of its size may.");
    case InflateFault::followed:
      return damaged_package("Something follows the end of the package.");
    case InflateFault::damaged:
      break;
  }
  return damaged_package("The package is damaged or cut short: it cannot be decompressed.");
}

Result<std::vector<PackagedDocument>> unpack_archive(ByteView upload) {
  const auto most = std::min(kMaxUnpacked, std::max(kMiB, upload.size() * kMaxUnpackRatio));
  const auto tar = inflate(upload, Wrapper::gzip, most);
  if (!tar) return explain(tar.error(), most);
  if (is_gzip(*tar)) return unfit_package("The package is compressed twice.");
  std::vector<PackagedDocument> out;
  LK_CHECK(read_tar(*tar, kMaxEnvelopeSize, [&](std::string name, Bytes content) -> Result<void> {
    if (is_gzip(content) || is_tar(content))
      return unfit_package("The archive has `" + shown_name(name) + "`, which is an archive.");
    out.push_back(document_of(shown_name(name), as_text(content)));
    return {};
  }));
  return out;
}

/// How long the JSON object is with which `text` starts; 0: it does not end.
std::size_t object_size(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == '{')
      ++depth;
    else if (!quoted && c == '}' && --depth == 0)
      return i + 1;
  }
  return 0;
}

Result<std::vector<PackagedDocument>> split_text(std::string_view text) {
  std::vector<PackagedDocument> out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    auto name = "document " + std::to_string(out.size() + 1);
    if (!text.starts_with('{'))
      return damaged_package(out.empty() ? "This is neither a license nor a package."
                                         : "Before " + name + " stands what is no license.");
    const auto size = object_size(text);
    if (size == 0) return damaged_package("The text ends within " + name + ".");
    if (size > kMaxEnvelopeSize)
      return unfit_package("The text has a document of more than " +
                           std::to_string(kMaxEnvelopeSize) + " bytes, " + name + ".");
    if (out.size() == kMaxPackaged)
      return unfit_package("The text has more than " + std::to_string(kMaxPackaged) +
                           " documents.");
    out.push_back(document_of(std::move(name), text.substr(0, size)));
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

Result<std::vector<PackagedDocument>> unpack(ByteView upload) {
  if (upload.size() > kMaxUpload)
    return unfit_package("Larger than " + std::to_string(kMaxUpload) + " bytes.");
  if (is_tar(upload))
    return fail("invalid-format", "This archive is not compressed.", "Compress it with `gzip`.");
  auto text = as_text(upload);
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  LK_TRY(auto out, is_gzip(upload) ? unpack_archive(upload) : split_text(text));
  if (out.empty()) return damaged_package("There is no document in it.");
  return out;
}

}  // namespace latchkey
