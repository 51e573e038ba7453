#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "db/rows.hpp"
#include "model/feed_event.hpp"

namespace pgsidecar::changes {

/// Where reading goes on: behind this row, in the order of transactions and, within one, of ids.
struct EventPosition {
    std::string transaction = "0";  ///< xid8
    std::string id = "0";           ///< bigint

    friend bool operator==(const EventPosition&, const EventPosition&) = default;
};

/// Whether a is before b; both are decimal numbers without sign or leading zeros.
bool number_before(std::string_view a, std::string_view b);

/// A page of the table: 1,000 rows at most.
inline constexpr std::size_t kEventPage = 1'000;

/// The table and the trigger function, for an administrator to run once; our own fixed text.
/// table: as in changes.events_table. Empty: not the name of a table.
std::string events_table_sql(std::string_view table, std::string_view notify_channel);
/// The trigger that publishes one table. channel: an event channel, empty for row changes only.
std::string publish_trigger_sql(std::string_view events_table, std::string_view table,
                                std::string_view channel, std::string_view type);

/// `schema.name` or `name` as an SQL name, quoted; empty when it is neither.
std::string quoted_table(std::string_view table);

/// $1, $2: the position.
std::string page_sql(const std::string& quoted);
/// $1: an age in milliseconds. Deletes a part of what is older.
std::string cleaning_sql(const std::string& quoted);
/// The horizon: all transactions below it have ended.
std::string_view horizon_sql();
/// Tables with row level security, as schema.table.
std::string_view guarded_sql();

/// The rows of a page as events, and where to go on. A row that is no event is left out; the hub
/// judges the rest.
std::vector<model::FeedEvent> read_page(const db::Rows& rows, EventPosition& position);

}  // namespace pgsidecar::changes
