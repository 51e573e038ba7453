#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pgsidecar::model {

/// How far queued writes have been taken and applied; written by the spool, read by the workers.
///
/// Thread: any. Without anything queued a question costs two loads and no lock.
class SpoolProgress {
public:
    /// Entries up to this sequence wait or have been applied.
    std::uint64_t accepted() const { return accepted_.load(std::memory_order_acquire); }
    /// Entries up to this one are in the database, in the dead letters or dropped.
    std::uint64_t settled() const { return settled_.load(std::memory_order_acquire); }
    bool anything_waits() const { return settled() < accepted(); }
    /// True while the spool can take entries; with `false` nothing can be acknowledged.
    bool usable() const { return usable_.load(std::memory_order_acquire); }
    /// True when an entry for this table (as the policy names it) waits.
    bool waits_for(const std::string& table) const {
        if (!anything_waits()) return false;
        std::lock_guard lock(mutex_);
        auto it = last_of_table_.find(table);
        return it != last_of_table_.end() && it->second > settled();
    }

    // The spool's side.
    void set_usable(bool usable) { usable_.store(usable, std::memory_order_release); }
    /// Before the entry's client is told.
    void accept(std::uint64_t sequence, const std::string& table) {
        std::lock_guard lock(mutex_);
        auto& last = last_of_table_[table];
        if (sequence > last) last = sequence;
        if (sequence > accepted()) accepted_.store(sequence, std::memory_order_release);
    }
    void settle(std::uint64_t sequence) {
        std::lock_guard lock(mutex_);
        if (sequence > settled()) settled_.store(sequence, std::memory_order_release);
        if (!anything_waits()) last_of_table_.clear();
    }

private:
    std::atomic<std::uint64_t> accepted_{0}, settled_{0};
    std::atomic<bool> usable_{false};
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::uint64_t> last_of_table_;
};

}  // namespace pgsidecar::model
