#include "realtime/hub.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "realtime/frames.hpp"

namespace pgsidecar::realtime {
namespace {

std::string random_hex(base::Entropy& entropy) {
    std::array<std::byte, 8> bytes{};
    entropy.fill(bytes);
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (std::byte b : bytes) {
        out += kDigits[std::to_integer<std::size_t>(b >> 4)];
        out += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
    }
    return out;
}

bool says_the_same(const model::StatusEvent& a, const model::StatusEvent& b) {
    auto parts = [](const model::StatusEvent& e) {
        return std::tie(e.mode, e.status, e.message, e.connection_id, e.attempt, e.next_retry_ms,
                        e.queued);
    };
    return parts(a) == parts(b);
}

/// Statement errors are news, not the reason why the database is away.
bool concerns_connection(const model::ErrorEvent& event) {
    return event.operation == "connect" || event.operation == "health" ||
           event.operation == "reconnect";
}

model::ErrorEvent unexplained(const model::StatusEvent& status) {
    model::ErrorEvent event;
    event.operation = "connect";
    event.error = "DB_DISCONNECTED";
    event.recoverable = true;
    event.timestamp_us = status.timestamp_us;
    switch (status.status) {
        case model::ConnectionStatus::Connecting:
            event.message = "The database is not connected yet; an attempt is under way.";
            event.resolution = "Wait for the next database:status.";
            break;
        case model::ConnectionStatus::Disconnected:
        case model::ConnectionStatus::Connected:
        case model::ConnectionStatus::Error:
            event.message = status.message.value_or("The database is not connected.");
            event.resolution = "Send database:reconnect to connect again.";
            break;
    }
    return event;
}

void erase(std::vector<Subscriber*>& list, Subscriber& subscriber) {
    list.erase(std::remove(list.begin(), list.end(), &subscriber), list.end());
}

}  // namespace

Hub::Hub(model::DatabaseMode mode, int operation_frames_per_second, base::Entropy& entropy,
         std::int64_t wall_us)
    : epoch_(random_hex(entropy)),
      sampler_(operation_frames_per_second),
      operations_depth_(static_cast<std::size_t>(std::max(operation_frames_per_second, 1))) {
    channels_.emplace(kDatabaseChannel, std::vector<Subscriber*>());
    channels_.emplace(kOperationsChannel, std::vector<Subscriber*>());
    model::StatusEvent first;
    first.mode = mode;
    first.timestamp_us = wall_us;
    enter_status(first);
}

void Hub::enter_status(const model::StatusEvent& event) {
    status_ = event;
    status_seq_ = ++head_;
    status_frame_ = status_frame(status_, status_seq_);
}

bool Hub::connected() const { return status_.status == model::ConnectionStatus::Connected; }

void Hub::publish_status(const model::StatusEvent& event) {
    if (says_the_same(event, status_)) return;
    bool was_connected = connected();
    enter_status(event);
    if (connected()) error_.reset();
    // An old result says nothing about a new connection: a newcomer waits for the next (K15).
    if (connected() && !was_connected) health_.reset();
    database_changed();
    deliver({Lane::Control, "database:status", kDatabaseChannel, status_seq_, 1, status_frame_});
}

void Hub::publish_error(const model::ErrorEvent& event) {
    Seq seq = ++head_;
    if (concerns_connection(event)) {
        error_ = event;
        error_seq_ = seq;
        database_changed();
    }
    if (subscribers(kDatabaseChannel) == 0) return;
    deliver({Lane::Control, "database:error", kDatabaseChannel, seq, 1, error_frame(event, seq)});
}

void Hub::publish_health(const model::HealthEvent& event) {
    remember_health(event);
    if (subscribers(kDatabaseChannel) == 0) return;
    deliver({Lane::Latest, "database:health", kDatabaseChannel, 0, 1, health_frame(event)});
}

void Hub::remember_health(const model::HealthEvent& event) {
    health_ = event;
    database_changed();
}

void Hub::publish_operations(std::span<const model::DatabaseOperation> batch,
                             std::int64_t mono_ns) {
    if (batch.empty() || subscribers(kOperationsChannel) == 0) return;
    OperationSampler::Choice choice = sampler_.choose(batch, mono_ns);
    for (std::size_t index : choice.picked) {
        Frame frame = operation_frame(batch[index], std::exchange(choice.skipped, 0));
        deliver({Lane::Latest, "operation", kOperationsChannel, 0, operations_depth_,
                 std::move(frame)});
    }
}

void Hub::join(Subscriber& subscriber) { joined_.push_back(&subscriber); }

void Hub::leave(Subscriber& subscriber) {
    erase(joined_, subscriber);
    for (auto& [name, list] : channels_) erase(list, subscriber);
    note_subscriptions();
}

void Hub::note_subscriptions() {
    wants_operations_.store(subscribers("database:operations") != 0, std::memory_order_release);
}

void Hub::subscribe(Subscriber& subscriber, std::string_view channel) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    auto& list = found->second;
    if (std::find(list.begin(), list.end(), &subscriber) == list.end()) list.push_back(&subscriber);
    note_subscriptions();
}

bool Hub::unsubscribe(Subscriber& subscriber, std::string_view channel) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) return false;
    std::size_t before = found->second.size();
    erase(found->second, subscriber);
    note_subscriptions();
    return found->second.size() != before;
}

bool Hub::has_channel(std::string_view channel) const {
    return channels_.find(channel) != channels_.end();
}

std::size_t Hub::subscribers(std::string_view channel) const {
    auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second.size();
}

Frame Hub::current_error() const {
    if (!error_) return error_frame(unexplained(status_), 0);
    return error_frame(*error_, error_seq_ > status_seq_ ? error_seq_ : 0);
}

void Hub::deliver(const Publication& publication) {
    auto found = channels_.find(publication.channel);
    if (found == channels_.end()) return;
    for (Subscriber* subscriber : found->second) subscriber->on_publication(publication);
}

void Hub::database_changed() {
    for (Subscriber* subscriber : joined_) subscriber->on_database_changed();
}

}  // namespace pgsidecar::realtime
