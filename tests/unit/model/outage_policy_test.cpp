#include "model/outage_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace pgsidecar::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

OutagePolicy parsed(std::string_view text) {
    OutagePolicy policy;
    EXPECT_THAT(OutagePolicy::parse(text, policy), IsEmpty()) << text;
    return policy;
}

std::string problem_of(std::string_view text) {
    OutagePolicy policy;
    return OutagePolicy::parse(text, policy);
}

OutageClass insert_class(const OutagePolicy& policy, std::string_view table,
                         std::string_view service = "app") {
    return policy.decide(table, StatementKind::Insert, service);
}

TEST(OutagePolicy, HasTheRulesOfTheDesignByItself) {
    const OutagePolicy policy;
    EXPECT_EQ(insert_class(policy, "audit_logs"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "public.audit_logs"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "pgsidecar.operations"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "operations"), OutageClass::Hold);
    EXPECT_EQ(insert_class(policy, "commands"), OutageClass::Queue);
    EXPECT_EQ(insert_class(policy, "command_queues"), OutageClass::Queue);
    EXPECT_EQ(insert_class(policy, "terminal_outputs"), OutageClass::Buffer);
    EXPECT_EQ(insert_class(policy, "users"), OutageClass::Hold);
    EXPECT_EQ(insert_class(policy, ""), OutageClass::Hold);
    EXPECT_EQ(policy.match("users", StatementKind::Insert, ""), nullptr);
    EXPECT_TRUE(policy.match("audit_logs", StatementKind::Insert, "")->is_default);
    EXPECT_THAT(policy.spooled_tables(),
                ElementsAre("audit_logs", "pgsidecar.operations", "commands", "command_queues",
                            "terminal_outputs"));
    EXPECT_EQ(parsed("").rules(), policy.rules());
    EXPECT_EQ(parsed(" \n\t").rules(), policy.rules());
}

TEST(OutagePolicy, ReadsEveryPartOfARule) {
    struct Case {
        const char* text;
        OutageRule rule;
    };
    const Case cases[] = {
        {"t=durable", {"t", "*", "*", OutageClass::Durable}},
        {"t=queue", {"t", "*", "*", OutageClass::Queue}},
        {"t=buffer", {"t", "*", "*", OutageClass::Buffer}},
        {"t=hold", {"t", "*", "*", OutageClass::Hold}},
        {"t=reject", {"t", "*", "*", OutageClass::Reject}},
        {"T=DURABLE", {"t", "*", "*", OutageClass::Durable}},
        {"s.t=queue", {"s.t", "*", "*", OutageClass::Queue}},
        {"S . T = queue", {"s.t", "*", "*", OutageClass::Queue}},
        {"\"T\"=queue", {"T", "*", "*", OutageClass::Queue}},
        {"\"S\".t=queue", {"S.t", "*", "*", OutageClass::Queue}},
        {"\"a\"\"b,c=d:e@f\"=queue", {"a\"b,c=d:e@f", "*", "*", OutageClass::Queue}},
        {"*=reject", {"*", "*", "*", OutageClass::Reject}},
        {"s.*=reject", {"s.*", "*", "*", OutageClass::Reject}},
        {"log_*=buffer", {"log_*", "*", "*", OutageClass::Buffer}},
        {"\"S\".Log_*=buffer", {"S.log_*", "*", "*", OutageClass::Buffer}},
        {"\"Log \"*=buffer", {"Log *", "*", "*", OutageClass::Buffer}},
        {"t:insert=durable", {"t", "insert", "*", OutageClass::Durable}},
        {"t:SELECT=hold", {"t", "select", "*", OutageClass::Hold}},
        {"t : * = queue", {"t", "*", "*", OutageClass::Queue}},
        {"*:ddl=reject", {"*", "ddl", "*", OutageClass::Reject}},
        {"t@svc=queue", {"t", "*", "svc", OutageClass::Queue}},
        {"t@My Service (v2): \"x\"@y = queue",
         {"t", "*", "My Service (v2): \"x\"@y", OutageClass::Queue}},
        {"t@api-*=queue", {"t", "*", "api-*", OutageClass::Queue}},
        {"t:insert@*=queue", {"t", "insert", "*", OutageClass::Queue}},
        {"t:insert @ a =\nqueue", {"t", "insert", "a", OutageClass::Queue}},
        {"_t$1=queue", {"_t$1", "*", "*", OutageClass::Queue}},
        {"\xc3\xa9t\xc3\xa9=queue", {"\xc3\xa9t\xc3\xa9", "*", "*", OutageClass::Queue}},
    };
    const std::size_t built_in = OutagePolicy().rules().size();
    for (const Case& c : cases) {
        const OutagePolicy policy = parsed(c.text);
        ASSERT_EQ(policy.rules().size(), built_in + 1) << c.text;
        EXPECT_EQ(policy.rules()[0], c.rule) << c.text;
        EXPECT_FALSE(policy.rules()[0].is_default);
        const std::string written = to_string(policy.rules()[0]);
        EXPECT_EQ(parsed(written).rules()[0], c.rule) << written;
    }
}

