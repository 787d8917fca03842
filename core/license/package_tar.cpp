#include "core/license/package_tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <set>

#include "core/license/package.h"

namespace latchkey {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxShown = 128;

struct Close {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, Close>;

tl::unexpected<Error> damaged(archive* reader) {
  const char* why = archive_error_string(reader);
  return damaged_package("The archive is damaged or cut short (" +
                         shown_name(why != nullptr ? why : "no more is known") + ").");
}

/// A name that stays in its folder, without empty parts and `.`; empty: the folder itself.
Result<std::string> safe_name(archive_entry* entry) {
  // Which of the two is there depends on the header's kind and on the process's locale.
  const char* raw = archive_entry_pathname(entry);
  if (raw == nullptr) raw = archive_entry_pathname_utf8(entry);
  if (raw == nullptr) return unfit_package("The archive has a file whose name cannot be read.");
  const std::string_view name(raw);
  const auto refuse = [&](std::string_view why) {
    return unfit_package("The archive has the file `" + shown_name(name) + "`, " +
                         std::string(why) + ".");
  };
  if (name.starts_with('/')) return refuse("whose name is absolute");
  std::string out;
  for (auto rest = name; !rest.empty();) {
    const auto part = rest.substr(0, rest.find('/'));
    if (part == "..") return refuse("whose name leaves the package");
    if (!part.empty() && part != ".") out.append(out.empty() ? "" : "/").append(part);
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  return out;
}

/// Only plain files and folders: everything else is a trick or a mistake.
Result<void> check_kind(archive_entry* entry, const std::string& name) {
  const auto refuse = [&](std::string_view what) {
    return unfit_package("The archive has `" + shown_name(name) + "`, which is " +
                         std::string(what) + ".");
  };
  const auto type = archive_entry_filetype(entry);
  if (archive_entry_hardlink(entry) != nullptr || archive_entry_hardlink_utf8(entry) != nullptr)
    return refuse("a hard link");
  if (type == AE_IFLNK) return refuse("a symbolic link");
  if (archive_entry_sparse_count(entry) > 0) return refuse("a sparse file");
  if (type != AE_IFREG && type != AE_IFDIR) return refuse("neither a file nor a folder");
  return {};
}

Result<Bytes> content_of(archive* reader, archive_entry* entry, const std::string& name,
                         std::size_t max) {
  const auto size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > max)
    return unfit_package("The archive has `" + shown_name(name) + "`, which is larger than " +
                         std::to_string(max) + " bytes.");
  Bytes out(static_cast<std::size_t>(size));
  for (std::size_t have = 0; have < out.size();) {
    const auto count = archive_read_data(reader, out.data() + have, out.size() - have);
    if (count <= 0) return damaged(reader);
    have += static_cast<std::size_t>(count);
  }
  return out;
}

/// The archive ends as it should, with two empty blocks, and only padding follows: what an
/// unpacking program would not see must not travel with it.
Result<void> check_end(archive* reader, ByteView tar) {
  const auto end = static_cast<std::size_t>(archive_filter_bytes(reader, 0));
  const auto is_empty = [](ByteView blocks) {
    return std::ranges::all_of(blocks, [](auto byte) { return byte == 0; });
  };
  if (end < 2 * kBlock || end > tar.size() || !is_empty(tar.subspan(end - 2 * kBlock)))
    return damaged_package("The archive has no proper end, or something follows it.");
  return {};
}

}  // namespace

Result<void> read_tar(ByteView tar, std::size_t max_file,
                      const std::function<Result<void>(std::string, Bytes)>& take) {
  const Reader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK)
    return damaged(reader.get());
  std::set<std::string> names;
  for (std::size_t count = 0;; ++count) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return check_end(reader.get(), tar);
    // A warning is about a name in another alphabet or an attribute that means nothing here.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return damaged(reader.get());
    if (count == kMaxPackaged)
      return unfit_package("The archive has more than " + std::to_string(kMaxPackaged) +
                           " files and folders.");
    LK_TRY(const auto name, safe_name(entry));
    LK_CHECK(check_kind(entry, name));
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    if (name.empty()) return unfit_package("The archive has a file without a name.");
    if (!names.insert(name).second)
      return unfit_package("The archive has `" + shown_name(name) + "` twice.");
    LK_TRY(auto content, content_of(reader.get(), entry, name, max_file));
    LK_CHECK(take(name, std::move(content)));
  }
}

bool is_tar(ByteView bytes) {
  constexpr std::size_t kMagicAt = 257;  // POSIX and GNU alike
  if (bytes.size() < kBlock || as_text(bytes.subspan(kMagicAt, 5)) != "ustar") return false;
  // A text may say so as well, but its numbers do not end with zero bytes.
  return std::ranges::find(bytes.first(kBlock), 0) != bytes.first(kBlock).end();
}

std::string shown_name(std::string_view name) {
  std::string out(name.substr(0, kMaxShown));
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

tl::unexpected<Error> damaged_package(std::string message) {
  return fail("invalid-format", std::move(message),
              "Obtain the package again; if it was copied or sent by mail, as a binary file.");
}

tl::unexpected<Error> unfit_package(std::string message) {
  return fail("invalid-format", std::move(message),
              "Ask the vendor for the package again; `latchkey-vendor package` makes one that "
              "every agent takes.");
}

}  // namespace latchkey
