#include "db/connect_parameters.hpp"

#include <gtest/gtest.h>

#include <map>

namespace pgsidecar::db {
namespace {

std::map<std::string, std::string> built(const config::Upstream& upstream, const Endpoint& endpoint,
                                         bool tls_required = false) {
    auto list = connect_parameters(upstream, endpoint, tls_required);
    return {list.begin(), list.end()};
}

TEST(ConnectParameters, FieldsStayFields) {
    config::Upstream upstream;
    upstream.user = "app";
    upstream.password = "a' host=evil";
    upstream.database = "shop";
    auto map = built(upstream, {"db.example", "10.0.0.5", 6000});
    EXPECT_EQ(map["host"], "db.example");
    EXPECT_EQ(map["hostaddr"], "10.0.0.5");
    EXPECT_EQ(map["port"], "6000");
    EXPECT_EQ(map["password"], "a' host=evil");
    EXPECT_EQ(map["application_name"], "pgsidecar");
    EXPECT_EQ(map["sslmode"], "prefer");
    EXPECT_EQ(map.count("sslrootcert"), 0U);
}

TEST(ConnectParameters, TlsWordsThatThisLibpqKnowsArePassedOn) {
    config::Upstream upstream;
    upstream.sslsni = "0";
    upstream.ssl_min_protocol_version = "TLSv1.3";
    upstream.sslnegotiation = "direct";
    upstream.sslrootcert = "system";
    auto map = built(upstream, {"h", "127.0.0.1", 1});
    EXPECT_EQ(map["sslsni"], "0");
    EXPECT_EQ(map["ssl_min_protocol_version"], "TLSv1.3");
    EXPECT_NE(map["sslrootcert"], "");
}

TEST(ConnectParameters, AUnixSocketHasNoAddress) {
    EXPECT_EQ(built({}, {"/run/pg", "", 5432}).count("hostaddr"), 0U);
}

TEST(ConnectParameters, SupabaseNeverGoesWithoutTls) {
    config::Upstream upstream;
    upstream.sslmode = config::SslMode::Disable;
    EXPECT_EQ(built(upstream, {"h", "127.0.0.1", 1}, true)["sslmode"], "require");
    upstream.sslmode = config::SslMode::VerifyFull;
    EXPECT_EQ(built(upstream, {"h", "127.0.0.1", 1}, true)["sslmode"], "verify-full");
}

}  // namespace
}  // namespace pgsidecar::db
