#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/loader.hpp"
#include "config/upstream.hpp"

namespace pgsidecar::config {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

LoadResult load_with(std::map<std::string, std::string> environment) {
    LoadInput input;
    input.environment = std::move(environment);
    return load(input);
}

std::string url_of(const LoadResult& result) {
    for (const auto& wrong : result.mistakes)
        ADD_FAILURE() << wrong.source << ": " << wrong.sentence;
    return result.settings.database.database_url.value_or("");
}

TEST(LibpqEnvironment, VariablesAloneAreAnAddress) {
    const auto result = load_with({{"PGHOST", "h"},
                                   {"PGPORT", "1"},
                                   {"PGUSER", "u"},
                                   {"PGPASSWORD", "p@:"},
                                   {"PGDATABASE", "d"},
                                   {"PGSSLMODE", "verify-full"}});
    EXPECT_EQ(url_of(result), "postgres://u:p%40%3A@h:1/d?sslmode=verify-full");
    EXPECT_EQ(result.source_of("database_url"),
              "environment PGUSER, PGPASSWORD, PGDATABASE, PGHOST, PGPORT, PGSSLMODE");
}

TEST(LibpqEnvironment, OnlyWhatTheUrlLeavesOpenIsTaken) {
    const std::map<std::string, std::string> all{{"PGHOST", "x"},     {"PGPORT", "9"},
                                                 {"PGUSER", "x"},     {"PGPASSWORD", "x"},
                                                 {"PGDATABASE", "x"}, {"PGSSLMODE", "require"}};
    auto with = [&](std::string url) {
        auto environment = all;
        environment["DATABASE_URL"] = std::move(url);
        return url_of(load_with(environment));
    };
    EXPECT_EQ(with("postgres://u:p@h:1/d?sslmode=disable"), "postgres://u:p@h:1/d?sslmode=disable");
    EXPECT_EQ(with("postgres://u@h/d"), "postgres://u:x@h:9/d?sslmode=require");
    EXPECT_EQ(with("postgres://:1/d"), "postgres://x:x@x:1/d?sslmode=require");
    EXPECT_EQ(with("postgres://"), "postgres://x:x@x:9/x?sslmode=require");
    EXPECT_EQ(with("postgres://a:1,b/d"), "postgres://x:x@a:1,b/d?sslmode=require");
}

TEST(LibpqEnvironment, ListsAreRead) {
    EXPECT_EQ(url_of(load_with({{"PGHOST", "a,b"}, {"PGPORT", "1,2"}, {"PGUSER", "u"}})),
              "postgres://u@a:1,b:2");
    EXPECT_EQ(url_of(load_with({{"PGHOST", "a,b"}, {"PGPORT", "1"}, {"PGUSER", "u"}})),
              "postgres://u@a:1,b:1");
    EXPECT_EQ(url_of(load_with({{"PGHOST", "/run/x"}, {"PGUSER", "u"}})),
              "postgres://u@%2Frun%2Fx");
}

TEST(LibpqEnvironment, SystemUserIsTheLastResort) {
    LoadInput input;
    input.environment = {{"DATABASE_URL", "postgres:///d"}};
    input.system_user = "me";
    auto result = load(input);
    EXPECT_EQ(url_of(result), "postgres://me@/d");
    EXPECT_EQ(result.source_of("database_url"),
              "environment DATABASE_URL with the system's user name");
    EXPECT_EQ(upstream_of(result.settings)->hosts[0].host, "/var/run/postgresql");
    input.environment["PGUSER"] = "you";
    EXPECT_EQ(url_of(load(input)), "postgres://you@/d");
}

TEST(LibpqEnvironment, TlsVariablesAreTaken) {
    EXPECT_EQ(url_of(load_with({{"DATABASE_URL", "postgres://u@h/d?sslsni=1"},
                                {"PGSSLMODE", "require"},
                                {"PGSSLSNI", "0"},
                                {"PGSSLNEGOTIATION", "direct"},
                                {"PGSSLMINPROTOCOLVERSION", "TLSv1.3"}})),
              "postgres://u@h/d?sslmode=require&sslsni=1&sslnegotiation=direct"
              "&ssl_min_protocol_version=TLSv1.3");
}

TEST(LibpqEnvironment, BadVariablesAreReported) {
    const std::pair<std::map<std::string, std::string>, const char*> cases[] = {
        {{{"PGPORT", "x"}}, "environment PGHOST, PGPORT"},
        {{{"PGPORT", "0"}}, "environment PGHOST, PGPORT"},
        {{{"PGPORT", "1,2"}}, "environment PGHOST, PGPORT"},
        {{{"PGSSLMODE", "on"}}, "environment PGSSLMODE"},
        {{{"PGSSLSNI", "yes"}}, "environment PGSSLSNI"},
        {{{"PGSSLNEGOTIATION", "yes"}}, "environment PGSSLNEGOTIATION"},
        {{{"PGSSLMINPROTOCOLVERSION", "3"}}, "environment PGSSLMINPROTOCOLVERSION"},
        {{{"PGSSLMAXPROTOCOLVERSION", "SSLv3"}}, "environment PGSSLMAXPROTOCOLVERSION"},
    };
    for (auto [environment, source] : cases) {
        environment["PGHOST"] = "h";
        environment["PGUSER"] = "u";
        EXPECT_THAT(load_with(environment).mistakes, ElementsAre(Field(&Mistake::source, source)));
    }
}

TEST(LibpqEnvironment, IgnoredParametersAreWarnedAboutByName) {
    const auto result =
        load_with({{"DATABASE_URL", "postgres://u:p@127.0.0.1/d?schema=CANARY&pgbouncer=true"}});
    EXPECT_THAT(result.mistakes, IsEmpty());
    EXPECT_THAT(result.warnings, ElementsAre(Field(&Mistake::sentence, HasSubstr("schema")),
                                             Field(&Mistake::sentence, HasSubstr("pgbouncer"))));
    EXPECT_THAT(result.warnings[0].sentence, testing::Not(HasSubstr("CANARY")));
}

}  // namespace
}  // namespace pgsidecar::config
