#include "app/certificate_watch.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

namespace pgsidecar::app {

struct CertificateWatch::Timer {
    explicit Timer(asio::io_context& control) : timer(control) {}
    asio::steady_timer timer;
};

CertificateWatch::CertificateWatch(asio::io_context& control)
    : timer_(std::make_unique<Timer>(control)) {}
CertificateWatch::~CertificateWatch() = default;

void CertificateWatch::look() {
    const proxy::CertificateReport report = parts_.plane->look_at_certificates();
    metrics::ProcessCounters& counters = *parts_.counters;
    counters.certificate_reloads_ok.add(static_cast<std::uint64_t>(report.renewed));
    counters.certificate_reloads_failed.add(static_cast<std::uint64_t>(report.failed));
    counters.client_certificate_expires_us.set(report.client_expires_us);
    counters.server_certificate_expires_us.set(report.server_expires_us);
    timer_->timer.expires_after(std::chrono::milliseconds(parts_.interval_ms()));
    timer_->timer.async_wait([this](const asio::error_code& error) {
        if (!error && !stopped_) look();
    });
}

void CertificateWatch::stop() {
    stopped_ = true;
    timer_->timer.cancel();
}

}  // namespace pgsidecar::app
