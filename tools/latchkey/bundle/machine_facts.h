#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tools/latchkey/bundle/bundle.h"

namespace latchkey::cli {

/// Adds `versions.txt`: of latchkey, the libraries, the kernel and the distribution.
void add_versions(const std::filesystem::path& os_release, Bundle& bundle);
/// Adds `clock.txt`: the wall clock, the time since the start, whether it is kept by NTP.
void add_clock(Bundle& bundle);
/// Adds `files.txt`: of each of `paths`, and of what lies directly in one that is a folder, owner,
/// mode and size; and `disk.txt`: the room on the disks that they are on.
void add_files(std::span<const std::filesystem::path> paths, Bundle& bundle);
/// Adds `usb.txt`: what is on the USB by `sys` (/sys), without serial numbers.
void add_usb(const std::filesystem::path& sys, Bundle& bundle);

}  // namespace latchkey::cli
