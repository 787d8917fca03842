#include "drivers/piv/certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "core/base/deflate.h"
#include "core/base/openssl.h"
#include "drivers/piv/application.h"
#include "drivers/piv/tlv.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::piv {
namespace {

constexpr std::uint32_t kCertificateTag = 0x70, kInfoTag = 0x71;
constexpr std::uint8_t kGzipped = 0x01;  // bit of CertInfo
constexpr std::size_t kMostCertificate = 16384;

using X509Handle = openssl::Handle<X509, X509_free>;

tl::unexpected<KeyError> malformed(std::string_view what) {
  ERR_clear_error();
  return key_fail(KeyError::Kind::protocol, "certificate of slot 9E: " + std::string(what));
}

/// The X.509 bytes in the object's content, unpacked if need be.
std::optional<Bytes> x509_of(ByteView content) {
  const auto value = find_tlv(content, kCertificateTag);
  if (!value) return std::nullopt;
  const auto info = find_tlv(content, kInfoTag);
  if (info && !info->empty() && ((*info)[0] & kGzipped) != 0) {
    auto plain = inflate(*value, Wrapper::gzip, kMostCertificate);
    return plain ? std::optional(*std::move(plain)) : std::nullopt;
  }
  return Bytes(value->begin(), value->end());
}

Bytes spki_of(EVP_PKEY* key) {
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key, nullptr);
  Bytes out(static_cast<std::size_t>(std::max(0, size)));
  auto* cursor = out.data();
  if (!out.empty()) i2d_PUBKEY(key, &cursor);
  return out;
}

std::string subject_of(const X509* certificate) {
  const openssl::Bio bio(BIO_new(BIO_s_mem()));
  // RFC 2253 with everything beyond ASCII escaped: a hostile name cannot steer a terminal.
  if (!bio ||
      X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

KeyResult<Certificate> read_certificate(ByteView object) {
  if (object.empty()) return key_fail(KeyError::Kind::not_a_key, "no certificate for slot 9E");
  const auto content = content_of(object);
  if (!content) return malformed("torn object");
  if (content->empty()) return key_fail(KeyError::Kind::not_a_key, "no certificate for slot 9E");
  const auto der = x509_of(*content);
  if (!der) return malformed("no certificate in its object");
  const auto* cursor = der->data();
  const X509Handle x509(d2i_X509(nullptr, &cursor, static_cast<long>(der->size())));
  if (!x509 || cursor != der->data() + der->size()) return malformed("no X.509 certificate");
  const auto spki = spki_of(X509_get0_pubkey(x509.get()));
  if (spki.empty()) return malformed("no public key in it");
  auto key = PublicKey::from_der(spki);
  ERR_clear_error();
  if (!key) return key_fail(KeyError::Kind::not_a_key, "slot 9E: " + key.error().message);
  return Certificate{*std::move(key), subject_of(x509.get())};
}

}  // namespace latchkey::piv
