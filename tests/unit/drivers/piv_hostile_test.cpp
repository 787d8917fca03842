#include <gtest/gtest.h>
#include <zlib.h>

#include <functional>
#include <random>

#include "core/base/big_endian.h"
#include "core/base/keys.h"
#include "tests/support/piv_token.h"
#include "tests/unit/drivers/hid_key_fixture.h"

// SPEC SEC-3: whatever a card answers, wherever in a call: no crash, no hang, nothing believed that
// is not there, and the next call works.
namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using piv::PivKey;
using Kind = KeyError::Kind;

Bytes gzip(const Bytes& plain) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&stream, plain.size()));
  auto copy = plain;
  stream.next_in = copy.data();
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Malformation {
  std::string name;
  InProcessCard::Spoil spoil;
};

Bytes replaced(Bytes response, std::size_t at, std::uint8_t value) {
  if (at < response.size()) response[at] = value;
  return response;
}

Bytes with_status(Bytes response, std::uint16_t status) {
  response.resize(response.size() - 2);
  put_u16(response, status);
  return response;
}

Bytes random_bytes(std::size_t size) {
  static std::mt19937 generator(1);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(generator());
  return out;
}

/// Random data that claims to be all right.
Bytes random_answer(std::size_t size) {
  auto out = random_bytes(size);
  put_u16(out, 0x9000);
  return out;
}

std::vector<Malformation> malformations() {
  std::vector<Malformation> table{
      {"nothing", [](const Bytes&) { return Bytes{}; }},
      {"one byte", [](const Bytes&) { return Bytes{0x90}; }},
      {"only the status",
       [](const Bytes&) {
         return Bytes{0x90, 0x00};
       }},
      {"cut in half",
       [](Bytes r) {
         r.erase(r.begin(), r.begin() + static_cast<std::ptrdiff_t>((r.size() - 2) / 2));
         return r;
       }},
      {"cut at the end",
       [](Bytes r) {
         if (r.size() > 2) r.erase(r.end() - 3);
         return r;
       }},
      {"a byte more",
       [](Bytes r) {
         r.insert(r.end() - 2, 0);
         return r;
       }},
      {"twice",
       [](Bytes r) {
         const Bytes copy(r.begin(), r.end() - 2);
         r.insert(r.begin(), copy.begin(), copy.end());
         return r;
       }},
      {"another tag", [](Bytes r) { return replaced(std::move(r), 0, 0x42); }},
      {"longer than there is", [](Bytes r) { return replaced(std::move(r), 1, 0x7F); }},
      {"indefinite length", [](Bytes r) { return replaced(std::move(r), 1, 0x80); }},
      {"length of four bytes", [](Bytes r) { return replaced(std::move(r), 1, 0x84); }},
      {"inner tag", [](Bytes r) { return replaced(std::move(r), 2, 0xFF); }},
      {"inner length", [](Bytes r) { return replaced(std::move(r), 3, 0xFF); }},
      {"an endless tag", [](const Bytes&) { return Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x90, 0x00}; }},
      {"an empty object",
       [](const Bytes&) {
         return Bytes{0x53, 0x00, 0x90, 0x00};
       }},
      {"an empty template",
       [](const Bytes&) {
         return Bytes{0x7C, 0x00, 0x90, 0x00};
       }},
      {"an empty signature", [](const Bytes&) { return Bytes{0x7C, 2, 0x82, 0, 0x90, 0x00}; }},
      {"more than is allowed", [](const Bytes&) { return random_answer(9000); }},
      {"64 KiB", [](const Bytes&) { return random_answer(65536); }},
      {"random bytes", [](const Bytes& r) { return random_bytes(r.size()); }},
      {"random data", [](const Bytes& r) { return random_answer(r.size() - 2); }},
      {"a silent card",
       [](const Bytes&) -> KeyResult<Bytes> { return key_fail(Kind::timeout, "silent"); }},
      {"a broken reader",
       [](const Bytes&) -> KeyResult<Bytes> { return key_fail(Kind::protocol, "broken"); }},
  };
  for (const std::uint16_t status :
       {0x6100, 0x6105, 0x61FF, 0x6200, 0x6283, 0x6300, 0x63C2, 0x6400, 0x6581, 0x6700,
        0x6881, 0x6883, 0x6884, 0x6982, 0x6983, 0x6985, 0x6A80, 0x6A81, 0x6A82, 0x6A84,
        0x6A86, 0x6A88, 0x6B00, 0x6C00, 0x6C10, 0x6D00, 0x6E00, 0x6F00, 0x0000, 0xFFFF})
    table.push_back({"status " + std::to_string(status),
                     [status](Bytes r) { return with_status(std::move(r), status); }});
  return table;
}

