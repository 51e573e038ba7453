#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audit/flush_announcer.hpp"
#include "audit/flusher.hpp"

namespace pgsidecar::audit {

/// The flusher's work on its one thread: which lane does what when, who waits, what is shown.
///
/// Thread: the executor's, but for status(), look_posted and executor. Held by its coroutines, so
/// it outlives the Flusher until they have ended.
class Flusher::Control : public std::enable_shared_from_this<Control> {
public:
    Control(asio::any_io_executor executor, Options options, SpoolReader& spool, OnError on_error,
            std::shared_ptr<metrics::ProcessCounters> counters, MakeTarget make_target);

    void start();
    void set_usable(bool usable);
    void flush_now(std::function<void()> done);
    void look();
    void announce(const DeadLetter& letter);
    void stop(std::function<void()> done);
    void detach();
    FlushStatus status() const;

    const asio::any_io_executor executor;
    std::atomic<bool> look_posted{false};  ///< a call of look() is under way

private:
    using Clock = std::chrono::steady_clock;
    enum class Work : std::uint8_t { None, Entries, Records };
    /// How one kind of work goes in one lane.
    struct Attempts {
        int failures = 0;  ///< in a row
        bool blocked = false;
        Clock::time_point retry_at{};
    };
    struct Lane {
        Lane(const asio::any_io_executor& ex, std::unique_ptr<FlushLane> l)
            : wake(ex), lane(std::move(l)) {}
        asio::steady_timer wake;
        std::unique_ptr<FlushLane> lane;
        bool busy = false;
        Work last = Work::None;
        Attempts entries, records;
        Clock::time_point look_again_at{}, records_at{};
    };
    using LanePtr = std::shared_ptr<Lane>;
    struct Waiter {
        std::uint64_t target;
        std::function<void()> done;
    };

    static asio::awaitable<void> run(std::shared_ptr<Control> self, LanePtr lane);
    static asio::awaitable<void> publish(std::shared_ptr<Control> self);
    void add_lane(const std::string& database);
    FlushLane::Hooks hooks();
    std::unique_ptr<FlushTarget> make_target(const std::string& database, bool main) const;
    Work next_work(const Lane& lane) const;
    Clock::time_point next_look() const;
    void finished(Lane& lane, Work work, FlushLane::End end);
    void in_trouble(Lane& lane, Work work);
    void recovered(Lane& lane, Attempts& attempts);
    void forgive(Lane& lane);
    bool anything_blocked() const;
    void settle();
    void check_waiters();
    void check_stopped();
    bool passed(std::uint64_t target) const;
    void count_applied(std::uint64_t entries);
    void show_running();
    void begin_run(Clock::time_point now);
    void show_blocked(std::string sentence);
    void wake_all();

    Options options_;
    SpoolReader& spool_;
    FlushAnnouncer announcer_;
    std::shared_ptr<metrics::ProcessCounters> counters_;
    MakeTarget make_target_;
    std::vector<LanePtr> lanes_;
    std::size_t running_lanes_ = 0;
    std::vector<Waiter> waiters_;
    std::function<void()> stopped_;
    asio::steady_timer publish_timer_;
    bool started_ = false, usable_ = false, stopping_ = false;
    bool unsettled_ = false;  ///< the spool could not forget what was asked last
    std::uint64_t settle_asked_ = 0, settle_answered_ = 0;
    Clock::time_point active_until_{}, step_began_{};
    Clock::duration run_took_{};  ///< of the flush under way
    std::uint64_t run_applied_ = 0;

    mutable std::mutex status_mutex_;
    FlushStatus status_;
};

}  // namespace pgsidecar::audit
