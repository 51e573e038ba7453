#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::model {

/// By what an event or a row change was noticed; the words of `session:ready.changeSource`.
enum class ChangeOrigin : std::uint8_t { Wal, Notify, Poll, Proxy, None };

constexpr std::string_view to_string(ChangeOrigin origin) {
    switch (origin) {
        case ChangeOrigin::Wal: return "wal";
        case ChangeOrigin::Notify: return "notify";
        case ChangeOrigin::Poll: return "poll";
        case ChangeOrigin::Proxy: return "proxy";
        case ChangeOrigin::None: break;
    }
    return "none";
}

/// A column of a table and the name of its type, as pg_type has it: int8, text, _text.
struct FeedColumn {
    std::string name, type;
};
/// Of one table, shared by its row changes. Null: not known.
using FeedColumns = std::shared_ptr<const std::vector<FeedColumn>>;

/// Something that happened in the database: an element event, a broadcast, a row change, or an
/// element event and a row change at once. As its source reports it, not checked.
struct FeedEvent {
    std::string channel;  ///< an event channel or room:...; empty: a row change only
    std::string action;   ///< created | updated | deleted; a broadcast's event name
    std::string element;  ///< JSON object with type and id; a broadcast's data; may be empty
    std::string schema;   ///< of the row change
    std::string table;    ///< empty: no row change
    std::string verb;     ///< INSERT | UPDATE | DELETE | TRUNCATE
    std::string new_row;  ///< JSON object; empty: not known
    std::string old_row;  ///< JSON object; empty: not known
    FeedColumns columns;  ///< of the table
    std::int64_t at_us = 0;
    std::uint64_t transaction = 0;  ///< 0: not known
    ChangeOrigin origin = ChangeOrigin::None;
};

}  // namespace pgsidecar::model
