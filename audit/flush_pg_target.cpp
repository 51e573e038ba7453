#include "audit/flush_pg_target.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "audit/flush_error.hpp"
#include "audit/ledger.hpp"
#include "base/assert.hpp"
#include "base/crash_point.hpp"

namespace pgsidecar::audit {
namespace {

using Kind = FlushResult::Kind;

constexpr std::size_t kMaxKnownStatements = 100'000;

std::uint64_t number(const db::Value& value) {
    std::uint64_t out = 0;
    if (value) std::from_chars(value->data(), value->data() + value->size(), out);
    return out;
}

/// Two sidecars may meet in CREATE ... IF NOT EXISTS in spite of the lock, when one is a migration.
bool somebody_was_faster(std::string_view sqlstate) {
    return sqlstate == "23505" || sqlstate == "42P06" || sqlstate == "42P07" || sqlstate == "42710";
}

db::Error row_is_gone() {
    return model::other_error(
        "Our row in pgsidecar.ledger was changed or removed while it was in use.",
        "Let nobody but pgsidecar write to that table; the flush is tried again.", true);
}

}  // namespace

PgFlushTarget::PgFlushTarget(asio::any_io_executor executor, config::Upstream upstream,
                             bool tls_required, Options options)
    : pipeline_(std::move(executor), std::move(upstream), tls_required),
      options_(std::move(options)) {}

asio::awaitable<db::Result<void>> PgFlushTarget::ready() {
    if (pipeline_.is_open()) co_return db::Result<void>();
    known_statements_.clear();
    if (auto problem = unusable()) co_return *problem;
    auto connected = co_await pipeline_.connect(options_.connect_timeout_ms);
    if (!connected) co_return connected.error();
    auto there = co_await pipeline_.execute_script(std::string(ledger::kThere), options_.stall_ms);
    if (!there) co_return about_ledger(there.error());
    if (there->size() != 1 || there->rows[0][0] != "t") {
        auto made = co_await make_schema();
        if (!made) co_return made.error();
    }
    std::vector<db::Value> row{options_.spool_id, options_.sidecar};
    auto inserted = co_await pipeline_.execute(std::string(ledger::kInsertRow), std::move(row),
                                               options_.stall_ms);
    if (!inserted) co_return about_ledger(inserted.error());
    co_return db::Result<void>();
}

std::optional<db::Error> PgFlushTarget::unusable() const {
    if (!ledger::is_spool_id(options_.spool_id)) {
        return db::Error(model::other_error("The spool file has no usable id.",
                                            "See `pgsidecar spool verify`.", false));
    }
    if (pipeline_.upstream().user.empty()) {
        return db::Error(model::other_error(
            "There is no user to apply queued writes as.",
            "Put a user and password into DATABASE_URL, also with auth.mode = pass-through.",
            false));
    }
    return std::nullopt;
}

asio::awaitable<db::Result<void>> PgFlushTarget::make_schema() {
    if (!options_.create_schema) {
        co_return db::Error(model::other_error(
            "The schema pgsidecar (ledger, operations) is missing in database \"" +
                pipeline_.upstream().database + "\", so queued writes cannot be applied.",
            "Run `pgsidecar migrate`, or set outage.create_schema = on.", false));
    }
    auto made = co_await pipeline_.execute_script(ledger::make_schema_sql(), options_.stall_ms);
    if (made) co_return db::Result<void>();
    co_await roll_back(false);
    db::Error error = made.error();
    if (somebody_was_faster(error.sqlstate)) error.transient = true;
    co_return about_ledger(std::move(error));
}

asio::awaitable<db::Result<PgFlushTarget::Position>> PgFlushTarget::begin() {
    auto is_ready = co_await ready();
    if (!is_ready) co_return is_ready.error();
    auto position = co_await lock_row();
    if (!position) co_return position.error();
    co_return *position;
}

asio::awaitable<db::Result<PgFlushTarget::Position>> PgFlushTarget::lock_row() {
    std::string sql =
        ledger::begin_sql(options_.spool_id, options_.lock_timeout_ms, options_.stall_ms);
    auto rows = co_await pipeline_.execute_script(std::move(sql), options_.stall_ms);
    if (!rows) co_return about_ledger(rows.error());
    // Closing gives the next attempt a new connection, which makes the row again.
    if (rows->size() != 1) co_return row_is_gone();
    co_return Position{number(rows->rows[0][0]), number(rows->rows[0][1])};
}

asio::awaitable<FlushResult> PgFlushTarget::apply(Entries entries) {
    base::crash_point("flush-begin");
    auto position = co_await begin();
    if (!position) {
        // A client's database that is not there any more will refuse each of its writes.
        if (!options_.main && position.error().sqlstate == "3D000") {
            pipeline_.close();
            co_return FlushResult{.kind = Kind::EntryRefused, .error = position.error()};
        }
        co_return trouble(position.error());
    }
    FlushPlan plan(pipeline_.upstream().user);
    std::size_t first = 0;
    while (first < entries.size() && entries[first]->sequence <= position->applied) ++first;
    for (std::size_t i = first; i < entries.size(); ++i) {
        if (plan.add(i, *entries[i])) continue;
        co_await roll_back(false);
        co_return FlushResult{
            .kind = Kind::EntryRefused,
            .position = i,
            .error = model::other_error("The entry is damaged: it has no statement or no owner.",
                                        "See `pgsidecar spool verify`.", false)};
    }
    if (plan.entries() == 0) {
        co_await roll_back(false);
        co_return FlushResult{.kind = Kind::Committed};
    }
    plan.finish(options_.spool_id, entries.back()->sequence, position->applied, options_.sidecar);
    auto result = co_await run(plan, first);
    co_return result;
}

asio::awaitable<FlushResult> PgFlushTarget::run(const FlushPlan& plan, std::size_t first) {
    auto outcome = co_await pipeline_.run(plan.commands(), options_.stall_ms);
    if (!outcome) co_return trouble(outcome.error());
    if (outcome->all_done() && outcome->last_affected != 1) co_return trouble(row_is_gone());
    if (outcome->all_done()) {
        auto committed = co_await commit(plan.entries());
        co_return committed;
    }
    const std::size_t command = outcome->completed;
    db::Error error = *outcome->failure;
    const auto entry = plan.entry_of(command);
    if (!entry) co_return trouble(about_ledger(std::move(error)));
    if (fault_of(error.sqlstate) == FlushFault::Database) co_return trouble(std::move(error));
    if (plan.sets_role(command)) error = about_role(std::move(error));
    co_await roll_back(true);
    PGS_CHECK(*entry >= first);
    co_return FlushResult{
        .kind = Kind::EntryRefused, .position = *entry, .error = std::move(error)};
}

asio::awaitable<FlushResult> PgFlushTarget::commit(std::uint64_t applied) {
    base::crash_point("flush-apply");
    auto committed = co_await pipeline_.commit(options_.stall_ms);
    if (committed) {
        base::crash_point("after-ledger-commit");
        co_return FlushResult{.kind = Kind::Committed, .applied = applied};
    }
    db::Error error = committed.error();
    if (!pipeline_.is_open() || fault_of(error.sqlstate) == FlushFault::Database) {
        co_return trouble(std::move(error));
    }
    co_return FlushResult{.kind = Kind::CommitRefused, .error = std::move(error)};
}

asio::awaitable<FlushResult> PgFlushTarget::copy(std::span<const StoredRecords> records) {
    bool ascii_only = false;
    for (;;) {
        auto position = co_await begin();
        if (!position) co_return trouble(position.error());
        OperationRows rows(ascii_only);
        for (const auto& stored : records) {
            if (stored.sequence > position->applied_records) rows.add(stored);
        }
        auto copied = co_await copy_rows(rows);
        if (!copied) {
            const bool encoding =
                pipeline_.is_open() && copied.error().sqlstate.starts_with("22") && !ascii_only;
            if (!encoding) co_return trouble(about_ledger(copied.error()));
            co_await roll_back(false);
            ascii_only = true;
            continue;
        }
        const std::uint64_t before = position->applied_records;
        const std::uint64_t after = std::max(before, records.back().sequence);
        std::vector<db::Value> values{options_.spool_id, std::to_string(after),
                                      std::to_string(before), options_.sidecar};
        auto raised = co_await pipeline_.execute(std::string(ledger::kRaiseRecords),
                                                 std::move(values), options_.stall_ms);
        if (!raised) co_return trouble(about_ledger(raised.error()));
        if (raised->affected != 1) co_return trouble(row_is_gone());
        auto result = co_await commit(rows.count());
        if (result.kind != Kind::Committed) co_return trouble(std::move(result.error));
        if (known_statements_.size() > kMaxKnownStatements) known_statements_.clear();
        for (const auto& [fingerprint, text] : rows.statements()) {
            known_statements_.insert(static_cast<std::uint64_t>(fingerprint));
        }
        result.dropped = rows.dropped();
        co_return result;
    }
}

asio::awaitable<db::Result<void>> PgFlushTarget::copy_rows(OperationRows& rows) {
    auto added = co_await add_statements(rows);
    if (!added) co_return added.error();
    auto copied = co_await pipeline_.copy_in(std::string(OperationRows::kCopy), rows.data(),
                                             options_.stall_ms);
    if (!copied) co_return copied.error();
    co_return db::Result<void>();
}

asio::awaitable<db::Result<void>> PgFlushTarget::add_statements(const OperationRows& rows) {
    constexpr std::string_view kInsert =
        "INSERT INTO pgsidecar.statements (fingerprint, text) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING";
    std::vector<std::string> bodies;
    for (const auto& [fingerprint, text] : rows.statements()) {
        if (known_statements_.contains(static_cast<std::uint64_t>(fingerprint))) continue;
        const std::string key = std::to_string(fingerprint);
        bodies.push_back(db::bind_body({key, text}));
    }
    if (bodies.empty()) co_return db::Result<void>();
    std::vector<db::PipelineCommand> commands;
    for (const auto& body : bodies) {
        const auto kind =
            commands.empty() ? db::PipelineCommand::Kind::Query : db::PipelineCommand::Kind::Again;
        commands.push_back({.kind = kind, .text = kInsert, .types = {}, .parameters = body});
    }
    auto outcome = co_await pipeline_.run(commands, options_.stall_ms);
    if (!outcome) co_return outcome.error();
    if (!outcome->all_done()) co_return *outcome->failure;
    co_return db::Result<void>();
}

/// prepared: FlushPlan's statement may have been made, which ROLLBACK does not undo. Where it was
/// not, the error comes after the ROLLBACK and means nothing.
asio::awaitable<void> PgFlushTarget::roll_back(bool prepared) {
    if (!pipeline_.is_open()) co_return;
    std::string sql = "ROLLBACK";
    if (prepared) sql += ";DEALLOCATE " + std::string(kSetStatement);
    auto done = co_await pipeline_.execute_script(std::move(sql), options_.stall_ms);
    if (!done && (!prepared || done.error().sqlstate != "26000")) pipeline_.close();
}

/// Whatever it was, the next attempt begins with a new connection.
FlushResult PgFlushTarget::trouble(db::Error error) {
    pipeline_.close();
    return FlushResult{.kind = Kind::Trouble, .error = std::move(error)};
}

db::Error PgFlushTarget::about_ledger(db::Error error) const {
    if (error.sqlstate != "42501") return error;
    const std::string& user = pipeline_.upstream().user;
    error.message = "User \"" + user +
                    "\" may not make or use the schema pgsidecar in database \"" +
                    pipeline_.upstream().database + "\", so queued writes cannot be applied.";
    error.resolution =
        "Run `pgsidecar migrate` as the database's owner, then: GRANT USAGE ON SCHEMA pgsidecar "
        "TO \"" +
        user + "\"; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA pgsidecar TO \"" + user +
        "\".";
    return error;
}

db::Error PgFlushTarget::about_role(db::Error error) const {
    error.message = "User \"" + pipeline_.upstream().user +
                    "\" may not act as the user who wrote this, or that user is not there.";
    error.resolution = "GRANT the writing user's role TO \"" + pipeline_.upstream().user +
                       "\", then send the entry again with `pgsidecar spool retry`.";
    return error;
}

}  // namespace pgsidecar::audit
