#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "app/cli/cli.hpp"
#include "app/cli/exit_codes.hpp"

namespace pgsidecar::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Neither a database nor DATABASE_URL is there.
class RealtimeSql : public testing::Test {
protected:
    int run(std::vector<std::string> args) {
        args.insert(args.begin(), "realtime-sql");
        config::LoadInput input;
        input.args = std::move(args);
        input.read = [](const std::string&) -> base::Result<std::string> { return std::string(); };
        std::ostringstream out, err;
        const auto result = run_cli(input, out, err);
        out_ = out.str();
        err_ = err.str();
        return result.exit_code.value_or(-1);
    }
    std::string out_, err_;
};

TEST_F(RealtimeSql, TableAndFunctionUnderTheConfiguredName) {
    ASSERT_EQ(run({}), kExitOk) << err_;
    EXPECT_THAT(out_, AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS \"pgsidecar\".\"events\""),
                            HasSubstr("pg_notify('pgsidecar_events'")));
    ASSERT_EQ(run({"--changes-events-table=shop.feed"}), kExitOk) << err_;
    EXPECT_THAT(out_, HasSubstr("\"shop\".publish_row()"));
}

TEST_F(RealtimeSql, TriggerOfATable) {
    ASSERT_EQ(run({"public.orders", "tasks", "order"}), kExitOk) << err_;
    EXPECT_THAT(out_, AllOf(HasSubstr("ON \"public\".\"orders\""),
                            HasSubstr("publish_row('tasks', 'order', 'notify')")));
    ASSERT_EQ(run({"public.orders"}), kExitOk) << err_;
    EXPECT_THAT(out_, HasSubstr("publish_row('', 'orders', 'notify')"));
}

TEST_F(RealtimeSql, MistakesAreNamed) {
    EXPECT_EQ(run({"a.b.c"}), kExitUsage);
    EXPECT_THAT(err_, HasSubstr("SCHEMA.TABLE"));
    EXPECT_EQ(run({"a", "b", "c", "d"}), kExitUsage);
    EXPECT_EQ(run({"--changes-events-table=a.b.c"}), kExitUsage);
}

}  // namespace
}  // namespace pgsidecar::app
