#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "audit/spool.hpp"

namespace pgsidecar::audit {

/// What others want of the spool's thread, in the order of their calls.
namespace spool_request {

using Done = std::function<void(bool)>;

struct Append {
    model::SpoolEntry entry;
    Spool::Appended done;
};
struct AppendRecords {
    std::string body;
    std::uint32_t count = 0;
    Done done;
};
struct Settle {
    std::uint64_t through = 0;
    Done done;
};
struct Bury {
    std::uint64_t sequence = 0;
    std::string sqlstate, message;
    Done done;
};
struct SettleRecords {
    std::uint64_t through = 0;
    Done done;
};
struct Retry {
    std::uint64_t sequence = 0;
    Done done;
};
struct Discard {
    std::uint64_t sequence = 0;
    Done done;
};
struct RememberServer {
    model::LearnedServer server;
};
struct RememberSchema {
    model::LearnedSchema schema;
};

struct Read {
    std::uint64_t after = 0;
    std::size_t max_entries = 0, max_bytes = 0;
    std::function<void(std::vector<StoredEntry>)> done;
};
struct ReadRecords {
    std::uint64_t after = 0;
    std::size_t max_bytes = 0;
    std::function<void(std::vector<StoredRecords>)> done;
};
struct DeadLetters {
    std::size_t max = 0;
    std::function<void(std::vector<DeadLetter>)> done;
};

struct Browse {
    BrowseQuery query;
    std::function<void(Browsed)> done;
};

/// Those that change the file come first: many of them share one commit.
using Any = std::variant<Append, AppendRecords, Settle, Bury, SettleRecords, Retry, Discard,
                         RememberServer, RememberSchema, Read, ReadRecords, DeadLetters, Browse>;

inline bool is_read(const Any& request) {
    return std::holds_alternative<Read>(request) || std::holds_alternative<ReadRecords>(request) ||
           std::holds_alternative<DeadLetters>(request) || std::holds_alternative<Browse>(request);
}

}  // namespace spool_request
}  // namespace pgsidecar::audit
