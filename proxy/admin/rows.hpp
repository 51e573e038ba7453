#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/loader.hpp"
#include "metrics/shard.hpp"
#include "model/database_operation.hpp"
#include "proxy/admin/answer.hpp"
#include "proxy/admin/facts.hpp"

/// The rows of SHOW, each function those of one subject, in the order of columns_of().
namespace pgsidecar::proxy::admin {

using AllFacts = std::span<const WorkerFacts>;

/// One row for each user and database, all workers together.
std::vector<Row> pool_rows(AllFacts facts, const std::string& pool_mode);
std::vector<Row> client_rows(AllFacts facts);
std::vector<Row> server_rows(AllFacts facts);
std::vector<Row> prepared_rows(AllFacts facts);
std::vector<Row> pin_rows(AllFacts facts);

/// What a database's row says that the workers do not know.
struct DatabaseFacts {
    std::string name;  ///< of the address; listed also when no client uses it
    std::string host;
    std::int64_t port = 0;
    std::int64_t pool_size = 0;
    std::string pool_mode, status;
    bool paused = false;
};
std::vector<Row> database_rows(AllFacts facts, const DatabaseFacts& main);

/// The counters of all workers, in one row for all databases together.
std::vector<Row> stats_rows(std::span<const std::shared_ptr<const metrics::WorkerShard>> shards);
std::vector<Row> config_rows(const config::LoadResult& loaded);
std::vector<Row> operation_rows(std::span<const model::DatabaseOperation> operations);

struct QueueFacts {
    std::uint64_t waiting = 0, bytes = 0, dead = 0, applied = 0, records = 0, record_bytes = 0;
    std::int64_t oldest_age_ms = 0;
    bool flushing = false;
    double rate = 0;  ///< entries a second
    std::string blocked, problem;
};
std::vector<Row> queue_rows(const QueueFacts& queue);

}  // namespace pgsidecar::proxy::admin
