#include "tools/latchkey/bundle/bundle.h"

#include "core/base/deflate.h"
#include "core/license/tar_writer.h"
#include "latchkey_version.h"

namespace latchkey::cli {
namespace {

constexpr const char* kFolder = "latchkey-support/";

std::string index_of(const Bundle& bundle, Time now) {
  std::string text = "Latchkey support bundle\n\nMade " + format_time(now) + " by latchkey " +
                     kVersion +
                     ". It holds no private key, token, password or session.\n"
                     "Look through it before you send it; every file is text.\n\n";
  for (const auto& file : bundle.files) {
    const auto padding = file.name.size() < 20 ? 20 - file.name.size() : 1;
    text += file.name + std::string(padding, ' ') + file.says + '\n';
  }
  text += bundle.notes.empty() ? "\nNothing is missing.\n" : "\nNot in it:\n";
  for (const auto& note : bundle.notes) text += "- " + note + '\n';
  return text;
}

}  // namespace

Result<Bytes> pack(const Bundle& bundle, Time now) {
  const auto index = index_of(bundle, now);
  std::vector<TarFile> files{{std::string(kFolder) + "index.txt", as_bytes(index)}};
  for (const auto& file : bundle.files)
    files.push_back({kFolder + file.name, as_bytes(file.content)});
  LK_TRY(const auto tar, write_tar(files, now));
  return deflate(tar, Wrapper::gzip);
}

}  // namespace latchkey::cli
