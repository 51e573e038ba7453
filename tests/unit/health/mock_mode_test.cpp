#include <gtest/gtest.h>

#include <variant>

#include "tests/unit/health/machine_driver.hpp"

namespace pgsidecar::health {
namespace {

ConnectionMachine mock_machine() {
    model::DatabaseConnection connection;
    connection.id = "c-1";
    connection.mode = model::DatabaseMode::Mock;
    return {MachinePolicy(), connection};
}

template <class Action>
const Action* find(const Actions& actions) {
    for (const auto& action : actions)
        if (const auto* found = std::get_if<Action>(&action)) return found;
    return nullptr;
}

TEST(MockMode, TheStatusSaysThatNothingIsStored) {
    auto machine = mock_machine();
    auto started = machine.start({1, kWallUs});
    const auto* probe = find<StartProbe>(started);
    ASSERT_NE(probe, nullptr);
    auto connected = machine.probe_succeeded(probe->id, 1, {}, {2, kWallUs});
    const auto* status = find<PublishStatus>(connected);
    ASSERT_NE(status, nullptr);
    EXPECT_EQ(status->event.mode, model::DatabaseMode::Mock);
    EXPECT_EQ(status->event.message, model::kMockModeWarning);
}

TEST(MockMode, NothingThatTheDataPlaneReportsIsALoss) {
    auto machine = mock_machine();
    auto started = machine.start({1, kWallUs});
    (void)machine.probe_succeeded(find<StartProbe>(started)->id, 1, {}, {2, kWallUs});
    for (const auto& error : {refused(), model::connection_lost(), said("57P01")}) {
        EXPECT_TRUE(machine.data_plane_lost(error, {kStartNs, kWallUs}).empty());
        EXPECT_EQ(machine.connection().status, model::ConnectionStatus::Connected);
    }
}

}  // namespace
}  // namespace pgsidecar::health
