#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <sstream>
#include <string>
#include <vector>

#include "app/cli/cli.hpp"
#include "app/cli/exit_codes.hpp"

namespace pgsidecar::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Neither a database nor DATABASE_URL is there.
class ExplainPolicy : public testing::Test {
protected:
    int run(std::vector<std::string> args) {
        args.insert(args.begin(), "explain-policy");
        config::LoadInput input;
        input.args = std::move(args);
        input.environment = environment_;
        input.read = [this](const std::string&) -> base::Result<std::string> { return file_; };
        std::ostringstream out, err;
        const auto result = run_cli(input, out, err);
        out_ = out.str();
        err_ = err.str();
        EXPECT_THAT(out_ + err_, Not(HasSubstr("CANARY")));
        return result.exit_code.value_or(-1);
    }

    rapidjson::Document json(std::vector<std::string> args) {
        args.emplace_back("--json");
        EXPECT_EQ(run(std::move(args)), kExitOk) << err_;
        rapidjson::Document document;
        document.Parse(out_.c_str());
        EXPECT_FALSE(document.HasParseError());
        return document;
    }

    std::map<std::string, std::string> environment_;
    std::string file_, out_, err_;
};

TEST_F(ExplainPolicy, AQueueableInsertIntoADurableTable) {
    ASSERT_EQ(run({"INSERT INTO audit_logs (who, what) VALUES ('CANARY', 1), ('CANARY', 2)"}),
              kExitOk);
    EXPECT_THAT(err_, IsEmpty());
    EXPECT_THAT(
        out_,
        AllOf(HasSubstr("Statement 1: insert into audit_logs(who, what) values (...)\n"),
              HasSubstr("kind                  insert, table audit_logs, 2 rows\n"),
              HasSubstr("class                 durable, by the built-in rule audit_logs=durable\n"),
              HasSubstr("answerable            yes: its rows are given, so INSERT 0 2 is known\n"),
              HasSubstr("answered INSERT 0 2 when it is on this machine's disk"),
              HasSubstr("never dropped"), HasSubstr("exactly once")));
}

TEST_F(ExplainPolicy, EveryReasonWhyNot) {
    struct Case {
        const char* sql;
        const char* outage_class;
        const char* reason;
    };
    const Case cases[] = {
        {"insert into audit_logs values (1) returning id", "durable", "RETURNING"},
        {"insert into commands select 1", "queue", "reads from the database"},
        {"insert into terminal_outputs values (1) on conflict do nothing", "buffer", "ON CONFLICT"},
        {"update audit_logs set a = 1", "durable", "only INSERT"},
        {"select * from audit_logs", "durable", "only INSERT"},
        {"insert into audit_logs values (", "durable", "could not be parsed"},
    };
    for (const Case& c : cases) {
        const auto document = json({c.sql});
        const auto& statement = document["statements"][0];
        EXPECT_STREQ(statement["class"].GetString(), c.outage_class) << c.sql;
        EXPECT_FALSE(statement["answerable"].GetBool()) << c.sql;
        EXPECT_FALSE(statement["queued"].GetBool()) << c.sql;
        EXPECT_THAT(statement["reason"].GetString(), HasSubstr(c.reason)) << c.sql;
        EXPECT_THAT(statement["atFirst"].GetString(), StartsWith("waits for the database"))
            << c.sql;
        EXPECT_THAT(statement["afterHold"].GetString(), HasSubstr("why it cannot be queued"));
        EXPECT_FALSE(document["queued"].GetBool());
    }
}

TEST_F(ExplainPolicy, ATableOfNoRuleIsHeld) {
    const auto document = json({"insert into users values (1)"});
    const auto& statement = document["statements"][0];
    EXPECT_STREQ(statement["class"].GetString(), "hold");
    EXPECT_STREQ(statement["rule"].GetString(), "");
    EXPECT_TRUE(statement["answerable"].GetBool());
    EXPECT_FALSE(statement["queued"].GetBool());
    EXPECT_THAT(statement["whileReachable"].GetString(), HasSubstr("08007"));
    EXPECT_THAT(statement["afterHold"].GetString(), HasSubstr("08006"));
    EXPECT_THAT(json({"select 1"})["statements"][0]["whileReachable"].GetString(),
                HasSubstr("sent again"));
    EXPECT_THAT(json({"select my_function()"})["statements"][0]["whileReachable"].GetString(),
                HasSubstr("never sent again"));
}

