#include "app/cli/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <sstream>

#include "config/settings_table.hpp"

namespace pgsidecar::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class RunCli : public testing::Test {
protected:
    RunCli() {
        input_.environment["DATABASE_URL"] = "postgres://u:CANARY@127.0.0.1/d";
        input_.read = [this](const std::string&) -> base::Result<std::string> { return file_; };
    }

    CliResult run(std::vector<std::string> args) {
        input_.args = std::move(args);
        std::ostringstream out, err;
        auto result = run_cli(input_, out, err);
        out_ = out.str();
        err_ = err.str();
        EXPECT_THAT(out_ + err_, Not(HasSubstr("CANARY")));
        return result;
    }

    config::LoadInput input_;
    std::string file_, out_, err_;
};

TEST_F(RunCli, RunIsTheDefaultAndPrintsNothing) {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{}, {"run"}, {"--workers", "2"}, {"run", "--workers=2"}}) {
        const auto result = run(args);
        EXPECT_EQ(result.exit_code, std::nullopt);
        EXPECT_TRUE(result.loaded.ok());
        EXPECT_THAT(out_ + err_, IsEmpty());
    }
    EXPECT_EQ(run({"run", "--workers=2"}).loaded.settings.workers, 2);
}

TEST_F(RunCli, WrongConfigurationExitsWith78) {
    for (const char* command : {"run", "check-config", "print-config"}) {
        EXPECT_EQ(run({command, "--pool-size", "0"}).exit_code, kExitConfig) << command;
        EXPECT_THAT(err_,
                    HasSubstr("flag --pool-size: pool.size must be a whole number from 1 to 100"));
        EXPECT_THAT(out_, IsEmpty());
    }
}

TEST_F(RunCli, WrongUsageExitsWith64) {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"check-config", "--pool-sized", "3"},
          {"--workers"},
          {"chek-config"},
          {"postgres://u:CANARY@h/d"},
          {"version", "CANARY"},
          {"run", "run"},
          {""},
          {"-x"}}) {
        EXPECT_EQ(run(args).exit_code, kExitUsage) << testing::PrintToString(args);
        EXPECT_THAT(out_, IsEmpty());
        EXPECT_THAT(err_, Not(IsEmpty()));
    }
    run({"chek-config"});
    EXPECT_THAT(err_, HasSubstr("Did you mean check-config?"));
}

TEST_F(RunCli, CheckConfigPrintsFileAndLine) {
    file_ = "[pool]\nsize = 0\nmdoe = 'session'\n";
    EXPECT_EQ(run({"check-config", "--config", "p.toml"}).exit_code, kExitConfig);
    EXPECT_EQ(err_,
              "p.toml:2: pool.size must be a whole number from 1 to 100, but is '0'.\n"
              "p.toml:3: setting 'pool.mdoe' is not known. Did you mean pool.mode?\n");
    file_.clear();
    EXPECT_EQ(run({"check-config", "--config", "p.toml"}).exit_code, kExitOk);
    EXPECT_EQ(out_, "The configuration is valid.\n");
}

TEST_F(RunCli, PrintConfigShowsValuesAndSources) {
    EXPECT_EQ(run({"print-config", "--workers", "2"}).exit_code, kExitOk);
    EXPECT_THAT(out_, HasSubstr("workers = 2  # flag --workers\n"));
    EXPECT_THAT(out_, HasSubstr("pool.size = 10  # default\n"));
    EXPECT_THAT(
        out_,
        HasSubstr("database_url = \"postgres://u:***@127.0.0.1/d\"  # environment DATABASE_URL\n"));
}

TEST_F(RunCli, PrintConfigAsJsonHasEverySetting) {
    input_.environment["PGSIDECAR_HTTP_TOKEN"] = "CANARY";
    EXPECT_EQ(run({"print-config", "--json", "--workers", "2"}).exit_code, kExitOk);
    rapidjson::Document document;
    document.Parse(out_.c_str());
    ASSERT_FALSE(document.HasParseError());
    for (const auto& setting : config::settings_table()) {
        ASSERT_TRUE(document.HasMember(std::string(setting.key).c_str())) << setting.key;
    }
    EXPECT_EQ(document["workers"]["value"].GetInt(), 2);
    EXPECT_STREQ(document["workers"]["source"].GetString(), "flag --workers");
    EXPECT_STREQ(document["http.token"]["value"].GetString(), "***");
}

TEST_F(RunCli, VersionNamesTheLibraries) {
    for (const char* word : {"version", "--version", "-V"}) {
        EXPECT_EQ(run({word}).exit_code, kExitOk);
        EXPECT_THAT(out_, StartsWith("pgsidecar "));
        EXPECT_THAT(out_, HasSubstr("OpenSSL"));
    }
    EXPECT_EQ(run({"version", "--json"}).exit_code, kExitOk);
    rapidjson::Document document;
    document.Parse(out_.c_str());
    ASSERT_FALSE(document.HasParseError());
    EXPECT_STREQ(document["name"].GetString(), "pgsidecar");
    EXPECT_TRUE(document["version"].IsString());
}

TEST_F(RunCli, HelpNamesEverySetting) {
    for (const std::vector<std::string>& args : {std::vector<std::string>{"help"},
                                                 {"--help"},
                                                 {"-h"},
                                                 {"run", "--help"},
                                                 {"--workers", "--help"}}) {
        EXPECT_EQ(run(args).exit_code, kExitOk);
        for (const auto& setting : config::settings_table())
            EXPECT_THAT(out_, HasSubstr(setting.flag()));
    }
}

TEST(ProcessInput, TakesArgumentsAndEnvironment) {
    ASSERT_EQ(::setenv("PGSIDECAR_TEST_VALUE", "a=b", 1), 0);
    const char* arguments[] = {"pgsidecar", "run", "--workers=2"};
    const auto input = process_input(3, arguments);
    EXPECT_THAT(input.args, testing::ElementsAre("run", "--workers=2"));
    EXPECT_EQ(input.environment.at("PGSIDECAR_TEST_VALUE"), "a=b");
    ::unsetenv("PGSIDECAR_TEST_VALUE");
    EXPECT_THAT(process_input(0, nullptr).args, IsEmpty());
}

}  // namespace
}  // namespace pgsidecar::app
