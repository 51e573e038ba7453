#include "audit/flusher.hpp"

#include <asio/post.hpp>
#include <utility>

#include "audit/flush_control.hpp"

namespace pgsidecar::audit {

Flusher::Options Flusher::Options::from(const config::Settings& settings, config::Upstream upstream,
                                        std::string sidecar) {
    Options options;
    options.upstream = std::move(upstream);
    options.tls_required = settings.database.mode == model::DatabaseMode::Supabase;
    options.sidecar = std::move(sidecar);
    options.limits.batch_entries = static_cast<std::size_t>(settings.outage.flush_batch_entries);
    options.limits.batch_bytes = static_cast<std::size_t>(settings.outage.flush_batch_bytes);
    options.retry_ms = settings.outage.flush_retry_ms;
    options.records_interval_ms = settings.audit.flush_interval_ms;
    options.connect_timeout_ms = settings.pool.connect_timeout_ms;
    options.create_schema = settings.outage.create_schema == config::Toggle::On;
    return options;
}

Flusher::Flusher(asio::any_io_executor executor, Options options, SpoolReader& spool,
                 OnError on_error, std::shared_ptr<metrics::ProcessCounters> counters,
                 MakeTarget make_target)
    : control_(std::make_shared<Control>(std::move(executor), std::move(options), spool,
                                         std::move(on_error), std::move(counters),
                                         std::move(make_target))) {}

Flusher::~Flusher() { control_->detach(); }

void Flusher::start() {
    asio::post(control_->executor, [control = control_] { control->start(); });
}

void Flusher::set_usable(bool usable) {
    asio::post(control_->executor, [control = control_, usable] { control->set_usable(usable); });
}

void Flusher::flush_now(std::function<void()> done) {
    asio::post(control_->executor, [control = control_, done = std::move(done)]() mutable {
        control->flush_now(done);
    });
}

void Flusher::entries_arrived() {
    if (control_->look_posted.exchange(true)) return;
    asio::post(control_->executor, [control = control_] { control->look(); });
}

void Flusher::announce(const DeadLetter& letter) {
    asio::post(control_->executor, [control = control_, letter] { control->announce(letter); });
}

void Flusher::stop(std::function<void()> done) {
    asio::post(control_->executor, [control = control_, done = std::move(done)]() mutable {
        control->stop(std::move(done));
    });
}

FlushStatus Flusher::status() const { return control_->status(); }

}  // namespace pgsidecar::audit
