#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "core/usbkey/key_id.h"
#include "drivers/piv/provisioner.h"
#include "tests/support/piv_token.h"
#include "tests/unit/drivers/hid_key_fixture.h"

namespace latchkey::test {
namespace {

using Kind = KeyError::Kind;
using piv::factory_management_key;
using piv::inspect_token;
using piv::ManagementAlgorithm;
using piv::ManagementKey;
using piv::prepare_token;
using piv::TokenContent;

TokenContent look(PivToken& token) {
  const auto card = token.reader();
  auto out = inspect_token(*card, soon());
  EXPECT_TRUE(out) << out.error().detail;
  return out.value_or(TokenContent{});
}

/// The generic part of both: a card that knows nothing but SP 800-73-4.
void make_plain(InProcessCard& card) {
  card.refuse = [](ByteView command) -> std::optional<Bytes> {
    const bool metadata = command[1] == 0xF7, management = command[1] == 0xFF;
    const bool policy = command[1] == 0x47 && command.size() > 11;
    if (metadata || management) return Bytes{0x6D, 0x00};
    if (policy) return Bytes{0x6A, 0x80};
    return std::nullopt;
  };
}

class Provisioner : public ::testing::TestWithParam<bool> {
 protected:
  Provisioner() : token_({.short_apdu = false, .composite = false, .aes = GetParam()}) {}
  PivToken token_;
};

INSTANTIATE_TEST_SUITE_P(Firmware, Provisioner, ::testing::Bool(),
                         [](const auto& entry) { return entry.param ? "Aes" : "Des3"; });

TEST_P(Provisioner, AFactoryNewTokenIsEmpty) {
  const auto content = look(token_);
  EXPECT_EQ(content.private_key, false);
  EXPECT_FALSE(content.certificate);
  EXPECT_FALSE(content.winner);
  EXPECT_TRUE(content.factory_management_key);
  EXPECT_EQ(content.management_algorithm,
            GetParam() ? ManagementAlgorithm::aes192 : ManagementAlgorithm::des3);
  EXPECT_TRUE(content.occupied().empty());
}

TEST_P(Provisioner, MakesAFactoryNewTokenALicenseKey) {
  const auto prepared = prepare_token(*token_.reader(), factory_management_key(), soon());
  ASSERT_TRUE(prepared) << prepared.error().detail;
  token_.power_cycle();
  EXPECT_EQ(prepared->der(), token_.spki());
  EXPECT_EQ(token_.flash.keys.at(0x9E).pin_policy, 1);
  EXPECT_EQ(token_.flash.keys.at(0x9E).touch_policy, 1);
  const auto key = token_.open();
  EXPECT_EQ(key->public_key(soon()).value(), prepared->der());
  EXPECT_TRUE(prepared->verify_digest(pattern(32), key->prove(pattern(32), soon()).value()));
  EXPECT_EQ(key->read_license(soon()).error().kind, Kind::unprovisioned);
  const auto content = look(token_);
  EXPECT_EQ(content.certificate->subject, "CN=" + key_id(prepared->der()));
  EXPECT_EQ(content.occupied().size(), 2U);
}

// What anybody can check with stock tools.
TEST_P(Provisioner, TheCertificateIsSignedByItsOwnKey) {
  const auto prepared = prepare_token(*token_.reader(), factory_management_key(), soon());
  ASSERT_TRUE(prepared);
  const auto object = token_.flash.objects.at(0x5FC101);
  const auto der = piv::find_tlv(*piv::content_of(object), 0x70).value();
  const auto* cursor = der.data();
  const openssl::Handle<X509, X509_free> x509(
      d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
  ASSERT_TRUE(x509);
  EXPECT_EQ(X509_self_signed(x509.get(), 1), 1);
}

TEST_P(Provisioner, ReplacesTheManagementKey) {
  const auto content = look(token_);
  const auto next = piv::new_management_key(*content.management_algorithm, system_random).value();
  const auto done =
      piv::set_management_key(*token_.reader(), factory_management_key(), next, soon());
  ASSERT_TRUE(done) << done.error().detail;
  token_.power_cycle();
  EXPECT_EQ(token_.flash.management.secret, next.value);
  EXPECT_FALSE(look(token_).factory_management_key);
  EXPECT_EQ(prepare_token(*token_.reader(), factory_management_key(), soon()).error().kind,
            Kind::refused);
  EXPECT_TRUE(prepare_token(*token_.reader(), next, soon()));
}

TEST(PivProvisioner, NamesWhatPreparingWouldDestroy) {
  PivToken token;
  token.make_key();
  token.flash.objects[0x5FC10E] = certificate_object(pattern(300));
  token.power_cycle();
  ASSERT_TRUE(token.open()->write_license(pattern(100), soon()));
  const std::vector<std::string> expected{"a private key in slot 9E",
                                          "a certificate in 5FC101 (CN=stock)",
                                          "a license in 5FC10D", "something else in 5FC10E"};
  EXPECT_EQ(look(token).occupied(), expected);
  const auto old = token.spki();
  ASSERT_TRUE(prepare_token(*token.reader(), factory_management_key(), soon()));
  EXPECT_NE(token.spki(), old);
  EXPECT_EQ(look(token).occupied().size(), 2U) << "the key and its certificate";
}

// A card that knows no more than SP 800-73-4.
TEST(PivProvisioner, APlainPivCardIsPreparedToo) {
  PivToken token;
  const auto card = token.reader();
  make_plain(*card);
  auto content = inspect_token(*card, soon());
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_EQ(content->private_key, std::nullopt);
  EXPECT_TRUE(content->factory_management_key);
  const auto prepared = prepare_token(*card, factory_management_key(), soon());
  ASSERT_TRUE(prepared) << prepared.error().detail;
  content = inspect_token(*card, soon());
  EXPECT_EQ(content->private_key, true);
  const ManagementKey next{ManagementAlgorithm::des3, pattern(24)};
  EXPECT_EQ(piv::set_management_key(*card, factory_management_key(), next, soon()).error().kind,
            Kind::refused);
}

TEST(PivProvisioner, InterruptedAnywhereTheTokenIsNoLicenseKey) {
  for (std::size_t cut = 0;; ++cut) {
    PivToken token;
    const auto card = token.reader();
    card->on_command = [&, raw = card.get()] { raw->gone = raw->commands.size() > cut; };
    const bool done = prepare_token(*card, factory_management_key(), soon()).has_value();
    token.power_cycle();
    const auto found = token.open()->public_key(soon());
    const bool whole = found && token.open()->prove(pattern(32), soon()).has_value();
    EXPECT_TRUE(whole || (!found && found.error().kind == Kind::not_a_key) ||
                (!found && found.error().kind == Kind::protocol))
        << cut;
    ASSERT_TRUE(prepare_token(*token.reader(), factory_management_key(), soon())) << cut;
    if (done) break;
  }
}

}  // namespace
}  // namespace latchkey::test
