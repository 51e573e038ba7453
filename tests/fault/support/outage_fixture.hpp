#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "tests/fault/soak_lib/checker.hpp"
#include "tests/fault/soak_lib/run.hpp"
#include "tests/fault/soak_lib/session.hpp"
#include "tests/support/gate.hpp"
#include "tests/support/metric_names.hpp"
#include "tests/support/sidecar_process.hpp"

namespace pgsidecar::test {

/// One client that writes numbered rows and keeps the journal of what it was told.
class NumberedWriter {
public:
    NumberedWriter(int client, SidecarProcess& sidecar) : sidecar_(sidecar) {
        journal_.client = client;
    }

    /// One row; connects first where needed. Without a connection the write was never made.
    soak::Outcome write();
    /// So many rows; how many of them were acknowledged.
    int write_rows(int count);
    /// The SQLSTATE and text of the last write that was not acknowledged.
    const std::string& last_error() const { return last_error_; }
    const soak::Journal& journal() const { return journal_; }
    void disconnect() { session_.reset(); }

private:
    SidecarProcess& sidecar_;
    soak::Journal journal_;
    std::optional<soak::Session> session_;
    std::string last_error_;
};

/// A PostgreSQL, a gate and a sidecar with a spool folder of the test's own. Every test ends with
/// the proof of recovery: all healed, a new write goes through, and every acknowledged number is
/// there exactly once, in order.
class OutageTest : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    soak::World& world();
    Gate& gate() { return world().gate(); }
    /// What the next sidecar is started with; the spool is in spool_folder().
    SidecarOptions options();
    virtual std::string spool_folder() { return spool_->path(); }
    /// Makes the sidecar and its first writer, and starts nothing.
    void make_sidecar(SidecarOptions options);
    /// Starts it and lets it learn the database by one write.
    void start_sidecar(SidecarOptions options);
    SidecarProcess& sidecar() { return *sidecar_; }
    NumberedWriter& writer() { return writers_.front(); }
    NumberedWriter& new_writer();

    /// The database is out of reach: every connection reset, new ones refused. Returns when the
    /// sidecar knows it and queues; outage_start_test.cpp looks at what comes before.
    void begin_outage();
    /// The same without waiting.
    void cut_off() { gate().refuse(), gate().reset(); }
    void end_outage() { gate().pass(); }
    bool settled();
    double waiting() { return sidecar().metrics().value(metric::kSpoolEntries); }
    /// The sidecar has ended with an error, or says by /readyz that it cannot do its work.
    bool started();
    bool refuses_service();
    /// What the journals of all writers and the table say.
    soak::Tally tally();
    /// Part of TearDown, for tests that want it earlier too.
    void prove_recovery();
    /// The test has another proof of its own.
    void recovery_proved_otherwise() { proves_recovery_ = false; }
    /// An empty table and a database that knows no spool; the sidecar must not run.
    void forget_database();

    std::unique_ptr<TempFolder> spool_;
    std::unique_ptr<SidecarProcess> sidecar_;
    std::list<NumberedWriter> writers_;
    std::unique_ptr<NumberedWriter> scout_;  ///< writes until the sidecar queues

private:
    bool proves_recovery_ = true;
};

/// Copies a folder's files over another's, which is emptied first; owners and modes are kept.
void replace_folder(const std::string& from, const std::string& to);

}  // namespace pgsidecar::test
