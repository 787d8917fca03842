#include "tools/latchkey/upload_file.h"

#include <fstream>
#include <iostream>

namespace latchkey::cli {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;  // what the agent takes in one request

Result<std::string> read_all(std::istream& in, const std::string& name) {
  std::string content(kMaxFile + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad() || content.empty())
    return fail("unreadable-file", name + " cannot be read or is empty.",
                "Name the file that the vendor sent.");
  if (content.size() > kMaxFile)
    return fail("invalid-format", name + " is larger than 1 MiB: nothing that a vendor sends is.",
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
