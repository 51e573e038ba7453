#include "audit/operation_log.hpp"

#include <gtest/gtest.h>

#include "audit/operation_log_body.hpp"
#include "tests/unit/audit/operation_samples.hpp"

namespace pgsidecar::audit {
namespace {

using config::AuditLevel;
using model::StatementKind;

bool logged(StatementKind kind, std::string text = "", std::int64_t affected = -1,
            std::uint64_t returned = 0) {
    auto record = make_record({}, make_shape(kind, std::move(text)));
    record.affected_rows = affected;
    record.rows_returned = returned;
    return OperationLog::is_logged(record, AuditLevel::Writes);
}

TEST(OperationLog, LevelWritesTakesWhatWritesOrMayWrite) {
    for (auto kind :
         {StatementKind::Insert, StatementKind::Update, StatementKind::Delete, StatementKind::Merge,
          StatementKind::Ddl, StatementKind::Call, StatementKind::Unknown}) {
        EXPECT_TRUE(logged(kind)) << to_string(kind);
    }
    for (auto kind : {StatementKind::Select, StatementKind::Transaction, StatementKind::Set,
                      StatementKind::Listen, StatementKind::Cursor, StatementKind::Explain,
                      StatementKind::Other}) {
        EXPECT_FALSE(logged(kind)) << to_string(kind);
    }
    EXPECT_TRUE(OperationLog::is_logged(make_record({}, {}), AuditLevel::Writes))
        << "a text that was too long to look at";
}

TEST(OperationLog, CopyCountsWhenItGoesIn) {
    EXPECT_TRUE(logged(StatementKind::Copy, "COPY t FROM STDIN"));
    EXPECT_TRUE(logged(StatementKind::Copy, "copy t (a, \"to\") from stdin"));
    EXPECT_FALSE(logged(StatementKind::Copy, "COPY t TO STDOUT"));
    EXPECT_FALSE(logged(StatementKind::Copy, "COPY (SELECT a FROM t) TO STDOUT"));
    EXPECT_FALSE(logged(StatementKind::Copy, "COPY t(a)\nTO STDOUT"));
}

TEST(OperationLog, ExecuteCountsWhenItChangedRows) {
    EXPECT_TRUE(logged(StatementKind::Prepare, "EXECUTE s", 1, 0));
    EXPECT_FALSE(logged(StatementKind::Prepare, "EXECUTE s", 1, 1));
    EXPECT_FALSE(logged(StatementKind::Prepare, "PREPARE s AS SELECT 1"));
}

TEST(OperationLog, OffTakesNothingAllTakesEverything) {
    auto record = make_record({}, make_shape(StatementKind::Select, "SELECT"));
    EXPECT_FALSE(OperationLog::is_logged(record, AuditLevel::Off));
    EXPECT_TRUE(OperationLog::is_logged(record, AuditLevel::All));
}

class Appends : public testing::Test {
protected:
    struct Call {
        std::string body;
        std::uint32_t count;
        std::function<void(bool)> on_disk;
    };
    std::vector<Call> calls;
    std::shared_ptr<metrics::ProcessCounters> counters =
        std::make_shared<metrics::ProcessCounters>();
    OperationLog log{AuditLevel::Writes,
                     [this](std::string body, std::uint32_t count, std::function<void(bool)> done) {
                         calls.push_back({std::move(body), count, std::move(done)});
                     },
                     counters};
    model::OperationRecord insert = make_record({}, make_shape(StatementKind::Insert, "INSERT"));
    model::OperationRecord select = make_record({}, make_shape(StatementKind::Select, "SELECT"));
};

TEST_F(Appends, OnlyWhatBelongsInTheLogGoesToTheSpool) {
    const model::OperationRecord records[] = {insert, select, insert};
    int told = 0;
    log.add(records, [&](bool ok) { told += ok ? 1 : 100; });
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].count, 2U);
    EXPECT_EQ(told, 0);
    calls[0].on_disk(true);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(counters->log_records_stored.get(), 2U);
}

TEST_F(Appends, NothingToLogIsOnDiskAtOnce) {
    int told = 0;
    log.add(std::span(&select, 1), [&](bool ok) { told += ok ? 1 : 100; });
    log.add({}, [&](bool ok) { told += ok ? 1 : 100; });
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(calls.empty());
}

TEST_F(Appends, ManyRecordsAreSplitAndToldOfOnce) {
    const std::vector<model::OperationRecord> records(10'000, insert);
    int stored = 0, refused = 0;
    log.add(records, [&](bool ok) { ++(ok ? stored : refused); });
    ASSERT_EQ(calls.size(), 3U);
    calls[0].on_disk(true);
    calls[1].on_disk(false);
    EXPECT_EQ(stored + refused, 0);
    calls[2].on_disk(true);
    EXPECT_EQ(stored, 0);
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(counters->log_records_stored.get() + counters->log_records_refused.get(), 10'000U);
    EXPECT_EQ(counters->log_records_refused.get(), calls[1].count);
}

}  // namespace
}  // namespace pgsidecar::audit
