#include "db/migration_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PlanMigrations : public testing::Test {
protected:
    void file(const std::string& name, std::string_view text = "SELECT 1;") {
        auto parsed = parse_migration(name, name, text);
        ASSERT_TRUE(std::holds_alternative<MigrationFile>(parsed)) << name;
        set_.files.push_back(std::get<MigrationFile>(std::move(parsed)));
    }
    /// As if file i had been applied.
    void applied(std::size_t i) {
        const auto& file = set_.files[i];
        row(file.version, file.name, file.checksum);
    }
    void row(int version, const std::string& name, const std::string& checksum) {
        table_.rows.push_back({version, name, "2025-09-17T10:00:00Z", checksum, "7"});
    }
    MigrationPlan plan() {
        complete(set_);
        EXPECT_THAT(set_.problems, IsEmpty());
        return plan_migrations(set_, table_);
    }
    static std::vector<MigrationState> states(const MigrationPlan& plan) {
        std::vector<MigrationState> out;
        for (const auto& entry : plan.entries) out.push_back(entry.state);
        return out;
    }
    static std::vector<std::string> pending(const MigrationPlan& plan) {
        std::vector<std::string> out;
        for (const auto* file : plan.pending) out.push_back(file->name);
        return out;
    }

    MigrationSet set_;
    MigrationTable table_;
};

TEST_F(PlanMigrations, EverythingIsPendingAtFirst) {
    file("001_a.sql");
    file("002_b.sql");
    const auto plan = this->plan();
    EXPECT_THAT(pending(plan), ElementsAre("a", "b"));
    EXPECT_THAT(plan.problems, IsEmpty());
}

TEST_F(PlanMigrations, OnlyWhatIsNewIsPending) {
    file("001_a.sql");
    file("002_b.sql");
    file("003_c.sql");
    applied(0);
    applied(1);
    const auto plan = this->plan();
    EXPECT_THAT(states(plan), ElementsAre(MigrationState::Applied, MigrationState::Applied,
                                          MigrationState::Pending));
    EXPECT_THAT(pending(plan), ElementsAre("c"));
    EXPECT_THAT(plan.problems, IsEmpty());
}

TEST_F(PlanMigrations, RefusesAnEditedFile) {
    file("001_a.sql");
    file("002_b.sql");
    applied(0);
    table_.rows[0].checksum[0] = table_.rows[0].checksum[0] == '0' ? '1' : '0';
    const auto plan = this->plan();
    EXPECT_EQ(plan.entries[0].state, MigrationState::Edited);
    ASSERT_THAT(plan.problems, SizeIs(1));
    EXPECT_THAT(plan.problems[0].text(), HasSubstr("001_a.sql: was edited after it was applied"));
}

TEST_F(PlanMigrations, RefusesAFileBelowTheLatestApplied) {
    file("001_a.sql");
    file("002_late.sql");
    file("003_c.sql");
    applied(0);
    applied(2);
    const auto plan = this->plan();
    EXPECT_EQ(plan.entries[1].state, MigrationState::OutOfOrder);
    EXPECT_THAT(plan.pending, IsEmpty());
    ASSERT_THAT(plan.problems, SizeIs(1));
    EXPECT_THAT(plan.problems[0].text(),
                HasSubstr("002_late.sql: is not applied, but the later 3 'c' is"));
}

TEST_F(PlanMigrations, RefusesAnotherMigrationUnderTheSameNumber) {
    file("001_a.sql");
    row(1, "other", "");
    const auto plan = this->plan();
    EXPECT_EQ(plan.entries[0].state, MigrationState::Renamed);
    EXPECT_THAT(plan.unverified, IsEmpty());
    ASSERT_THAT(plan.problems, SizeIs(1));
    EXPECT_THAT(plan.problems[0].text(), HasSubstr("has applied 1 'other' under this number"));
}

TEST_F(PlanMigrations, AdoptsRowsWithoutAChecksum) {
    for (const char* name : {"a", "001_a", "001_a.sql", ""}) {
        SCOPED_TRACE(name);
        set_ = {};
        table_ = {};
        file("001_a.sql");
        row(1, name, "");
        const auto plan = this->plan();
        EXPECT_THAT(plan.problems, IsEmpty());
        EXPECT_THAT(plan.unverified, SizeIs(1));
        EXPECT_THAT(plan.pending, IsEmpty());
    }
}

TEST_F(PlanMigrations, AnOlderProgramFindsNothingToDo) {
    file("001_a.sql");
    applied(0);
    row(2, "newer", "x");
    row(3, "newest", "x");
    const auto plan = this->plan();
    EXPECT_EQ(plan.entries[1].state, MigrationState::Missing);
    EXPECT_THAT(plan.problems, IsEmpty());
    EXPECT_THAT(plan.pending, IsEmpty());
    EXPECT_EQ(plan.ahead, "2 'newer', 3 'newest'");
}

TEST_F(PlanMigrations, RefusesTransactionControlInWhatIsPending) {
    file("001_old.sql", "BEGIN;\nSELECT 1;\nCOMMIT;");
    file("002_own.sql", "-- pgsidecar: no-transaction\nBEGIN; SELECT 1; COMMIT;");
    file("003_new.sql", "SELECT 1;\nSAVEPOINT s;\nROLLBACK TO s;\ncommit;");
    applied(0);
    const auto plan = this->plan();
    ASSERT_THAT(plan.problems, SizeIs(1));
    EXPECT_THAT(plan.problems[0].text(), HasSubstr("003_new.sql:4: COMMIT cannot be used"));
}

TEST(MigrationStates, HaveWords) {
    EXPECT_EQ(to_string(MigrationState::Applied), "applied");
    EXPECT_EQ(to_string(MigrationState::OutOfOrder), "out of order");
}

}  // namespace
}  // namespace pgsidecar::db
