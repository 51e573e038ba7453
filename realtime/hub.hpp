#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "config/settings.hpp"
#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "model/feed_event.hpp"
#include "realtime/channel_names.hpp"
#include "realtime/feed_counters.hpp"
#include "realtime/frame.hpp"
#include "realtime/operation_sampler.hpp"
#include "realtime/presence.hpp"
#include "realtime/replay_ring.hpp"
#include "realtime/subscriber.hpp"

namespace pgsidecar::realtime {

struct HubOptions {
    model::DatabaseMode mode = model::DatabaseMode::Local;
    int operation_frames_per_second = 50;
    std::string channels = config::Settings::Feed().channels;
    ReplayRing::Limits replay = {};
    bool replay_broadcast = false;
    std::size_t max_presences = 1'000;
    std::string hidden_columns = {};
};

HubOptions hub_options(const config::Settings& settings);

/// Where events and row changes come from, as it is now.
struct SourceState {
    model::ChangeOrigin origin = model::ChangeOrigin::None;
    bool live = false;
    bool sees_rows = false;  ///< false: filters cannot be evaluated
    /// "schema.table" of tables with row level security: not for everybody (R147).
    std::set<std::string, std::less<>> guarded_tables = {};

    friend bool operator==(const SourceState&, const SourceState&) = default;
};

/// The feed: numbers what is sequenced, keeps what a newcomer must hear first and what a returning
/// one missed, hands frames to subscribers.
///
/// Frames are encoded once, and only when somebody listens or may ask for them later. Thread: one,
/// the owner's; other threads post to it. Subscribers must leave() before they die.
class Hub {
public:
    /// The status a subscriber hears before the first publish_status() is `connecting`.
    Hub(const HubOptions& options, base::Entropy& entropy, base::Now now);

    /// Several times a second: ages the replay ring, sends the presence diffs that were held back.
    void tick(base::Now now);

    /// A status that says what the one before said is not repeated (contract 5.3).
    void publish_status(const model::StatusEvent& event);
    void publish_error(const model::ErrorEvent& event);
    void publish_health(const model::HealthEvent& event);
    /// A check that somebody asked for: newcomers hear it, subscribers do not.
    void remember_health(const model::HealthEvent& event);
    void publish_operations(std::span<const model::DatabaseOperation> batch, std::int64_t mono_ns);
    /// What is not fit to be sent is counted and dropped.
    void publish_event(const model::FeedEvent& event);
    /// To a room; sender: the session that publishes it, empty for others.
    void broadcast(std::string_view room, const BroadcastText& text, std::string_view sender);
    /// R117: to every client, whatever it is subscribed to; as `broadcast` on channel `*`.
    void broadcast_to_all(const BroadcastText& text);
    /// R118. element: a JSON object with type and id. False: it is not, or the action is unknown.
    bool broadcast_inbox_event(std::string_view recipient, std::string_view action,
                               std::string_view element, std::int64_t wall_us);

    void set_source(SourceState state);
    const SourceState& source() const { return source_; }
    /// There is one, and it does not answer.
    bool source_is_away() const;
    Frame source_warning() const;
    /// What the source reported may have holes: a new epoch and a gap for everybody.
    void lose_source(std::string_view reason);

    void join(Subscriber& subscriber);
    /// Cheap for who has unsubscribed from all before: otherwise everybody's channels are searched.
    void leave(Subscriber& subscriber);
    /// Idempotent. The caller has checked that the channel exists and may be read.
    void subscribe(Subscriber& subscriber, std::string_view channel);
    /// False: it was not subscribed.
    bool unsubscribe(Subscriber& subscriber, std::string_view channel);
    const ChannelNames& names() const { return names_; }

    /// session: who it is about. False: the room is full.
    bool track(const std::string& session, const std::string& room, const std::string& key,
               std::string_view meta);
    bool untrack(const std::string& session, std::string_view room);
    std::string presence_json(std::string_view room) const;

    const std::string& epoch() const { return epoch_; }
    Seq head() const { return head_; }
    const ReplayRing& ring() const { return ring_; }
    bool connected() const;
    const model::StatusEvent& status() const { return status_; }
    const std::optional<model::HealthEvent>& health() const { return health_; }
    const std::optional<model::ErrorEvent>& error() const { return error_; }
    /// How many clients have this subject, and one more or one less.
    int sockets_of(std::string_view subject) const;
    void count_subject(const std::string& subject, int change);
    /// R119.
    std::size_t client_count() const { return joined_.size(); }
    std::vector<ClientInfo> clients() const;
    std::size_t subscribers(std::string_view channel) const;
    /// Whether anybody hears database:operations. Thread: any; true as soon as subscribe() returns.
    bool wants_operations() const { return wants_operations_.load(std::memory_order_acquire); }
    /// Whether anybody hears events or row changes. Thread: any.
    bool wants_changes() const { return wants_changes_.load(std::memory_order_acquire); }
    FeedCounters& counters() { return counters_; }
    const FeedCounters& counters() const { return counters_; }

    /// The current status with the seq it was published under.
    Frame current_status() const { return status_frame_; }
    /// R12, K16: why the database is not there; never null. Carries its seq only when that is above
    /// the status's, because seq rises on a socket.
    Frame current_error() const;

private:
    void note_subscriptions();
    void deliver(const Publication& publication);
    void deliver_event(const Publication& publication);
    void deliver_to(const std::vector<Subscriber*>& list, const Publication& publication,
                    bool check_rights);
    void database_changed();
    void enter_status(const model::StatusEvent& event);
    const FeedItem& keep(FeedItem item, std::size_t bytes);
    bool publish_element(const model::FeedEvent& event);
    bool publish_change(const model::FeedEvent& event);
    bool is_hidden(std::string_view schema, std::string_view table, std::string_view column) const;
    void hide(RowImage& row, std::string_view schema, std::string_view table) const;
    void hide(model::FeedEvent& event) const;
    void send_diff(const std::string& room);

    base::Entropy& entropy_;
    ChannelNames names_;
    std::vector<std::string> hidden_columns_;
    bool replay_broadcast_;
    std::size_t max_presences_;
    FeedCounters counters_;
    std::string epoch_;
    Seq head_ = 0;
    std::int64_t now_ns_ = 0, wall_us_ = 0;
    ReplayRing ring_;
    std::shared_ptr<const FeedItem> latest_item_;
    SourceState source_;
    model::StatusEvent status_;
    Seq status_seq_ = 0;
    Frame status_frame_;
    std::optional<model::HealthEvent> health_;
    std::optional<model::ErrorEvent> error_;
    Seq error_seq_ = 0;
    OperationSampler sampler_;
    std::size_t operations_depth_;
    std::atomic<bool> wants_operations_{false}, wants_changes_{false};
    std::vector<Subscriber*> joined_;
    std::map<std::string, std::vector<Subscriber*>, std::less<>> channels_;
    std::uint64_t delivery_ = 0;
    struct Room {
        Presence presence;
        std::int64_t diff_sent_ns = -1;
    };
    std::map<std::string, Room, std::less<>> rooms_;
    std::set<std::string> held_diffs_;
    std::map<std::string, int, std::less<>> subjects_;
    std::uint64_t refs_ = 0;
};

}  // namespace pgsidecar::realtime
