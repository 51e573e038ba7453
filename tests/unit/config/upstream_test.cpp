#include "config/upstream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;
using testing::Not;

Settings local(std::string url) {
    Settings settings;
    settings.database.database_url = std::move(url);
    return settings;
}

Settings supabase() {
    Settings settings;
    settings.database.mode = model::DatabaseMode::Supabase;
    settings.database.supabase_url = "https://abcd1234.supabase.co";
    settings.database.supabase_key = "key";
    return settings;
}

TEST(UpstreamOf, LocalUrlIsCompleted) {
    const auto upstream = upstream_of(local("postgres://app@"));
    ASSERT_TRUE(upstream);
    EXPECT_EQ(upstream->hosts, (std::vector<HostPort>{{"/var/run/postgresql", 5432}}));
    EXPECT_EQ(upstream->database, "app");
    EXPECT_EQ(upstream->sslmode, SslMode::Prefer);
}

TEST(UpstreamOf, LocalWithoutUrlSaysWhatIsMissing) {
    const auto upstream = upstream_of(Settings{});
    ASSERT_FALSE(upstream);
    EXPECT_THAT(upstream.error().sentence, HasSubstr("databaseUrl"));
}

TEST(UpstreamOf, TlsParametersThatContradictEachOtherAreRefused) {
    const std::pair<const char*, const char*> cases[] = {
        {"sslnegotiation=direct", "sslnegotiation=direct"},
        {"sslnegotiation=direct&sslmode=prefer", "sslnegotiation=direct"},
        {"sslnegotiation=direct&sslmode=require", nullptr},
        {"sslrootcert=system&sslmode=require", "sslrootcert=system"},
        {"sslrootcert=system", nullptr},
        {"ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", "below"},
        {"ssl_max_protocol_version=TLSv1.1", "which is TLSv1.2"},
        {"ssl_min_protocol_version=TLSv1&ssl_max_protocol_version=TLSv1.1", nullptr},
    };
    for (const auto& [parameters, words] : cases) {
        const auto upstream = upstream_of(local("postgres://u@h/d?" + std::string(parameters)));
        EXPECT_EQ(upstream.has_value(), words == nullptr) << parameters;
        if (!upstream && words != nullptr) {
            EXPECT_THAT(upstream.error().sentence, HasSubstr(words)) << parameters;
        }
    }
    EXPECT_EQ(upstream_of(local("postgres://u@h/d?sslrootcert=system"))->sslmode,
              SslMode::VerifyFull);
}

TEST(UpstreamOf, ManagedNeedsAUserAndPassThroughDoesNot) {
    auto settings = local("postgres://h/d");
    ASSERT_FALSE(upstream_of(settings));
    EXPECT_THAT(upstream_of(settings).error().sentence, HasSubstr("user"));
    settings.auth.mode = AuthMode::PassThrough;
    EXPECT_TRUE(upstream_of(settings));
}

TEST(UpstreamOf, SupabaseAddressIsDerivedFromThePassword) {
    auto settings = supabase();
    settings.supabase.db_password = "p@ss/word";
    const auto upstream = upstream_of(settings);
    ASSERT_TRUE(upstream);
    EXPECT_EQ(masked(*upstream),
              "postgres://postgres:***@db.abcd1234.supabase.co:5432/postgres?sslmode=require");
    EXPECT_EQ(upstream->password, "p@ss/word");
}

TEST(UpstreamOf, SupabaseWithoutUrlOrPasswordNamesBoth) {
    const auto upstream = upstream_of(supabase());
    ASSERT_FALSE(upstream);
    EXPECT_THAT(upstream.error().sentence, HasSubstr("database_url"));
    EXPECT_THAT(upstream.error().sentence, HasSubstr("supabase.db_password"));
}

TEST(UpstreamOf, SupabasePrefersTheGivenUrl) {
    auto settings = supabase();
    settings.supabase.db_password = "unused";
    settings.database.database_url =
        "postgres://postgres.abcd:p@aws-0.pooler.supabase.com:6543/postgres";
    const auto upstream = upstream_of(settings);
    ASSERT_TRUE(upstream);
    EXPECT_EQ(upstream->hosts[0].host, "aws-0.pooler.supabase.com");
    EXPECT_EQ(upstream->sslmode, SslMode::Require);
}

TEST(UpstreamOf, SupabaseRaisesWeakTlsAndKeepsStrong) {
    const std::pair<const char*, SslMode> cases[] = {{"allow", SslMode::Require},
                                                     {"prefer", SslMode::Require},
                                                     {"require", SslMode::Require},
                                                     {"verify-ca", SslMode::VerifyCa},
                                                     {"verify-full", SslMode::VerifyFull}};
    for (const auto& [word, expected] : cases) {
        auto settings = supabase();
        settings.database.database_url = "postgres://u:p@h/d?sslmode=" + std::string(word);
        ASSERT_TRUE(upstream_of(settings)) << word;
        EXPECT_EQ(upstream_of(settings)->sslmode, expected) << word;
    }
}

TEST(UpstreamOf, SupabaseRefusesPlainText) {
    auto settings = supabase();
    settings.database.database_url = "postgres://u:CANARY@h/d?sslmode=disable";
    const auto upstream = upstream_of(settings);
    ASSERT_FALSE(upstream);
    EXPECT_THAT(upstream.error().sentence, HasSubstr("sslmode=disable"));
    EXPECT_THAT(upstream.error().sentence, Not(HasSubstr("CANARY")));
}

TEST(UpstreamOf, OnlySupabaseAddressesAreDerivedFrom) {
    for (const char* url :
         {"https://example.com", "http://abcd.supabase.co", "https://.supabase.co", "https://",
          "https://a.b.supabase.co", "https://CANARY@evil/x.supabase.co", "https://AB.supabase.co",
          "https://abcd.supabase.co.evil.com", "abcd"}) {
        auto settings = supabase();
        settings.database.supabase_url = url;
        settings.supabase.db_password = "CANARY";
        const auto upstream = upstream_of(settings);
        ASSERT_FALSE(upstream) << url;
        EXPECT_THAT(upstream.error().sentence, HasSubstr("supabase.url"));
        EXPECT_THAT(upstream.error().sentence, Not(HasSubstr("CANARY")));
    }
    auto settings = supabase();
    settings.database.supabase_url = "https://abcd.supabase.co/rest/v1/";
    settings.supabase.db_password = "p";
    ASSERT_TRUE(upstream_of(settings));
    EXPECT_EQ(upstream_of(settings)->hosts[0].host, "db.abcd.supabase.co");
}

}  // namespace
}  // namespace pgsidecar::config
