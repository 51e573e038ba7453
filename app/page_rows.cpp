#include "app/page_rows.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "config/settings_table.hpp"
#include "config/upstream.hpp"
#include "model/statement_shape.hpp"

namespace pgsidecar::app {
namespace {

/// As a session joins its reasons.
std::vector<std::string> reasons_of(std::string_view joined) {
    static constexpr std::string_view kBetween = ", ";
    std::vector<std::string> out;
    while (!joined.empty()) {
        const std::size_t end = joined.find(kBetween);
        out.emplace_back(joined.substr(0, end));
        joined = end == std::string_view::npos ? "" : joined.substr(end + kBetween.size());
    }
    return out;
}

ws::SessionRow session_row(const proxy::admin::ClientFacts& client, int worker,
                           std::int64_t now_us) {
    ws::SessionRow row;
    row.id = client.id;
    row.worker = worker;
    row.user = client.user;
    row.database = client.database;
    row.application = client.application;
    row.state = client.state;
    row.transaction = client.transaction;
    row.connected_at_us = client.connected_us;
    if (client.waiting_us > 0) row.waiting_since_us = now_us - client.waiting_us;
    row.server_pid = client.server_pid;
    row.pin_reasons = reasons_of(client.pin);
    row.prepared_statements = client.prepared;
    row.address = client.peer.address;
    row.port = client.peer.port;
    row.tls = client.peer.tls;
    return row;
}

}  // namespace

std::vector<ws::SessionRow> session_rows(WorkerFacts facts, std::int64_t now_us) {
    std::vector<ws::SessionRow> rows;
    for (const auto& worker : facts) {
        for (const auto& client : worker.clients)
            rows.push_back(session_row(client, worker.worker, now_us));
    }
    return rows;
}

std::vector<ws::PoolRow> pool_rows(WorkerFacts facts) {
    struct Sum {
        ws::PoolRow row;
        bool paused = false, away = false;
    };
    std::map<std::pair<std::string, std::string>, Sum> sums;
    for (const auto& worker : facts) {
        for (const auto& pool : worker.pools) {
            Sum& sum = sums[{pool.database, pool.user}];
            sum.row.clients += pool.clients;
            sum.row.clients_waiting += pool.waiting;
            sum.row.servers_active += pool.active;
            sum.row.servers_idle += pool.idle;
            sum.row.servers_login += pool.login;
            sum.row.size += pool.size;
            sum.row.longest_wait_us = std::max(sum.row.longest_wait_us, pool.longest_wait_us);
            sum.paused = sum.paused || pool.paused;
            sum.away = sum.away || pool.away;
        }
    }
    std::vector<ws::PoolRow> rows;
    for (auto& [name, sum] : sums) {
        sum.row.database = name.first;
        sum.row.user = name.second;
        sum.row.state = sum.paused ? "paused" : sum.away ? "away" : "ready";
        rows.push_back(std::move(sum.row));
    }
    return rows;
}

ws::QueueRow queue_row(audit::BrowsedEntry entry, bool dead) {
    ws::QueueRow row;
    row.sequence = entry.sequence;
    row.bytes = entry.bytes;
    row.accepted_at_us = entry.accepted_us;
    row.policy = model::to_string(entry.outage_class);
    // model::Queueable: nothing else can be answered truthfully before it has run.
    row.verb = model::to_string(model::StatementKind::Insert);
    row.tables = std::move(entry.tables);
    row.user = std::move(entry.user);
    row.database = std::move(entry.database);
    row.application = std::move(entry.service);
    row.statements = entry.statements;
    row.rows = entry.rows;
    row.damaged = entry.damaged;
    if (dead)
        row.death =
            ws::QueueRow::Death{std::move(entry.sqlstate), std::move(entry.message), entry.died_us};
    return row;
}

std::vector<ws::SettingRow> setting_rows(const config::LoadResult& loaded) {
    std::vector<ws::SettingRow> rows;
    for (const auto& setting : config::settings_table()) {
        rows.push_back({std::string(setting.key), config::shown_value(setting, loaded.settings),
                        setting.default_text(), loaded.source_of(setting.key), setting.reloadable});
    }
    return rows;
}

std::string client_tls(const config::Settings& settings) {
    if (settings.tls.cert_file.empty()) return {};
    return std::string(config::to_string(settings.tls.client_mode));
}

}  // namespace pgsidecar::app
