#include "audit/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::audit {
namespace {

TEST(Ledger, OnlyAUuidIsASpoolId) {
    EXPECT_TRUE(ledger::is_spool_id("0189aaaa-0000-7000-8000-00000000000f"));
    EXPECT_FALSE(ledger::is_spool_id(""));
    EXPECT_FALSE(ledger::is_spool_id("0189aaaa-0000-7000-8000-00000000000"));
    EXPECT_FALSE(ledger::is_spool_id("0189aaaa-0000-7000-8000-0000000000'f"));
    EXPECT_FALSE(ledger::is_spool_id("0189aaaa-0000-7000-8000-00000000000'"));
    EXPECT_FALSE(ledger::is_spool_id("0189aaaa_0000-7000-8000-00000000000f"));
}

TEST(Ledger, TheTransactionSetsItsOwnLimits) {
    const auto sql = ledger::begin_sql("0189aaaa-0000-7000-8000-00000000000f", 1'000, 2'000);
    EXPECT_THAT(sql, testing::StartsWith("BEGIN"));
    EXPECT_THAT(sql, testing::HasSubstr("lock_timeout=1000;"));
    EXPECT_THAT(sql, testing::HasSubstr("statement_timeout=2000;"));
    EXPECT_THAT(sql, testing::EndsWith("FOR UPDATE"));
}

}  // namespace
}  // namespace pgsidecar::audit
