#include "drivers/piv/certificate_maker.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "core/base/openssl.h"
#include "core/base/sha256.h"
#include "drivers/piv/tlv.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::piv {
namespace {

using X509Handle = openssl::Handle<X509, X509_free>;

constexpr std::uint32_t kSequence = 0x30, kBitString = 0x03;             // ITU-T X.680
constexpr std::uint32_t kCertificate = 0x70, kInfo = 0x71, kLrc = 0xFE;  // SP 800-73-4

tl::unexpected<KeyError> failed(std::string_view what) {
  ERR_clear_error();
  return key_fail(KeyError::Kind::protocol, std::string(what));
}

/// i2d in both of its steps.
template <class T>
Bytes der_of(T* object, int (*encode)(T*, unsigned char**)) {
  const int size = encode(object, nullptr);
  Bytes out(static_cast<std::size_t>(std::max(0, size)));
  auto* cursor = out.data();
  if (!out.empty()) encode(object, &cursor);
  return out;
}

bool fill_in(X509* x509, EVP_PKEY* key, const std::string& key_id) {
  auto* name = X509_get_subject_name(x509);
  const auto* text = reinterpret_cast<const unsigned char*>(key_id.data());
  return X509_set_version(x509, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, static_cast<int>(key_id.size()),
                                    -1, 0) == 1 &&
         X509_set_issuer_name(x509, name) == 1 &&
         // A key does not know the time, and nobody looks at it: the license has the dates.
         ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "20000101000000Z") == 1 &&
         ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "99991231235959Z") == 1 &&
         X509_set_pubkey(x509, key) == 1;
}

/// The certificate without its signature, under a key that is thrown away: X509_sign is what fills
/// in the algorithm, ecdsa-with-SHA256, in both places.
X509Handle draft(EVP_PKEY* key, const std::string& key_id) {
  X509Handle out(X509_new());
  const openssl::KeyHandle throwaway(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!out || !throwaway || !fill_in(out.get(), key, key_id) ||
      X509_sign(out.get(), throwaway.get(), EVP_sha256()) == 0)
    out.reset();
  return out;
}

/// RFC 5280 4.1: Certificate = SEQUENCE of what is signed, the algorithm, the signature.
Bytes assemble(const X509* x509, ByteView signed_part, ByteView signature) {
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509);
  const auto algorithm_der = der_of(algorithm, &i2d_X509_ALGOR);
  Bytes bits{0};  // no unused bits
  bits.insert(bits.end(), signature.begin(), signature.end());
  Bytes body(signed_part.begin(), signed_part.end());
  body.insert(body.end(), algorithm_der.begin(), algorithm_der.end());
  put_tlv(body, kBitString, bits);
  return make_tlv(kSequence, body);
}

}  // namespace

KeyResult<Bytes> make_certificate(const PublicKey& key, const std::string& key_id,
                                  const SignDigest& sign) {
  const auto* cursor = key.der().data();
  const openssl::KeyHandle handle(
      d2i_PUBKEY(nullptr, &cursor, static_cast<long>(key.der().size())));
  const auto x509 = draft(handle.get(), key_id);
  if (!x509) return failed("no certificate could be made");
  const auto signed_part = der_of(x509.get(), &i2d_re_X509_tbs);
  const auto digest = sha256(signed_part);
  LK_TRY(const auto signature, sign(digest));
  if (!key.verify_digest(digest, signature))
    return failed("the key signed its certificate wrongly");
  Bytes out;
  put_tlv(out, kCertificate, assemble(x509.get(), signed_part, signature));
  put_tlv(out, kInfo, Bytes{0});
  put_tlv(out, kLrc, {});
  return out;
}

}  // namespace latchkey::piv
