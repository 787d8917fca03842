#include "core/license/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

namespace latchkey {
namespace {

struct CloseArchive {
  void operator()(archive* writer) const { archive_write_free(writer); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t count) {
  const auto* begin = static_cast<const std::uint8_t*>(bytes);
  auto& tar = *static_cast<Bytes*>(out);
  tar.insert(tar.end(), begin, begin + count);
  return static_cast<la_ssize_t>(count);
}

Result<void> add(archive* writer, const TarFile& file, std::time_t at) {
  const std::unique_ptr<archive_entry, CloseArchive> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), file.name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), at, 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
  if (archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
      archive_write_data(writer, file.content.data(), file.content.size()) ==
          static_cast<la_ssize_t>(file.content.size()))
    return {};
  return fail("invalid-format", file.name + ": " + archive_error_string(writer) + ".");
}

}  // namespace

Result<Bytes> write_tar(std::span<const TarFile> files, Time at) {
  Bytes out;
  const std::unique_ptr<archive, CloseArchive> writer(archive_write_new());
  archive_write_set_format_ustar(writer.get());
  archive_write_open(writer.get(), &out, nullptr, append, nullptr);
  const auto seconds =
      std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  for (const auto& file : files) LK_CHECK(add(writer.get(), file, seconds));
  archive_write_close(writer.get());
  return out;
}

}  // namespace latchkey
