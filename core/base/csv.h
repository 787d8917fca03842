#pragma once

#include <span>
#include <string>

namespace latchkey {

/// Appends one record of RFC 4180, ended by CR LF. Values come from uploads and keys, and people
/// open such files with a spreadsheet: one that a spreadsheet would take for a formula (it begins
/// with
/// `=`, `+`, `-`, `@`, a tab or a carriage return) gets an apostrophe in front, which shows it as
/// text.
void append_csv_row(std::string& out, std::span<const std::string> values);

}  // namespace latchkey
