#include "audit/flush_error.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::audit {
namespace {

TEST(FlushFault, WhatTheEntryCarriesIsItsOwn) {
    for (const char* state :
         {"23505", "23503", "22001", "22P02", "22021", "42P01", "42501", "42703", "21000", "0A000",
          "44000", "P0001", "54000", "54001", "08P01", "55000", "3F000", "2200H", "25001"}) {
        EXPECT_EQ(fault_of(state), FlushFault::Entry) << state;
    }
}

TEST(FlushFault, WhatPassesIsTheDatabases) {
    for (const char* state :
         {"08006", "08003", "40001", "40P01", "53100", "53200", "53300", "55P03", "57014", "57P01",
          "57P02", "57P03", "25006", "28000", "28P01", "58030", "3D000", "25P03"}) {
        EXPECT_EQ(fault_of(state), FlushFault::Database) << state;
    }
}

TEST(FlushFault, InternalAndUnknownErrorsAreUnclear) {
    for (const char* state : {"XX000", "XX001", "F0000", "HV000", "ZZ999"}) {
        EXPECT_EQ(fault_of(state), FlushFault::Unclear) << state;
    }
}

TEST(FlushFault, WhatCannotBeSentIsTheEntrys) { EXPECT_EQ(fault_of(""), FlushFault::Entry); }

}  // namespace
}  // namespace pgsidecar::audit
