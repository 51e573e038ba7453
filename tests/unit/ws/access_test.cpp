#include "ws/access.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::ws {
namespace {

TEST(Authority, HostAndPort) {
    EXPECT_EQ(parse_authority("Example.COM:8080").host, "example.com");
    EXPECT_EQ(parse_authority("Example.COM:8080").port, "8080");
    EXPECT_EQ(parse_authority("[::1]:80").host, "::1");
    EXPECT_EQ(parse_authority("[::1]").port, "");
    for (const char* bad :
         {"", ":80", "a b", "a:port", "a:123456", "[::1", "[::1]x", "a/b", "a;b", "user@host"}) {
        EXPECT_EQ(parse_authority(bad).host, "") << bad;
    }
}

TEST(AccessPolicy, HostIsLoopbackTheBoundAddressTheLocalAddressOrConfigured) {
    AccessPolicy policy("10.0.0.5", "https://ops.example.com,https://*.apps.example.com");
    for (const char* good :
         {"localhost", "app.localhost:1", "127.0.0.1", "127.9.9.9", "[::1]", "10.0.0.5:6480",
          "192.168.1.7", "ops.example.com", "x.apps.example.com"}) {
        EXPECT_TRUE(policy.host_allowed(good, "192.168.1.7")) << good;
    }
    for (const char* bad :
         {"", "10.0.0.6", "example.com", "apps.example.com", "*.apps.example.com",
          "xapps.example.com", "127.0.0.1.nip.io", "127.1", "localhost.evil.com", "0.0.0.0"}) {
        EXPECT_FALSE(policy.host_allowed(bad, "192.168.1.7")) << bad;
    }
}

TEST(AccessPolicy, WithoutConfigurationTheOriginIsTheHost) {
    AccessPolicy policy("127.0.0.1", "");
    EXPECT_TRUE(policy.origin_allowed("", "localhost:6480")) << "not a browser";
    EXPECT_TRUE(policy.origin_allowed("http://localhost:6480", "localhost:6480"));
    EXPECT_TRUE(policy.origin_allowed("https://sidecar.internal", "sidecar.internal"))
        << "behind a TLS proxy";
    EXPECT_TRUE(policy.origin_allowed("http://LOCALHOST:80", "localhost"));
    EXPECT_FALSE(policy.origin_allowed("http://localhost:3000", "localhost:6480"));
    EXPECT_FALSE(policy.origin_allowed("http://127.0.0.1:6480", "localhost:6480"));
    EXPECT_FALSE(policy.origin_allowed("null", "localhost:6480"));
    EXPECT_FALSE(policy.origin_allowed("chrome-extension://", "localhost:6480"));
}

TEST(AccessPolicy, ConfiguredOriginMatchesSchemeHostAndPort) {
    AccessPolicy policy("127.0.0.1",
                        " https://ops.example.com , http://dev.example.com:3000,nonsense");
    EXPECT_TRUE(policy.origin_allowed("https://ops.example.com", "localhost"));
    EXPECT_TRUE(policy.origin_allowed("https://ops.example.com:443", "localhost"));
    EXPECT_TRUE(policy.origin_allowed("http://dev.example.com:3000", "localhost"));
    EXPECT_FALSE(policy.origin_allowed("http://ops.example.com", "localhost"));
    EXPECT_FALSE(policy.origin_allowed("http://dev.example.com", "localhost"));
}

TEST(Subprotocols, KnownUnknownAndBearer) {
    EXPECT_TRUE(parse_subprotocols("mqtt, pgsidecar.v1").version1);
    EXPECT_FALSE(parse_subprotocols("mqtt, pgsidecar.v1").unknown_only);
    EXPECT_TRUE(parse_subprotocols("mqtt,pgsidecar.v2").unknown_only);
    EXPECT_FALSE(parse_subprotocols("").unknown_only);
    EXPECT_EQ(parse_subprotocols("pgsidecar.v1, bearer.c2VjcmV0").bearer, "secret");
    EXPECT_EQ(parse_subprotocols("bearer.c2VjcmV0").unknown_only, false);
}

}  // namespace
}  // namespace pgsidecar::ws
