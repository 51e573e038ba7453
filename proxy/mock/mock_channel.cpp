#include "proxy/mock/mock_channel.hpp"

#include <utility>

#include "proxy/mock/mock_database.hpp"

namespace pgsidecar::proxy::mock {

namespace {
constexpr std::size_t kDeliveredBytes = 65'536;
}

MockChannel::MockChannel(MockDatabase& database, ChannelEvents& events, std::int32_t pid)
    : database_(database),
      events_(&events),
      server_(database.check(), database.tables(), database.entropy(), pid) {}

void MockChannel::send(base::Bytes bytes) {
    server_.feed(bytes);
    was_full_ = was_full_ || server_.unread() > database_.buffer_limit();
    schedule();
}

void MockChannel::set_reading(bool on) {
    reading_ = on;
    if (on) schedule();
}

void MockChannel::start_tls() {
    tls_asked_ = true;
    schedule();
}

void MockChannel::abort() {
    events_ = nullptr;
    database_.forget(*this);
}

void MockChannel::schedule() {
    if (events_ == nullptr || std::exchange(scheduled_, true)) return;
    database_.defer([weak = weak_from_this()](const base::Now& now) {
        if (auto self = weak.lock()) self->turn(now);
    });
}

void MockChannel::turn(const base::Now& now) {
    scheduled_ = false;
    if (events_ == nullptr) return;
    if (!std::exchange(open_, true)) events_->on_open(now);
    if (events_ != nullptr && tls_asked_)
        return lose(ChannelClosed::Cause::TlsFailed, "mode mock has no TLS inside", now);
    if (events_ != nullptr && reading_) deliver(now);
}

void MockChannel::deliver(const base::Now& now) {
    std::string out;
    server_.work(out, kDeliveredBytes, now);
    if (!out.empty()) events_->on_bytes(base::as_bytes(out), now);
    if (events_ == nullptr) return;
    if (was_full_ && server_.unread() <= database_.buffer_limit()) {
        was_full_ = false;
        events_->on_drained(now);
    }
    if (events_ == nullptr) return;
    if (server_.hung_up())
        return lose(ChannelClosed::Cause::Eof, "the mock database closed the connection", now);
    if (server_.has_work()) schedule();
}

void MockChannel::lose(ChannelClosed::Cause cause, std::string detail, const base::Now& now) {
    ChannelEvents* events = std::exchange(events_, nullptr);
    ChannelClosed closed{cause, std::move(detail)};
    events->on_closed(closed, now);
    database_.forget(*this);
}

}  // namespace pgsidecar::proxy::mock
