#include "realtime/hub.hpp"

#include <algorithm>
#include <array>
#include <iterator>
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

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(','), text.size());
        std::string name(text.substr(0, end));
        std::erase(name, ' ');
        if (!name.empty()) out.push_back(std::move(name));
        text.remove_prefix(std::min(end + 1, text.size()));
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

HubOptions hub_options(const config::Settings& settings) {
    const auto& feed = settings.feed;
    HubOptions out;
    out.mode = settings.database.mode;
    out.operation_frames_per_second = settings.http.operation_frames_per_second;
    out.channels = feed.channels;
    out.replay.messages = static_cast<std::size_t>(feed.replay_max_messages);
    out.replay.bytes = static_cast<std::size_t>(feed.replay_max_bytes);
    out.replay.age_ms = feed.replay_max_age_ms;
    out.replay_broadcast = feed.replay_broadcast == config::Toggle::On;
    out.max_presences = static_cast<std::size_t>(feed.max_presences);
    out.hidden_columns = settings.changes.hidden_columns;
    return out;
}

Hub::Hub(const HubOptions& options, base::Entropy& entropy, base::Now now)
    : entropy_(entropy),
      names_(options.channels),
      hidden_columns_(split_names(options.hidden_columns)),
      replay_broadcast_(options.replay_broadcast),
      max_presences_(options.max_presences),
      epoch_(random_hex(entropy)),
      now_ns_(now.mono_ns),
      wall_us_(now.wall_us),
      ring_(options.replay),
      sampler_(options.operation_frames_per_second),
      operations_depth_(
          static_cast<std::size_t>(std::max(options.operation_frames_per_second, 1))) {
    model::StatusEvent first;
    first.mode = options.mode;
    first.timestamp_us = now.wall_us;
    enter_status(first);
}

void Hub::enter_status(const model::StatusEvent& event) {
    status_ = event;
    status_seq_ = ++head_;
    status_frame_ = status_frame(status_, status_seq_);
    keep({FeedItem::Kind::Database, status_seq_, std::string(kDatabaseChannel), status_frame_},
         status_frame_->size());
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
    Frame frame = error_frame(event, seq);
    keep({FeedItem::Kind::Database, seq, std::string(kDatabaseChannel), frame}, frame->size());
    deliver({Lane::Control, "database:error", kDatabaseChannel, seq, 1, frame});
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

const FeedItem& Hub::keep(FeedItem item, std::size_t bytes) {
    latest_item_ = std::make_shared<const FeedItem>(std::move(item));
    ring_.add(latest_item_, bytes, now_ns_);
    return *latest_item_;
}

void Hub::join(Subscriber& subscriber) { joined_.push_back(&subscriber); }

void Hub::leave(Subscriber& subscriber) {
    erase(joined_, subscriber);
    if (subscriber.subscribed_ == 0) return;
    for (auto it = channels_.begin(); it != channels_.end();) {
        erase(it->second, subscriber);
        it = it->second.empty() ? channels_.erase(it) : std::next(it);
    }
    subscriber.subscribed_ = 0;
    note_subscriptions();
}

void Hub::note_subscriptions() {
    wants_operations_.store(subscribers(kOperationsChannel) != 0, std::memory_order_release);
    std::size_t others = 0;
    for (std::string_view name : {kDatabaseChannel, kOperationsChannel}) {
        if (channels_.find(name) != channels_.end()) ++others;
    }
    wants_changes_.store(channels_.size() > others, std::memory_order_release);
}

void Hub::subscribe(Subscriber& subscriber, std::string_view channel) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) found = channels_.try_emplace(std::string(channel)).first;
    auto& list = found->second;
    if (std::find(list.begin(), list.end(), &subscriber) == list.end()) {
        list.push_back(&subscriber);
        ++subscriber.subscribed_;
    }
    note_subscriptions();
}

bool Hub::unsubscribe(Subscriber& subscriber, std::string_view channel) {
    auto found = channels_.find(channel);
    if (found == channels_.end()) return false;
    std::size_t before = found->second.size();
    erase(found->second, subscriber);
    bool was = found->second.size() != before;
    if (was) --subscriber.subscribed_;
    if (found->second.empty()) channels_.erase(found);
    note_subscriptions();
    return was;
}

std::size_t Hub::subscribers(std::string_view channel) const {
    auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second.size();
}

std::vector<ClientInfo> Hub::clients() const {
    std::vector<ClientInfo> out;
    for (const Subscriber* subscriber : joined_) out.push_back(subscriber->describe());
    return out;
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

void Hub::lose_source(std::string_view reason) {
    StreamGap gap{reason, {}, ring_.floor(), head_};
    epoch_ = random_hex(entropy_);
    ring_.clear(head_);
    gap.epoch = epoch_;
    for (Subscriber* subscriber : joined_) subscriber->on_gap(gap);
}

}  // namespace pgsidecar::realtime
