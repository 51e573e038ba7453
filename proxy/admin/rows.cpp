#include "proxy/admin/rows.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/clock.hpp"
#include "config/settings_table.hpp"

namespace pgsidecar::proxy::admin {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

Cell number(std::uint64_t value) { return static_cast<std::int64_t>(value); }
Cell flag(bool value) { return std::int64_t{value ? 1 : 0}; }
Cell maybe(const std::optional<std::int64_t>& value) { return value ? Cell(*value) : Cell(); }
Cell maybe(const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); }
Cell time_of(std::int64_t wall_us) { return base::to_iso8601(wall_us); }

/// As PgBouncer splits a wait in two columns.
void add_wait(Row& row, std::int64_t us) {
    row.emplace_back(us / kSecondUs);
    row.emplace_back(us % kSecondUs);
}

void add(PoolFacts& sum, const PoolFacts& part) {
    sum.clients += part.clients;
    sum.waiting += part.waiting;
    sum.active += part.active;
    sum.idle += part.idle;
    sum.login += part.login;
    sum.size += part.size;
    sum.longest_wait_us = std::max(sum.longest_wait_us, part.longest_wait_us);
    sum.paused = sum.paused || part.paused;
    sum.away = sum.away || part.away;
}

using PoolsByName = std::map<std::pair<std::string, std::string>, PoolFacts>;

PoolsByName sum_of(AllFacts facts) {
    PoolsByName sums;
    for (const auto& worker : facts) {
        for (const auto& pool : worker.pools) add(sums[{pool.database, pool.user}], pool);
    }
    return sums;
}

}  // namespace

std::vector<Row> pool_rows(AllFacts facts, const std::string& pool_mode) {
    std::vector<Row> rows;
    for (const auto& [name, pool] : sum_of(facts)) {
        Row row{name.first, name.second, pool.clients - pool.waiting, pool.waiting, pool.active,
                pool.idle,  pool.login};
        add_wait(row, pool.longest_wait_us);
        row.emplace_back(pool_mode);
        row.emplace_back(pool.size);
        row.push_back(flag(pool.paused));
        row.emplace_back(std::string(pool.paused ? "paused" : pool.away ? "away" : "ready"));
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<Row> client_rows(AllFacts facts) {
    std::vector<Row> rows;
    for (const auto& worker : facts) {
        for (const auto& client : worker.clients) {
            Row row{std::string("C"),
                    client.user,
                    client.database,
                    client.state,
                    client.peer.address,
                    client.peer.port,
                    time_of(client.connected_us)};
            add_wait(row, client.waiting_us);
            row.push_back(maybe(client.server_pid));
            row.emplace_back(client.peer.tls);
            row.emplace_back(client.application);
            row.emplace_back(client.prepared);
            row.emplace_back(client.id);
            row.emplace_back(std::int64_t{worker.worker});
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

std::vector<Row> server_rows(AllFacts facts) {
    std::vector<Row> rows;
    for (const auto& worker : facts) {
        for (const auto& server : worker.servers) {
            rows.push_back({std::string("S"), server.user, server.database, server.state,
                            server.peer.address, server.peer.port, time_of(server.connected_us),
                            flag(server.close_needed), maybe(server.client), server.pid,
                            server.peer.tls, std::int64_t{worker.worker}});
        }
    }
    return rows;
}

std::vector<Row> prepared_rows(AllFacts facts) {
    std::vector<Row> rows;
    for (const auto& worker : facts) {
        for (const auto& prepared : worker.prepared) {
            rows.push_back({prepared.client, prepared.user, prepared.database, prepared.name,
                            prepared.text.empty() ? Cell() : Cell(prepared.text)});
        }
    }
    return rows;
}

std::vector<Row> pin_rows(AllFacts facts) {
    std::vector<Row> rows;
    for (const auto& worker : facts) {
        for (const auto& client : worker.clients) {
            if (client.pin.empty()) continue;
            rows.push_back({client.id, client.user, client.database, client.application,
                            maybe(client.server_pid), client.pin});
        }
    }
    return rows;
}

std::vector<Row> database_rows(AllFacts facts, const DatabaseFacts& main) {
    struct Sum {
        PoolFacts pools;
        std::int64_t connections = 0;
    };
    std::map<std::string, Sum> sums;
    if (!main.name.empty()) sums[main.name].pools.paused = main.paused;
    for (const auto& worker : facts) {
        for (const auto& pool : worker.pools) add(sums[pool.database].pools, pool);
        for (const auto& server : worker.servers) ++sums[server.database].connections;
    }
    std::vector<Row> rows;
    for (const auto& [name, sum] : sums) {
        rows.push_back({name, main.host, main.port, name, main.pool_size, main.pool_mode,
                        sum.connections, sum.pools.clients, flag(sum.pools.paused), main.status});
    }
    return rows;
}

std::vector<Row> stats_rows(std::span<const std::shared_ptr<const metrics::WorkerShard>> shards) {
    std::uint64_t transactions = 0, queries = 0, received = 0, sent = 0, query_ns = 0, wait_ns = 0,
                  errors = 0, queued = 0, refused = 0;
    std::int64_t clients = 0, servers = 0;
    for (const auto& shard : shards) {
        for (const auto& counter : shard->queries) queries += counter.get();
        for (const auto& counter : shard->query_errors) errors += counter.get();
        transactions += shard->transactions.get();
        received += shard->client_bytes_in.get();
        sent += shard->client_bytes_out.get();
        query_ns += shard->query_duration.sum_ns();
        wait_ns += shard->pool_wait.sum_ns();
        queued += shard->statements_queued.get();
        refused += shard->statements_refused.get();
        clients += shard->clients.get();
        servers += shard->servers.get();
    }
    return {{std::string("*"), number(transactions), number(queries), number(received),
             number(sent), number(query_ns / 1'000), number(wait_ns / 1'000), number(errors),
             number(queued), number(refused), clients, servers}};
}

std::vector<Row> config_rows(const config::LoadResult& loaded) {
    std::vector<Row> rows;
    for (const auto& setting : config::settings_table()) {
        rows.push_back({std::string(setting.key), config::shown_value(setting, loaded.settings),
                        setting.default_text(), std::string(setting.reloadable ? "yes" : "no"),
                        loaded.source_of(setting.key)});
    }
    return rows;
}

std::vector<Row> operation_rows(std::span<const model::DatabaseOperation> operations) {
    std::vector<Row> rows;
    for (const auto& operation : operations) {
        rows.push_back({time_of(operation.start_us), operation.service, operation.user,
                        operation.database, operation.type, maybe(operation.table),
                        static_cast<std::int64_t>(operation.duration_ms * 1'000),
                        static_cast<std::int64_t>(operation.pool_wait_ms * 1'000),
                        number(operation.rows_returned), maybe(operation.affected_rows),
                        operation.outcome, maybe(operation.sqlstate), maybe(operation.error),
                        operation.statement, operation.id});
    }
    return rows;
}

std::vector<Row> queue_rows(const QueueFacts& queue) {
    return {{number(queue.waiting), number(queue.bytes), queue.oldest_age_ms, number(queue.dead),
             number(queue.applied), flag(queue.flushing), static_cast<std::int64_t>(queue.rate),
             number(queue.records), number(queue.record_bytes), queue.blocked, queue.problem}};
}

}  // namespace pgsidecar::proxy::admin
