#pragma once

#include "base/ids.hpp"
#include "metrics/shard.hpp"
#include "protocol/messages/error_fields.hpp"
#include "proxy/core/driver.hpp"
#include "proxy/core/exchange.hpp"
#include "proxy/core/local_error.hpp"

namespace pgsidecar::proxy {

/// Makes one OperationRecord of each statement that a server completed, and counts it.
///
/// Thread: the worker's. No allocation.
class Recorder {
public:
    Recorder(base::Entropy& entropy, metrics::WorkerShard& shard, Driver& driver)
        : ids_(entropy), shard_(shard), driver_(driver) {}

    /// The running statement of item succeeded. affected: -1 when the tag had no count.
    void succeeded(Expected& item, const model::OperationSourcePtr& source, std::int64_t affected,
                   const base::Now& now);
    void failed(Expected& item, const model::OperationSourcePtr& source,
                const protocol::ErrorFields& error, const base::Now& now);
    /// The connection was lost under it: nobody can say whether it took effect.
    void unknown(Expected& item, const model::OperationSourcePtr& source, std::string_view why,
                 const base::Now& now);

    /// The connection was lost under it, and it cannot have had an effect.
    void lost(Expected& item, const model::OperationSourcePtr& source, const LocalError& error,
              const base::Now& now);

    /// Of the last record.
    std::uint64_t sequence() const { return sequence_; }

private:
    model::OperationRecord begin(Expected& item, const model::OperationSourcePtr& source,
                                 const base::Now& now);
    void finish(Expected& item, model::OperationRecord&& record, const base::Now& now);

    base::UuidSource ids_;
    metrics::WorkerShard& shard_;
    Driver& driver_;
    std::uint64_t sequence_ = 0;
};

}  // namespace pgsidecar::proxy
