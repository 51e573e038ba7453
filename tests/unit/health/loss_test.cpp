#include "health/loss.hpp"

#include <gtest/gtest.h>

#include "tests/unit/health/machine_driver.hpp"

namespace pgsidecar::health {
namespace {

TEST(Loss, WhatNobodyCanUseIsBelieved) {
    EXPECT_EQ(classify_loss(refused()), Loss::HostGone);
    EXPECT_EQ(classify_loss(model::host_not_found()), Loss::HostGone);
    EXPECT_EQ(classify_loss(said("57P02")), Loss::HostGone);
    EXPECT_EQ(classify_loss(said("57P03")), Loss::HostGone);
}

TEST(Loss, WhatMayBeOneConnectionsOwnIsDoubted) {
    EXPECT_EQ(classify_loss(said("57P01")), Loss::OneConnection);
    EXPECT_EQ(classify_loss(said("53300")), Loss::OneConnection);
    EXPECT_EQ(classify_loss(said("28P01")), Loss::OneConnection);
    EXPECT_EQ(classify_loss(said("3D000")), Loss::OneConnection);
    EXPECT_EQ(classify_loss(model::connection_lost()), Loss::OneConnection);
    EXPECT_EQ(classify_loss(model::timed_out(10, model::ErrorPhase::Connect)), Loss::OneConnection);
    EXPECT_EQ(classify_loss(model::certificate_refused()), Loss::OneConnection);
}

TEST(Loss, AStatementsOwnErrorSaysNothing) {
    for (const char* sqlstate : {"23505", "42P01", "40001", "57014", "25006", "22P02", "42601"}) {
        EXPECT_EQ(classify_loss(said(sqlstate, model::ErrorPhase::Statement)), Loss::None)
            << sqlstate;
    }
}

}  // namespace
}  // namespace pgsidecar::health
