#include "sql/shape_cache.hpp"

#include <algorithm>
#include <utility>

namespace pgsidecar::sql {

namespace {

std::size_t size_of(const model::StatementShape& shape) {
    std::size_t bytes = sizeof shape + shape.text.capacity() + shape.table.capacity();
    for (const auto& table : shape.tables) bytes += sizeof(std::string) + table.capacity();
    return bytes;
}

}  // namespace

ShapeCache::ShapeCache(std::size_t max_entries, std::size_t max_bytes)
    : sets_(std::max<std::size_t>(1, max_entries / kWays)), max_bytes_(max_bytes) {}

ShapeCache::Set& ShapeCache::set_of(std::uint64_t value) {
    __extension__ using Wide = unsigned __int128;
    return sets_[static_cast<std::size_t>((static_cast<Wide>(value) * sets_.size()) >> 64)];
}

const model::StatementShapePtr* ShapeCache::find(const Fingerprint& fingerprint) {
    Set& set = set_of(fingerprint.value);
    for (std::size_t way = 0; way < kWays; ++way) {
        if (set.values[way] != fingerprint.value || set.checks[way] != fingerprint.check ||
            !set.shapes[way])
            continue;
        set.used = static_cast<std::uint8_t>(set.used | (1U << way));
        return &set.shapes[way];
    }
    return nullptr;
}

const model::StatementShapePtr* ShapeCache::insert(const Fingerprint& fingerprint,
                                                   model::StatementShapePtr shape) {
    const std::size_t bytes = size_of(*shape);
    shrink_to(max_bytes_ - std::min(max_bytes_, bytes));
    Set& set = set_of(fingerprint.value);
    const std::size_t way = victim(set);
    drop(set, way);
    set.values[way] = fingerprint.value;
    set.checks[way] = fingerprint.check;
    set.shapes[way] = std::move(shape);
    ++entries_;
    bytes_ += bytes;
    return &set.shapes[way];
}

std::size_t ShapeCache::victim(Set& set) {
    for (std::size_t way = 0; way < kWays; ++way) {
        if (!set.shapes[way]) return way;
    }
    for (;;) {
        const std::size_t way = set.hand;
        set.hand = static_cast<std::uint8_t>((set.hand + 1U) % kWays);
        const auto bit = static_cast<std::uint8_t>(1U << way);
        if ((set.used & bit) == 0) return way;
        set.used = static_cast<std::uint8_t>(set.used & ~bit);
    }
}

void ShapeCache::drop(Set& set, std::size_t way) {
    if (!set.shapes[way]) return;
    bytes_ -= size_of(*set.shapes[way]);
    --entries_;
    set.shapes[way] = {};
    set.used = static_cast<std::uint8_t>(set.used & ~(1U << way));
}

void ShapeCache::shrink_to(std::size_t bytes) {
    while (bytes_ > bytes) {
        Set& set = sets_[sweep_];
        sweep_ = (sweep_ + 1) % sets_.size();
        for (std::size_t way = 0; way < kWays; ++way) drop(set, way);
    }
}

}  // namespace pgsidecar::sql
