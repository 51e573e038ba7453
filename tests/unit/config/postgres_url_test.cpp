#include "config/postgres_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

Upstream parsed(std::string_view text) {
    auto result = parse_upstream(text);
    if (!result) {
        ADD_FAILURE() << text << ": " << result.error().sentence;
        return {};
    }
    return *result;
}

struct GoodCase {
    const char* text;
    std::vector<HostPort> hosts;
    const char *user, *password, *database;
};

TEST(ParseUpstream, EveryFormIsRead) {
    const GoodCase cases[] = {
        {"postgres://u:p@h:1/d", {{"h", 1}}, "u", "p", "d"},
        {"postgresql://u:p@h/d", {{"h", 0}}, "u", "p", "d"},
        {"postgresql+psycopg2://u:p@h/d", {{"h", 0}}, "u", "p", "d"},
        {"postgresql+asyncpg://u@h", {{"h", 0}}, "u", "", ""},
        {"jdbc:postgresql://h/d?user=u&password=p", {{"h", 0}}, "u", "p", "d"},
        {"postgres://", {}, "", "", ""},
        {"postgres:///d", {}, "", "", "d"},
        {"postgres://h", {{"h", 0}}, "", "", ""},
        {"postgres://h:1", {{"h", 1}}, "", "", ""},
        {"postgres://h:/d", {{"h", 0}}, "", "", "d"},
        {"postgres://:1/d", {{"", 1}}, "", "", "d"},
        {"postgres://u:@h", {{"h", 0}}, "u", "", ""},
        {"postgres://u%40x:p%3A%2F%3F%23%40@h/d%20b", {{"h", 0}}, "u@x", "p:/?#@", "d b"},
        {"postgres://u:a@b@h/d", {{"h", 0}}, "u", "a@b", "d"},
        {"postgres://u:a:b@h/d", {{"h", 0}}, "u", "a:b", "d"},
        {"postgres://u:a#b@h/d", {{"h", 0}}, "u", "a#b", "d"},
        {"postgres://[::1]/d", {{"::1", 0}}, "", "", "d"},
        {"postgres://u@[2001:db8::1]:1/d", {{"2001:db8::1", 1}}, "u", "", "d"},
        {"postgres://a:1,b:2,[::1]:3/d", {{"a", 1}, {"b", 2}, {"::1", 3}}, "", "", "d"},
        {"postgres://a,b/d", {{"a", 0}, {"b", 0}}, "", "", "d"},
        {"postgres://u@%2Fvar%2Frun/d", {{"/var/run", 0}}, "u", "", "d"},
        {"postgres://%2Fvar%2Frun:1/d", {{"/var/run", 1}}, "", "", "d"},
        {"postgres:///d?host=/var/run&port=1", {{"/var/run", 1}}, "", "", "d"},
        {"postgres:///d?host=a,b&port=1,2", {{"a", 1}, {"b", 2}}, "", "", "d"},
        {"postgres:///d?host=a,b&port=1", {{"a", 1}, {"b", 1}}, "", "", "d"},
        {"postgres://h/d?user=u&password=p%26q&dbname=e", {{"h", 0}}, "u", "p&q", "e"},
        {"postgres://h/d?", {{"h", 0}}, "", "", "d"},
        {"host=h port=1 user=u password=p dbname=d", {{"h", 1}}, "u", "p", "d"},
        {"host = h  user = u", {{"h", 0}}, "u", "", ""},
        {R"(host=h password='a b\'c\\d' user=u)", {{"h", 0}}, "u", R"(a b'c\d)", ""},
        {R"(password=a\ b)", {}, "", "a b", ""},
        {"host=h password=''", {{"h", 0}}, "", "", ""},
        {"host=h password=a://b user=u", {{"h", 0}}, "u", "a://b", ""},
        {"port=1", {{"", 1}}, "", "", ""},
        {"", {}, "", "", ""},
    };
    for (const auto& test : cases) {
        const auto upstream = parsed(test.text);
        EXPECT_EQ(upstream.hosts, test.hosts) << test.text;
        EXPECT_EQ(upstream.user, test.user) << test.text;
        EXPECT_EQ(upstream.password, test.password) << test.text;
        EXPECT_EQ(upstream.database, test.database) << test.text;
        EXPECT_THAT(upstream.ignored, IsEmpty()) << test.text;
    }
}

