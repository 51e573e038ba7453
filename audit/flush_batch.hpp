#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pgsidecar::audit {

/// Which part of a batch to try next, so that an entry that the database refuses costs the others
/// nothing but time. Pure: it knows positions in the batch alone.
///
/// A statement that fails names its entry: what was in front of it is committed by itself, it is
/// buried, and the rest follows. So each good entry is applied at most twice, however many bad ones
/// there are. A COMMIT that is refused (deferred constraints) names nobody: the range is halved
/// until one entry is left. An entry is always buried before a later one is committed.
class FlushBatch {
public:
    struct Step {
        enum class Kind : std::uint8_t { Apply, Bury, Done };
        Kind kind = Kind::Done;
        std::size_t begin = 0, end = 0;  ///< Apply: a range of the batch; Bury: begin alone
    };

    explicit FlushBatch(std::size_t size);

    /// What to do; the same until one of the answers below is given.
    Step next() const;
    /// The range is in the database, or the entry in the dead letters.
    void done();
    /// The entry at this position of the range was refused.
    void refused(std::size_t position);
    /// The range's COMMIT was refused.
    void commit_refused();
    /// Entries from the start of the batch that are out of the way.
    std::size_t resolved() const;

private:
    std::vector<Step> steps_;  ///< the next one last
    std::size_t size_;
};

}  // namespace pgsidecar::audit
