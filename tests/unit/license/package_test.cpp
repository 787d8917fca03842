#include "core/license/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/deflate.h"
#include "core/license/envelope.h"
#include "tests/support/sample_vendor.h"
#include "tests/support/tar_file.h"

namespace latchkey::test {
namespace {

using ::testing::HasSubstr;

const std::string kEnvelope =
    R"({"payload":"e30=","payloadType":"application/x","signatures":[{"sig":"AA=="}]})";
const std::string kBundle =
    R"({"payload":"e30=","payloadType":"application/y","signatures":[{"sig":"AA=="}]})";

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

Bytes gzipped(std::string_view tar) { return deflate(as_bytes(tar), Wrapper::gzip); }
Bytes package(const std::vector<TarMember>& members, std::string_view end = kTarEnd) {
  std::string tar;
  for (const auto& member : members) tar += tar_member(member);
  return gzipped(tar.append(end));
}

/// `NAME TYPE` of each document, or the refusal.
std::vector<std::string> outline(ByteView upload) {
  const auto documents = unpack(upload);
  if (!documents) return {documents.error().code, documents.error().message};
  std::vector<std::string> out;
  for (const auto& document : *documents) out.push_back(document.name + " " + document.type);
  return out;
}
std::vector<std::string> outline(std::string_view text) { return outline(as_bytes(text)); }

using Outline = std::vector<std::string>;

TEST(Package, ATextHoldsOneOrSeveralDocuments) {
  const Outline both{"document 1 application/x", "document 2 application/y"};
  EXPECT_EQ(outline(kEnvelope), Outline{"document 1 application/x"});
  EXPECT_EQ(outline(kEnvelope + kBundle), both);
  EXPECT_EQ(outline("\r\n " + kEnvelope + "\n\n\t" + kBundle + "\n"), both);
  EXPECT_EQ(outline("\xEF\xBB\xBF" + kEnvelope), Outline{"document 1 application/x"});
}

// A document is known again in every form: the white space around it does not count.
TEST(Package, ADocumentIsTheSameBytesInEveryForm) {
  const auto text = unpack(as_bytes("\n" + kEnvelope + "\r\n")).value();
  const auto packed = unpack(package({{"a.json", kEnvelope + "\n"}})).value();
  EXPECT_EQ(text_of(text.at(0).envelope), kEnvelope);
  EXPECT_EQ(packed.at(0).envelope, text.at(0).envelope);
}

TEST(Package, BracesAndQuotesWithinATextEndNothing) {
  const std::string tricky = R"({"payload":"} \" { \\","payloadType":"x","signatures":[{}]})";
  EXPECT_EQ(outline(tricky + kEnvelope), (Outline{"document 1 ", "document 2 application/x"}));
}

// SPEC LIC-6
TEST(Package, ATextThatSaysWhereAnArchiveDoesThatItIsOneIsAText) {
  std::string text = kEnvelope;
  text.insert(1, std::string(256, ' ')).insert(257, R"("ustar":1,)").append(300, '\n');
  text.erase(1, 1);
  ASSERT_EQ(text.substr(257, 5), "ustar");
  EXPECT_EQ(outline(text).front().substr(0, 10), "document 1");
}

TEST(Package, AnArchiveHoldsDocumentsInItsOrder) {
  EXPECT_EQ(
      outline(package(
          {{"licenses/", "", '5'}, {"licenses/b.json", kBundle}, {"./a.json", kEnvelope + "\n"}})),
      (Outline{"licenses/b.json application/y", "a.json application/x"}));
}

// SPEC LIC-6: the rest of the package is not lost for it.
TEST(Package, AFileThatIsNoEnvelopeIsLeftForTheCallerToRefuse) {
  const auto documents =
      unpack(package({{"README.txt", "Dear customer"}, {"empty", ""}, {"a.json", kEnvelope}}));
  ASSERT_TRUE(documents) << documents.error().message;
  ASSERT_EQ(documents->size(), 3U);
  EXPECT_EQ(documents->at(0).name, "README.txt");
  EXPECT_EQ(documents->at(0).type, "");
  EXPECT_EQ(text_of(documents->at(0).envelope), "Dear customer");
  EXPECT_EQ(documents->at(2).type, "application/x");
}

TEST(Package, NamesAreMadeFitToBeShown) {
  const std::string name = "\x1b[2Jl\xc3\xa4\n" + std::string(85, 'x');
  EXPECT_EQ(outline(package({{name, kEnvelope}})),
            Outline{"?[2Jl???" + std::string(85, 'x') + " application/x"});
}

