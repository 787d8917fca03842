#include "core/usbkey/stamp.h"

#include <gtest/gtest.h>

#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::at;
using test::new_key;
using test::SampleVendor;

const RemovalStamp kStamp{at("2026-03-01T00:00:00Z") + Duration(123),
                          at("9999-12-31T23:59:59Z") + Duration(999)};

TEST(Stamp, RoundTripsWithinItsRoom) {  // SPEC BUF-10
  const auto id = key_id(as_bytes("key"));
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256}) {
    const auto deployment = new_key(algorithm);
    const auto bytes = make_stamp(kStamp, id, deployment).value();
    EXPECT_LT(bytes.size(), kMaxStampSize);
    EXPECT_EQ(verify_stamp(bytes, id, deployment.public_key()).value(), kStamp);
  }
}

TEST(Stamp, RefusesWithItsReason) {  // SPEC BUF-10: tampering is detected
  const auto id = key_id(as_bytes("key"));
  const auto deployment = new_key();
  const auto good = make_stamp(kStamp, id, deployment).value();
  const auto code = [&](const Bytes& bytes) {
    const auto result = verify_stamp(bytes, id, deployment.public_key());
    return result ? "" : result.error().code;
  };
  const auto sealed = [&](std::string_view payload) {
    return SampleVendor::seal(kStampType, payload, deployment);
  };
  const auto payload = [&](const std::string& deployment_name) {
    return R"({"buffer_until":"2026-03-01T00:00:00Z","deployment":")" + deployment_name +
           R"(","key_id":")" + id + R"(","removed_at":"2026-03-01T00:00:00Z"})";
  };
  const auto own = deployment_id(deployment.public_key());
  auto longer = good;
  longer.resize(kMaxStampSize + 1, ' ');
  EXPECT_EQ(code(sealed(payload(own))), "");
  EXPECT_EQ(code(sealed(payload(std::string(64, '0')))), "untrusted-signer");
  EXPECT_EQ(code(make_stamp(kStamp, id, new_key()).value()), "untrusted-signer");
  EXPECT_EQ(code(make_stamp(kStamp, key_id({}), deployment).value()), "wrong-key-id");
  EXPECT_EQ(code(SampleVendor::seal("text/plain", payload(own), deployment)), "invalid-format");
  EXPECT_EQ(code(sealed("{}")), "invalid-format");
  EXPECT_EQ(code(longer), "invalid-format");
  EXPECT_EQ(code({}), "invalid-format");
}

}  // namespace
}  // namespace latchkey
