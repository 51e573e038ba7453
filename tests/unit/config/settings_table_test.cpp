#include "config/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SettingsTable, EveryNameIsUnique) {
    std::set<std::string> names;
    for (const auto& setting : settings_table()) {
        EXPECT_TRUE(names.insert(std::string(setting.key)).second) << setting.key;
        EXPECT_TRUE(names.insert(setting.flag()).second) << setting.key;
        EXPECT_TRUE(names.insert(setting.environment()).second) << setting.key;
    }
}

TEST(SettingsTable, NamesFollowTheKey) {
    const Setting* setting = find_setting("pool.wait_timeout_ms");
    ASSERT_NE(setting, nullptr);
    EXPECT_EQ(setting->flag(), "--pool-wait-timeout-ms");
    EXPECT_EQ(setting->environment(), "PGSIDECAR_POOL_WAIT_TIMEOUT_MS");
    EXPECT_EQ(setting->environment_file(), "");
    EXPECT_EQ(find_setting("http.token")->environment_file(), "PGSIDECAR_HTTP_TOKEN_FILE");
}

TEST(SettingsTable, SeedNamesAreKnown) {
    for (const char* name : {"mode", "supabaseUrl", "supabaseKey", "databaseUrl", "poolSize",
                             "healthCheckInterval", "maxRetries", "retryDelay"}) {
        EXPECT_NE(find_setting(name), nullptr) << name;
    }
    EXPECT_EQ(find_setting("poolSize"), find_setting("pool.size"));
    EXPECT_EQ(find_setting(""), nullptr);
    EXPECT_EQ(find_setting("pool"), nullptr);
}

TEST(SettingsTable, EverySettingIsASentence) {
    for (const auto& setting : settings_table()) {
        EXPECT_TRUE(setting.summary.ends_with('.')) << setting.key;
        EXPECT_NE(setting.field.read, nullptr) << setting.key;
        EXPECT_NE(setting.field.write, nullptr) << setting.key;
    }
}

TEST(SettingsTable, DefaultsKeepTheirOwnRules) {
    for (const auto& setting : settings_table()) {
        Settings settings;
        EXPECT_EQ(set(setting, settings, setting.default_text()), std::nullopt) << setting.key;
        EXPECT_EQ(setting.field.read(settings), setting.default_text()) << setting.key;
    }
}

TEST(SettingsTable, IntegersHoldAtTheirBounds) {
    for (const auto& setting : settings_table()) {
        if (setting.field.type != ValueType::Integer) continue;
        for (auto value : {setting.min, setting.max}) {
            Settings settings;
            EXPECT_EQ(set(setting, settings, std::to_string(value)), std::nullopt) << setting.key;
            EXPECT_EQ(setting.field.read(settings), std::to_string(value)) << setting.key;
        }
        for (auto value : {setting.min - 1, setting.max + 1}) {
            Settings settings;
            const auto mistake = set(setting, settings, std::to_string(value));
            ASSERT_TRUE(mistake) << setting.key;
            EXPECT_THAT(*mistake, HasSubstr("from " + std::to_string(setting.min) + " to " +
                                            std::to_string(setting.max)));
            EXPECT_THAT(*mistake, HasSubstr(setting.key));
            EXPECT_EQ(setting.field.read(settings), setting.default_text()) << setting.key;
        }
    }
}

TEST(SettingsTable, WhatIsNoWholeNumberIsRefused) {
    const auto& setting = *find_setting("pool.size");
    for (const char* text :
         {"", " 5", "5 ", "+5", "5.0", "0x5", "five", "5,", "99999999999999999999", "-"}) {
        Settings settings;
        EXPECT_TRUE(set(setting, settings, text)) << text;
        EXPECT_EQ(settings.database.pool_size, 10);
    }
}

TEST(SettingsTable, ChoicesAreTheirWordsAndNoOther) {
    for (const auto& setting : settings_table()) {
        if (setting.field.type != ValueType::Choice) continue;
        for (auto word : setting.field.choices) {
            Settings settings;
            EXPECT_EQ(set(setting, settings, word), std::nullopt) << setting.key << " " << word;
            EXPECT_EQ(setting.field.read(settings), word);
        }
        Settings settings;
        const auto mistake = set(setting, settings, "CANARY");
        ASSERT_TRUE(mistake) << setting.key;
        for (auto word : setting.field.choices) EXPECT_THAT(*mistake, HasSubstr(word));
        EXPECT_TRUE(set(setting, settings, ""));
    }
}

TEST(SettingsTable, BrokenTextIsRefusedAndSecretsAreNotQuoted) {
    const std::string bad[] = {"CANARY\n", std::string("CANARY\0", 7), "CANARY\xFF",
                               "\x1B[2JCANARY", "CANARY" + std::string(kMaxTextBytes, 'x')};
    for (const auto& setting : settings_table()) {
        if (setting.field.type != ValueType::Text) continue;
        for (const auto& text : bad) {
            Settings settings;
            const auto mistake = set(setting, settings, text);
            ASSERT_TRUE(mistake) << setting.key;
            EXPECT_THAT(*mistake, Not(HasSubstr("CANARY")));
            EXPECT_EQ(setting.field.read(settings), setting.default_text());
        }
    }
}

TEST(SettingsTable, ShownValuesHoldNoSecret) {
    for (const auto& setting : settings_table()) {
        if (!setting.secret) continue;
        for (const char* text :
             {"CANARY", "postgres://u:CANARY@h/d", "password=CANARY host=h", "://CANARY"}) {
            Settings settings;
            ASSERT_EQ(set(setting, settings, text), std::nullopt);
            EXPECT_THAT(shown_value(setting, settings), Not(HasSubstr("CANARY")))
                << setting.key << " " << text;
            EXPECT_THAT(shown_value(setting, settings), HasSubstr("***"))
                << setting.key << " " << text;
        }
    }
}

}  // namespace
}  // namespace pgsidecar::config
