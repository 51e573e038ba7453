#include "audit/flush_announcer.hpp"

#include <utility>

#include "base/log.hpp"

namespace pgsidecar::audit {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr const char* kOperation = "flush";

}  // namespace

std::string blocked_sentence(const std::string& what, const std::string& database,
                             const db::Error& why) {
    return what + " for database \"" + database + "\" wait: " + why.message;
}

void FlushAnnouncer::dead(const StoredEntry& stored, const db::Error& why, std::int64_t now_us) {
    // A clock that was put back starts a new second as well.
    if (now_us < second_us_ || now_us - second_us_ >= kSecondUs) {
        second_us_ = now_us;
        told_in_second_ = 0;
    }
    if (++told_in_second_ > kDeadPerSecond) {
        ++untold_;
        return;
    }
    const std::string number = std::to_string(stored.sequence);
    const auto& statements = stored.entry.statements;
    const std::string table = statements.empty() ? "" : statements.front().table;
    model::ErrorEvent event = model::to_error_event(why, kOperation, now_us);
    event.message = "Queued write " + number + (table.empty() ? "" : " to table " + table) +
                    " was refused and is now a dead letter: " + why.message;
    if (untold_ > 0) {
        event.message += " " + std::to_string(untold_) + " more before it are not told one by one.";
    }
    untold_ = 0;
    event.recoverable = false;
    event.resolution = why.resolution + " See `pgsidecar spool show " + number +
                       "`; then `pgsidecar spool retry " + number + "` or `discard`.";
    if (!table.empty()) event.table = table;
    if (stored.entry.context && !stored.entry.context->service.empty()) {
        event.service = stored.entry.context->service;
    }
    base::log::error("flush", event.message,
                     {{"sequence", stored.sequence}, {"sqlstate", why.sqlstate}});
    tell(event);
}

void FlushAnnouncer::blocked(const std::string& what, const std::string& database,
                             const db::Error& why, std::int64_t now_us) {
    model::ErrorEvent event = model::to_error_event(why, kOperation, now_us);
    event.message = blocked_sentence(what, database, why);
    event.recoverable = true;  // entries stay and are tried again
    if (event.message == told_) return;
    told_ = event.message;
    base::log::warn("flush", event.message, {{"sqlstate", why.sqlstate}, {"next", why.resolution}});
    tell(event);
}

void FlushAnnouncer::unblocked(const std::string& database) {
    if (told_.empty()) return;
    told_.clear();
    base::log::info("flush", "Queued writes are applied again.", {{"database", database}});
}

void FlushAnnouncer::tell(const model::ErrorEvent& event) {
    if (on_error_) on_error_(event);
}

}  // namespace pgsidecar::audit
