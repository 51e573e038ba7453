#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audit/flush_target.hpp"
#include "db/error.hpp"

namespace pgsidecar::audit {

inline db::Error server_error(std::string_view sqlstate) {
    model::ServerErrorFields fields;
    fields.sqlstate = sqlstate;
    return model::classify_server_error(fields, model::ErrorPhase::Statement);
}

/// A database in memory with the rule of the real one: rows and ledger change together.
class FakeTarget final : public FlushTarget {
public:
    struct Database {
        std::vector<std::uint64_t> rows;  ///< sequences, in the order of being applied
        std::uint64_t applied = 0;
        std::map<std::uint64_t, std::string> refuses, refuses_in_commit;  ///< with SQLSTATE
        std::vector<db::Error> troubles;                                  ///< the next calls end so
        bool lose_commit_answers = false;  ///< each COMMIT takes effect and looks lost, once
        std::uint64_t records = 0, applied_records = 0;
        int calls = 0, copies = 0, interrupts = 0, closes = 0;
        std::function<void()> on_apply;
    };

    explicit FakeTarget(Database& database) : database_(database) {}

    asio::awaitable<FlushResult> apply(Entries entries) override { co_return apply_now(entries); }
    asio::awaitable<FlushResult> copy(std::span<const StoredRecords> records) override {
        ++database_.copies;
        FlushResult result;
        if (auto trouble = next_trouble()) {
            result.error = *trouble;
            co_return result;
        }
        result.kind = FlushResult::Kind::Committed;
        for (const auto& stored : records) {
            if (stored.sequence <= database_.applied_records) continue;
            result.applied += stored.count;
        }
        database_.records += result.applied;
        database_.applied_records = records.back().sequence;
        co_return result;
    }
    void interrupt() override { ++database_.interrupts; }
    void close() override { ++database_.closes; }

private:
    std::optional<db::Error> next_trouble() {
        if (database_.troubles.empty()) return std::nullopt;
        db::Error error = database_.troubles.front();
        database_.troubles.erase(database_.troubles.begin());
        return error;
    }

    FlushResult apply_now(Entries entries) {
        ++database_.calls;
        if (database_.on_apply) database_.on_apply();
        FlushResult result;
        if (auto trouble = next_trouble()) {
            result.error = *trouble;
            return result;
        }
        std::vector<std::uint64_t> rows;
        std::string commit_state;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const std::uint64_t sequence = entries[i]->sequence;
            if (sequence <= database_.applied) continue;
            if (auto it = database_.refuses.find(sequence); it != database_.refuses.end()) {
                result.kind = FlushResult::Kind::EntryRefused;
                result.position = i;
                result.error = server_error(it->second);
                return result;
            }
            if (auto it = database_.refuses_in_commit.find(sequence);
                it != database_.refuses_in_commit.end()) {
                commit_state = it->second;
            }
            rows.push_back(sequence);
        }
        if (!commit_state.empty()) {
            result.kind = FlushResult::Kind::CommitRefused;
            result.error = server_error(commit_state);
            return result;
        }
        database_.rows.insert(database_.rows.end(), rows.begin(), rows.end());
        if (!rows.empty()) database_.applied = rows.back();
        if (!rows.empty() && std::exchange(database_.lose_commit_answers, false)) {
            result.error = model::connection_lost();
            result.error.fate_unknown = true;
            return result;
        }
        result.kind = FlushResult::Kind::Committed;
        result.applied = rows.size();
        return result;
    }

    Database& database_;
};

}  // namespace pgsidecar::audit
