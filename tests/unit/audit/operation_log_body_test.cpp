#include "audit/operation_log_body.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "tests/unit/audit/operation_samples.hpp"

namespace pgsidecar::audit {
namespace {

std::string encode(const std::vector<model::OperationRecord>& records) {
    std::vector<const model::OperationRecord*> pointers;
    for (const auto& record : records) pointers.push_back(&record);
    return encode_operations(pointers);
}

TEST(OperationBody, GivesBackWhatWasPutIn) {
    auto source = make_source("shop");
    auto shape = make_shape(model::StatementKind::Insert, "INSERT INTO t VALUES ($1)", "t");
    auto record = make_record(source, shape);
    record.pool_wait_ns = 7'000;
    record.affected_rows = 3;
    record.rows_returned = 4;
    record.bytes_returned = 5'000'000'000;
    auto failed = make_record(source, {});
    failed.start_us = record.start_us - 10;
    failed.outcome = model::Outcome::Failure;
    std::copy_n("23505", 5, failed.sqlstate.begin());
    std::copy_n("no\0", 3, failed.error.begin());
    auto nobodys = make_record({}, shape);
    nobodys.outcome = model::Outcome::Unknown;
    nobodys.start_us = std::numeric_limits<std::int64_t>::min();
    const std::string text = encode({record, failed, nobodys});

    OperationBody body(text);
    LoggedOperation out;
    ASSERT_TRUE(body.next(out));
    EXPECT_EQ(out.id, record.id);
    EXPECT_EQ(out.service, "shop");
    EXPECT_EQ(out.session_id, source->session_id);
    EXPECT_TRUE(out.has_shape);
    EXPECT_EQ(out.fingerprint, shape->fingerprint);
    EXPECT_EQ(out.kind, model::StatementKind::Insert);
    EXPECT_EQ(out.text, shape->text);
    EXPECT_EQ(out.table, "t");
    EXPECT_EQ(out.start_us, record.start_us);
    EXPECT_EQ(out.duration_us, record.duration_ns / 1'000);
    EXPECT_EQ(out.pool_wait_us, 7);
    EXPECT_EQ(out.affected_rows, 3);
    EXPECT_EQ(out.rows_returned, 4U);
    EXPECT_EQ(out.bytes_returned, 5'000'000'000U);
    EXPECT_EQ(out.outcome, model::Outcome::Success);
    EXPECT_EQ(out.sqlstate, "");
    EXPECT_EQ(out.error, "");
    ASSERT_TRUE(body.next(out));
    EXPECT_FALSE(out.has_shape);
    EXPECT_EQ(out.start_us, failed.start_us);
    EXPECT_EQ(out.affected_rows, -1);
    EXPECT_EQ(out.outcome, model::Outcome::Failure);
    EXPECT_EQ(out.sqlstate, "23505");
    EXPECT_EQ(out.error, "no");
    ASSERT_TRUE(body.next(out));
    EXPECT_EQ(out.service, "");
    EXPECT_EQ(out.outcome, model::Outcome::Unknown);
    EXPECT_EQ(out.start_us, nobodys.start_us);
    EXPECT_FALSE(body.next(out));
    EXPECT_FALSE(body.damaged());
}

TEST(OperationBody, SharedTextsAreThereOnce) {
    auto source = make_source("shop");
    auto shape = make_shape(model::StatementKind::Insert,
                            "INSERT INTO t VALUES " + std::string(400, '?'), "t");
    const std::vector<model::OperationRecord> records(1'000, make_record(source, shape));
    EXPECT_LT(encode(records).size(), 1'000U * 64);
}

TEST(OperationBody, TextsBecomeValidUtf8WithoutZeroBytes) {
    auto source = make_source(std::string("caf\xe9 \0x", 7));
    const std::string text = encode({make_record(source, {})});
    OperationBody body(text);
    LoggedOperation out;
    ASSERT_TRUE(body.next(out));
    EXPECT_EQ(out.service.find('\xe9'), std::string_view::npos);
    EXPECT_EQ(out.service.find('\0'), std::string_view::npos);
    EXPECT_TRUE(out.service.starts_with("caf"));
}

TEST(OperationBody, ATruncatedOneIsDamagedAndNeverRead) {
    auto source = make_source("shop");
    auto shape = make_shape(model::StatementKind::Update, "UPDATE t SET a = $1", "t");
    const std::string text = encode({make_record(source, shape), make_record(source, {})});
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::string part = text.substr(0, size);
        OperationBody body(part);
        LoggedOperation out;
        while (body.next(out)) {
        }
        EXPECT_TRUE(body.damaged()) << size;
    }
    const std::string with_more = text + "x";
    OperationBody longer(with_more);
    LoggedOperation out;
    while (longer.next(out)) {
    }
    EXPECT_TRUE(longer.damaged());
}

TEST(OperationBody, FlippedBitsNeverReadPastTheEnd) {
    auto source = make_source("shop");
    auto shape = make_shape(model::StatementKind::Update, "UPDATE t SET a = $1", "t");
    const std::string text = encode({make_record(source, shape), make_record({}, {})});
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        std::string flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        // At its exact size, so that a sanitizer sees a byte too many.
        std::vector<char> exact(flipped.begin(), flipped.end());
        OperationBody body({exact.data(), exact.size()});
        LoggedOperation out;
        int count = 0;
        while (body.next(out)) ++count;
        EXPECT_LE(count, 64);
    }
}

TEST(OperationBody, AnotherVersionIsNotRead) {
    std::string text = encode({make_record({}, {})});
    text[0] = 2;
    OperationBody body(text);
    LoggedOperation out;
    EXPECT_FALSE(body.next(out));
    EXPECT_TRUE(body.damaged());
}

}  // namespace
}  // namespace pgsidecar::audit
