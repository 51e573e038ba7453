#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "db/pg_pipeline.hpp"
#include "model/feed_event.hpp"

namespace pgsidecar::changes {

/// The columns of the tables that row changes are about, as the database's catalogue has them.
/// Thread: its owner's.
class ColumnBook {
public:
    /// Fills in FeedEvent::columns; asks for what is not known yet. What the database does not
    /// answer stays null.
    asio::awaitable<void> describe(db::PgPipeline& pipeline, std::vector<model::FeedEvent>& events,
                                   std::int64_t timeout_ms);
    /// They may have changed; what is handed out stays as it is.
    void forget() { known_.clear(); }

private:
    std::map<std::string, model::FeedColumns> known_;  ///< null: there is no such table
};

}  // namespace pgsidecar::changes