TEST_F(ExplainPolicy, OnesOwnRulesAndService) {
    environment_["PGSIDECAR_OUTAGE_POLICY"] = "orders:insert@shop*=queue, *@guest=reject";
    auto document = json({"insert into s.orders values (1)", "--service", "shop-7"});
    EXPECT_STREQ(document["service"].GetString(), "shop-7");
    EXPECT_STREQ(document["statements"][0]["rule"].GetString(), "orders:insert@shop*=queue");
    EXPECT_FALSE(document["statements"][0]["ruleIsBuiltIn"].GetBool());
    EXPECT_TRUE(document["queued"].GetBool());
    EXPECT_STREQ(document["class"].GetString(), "queue");

    document = json({"--service=guest", "insert into audit_logs values (1)"});
    EXPECT_STREQ(document["statements"][0]["class"].GetString(), "reject");
    EXPECT_THAT(document["statements"][0]["atFirst"].GetString(), StartsWith("refused at once"));
    document = json({"insert into s.orders values (1)"});
    EXPECT_STREQ(document["statements"][0]["class"].GetString(), "hold");
}

TEST_F(ExplainPolicy, TheTimeOfHoldingIsThatOfTheRetries) {
    EXPECT_EQ(
        json({"select 1", "--max-retries", "3", "--retry-delay-ms", "1000"})["holdMs"].GetInt64(),
        7'000);
    EXPECT_EQ(json({"select 1", "--max-retries=4", "--retry-delay-ms=4000"})["holdMs"].GetInt64(),
              4'000 + 8'000 + 10'000 + 10'000);
    EXPECT_EQ(json({"--max-retries", "0", "select 1"})["holdMs"].GetInt64(), 0);
    file_ = "max_retries = 1\nretry_delay_ms = 500\n";
    EXPECT_EQ(json({"select 1", "--config", "p.toml"})["holdMs"].GetInt64(), 500);
}

TEST_F(ExplainPolicy, ATransactionOfWritesIsOneEntryOfTheSafestClass) {
    const auto document =
        json({"BEGIN; insert into commands values (1); insert into audit_logs values (2); COMMIT"});
    ASSERT_EQ(document["statements"].Size(), 4U);
    EXPECT_TRUE(document["queued"].GetBool());
    EXPECT_STREQ(document["class"].GetString(), "durable");
    EXPECT_THAT(document["asOneQuery"].GetString(),
                HasSubstr("queued as one entry of class durable, all or nothing"));
    EXPECT_STREQ(document["statements"][0]["class"].GetString(), "");
    EXPECT_TRUE(document["statements"][0]["answerable"].GetBool());
    EXPECT_THAT(document["statements"][3]["atFirst"].GetString(), HasSubstr("one entry"));
    EXPECT_STREQ(json({"begin;insert into commands values (1);insert into terminal_outputs values "
                       "(1);end"})["class"]
                     .GetString(),
                 "queue");
}

TEST_F(ExplainPolicy, OneStatementThatNeedsTheDatabaseHoldsAll) {
    struct Case {
        const char* sql;
        const char* words;
    };
    const Case cases[] = {
        {"begin; insert into audit_logs values (1); select 1; commit",
         "waits for the database, because of statement 3: its class is hold"},
        {"begin; insert into audit_logs values (1) returning a; commit",
         "because of statement 2: RETURNING"},
        {"insert into audit_logs values (1); insert into users values (1)",
         "because of statement 2: its class is hold"},
        {"insert into audit_logs values (1); begin; insert into audit_logs values (1); commit",
         "because of statement 2: it begins a transaction after a write"},
        {"begin; savepoint s; insert into audit_logs values (1); commit",
         "because of statement 2: its class is hold"},
        {"begin; update t set a = 1; commit", "because of statement 2"},
    };
    for (const Case& c : cases) {
        const auto document = json({c.sql});
        EXPECT_FALSE(document["queued"].GetBool()) << c.sql;
        EXPECT_THAT(document["asOneQuery"].GetString(), HasSubstr(c.words)) << c.sql;
    }
    const auto refused = json({"begin; update t set a = 1; commit", "--outage-policy=t=reject"});
    EXPECT_THAT(refused["asOneQuery"].GetString(),
                HasSubstr("refused at once, because of statement 2: its class is reject"));
    EXPECT_THAT(json({"begin; rollback"})["asOneQuery"].GetString(), HasSubstr("writes nothing"));
}

TEST_F(ExplainPolicy, StatementsOfATransactionShareItsFate) {
    auto document =
        json({"begin; insert into audit_logs values (1); select 1; insert into audit_logs "
              "values (2); commit; insert into audit_logs values (3)"});
    const auto at_first = [&](unsigned number) {
        return std::string(document["statements"][number - 1]["atFirst"].GetString());
    };
    EXPECT_THAT(at_first(2), HasSubstr("COMMIT puts it on this machine's disk"));
    EXPECT_THAT(at_first(3), HasSubstr("refused at once with 08006, and its transaction fails"));
    EXPECT_THAT(at_first(4), HasSubstr("25P02"));
    EXPECT_FALSE(document["statements"][3]["queued"].GetBool());
    EXPECT_THAT(at_first(5), HasSubstr("answered ROLLBACK"));
    EXPECT_THAT(at_first(6), HasSubstr("when it is on this machine's disk"));
    EXPECT_TRUE(document["statements"][5]["queued"].GetBool());

    document = json({"begin; select 1; insert into audit_logs values (2); commit"});
    EXPECT_THAT(at_first(2), HasSubstr("Its BEGIN goes with it"));
    EXPECT_THAT(at_first(3), HasSubstr("follows its transaction"));
    EXPECT_THAT(at_first(4), HasSubstr("follows its transaction"));
}

TEST_F(ExplainPolicy, WithoutASpoolNothingIsQueued) {
    const auto document =
        json({"begin; insert into audit_logs values (1); commit", "--outage-spool-dir", "off"});
    EXPECT_FALSE(document["queued"].GetBool());
    EXPECT_THAT(document["asOneQuery"].GetString(), HasSubstr("outage.spool_dir is off"));
    EXPECT_FALSE(document["statements"][1]["queued"].GetBool());
    EXPECT_THAT(document["statements"][1]["atFirst"].GetString(),
                HasSubstr("outage.spool_dir is off"));
}

TEST_F(ExplainPolicy, ATextThatIsTooLongIsHeld) {
    const auto document =
        json({"insert into audit_logs values ('" + std::string(70'000, 'x') + "')"});
    EXPECT_FALSE(document["queued"].GetBool());
    EXPECT_THAT(document["statements"][0]["reason"].GetString(), HasSubstr("limits.inspect_bytes"));
}

TEST_F(ExplainPolicy, LinesForPeopleAreNotWide) {
    ASSERT_EQ(run({"begin; insert into audit_logs values (1); select 1; commit"}), kExitOk);
    std::istringstream lines(out_);
    int checked = 0;
    for (std::string line; std::getline(lines, line); ++checked) {
        EXPECT_LE(line.size(), 100U) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
    EXPECT_GT(checked, 20);
}

TEST_F(ExplainPolicy, WrongUsageAndWrongSettings) {
    EXPECT_EQ(run({}), kExitUsage);
    EXPECT_THAT(err_, HasSubstr("needs the SQL"));
    EXPECT_EQ(run({"select 1", "select 'CANARY'"}), kExitUsage);
    EXPECT_EQ(run({"select 1", "--service"}), kExitUsage);
    EXPECT_EQ(run({" ; -- nothing"}), kExitUsage);
    EXPECT_THAT(err_, HasSubstr("no statement"));
    EXPECT_EQ(run({"select 1", "--max-retriess", "3"}), kExitUsage);
    EXPECT_EQ(run({"select 1", "--max-retries"}), kExitUsage);
    EXPECT_EQ(run({"select 1", "--max-retries", "x"}), kExitConfig);
    EXPECT_EQ(run({"select 1", "--outage-policy", "t=durble"}), kExitConfig);
    EXPECT_THAT(err_, HasSubstr("outage.policy, rule 1, at character 3: the class 'durble'"));
    EXPECT_THAT(out_, IsEmpty());
}

TEST_F(ExplainPolicy, MockModeIsNamed) {
    EXPECT_EQ(run({"select 1", "--mode", "mock"}), kExitOk);
    EXPECT_THAT(err_, HasSubstr("mode mock has no database"));
    EXPECT_THAT(out_, HasSubstr("Statement 1"));
}

TEST_F(ExplainPolicy, SqlMayBeginWithAComment) {
    EXPECT_EQ(json({"-- why\nselect 1"})["statements"].Size(), 1U);
    EXPECT_EQ(json({"/* why */ select 1"})["statements"].Size(), 1U);
}

}  // namespace
}  // namespace pgsidecar::app
