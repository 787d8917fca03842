#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/base/big_endian.h"
#include "core/base/deflate.h"
#include "core/usbkey/key_id.h"
#include "drivers/piv/license_slot.h"
#include "drivers/piv/management_keys.h"
#include "drivers/piv/tlv.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/drivers/hid_key_fixture.h"

namespace latchkey::test {
namespace {

using piv::LicenseSlot;
using piv::LicenseSlots;
using piv::ManagementAlgorithm;
using piv::ManagementKeys;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

struct TlvRow {
  const char* bytes;
  std::optional<std::uint32_t> tag;
  const char* value;
  const char* rest;
};

// SPEC SEC-3; ISO 7816-4 section 5.2.2
TEST(PivTlv, TakesOneObjectOrNothing) {
  for (const auto& row : {
           TlvRow{"5300", 0x53, "", ""},
           TlvRow{"5302aabbcc", 0x53, "aabb", "cc"},
           TlvRow{"7f490155", 0x7F49, "55", ""},
           TlvRow{"5fc1010155", 0x5FC101, "55", ""},
           TlvRow{"5fc1010201aabb", 0x5FC101, "01aa", "bb"},
           TlvRow{"538101aa", 0x53, "aa", ""},    // longer than it need be: allowed
           TlvRow{"53820001aa", 0x53, "aa", ""},  //
           TlvRow{"", std::nullopt, "", ""},
           TlvRow{"53", std::nullopt, "", "53"},
           TlvRow{"5301", std::nullopt, "", "5301"},
           TlvRow{"5380aa0000", std::nullopt, "", "5380aa0000"},  // indefinite
           TlvRow{"5381", std::nullopt, "", "5381"},
           TlvRow{"538200", std::nullopt, "", "538200"},
           TlvRow{"5382ffff00", std::nullopt, "", "5382ffff00"},
           TlvRow{"5383000001aa", std::nullopt, "", "5383000001aa"},
           TlvRow{"5384ffffffffaa", std::nullopt, "", "5384ffffffffaa"},
           TlvRow{"53ff", std::nullopt, "", "53ff"},
           TlvRow{"7f", std::nullopt, "", "7f"},
           TlvRow{"7fff", std::nullopt, "", "7fff"},
           TlvRow{"7fffff0101aa", std::nullopt, "", "7fffff0101aa"},
       }) {
    const auto bytes = hex(row.bytes);
    ByteView rest = bytes;
    const auto found = piv::take_tlv(rest);
    EXPECT_EQ(found ? std::optional(found->tag) : std::nullopt, row.tag) << row.bytes;
    if (found) {
      EXPECT_EQ(to_hex(found->value), row.value) << row.bytes;
    }
    EXPECT_EQ(to_hex(rest), row.rest) << row.bytes;
  }
}

TEST(PivTlv, WritesWhatItReads) {
  for (const std::uint32_t tag : {0x53U, 0x7F49U, 0x5FC101U})
    for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U}) {
      const auto object = piv::make_tlv(tag, pattern(size));
      const auto value = piv::only_tlv(object, tag);
      ASSERT_TRUE(value) << tag << " " << size;
      EXPECT_EQ(Bytes(value->begin(), value->end()), pattern(size));
      EXPECT_FALSE(piv::only_tlv(object, 0x54));
      auto longer = object;
      longer.push_back(0);
      EXPECT_FALSE(piv::only_tlv(longer, tag));
    }
  EXPECT_EQ(to_hex(*piv::find_tlv(hex("8001aa8102bbcc"), 0x81)), "bbcc");
  EXPECT_FALSE(piv::find_tlv(hex("8001aa8103bbcc"), 0x81));
}

// docs/protocol-piv.md section 7: what the script there makes.
TEST(PivSlot, ReadsWhatStockToolsPack) {
  const auto slot =
      piv::unpack(hex("4c4b4c31000000070000001270600e16"
                      "78daab562a48acccc94f4c51b2524a3536b055aa05003a8f05aa"));
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->generation, 7U);
  EXPECT_EQ(as_text(slot->envelope), R"({"payload":"e30="})");
}

TEST(PivSlot, EveryDamagedByteIsNoticed) {
  const auto whole = piv::pack({7, pattern(400)});
  ASSERT_EQ(piv::unpack(whole)->envelope, pattern(400));
  ASSERT_EQ(piv::unpack(whole)->generation, 7U);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] ^= 0x01;
    EXPECT_FALSE(piv::unpack(damaged)) << i;
    EXPECT_FALSE(piv::unpack(ByteView(whole).first(i))) << i;
  }
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(piv::unpack(longer));
}

/// A slot whose checksum is right whatever it holds.
Bytes sealed(std::uint32_t length, const Bytes& packed) {
  Bytes out{'L', 'K', 'L', '1'};
  put_u32(out, 1);
  put_u32(out, length);
  const auto crc = crc32({ByteView(out).subspan(4), packed});
  put_u32(out, crc);
  put_bytes(out, packed);
  return out;
}

TEST(PivSlot, WhatDoesNotUnpackToItsLengthIsEmpty) {
  const auto packed = deflate(pattern(50), Wrapper::zlib);
  EXPECT_TRUE(piv::unpack(sealed(50, packed)));
  for (const std::uint32_t length : {0U, 1U, 49U, 51U, 262145U, 0xFFFFFFFFU})
    EXPECT_FALSE(piv::unpack(sealed(length, packed))) << length;
  EXPECT_FALSE(piv::unpack(sealed(50, {})));
  EXPECT_FALSE(piv::unpack(sealed(10, {1, 2, 3})));
  auto trailing = packed;
  trailing.push_back(0);
  EXPECT_FALSE(piv::unpack(sealed(50, trailing)));
}