const Bytes kLicense = pattern(700), kRenewal = pattern(710, 2), kStamp = pattern(150);

KeyResult<Bytes> done(const KeyResult<void>& outcome) {
  if (!outcome) return tl::make_unexpected(outcome.error());
  return Bytes{};
}

struct Operation {
  std::string name;
  std::function<KeyResult<Bytes>(PivKey&)> run;
  bool same_answer = true;  ///< two runs answer the same bytes, and nothing else is ever believed
};

std::vector<Operation> operations() {
  return {
      {"public_key", [](PivKey& key) { return key.public_key(soon()); }, false},
      {"prove", [](PivKey& key) { return key.prove(pattern(32), soon()); }, false},
      {"read_license", [](PivKey& key) { return key.read_license(soon()); }},
      {"write_license", [](PivKey& key) { return done(key.write_license(kRenewal, soon())); }},
      {"read_stamp", [](PivKey& key) { return key.read_stamp(soon()); }, false},
      {"write_stamp", [](PivKey& key) { return done(key.write_stamp(pattern(9), soon())); }},
      {"check_present", [](PivKey& key) { return done(key.check_present(soon())); }},
  };
}

emulator::piv::PivState provisioned() {
  PivToken token;
  token.make_key();
  EXPECT_TRUE(token.open()->write_license(kLicense, soon()));
  EXPECT_TRUE(token.open()->write_stamp(kStamp, soon()));
  return token.flash;
}

/// A provisioned token whose answers can be spoiled.
struct Victim {
  Victim(const emulator::piv::PivState& state, std::size_t max_command) : token(state) {
    auto reader = token.reader(max_command);
    wire = reader.get();
    key = std::make_unique<PivKey>(std::move(reader), PivToken::factory_keys());
  }
  /// Spoils the answer at `position`, and all after it when `for_good`.
  void arm(std::size_t position, const InProcessCard::Spoil& spoil, bool for_good) {
    wire->spoil = [this, position, spoil, for_good,
                   seen = std::size_t{0}](Bytes response) mutable -> KeyResult<Bytes> {
      const auto at = seen++;
      if (at < position || (at > position && !for_good)) return response;
      return spoil(std::move(response));
    };
  }
  PivToken token;
  InProcessCard* wire;
  std::unique_ptr<PivKey> key;
};

class PivHostileTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  static void strike(Victim& victim, const Operation& operation, const Bytes& expected) {
    const auto struck = operation.run(*victim.key);
    if (struck && operation.same_answer) {
      EXPECT_EQ(*struck, expected);
    }
    victim.wire->spoil = nullptr;
    EXPECT_EQ(victim.wire->begun, victim.wire->ended);
    const auto license =
        PivKey(victim.token.reader(), PivToken::factory_keys()).read_license(soon());
    ASSERT_TRUE(license) << license.error().detail;
    EXPECT_TRUE(*license == kLicense || *license == kRenewal);
    const auto next = operation.run(*victim.key);
    ASSERT_TRUE(next) << next.error().detail;
    if (operation.same_answer) {
      EXPECT_EQ(*next, expected);
    }
  }
};

