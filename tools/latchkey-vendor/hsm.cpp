#include "tools/latchkey-vendor/hsm.h"

#include <libp11.h>
#include <openssl/err.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/base/openssl.h"
#include "tools/latchkey-vendor/passphrase.h"

namespace latchkey::vendor {
namespace {

using Uri = openssl::Handle<P11KitUri, p11_kit_uri_free>;

tl::unexpected<Error> bad_uri(std::string message) {
  return fail("invalid-key-uri", std::move(message),
              "Write pkcs11:token=TOKEN;object=KEY?module-path=/usr/lib/….so (RFC 7512).");
}

Result<Uri> parse(const std::string& text) {
  Uri out(p11_kit_uri_new());
  if (!out || p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, out.get()) != P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized(out.get()) != 0)
    return bad_uri("This is no PKCS#11 URI of a key.");
  if (p11_kit_uri_get_module_path(out.get()) == nullptr)
    return bad_uri("The URI does not name its module.");
  if (p11_kit_uri_get_pin_value(out.get()) != nullptr ||
      p11_kit_uri_get_pin_source(out.get()) != nullptr)
    return fail("invalid-key-uri", "A PIN in a URI is no secret.",
                "Leave it out; it comes from --passphrase-file, LATCHKEY_PASSPHRASE or the "
                "terminal.");
  return out;
}

/// A loaded module and its slots; whatever is found in it lives no longer.
class Module {
 public:
  static Result<std::shared_ptr<Module>> load(const char* path) {
    std::shared_ptr<Module> out(new Module);
    out->loaded_ = out->context_ && PKCS11_CTX_load(out->context_.get(), path) == 0;
    if (!out->loaded_ ||
        PKCS11_enumerate_slots(out->context_.get(), &out->slots_, &out->count_) != 0)
      return fail("hsm-no-module", std::string(path) + " cannot be used as a PKCS#11 module.",
                  "Check `module-path`, and the module's own configuration.");
    return out;
  }
  ~Module() {
    if (slots_ != nullptr) PKCS11_release_all_slots(context_.get(), slots_, count_);
    if (loaded_) PKCS11_CTX_unload(context_.get());
    ERR_clear_error();
  }
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  std::span<PKCS11_SLOT> slots() const { return {slots_, count_}; }

 private:
  Module() : context_(PKCS11_CTX_new()) {}

  openssl::Handle<PKCS11_CTX, PKCS11_CTX_free> context_;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned count_ = 0;
  bool loaded_ = false;
};

/// As PKCS#11 has text: padded with blanks.
template <std::size_t N>
void pad(unsigned char (&field)[N], const char* text) {
  const std::string_view from(text == nullptr ? "" : text);
  std::fill_n(field, N, ' ');
  from.substr(0, N).copy(reinterpret_cast<char*>(field), N);
}

bool fits(const P11KitUri* uri, const PKCS11_SLOT& slot) {
  if (slot.token == nullptr || slot.token->initialized == 0) return false;
  CK_TOKEN_INFO info{};
  pad(info.label, slot.token->label);
  pad(info.manufacturerID, slot.token->manufacturer);
  pad(info.model, slot.token->model);
  pad(info.serialNumber, slot.token->serialnr);
  return p11_kit_uri_match_token_info(uri, &info) != 0;
}

bool same(const CK_ATTRIBUTE* wanted, const void* data, std::size_t size) {
  return wanted == nullptr || (wanted->ulValueLen == size &&
                               (size == 0 || std::memcmp(wanted->pValue, data, size) == 0));
}

bool fits(P11KitUri* uri, const PKCS11_KEY& key) {
  const char* label = key.label == nullptr ? "" : key.label;
  return same(p11_kit_uri_get_attribute(uri, CKA_LABEL), label, std::strlen(label)) &&
         same(p11_kit_uri_get_attribute(uri, CKA_ID), key.id, key.id_len);
}

/// The only one that fits: a key that was picked by chance signs nothing.
template <class Item>
Result<Item*> only(P11KitUri* uri, std::span<Item> items, const char* code, const char* what) {
  std::vector<Item*> found;
  for (auto& item : items)
    if (fits(uri, item)) found.push_back(&item);
  if (found.size() == 1) return found.front();
  return fail(
      code,
      std::to_string(found.size()) + " " + what + "s of the module fit the URI; it needs one.",
      "Compare the URI with what `pkcs11-tool --module MODULE --login -O` or `-L` shows.");
}

Result<void> log_in(PKCS11_SLOT& slot, const std::string& pin) {
  ERR_clear_error();
  if (PKCS11_login(&slot, 0, pin.c_str()) == 0) return {};
  const auto reason = static_cast<CK_RV>(ERR_GET_REASON(ERR_peek_last_error()));
  ERR_clear_error();
  if (reason == CKR_PIN_LOCKED)
    return fail("pin-locked", "The token is locked after too many wrong PINs.",
                "Its security officer sets a new PIN.");
  if (reason == CKR_PIN_INCORRECT || reason == CKR_PIN_INVALID || reason == CKR_PIN_LEN_RANGE)
    return fail("wrong-pin", "The token refuses this PIN.",
                "Give the user PIN; after a few wrong ones the token locks itself.");
  return fail("hsm-failed", "The token does not let anybody log in.", "Check its state.");
}

Result<PKCS11_KEY*> find_key(P11KitUri* uri, PKCS11_SLOT& slot) {
  PKCS11_KEY* keys = nullptr;
  unsigned count = 0;
  if (PKCS11_enumerate_keys(slot.token, &keys, &count) != 0)
    return fail("hsm-failed", "The token does not list its keys.", "Check its state.");
  return only(uri, std::span(keys, count), "hsm-no-key", "private key");
}

}  // namespace

bool is_key_uri(std::string_view text) { return text.starts_with("pkcs11:"); }

Result<PrivateKey> open_hsm_key(const std::string& uri, const Session& session) {
  LK_TRY(const auto wanted, parse(uri));
  LK_TRY(const auto module, Module::load(p11_kit_uri_get_module_path(wanted.get())));
  LK_TRY(auto* slot, only(wanted.get(), module->slots(), "hsm-no-token", "token"));
  LK_TRY(const auto pin, get_passphrase(session.passphrase_file, slot->token->label, Asking::once));
  LK_CHECK(log_in(*slot, pin));
  LK_TRY(auto* found, find_key(wanted.get(), *slot));
  auto* key = PKCS11_get_private_key(found);
  ERR_clear_error();
  if (key == nullptr)
    return fail("invalid-key", "The module's key is of a kind that cannot be used.",
                "Generate an ECDSA key on P-256.");
  return PrivateKey::adopt({key, [module](EVP_PKEY* handle) { EVP_PKEY_free(handle); }});
}

}  // namespace latchkey::vendor
