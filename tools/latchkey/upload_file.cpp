#include "tools/latchkey/upload_file.h"

#include <fstream>
#include <iostream>

#include "core/license/package.h"

namespace latchkey::cli {
namespace {

Result<std::string> read_all(std::istream& in, const std::string& name) {
  std::string content(kMaxUpload + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || content.empty())
    return fail("unreadable-file", name + " cannot be read or is empty.",
                "Name the file that the vendor sent.");
  if (content.size() > kMaxUpload)
    return fail("invalid-format", name + " is larger than 16 MiB: nothing that a vendor sends is.",
                "Name the file that the vendor sent.");
  return content;
}

}  // namespace

Result<std::string> read_upload(const std::string& file) {
  if (file == "-") return read_all(std::cin, "Standard input");
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail("unreadable-file", file + " cannot be opened.", "Check its name and its rights.");
  return read_all(in, file);
}

}  // namespace latchkey::cli
