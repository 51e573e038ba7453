#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "audit/flush_plan.hpp"
#include "audit/flush_target.hpp"
#include "audit/operation_rows.hpp"
#include "db/pg_pipeline.hpp"

namespace pgsidecar::audit {

/// FlushTarget on PostgreSQL.
///
/// A transaction is: BEGIN and the ledger's row under a lock (one round trip); all statements and
/// the raised ledger (sent without waiting); COMMIT. The lock also waits for a connection of
/// ours that was lost in its COMMIT and has not ended yet, so the row that is read is the last
/// word. Thread: its executor's.
class PgFlushTarget final : public FlushTarget {
public:
    struct Options {
        std::string spool_id;
        std::string sidecar;        ///< who we are, for people who read the ledger
        bool create_schema = true;  ///< make what is missing of schema pgsidecar
        bool main = true;           ///< the database of the settings, as opposed to a client's own
        std::int64_t connect_timeout_ms = 5'000;
        std::int64_t lock_timeout_ms = 10'000;
        std::int64_t stall_ms = 60'000;  ///< one statement, or silence
    };

    /// upstream: complete, with the database that is meant.
    PgFlushTarget(asio::any_io_executor executor, config::Upstream upstream, bool tls_required,
                  Options options);

    asio::awaitable<FlushResult> apply(Entries entries) override;
    asio::awaitable<FlushResult> copy(std::span<const StoredRecords> records) override;
    void interrupt() override { pipeline_.interrupt(); }
    void close() override { pipeline_.close(); }

private:
    /// What the ledger says.
    struct Position {
        std::uint64_t applied = 0, applied_records = 0;
    };

    /// Why these options can never work, if so.
    std::optional<db::Error> unusable() const;
    asio::awaitable<db::Result<void>> ready();
    asio::awaitable<db::Result<void>> make_schema();
    asio::awaitable<db::Result<Position>> begin();
    asio::awaitable<db::Result<Position>> lock_row();
    asio::awaitable<FlushResult> run(const FlushPlan& plan, std::size_t first);
    asio::awaitable<FlushResult> commit(std::uint64_t applied);
    asio::awaitable<db::Result<void>> copy_rows(OperationRows& rows);
    asio::awaitable<db::Result<void>> add_statements(const OperationRows& rows);
    asio::awaitable<void> roll_back(bool prepared);
    FlushResult trouble(db::Error error);
    db::Error about_ledger(db::Error error) const;
    db::Error about_role(db::Error error) const;

    db::PgPipeline pipeline_;
    Options options_;
    std::unordered_set<std::uint64_t> known_statements_;  ///< that pgsidecar.statements has
};

}  // namespace pgsidecar::audit
