#include "changes/proxy_writes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::changes {
namespace {

using model::StatementKind;
using model::TransactionVerb;
using testing::ElementsAre;
using testing::IsEmpty;

class Writes : public testing::Test {
protected:
    model::OperationSourcePtr session() {
        return model::OperationSourcePtr(new model::OperationSource);
    }
    model::OperationRecord record(const model::OperationSourcePtr& source, StatementKind kind,
                                  std::string table = {},
                                  TransactionVerb verb = TransactionVerb::None) {
        auto* shape = new model::StatementShape;
        shape->kind = kind;
        shape->table = std::move(table);
        shape->verb = verb;
        model::OperationRecord out;
        out.source = source;
        out.shape = model::StatementShapePtr(shape);
        out.start_us = 1'000'000;
        out.affected_rows = 1;
        return out;
    }
    model::OperationRecord begin(const model::OperationSourcePtr& s) {
        return record(s, StatementKind::Transaction, {}, TransactionVerb::Begin);
    }
    model::OperationRecord commit(const model::OperationSourcePtr& s) {
        return record(s, StatementKind::Transaction, {}, TransactionVerb::Commit);
    }
    model::OperationRecord rollback(const model::OperationSourcePtr& s) {
        return record(s, StatementKind::Transaction, {}, TransactionVerb::Rollback);
    }
    std::vector<std::string> seen(std::vector<model::OperationRecord> batch) {
        std::vector<std::string> out;
        for (const auto& event : writes.collect(batch))
            out.push_back(event.verb + " " + event.schema + "." + event.table);
        return out;
    }

    ProxyWrites writes;
    model::OperationSourcePtr a = session(), b = session();
};

TEST_F(Writes, EachTableAndVerbOnceInABatch) {
    EXPECT_THAT(seen({record(a, StatementKind::Insert, "orders"),
                      record(b, StatementKind::Insert, "orders"),
                      record(a, StatementKind::Delete, "shop.orders"),
                      record(a, StatementKind::Select, "orders")}),
                ElementsAre("INSERT public.orders", "DELETE shop.orders"));
}

TEST_F(Writes, OfATransactionOnlyAfterItsCommit) {
    EXPECT_THAT(seen({begin(a), record(a, StatementKind::Update, "t")}), IsEmpty());
    EXPECT_THAT(seen({record(b, StatementKind::Insert, "u")}), ElementsAre("INSERT public.u"));
    EXPECT_THAT(seen({commit(a)}), ElementsAre("UPDATE public.t"));
    EXPECT_THAT(seen({begin(a), record(a, StatementKind::Update, "t"), rollback(a), commit(a)}),
                IsEmpty());
    EXPECT_EQ(writes.open_transactions(), 0u);
}

TEST_F(Writes, FailedAndEmptyOnesAreNoWrites) {
    auto failed = record(a, StatementKind::Insert, "t");
    failed.outcome = model::Outcome::Failure;
    auto none = record(a, StatementKind::Update, "t");
    none.affected_rows = 0;
    auto unseen = record(a, StatementKind::Insert, "t");
    unseen.shape = {};
    EXPECT_THAT(seen({failed, none, unseen, record(a, StatementKind::Insert)}), IsEmpty());
}

TEST_F(Writes, TransactionThatNeverEndsIsForgotten) {
    seen({begin(a)});
    auto later = record(b, StatementKind::Select);
    later.start_us += 3'700'000'000;
    seen({later});
    EXPECT_EQ(writes.open_transactions(), 0u);
}

}  // namespace
}  // namespace pgsidecar::changes
