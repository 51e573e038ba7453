#include "ws/desk_json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "realtime/frames.hpp"
#include "ws/json_list.hpp"

namespace pgsidecar::ws {
namespace {

using metrics::ActivitySample;
using model::JsonObject;

constexpr std::int64_t kUsPerMs = 1'000;

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string hex(std::uint64_t value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
    return text.data();
}

/// A column of the history; read gives what a sample has in it.
template <class Read>
std::string column(const std::vector<ActivitySample>& samples, Read read) {
    JsonList list;
    for (const ActivitySample& sample : samples) list.number(read(sample));
    return list.finish();
}

std::string statement_json(const metrics::TopStatement& row) {
    const auto* shape = row.shape.get();
    const auto kind = shape != nullptr ? shape->kind : model::StatementKind::Unknown;
    JsonObject out;
    out.add("fingerprint", shape != nullptr ? hex(shape->fingerprint) : std::string())
        .add("statement", shape != nullptr ? shape->text : std::string())
        .add("service", row.service)
        .add("type", model::operation_type(kind))
        .add("kind", model::to_string(kind));
    add_or_null(out, "table", shape != nullptr ? shape->table : std::string());
    const double calls = row.calls > 0 ? static_cast<double>(row.calls) : 1;
    out.add("calls", row.calls)
        .add("errors", row.errors)
        .add("rows", row.rows)
        .add("totalMs", ms(row.total_ns))
        .add("meanMs", ms(row.total_ns) / calls)
        .add("p99Ms", ms(row.p99_ns))
        .add("maxMs", ms(row.max_ns))
        .add("poolWaitMs", ms(row.pool_wait_ns))
        .add("lastAtMs", row.last_us / kUsPerMs);
    return out.finish();
}

std::string session_json(const SessionRow& row, std::int64_t now_us) {
    JsonObject out;
    out.add("id", row.id)
        .add("worker", row.worker)
        .add("user", row.user)
        .add("database", row.database)
        .add("application", row.application)
        .add("state", row.state)
        .add("transaction", row.transaction)
        .add("connectedAtMs", row.connected_at_us / kUsPerMs)
        .add("ageMs", std::max<std::int64_t>(now_us - row.connected_at_us, 0) / kUsPerMs);
    std::optional<std::int64_t> waits_since;
    if (row.waiting_since_us) waits_since = *row.waiting_since_us / kUsPerMs;
    add_or_null(out, "waitingSinceMs", waits_since);
    add_or_null(out, "serverPid", row.server_pid);
    out.add_raw("pinReasons", realtime::json_strings(row.pin_reasons))
        .add("preparedStatements", row.prepared_statements)
        .add("address", row.address)
        .add("port", row.port);
    add_or_null(out, "tls", row.tls);
    return out.finish();
}

std::string pool_json(const PoolRow& row) {
    JsonObject out;
    out.add("database", row.database)
        .add("user", row.user)
        .add("state", row.state)
        .add("clients", row.clients)
        .add("clientsWaiting", row.clients_waiting)
        .add("serversActive", row.servers_active)
        .add("serversIdle", row.servers_idle)
        .add("serversLogin", row.servers_login)
        .add("size", row.size)
        .add("longestWaitMs", static_cast<double>(row.longest_wait_us) / 1e3);
    return out.finish();
}

std::string queue_row_json(const QueueRow& row, std::int64_t now_us) {
    JsonObject out;
    out.add("sequence", row.sequence)
        .add("state", row.death ? "dead" : "waiting")
        .add("acceptedAtMs", row.accepted_at_us / kUsPerMs)
        .add("ageMs", std::max<std::int64_t>(now_us - row.accepted_at_us, 0) / kUsPerMs)
        .add("policy", row.policy)
        .add("verb", row.verb)
        .add_raw("tables", realtime::json_strings(row.tables))
        .add("statements", row.statements)
        .add("rows", row.rows)
        .add("bytes", row.bytes)
        .add("user", row.user)
        .add("database", row.database)
        .add("application", row.application);
    if (row.death) {
        JsonObject error;
        add_or_null(error, "sqlstate", row.death->sqlstate);
        error.add("message", row.death->message).add("diedAtMs", row.death->at_us / kUsPerMs);
        out.add_raw("error", error.finish());
    } else {
        out.add_raw("error", "null");
    }
    out.add("damaged", row.damaged);
    return out.finish();
}

void add_queue_list(JsonObject& out, const char* name, const char* next_name,
                    const std::vector<QueueRow>& rows, bool more, std::int64_t now_us) {
    JsonList list;
    for (const QueueRow& row : rows) list.raw(queue_row_json(row, now_us));
    out.add_raw(name, list.finish());
    std::optional<std::uint64_t> next;
    if (more && !rows.empty()) next = rows.back().sequence;
    add_or_null(out, next_name, next);
}

std::string listener_json(const ListenerRow& row) {
    JsonObject out;
    out.add("name", row.name).add("address", row.address).add("port", row.port);
    add_or_null(out, "tls", row.tls);
    return out.finish();
}

std::string setting_json(const SettingRow& row) {
    JsonObject out;
    out.add("key", row.key)
        .add("value", row.value)
        .add("default", row.default_value)
        .add("reloadable", row.reloadable)
        .add("source", row.source);
    return out.finish();
}

}  // namespace

std::string history_json(const HistoryPage& page, std::int64_t now_us) {
    JsonObject columns;
    auto add = [&](const char* name, auto read) {
        columns.add_raw(name, column(page.samples, read));
    };
    add("atMs", [](const auto& s) { return s.at_ms; });
    add("statementsPerSecond", [](const auto& s) { return s.statements_per_second; });
    add("failedPerSecond", [](const auto& s) { return s.failed_per_second; });
    add("p50Ms", [](const auto& s) { return s.p50_ms; });
    add("p99Ms", [](const auto& s) { return s.p99_ms; });
    add("poolWaitP99Ms", [](const auto& s) { return s.pool_wait_p99_ms; });
    add("poolWaitShare", [](const auto& s) { return s.pool_wait_share; });
    add("clients", [](const auto& s) { return s.clients; });
    add("clientsWaiting", [](const auto& s) { return s.clients_waiting; });
    add("serversInUse", [](const auto& s) { return s.servers_in_use; });
    add("serversOpen", [](const auto& s) { return s.servers_open; });
    add("healthLatencyMs", [](const auto& s) { return s.levels.health_latency_ms; });
    add("connected", [](const auto& s) { return std::int64_t{s.levels.connected ? 1 : 0}; });
    add("queueEntries",
        [](const auto& s) { return static_cast<std::int64_t>(s.levels.queue_entries); });
    add("queueOldestAgeMs", [](const auto& s) { return s.levels.queue_oldest_age_ms; });
    add("feedClients", [](const auto& s) { return s.levels.feed_clients; });
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs)
        .add("startedAtMs", page.started_ms)
        .add("stepMs", 1'000)
        .add("seconds", page.seconds)
        .add_raw("samples", columns.finish());
    return out.finish();
}

std::string top_json(const TopPage& page, metrics::TopOrder order, std::int64_t now_us) {
    JsonList list;
    for (const auto& row : page.top.statements) list.raw(statement_json(row));
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs)
        .add("sinceMs", page.top.since_us / kUsPerMs)
        .add("order", metrics::to_string(order))
        .add("tracked", page.top.tracked)
        .add("evictedTotal", page.top.evicted)
        .add("recordsLostTotal", page.records_lost)
        .add("callsTotal", page.top.calls)
        .add("totalMs", ms(page.top.total_ns))
        .add_raw("statements", list.finish());
    return out.finish();
}

