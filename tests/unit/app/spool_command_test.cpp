#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "app/cli/cli.hpp"
#include "audit/spool.hpp"

namespace pgsidecar::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SpoolCommand : public testing::Test {
protected:
    SpoolCommand() {
        std::string pattern = testing::TempDir() + "spool-command-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        input_.read = [](const std::string&) -> base::Result<std::string> { return std::string(); };
    }
    ~SpoolCommand() override {
        spool_.reset();
        std::filesystem::remove_all(folder_);
    }

    int run(std::vector<std::string> args) {
        args.insert(args.begin(), "spool");
        input_.args = std::move(args);
        std::ostringstream out, err;
        const auto result = run_cli(input_, out, err);
        out_ = out.str();
        err_ = err.str();
        return result.exit_code.value_or(-1);
    }
    int run_here(std::vector<std::string> args) {
        args.push_back("--dir=" + folder_);
        return run(std::move(args));
    }

    void open() {
        audit::Spool::Options options;
        options.folder = folder_;
        options.max_bytes = options.max_entries = options.max_entry_bytes = 1'000'000;
        options.probe_interval_ms = 5;
        std::string problem;
        spool_ = audit::Spool::open(options, problem);
        ASSERT_TRUE(spool_) << problem;
    }

    /// One dead letter, 1, and one that waits, 2.
    void fill() {
        open();
        auto* context = new model::SpoolContext;
        context->user = "app";
        context->database = "shop";
        context->settings = {{"search_path", "public"}};
        const model::SpoolContextPtr shared(context);
        for (const char* sql : {"insert into audit_logs values ($1, $2, $3)", "insert \x1b\xff"}) {
            model::SpoolEntry entry;
            entry.context = shared;
            model::SpoolStatement statement;
            statement.sql = sql;
            statement.table = "audit_logs";
            if (statement.sql.ends_with(')')) {
                statement.types = {25, 17};
                statement.parameters = std::string(
                    "\0\3\0\0\0\1\0\0\0\3\0\0\0\2h\n\0\0\0\2\0\xff\xff\xff\xff\xff", 26);
            }
            entry.statements.push_back(statement);
            std::promise<bool> stored;
            spool_->append(entry, [&](const auto& verdict) { stored.set_value(verdict.stored()); });
            ASSERT_TRUE(stored.get_future().get());
        }
        std::promise<bool> buried;
        spool_->bury(1, "23505", "duplicate key", [&](bool good) { buried.set_value(good); });
        ASSERT_TRUE(buried.get_future().get());
    }

    std::vector<rapidjson::Document> lines() const {
        std::vector<rapidjson::Document> out;
        std::istringstream text(out_);
        for (std::string line; std::getline(text, line);) {
            out.emplace_back();
            out.back().Parse(line.c_str());
            EXPECT_FALSE(out.back().HasParseError()) << line;
        }
        return out;
    }

    config::LoadInput input_;
    std::string folder_, out_, err_;
    std::unique_ptr<audit::Spool> spool_;
};

TEST_F(SpoolCommand, WrongUsageExitsWith64) {
    for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                                 {"lists"},
                                                 {"show"},
                                                 {"show", "all"},
                                                 {"show", "0"},
                                                 {"show", "1x"},
                                                 {"retry"},
                                                 {"discard", "-1"},
                                                 {"list", "--dir"},
                                                 {"list", "--dir="},
                                                 {"list", "--dir=/x", "--unknown"}}) {
        EXPECT_EQ(run(args), kExitUsage) << testing::PrintToString(args);
        EXPECT_THAT(out_, IsEmpty());
        EXPECT_THAT(err_, Not(IsEmpty()));
    }
}

TEST_F(SpoolCommand, WithoutAFolderTheSettingsMustName) {
    EXPECT_EQ(run({"list"}), kExitConfig);
    input_.environment["DATABASE_URL"] = "postgres://u:CANARY@h/d";
    input_.environment["HOME"] = folder_;
    EXPECT_EQ(run({"list"}), kExitIo);
    EXPECT_THAT(err_,
                AllOf(HasSubstr("There is no spool in " + folder_ + "/.local/state/pgsidecar"),
                      Not(HasSubstr("CANARY"))));
    EXPECT_EQ(run({"list", "--outage-spool-dir=off"}), kExitConfig);
    EXPECT_THAT(err_, HasSubstr("outage.spool_dir is off"));
}

TEST_F(SpoolCommand, ListShowsWaitingAndDeadOfARunningSpool) {
    fill();
    EXPECT_EQ(run_here({"list"}), kExitOk);
    EXPECT_THAT(out_, AllOf(HasSubstr("SEQUENCE"), HasSubstr("durable"), HasSubstr("audit_logs"),
                            HasSubstr("dead: 23505 duplicate key"), HasSubstr("waiting"),
                            Not(HasSubstr("insert"))));
    EXPECT_EQ(run_here({"list", "--json"}), kExitOk);
    const auto all = lines();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["sequence"].GetInt(), 2);
    EXPECT_EQ(all[0]["state"], "waiting");
    EXPECT_EQ(all[1]["state"], "dead");
    EXPECT_EQ(all[1]["tables"], "audit_logs");
}

