#include "realtime/session.hpp"

#include <utility>
#include <variant>

namespace pgsidecar::realtime {
namespace {

constexpr std::size_t kMaxUnprocessed = 32;  // contract 5.8
constexpr int kMaxMalformedInARow = 3;       // contract 5.11, 4400
constexpr std::int64_t kNsPerMs = 1'000'000;

model::HealthEvent no_answer(const Hub& hub, std::int64_t timeout_ms, base::Now now) {
    model::HealthEvent event;
    event.healthy = false;
    event.latency_ms = static_cast<double>(timeout_ms);
    event.mode = hub.status().mode;
    event.timestamp_us = now.wall_us;
    event.connection_id = hub.status().connection_id;
    event.error = "Database operation timed out after " + std::to_string(timeout_ms) + "ms";
    return event;
}

}  // namespace

Session::Session(const Parts& parts, std::string id, std::optional<Identity> identity,
                 base::Now now, std::function<void()> wake)
    : hub_(parts.hub),
      gate_(parts.gate),
      authenticator_(parts.authenticator),
      options_(parts.options),
      id_(std::move(id)),
      wake_(std::move(wake)),
      queue_(options_->queue),
      keep_alive_(options_->ping_interval_ms, options_->silent_timeout_ms, now.mono_ns),
      publish_rate_(options_->publish_burst, options_->publish_per_second, 1'000),
      subscribe_rate_(options_->subscribe_per_second, options_->subscribe_per_second, 1'000),
      presence_rate_(options_->presence_calls, options_->presence_calls,
                     options_->presence_window_ms),
      flood_(options_->flood_close_ms) {
    if (identity) crowded_out_ = !enter(std::move(*identity));
}

Session::~Session() {
    leave_hub();
    if (identity_) hub_.count_subject(identity_->subject, -1);
}

void Session::leave_hub() {
    for (const auto& [name, subscription] : subscriptions_.channels()) {
        hub_.untrack(id_, name);
        for (const std::string& topic : Subscriptions::topics_of(name, subscription))
            hub_.unsubscribe(*this, topic);
    }
    hub_.leave(*this);
}

void Session::open(base::Now now) {
    if (crowded_out_) return refuse_crowd();
    if (!identity_) {
        auth_deadline_ns_ = now.mono_ns + options_->auth_grace_ms * kNsPerMs;
        return;
    }
    hub_.join(*this);
    greeting_deadline_ns_ = now.mono_ns + options_->first_health_timeout_ms * kNsPerMs;
    continue_greeting(now);
}

void Session::continue_greeting(base::Now now) {
    if (!identity_->may("status:read")) return become_ready(now);
    if (hub_.current_status() != greeted_status_) {
        greeted_status_ = hub_.current_status();
        send(greeted_status_);
    }
    if (!hub_.connected()) {
        send(hub_.current_error());
    } else if (hub_.health()) {
        // On the control lane, because session:ready must not overtake it.
        send(health_frame(*hub_.health()));
    } else if (now.mono_ns >= greeting_deadline_ns_) {
        send(health_frame(no_answer(hub_, options_->first_health_timeout_ms, now)));
    } else {
        if (!std::exchange(health_asked_, true))
            gate_.check_health([](const model::HealthEvent&) {});
        return;
    }
    if (hub_.status().mode == model::DatabaseMode::Mock)  // R31
        send(warning_frame("MOCK_MODE", model::kMockModeWarning, now.wall_us));
    become_ready(now);
}

void Session::become_ready(base::Now now) {
    SessionReady ready = options_->ready;
    ready.session_id = id_;
    ready.epoch = hub_.epoch();
    ready.head = hub_.head();
    ready.floor = hub_.ring().floor();
    ready.change_source = model::to_string(hub_.source().origin);
    ready.identity = *identity_;
    send(ready_frame(ready));
    ready_ = true;
    watch_expiry(now);
    if (!identity_->may("status:read")) return;
    subscriptions_.channels().try_emplace(std::string(kDatabaseChannel));
    hub_.subscribe(*this, kDatabaseChannel);
}

void Session::advance(base::Now now) {
    if (close_) return;
    switch (keep_alive_.check(now.mono_ns)) {
        case KeepAlive::Due::Gone:
            return shut_down(make_close(CloseCode::Silent, "nothing heard for too long"));
        case KeepAlive::Due::Ping: ping_due_ = true; break;
        case KeepAlive::Due::Nothing: break;
    }
    if (queue_.too_slow(now.mono_ns, cursor_.has_value())) {
        return shut_down(make_close(CloseCode::SlowConsumer, "slow consumer"));
    }
    if (!identity_) {
        if (now.mono_ns < auth_deadline_ns_) return;
        return shut_down(make_close(CloseCode::Unauthorized, "no token came in time"));
    }
    watch_expiry(now);
    if (close_) return;
    if (!ready_) continue_greeting(now);
    check_waiting(now);
    process_held(now);
}

void Session::receive(std::string text, base::Now now) {
    keep_alive_.heard(now.mono_ns);
    if (close_) return;
    if (!identity_) return receive_first(text, now);
    held_.push_back(std::move(text));
    process_held(now);
}

void Session::receive_binary(base::Now now) {
    keep_alive_.heard(now.mono_ns);
    if (close_) return;
    handle_fault(
        {RequestFault::Kind::Malformed, "Binary frames are not understood; send JSON as text.", {}},
        now);
}

void Session::refuse_oversize() {
    shut_down(
        make_close(CloseCode::TooBig,
                   "message over " + std::to_string(options_->ready.max_message_bytes) + " bytes"));
}

void Session::shut_down(Close close) {
    if (close_) return;
    leave_hub();
    cursor_.reset();
    replay_.reset();
    held_.clear();
    waiting_.clear();
    queue_.drop_feed();
    queue_.push_control(bye_frame(close));
    close_ = std::move(close);
    wake_();
}

bool Session::wants_input() const {
    return !close_ && held_.size() + static_cast<std::size_t>(unanswered_) < kMaxUnprocessed &&
           !queue_.control_full();
}

void Session::process_held(base::Now now) {
    while (ready_ && !close_ && !held_.empty() &&
           static_cast<std::size_t>(unanswered_) < kMaxUnprocessed) {
        std::string text = std::move(held_.front());
        held_.pop_front();
        handle(text, now);
    }
}

void Session::handle(std::string_view text, base::Now now) {
    auto parsed = parse_request(text);
    if (const auto* fault = std::get_if<RequestFault>(&parsed)) return handle_fault(*fault, now);
    malformed_in_a_row_ = 0;
    dispatch(std::get<Request>(parsed), now);
}

void Session::handle_fault(const RequestFault& fault, base::Now now) {
    if (fault.kind == RequestFault::Kind::TooDeep) {
        hub_.counters().count_refusal("MALFORMED");
        return shut_down(make_close(CloseCode::Malformed, "JSON nested too deep"));
    }
    if (fault.kind == RequestFault::Kind::BadField && !fault.id.empty()) {
        malformed_in_a_row_ = 0;
        return refuse(fault.id, {"BAD_REQUEST", fault.message});
    }
    hub_.counters().count_refusal("MALFORMED");
    if (++malformed_in_a_row_ >= kMaxMalformedInARow) {
        return shut_down(make_close(CloseCode::Malformed, "three malformed messages in a row"));
    }
    complain(fault.message, now);
}

void Session::on_publication(const Publication& publication) {
    if (close_ || !ready_) return;  // nothing may come between the frames of the greeting
    switch (publication.lane) {
        case Lane::Control: queue_.push_control(publication.frame); break;
        case Lane::Latest:
            queue_.push_latest(publication.type, publication.channel, publication.depth,
                               publication.frame);
            break;
        case Lane::Data: push_data(publication); break;
    }
    wake_();
}

void Session::on_gap(const StreamGap& gap) {
    if (close_) return;
    cursor_.reset();
    if (replay_) finish_replay();
    queue_.catch_up();
    FeedCounters::add(hub_.counters().gaps);
    if (ready_) send(gap_frame(gap));
}

void Session::on_source_lost(const Frame& warning) {
    if (!ready_) return;
    for (const auto& [channel, subscription] : subscriptions_.channels()) {
        if (hears_source(channel)) return send(warning);
    }
}

bool Session::may_read(std::string_view channel) const {
    return identity_ && identity_->may_read_channel(channel);
}

ClientInfo Session::describe() const {
    return {id_, identity_ ? identity_->subject : std::string(),
            identity_ ? identity_->role : std::string(), subscriptions_.channels().size()};
}

Frame Session::pop() {
    if (!close_) catch_up();
    return queue_.pop();
}

void Session::on_database_changed() {
    if (!ready_) wake_();
}

void Session::send(Frame frame) {
    if (close_) return;
    queue_.push_control(std::move(frame));
    wake_();
}

void Session::reply(const std::string& request_id, std::string_view result_json) {
    if (!request_id.empty()) send(reply_frame(request_id, result_json));
}

void Session::refuse(const std::string& request_id, const RequestError& error) {
    hub_.counters().count_refusal(error.code);
    if (!request_id.empty()) send(refusal_frame(request_id, error));
}

void Session::complain(std::string_view message, base::Now now) {
    send(warning_frame("BAD_REQUEST", message, now.wall_us));
}

}  // namespace pgsidecar::realtime
