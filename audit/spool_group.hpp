#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "audit/spool_file.hpp"
#include "audit/spool_request.hpp"
#include "model/spool_entry.hpp"

namespace pgsidecar::audit {

/// What a spool did since it was opened.
struct SpoolTotals {
    std::uint64_t appended = 0, settled = 0, buffer_dropped = 0, refused = 0, records_dropped = 0;

    void add(const SpoolTotals& other);
};

/// One group commit: applies requests inside a transaction of the file, and tells afterwards what
/// became of each. Holds the limits of the spool.
class SpoolGroup {
public:
    /// refusal: what every entry and every records gets instead of being taken; Stored: none.
    SpoolGroup(const Spool::Options& options, SpoolFile& file, base::Now now,
               const model::SpoolVerdict& refusal);

    /// False when the file failed; the transaction is then to be rolled back.
    bool apply(const spool_request::Any& request);
    /// Instead of what apply() came to: nothing was stored.
    void fail(const model::SpoolVerdict& verdict, std::size_t requests);

    /// One for each request, in order; for those without an entry only stored() means something.
    const std::vector<model::SpoolVerdict>& verdicts() const { return verdicts_; }
    const SpoolTotals& totals() const { return totals_; }
    bool appended() const { return totals_.appended > 0; }
    bool settled() const { return settles_; }

private:
    struct Visitor;
    /// Nothing when the file failed.
    std::optional<model::SpoolVerdict> take(const model::SpoolEntry& entry);
    model::SpoolVerdict limit_of(const model::SpoolEntry& entry, std::uint64_t bytes) const;
    bool make_room(const model::SpoolEntry& entry, std::uint64_t bytes);
    std::optional<bool> take_records(const spool_request::AppendRecords& request);

    const Spool::Options& options_;
    SpoolFile& file_;
    base::Now now_;
    model::SpoolVerdict refusal_;
    std::vector<model::SpoolVerdict> verdicts_;
    SpoolTotals totals_;
    bool settles_ = false;
};

/// Calls the request's callback, if it has one.
void tell(const spool_request::Any& request, const model::SpoolVerdict& verdict);

}  // namespace pgsidecar::audit
