#include "audit/spool_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::audit {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

using Environment = std::map<std::string, std::string>;

config::Settings of(const std::string& url) {
    config::Settings settings;
    settings.database.database_url = url;
    return settings;
}

const Environment kHome{{"HOME", "/h"}};

TEST(SpoolFolder, IsNamedAfterTheDatabaseAndThePort) {
    auto settings = of("postgres://u:secret@db.example.com:5433/shop");
    EXPECT_EQ(spool_folder(settings, kHome),
              "/h/.local/state/pgsidecar/db.example.com_5433_shop_6432");
    settings.listen.port = 7000;
    EXPECT_EQ(spool_folder(settings, kHome),
              "/h/.local/state/pgsidecar/db.example.com_5433_shop_7000");
}

TEST(SpoolFolder, FollowsTheEnvironment) {
    const auto settings = of("postgres://u@h/d");
    EXPECT_EQ(spool_folder(settings, {{"STATE_DIRECTORY", "/var/lib/x:/var/lib/y"},
                                      {"XDG_STATE_HOME", "/x"},
                                      {"HOME", "/h"}}),
              "/var/lib/x/h_5432_d_6432");
    EXPECT_EQ(spool_folder(settings, {{"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}}),
              "/x/pgsidecar/h_5432_d_6432");
    EXPECT_EQ(spool_folder(settings, {{"XDG_STATE_HOME", "relative"}, {"HOME", "/h"}}),
              "/h/.local/state/pgsidecar/h_5432_d_6432");
    EXPECT_EQ(spool_folder(settings, {}), "/var/lib/pgsidecar/h_5432_d_6432");
}

TEST(SpoolFolder, TheSettingComesFirst) {
    auto settings = of("postgres://u@h/d");
    settings.outage.spool_dir = "/data/spool";
    EXPECT_EQ(spool_folder(settings, kHome), "/data/spool");
    settings.outage.spool_dir = "off";
    EXPECT_EQ(spool_folder(settings, kHome), "");
}

TEST(SpoolFolder, NamesAreSafeAndDiffer) {
    const auto a = spool_folder(of("postgres://u@h/a%2Fb"), kHome);
    const auto b = spool_folder(of("postgres://u@h/a%20b"), kHome);
    EXPECT_THAT(a, MatchesRegex("/h/.local/state/pgsidecar/h_5432_a_b_6432-[0-9a-f]+"));
    EXPECT_NE(a, b);
    const auto socket = spool_folder(of("postgres:///d?host=/var/run/postgresql&user=u"), kHome);
    EXPECT_THAT(socket, HasSubstr("pgsidecar/_var_run_postgresql_5432_d_6432-"));
    const auto climbing = spool_folder(of("postgres://u@h/" + std::string(300, '.')), kHome);
    EXPECT_LT(climbing.size(), 180U);
    EXPECT_THAT(climbing.substr(30), Not(HasSubstr("/..")));
}

TEST(SpoolFolder, WorksInEveryMode) {
    config::Settings mock;
    mock.database.mode = model::DatabaseMode::Mock;
    EXPECT_EQ(spool_folder(mock, kHome), "/h/.local/state/pgsidecar/mock_6432");
    config::Settings supabase;
    supabase.database.mode = model::DatabaseMode::Supabase;
    supabase.database.supabase_url = "https://abcdefghijklmnopqrst.supabase.co";
    supabase.supabase.db_password = "secret";
    EXPECT_THAT(spool_folder(supabase, kHome),
                HasSubstr("pgsidecar/db.abcdefghijklmnopqrst.supabase.co_5432_postgres_6432"));
}

}  // namespace
}  // namespace pgsidecar::audit