TEST_F(SpoolCommand, ExportHoldsEverything) {
    fill();
    EXPECT_EQ(run_here({"export"}), kExitOk);
    const auto all = lines();
    ASSERT_EQ(all.size(), 2U);
    ASSERT_TRUE(all[0]["statements"][0].HasMember("sqlHex")) << out_;
    EXPECT_EQ(all[0]["statements"][0]["sqlHex"], "696e73657274201bff");
    const auto& dead = all[1];
    EXPECT_EQ(dead["user"], "app");
    EXPECT_EQ(dead["database"], "shop");
    EXPECT_EQ(dead["settings"]["search_path"], "public");
    EXPECT_EQ(dead["sqlstate"], "23505");
    EXPECT_EQ(dead["message"], "duplicate key");
    const auto& parameters = dead["statements"][0]["parameters"];
    ASSERT_EQ(parameters.Size(), 3U);
    EXPECT_EQ(parameters[0]["type"].GetInt(), 25);
    EXPECT_EQ(parameters[0]["value"], "h\n");
    EXPECT_EQ(parameters[1]["type"].GetInt(), 17);
    EXPECT_EQ(parameters[1]["hex"], "00ff");
    EXPECT_TRUE(parameters[2]["value"].IsNull());
}

TEST_F(SpoolCommand, ShowIsForPeople) {
    fill();
    EXPECT_EQ(run_here({"show", "1"}), kExitOk);
    EXPECT_THAT(out_, AllOf(HasSubstr("sequence  1 (dead)"), HasSubstr("error     23505"),
                            HasSubstr("setting   search_path = public"), HasSubstr("$2 = \\x00ff"),
                            HasSubstr("$3 = null")));
    EXPECT_EQ(run_here({"show", "2"}), kExitOk);
    EXPECT_THAT(out_, AllOf(HasSubstr("insert \\x1b"), Not(HasSubstr("\x1b"))));
    EXPECT_EQ(run_here({"show", "3"}), kExitData);
    EXPECT_THAT(err_, HasSubstr("no such entry"));
}

TEST_F(SpoolCommand, RetryAndDiscardWorkWhileItRuns) {
    fill();
    EXPECT_EQ(run_here({"retry", "1"}), kExitOk);
    EXPECT_THAT(out_, HasSubstr("put behind everything that waits: 1."));
    EXPECT_EQ(spool_->stats().dead, 0U);
    EXPECT_EQ(spool_->stats().entries, 2U);
    EXPECT_EQ(run_here({"discard", "1"}), kExitData);
    EXPECT_EQ(run_here({"discard", "all"}), kExitOk);
}

TEST_F(SpoolCommand, RetryAndDiscardWorkWhenNothingRuns) {
    fill();
    spool_.reset();
    EXPECT_EQ(run_here({"retry", "7"}), kExitData);
    EXPECT_EQ(run_here({"discard", "all"}), kExitOk);
    EXPECT_THAT(out_, HasSubstr("discarded: 1."));
    EXPECT_EQ(run_here({"list", "--json"}), kExitOk);
    EXPECT_EQ(lines().size(), 1U);
    EXPECT_EQ(run({"retry", "all", "--dir=" + folder_ + "/none"}), kExitIo);
}

TEST_F(SpoolCommand, VerifyTellsWholeFromDamaged) {
    fill();
    EXPECT_EQ(run_here({"verify"}), kExitOk);
    EXPECT_THAT(out_, HasSubstr("is whole: 1 entries wait"));
    spool_.reset();
    const std::string path = folder_ + "/spool.sqlite";
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4'096);
    EXPECT_EQ(run_here({"verify"}), kExitData);
    EXPECT_THAT(out_, AllOf(HasSubstr("The spool " + path), HasSubstr("spool export --dir")));
    EXPECT_EQ(run_here({"verify", "--json"}), kExitData);
    EXPECT_FALSE(lines()[0]["usable"].GetBool());
    EXPECT_EQ(run_here({"retry", "1"}), kExitIo);
    EXPECT_THAT(err_, HasSubstr("nothing was changed"));
}

TEST_F(SpoolCommand, ExportReadsAFileThatSqliteDoesNot) {
    fill();
    spool_.reset();
    std::fstream(folder_ + "/spool.sqlite") << std::string(100, 'x');
    EXPECT_EQ(run_here({"export"}), kExitData);
    EXPECT_THAT(err_, HasSubstr("cannot be read, entries may be missing"));
    const auto all = lines();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0]["sequence"].GetInt(), 2);
    EXPECT_TRUE(all[0]["salvaged"].GetBool());
    EXPECT_FALSE(all[0]["damaged"].GetBool());
    EXPECT_EQ(all[1]["user"], "app");
    EXPECT_EQ(all[1]["message"], "duplicate key");
}

}  // namespace
}  // namespace pgsidecar::app
