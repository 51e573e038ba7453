#include "audit/flush_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/audit/flush_fake_spool.hpp"

namespace pgsidecar::audit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Settings = std::vector<std::pair<std::string, std::string>>;

ContextChange set(std::string name, std::string value) { return {name, value}; }
ContextChange back(std::string name) { return {name, std::nullopt}; }

std::vector<ContextChange> change(FlushContext& context, std::string user, Settings settings,
                                  std::string service = "") {
    const auto to =
        make_context(std::move(user), "postgres", std::move(settings), std::move(service));
    return context.change_to(*to);
}

TEST(FlushContext, TheConnectionsOwnUserNeedsNoRole) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "sidecar", {}), IsEmpty());
    EXPECT_THAT(context.change_back(), IsEmpty());
}

TEST(FlushContext, EqualContextsOfDifferentSessionsChangeNothing) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "app", {{"search_path", "a"}}),
                ElementsAre(set("role", "app"), set("search_path", "a")));
    EXPECT_THAT(change(context, "app", {{"search_path", "a"}}), IsEmpty());
}

TEST(FlushContext, SettingsThatAreNotWantedGoBack) {
    FlushContext context("sidecar");
    change(context, "sidecar", {{"a.x", "1"}, {"search_path", "s"}});
    EXPECT_THAT(change(context, "sidecar", {{"a.x", "2"}}),
                ElementsAre(back("search_path"), set("a.x", "2")));
    EXPECT_THAT(context.change_back(), ElementsAre(back("a.x")));
}

TEST(FlushContext, RoleAndEncodingComeFirst) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "app", {{"a.x", "1"}, {"client_encoding", "LATIN1"}}),
                ElementsAre(set("role", "app"), set("client_encoding", "LATIN1"), set("a.x", "1")));
    EXPECT_THAT(context.change_back(),
                ElementsAre(back("role"), back("client_encoding"), back("a.x")));
}

TEST(FlushContext, ARoleTheClientChoseCountsInsteadOfTheUser) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "app", {{"client_encoding", "LATIN1"}, {"role", "editor"}}),
                ElementsAre(set("client_encoding", "LATIN1"), set("role", "editor")));
    EXPECT_THAT(change(context, "app", {{"client_encoding", "LATIN1"}, {"role", "none"}}),
                ElementsAre(set("role", "app")));
    EXPECT_THAT(change(context, "sidecar", {{"client_encoding", "LATIN1"}, {"role", "NONE"}}),
                ElementsAre(back("role")));
}

TEST(FlushContext, TheServiceIsTheApplicationName) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "sidecar", {}, "shop"),
                ElementsAre(set("application_name", "shop")));
    EXPECT_THAT(change(context, "sidecar", {{"Application_Name", "other"}}, "shop"),
                ElementsAre(set("application_name", "other")));
}

TEST(FlushContext, TheFlushKeepsItsOwnLimitsAndDurability) {
    FlushContext context("sidecar");
    EXPECT_THAT(change(context, "sidecar",
                       {{"Statement_Timeout", "1"},
                        {"lock_timeout", "1"},
                        {"synchronous_commit", "off"},
                        {"idle_in_transaction_session_timeout", "1"}}),
                IsEmpty());
}

TEST(FlushContext, DateStyleIsSetFromTheConnectionsOwn) {
    FlushContext context("sidecar");
    change(context, "sidecar", {{"DateStyle", "SQL, DMY"}});
    EXPECT_THAT(change(context, "sidecar", {{"DateStyle", "German"}}),
                ElementsAre(back("datestyle"), set("datestyle", "German")));
}

/// Whatever came before, the settings in force are those of the context.
TEST(FlushContext, AnyWayLeadsToTheSameSettings) {
    const char* names[] = {"role", "client_encoding", "search_path", "a.x", "datestyle"};
    std::mt19937 random(7);
    FlushContext context("sidecar");
    std::map<std::string, std::string> in_force;
    for (int turn = 0; turn < 2'000; ++turn) {
        Settings settings;
        std::map<std::string, std::string> expected;
        for (const char* name : names) {
            if (random() % 2 == 0) continue;
            settings.emplace_back(name, std::to_string(random() % 3));
            expected[settings.back().first] = settings.back().second;
        }
        const bool other_user = random() % 2 == 0;
        if (other_user && !expected.contains("role")) expected["role"] = "app";
        for (const auto& c : change(context, other_user ? "app" : "sidecar", settings)) {
            if (c.value) {
                in_force[c.name] = *c.value;
            } else {
                in_force.erase(c.name);
            }
        }
        ASSERT_EQ(in_force, expected);
    }
}

TEST(AcceptedAt, IsATimestampWithMicroseconds) {
    EXPECT_EQ(accepted_at_text(0), "1970-01-01 00:00:00.000000+00");
    EXPECT_EQ(accepted_at_text(1'795'255'200'123'456), "2026-11-21 10:00:00.123456+00");
    EXPECT_EQ(accepted_at_text(-1), "1969-12-31 23:59:59.999999+00");
}

}  // namespace
}  // namespace pgsidecar::audit
