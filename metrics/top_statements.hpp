#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/shard.hpp"
#include "model/database_operation.hpp"

namespace pgsidecar::metrics {

/// By what a list of top statements is sorted, the largest first.
enum class TopOrder : std::uint8_t { Total, Calls, Mean, Max, P99, Errors, Rows };

/// total, calls, mean, max, p99, errors, rows
std::optional<TopOrder> top_order_of(std::string_view word);
std::string_view to_string(TopOrder order);

/// The sums of one statement text from one service.
struct TopStatement {
    model::StatementShapePtr shape;  ///< null: the text was not seen
    std::string service;
    std::uint64_t calls = 0, errors = 0, rows = 0;
    std::int64_t total_ns = 0, max_ns = 0, p99_ns = 0, pool_wait_ns = 0;
    std::int64_t last_us = 0;  ///< end of the last call, since 1970
};

/// Sums of what was recorded, by literal-free text and service, for a bounded number of them; those
/// that are called least give way.
///
/// Thread: any.
class TopStatements {
public:
    struct Page {
        std::int64_t since_us = 0;
        std::size_t tracked = 0;
        std::uint64_t evicted = 0;
        std::uint64_t calls = 0;    ///< of all statements, those that gave way among them
        std::int64_t total_ns = 0;  ///< likewise
        std::vector<TopStatement> statements;
    };

    /// capacity 0: nothing is summed up.
    TopStatements(std::size_t capacity, std::int64_t since_us)
        : capacity_(capacity), since_us_(since_us) {}

    void add(std::span<const model::OperationRecord> batch);
    Page find(TopOrder order, std::size_t limit) const;
    std::size_t tracked() const;
    std::uint64_t evicted() const;

private:
    struct Key {
        std::uint64_t fingerprint;
        std::string service;
    };
    /// A key that owns nothing, so that a look-up allocates nothing.
    struct KeyView {
        std::uint64_t fingerprint;
        std::string_view service;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const KeyView& key) const {
            return std::hash<std::string_view>()(key.service) ^ key.fingerprint;
        }
        std::size_t operator()(const Key& key) const {
            return (*this)(KeyView{key.fingerprint, key.service});
        }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const auto& a, const auto& b) const {
            return a.fingerprint == b.fingerprint && a.service == b.service;
        }
    };
    struct Entry {
        TopStatement sums;
        Histogram::Counts durations{};
        double usage = 0;  ///< calls, older ones counting less
    };
    using Table = std::unordered_map<Key, Entry, Hash, Equal>;

    void add(const model::OperationRecord& record);
    Entry& entry_of(const model::OperationRecord& record);
    void make_room();

    const std::size_t capacity_;
    const std::int64_t since_us_;
    mutable std::mutex mutex_;
    Table table_;
    std::uint64_t evicted_ = 0, calls_ = 0;
    std::int64_t total_ns_ = 0;
};

}  // namespace pgsidecar::metrics
