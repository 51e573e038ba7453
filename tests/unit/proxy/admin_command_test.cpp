#include "proxy/admin/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/admin/rights.hpp"

namespace pgsidecar::proxy::admin {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Statement one(std::string_view text) {
    auto statements = parse_commands(text);
    EXPECT_THAT(statements, SizeIs(1)) << text;
    return statements.empty() ? Statement() : statements[0];
}

Command command(std::string_view text) {
    Statement statement = one(text);
    EXPECT_TRUE(statement.command.has_value()) << text << ": " << statement.error.message;
    return statement.command.value_or(Command());
}

std::string sqlstate(std::string_view text) {
    Statement statement = one(text);
    EXPECT_FALSE(statement.command.has_value()) << text;
    return statement.error.sqlstate;
}

TEST(AdminCommand, SubjectsAreFoundInAnyCaseAndWithComments) {
    EXPECT_EQ(command("SHOW POOLS").subject, Subject::Pools);
    EXPECT_EQ(command("show clients;").subject, Subject::Clients);
    EXPECT_EQ(command("  Show\n\tServers ; ").subject, Subject::Servers);
    EXPECT_EQ(command("/* app='x;y' */ show stats -- and so on").subject, Subject::Stats);
    EXPECT_EQ(command("/* a /* nested */ one */show queue").subject, Subject::Queue);
    EXPECT_EQ(command("SHOW ALL CONFIG").subject, Subject::Config);
}

TEST(AdminCommand, EverySubjectHasColumnsAndIsInTheHelp) {
    for (const HelpLine& line : help()) {
        if (!line.command.starts_with("SHOW ")) continue;
        Command shown = command(line.command);
        EXPECT_EQ(shown.verb, Verb::Show) << line.command;
        EXPECT_FALSE(columns_of(shown).empty()) << line.command;
        EXPECT_FALSE(line.changes) << line.command;
    }
    EXPECT_EQ(std::count_if(help().begin(), help().end(),
                            [](const HelpLine& l) { return l.command.starts_with("SHOW "); }),
              12);
}

TEST(AdminCommand, DatabasesAreFoldedUnlessQuoted) {
    EXPECT_EQ(command("PAUSE").name, "");
    EXPECT_EQ(command("PAUSE Orders").name, "orders");
    EXPECT_EQ(command("RESUME \"Or\"\"ders-2\"").name, "Or\"ders-2");
    EXPECT_EQ(command("reconnect db_1;").verb, Verb::Reconnect);
    EXPECT_EQ(sqlstate("PAUSE a b"), "42601");
    EXPECT_EQ(sqlstate("PAUSE my-db"), "42601");
    EXPECT_EQ(sqlstate("PAUSE 'db'"), "42601");
    EXPECT_EQ(sqlstate("RECONNECT \"\""), "42601");
}

TEST(AdminCommand, KillTakesOneNumber) {
    EXPECT_EQ(command("KILL 17").client, 17);
    EXPECT_EQ(command("kill client 17").client, 17);
    EXPECT_EQ(command("KILL_CLIENT 9223372036854775807").client, 9223372036854775807);
    for (const char* wrong : {"KILL", "KILL x", "KILL 1 2", "KILL -1", "KILL 9223372036854775808",
                              "KILL '1'", "KILL 1.5"}) {
        EXPECT_EQ(sqlstate(wrong), "42601") << wrong;
    }
}

TEST(AdminCommand, WhatDriversSayByThemselvesHasItsTag) {
    EXPECT_EQ(command("BEGIN").tag, "BEGIN");
    EXPECT_EQ(command("start transaction read only").tag, "START TRANSACTION");
    EXPECT_EQ(command("SET extra_float_digits = 3").tag, "SET");
    EXPECT_EQ(command("SET application_name = 'it''s;mine'").tag, "SET");
    EXPECT_EQ(command("ROLLBACK").verb, Verb::Nothing);
    EXPECT_EQ(command("select 1").verb, Verb::SelectOne);
    EXPECT_EQ(command("show server_version").verb, Verb::Parameter);
    EXPECT_EQ(command("RELOAD").verb, Verb::Reload);
}

TEST(AdminCommand, WhatIsNotUnderstoodIsRefusedAndNotRepeated) {
    for (const char* wrong :
         {"SELECT 2", "INSERT INTO t VALUES ('secret')", "SHOW", "SHOW a b", "RELOAD now",
          "SHUTDOWN", "'secret'", "\\d", "PAUSE 'secret", "SHOW /* secret", "\"secret\"", "1"}) {
        Statement statement = one(wrong);
        EXPECT_FALSE(statement.command.has_value()) << wrong;
        EXPECT_EQ(statement.error.sqlstate.size(), 5u) << wrong;
        EXPECT_THAT(statement.error.message + statement.error.hint, Not(HasSubstr("secret")));
        EXPECT_THAT(statement.error.hint, Not(IsEmpty())) << wrong;
    }
}

TEST(AdminCommand, SeveralStatementsAreSplitAtSemicolonsOutsideQuotes) {
    EXPECT_THAT(parse_commands("PAUSE; SET a = ';'; SHOW POOLS"), SizeIs(3));
    EXPECT_THAT(parse_commands(";;"), IsEmpty());
    EXPECT_THAT(parse_commands(" -- nothing"), IsEmpty());
    EXPECT_THAT(parse_commands(""), IsEmpty());
}

TEST(AdminCommand, AnyBytesAreSurvived) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const Statement& statement : parse_commands(all.substr(i) + all.substr(0, i)))
            EXPECT_FALSE(statement.command.has_value() && statement.command->changes());
    }
    EXPECT_EQ(parse_commands(std::string(60'000, ';') + "PAUSE").size(), 1u);
    EXPECT_EQ(sqlstate("PAUSE \"" + std::string(60'000, 'x')), "42601");
}

TEST(AdminCommand, WhatItTakes) {
    for (const char* text : {"PAUSE", "RESUME", "RECONNECT", "KILL 1", "RELOAD"}) {
        EXPECT_TRUE(command(text).changes()) << text;
        EXPECT_FALSE(command(text).shows()) << text;
    }
    EXPECT_TRUE(command("SHOW HELP").shows());
    EXPECT_FALSE(command("SHOW TimeZone").shows());
}

TEST(AdminRights, WithoutAListTheOwnerOnThisMachine) {
    config::Settings::Admin settings;
    EXPECT_TRUE(rights_of(settings, {"app", true, "app"}).change);
    EXPECT_TRUE(rights_of(settings, {"app", true, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"app", false, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"other", true, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"", true, ""}).show);
    EXPECT_TRUE(rights_of(settings, {"anybody", true, "", true}).change);
    EXPECT_FALSE(rights_of(settings, {"anybody", false, "", true}).change);
}

TEST(AdminRights, ListsDecideWhereTheyAreGiven) {
    config::Settings::Admin settings;
    settings.users = "boss, deputy";
    settings.stats_users = "watcher,other one";
    EXPECT_TRUE(rights_of(settings, {"boss", false, "app"}).change);
    EXPECT_TRUE(rights_of(settings, {"deputy", false, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"app", true, "app"}).show);
    EXPECT_TRUE(rights_of(settings, {"watcher", false, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"watcher", true, "app"}).change);
    EXPECT_TRUE(rights_of(settings, {"other one", true, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"boss, deputy", true, "app"}).show);
    EXPECT_FALSE(rights_of(settings, {"", true, "app"}).show);
    settings.users = ",";
    EXPECT_FALSE(rights_of(settings, {"", true, ""}).show);
}

}  // namespace
}  // namespace pgsidecar::proxy::admin
