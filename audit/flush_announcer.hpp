#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "audit/spool.hpp"
#include "db/error.hpp"
#include "model/events.hpp"

namespace pgsidecar::audit {

/// Tells people what happens to queued writes that could not be applied: log and feed, without
/// values. Pure but for the log. Thread: its owner's.
class FlushAnnouncer {
public:
    using OnError = std::function<void(const model::ErrorEvent&)>;

    explicit FlushAnnouncer(OnError on_error) : on_error_(std::move(on_error)) {}

    /// An entry is among the dead letters. At most kDeadPerSecond are told one by one; the next one
    /// that is told says how many were not.
    void dead(const StoredEntry& stored, const db::Error& why, std::int64_t now_us);
    /// What cannot be applied in this database. Told when the reason is a new one.
    void blocked(const std::string& what, const std::string& database, const db::Error& why,
                 std::int64_t now_us);
    /// It goes on.
    void unblocked(const std::string& database);
    /// Nobody is told any more.
    void silence() { on_error_ = nullptr; }

    static constexpr int kDeadPerSecond = 20;

private:
    void tell(const model::ErrorEvent& event);

    OnError on_error_;
    std::string told_;  ///< the last reason for being blocked
    std::int64_t second_us_ = 0;
    int told_in_second_ = 0;
    std::uint64_t untold_ = 0;
};

/// "Queued writes for database "x" wait: ...": for status, log and feed.
std::string blocked_sentence(const std::string& what, const std::string& database,
                             const db::Error& why);

}  // namespace pgsidecar::audit
