#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "model/database_operation.hpp"
#include "model/events.hpp"
#include "realtime/frame.hpp"
#include "realtime/operation_sampler.hpp"
#include "realtime/send_queue.hpp"

namespace pgsidecar::realtime {

/// One frame on its way to the subscribers of a channel.
struct Publication {
    Lane lane = Lane::Control;
    std::string_view type;
    std::string_view channel;
    Seq seq = 0;
    std::size_t depth = 1;  ///< latest lane: how many may wait
    Frame frame;
};

/// Who hears the hub: one per client. Must not join, leave or subscribe inside these calls.
class Subscriber {
public:
    virtual ~Subscriber() = default;
    virtual void on_publication(const Publication& publication) = 0;
    /// Status, health or last error of the database changed. Called before the publication of that
    /// change.
    virtual void on_database_changed() = 0;
};

/// The feed: numbers what is sequenced, keeps what a newcomer must hear first, hands frames to
/// subscribers.
///
/// Frames are encoded once, and only when somebody listens. Thread: one, the owner's; other threads
/// post to it. Subscribers must leave() before they die.
class Hub {
public:
    /// mode: of the status a subscriber hears before the first publish_status(), which is
    /// `connecting`.
    Hub(model::DatabaseMode mode, int operation_frames_per_second, base::Entropy& entropy,
        std::int64_t wall_us);

    /// A status that says what the one before said is not repeated (contract 5.3).
    void publish_status(const model::StatusEvent& event);
    void publish_error(const model::ErrorEvent& event);
    void publish_health(const model::HealthEvent& event);
    /// A check that somebody asked for: newcomers hear it, subscribers do not.
    void remember_health(const model::HealthEvent& event);
    void publish_operations(std::span<const model::DatabaseOperation> batch, std::int64_t mono_ns);

    void join(Subscriber& subscriber);
    void leave(Subscriber& subscriber);
    /// Idempotent. The caller has checked that the channel exists.
    void subscribe(Subscriber& subscriber, std::string_view channel);
    /// False: it was not subscribed.
    bool unsubscribe(Subscriber& subscriber, std::string_view channel);
    bool has_channel(std::string_view channel) const;

    const std::string& epoch() const { return epoch_; }
    Seq head() const { return head_; }
    bool connected() const;
    const model::StatusEvent& status() const { return status_; }
    const std::optional<model::HealthEvent>& health() const { return health_; }
    const std::optional<model::ErrorEvent>& error() const { return error_; }
    std::size_t subscribers() const { return joined_.size(); }
    std::size_t subscribers(std::string_view channel) const;
    /// Whether anybody hears database:operations. Thread: any; true as soon as subscribe() returns.
    bool wants_operations() const { return wants_operations_.load(std::memory_order_acquire); }

    /// The current status with the seq it was published under.
    Frame current_status() const { return status_frame_; }
    /// R12, K16: why the database is not there; never null. Carries its seq only when that is above
    /// the status's, because seq rises on a socket.
    Frame current_error() const;

private:
    void note_subscriptions();
    void deliver(const Publication& publication);
    void database_changed();
    void enter_status(const model::StatusEvent& event);

    std::string epoch_;
    Seq head_ = 0;
    model::StatusEvent status_;
    Seq status_seq_ = 0;
    Frame status_frame_;
    std::optional<model::HealthEvent> health_;
    std::optional<model::ErrorEvent> error_;
    Seq error_seq_ = 0;
    OperationSampler sampler_;
    std::size_t operations_depth_;
    std::atomic<bool> wants_operations_{false};
    std::vector<Subscriber*> joined_;
    std::map<std::string, std::vector<Subscriber*>, std::less<>> channels_;
};

}  // namespace pgsidecar::realtime
