#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/pg_cluster.hpp"
#include "tests/support/pq.hpp"
#include "tests/support/proxy_under_test.hpp"
#include "tests/support/temp_folder.hpp"

namespace pgsidecar::test {

using testing::HasSubstr;
using testing::Not;

// What the process exits with (app/cli/exit_codes.hpp).
constexpr int kOk = 0, kUsage = 64, kData = 65, kUnavailable = 69, kIo = 74, kConfig = 78;

/// The key of db/migration_lock.hpp.
constexpr const char* kLock = "SELECT pg_advisory_lock(8099569351342252897)";

/// One run of `pgsidecar migrate`.
class MigrateRun {
public:
    MigrateRun(const std::string& url, const std::vector<std::string>& arguments) {
        Command command;
        // Standard error goes to a file of its own: the object of --json stands alone.
        command.argv = {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>err", sidecar_binary(), "migrate"};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        command.env = {{"DATABASE_URL", url}};
        command.working_folder = folder_.path();
        command.output_file = folder_.path() + "/out";
        process_ = ChildProcess(command);
    }

    int exit_code() { return process_.exit_code(60s); }
    bool running() { return process_.running(); }
    void kill() { process_.kill_and_reap(); }
    std::string out() const { return read_file(folder_.path() + "/out"); }
    std::string err() const { return read_file(folder_.path() + "/err"); }

private:
    TempFolder folder_;
    ChildProcess process_;
};

/// A database and a folder of migrations for each test.
class Migrate : public testing::Test {
protected:
    Migrate() {
        admin_.run("DROP DATABASE IF EXISTS migrated");
        admin_.run("CREATE DATABASE migrated");
    }
    ~Migrate() override {
        database_.reset();
        admin_.query("DROP DATABASE migrated WITH (FORCE)");
    }

    std::string url(const std::string& user = "postgres") const {
        const std::string whole = cluster_.url(user);
        return whole.substr(0, whole.rfind('/')) + "/migrated";
    }
    /// The test's own connection to the database.
    PqConnection& database() {
        if (!database_) database_.emplace(cluster_.conninfo() + " dbname=migrated");
        return *database_;
    }
    void file(const std::string& name, const std::string& text) const { folder_.write(name, text); }

    MigrateRun start(std::vector<std::string> arguments, const std::string& user = "postgres") {
        arguments.insert(arguments.end(), {"--dir", folder_.path()});
        return {url(user), arguments};
    }
    /// A whole run over the test's folder; out_ and err_ are what it wrote.
    int migrate(const std::vector<std::string>& arguments = {},
                const std::string& user = "postgres") {
        auto run = start(arguments, user);
        return finish(run);
    }
    /// The same with the migrations that are built in.
    int built_in(const std::vector<std::string>& arguments = {},
                 const std::string& user = "postgres") {
        MigrateRun run(url(user), arguments);
        return finish(run);
    }
    bool exists(const std::string& relation) {
        return !database()
                    .scalar("SELECT coalesce(to_regclass('" + relation + "')::text, '')")
                    .empty();
    }
    std::string applied() {
        return database().scalar(
            "SELECT coalesce(string_agg(version || ' ' || name, ', ' ORDER BY version), '') "
            "FROM schema_migrations");
    }

    PgCluster& cluster_ = shared_cluster();
    TempFolder folder_;
    std::string out_, err_;

private:
    int finish(MigrateRun& run) {
        const int code = run.exit_code();
        out_ = run.out();
        err_ = run.err();
        return code;
    }

    PqConnection admin_{cluster_.conninfo()};
    std::optional<PqConnection> database_;
};

}  // namespace pgsidecar::test
