#include "tools/latchkey-client/enrol.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>

#include "core/access/enrolment_token.h"
#include "core/base/json.h"
#include "core/base/openssl.h"
#include "tools/latchkey-client/answer.h"
#include "tools/latchkey-client/credentials.h"
#include "tools/latchkey-client/line.h"
#include "tools/latchkey-client/request.h"

namespace latchkey::client {
namespace {

using nlohmann::json;
using Request = openssl::Handle<X509_REQ, X509_REQ_free>;

struct NewKey {
  std::string key;      ///< PKCS#8 PEM
  std::string request;  ///< PKCS#10 PEM (RFC 2986)
};

std::string text_of(const openssl::Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// The server takes the key of the request and nothing else.
Result<NewKey> make_key() {
  const openssl::KeyHandle key(EVP_EC_gen("P-256"));
  const Request request(X509_REQ_new());
  const openssl::Bio key_pem(BIO_new(BIO_s_mem())), request_pem(BIO_new(BIO_s_mem()));
  const bool made = key && request && key_pem && request_pem &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 &&
                    PEM_write_bio_X509_REQ(request_pem.get(), request.get()) == 1 &&
                    PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0,
                                                  nullptr, nullptr) == 1;
  if (!made) return fail("crypto-failed", "OpenSSL cannot make a key.", "Look at openssl.cnf.");
  return NewKey{text_of(key_pem), text_of(request_pem)};
}

/// The pinned CA's certificate, as the server shows it behind its own.
Result<std::string> find_ca(const Address& server, const std::string& pin,
                            const Patience& patience) {
  LK_TRY(auto open_minded, make_tls({}));
  Line line(server, std::move(open_minded));
  LK_TRY(auto shown, line.certificates(patience));
  for (auto& pem : shown)
    if (pin_of(pem) == pin) return std::move(pem);
  return fail("pin-mismatch",
              "The server at " + server.text + " does not belong to the token's deployment.",
              "Check the address. If it has a certificate of your own CA, give that with --ca.");
}

tl::unexpected<Error> odd_answer() {
  return fail("bad-answer", "The server's answer to the enrolment cannot be understood.",
              "Check that agent and client have the same version.");
}

std::string text_in(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

struct Certified {
  Enrolled who;
  std::string certificate, ca;
};
Result<Certified> read_certified(const HttpAnswer& answer) {
  if (answer.status >= 400) {
    auto problem = read_problem(answer);
    return fail(std::move(problem.code), std::move(problem.message), std::move(problem.cure));
  }
  const auto body = parse_json(answer.body, {.bytes = ResponseReader::kMaxBody, .depth = 4});
  if (!body || !body->is_object()) return odd_answer();
  Certified out{{text_in(*body, "identity"), text_in(*body, "name"), text_in(*body, "role")},
                text_in(*body, "certificate"),
                text_in(*body, "ca")};
  if (out.certificate.empty() || out.ca.empty()) return odd_answer();
  return out;
}

/// One server's answer. The token goes out only over a connection that `ca` vouches for.
Result<Certified> ask(const Address& server, const std::string& ca, const std::string& body,
                      const Patience& patience) {
  LK_TRY(auto tls, make_tls({.ca = ca}));
  Line line(server, std::move(tls));
  LK_TRY(const auto answer, line.exchange(post_request(server, "/v1/enrol", body), patience));
  return read_certified(answer);
}

Result<std::vector<Address>> addresses_of(const std::vector<std::string>& servers) {
  std::vector<Address> addresses;
  for (const auto& server : servers) {
    LK_TRY(auto address, parse_address(server));
    if (!address.tls)
      return fail("address-invalid", server + " is a socket: nobody enrols there.",
                  "Write https://HOST:8201.");
    addresses.push_back(std::move(address));
  }
  if (addresses.empty())
    return fail("address-invalid", "No server is named.", "Write https://HOST:8201.");
  return addresses;
}

Result<Certified> ask_all(const std::vector<Address>& servers, const Enrolment& enrolment,
                          const EnrolmentToken& token, const std::string& request,
                          std::chrono::milliseconds patience) {
  const auto body = json{{"token", encode_enrolment_token(token)}, {"csr", request}}.dump();
  Result<Certified> answer = odd_answer();
  for (const auto& server : servers) {
    const Patience until{boot_now() + patience, -1};
    auto ca = enrolment.ca.empty() ? find_ca(server, token.pin, until) : enrolment.ca;
    answer = ca ? ask(server, *ca, body, until) : tl::make_unexpected(ca.error());
    // Another server may answer; a refusal is the deployment's.
    if (answer || answer.error().code != "server-unreachable") break;
  }
  return answer;
}

}  // namespace

Result<Enrolled> enrol(const Enrolment& enrolment, std::chrono::milliseconds patience) {
  LK_TRY(const auto token, decode_enrolment_token(enrolment.token));
  LK_TRY(const auto servers, addresses_of(enrolment.servers));
  LK_TRY(const auto key, make_key());
  LK_TRY(auto draft, CredentialsDraft::begin(enrolment.directory, enrolment.replace, key.key));
  LK_TRY(const auto certified, ask_all(servers, enrolment, token, key.request, patience));
  if (pin_of(certified.ca) != token.pin)
    return fail("pin-mismatch", "The server named another CA than the token's.",
                "Ask the deployment's administrator.");
  Credentials credentials{{enrolment.ca + certified.ca, certified.certificate, key.key},
                          enrolment.servers};
  LK_CHECK(make_tls(credentials.card));  // the certificate is for this key
  LK_CHECK(draft.commit(credentials));
  return certified.who;
}

}  // namespace latchkey::client
