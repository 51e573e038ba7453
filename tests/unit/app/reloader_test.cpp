#include "app/reloader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsidecar::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ReloaderTest : public testing::Test {
protected:
    config::LoadInput input() {
        config::LoadInput made;
        made.args = {"--config", "sidecar.toml"};
        made.environment["DATABASE_URL"] = "postgres://u:hush@127.0.0.1/d";
        made.read = [this](const std::string&) { return base::Result<std::string>(file_); };
        return made;
    }
    Reloader make() {
        return Reloader(input(), config::load(input()), counters_,
                        [this](const config::LoadResult& next) {
                            if (refusal_.empty()) pool_size_ = next.settings.database.pool_size;
                            return refusal_;
                        });
    }

    std::string file_ = "[pool]\nsize = 3\n";
    std::string refusal_;
    int pool_size_ = 0;
    std::shared_ptr<metrics::ProcessCounters> counters_ =
        std::make_shared<metrics::ProcessCounters>();
};

TEST_F(ReloaderTest, AGoodFileIsPutToUseAndCounted) {
    Reloader reloader = make();
    file_ = "[pool]\nsize = 8\n[listen]\nport = 7777\n";
    auto report = reloader.reload();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(pool_size_, 8);
    EXPECT_THAT(report.changed, ElementsAre("pool.size"));
    EXPECT_THAT(report.needs_restart, ElementsAre("listen.port"));
    EXPECT_EQ(reloader.present().settings.database.pool_size, 8);
    EXPECT_EQ(reloader.present().settings.listen.port, 6432);
    EXPECT_EQ(counters_->reloads_ok.get(), 1u);
    EXPECT_EQ(counters_->last_reload_ok.get(), 1);
    EXPECT_GT(counters_->last_reload_success_us.get(), 0);
}

TEST_F(ReloaderTest, EveryMistakeIsToldAndTheOldOneStays) {
    Reloader reloader = make();
    file_ = "[pool]\nsize = 0\nwait_timeout_ms = -1\n";
    auto report = reloader.reload();
    EXPECT_FALSE(report.ok());
    EXPECT_THAT(report.problem, HasSubstr("sidecar.toml:2: pool.size"));
    EXPECT_THAT(report.problem, HasSubstr("sidecar.toml:3: pool.wait_timeout_ms"));
    EXPECT_THAT(report.problem, testing::Not(HasSubstr("hush")));
    EXPECT_EQ(pool_size_, 0);
    EXPECT_EQ(reloader.present().settings.database.pool_size, 3);
    EXPECT_EQ(counters_->reloads_failed.get(), 1u);
    EXPECT_EQ(counters_->last_reload_ok.get(), 0);
    EXPECT_EQ(counters_->last_reload_success_us.get(), 0);
}

TEST_F(ReloaderTest, WhatCannotBePutToUseChangesNothingAndMayBeTriedAgain) {
    Reloader reloader = make();
    file_ = "[pool]\nsize = 8\n";
    refusal_ = "auth.user_file cannot be read.";
    EXPECT_EQ(reloader.reload().problem, refusal_);
    EXPECT_EQ(reloader.present().settings.database.pool_size, 3);
    refusal_.clear();
    EXPECT_THAT(reloader.reload().changed, ElementsAre("pool.size"));
    EXPECT_THAT(reloader.reload().changed, IsEmpty());
    EXPECT_EQ(counters_->reloads_ok.get(), 2u);
    EXPECT_EQ(counters_->reloads_failed.get(), 1u);
}

}  // namespace
}  // namespace pgsidecar::app
