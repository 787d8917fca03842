#include "agent/identity/authority.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "agent/identity/certificate_pin.h"
#include "core/base/openssl.h"
#include "tests/support/certificate_request.h"

namespace latchkey {
namespace {

using Certificate = openssl::Handle<X509, X509_free>;

const Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

PrivateKey deployment_key() { return PrivateKey::generate(KeyAlgorithm::ed25519).value(); }

Certificate parse(const std::string& pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

bool issued_by(const std::string& leaf, const Authority& authority) {
  const auto ca = parse(authority.certificate_pem());
  const auto certificate = parse(leaf);
  return X509_check_issued(ca.get(), certificate.get()) == X509_V_OK &&
         X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1;
}

TEST(Authority, IsTheSameOnBothNodes) {  // SPEC SRV-2, SEC-2
  const auto key = deployment_key();
  const auto a = Authority::create(key), b = Authority::create(key);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->pin(), b->pin());
  const auto client = PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value();
  const auto certificate = a->issue_client(client.public_key(), {"web", "12"}, kNow);
  ASSERT_TRUE(certificate);
  EXPECT_TRUE(issued_by(*certificate, *b));
  const auto stranger = Authority::create(deployment_key());
  EXPECT_NE(stranger->pin(), a->pin());
  EXPECT_FALSE(issued_by(*certificate, *stranger));
}

TEST(Authority, PinsTheKeyThatAClientHas) {
  const auto authority = Authority::create(deployment_key()).value();
  const auto client = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  const auto certificate = authority.issue_client(client.public_key(), {"web", "12"}, kNow);
  EXPECT_EQ(pin_of(parse(*certificate).get()), client.public_key().fingerprint());
}

TEST(Authority, ServesUnderItsNames) {  // SPEC SRV-1
  const auto authority = Authority::create(deployment_key()).value();
  const auto server = authority.issue_server({"node-a", "10.0.0.1", "fd00::1"}, kNow);
  ASSERT_TRUE(server) << server.error().message;
  const auto certificate = parse(server->chain_pem);
  EXPECT_EQ(X509_check_host(certificate.get(), "node-a", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "node-b", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "10.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "fd00::1", 0), 1);
  EXPECT_TRUE(issued_by(server->chain_pem, authority));
  EXPECT_GT(server->renew_after, kNow);
}

TEST(Authority, TakesNoNameThatSaysMore) {  // SPEC SEC-3
  const auto authority = Authority::create(deployment_key()).value();
  for (const char* bad : {"", "a,DNS:evil", "a b", "a:b", "a\n", "*"})
    EXPECT_EQ(authority.issue_server({bad}, kNow).error().code, "server-name") << bad;
}

TEST(KeyOfRequest, IsTheKeyThatSignedIt) {  // SPEC SRV-2
  for (const auto algorithm :
       {KeyAlgorithm::ecdsa_p256, KeyAlgorithm::ecdsa_p384, KeyAlgorithm::ed25519}) {
    const auto key = PrivateKey::generate(algorithm).value();
    const auto found = key_of_request(test::certificate_request(key));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(*found, key.public_key());
  }
}

TEST(KeyOfRequest, RefusesWhatIsNone) {  // SPEC SEC-3
  const auto key = PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value();
  const auto other = PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value();
  const auto good = test::certificate_request(key);
  auto cut = good.substr(0, good.size() / 2);
  for (const auto& bad :
       {std::string(), std::string("nonsense"), cut, good + std::string(9000, ' '),
        test::certificate_request(key, other), key.public_key().pem(), test::rsa_request()})
    EXPECT_EQ(key_of_request(bad).error().code, "request-invalid") << bad.substr(0, 60);
}

}  // namespace
}  // namespace latchkey
