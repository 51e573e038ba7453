#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/loader.hpp"
#include "config/settings_table.hpp"
#include "config/upstream.hpp"

namespace pgsidecar::config {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_no_canary(const LoadResult& result, const std::string& what) {
    auto check = [&](const std::string& text) {
        EXPECT_THAT(text, Not(HasSubstr("CANARY"))) << what;
    };
    for (const auto& list : {result.mistakes, result.warnings}) {
        for (const auto& mistake : list) {
            check(mistake.source);
            check(mistake.sentence);
        }
    }
    for (const auto& [key, source] : result.sources) check(source);
    for (const auto& setting : settings_table()) check(shown_value(setting, result.settings));
    if (const auto upstream = upstream_of(result.settings)) {
        check(masked(*upstream));
    } else {
        check(upstream.error().sentence);
    }
}

LoadInput with_file(std::string text) {
    LoadInput input;
    input.args = {"--config", "f"};
    input.read = [text](const std::string&) -> base::Result<std::string> { return text; };
    return input;
}

TEST(Secrets, NeverLeaveThroughAFile) {
    for (const char* text :
         {"database_url = CANARY", "database_url = postgres://u:CANARY@h",
          "databaseUrl = 'postgres://u:CANARY@h'", "database_url = 'CANARY'",
          "database_url = \"CANARY", "database_url = ['CANARY']", "database_url = {a='CANARY'}",
          "database_url = \"\\qCANARY\"", "database_urll = 'CANARY'",
          "supabase.key = 'CANARY'\nsupabase.key = 'CANARY'", "[supabase]\nkey = 12CANARY",
          "[supabase]\nkey = 'CANARY' CANARY", "[supabase]\ndb_password = \"CANARY\\u0000\"",
          "[http]\ntoken = tCANARY", "[http]\ntoken = 'CANARY'", "CANARY",
          "supabaseKey = 'CANARY\xFF'", "[supabase]\nkey = \"\"\"CANARY\nCANARY",
          "http.tokn = 'CANARY'"}) {
        expect_no_canary(load(with_file(text)), text);
    }
    for (const char* text : {"[supabase]\ndb_password = 99999999999999999999999",
                             "[http]\ntoken = 0x9999999999999999999"}) {
        for (const auto& mistake : load(with_file(text)).mistakes) {
            EXPECT_THAT(mistake.sentence, Not(HasSubstr("9999"))) << text;
        }
    }
}

TEST(Secrets, NeverLeaveThroughTheCommandLine) {
    const std::vector<std::string> cases[] = {
        {"--database-url", "postgres://u:CANARY@h/d"},
        {"--database-url=postgres://u:CANARY/x@h/d"},
        {"--databse-url", "postgres://u:CANARY@h/d"},
        {"--databse-url=postgres://u:CANARY@h/d"},
        {"postgres://u:CANARY@h/d"},
        {"--supabase-key", "CANARY", "CANARY"},
        {"--supabase-key", "CANARY\n"},
        {"--http-token", std::string(10'000, 'x') + "CANARY"},
        {"--pool-size", "--supabase-key", "CANARY"},
        {"--supabase-db-password", "CANARY", "--supabase-db-password", "CANARY"},
        {"--", "CANARY"},
    };
    for (const auto& args : cases) {
        LoadInput input;
        input.args = args;
        expect_no_canary(load(input), testing::PrintToString(args));
    }
}

TEST(Secrets, NeverLeaveThroughTheEnvironment) {
    const std::map<std::string, std::string> cases[] = {
        {{"DATABASE_URL", "postgres://u:CANARY@h/d"}},
        {{"DATABASE_URL", "postgres://u:CANARY"}},
        {{"DATABASE_URL", "mysql://u:CANARY@h"}},
        {{"DATABASE_URL", "postgres://u:CANARY@h/d?sslpassword=CANARY"}},
        {{"PGHOST", "h"}, {"PGPASSWORD", "CANARY"}},
        {{"PGHOST", "h"}, {"PGUSER", "u"}, {"PGPASSWORD", "CANARY"}, {"PGPORT", "x"}},
        {{"PGSIDECAR_SUPABASE_KEY", "CANARY\x01"}},
        {{"PGSIDECAR_SUPABASE_KEYS", "CANARY"}},
        {{"PGSIDECAR_SUPABASE_URL", "https://abcd.supabase.co"},
         {"PGSIDECAR_SUPABASE_KEY", "CANARY"},
         {"PGSIDECAR_SUPABASE_DB_PASSWORD", "CANARY"}},
        {{"PGSIDECAR_SUPABASE_URL", "https://example.com"},
         {"PGSIDECAR_SUPABASE_DB_PASSWORD", "CANARY"}},
    };
    for (const auto& environment : cases) {
        LoadInput input;
        input.environment = environment;
        expect_no_canary(load(input), testing::PrintToString(environment));
    }
}

}  // namespace
}  // namespace pgsidecar::config