TEST(ParseUpstream, ParametersFindTheirMembers) {
    const auto upstream = parsed(
        "postgres://h/d?sslmode=verify-full&sslrootcert=system&sslcert=/c&sslkey=/"
        "k&application_name=a%20b"
        "&connect_timeout=5&options=-c%20statement_timeout%3D5");
    EXPECT_EQ(upstream.sslmode, SslMode::VerifyFull);
    EXPECT_TRUE(upstream.sslmode_given);
    EXPECT_EQ(upstream.sslrootcert, "system");
    EXPECT_EQ(upstream.sslcert, "/c");
    EXPECT_EQ(upstream.sslkey, "/k");
    EXPECT_EQ(upstream.application_name, "a b");
    EXPECT_EQ(upstream.connect_timeout_s, 5);
    EXPECT_EQ(upstream.options, "-c statement_timeout=5");
}

TEST(ParseUpstream, TlsParametersFindTheirMembers) {
    const auto upstream = parsed(
        "postgres://h/d?sslsni=0&sslnegotiation=direct&ssl_min_protocol_version=TLSv1.1"
        "&ssl_max_protocol_version=TLSv1.3");
    EXPECT_FALSE(upstream.sends_sni());
    EXPECT_TRUE(upstream.direct_tls());
    EXPECT_EQ(upstream.ssl_min_protocol_version, "TLSv1.1");
    EXPECT_EQ(upstream.ssl_max_protocol_version, "TLSv1.3");
    EXPECT_TRUE(parsed("postgres://h").sends_sni());
    EXPECT_FALSE(parsed("postgres://h?sslnegotiation=postgres").direct_tls());
    EXPECT_EQ(parsed(to_url(upstream)).sslnegotiation, "direct");
    EXPECT_EQ(parsed(to_url(upstream)).sslsni, "0");
}

TEST(ParseUpstream, SslWordsOfDriversAreUnderstood) {
    EXPECT_EQ(parsed("postgres://h").sslmode, SslMode::Prefer);
    EXPECT_FALSE(parsed("postgres://h").sslmode_given);
    EXPECT_EQ(parsed("postgres://h?sslmode=disable").sslmode, SslMode::Disable);
    EXPECT_EQ(parsed("postgres://h?ssl=true").sslmode, SslMode::Require);
    EXPECT_EQ(parsed("postgres://h?sslmode=no-verify").sslmode, SslMode::Require);
    EXPECT_EQ(parsed("postgres://h?sslmode=verify-ca&ssl=true").sslmode, SslMode::VerifyCa);
}

TEST(ParseUpstream, DriversOwnParametersAreKeptApart) {
    EXPECT_THAT(
        parsed("postgres://h/d?schema=public&connection_limit=5&pgbouncer=true&uselibpqcompat=true")
            .ignored,
        ElementsAre(Pair("schema", "public"), Pair("connection_limit", "5"),
                    Pair("pgbouncer", "true"), Pair("uselibpqcompat", "true")));
    EXPECT_THAT(parsed("host=h gssencmode=disable").ignored,
                ElementsAre(Pair("gssencmode", "disable")));
}

