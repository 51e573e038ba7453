#include "model/database_connection.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace pgsidecar::model {
namespace {

using enum ConnectionStatus;

TEST(ConnectionStatus, OnlyTheSixTransitionsAreAllowed) {
    const std::set<std::pair<ConnectionStatus, ConnectionStatus>> allowed{
        {Connecting, Connected}, {Connecting, Error}, {Connected, Disconnected},
        {Connected, Error},      {Error, Connecting}, {Disconnected, Connecting}};
    for (auto from : {Connecting, Connected, Disconnected, Error}) {
        for (auto to : {Connecting, Connected, Disconnected, Error}) {
            EXPECT_EQ(may_become(from, to), allowed.contains({from, to}))
                << to_string(from) << " to " << to_string(to);
        }
    }
}

TEST(DatabaseConnection, JsonHasTheSeedsNames) {
    DatabaseConnection connection;
    connection.id = "c-1";
    connection.status = Error;
    connection.created_at_us = 1'000;
    connection.error_count = 2;
    connection.last_error = "gone";
    EXPECT_EQ(
        to_json(connection),
        R"({"id":"c-1","mode":"local","status":"error","createdAt":"1970-01-01T00:00:00.001Z",)"
        R"("errorCount":2,"lastError":"gone"})");
    connection.last_error.reset();
    connection.last_health_check_us = 2'000'000;
    EXPECT_EQ(
        to_json(connection),
        R"({"id":"c-1","mode":"local","status":"error","createdAt":"1970-01-01T00:00:00.001Z",)"
        R"("lastHealthCheck":"1970-01-01T00:00:02.000Z","errorCount":2})");
}

}  // namespace
}  // namespace pgsidecar::model
