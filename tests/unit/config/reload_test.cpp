#include "config/reload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/settings_table.hpp"

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReloadTest : public testing::Test {
protected:
    LoadResult load_file(const std::string& toml) {
        LoadInput input;
        input.args = {"--config", "sidecar.toml"};
        input.environment["DATABASE_URL"] = "postgres://u:p@127.0.0.1/d";
        input.read = [toml](const std::string&) { return base::Result<std::string>(toml); };
        return load(input);
    }
};

TEST_F(ReloadTest, WhatIsReloadableIsTakenOver) {
    auto made = reload(load_file("[pool]\nsize = 4\n"), load_file("[pool]\nsize = 7\n"));
    ASSERT_TRUE(made.loaded.ok());
    EXPECT_EQ(made.loaded.settings.database.pool_size, 7);
    EXPECT_THAT(made.changed, ElementsAre("pool.size"));
    EXPECT_THAT(made.needs_restart, IsEmpty());
}

TEST_F(ReloadTest, WhatNeedsARestartKeepsItsValueAndIsNamed) {
    auto made = reload(load_file("[listen]\nport = 7001\n"),
                       load_file("[listen]\nport = 7002\nmax_clients = 9\n"));
    ASSERT_TRUE(made.loaded.ok());
    EXPECT_EQ(made.loaded.settings.listen.port, 7001);
    EXPECT_EQ(made.loaded.settings.listen.max_clients, 9);
    EXPECT_THAT(made.changed, ElementsAre("listen.max_clients"));
    EXPECT_THAT(made.needs_restart, ElementsAre("listen.port"));
    EXPECT_EQ(made.loaded.source_of("listen.port"), "sidecar.toml:2");
}

TEST_F(ReloadTest, ASecondReloadStillNamesWhatWaitsForTheRestart) {
    auto first = reload(load_file(""), load_file("[listen]\nport = 7002\n"));
    auto second = reload(first.loaded, load_file("[listen]\nport = 7002\n"));
    EXPECT_THAT(second.needs_restart, ElementsAre("listen.port"));
    EXPECT_EQ(second.loaded.settings.listen.port, 6432);
    EXPECT_EQ(second.loaded.source_of("listen.port"), "default");
}

TEST_F(ReloadTest, NothingNewChangesNothing) {
    auto made = reload(load_file("[pool]\nsize = 4\n"), load_file("[pool]\nsize = 4\n"));
    EXPECT_TRUE(made.loaded.ok());
    EXPECT_THAT(made.changed, IsEmpty());
    EXPECT_THAT(made.needs_restart, IsEmpty());
}

TEST_F(ReloadTest, AMistakeChangesNothing) {
    auto made = reload(load_file(""), load_file("[pool]\nsize = 7000\n"));
    EXPECT_FALSE(made.loaded.ok());
    EXPECT_THAT(made.changed, IsEmpty());
}

TEST_F(ReloadTest, TheMixtureOfNewAndKeptIsHeldToTheRules) {
    // Alone the new file is right; with the address that stays, trust would open the database.
    const std::string open =
        "[listen]\naddress = \"0.0.0.0\"\n[auth]\nmethod = \"scram-sha-256\"\n"
        "user_file = \"users\"\n";
    auto made = reload(load_file(open), load_file("[auth]\nmethod = \"trust\"\n"));
    ASSERT_THAT(made.loaded.mistakes, SizeIs(1));
    EXPECT_THAT(made.loaded.mistakes[0].sentence, HasSubstr("auth.method trust"));
}

TEST(Reload, SettingsThatAreBuiltIntoThePartsNeedARestart) {
    for (const char* key :
         {"database_url", "mode", "workers", "listen.address", "listen.port", "http.address",
          "http.port", "outage.spool_dir", "pool.mode", "auth.mode", "audit.level", "log.format"}) {
        ASSERT_NE(find_setting(key), nullptr) << key;
        EXPECT_FALSE(find_setting(key)->reloadable) << key;
    }
}

}  // namespace
}  // namespace pgsidecar::config