TEST(OutagePolicy, TheFirstRuleThatMatchesDecides) {
    const OutagePolicy policy = parsed(
        "orders:insert@checkout=durable, orders:insert=queue, orders:select=reject,"
        "audit_logs@batch-*=hold, *@guest=reject");
    EXPECT_EQ(insert_class(policy, "orders", "checkout"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "shop.orders", "checkout"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "orders", "Checkout"), OutageClass::Queue);
    EXPECT_EQ(insert_class(policy, "orders", ""), OutageClass::Queue);
    EXPECT_EQ(policy.decide("orders", StatementKind::Select, ""), OutageClass::Reject);
    EXPECT_EQ(policy.decide("orders", StatementKind::Update, ""), OutageClass::Hold);
    EXPECT_EQ(insert_class(policy, "audit_logs", "batch-7"), OutageClass::Hold);
    EXPECT_EQ(insert_class(policy, "audit_logs", "batch-"), OutageClass::Hold);
    EXPECT_EQ(insert_class(policy, "audit_logs", "batch"), OutageClass::Durable);
    EXPECT_EQ(insert_class(policy, "commands", "guest"), OutageClass::Reject);
    EXPECT_EQ(insert_class(policy, "", "guest"), OutageClass::Reject);
    EXPECT_EQ(policy.match("orders", StatementKind::Insert, "x"), &policy.rules()[1]);
}

TEST(OutagePolicy, TablesMatchWithAndWithoutSchema) {
    struct Case {
        const char* pattern;
        const char* table;
        bool matches;
    };
    const Case cases[] = {
        {"t", "t", true},
        {"t", "s.t", true},
        {"t", "ts", false},
        {"t", "s.ts", false},
        {"t", "t.s", false},
        {"t", "st", false},
        {"t", "", false},
        {"s.t", "s.t", true},
        {"s.t", "t", false},
        {"s.t", "x.t", false},
        {"s.t", "x.s.t", false},
        {"s.*", "s.t", true},
        {"s.*", "t", false},
        {"s.*", "st.t", false},
        {"log_*", "log_", true},
        {"log_*", "log_a", true},
        {"log_*", "s.log_a", true},
        {"log_*", "log_s.t", false},
        {"log_*", "lo", false},
        {"s.log_*", "s.log_a", true},
        {"s.log_*", "log_a", false},
        {"*", "t", true},
        {"*", "s.t", true},
        {"*", "", true},
        {"\"T\"", "T", true},
        {"\"T\"", "t", false},
        {"\"T\"", "S.T", true},
        {"\"a b\".\"c\"", "a b.c", true},
    };
    for (const Case& c : cases) {
        const OutagePolicy policy = parsed(std::string(c.pattern) + "=reject");
        EXPECT_EQ(insert_class(policy, c.table) == OutageClass::Reject, c.matches)
            << c.pattern << " on " << c.table;
    }
}