struct WinnerRow {
  std::optional<std::uint32_t> a, b;
  std::optional<std::size_t> winner;
};

// docs/protocol-piv.md section 3: generations are serial numbers.
TEST(PivSlot, TheGenerationThatIsAheadWins) {
  const auto none = std::nullopt;
  for (const auto& row : {
           WinnerRow{none, none, none},
           WinnerRow{5, none, 0},
           WinnerRow{none, 0, 1},
           WinnerRow{1, 2, 1},
           WinnerRow{3, 2, 0},
           WinnerRow{2, 2, 0},
           WinnerRow{0xFFFFFFFF, 0, 1},
           WinnerRow{0, 0xFFFFFFFF, 0},
           WinnerRow{0, 0x7FFFFFFF, 1},
           WinnerRow{0, 0x80000000, 0},
       }) {
    LicenseSlots slots;
    if (row.a) slots[0] = LicenseSlot{*row.a, {1}};
    if (row.b) slots[1] = LicenseSlot{*row.b, {1}};
    EXPECT_EQ(piv::winner(slots), row.winner)
        << row.a.value_or(99) << " against " << row.b.value_or(99);
  }
}

struct ForeignRow {
  const char* object;
  bool foreign;
};

TEST(PivSlot, TellsOursFromSomebodyElses) {
  for (const auto& row : {
           ForeignRow{"", false},
           ForeignRow{"5300", false},
           ForeignRow{"53054c4b4c3100", false},
           ForeignRow{"53820bb84c4b4c31", false},  // torn: as long as its first part
           ForeignRow{"5381904c4b4c31", false},
           ForeignRow{"53057003414243", true},
           ForeignRow{"53", true},
           ForeignRow{"53064c4b4c3200", true},
       })
    EXPECT_EQ(piv::is_foreign(hex(row.object), piv::kLicenseMagic), row.foreign) << row.object;
}

const std::string kOne = key_id(as_bytes("one")), kTwo = key_id(as_bytes("two"));

TEST(PivManagementKeys, ReadsItsOwnLines) {
  const piv::ManagementKey first{ManagementAlgorithm::des3, pattern(24)};
  const piv::ManagementKey second{ManagementAlgorithm::aes256, pattern(32)};
  const auto text = "# vendor's desk\n\n" + ManagementKeys::line(kOne, second) + "\t" +
                    ManagementKeys::line(kTwo, second) + ManagementKeys::line(kOne, first);
  const auto keys = ManagementKeys::parse(text);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(*keys->find(kOne), first) << "the later line holds";
  EXPECT_EQ(*keys->find(kTwo), second);
  EXPECT_EQ(keys->find(key_id(as_bytes("three"))), nullptr);
  EXPECT_EQ(*ManagementKeys::parse(text.substr(0, text.size() - 1))->find(kOne), first)
      << "without the last line's end";
}

TEST(PivManagementKeys, SaysWhichLineIsWrong) {
  const auto good = ManagementKeys::line(kOne, {ManagementAlgorithm::aes128, pattern(16)});
  const auto key24 = " " + to_hex(pattern(24));
  const std::vector<std::string> lines{std::string("nonsense"),
                                       kOne,
                                       kOne + " 3des",
                                       kOne + " des" + key24,
                                       kOne + " aes128" + key24,
                                       kOne + " 3des" + key24 + " more",
                                       kOne + " 3des" + key24 + "00",
                                       kOne.substr(0, 20) + " 3des" + key24,
                                       kOne + " 3des zz" + key24.substr(3)};
  for (const auto& bad : lines) {
    auto text = good;
    text.append("\n").append(bad).append("\n").append(good);
    const auto keys = ManagementKeys::parse(text);
    ASSERT_FALSE(keys) << bad;
    EXPECT_EQ(keys.error().code, "invalid-management-keys");
    EXPECT_NE(keys.error().message.find("Line 3:"), std::string::npos) << keys.error().message;
    EXPECT_EQ(keys.error().message.find(to_hex(pattern(24))), std::string::npos) << "tells a key";
  }
}

TEST(PivManagementKeys, RefusesAFileThatOthersCanRead) {
  const TempDir dir;
  const auto path = (dir.path() / "keys").string();
  EXPECT_EQ(ManagementKeys::load(path).error().code, "cannot-read");
  std::ofstream(path) << ManagementKeys::line(kOne, {ManagementAlgorithm::aes128, pattern(16)});
  for (const auto& [mode, code] :
       {std::pair(0600, ""), std::pair(0400, ""), std::pair(0640, "insecure-management-keys"),
        std::pair(0604, "insecure-management-keys"), std::pair(0620, "insecure-management-keys")}) {
    ASSERT_EQ(::chmod(path.c_str(), static_cast<mode_t>(mode)), 0);
    const auto keys = ManagementKeys::load(path);
    EXPECT_EQ(keys ? "" : keys.error().code, code) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  std::ofstream(path) << std::string(1024 * 1024 + 1, '#');
  EXPECT_EQ(ManagementKeys::load(path).error().code, "cannot-read");
}

}  // namespace
}  // namespace latchkey::test