TEST_P(PivHostileTest, GarbageInEveryReplyPosition) {
  const auto state = provisioned();
  const auto operation = operations()[GetParam()];
  for (const auto max_command : {PivToken::kExtended, PivToken::kShort}) {
    Victim healthy(state, max_command);
    const auto expected = operation.run(*healthy.key);
    ASSERT_TRUE(expected);
    const auto answers = healthy.wire->commands.size();
    ASSERT_GE(answers, 2U);  // at least SELECT and one command
    for (std::size_t position = 0; position < answers; ++position)
      for (const auto& bad : malformations())
        for (const bool for_good : {false, true}) {
          if (for_good && max_command == PivToken::kShort) continue;
          SCOPED_TRACE(operation.name + ", answer " + std::to_string(position) + ": " + bad.name +
                       (for_good ? ", for good" : ""));
          Victim victim(state, max_command);
          victim.arm(position, bad.spoil, for_good);
          strike(victim, operation, *expected);
        }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, PivHostileTest,
                         ::testing::Range(std::size_t{0}, operations().size()),
                         [](const auto& entry) { return operations()[entry.param].name; });

/// Always more, 61xx: with data, and without any.
TEST(PivHostile, AnAnswerThatNeverEndsIsCutOff) {
  for (const std::size_t part : {std::size_t{256}, std::size_t{0}}) {
    Victim victim(provisioned(), PivToken::kShort);
    victim.arm(
        1, [part](const Bytes&) { return with_status(random_answer(part), 0x6100); }, true);
    const auto outcome = victim.key->read_license(soon());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, Kind::protocol);
    EXPECT_LT(victim.wire->commands.size(), 50U);
  }
}

struct StatusRow {
  std::uint16_t status;
  Kind kind;
};

// docs/protocol-piv.md section 6: what a token says no to, and what it fails at.
TEST(PivHostile, EachStatusOfAProofHasItsReading) {
  const auto state = provisioned();
  for (const auto& [status, kind] :
       {StatusRow{0x6982, Kind::refused}, StatusRow{0x6983, Kind::refused},
        StatusRow{0x6A80, Kind::refused}, StatusRow{0x6A82, Kind::refused},
        StatusRow{0x6A86, Kind::refused}, StatusRow{0x6A88, Kind::refused},
        StatusRow{0x6B00, Kind::refused}, StatusRow{0x6D00, Kind::refused},
        StatusRow{0x6581, Kind::protocol}, StatusRow{0x6F00, Kind::protocol},
        StatusRow{0x1234, Kind::protocol}}) {
    Victim victim(state, PivToken::kExtended);
    ASSERT_TRUE(victim.key->public_key(soon()));
    Bytes word;
    put_u16(word, status);
    victim.arm(
        1, [word](const Bytes&) { return word; }, false);
    const auto outcome = victim.key->prove(pattern(32), soon());
    ASSERT_FALSE(outcome) << std::hex << status;
    EXPECT_EQ(outcome.error().kind, kind) << std::hex << status;
  }
}

// A certificate that is packed as SP 800-73-4 allows, and one that is a bomb.
TEST(PivHostile, ACompressedCertificateIsUnpackedWithinBounds) {
  PivToken token;
  token.make_key();
  const auto x509 = self_signed(token.flash.keys.at(0x9E).key.pem());
  const auto pack = [&](const Bytes& plain) {
    auto content = piv::make_tlv(0x70, gzip(plain));
    piv::put_tlv(content, 0x71, Bytes{1});
    token.flash.objects[0x5FC101] = piv::make_tlv(0x53, content);
    token.power_cycle();
    return token.open()->public_key(soon());
  };
  EXPECT_EQ(pack(x509).value(), token.spki());
  const auto bomb = pack(Bytes(2'000'000, 0));
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().kind, Kind::protocol);
}

}  // namespace
}  // namespace latchkey::test
