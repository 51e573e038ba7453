#include "proxy/core/table_changes.hpp"

#include <gtest/gtest.h>

namespace pgsidecar::proxy {
namespace {

model::StatementShapePtr made_of(std::vector<std::string> tables) {
    auto* shape = new model::StatementShape;  // owned by what is returned
    shape->tables = std::move(tables);
    return model::StatementShapePtr(shape);
}

TEST(TableChanges, ConcernStatementsPreparedBeforeThemOnTheSameTable) {
    TableChanges changes;
    auto before = changes.epoch();
    changes.changed(*made_of({"app.orders"}));
    auto after = changes.epoch();
    EXPECT_TRUE(changes.may_concern(*made_of({"users", "orders"}), before));
    EXPECT_FALSE(changes.may_concern(*made_of({"users"}), before));
    EXPECT_FALSE(changes.may_concern(*made_of({"orders"}), after));
}

TEST(TableChanges, WithoutATableTheyConcernAll) {
    TableChanges changes;
    auto before = changes.epoch();
    changes.changed(*made_of(std::vector<std::string>{}));
    EXPECT_TRUE(changes.may_concern(*made_of({"users"}), before));
    EXPECT_FALSE(changes.may_concern(*made_of({"users"}), changes.epoch()));
}

TEST(TableChanges, AreForgottenTogetherWhenThereAreTooMany) {
    TableChanges changes;
    auto before = changes.epoch();
    for (std::size_t i = 0; i <= TableChanges::kMostTables; ++i)
        changes.changed(*made_of({"t" + std::to_string(i)}));
    EXPECT_TRUE(changes.may_concern(*made_of({"t5"}), before));
    EXPECT_TRUE(changes.may_concern(*made_of({"never"}), before)) << "rather once too often";
}

}  // namespace
}  // namespace pgsidecar::proxy