std::string sessions_json(const std::vector<SessionRow>& shown, std::size_t total, bool may,
                          std::int64_t now_us) {
    JsonList list;
    for (const SessionRow& row : shown) list.raw(session_json(row, now_us));
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs)
        .add("total", total)
        .add("truncated", shown.size() < total)
        .add("mayKill", may)
        .add_raw("sessions", list.finish());
    return out.finish();
}

std::string pools_json(const PoolsPage& page, std::size_t limit, std::int64_t now_us) {
    JsonList list;
    for (std::size_t i = 0; i < page.pools.size() && i < limit; ++i)
        list.raw(pool_json(page.pools[i]));
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs)
        .add("poolMode", page.pool_mode)
        .add("total", page.pools.size())
        .add("truncated", page.pools.size() > limit)
        .add_raw("pools", list.finish());
    return out.finish();
}

std::string queue_json(const QueuePage& page, bool may, std::int64_t now_us) {
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs).add("mayChange", may).add("enabled", page.enabled);
    add_or_null(out, "problem", page.problem);
    out.add("waiting", page.waiting).add("dead", page.dead).add("bytes", page.bytes);
    std::optional<std::int64_t> age;
    if (page.oldest_us > 0) age = std::max<std::int64_t>(now_us - page.oldest_us, 0) / kUsPerMs;
    add_or_null(out, "oldestAgeMs", age);
    out.add("flushing", page.flushing).add("flushPerSecond", page.flush_per_second);
    add_or_null(out, "blocked", page.blocked);
    out.add("appliedTotal", page.applied_total);
    add_queue_list(out, "entries", "nextEntry", page.entries, page.more_entries, now_us);
    add_queue_list(out, "deadLetters", "nextDeadLetter", page.dead_letters, page.more_dead_letters,
                   now_us);
    return out.finish();
}

std::string dead_report_json(const DeadReport& report) {
    JsonObject out;
    out.add("ok", true)
        .add("done", report.done)
        .add("refused", report.refused)
        .add("remaining", report.remaining);
    return out.finish();
}

std::string config_json(const ConfigPage& page, const ChangeSourceState& source, bool may,
                        std::int64_t now_us) {
    JsonObject from;
    from.add("origin", source.origin).add("live", source.live);
    JsonObject reload;
    reload.add("ok", page.last_reload_ok).add("atMs", page.last_reload_us / kUsPerMs);
    JsonList listeners, settings;
    for (const auto& row : page.listeners) listeners.raw(listener_json(row));
    for (const auto& row : page.settings) settings.raw(setting_json(row));
    JsonObject out;
    out.add("nowMs", now_us / kUsPerMs)
        .add("startedAtMs", page.started_us / kUsPerMs)
        .add("uptimeMs", std::max<std::int64_t>(now_us - page.started_us, 0) / kUsPerMs)
        .add("version", page.version)
        .add("mayReload", may)
        .add("poolMode", page.pool_mode)
        .add("upstream", page.upstream)
        .add("upstreamTls", page.upstream_tls)
        .add_raw("changeSource", from.finish())
        .add_raw("lastReload", reload.finish())
        .add_raw("listeners", listeners.finish())
        .add_raw("settings", settings.finish());
    return out.finish();
}

std::string reload_json(const ReloadPage& page) {
    JsonObject out;
    out.add("ok", true)
        .add_raw("changed", realtime::json_strings(page.changed))
        .add_raw("needsRestart", realtime::json_strings(page.needs_restart))
        .add_raw("warnings", realtime::json_strings(page.warnings));
    return out.finish();
}

}  // namespace pgsidecar::ws
