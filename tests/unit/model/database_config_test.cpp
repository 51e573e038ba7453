#include "model/database_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

DatabaseConfig local_config() {
    DatabaseConfig config;
    config.database_url = "postgres://app:pw@127.0.0.1/app";
    return config;
}

TEST(DatabaseConfig, DefaultsAreTheSeeds) {
    const DatabaseConfig config;
    EXPECT_EQ(config.pool_size, 10);                     // R36
    EXPECT_EQ(config.health_check_interval_ms, 30'000);  // R37
    EXPECT_EQ(config.max_retries, 3);                    // R38
    EXPECT_EQ(config.retry_delay_ms, 1'000);             // R39
}

TEST(DatabaseConfig, LocalWithUrlIsValid) { EXPECT_THAT(validate(local_config()), IsEmpty()); }

TEST(DatabaseConfig, LocalWithoutUrlIsRefused) {
    DatabaseConfig config;
    EXPECT_THAT(validate(config), ElementsAre(HasSubstr("databaseUrl")));
    config.database_url = "";
    EXPECT_THAT(validate(config), ElementsAre(HasSubstr("databaseUrl")));
}

TEST(DatabaseConfig, SupabaseWithoutAnythingNamesAllThree) {
    DatabaseConfig config;
    config.mode = DatabaseMode::Supabase;
    EXPECT_THAT(validate(config), ElementsAre(HasSubstr("supabaseUrl"), HasSubstr("supabaseKey"),
                                              HasSubstr("supabase.db_password")));
}

TEST(DatabaseConfig, SupabaseWithAllThreeIsValid) {
    DatabaseConfig config = local_config();
    config.mode = DatabaseMode::Supabase;
    config.supabase_url = "https://abcd.supabase.co";
    config.supabase_key = "key";
    EXPECT_THAT(validate(config), IsEmpty());
}

struct BoundCase {
    const char* name;
    int DatabaseConfig::*member;
    int value;
    bool valid;
};

class DatabaseConfigBounds : public testing::TestWithParam<BoundCase> {};

TEST_P(DatabaseConfigBounds, HoldAtTheEdge) {
    DatabaseConfig config = local_config();
    config.*GetParam().member = GetParam().value;
    const auto broken = validate(config);
    if (GetParam().valid) {
        EXPECT_THAT(broken, IsEmpty());
    } else {
        EXPECT_THAT(broken, ElementsAre(HasSubstr(GetParam().name)));
    }
}

INSTANTIATE_TEST_SUITE_P(
    R42ToR45, DatabaseConfigBounds,
    testing::Values(
        BoundCase{"poolSize", &DatabaseConfig::pool_size, 0, false},
        BoundCase{"poolSize", &DatabaseConfig::pool_size, 1, true},
        BoundCase{"poolSize", &DatabaseConfig::pool_size, 100, true},
        BoundCase{"poolSize", &DatabaseConfig::pool_size, 101, false},
        BoundCase{"healthCheckInterval", &DatabaseConfig::health_check_interval_ms, 4'999, false},
        BoundCase{"healthCheckInterval", &DatabaseConfig::health_check_interval_ms, 5'000, true},
        BoundCase{"maxRetries", &DatabaseConfig::max_retries, -1, false},
        BoundCase{"maxRetries", &DatabaseConfig::max_retries, 0, true},
        BoundCase{"maxRetries", &DatabaseConfig::max_retries, 10, true},
        BoundCase{"maxRetries", &DatabaseConfig::max_retries, 11, false},
        BoundCase{"retryDelay", &DatabaseConfig::retry_delay_ms, 99, false},
        BoundCase{"retryDelay", &DatabaseConfig::retry_delay_ms, 100, true},
        BoundCase{"retryDelay", &DatabaseConfig::retry_delay_ms, 10'000, true},
        BoundCase{"retryDelay", &DatabaseConfig::retry_delay_ms, 10'001, false}));

TEST(DatabaseConfig, ModeNamesReadBackAsThemselves) {
    for (auto mode : {DatabaseMode::Supabase, DatabaseMode::Local, DatabaseMode::Mock}) {
        EXPECT_EQ(database_mode_from(to_string(mode)), mode);
    }
    EXPECT_EQ(database_mode_from("Local"), std::nullopt);
    EXPECT_EQ(database_mode_from(""), std::nullopt);
}

TEST(DatabaseConfig, JsonHasTheSeedsNamesAndNoSecret) {
    DatabaseConfig config = local_config();
    config.supabase_key = "CANARY";
    config.supabase_url = "https://abcd.supabase.co";
    config.database_url = "postgres://app:CANARY@db/app?sslmode=require&sslpassword=CANARY";
    EXPECT_EQ(to_json(config),
              R"({"mode":"local","supabaseUrl":"https://abcd.supabase.co","supabaseKey":"***",)"
              R"("databaseUrl":"postgres://app:***@db/app?sslmode=require&sslpassword=***",)"
              R"("poolSize":10,"healthCheckInterval":30000,"maxRetries":3,"retryDelay":1000})");
}

TEST(MaskedUrl, NeverShowsThePassword) {
    for (const char* url :
         {"postgres://u:CANARY@h/db", "postgres://u:CANARY@CANARY@h/db",
          "postgres://u:CANARY/CANARY@h", "postgres://u:CANARY?CANARY@h/db",
          "postgres://h/db?password=CANARY", "postgres://h/db?user=u&password=CANARY&a=b",
          "postgres://h/db?pass%77ord=CANARY", "host=h password=CANARY", "CANARY",
          "postgres://u:CANARY#CANARY@h"}) {
        EXPECT_THAT(masked_url(url), Not(HasSubstr("CANARY"))) << url;
    }
}

}  // namespace
}  // namespace pgsidecar::model