TEST(OutagePolicy, MistakesSayWhereWhatAndWhatToDo) {
    struct Case {
        const char* text;
        const char* begin;
        const char* words;
    };
    const Case cases[] = {
        {"t", "rule 1, at character 2:", "end the rule with =CLASS"},
        {"t=", "rule 1, at character 3:", "use durable, queue, buffer, hold or reject"},
        {"t=durble", "rule 1, at character 3:", "'durble' is not known"},
        {"a=hold,b=durable x", "rule 2, at character 10:", "'durable x' is not known"},
        {"a=hold,", "rule 2, at character 7:", "no rule after the last comma"},
        {"a=hold, ,b=hold", "rule 2, at character 9:", "no rule between two commas"},
        {",", "rule 1, at character 1:", "no rule between two commas"},
        {"=hold", "rule 1, at character 1:", "a table's name is missing"},
        {"s.=hold", "rule 1, at character 3:", "a table's name is missing"},
        {"a,b=hold", "rule 1, at character 2:", "end the rule with =CLASS"},
        {"a b=hold", "rule 1, at character 3:", "cannot go on with 'b'"},
        {"a-b=hold", "rule 1, at character 2:", "double quotes"},
        {"a*b=hold", "rule 1, at character 3:", "cannot go on with 'b'"},
        {"*.t=hold", "rule 1, at character 2:", "* must be the end"},
        {"a.b.c=hold", "rule 1, at character 4:", "write schema.table"},
        {"1a=hold", "rule 1, at character 1:", "must stand in double quotes"},
        {"$a=hold", "rule 1, at character 1:", "must stand in double quotes"},
        {"\"a=hold", "rule 1, at character 1:", "add the second quote"},
        {"\"a\"\"=hold", "rule 1, at character 1:", "add the second quote"},
        {"\"\"=hold", "rule 1, at character 1:", "cannot be empty"},
        {"\"a*\"=hold", "rule 1, at character 1:", "behind the second quote"},
        {"t:=hold", "rule 1, at character 3:", "the verb '' is not known"},
        {"t:upsert=hold", "rule 1, at character 3:", "the verb 'upsert' is not known"},
        {"t:insert", "rule 1, at character 9:", "end the rule with =CLASS"},
        {"t@=hold", "rule 1, at character 3:", "the service is missing"},
        {"t@ =hold", "rule 1, at character 3:", "the service is missing"},
        {"t@svc", "rule 1, at character 6:", "end the rule with =CLASS"},
        {"t@a,b=hold", "rule 1, at character 4:", "end the rule with =CLASS"},
        {"t:update=durable", "rule 1, at character 1:", "only INSERTs can be answered"},
        {"x=hold, t:select=buffer", "rule 2, at character 9:", "select cannot be buffer"},
        {"t=hold=hold", "rule 1, at character 3:", "'hold=hold' is not known"},
        {"t=\x01\xff", "rule 1, at character 3:", "is not known"},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(problem_of(c.text), StartsWith(c.begin)) << c.text;
        EXPECT_THAT(problem_of(c.text), HasSubstr(c.words)) << c.text;
        EXPECT_TRUE(problem_of(c.text).ends_with('.')) << c.text;
    }
}

TEST(OutagePolicy, AMistakeLeavesThePolicyAsItWas) {
    OutagePolicy policy = parsed("a=reject");
    EXPECT_THAT(OutagePolicy::parse("b=reject, c", policy), StartsWith("rule 2"));
    EXPECT_EQ(insert_class(policy, "a"), OutageClass::Reject);
    EXPECT_EQ(insert_class(policy, "b"), OutageClass::Hold);
}

TEST(OutagePolicy, EveryPrefixIsReadOrRefused) {
    const std::string text = "\"A\"\"\".b:insert@svc x*=durable , *:*@*=reject";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        // In its own allocation, so that a sanitizer sees a read past its end.
        const std::vector<char> exact(text.begin(),
                                      text.begin() + static_cast<std::ptrdiff_t>(size));
        OutagePolicy policy;
        const std::string problem = OutagePolicy::parse({exact.data(), exact.size()}, policy);
        EXPECT_TRUE(problem.empty() || problem.starts_with("rule ")) << problem;
    }
}

TEST(OutagePolicy, SpooledTablesLeaveOutWhatNeverDecides) {
    EXPECT_THAT(
        parsed("audit_logs=reject, log_*:insert=durable, log_*=queue, x@a=buffer").spooled_tables(),
        ElementsAre("log_*", "x", "pgsidecar.operations", "commands", "command_queues",
                    "terminal_outputs"));
    EXPECT_THAT(parsed("*=hold").spooled_tables(), IsEmpty());
    EXPECT_THAT(parsed("*=durable").spooled_tables(), ElementsAre("*"));
}

TEST(OutagePolicy, RulesAreWrittenAsTheyAreRead) {
    for (const char* text :
         {"audit_logs=durable", "s.t:insert@api-*=queue", "*=reject", "s.log_*=buffer"}) {
        EXPECT_EQ(to_string(parsed(text).rules()[0]), text);
    }
    EXPECT_EQ(to_string(parsed("\"A\"\"b\"=hold").rules()[0]), "\"A\"\"b\"=hold");
}

}  // namespace
}  // namespace pgsidecar::model
