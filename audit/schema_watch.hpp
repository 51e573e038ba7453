#pragma once

#include <asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/upstream.hpp"
#include "db/rows.hpp"
#include "model/learned_schema.hpp"

namespace pgsidecar::audit {

/// Learns the columns of the tables whose writes may be queued, so that a driver's Describe can be
/// answered while the database is away.
///
/// Asks after each time that the database became usable, and every `interval_ms` while it is: the
/// tables may change. One short connection at a time, for one database after the other. What cannot
/// be learned is tried again at the next turn; it is only a help.
/// Thread: all functions from any; the work and on_learned are the executor's, which must have one
/// thread. Lifetime: destroy after stop() has called back, or after the context has stopped
/// running.
class SchemaWatch {
public:
    struct Options {
        config::Upstream upstream;  ///< complete
        bool tls_required = false;
        std::vector<std::string> tables;  ///< model::OutagePolicy::spooled_tables()
        std::int64_t interval_ms = 300'000;
        std::int64_t timeout_ms = 15'000;
    };
    /// For Spool::remember() and the workers; called only when something is new.
    using OnLearned = std::function<void(const model::LearnedSchemaPtr&)>;

    SchemaWatch(asio::any_io_executor executor, Options options, OnLearned on_learned);
    ~SchemaWatch();
    SchemaWatch(const SchemaWatch&) = delete;
    SchemaWatch& operator=(const SchemaWatch&) = delete;

    void set_usable(bool usable);
    /// A further database that clients use; the one of the settings is watched anyway.
    void add_database(std::string database);
    /// Instead of those it was made with.
    void set_tables(std::vector<std::string> tables);
    void stop(std::function<void()> done);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

/// The question for these tables, for one database; the names are its parameters. `*` at the end of
/// a name stands for any ending; a name without a schema is meant in any.
struct SchemaQuestion {
    std::string sql;
    std::vector<db::Value> parameters;
};
SchemaQuestion schema_question(const std::vector<std::string>& tables);

/// The answer's rows (schema, table, column, type oid; in order) as what is learned.
model::LearnedSchema learned_schema(std::string database, const db::Rows& rows);

}  // namespace pgsidecar::audit
