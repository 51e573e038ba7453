#include <algorithm>
#include <bit>

#include "metrics/shard.hpp"

namespace pgsidecar::metrics {

namespace {

std::uint64_t lowest_of(std::size_t bucket) {
    if (bucket < 4) return bucket;
    return (std::uint64_t{4} + bucket % 4) << (bucket / 4 - 1);
}

}  // namespace

// Bucket i: below 4 the value itself; else the values whose highest bit is i / 4 + 1 and whose next
// two bits are i % 4.
std::size_t Histogram::bucket_of(std::uint64_t ns) {
    if (ns < 4) return static_cast<std::size_t>(ns);
    const auto exponent = static_cast<std::size_t>(std::bit_width(ns)) - 1;
    const auto quarter = static_cast<std::size_t>(ns >> (exponent - 2)) & 3;
    return std::min((exponent - 1) * 4 + quarter, kBuckets - 1);
}

std::int64_t Histogram::quantile(const Counts& counts, double share) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : counts) total += count;
    if (total == 0) return -1;
    const double wanted = std::max(share * static_cast<double>(total), 1.0);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        if (static_cast<double>(below + counts[i]) < wanted) {
            below += counts[i];
            continue;
        }
        // As if the bucket's values lay evenly.
        const double part = (wanted - static_cast<double>(below)) / static_cast<double>(counts[i]);
        const auto width = static_cast<double>(lowest_of(i + 1) - lowest_of(i));
        return static_cast<std::int64_t>(lowest_of(i)) + static_cast<std::int64_t>(part * width);
    }
    return static_cast<std::int64_t>(lowest_of(kBuckets - 1));
}

void Histogram::add_to(Counts& sums) const {
    for (std::size_t i = 0; i < kBuckets; ++i) sums[i] += buckets_[i].get();
}

void Histogram::observe(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
    buckets_[bucket_of(value)].add();
    sum_.add(value);
    count_.add();
}

std::uint64_t Histogram::at_most(std::int64_t bound_ns) const {
    if (bound_ns < 0) return 0;
    const auto bound = static_cast<std::uint64_t>(bound_ns);
    const std::size_t last = bucket_of(bound);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < last; ++i) total += buckets_[i].get();
    // Of the bucket that the bound cuts, the share below it, as if its values lay evenly.
    const std::uint64_t low = lowest_of(last);
    const std::uint64_t width = lowest_of(last + 1) - low;
    const std::uint64_t below = std::min(bound - low + 1, width);
    const double share = static_cast<double>(below) / static_cast<double>(width);
    return total + static_cast<std::uint64_t>(static_cast<double>(buckets_[last].get()) * share);
}

}  // namespace pgsidecar::metrics
