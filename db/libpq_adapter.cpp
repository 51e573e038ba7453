#include "db/libpq_adapter.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "db/host_resolver.hpp"
#include "db/pg_client.hpp"
#include "db/pg_transaction.hpp"

namespace pgsidecar::db {
namespace {

using std::chrono::steady_clock;

/// Goes through parser, planner and executor, reads no table, and tells a standby from a primary.
constexpr const char* kProbe = "SELECT pg_catalog.pg_is_in_recovery()";

/// An equal share of the time that is left, so that one silent address does not cost the others
/// theirs.
Limit share(Limit limit, std::size_t remaining) {
    auto left = limit.deadline - steady_clock::now();
    limit.deadline = steady_clock::now() + left / static_cast<steady_clock::rep>(remaining);
    return limit;
}

std::int64_t connect_limit_ms(const config::Upstream& upstream, std::int64_t timeout_ms) {
    if (upstream.connect_timeout_s <= 0) return timeout_ms;
    return std::min<std::int64_t>(timeout_ms, upstream.connect_timeout_s * std::int64_t{1'000});
}

/// The connection ended, as opposed to: the server said no, or said nothing.
bool is_lost(const Error& error) {
    return error.code == model::ErrorCode::ConnReset || error.code == model::ErrorCode::Shutdown;
}

}  // namespace

LibpqAdapter::LibpqAdapter(asio::any_io_executor executor, config::Upstream upstream,
                           Options options)
    : executor_(executor),
      upstream_(std::move(upstream)),
      options_(std::move(options)),
      session_(executor),
      mutex_(executor),
      watch_(executor, [this] { idle_news(); }) {
    status_.id = options_.connection_id;
    status_.mode = options_.mode;
    status_.created_at_us = base::read_clocks().wall_us;
}

LibpqAdapter::~LibpqAdapter() { watch_.end(); }

asio::awaitable<AsyncMutex::Guard> LibpqAdapter::begin() {
    auto guard = co_await mutex_.lock();
    watch_.end();
    co_return guard;
}

void LibpqAdapter::rest() {
    if (session_.is_open()) watch_.begin(session_.socket());
}

asio::awaitable<Result<void>> LibpqAdapter::connect(std::int64_t timeout_ms) {
    auto turn = co_await begin();
    status_.status = model::ConnectionStatus::Connecting;
    Limit limit = session_.limit(timeout_ms);
    auto connected = co_await connect_now(limit);
    if (!connected) note_failure(connected.error());
    rest();
    co_return connected;
}

asio::awaitable<Result<void>> LibpqAdapter::connect_now(Limit limit) {
    session_.close();
    std::int64_t connect_ms = connect_limit_ms(upstream_, limit.timeout_ms);
    Limit whole = session_.limit(connect_ms);
    whole.generation = limit.generation;
    whole.deadline = std::min(whole.deadline, limit.deadline);
    auto endpoints = co_await resolve_hosts(executor_, upstream_.hosts, whole);
    if (session_.interrupted(limit)) co_return Error(model::disconnected());
    if (!endpoints) co_return endpoints.error();
    bool tls_required = options_.mode == model::DatabaseMode::Supabase;
    Error error;
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
        Limit part = share(whole, endpoints->size() - i);
        auto connected = co_await session_.connect(upstream_, (*endpoints)[i], tls_required, part);
        if (connected) {
            status_.status = model::ConnectionStatus::Connected;
            co_return connected;
        }
        error = connected.error();
        // As libpq: a server that said no to our login would say no under its other addresses.
        if (!error.transient || session_.interrupted(limit)) break;
    }
    co_return error;
}

void LibpqAdapter::disconnect() {
    watch_.end();
    session_.interrupt();
    status_.status = model::ConnectionStatus::Disconnected;
}

asio::awaitable<DatabaseAdapter::HealthReport> LibpqAdapter::health_check(std::int64_t timeout_ms) {
    auto turn = co_await begin();
    Limit limit = session_.limit(timeout_ms);
    bool kept = session_.is_open();
    auto answer = co_await ask(limit);
    if (kept && !answer.rows && is_lost(answer.rows.error()) && !session_.interrupted(limit)) {
        answer = co_await ask(limit);
    }
    rest();
    co_return report(answer);
}

asio::awaitable<LibpqAdapter::Answer> LibpqAdapter::ask(Limit limit) {
    auto begun = steady_clock::now();
    Result<void> connected;
    if (!session_.is_open()) connected = co_await connect_now(limit);
    // Connecting is not part of a good check's latency, and all there is of a failed one's.
    if (connected) begun = steady_clock::now();
    Result<Rows> rows{Rows{}};
    if (connected) {
        std::vector<Value> no_values;
        rows = co_await session_.execute(kProbe, std::move(no_values), limit);
    } else if (!counts_as_up(connected.error())) {
        rows = connected.error();
    }
    Answer answer{std::move(rows), (steady_clock::now() - begun).count()};
    co_return answer;
}

bool LibpqAdapter::counts_as_up(const Error& error) const {
    return upstream_.user.empty() && !error.sqlstate.empty() && !error.transient;
}

DatabaseAdapter::HealthReport LibpqAdapter::report(const Answer& answer) {
    HealthReport out;
    base::Now now = base::read_clocks();
    out.result.connection_id = options_.connection_id;
    out.result.timestamp_us = now.wall_us;
    out.result.success = answer.rows.has_value();
    out.result.latency_ms = static_cast<double>(answer.latency_ns) / 1e6;
    if (!answer.rows) {
        out.error = answer.rows.error();
        out.result.error = out.error.message;
        note_failure(out.error);
        return out;
    }
    status_.error_count = 0;
    status_.last_health_check_us = now.wall_us;
    if (const Value* standby = answer.rows->find(0, "pg_is_in_recovery")) {
        out.result.details["role"] = *standby == "t" ? "standby" : "primary";
    }
    if (auto version = session_.server_version(); !version.empty()) {
        out.result.details["serverVersion"] = version;
    }
    return out;
}

void LibpqAdapter::note_failure(const Error& error) {
    ++status_.error_count;
    status_.last_error = error.message;
    if (session_.is_open()) return;
    if (error.code != model::ErrorCode::DbDisconnected)
        status_.status = model::ConnectionStatus::Error;
}

model::DatabaseConnection LibpqAdapter::get_connection_status() const { return status_; }

asio::awaitable<Result<Rows>> LibpqAdapter::query(std::string sql, std::vector<Value> parameters) {
    auto turn = co_await begin();
    PgClient client(session_, session_.limit(options_.statement_timeout_ms));
    auto rows = co_await client.query(std::move(sql), std::move(parameters));
    rest();
    co_return rows;
}

asio::awaitable<Result<Rows>> LibpqAdapter::insert(TableName table, std::vector<Assignment> row) {
    auto turn = co_await begin();
    PgClient client(session_, session_.limit(options_.statement_timeout_ms));
    auto rows = co_await client.insert(std::move(table), std::move(row));
    rest();
    co_return rows;
}

asio::awaitable<Result<Rows>> LibpqAdapter::update(TableName table, std::string id,
                                                   std::vector<Assignment> changes) {
    auto turn = co_await begin();
    PgClient client(session_, session_.limit(options_.statement_timeout_ms));
    auto rows = co_await client.update(std::move(table), std::move(id), std::move(changes));
    rest();
    co_return rows;
}

asio::awaitable<Result<Rows>> LibpqAdapter::remove(TableName table, std::string id) {
    auto turn = co_await begin();
    PgClient client(session_, session_.limit(options_.statement_timeout_ms));
    auto rows = co_await client.remove(std::move(table), std::move(id));
    rest();
    co_return rows;
}

asio::awaitable<Result<void>> LibpqAdapter::transaction(Work work, std::int64_t timeout_ms) {
    auto turn = co_await begin();
    Limit limit = session_.limit(timeout_ms);
    auto done = co_await run_transaction(session_, std::move(work), limit);
    rest();
    co_return done;
}

void LibpqAdapter::on_idle_loss(std::function<void(const Error&)> handler) {
    on_idle_loss_ = std::move(handler);
}

void LibpqAdapter::idle_news() {
    auto ended = session_.idle_input();
    if (!ended) {
        rest();
        return;
    }
    note_failure(*ended);
    if (on_idle_loss_) on_idle_loss_(*ended);
}

}  // namespace pgsidecar::db
