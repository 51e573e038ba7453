#pragma once

#include <cstdint>

#include "model/error_text.hpp"

namespace pgsidecar::proxy {

/// What the data plane tells the rest of the process. Called on worker threads: post and return.
class DataPlaneEvents {
public:
    /// A connection to the database was lost, or could not be made.
    virtual void on_upstream_lost(const model::ErrorInfo& error) = 0;
    virtual void on_upstream_connected() = 0;
    /// A CancelRequest whose key this worker does not know.
    virtual void on_cancel_elsewhere(int worker, std::int32_t pid, std::uint32_t secret) = 0;

protected:
    ~DataPlaneEvents() = default;
};

}  // namespace pgsidecar::proxy
