#include "proxy/core/cancel_call.hpp"

#include <utility>

#include "protocol/messages/frontend_encode.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/upstream.hpp"

namespace pgsidecar::proxy {

CancelCall::CancelCall(Plane& plane, Upstream& target, bool abandoned, const base::Now& now)
    : plane_(plane),
      target_(&target),
      started_ns_(now.mono_ns),
      abandoned_(abandoned),
      encrypted_(target.encrypted()) {
    ++target.cancels_in_flight;
    // A server that sent no usable key cannot be asked; the call then ends without having sent
    // anything.
    (void)protocol::append_cancel_request(packet_, target.backend_pid(), target.backend_secret())
        .has_value();
}

void CancelCall::start() { channel_ = plane_.driver().connect(*this); }

// Its statement may have ended meanwhile: nothing is to be cancelled then.
bool CancelCall::over() const {
    return packet_.empty() || (!abandoned_ && (target_ == nullptr || target_->replies().empty()));
}

void CancelCall::on_open(const base::Now& now) {
    if (over()) return give_up(now);
    // The key opens what the connection's TLS protects, so it travels the same way.
    if (!encrypted_) return send(now);
    if (plane_.options().upstream.direct_tls()) return channel_->start_tls();
    std::string request;
    protocol::append_ssl_request(request);
    asked_tls_ = true;
    channel_->send(base::as_bytes(request));
}

void CancelCall::on_bytes(base::Bytes bytes, const base::Now& now) {
    if (!std::exchange(asked_tls_, false)) return;
    if (bytes.size() == 1 && bytes[0] == std::byte{'S'}) return channel_->start_tls();
    give_up(now);
}

void CancelCall::send(const base::Now& now) {
    if (over()) return give_up(now);
    sent_ = true;
    channel_->send(base::as_bytes(packet_));
    plane_.shard().cancels_forwarded.add();
}

void CancelCall::give_up(const base::Now& now) {
    std::exchange(channel_, nullptr)->abort();
    settle(now);
}

void CancelCall::on_closed(const ChannelClosed&, const base::Now& now) {
    channel_ = nullptr;
    settle(now);
}

void CancelCall::tick(const base::Now& now) {
    std::int64_t limit = plane_.settings().pool.cancel_timeout_ms * std::int64_t{1'000'000};
    if (now.mono_ns - started_ns_ < limit) return;
    Pool* pool = target_ != nullptr ? target_->pool() : nullptr;
    plane_.limit_reached(metrics::LimitKind::CancelTimeout, pool != nullptr ? pool->user() : "",
                         pool != nullptr ? pool->database() : "", now);
    if (channel_ != nullptr) std::exchange(channel_, nullptr)->abort();
    if (target_ != nullptr && sent_) target_->tainted = true;
    settle(now);
}

void CancelCall::settle(const base::Now& now) {
    Upstream* target = std::exchange(target_, nullptr);
    plane_.cancel_settled(*this);
    if (target == nullptr || --target->cancels_in_flight > 0 || !target->parked) return;
    target->parked = false;
    if (Pool* pool = target->pool()) pool->released(*target, now);
}

}  // namespace pgsidecar::proxy
