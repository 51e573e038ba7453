#include "protocol/auth/digests.hpp"

#include <gtest/gtest.h>

#include "protocol/auth/base64.hpp"
#include "protocol/auth/constant_time.hpp"
#include "protocol/messages/protocol_errc.hpp"
#include "tests/support/byte_literals.hpp"
#include "tests/support/exact_buffer.hpp"

namespace pgsidecar::protocol {
namespace {

using namespace test::literals;
using base::as_bytes;
using base::as_text;

TEST(Digests, MatchPublishedVectors) {
    // FIPS 180-2, "abc"; RFC 4231, case 2; RFC 1321, A.5; RFC 7914, section 11.
    EXPECT_EQ(as_text(*sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"_bytes);
    EXPECT_EQ(as_text(*hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"_bytes);
    EXPECT_EQ(*md5_hex({as_bytes("message "), as_bytes("digest")}),
              "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(as_text(*pbkdf2_sha256("passwd", as_bytes("salt"), 1)),
              "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"_bytes);
    EXPECT_EQ(pbkdf2_sha256("x", as_bytes("salt"), 0).error(), ProtocolErrc::CryptoFailed);
}

TEST(ConstantTime, ComparesLengthsAndBytes) {
    EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
    EXPECT_TRUE(equal_constant_time({}, {}));
    EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
    EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
    EXPECT_FALSE(equal_constant_time(as_bytes("abc"), {}));
}

// RFC 4648, section 10.
TEST(Base64, GoesBothWays) {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, encoded] : rows) {
        EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
        test::ExactBuffer buffer(encoded);
        auto decoded = base64_decode(buffer.text());
        ASSERT_TRUE(decoded.has_value()) << encoded;
        EXPECT_EQ(as_text(*decoded), plain);
    }
    EXPECT_EQ(base64_encode(as_bytes("ff ef be"_bytes)), "/+++");
}

TEST(Base64, IsStrict) {
    for (const char* bad :
         {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zg==Zg==", "Zm9=", "Zh==", "Zm 9v",
          "Zm9v\n", "Zm-_", "Zm9v====", "Zg=v", "\xff\xff\xff\xff"}) {
        test::ExactBuffer buffer(bad);
        EXPECT_FALSE(base64_decode(buffer.text()).has_value()) << bad;
    }
}

}  // namespace
}  // namespace pgsidecar::protocol
