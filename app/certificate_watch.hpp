#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "metrics/process_counters.hpp"
#include "proxy/io/data_plane.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// Takes changed certificate files for new connections, from time to time. Thread: control.
class CertificateWatch {
public:
    struct Parts {
        proxy::DataPlane* plane = nullptr;
        std::shared_ptr<metrics::ProcessCounters> counters;
        std::function<int()> interval_ms;  ///< tls.check_interval_ms
    };

    explicit CertificateWatch(asio::io_context& control);
    ~CertificateWatch();

    void connect(Parts parts) { parts_ = std::move(parts); }
    /// Now, and again after the interval.
    void look();
    void stop();

private:
    struct Timer;
    std::unique_ptr<Timer> timer_;
    Parts parts_;
    bool stopped_ = false;
};

}  // namespace pgsidecar::app
