#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "audit/spool_query.hpp"
#include "model/spool_entry.hpp"

namespace pgsidecar::audit {

/// The table of contexts: as whom and with which settings entries were written, once for many.
class SpoolContexts {
public:
    explicit SpoolContexts(SpoolConnection& connection);

    /// Its number, written when it is new to this process; nothing on failure.
    std::optional<std::int64_t> store(const model::SpoolContextPtr& context);
    /// Null when it is missing or damaged.
    model::SpoolContextPtr find(std::int64_t id);
    /// Takes out those that no dead letter needs; only when no entry waits.
    bool clear_unused();
    /// After a rollback: what was thought to be stored may not be.
    void forget();
    std::size_t stored() const { return stored_; }

private:
    /// Numbers are never given twice, so that a stray row is never taken for another's.
    std::optional<std::int64_t> last_id();
    /// The context that select_ stands on; null when it is damaged.
    model::SpoolContextPtr read(std::int64_t id) const;

    struct Known {
        model::SpoolContextPtr context;  ///< keeps the address from being used again
        std::int64_t id = 0;
    };

    SpoolConnection& connection_;
    SpoolQuery insert_, select_, highest_;
    std::unordered_map<const model::SpoolContext*, Known> by_address_;
    std::unordered_map<std::int64_t, model::SpoolContextPtr> by_id_;
    std::optional<std::int64_t> last_id_;
    std::size_t stored_ = 0;  ///< since the last clear_unused()
};

}  // namespace pgsidecar::audit