// pax says long names, and names in other alphabets, in a member before the file's own; the locale
// of a daemon knows no alphabet.
TEST(Package, NamesOfPaxHeadersAreRead) {
  const std::string record = "18 path=l\xc3\xa4.json\n";
  const std::string path = std::to_string(record.size()) + record.substr(2);
  ASSERT_EQ(path.size(), 17U + 0U);
  EXPECT_EQ(outline(package({{"pax", path, 'x'}, {"short", kEnvelope}})),
            Outline{"l??.json application/x"});
}

struct Hostile {
  const char* what;
  Bytes upload;
  const char* message;
};

void expect_refused(const std::vector<Hostile>& rows) {
  for (const auto& row : rows) {
    const auto documents = unpack(row.upload);
    ASSERT_FALSE(documents) << row.what;
    EXPECT_EQ(documents.error().code, "invalid-format") << row.what;
    EXPECT_THAT(documents.error().message, HasSubstr(row.message)) << row.what;
    EXPECT_NE(documents.error().cure, "") << row.what;
  }
}

// SPEC SEC-3
TEST(Package, HostileTextsAreRefused) {
  const std::string big = R"({"payload":")" + std::string(kMaxEnvelopeSize, 'A') + R"("})";
  std::string many;
  for (std::size_t i = 0; i <= kMaxPackaged; ++i) many += "{}\n";
  expect_refused({
      {"nothing", {}, "no document"},
      {"white space", bytes_of(" \n\t"), "no document"},
      {"prose", bytes_of("Dear customer"), "neither a license nor a package"},
      {"a list", bytes_of("[" + kEnvelope + "]"), "neither a license nor a package"},
      {"zip", bytes_of("PK\x03\x04"), "neither a license nor a package"},
      {"something between", bytes_of(kEnvelope + "," + kBundle), "Before document 2 stands"},
      {"something after", bytes_of(kEnvelope + "\n}"), "Before document 2 stands"},
      {"a NUL after", bytes_of(kEnvelope + std::string(1, '\0')), "Before document 2 stands"},
      {"cut short", bytes_of(kEnvelope + kBundle.substr(0, 40)), "ends within document 2"},
      {"one too large", bytes_of(big), "more than 262144 bytes, document 1"},
      {"too many", bytes_of(many), "more than 16384 documents"},
      {"all too large", Bytes(kMaxUpload + 1, ' '), "Larger than 16777216 bytes"},
      {"deep", Bytes(100'000, '{'), "ends within document 1"},
  });
}

// SPEC SEC-3
TEST(Package, HostileNamesAndKindsAreRefused) {
  const TarMember good{"a.json", kEnvelope};
  const auto with = [&](const TarMember& bad) { return package({good, bad}); };
  expect_refused({
      {"absolute", with({"/etc/passwd", "x"}), "`/etc/passwd`, whose name is absolute"},
      {"parent", with({"../x", "x"}), "`../x`, whose name leaves the package"},
      {"parent within", with({"a/../../x", "x"}), "leaves the package"},
      {"parent at the end", with({"a/..", "x"}), "leaves the package"},
      {"parent behind a dot", with({"./../x", "x"}), "leaves the package"},
      {"no name", with({".", "x"}), "a file without a name"},
      {"twice", with(good), "has `a.json` twice"},
      {"twice in disguise", with({".//.//a.json", "x"}), "has `a.json` twice"},
      {"hard link", with({"b", "", '1', "a.json"}), "`b`, which is a hard link"},
      {"symbolic link", with({"b", "", '2', "/etc"}), "`b`, which is a symbolic link"},
      {"character device", with({"b", "", '3'}), "neither a file nor a folder"},
      {"block device", with({"b", "", '4'}), "neither a file nor a folder"},
      {"pipe", with({"b", "", '6'}), "neither a file nor a folder"},
      {"archive in it", with({"b.gz", text_of(gzipped("x"))}), "`b.gz`, which is an archive"},
      {"tar in it", with({"b.tar", tar_header(good)}), "`b.tar`, which is an archive"},
      {"large file", with({"b", std::string(kMaxEnvelopeSize + 1, ' ')}),
       "`b`, which is larger than 262144 bytes"},
      {"control characters", with({"/\x1b[2J", "x"}), "`/?[2J`"},
  });
}

/// GNU's old sparse member: what it holds is fewer bytes than what it says it is.
std::string sparse_member() {
  auto header = tar_header({"b", std::string(512, 'x'), 'S'});
  const auto put = [&](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(257, std::string_view("ustar  \0", 8));
  put(386, "00000100000");  // offset of the one piece
  put(398, "00000001000");  // and its size
  put(483, "00000101000");  // size of the whole
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<std::uint8_t>(c);
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%06o", sum);
  put(148, std::string_view(octal.data(), 7));
  return header + std::string(512, 'x');
}

// SPEC SEC-3
TEST(Package, SparseFilesAreRefused) {
  expect_refused({{"sparse", gzipped(sparse_member() + kTarEnd), "`b`, which is a sparse file"}});
}

// SPEC SEC-3
TEST(Package, DamagedArchivesAreRefused) {
  const TarMember good{"a.json", kEnvelope};
  const auto tar = tar_member(good);
  const auto whole = package({good});
  auto flipped = whole;
  flipped[flipped.size() - 6] ^= 1;  // of the CRC-32
  auto followed = whole;
  followed.push_back('\n');
  auto doubled = whole;
  doubled.insert(doubled.end(), whole.begin(), whole.end());
  const Bytes cut(whole.begin(), whole.end() - 20);
  expect_refused({
      {"cut short", cut, "cannot be decompressed"},
      {"only a magic", bytes_of("\x1F\x8B"), "cannot be decompressed"},
      {"checksum of gzip", flipped, "cannot be decompressed"},
      {"something behind gzip", followed, "Something follows the end"},
      {"two gzip members", doubled, "Something follows the end"},
      {"compressed twice", gzipped(as_text(whole)), "compressed twice"},
      {"compressed text", gzipped(kEnvelope), "damaged or cut short"},
      {"not compressed", bytes_of(tar + kTarEnd), "not compressed"},
      {"no end", gzipped(tar), "no proper end"},
      {"half an end", package({good}, std::string(512, '\0')), "no proper end"},
      {"hidden behind the end", package({good}, kTarEnd + tar), "no proper end"},
      {"hidden in the padding", package({good}, kTarEnd + std::string(512, '\0') + "x"),
       "no proper end"},
      {"empty", package({}), "no document"},
      {"only folders", package({{"a/", "", '5'}}), "no document"},
      {"checksum of a header", package({good, {"b", "x", '0', "", "", false}}), "damaged"},
      {"size beyond the end", package({{"b", "x", '0', "", "00000777777"}}), "damaged"},
      {"enormous size", package({{"b", "x", '0', "", "77777777777"}}), "larger than"},
      {"negative size",
       package({{"b", "x", '0', "", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}}), ""},
      {"smaller size", package({{"b", std::string(2000, 'x'), '0', "", "00000000001"}}), "damaged"},
  });
}

// SPEC SEC-3
TEST(Package, BombsAreRefused) {
  const auto zeros = gzipped(std::string(8 * 1024 * 1024, '\0'));
  ASSERT_LT(zeros.size(), 10'000U);
  const auto folders = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += tar_member({std::to_string(i), "", '5'});
    return out + kTarEnd;
  };
  // Beyond the ratio only from a MiB on: a small package may be as regular as it likes.
  const auto regular = package({{"a.json", kEnvelope + std::string(200'000, ' ')}});
  ASSERT_GT(200'000 / regular.size(), kMaxUnpackRatio);
  EXPECT_TRUE(unpack(regular));
  expect_refused({
      {"ratio", zeros, "unpacks to more than the 1048576 bytes"},
      {"entries", gzipped(folders(kMaxPackaged + 1)), "more than 16384 files and folders"},
  });
}

// The size that a package must hold.
TEST(Package, TenThousandDocumentsFit) {
  const SampleVendor vendor;
  auto license = SampleVendor::license("LK-0");
  std::string tar;
  for (int i = 0; i < 10'000; ++i) {
    license.id = "L-" + std::to_string(i);
    tar += tar_member({license.id + ".json", text_of(vendor.seal(license))});
  }
  const auto documents = unpack(gzipped(tar + kTarEnd));
  ASSERT_TRUE(documents) << documents.error().message;
  EXPECT_EQ(documents->size(), 10'000U);
  EXPECT_EQ(documents->back().name, "L-9999.json");
  EXPECT_EQ(documents->back().type, kLicenseType);
}

}  // namespace
}  // namespace latchkey::test
