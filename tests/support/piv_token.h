#pragma once

#include <openssl/pem.h>

#include <functional>
#include <memory>
#include <optional>

#include "core/base/openssl.h"
#include "drivers/piv/piv_key.h"
#include "drivers/piv/tlv.h"
#include "tools/latchkey-emulator/piv/card.h"

namespace latchkey::test {

using emulator::piv::TokenAlgorithm;

/// What the stock tools put into 5FC101: a certificate (RFC 5280, DER) that the key in `pem`
/// signed.
inline Bytes self_signed(const std::string& pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const openssl::KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const openssl::Handle<X509, X509_free> x509(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 86400);
  X509_set_pubkey(x509.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("stock"), -1, -1, 0);
  const bool ed25519 = EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519;
  X509_sign(x509.get(), key.get(), ed25519 ? nullptr : EVP_sha256());
  Bytes out(static_cast<std::size_t>(i2d_X509(x509.get(), nullptr)));
  auto* cursor = out.data();
  i2d_X509(x509.get(), &cursor);
  return out;
}

inline Bytes certificate_object(ByteView x509) {
  auto content = piv::make_tlv(0x70, x509);
  piv::put_tlv(content, 0x71, Bytes{0});
  piv::put_tlv(content, 0xFE, {});
  return piv::make_tlv(0x53, content);
}

/// The way to an emulated card, in process. As through PC/SC, begin() resets nothing: what another
/// host left behind is still there.
class InProcessCard final : public Card {
 public:
  /// What the host gets for a response; for the test to spoil, or to cut the wire.
  using Spoil = std::function<KeyResult<Bytes>(Bytes response)>;

  explicit InProcessCard(emulator::piv::PivCard& card, std::size_t max_command)
      : card_(&card), limits_{max_command, max_command > 261 ? std::size_t{65538} : 258} {}

  KeyResult<CardLimits> begin(Deadline) override {
    ++begun;
    if (gone) return tl::make_unexpected(KeyError{KeyError::Kind::gone, "unplugged"});
    return limits_;
  }
  KeyResult<Bytes> transmit(ByteView command, Deadline) override {
    if (gone) return tl::make_unexpected(KeyError{KeyError::Kind::gone, "unplugged"});
    commands.emplace_back(command.begin(), command.end());
    if (on_command) on_command();
    if (gone) return tl::make_unexpected(KeyError{KeyError::Kind::gone, "unplugged"});
    const auto refusal = refuse ? refuse(command) : std::nullopt;
    auto response = refusal ? *refusal : card_->transmit(command);
    return spoil ? spoil(std::move(response)) : std::move(response);
  }
  void end(Leave leave) noexcept override {
    ++ended;
    if (leave == Leave::reset) ++resets;
  }
  void cancel() noexcept override { gone = true; }
  std::string_view way() const override { return "test"; }

  void put_in(emulator::piv::PivCard& card) { card_ = &card; }

  std::function<void()> on_command;                      ///< before the card gets it
  std::function<std::optional<Bytes>(ByteView)> refuse;  ///< a response in the card's place
  Spoil spoil;
  bool gone = false;
  int begun = 0, ended = 0, resets = 0;
  std::vector<Bytes> commands;

 private:
  emulator::piv::PivCard* card_;
  CardLimits limits_;
};

/// An emulated PIV token whose flash is a variable: `power_cycle` gives what a fresh start finds.
class PivToken {
 public:
  static constexpr std::size_t kExtended = emulator::piv::PivCard::kMaxCommand;
  static constexpr std::size_t kShort = 261;

  explicit PivToken(const emulator::piv::Model& model = {})
      : PivToken(emulator::piv::make_state(model).value()) {}
  explicit PivToken(emulator::piv::PivState state) : flash(std::move(state)) { power_cycle(); }
  PivToken(const PivToken&) = delete;
  PivToken& operator=(const PivToken&) = delete;

  void power_cycle() {
    card_ = std::make_unique<emulator::piv::PivCard>(flash, [this](const auto& next) {
      flash = next;
      return true;
    });
  }
  /// As the stock tools leave it: a key in 9E and its certificate.
  void make_key(TokenAlgorithm algorithm = TokenAlgorithm::p256) {
    const auto key = emulator::piv::TokenKey::generate(algorithm).value();
    flash.keys.insert_or_assign(0x9E, emulator::piv::KeySlot{.key = key});
    flash.objects[0x5FC101] = certificate_object(self_signed(key.pem()));
    power_cycle();
  }
  Bytes spki() const { return flash.keys.at(0x9E).key.spki(); }

  emulator::piv::PivCard& card() { return *card_; }
  std::unique_ptr<InProcessCard> reader(std::size_t max_command = kExtended) {
    return std::make_unique<InProcessCard>(*card_, max_command);
  }
  /// Management keys under which it can be written.
  static std::shared_ptr<const piv::ManagementKeys> factory_keys() {
    piv::ManagementKeys keys;
    keys.set_fallback(piv::factory_management_key());
    return std::make_shared<const piv::ManagementKeys>(keys);
  }
  /// A host's view of it, as after opening.
  std::unique_ptr<piv::PivKey> open(std::size_t max_command = kExtended) {
    return std::make_unique<piv::PivKey>(reader(max_command), factory_keys());
  }

  emulator::piv::PivState flash;

 private:
  std::unique_ptr<emulator::piv::PivCard> card_;
};

}  // namespace latchkey::test
