#include "tests/fault/support/outage_fixture.hpp"

#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {

using soak::Outcome;

soak::Outcome NumberedWriter::write() {
    int number = static_cast<int>(journal_.attempts.size()) + 1;
    soak::Attempt attempt{journal_.client, number, 1, Outcome::Refused, "never sent"};
    if (!session_) session_ = soak::Session::connect(sidecar_.conninfo(), last_error_);
    if (session_) {
        soak::Reply reply = session_->insert_simple(journal_.client, number);
        attempt.how = reply.in_words();
        if (reply.good())
            attempt.outcome = Outcome::Acknowledged;
        else {
            last_error_ = attempt.how;
            bool open = reply.sqlstate.empty() || reply.sqlstate == "08007";
            attempt.outcome = open ? Outcome::Unknown : Outcome::Refused;
        }
        if (reply.lost || reply.silent) session_.reset();
    }
    journal_.attempts.push_back(attempt);
    return attempt.outcome;
}

int NumberedWriter::write_rows(int count) {
    int acknowledged = 0;
    for (int i = 0; i < count; ++i) acknowledged += write() == Outcome::Acknowledged ? 1 : 0;
    return acknowledged;
}

soak::World& OutageTest::world() {
    static soak::World world(false);
    return world;
}

void OutageTest::SetUp() {
    PGS_NEEDS_SIDECAR("its spool");
    gate().pass();
    forget_database();
    spool_ = std::make_unique<TempFolder>(unprivileged_identity());
}

void OutageTest::TearDown() {
    gate().pass();
    if (sidecar_ && proves_recovery_) prove_recovery();
    if (HasFailure() && sidecar_) std::cerr << "--- sidecar log\n" << sidecar_->log_tail(30);
    sidecar_.reset();
}

SidecarOptions OutageTest::options() {
    SidecarOptions out;
    out.upstream_url =
        "postgres://postgres@127.0.0.1:" + std::to_string(gate().port()) + "/postgres";
    out.spool_folder = spool_folder();
    out.flags = quick_outage_flags();
    // Records would pass the same crash points and fill the same disk.
    out.flags.emplace_back("audit-level", "off");
    return out;
}

void OutageTest::start_sidecar(SidecarOptions options) {
    make_sidecar(std::move(options));
    sidecar_->start();
    ASSERT_TRUE(eventually(10s, [&] { return writer().write() == Outcome::Acknowledged; }))
        << writer().last_error();
}

void OutageTest::make_sidecar(SidecarOptions options) {
    writers_.clear();
    sidecar_ = std::make_unique<SidecarProcess>(std::move(options));
    scout_ = std::make_unique<NumberedWriter>(1'000, *sidecar_);
    new_writer();
}

NumberedWriter& OutageTest::new_writer() {
    return writers_.emplace_back(static_cast<int>(writers_.size()) + 1, *sidecar_);
}

void OutageTest::begin_outage() {
    cut_off();
    eventually(5s, [&] {
        if (!sidecar().running() || refuses_service()) return true;
        scout_->disconnect();
        return scout_->write() == Outcome::Acknowledged && waiting() > 0;
    });
}

bool OutageTest::settled() {
    Metrics metrics = sidecar().metrics();
    return !metrics.empty() && metrics.value(metric::kSpoolEntries) == 0;
}

bool OutageTest::started() {
    return http_get(sidecar().http_port(), "/startupz", 1s).status == 200;
}

bool OutageTest::refuses_service() {
    // While it starts it is not ready either.
    return !sidecar().running() || (started() && sidecar().readiness() == 503);
}

soak::Tally OutageTest::tally() {
    std::vector<soak::Journal> journals;
    for (const auto& w : writers_) journals.push_back(w.journal());
    journals.push_back(scout_->journal());
    eventually(10s, [&] { return world().quiet(); });
    return soak::check(journals, world().rows());
}

void OutageTest::prove_recovery() {
    gate().pass();
    if (!sidecar().running()) sidecar().start();
    EXPECT_TRUE(eventually(20s, [&] { return writer().write() == Outcome::Acknowledged; }))
        << "no write goes through any more: " << writer().last_error();
    EXPECT_TRUE(eventually(20s, [&] { return settled(); })) << waiting() << " entries still wait";
    EXPECT_TRUE(eventually(5s, [&] { return sidecar().readiness() == 200; }));
    soak::Tally now = tally();
    EXPECT_FALSE(now.failed()) << testing::PrintToString(now.examples);
}

void OutageTest::forget_database() {
    world().empty_table();
    PqConnection(world().cluster().conninfo())
        .run("set client_min_messages = error; drop schema if exists pgsidecar cascade");
}

void replace_folder(const std::string& from, const std::string& to) {
    namespace fs = std::filesystem;
    for (const auto& entry : fs::directory_iterator(to)) fs::remove_all(entry.path());
    for (const auto& entry : fs::directory_iterator(from)) {
        if (entry.is_regular_file())
            fs::copy_file(entry.path(), to + "/" + entry.path().filename().string());
    }
}

}  // namespace pgsidecar::test
