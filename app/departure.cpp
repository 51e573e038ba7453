#include "app/departure.hpp"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace pgsidecar::app {

namespace log = base::log;

namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(20);

std::int64_t in_ms(std::int64_t ms) { return base::read_clocks().mono_ns + ms * 1'000'000; }

}  // namespace

struct Departure::Handles {
    explicit Handles(asio::io_context& control) : signals(control), timer(control) {}
    asio::signal_set signals;
    asio::steady_timer timer;
};

Departure::Departure(asio::io_context& control) : handles_(std::make_unique<Handles>(control)) {}
Departure::~Departure() = default;

void Departure::start(Parts parts) {
    parts_ = std::move(parts);
    handles_->signals.add(SIGTERM);
    handles_->signals.add(SIGINT);
    wait_for_signal();
}

void Departure::stop_waiting() { handles_->timer.cancel(); }
void Departure::stop_signals() { handles_->signals.cancel(); }

void Departure::wait_for_signal() {
    handles_->signals.async_wait([this](const asio::error_code& error, int number) {
        if (error) return;
        if (++signals_seen_ > 1) return parts_.finish();
        log::info(
            "app",
            "stopping: no new clients; those that are connected may finish their transactions",
            {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"},
             {"clients", parts_.plane->clients()},
             {"client_wait_ms", parts_.settings().shutdown.client_wait_ms}});
        parts_.on_signal();
        if (!drains_) drain();
        wait_for_signal();
    });
}

void Departure::taken_over() {
    const int patience_ms = parts_.settings().upgrade.client_wait_ms;
    log::info("upgrade",
              "a new process has taken over: it gets the new clients, those that are here go on",
              {{"clients", parts_.plane->clients()}, {"client_wait_ms", patience_ms}});
    wait_for_upgrade(in_ms(patience_ms), 0);
}

void Departure::wait_for_upgrade(std::int64_t give_up_ns, int empty_looks) {
    // A client may have been accepted and not yet counted: none must be seen several times.
    constexpr int kSureAfter = 5;
    handles_->timer.expires_after(kLookInterval);
    handles_->timer.async_wait([this, give_up_ns, empty_looks](const asio::error_code& error) {
        if (error || drains_) return;
        int looks = parts_.plane->clients() == 0 ? empty_looks + 1 : 0;
        if (looks >= kSureAfter) return parts_.finish();
        if (base::read_clocks().mono_ns >= give_up_ns) return drain();
        wait_for_upgrade(give_up_ns, looks);
    });
}

void Departure::drain() {
    drains_ = true;
    parts_.on_drain();
    parts_.plane->drain();
    wait_for_clients(in_ms(parts_.settings().shutdown.client_wait_ms));
}

void Departure::wait_for_clients(std::int64_t give_up_ns) {
    handles_->timer.expires_after(kLookInterval);
    handles_->timer.async_wait([this, give_up_ns](const asio::error_code& error) {
        if (error) return;
        if (parts_.plane->clients() == 0 || base::read_clocks().mono_ns >= give_up_ns)
            return parts_.finish();
        wait_for_clients(give_up_ns);
    });
}

}  // namespace pgsidecar::app
