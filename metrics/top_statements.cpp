#include "metrics/top_statements.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgsidecar::metrics {
namespace {

constexpr std::array<std::pair<std::string_view, TopOrder>, 7> kOrders{{
    {"total", TopOrder::Total},
    {"calls", TopOrder::Calls},
    {"mean", TopOrder::Mean},
    {"max", TopOrder::Max},
    {"p99", TopOrder::P99},
    {"errors", TopOrder::Errors},
    {"rows", TopOrder::Rows},
}};

/// Of the entries, each time there is no room; so that the looking costs little for each new one.
constexpr std::size_t kGivesWayOneIn = 20;
/// What remains of the calls before, each time.
constexpr double kDecay = 0.99;

double rank_of(const TopStatement& sums, TopOrder order) {
    switch (order) {
        case TopOrder::Total: return static_cast<double>(sums.total_ns);
        case TopOrder::Calls: return static_cast<double>(sums.calls);
        case TopOrder::Mean:
            return static_cast<double>(sums.total_ns) / static_cast<double>(sums.calls);
        case TopOrder::Max: return static_cast<double>(sums.max_ns);
        case TopOrder::P99: return static_cast<double>(sums.p99_ns);
        case TopOrder::Errors: return static_cast<double>(sums.errors);
        case TopOrder::Rows: return static_cast<double>(sums.rows);
    }
    return 0;
}

}  // namespace

std::optional<TopOrder> top_order_of(std::string_view word) {
    for (const auto& [name, order] : kOrders) {
        if (name == word) return order;
    }
    return std::nullopt;
}

std::string_view to_string(TopOrder order) {
    for (const auto& [name, value] : kOrders) {
        if (value == order) return name;
    }
    return "total";
}

void TopStatements::add(std::span<const model::OperationRecord> batch) {
    if (capacity_ == 0) return;
    std::lock_guard lock(mutex_);
    for (const auto& record : batch) add(record);
}

void TopStatements::add(const model::OperationRecord& record) {
    Entry& entry = entry_of(record);
    const std::int64_t took_ns = std::max<std::int64_t>(record.duration_ns, 0);
    TopStatement& sums = entry.sums;
    ++sums.calls;
    sums.errors += record.outcome == model::Outcome::Success ? 0 : 1;
    sums.rows += record.rows_returned;
    if (record.rows_returned == 0 && record.affected_rows > 0)
        sums.rows += static_cast<std::uint64_t>(record.affected_rows);
    sums.total_ns += took_ns;
    sums.max_ns = std::max(sums.max_ns, took_ns);
    sums.pool_wait_ns += std::max<std::int64_t>(record.pool_wait_ns, 0);
    sums.last_us = std::max(sums.last_us, record.start_us + took_ns / 1'000);
    ++entry.durations[Histogram::bucket_of(static_cast<std::uint64_t>(took_ns))];
    entry.usage += 1;
    ++calls_;
    total_ns_ += took_ns;
}

TopStatements::Entry& TopStatements::entry_of(const model::OperationRecord& record) {
    const KeyView key{
        record.shape ? record.shape->fingerprint : 0,
        record.source ? std::string_view(record.source->service) : std::string_view()};
    if (const auto found = table_.find(key); found != table_.end()) return found->second;
    if (table_.size() >= capacity_) make_room();
    Entry& made = table_[Key{key.fingerprint, std::string(key.service)}];
    made.sums.shape = record.shape;
    made.sums.service = key.service;
    return made;
}

void TopStatements::make_room() {
    std::vector<std::pair<double, Table::iterator>> all;
    all.reserve(table_.size());
    for (auto it = table_.begin(); it != table_.end(); ++it) {
        it->second.usage *= kDecay;
        all.emplace_back(it->second.usage, it);
    }
    const std::size_t leave = std::max<std::size_t>(all.size() / kGivesWayOneIn, 1);
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(leave - 1), all.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < leave; ++i) table_.erase(all[i].second);
    evicted_ += leave;
}

TopStatements::Page TopStatements::find(TopOrder order, std::size_t limit) const {
    Page page;
    page.since_us = since_us_;
    std::lock_guard lock(mutex_);
    page.tracked = table_.size();
    page.evicted = evicted_;
    page.calls = calls_;
    page.total_ns = total_ns_;
    std::vector<std::pair<double, const Entry*>> ranked;
    ranked.reserve(table_.size());
    for (const auto& [key, entry] : table_) {
        const double rank = order == TopOrder::P99
                                ? static_cast<double>(Histogram::quantile(entry.durations, 0.99))
                                : rank_of(entry.sums, order);
        ranked.emplace_back(rank, &entry);
    }
    const std::size_t shown = std::min(limit, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown),
                      ranked.end(), [](const auto& a, const auto& b) {
                          if (a.first != b.first) return a.first > b.first;
                          return a.second->sums.total_ns > b.second->sums.total_ns;
                      });
    for (std::size_t i = 0; i < shown; ++i) {
        TopStatement row = ranked[i].second->sums;
        // A step's end may lie above the longest.
        row.p99_ns = std::min(Histogram::quantile(ranked[i].second->durations, 0.99), row.max_ns);
        page.statements.push_back(std::move(row));
    }
    return page;
}

std::size_t TopStatements::tracked() const {
    std::lock_guard lock(mutex_);
    return table_.size();
}

std::uint64_t TopStatements::evicted() const {
    std::lock_guard lock(mutex_);
    return evicted_;
}

}  // namespace pgsidecar::metrics
