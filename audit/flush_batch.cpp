#include "audit/flush_batch.hpp"

#include "base/assert.hpp"

namespace pgsidecar::audit {

using Kind = FlushBatch::Step::Kind;

FlushBatch::FlushBatch(std::size_t size) : size_(size) {
    if (size > 0) steps_.push_back({Kind::Apply, 0, size});
}

FlushBatch::Step FlushBatch::next() const {
    return steps_.empty() ? Step{Kind::Done, size_, size_} : steps_.back();
}

void FlushBatch::done() {
    PGS_CHECK(!steps_.empty());
    steps_.pop_back();
}

void FlushBatch::refused(std::size_t position) {
    const Step range = next();
    PGS_CHECK(range.kind == Kind::Apply && position >= range.begin && position < range.end);
    steps_.pop_back();
    if (position + 1 < range.end) steps_.push_back({Kind::Apply, position + 1, range.end});
    steps_.push_back({Kind::Bury, position, position + 1});
    if (position > range.begin) steps_.push_back({Kind::Apply, range.begin, position});
}

void FlushBatch::commit_refused() {
    const Step range = next();
    PGS_CHECK(range.kind == Kind::Apply);
    if (range.end - range.begin == 1) {
        refused(range.begin);
        return;
    }
    const std::size_t middle = range.begin + (range.end - range.begin) / 2;
    steps_.back() = {Kind::Apply, middle, range.end};
    steps_.push_back({Kind::Apply, range.begin, middle});
}

std::size_t FlushBatch::resolved() const { return next().begin; }

}  // namespace pgsidecar::audit