TEST(ParseUpstream, BadInputIsRefusedWithoutQuotingIt) {
    const std::string bad[] = {
        "mysql://u:CANARY@h/d",
        "http://CANARY",
        "CANARY",
        "CANARY CANARY",
        "=CANARY",
        "host=h CANARY",
        "host=h password='CANARY",
        "host=h sslmode=CANARY",
        "postgres://u:CANARY@h:0/d",
        "postgres://u:CANARY@h:65536/d",
        "postgres://u:CANARY@h:-1/d",
        "postgres://u:CANARY@h:1x/d",
        "postgres://u:CANARY",
        "postgres://u:CANARY/x@h/d",
        "postgres://u:12/CANARY@h/d",
        "postgres://u:1?CANARY@h/d",
        "postgres://u:CANARY%@h/d",
        "postgres://u:CANARY%2@h/d",
        "postgres://u:CANARY%zz@h/d",
        "postgres://u:CANARY%00@h/d",
        "postgres://u:CANARY@[::1/d",
        "postgres://u:CANARY@[::1]x/d",
        "postgres://u:CANARY@::1/d",
        "postgres://u:CANARY@a:1,b:2/d?port=1,2,3",
        "postgres://u:CANARY@h/d?sslmode=CANARY",
        "postgres://u:CANARY@h/d?sslsni=CANARY",
        "postgres://u:CANARY@h/d?sslnegotiation=CANARY",
        "postgres://u:CANARY@h/d?ssl_min_protocol_version=CANARY",
        "postgres://u:CANARY@h/d?ssl_max_protocol_version=SSLv3",
        "postgres://u:CANARY@h/d?sslmode",
        "postgres://u:CANARY@h/d?=x",
        "postgres://u:CANARY@h/d?a b=x",
        "postgres://u:CANARY@h/d?connect_timeout=CANARY",
        "postgres://u:CANARY@h/d?connect_timeout=-1",
        std::string("postgres://u:CANARY@h/d\0", 24),
        "postgres://" + std::string(1'000'000, ',') + "CANARY",
        std::string(1'000'000, '\xFF') + "CANARY",
    };
    for (const auto& text : bad) {
        const auto result = parse_upstream(text);
        ASSERT_FALSE(result) << text.substr(0, 80);
        EXPECT_THAT(result.error().sentence, Not(HasSubstr("CANARY"))) << text.substr(0, 80);
        EXPECT_FALSE(result.error().sentence.empty());
    }
}

TEST(Masked, PasswordIsHiddenAndTheRestIsShown) {
    EXPECT_EQ(masked(parsed("postgres://u:CANARY@h:1/d?sslmode=require")),
              "postgres://u:***@h:1/d?sslmode=require");
    EXPECT_EQ(masked(parsed("postgres://u@h/d")), "postgres://u@h/d");
    EXPECT_EQ(masked(parsed("postgres://h/d?password=CANARY&schema=CANARY&sslpassword=CANARY")),
              "postgres://:***@h/d");
    EXPECT_EQ(masked(parsed("host=/var/run,::1 port=1,2 user='a b' password=CANARY")),
              "postgres://a%20b:***@%2Fvar%2Frun:1,[::1]:2");
}

TEST(ToUrl, ReadsBackAsTheSame) {
    for (const char* text :
         {"postgres://u:p%40%2F%3A%25@h:1/"
          "d%2Fe?sslmode=verify-ca&sslrootcert=%2Fa%20b&connect_timeout=3",
          "postgres://a:1,[::1]:2,%2Frun:3/d?application_name=x%26y&options=-c%20a%3Db",
          "postgres://:p@h", "host=h"}) {
        const auto first = parsed(text);
        const auto second = parsed(to_url(first));
        EXPECT_EQ(second.hosts, first.hosts) << text;
        EXPECT_EQ(second.user, first.user);
        EXPECT_EQ(second.password, first.password);
        EXPECT_EQ(second.database, first.database);
        EXPECT_EQ(second.sslmode, first.sslmode);
        EXPECT_EQ(second.sslmode_given, first.sslmode_given);
        EXPECT_EQ(second.sslrootcert, first.sslrootcert);
        EXPECT_EQ(second.application_name, first.application_name);
        EXPECT_EQ(second.connect_timeout_s, first.connect_timeout_s);
        EXPECT_EQ(second.options, first.options);
    }
}

TEST(PercentEncoding, EveryByteComesBack) {
    for (int byte = 1; byte < 256; ++byte) {
        const std::string text(1, static_cast<char>(byte));
        EXPECT_EQ(percent_decoded(percent_encoded(text)), text);
    }
}

}  // namespace
}  // namespace pgsidecar::config
