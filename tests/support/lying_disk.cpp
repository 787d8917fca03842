#include "tests/support/lying_disk.h"

#include <algorithm>
#include <cstring>

namespace latchkey::test {

/// What SQLite calls a file; it gives the memory.
struct LyingDisk::Handle {
  sqlite3_file base;
  LyingDisk* disk;
  std::shared_ptr<File>* file;
  int process;

  static Handle& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
  bool dead() const { return process != disk->process_; }
};

struct LyingDisk::Calls {
  static LyingDisk& disk(sqlite3_vfs* vfs) { return *static_cast<LyingDisk*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* flags_out);
  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    if (disk(vfs).gone_) return SQLITE_IOERR_DELETE;
    return disk(vfs).files_.erase(name) == 0 ? SQLITE_IOERR_DELETE_NOENT : SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    *out = disk(vfs).files_.count(name) != 0 ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_name(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    delete Handle::of(file).file;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int);
  static int size(sqlite3_file* file, sqlite3_int64* out) {
    *out = static_cast<sqlite3_int64>((*Handle::of(file).file)->seen.size());
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int is_locked(sqlite3_file*, int* out) {
    *out = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  static int character(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
};

int LyingDisk::Calls::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags,
                           int* flags_out) {
  static const sqlite3_io_methods methods = {1,       close,       read,      write,   truncate,
                                             sync,    size,        lock,      lock,    is_locked,
                                             control, sector_size, character, nullptr, nullptr,
                                             nullptr, nullptr,     nullptr,   nullptr};
  disk(vfs).gone_ = false;
  auto& known = disk(vfs).files_[name == nullptr ? "" : name];
  if (!known) known = std::make_shared<File>();
  auto& handle = Handle::of(out);
  handle.disk = &disk(vfs);
  handle.file = new std::shared_ptr<File>(known);
  handle.process = disk(vfs).process_;
  handle.base.pMethods = &methods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int LyingDisk::Calls::read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  const auto& seen = (*Handle::of(file).file)->seen;
  const auto at = std::min(static_cast<std::size_t>(offset), seen.size());
  const auto wanted = static_cast<std::size_t>(size);
  const auto there = std::min(wanted, seen.size() - at);
  std::memset(out, 0, wanted);
  std::copy_n(seen.begin() + static_cast<std::ptrdiff_t>(at), there,
              static_cast<std::uint8_t*>(out));
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int LyingDisk::Calls::write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  auto& handle = Handle::of(file);
  if (handle.dead() || handle.disk->read_only) return SQLITE_IOERR_WRITE;
  auto& content = **handle.file;
  const auto begin = static_cast<std::size_t>(offset);
  const auto end = begin + static_cast<std::size_t>(size);
  if (content.seen.size() < end) content.seen.resize(end);
  std::memcpy(content.seen.data() + begin, data, end - begin);
  for (auto page = begin / kPage; page * kPage < end; ++page) content.dirty.insert(page);
  return SQLITE_OK;
}

/// Lasts at once: file systems keep sizes in a journal of their own.
int LyingDisk::Calls::truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& handle = Handle::of(file);
  if (handle.dead() || handle.disk->read_only) return SQLITE_IOERR_TRUNCATE;
  auto& content = **handle.file;
  const auto end = static_cast<std::size_t>(size);
  content.seen.resize(end);
  content.kept.resize(std::min(content.kept.size(), end));
  std::erase_if(content.dirty, [end](std::size_t page) { return page * kPage >= end; });
  return SQLITE_OK;
}

int LyingDisk::Calls::sync(sqlite3_file* file, int) {
  auto& handle = Handle::of(file);
  auto& disk = *handle.disk;
  if (handle.dead()) return SQLITE_IOERR_FSYNC;
  auto& content = **handle.file;
  if (disk.sync_fails()) {
    ++disk.failed;
    disk.lose(content);
    return SQLITE_IOERR_FSYNC;
  }
  for (const auto page : content.dirty) keep(content, page);
  content.dirty.clear();
  return SQLITE_OK;
}

LyingDisk::LyingDisk(std::uint32_t seed)
    : dice_(seed), vfs_(std::make_unique<sqlite3_vfs>(*sqlite3_vfs_find(nullptr))) {
  vfs_->szOsFile = sizeof(Handle);
  vfs_->pNext = nullptr;
  vfs_->zName = "lying-disk";
  vfs_->pAppData = this;
  vfs_->xOpen = Calls::open;
  vfs_->xDelete = Calls::remove;
  vfs_->xAccess = Calls::access;
  vfs_->xFullPathname = Calls::full_name;
  sqlite3_vfs_register(vfs_.get(), 1);
}

LyingDisk::~LyingDisk() { sqlite3_vfs_unregister(vfs_.get()); }

void LyingDisk::keep(File& file, std::size_t page) {
  const auto begin = page * kPage, end = std::min(begin + kPage, file.seen.size());
  if (begin >= end) return;
  if (file.kept.size() < end) file.kept.resize(end);
  std::copy(file.seen.begin() + static_cast<std::ptrdiff_t>(begin),
            file.seen.begin() + static_cast<std::ptrdiff_t>(end),
            file.kept.begin() + static_cast<std::ptrdiff_t>(begin));
}

void LyingDisk::lose(File& file) {
  for (const auto page : file.dirty)
    if (toss()) keep(file, page);
  file.dirty.clear();
}

void LyingDisk::cut_power() {
  kill_process();
  for (auto& [name, file] : files_) {
    lose(*file);
    file->seen = file->kept;
  }
}

}  // namespace latchkey::test
