#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audit/flush_spool.hpp"

namespace pgsidecar::audit {

/// A spool in memory that answers at once. Thread: any.
class FakeSpool final : public SpoolReader {
public:
    explicit FakeSpool(std::string id = "0189aaaa-0000-7000-8000-000000000001")
        : id_(std::move(id)) {}

    std::uint64_t add(model::SpoolEntry entry, std::int64_t accepted_us = 1'000'000) {
        const std::lock_guard lock(mutex_);
        const std::uint64_t sequence = ++last_;
        entries_[sequence] = {sequence, accepted_us, std::move(entry)};
        progress_.accept(sequence, "t");
        return sequence;
    }
    void add_records(std::string body, std::uint32_t count) {
        const std::lock_guard lock(mutex_);
        ++last_record_;
        records_[last_record_] = {last_record_, count, std::move(body)};
    }
    /// As if it had been dropped to make room.
    void drop(std::uint64_t sequence) {
        const std::lock_guard lock(mutex_);
        entries_.erase(sequence);
    }

    std::string id() const override { return id_; }
    const model::SpoolProgress& progress() const override { return progress_; }
    SpoolStats stats() const override {
        const std::lock_guard lock(mutex_);
        SpoolStats stats;
        stats.entries = entries_.size();
        stats.dead = buried.size();
        stats.records = records_.size();
        return stats;
    }
    void read(std::uint64_t after, std::size_t max_entries, std::size_t max_bytes,
              std::function<void(std::vector<StoredEntry>)> done) override {
        std::vector<StoredEntry> out;
        {
            const std::lock_guard lock(mutex_);
            ++reads;
            std::size_t bytes = 0;
            for (auto it = entries_.upper_bound(after); it != entries_.end(); ++it) {
                for (const auto& s : it->second.entry.statements) bytes += s.sql.size();
                if (out.size() == max_entries || (bytes > max_bytes && !out.empty())) break;
                out.push_back(it->second);
            }
        }
        done(std::move(out));
    }
    void settle(std::uint64_t through, std::function<void(bool)> done) override {
        if (answer_later) {
            late.push_back([done = std::move(done)] { done(true); });
            return;
        }
        if (!keep_settled) {
            const std::lock_guard lock(mutex_);
            entries_.erase(entries_.begin(), entries_.upper_bound(through));
            progress_.settle(through);
            settled = through;
        }
        done(!keep_settled);
    }
    void bury(std::uint64_t sequence, std::string sqlstate, std::string message,
              std::function<void(bool)> done) override {
        if (!bury_fails) {
            const std::lock_guard lock(mutex_);
            entries_.erase(sequence);
            buried[sequence] = {std::move(sqlstate), std::move(message)};
        }
        done(!bury_fails);
    }
    void read_records(std::uint64_t after, std::size_t max_bytes,
                      std::function<void(std::vector<StoredRecords>)> done) override {
        std::vector<StoredRecords> out;
        {
            const std::lock_guard lock(mutex_);
            std::size_t bytes = 0;
            for (auto it = records_.upper_bound(after); it != records_.end(); ++it) {
                bytes += it->second.body.size();
                if (bytes > max_bytes && !out.empty()) break;
                out.push_back(it->second);
            }
        }
        done(std::move(out));
    }
    void settle_records(std::uint64_t through, std::function<void(bool)> done) override {
        if (!keep_settled) {
            const std::lock_guard lock(mutex_);
            records_.erase(records_.begin(), records_.upper_bound(through));
        }
        done(!keep_settled);
    }

    std::map<std::uint64_t, std::pair<std::string, std::string>> buried;
    std::uint64_t settled = 0;
    int reads = 0;
    bool bury_fails = false, keep_settled = false;
    bool answer_later = false;  ///< settle() only puts its answer here
    std::vector<std::function<void()>> late;

private:
    std::string id_;
    mutable std::mutex mutex_;
    std::map<std::uint64_t, StoredEntry> entries_;
    std::map<std::uint64_t, StoredRecords> records_;
    std::uint64_t last_ = 0, last_record_ = 0;
    model::SpoolProgress progress_;
};

inline model::SpoolContextPtr make_context(
    std::string user, std::string database = "postgres",
    std::vector<std::pair<std::string, std::string>> settings = {}, std::string service = "") {
    auto* context = new model::SpoolContext;
    context->user = std::move(user);
    context->database = std::move(database);
    context->settings = std::move(settings);
    context->service = std::move(service);
    return model::SpoolContextPtr(context);
}

inline model::SpoolEntry make_entry(const model::SpoolContextPtr& context,
                                    std::vector<std::string> statements) {
    model::SpoolEntry entry;
    entry.context = context;
    for (auto& sql : statements) {
        model::SpoolStatement statement;
        statement.sql = std::move(sql);
        statement.table = "t";
        entry.statements.push_back(std::move(statement));
    }
    return entry;
}

}  // namespace pgsidecar::audit
