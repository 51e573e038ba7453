#include <utility>

#include "app/outage_desk.hpp"
#include "base/log.hpp"

// After a takeover: the spool stays with the old process until that has ended.

namespace pgsidecar::app {

namespace log = base::log;

void OutageDesk::spool_is_there() {
    make_flush();
    open_ = true;
    log::info("audit", "the old process has given up the spool; it is in use here now");
    give_kept(true);
    begin();
    if (flusher_ && usable_) set_usable(true);
}

void OutageDesk::keep_or_append(std::string body, std::uint32_t count,
                                std::function<void(bool)> on_disk) {
    if (open_) return spool_->append_records(std::move(body), count, std::move(on_disk));
    auto size = static_cast<std::int64_t>(body.size());
    {
        std::lock_guard lock(kept_mutex_);
        bool room = kept_bytes_ + size <= parts_.settings->upgrade.max_kept_bytes;
        if (room && !gave_up_ && !open_) {
            kept_bytes_ += size;
            kept_.push_back({std::move(body), count, std::move(on_disk)});
            return;
        }
    }
    if (open_) return spool_->append_records(std::move(body), count, std::move(on_disk));
    lost_records_ += count;
    if (on_disk) on_disk(false);
}

void OutageDesk::give_kept(bool usable) {
    std::vector<Kept> kept;
    {
        std::lock_guard lock(kept_mutex_);
        kept.swap(kept_);
        kept_bytes_ = 0;
        gave_up_ = !usable;
    }
    for (auto& one : kept) {
        if (usable) {
            spool_->append_records(std::move(one.body), one.count, std::move(one.on_disk));
        } else {
            lost_records_ += one.count;
            if (one.on_disk) one.on_disk(false);
        }
    }
    if (lost_records_ > 0) {
        log::error("audit", "records of operations were lost while there was no spool",
                   {{"records", lost_records_.load()}});
    }
}

}  // namespace pgsidecar::app
