#include "audit/flush_control.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "audit/flush_metrics.hpp"
#include "audit/flush_pg_target.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

namespace pgsidecar::audit {
namespace {

using Ms = std::chrono::milliseconds;

/// How often to look for new entries: soon after the last ones, and otherwise.
constexpr Ms kLookSoon{5}, kLook{50};
constexpr auto kSoonLasts = std::chrono::seconds(2);
/// Entries that are said to wait and could not be read are looked for again after this.
constexpr auto kLookAgain = std::chrono::seconds(1);
constexpr int kMaxDoublings = 10;
constexpr auto kPublishEvery = std::chrono::seconds(1);

/// One more try at once is better than to call the flush blocked: a connection that was kept has
/// gone meanwhile, or somebody else's transaction was in the way.
bool worth_another_try(const db::Error& error) {
    return error.code == model::ErrorCode::ConnReset || error.code == model::ErrorCode::Shutdown ||
           error.sqlstate.starts_with("40");
}

}  // namespace

Flusher::Control::Control(asio::any_io_executor ex, Options options, SpoolReader& spool,
                          OnError on_error, std::shared_ptr<metrics::ProcessCounters> counters,
                          MakeTarget make_target)
    : executor(std::move(ex)),
      options_(std::move(options)),
      spool_(spool),
      announcer_(std::move(on_error)),
      counters_(std::move(counters)),
      make_target_(std::move(make_target)),
      publish_timer_(executor) {}

void Flusher::Control::start() {
    if (started_ || stopping_) return;
    started_ = true;
    add_lane(options_.upstream.database);
    asio::co_spawn(executor, publish(shared_from_this()), asio::detached);
}

void Flusher::Control::add_lane(const std::string& database) {
    for (const auto& other : lanes_) {
        if (other->lane->database() == database) return;
    }
    const bool main = lanes_.empty();
    std::uint64_t start = 0;
    if (!main) {
        start = lanes_.front()->lane->position();
        for (const auto& other : lanes_) start = std::min(start, other->lane->position());
    }
    auto lane = std::make_unique<FlushLane>(executor, database, main, make_target(database, main),
                                            spool_, options_.limits, hooks(), start);
    lanes_.push_back(std::make_shared<Lane>(executor, std::move(lane)));
    ++running_lanes_;
    asio::co_spawn(executor, run(shared_from_this(), lanes_.back()), asio::detached);
}

std::unique_ptr<FlushTarget> Flusher::Control::make_target(const std::string& database,
                                                           bool main) const {
    if (make_target_) return make_target_(database, main);
    config::Upstream upstream = options_.upstream;
    upstream.database = database;
    PgFlushTarget::Options options;
    options.spool_id = spool_.id();
    options.sidecar = options_.sidecar;
    options.create_schema = options_.create_schema;
    options.main = main;
    options.connect_timeout_ms = options_.connect_timeout_ms;
    return std::make_unique<PgFlushTarget>(executor, std::move(upstream), options_.tls_required,
                                           std::move(options));
}

/// The hooks live in lanes that we own and call while run() holds us.
FlushLane::Hooks Flusher::Control::hooks() {
    return {.on_applied = [this](std::uint64_t entries) { count_applied(entries); },
            .on_dead =
                [this](const StoredEntry& stored, const db::Error& why) {
                    counters_->flush_dead.add();
                    announcer_.dead(stored, why, base::read_clocks().wall_us);
                },
            .on_records =
                [this](std::uint64_t applied, std::uint64_t damaged) {
                    counters_->log_records_applied.add(applied);
                    counters_->log_records_damaged.add(damaged);
                },
            .on_other_database = [this](const std::string& database) { add_lane(database); },
            .stopping = [this] { return stopping_ || !usable_; }};
}

asio::awaitable<void> Flusher::Control::run(std::shared_ptr<Control> self, LanePtr lane) {
    while (!self->stopping_) {
        const Work work = self->next_work(*lane);
        lane->last = work;
        if (work == Work::None) {
            self->check_waiters();
            lane->wake.expires_at(self->next_look());
            co_await lane->wake.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
            continue;
        }
        lane->busy = true;
        self->step_began_ = Clock::now();
        self->begin_run(self->step_began_);
        self->show_running();
        FlushLane::End end = FlushLane::End::Stopped;
        if (work == Work::Entries) {
            end = co_await lane->lane->step();
        } else {
            end = co_await lane->lane->copy_records();
        }
        lane->busy = false;
        self->finished(*lane, work, end);
        self->show_running();
    }
    lane->lane->target().close();
    co_await lane->lane->finish();
    --self->running_lanes_;
    self->check_stopped();
}

asio::awaitable<void> Flusher::Control::publish(std::shared_ptr<Control> self) {
    while (!self->stopping_) {
        publish_spool(self->spool_.stats(), *self->counters_);
        // Until the spool has forgotten them, statements wait for writes that are applied.
        if (self->unsettled_ && !self->stopping_) self->settle();
        self->publish_timer_.expires_after(kPublishEvery);
        co_await self->publish_timer_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
}

Flusher::Control::Work Flusher::Control::next_work(const Lane& lane) const {
    const auto now = Clock::now();
    if (!usable_) return Work::None;
    const std::uint64_t accepted = spool_.progress().accepted(),
                        looked = lane.lane->looked_through();
    bool entries = accepted > lane.lane->position() && now >= lane.entries.retry_at;
    if (entries && accepted <= looked) {
        entries = spool_.progress().anything_waits() && now >= lane.look_again_at;
    }
    bool records = lane.lane->is_main() && now >= lane.records_at && now >= lane.records.retry_at &&
                   spool_.stats().records > 0;
    // In turns, so that neither waits for all of the other.
    if (entries && records) records = lane.last != Work::Records;
    if (records) return Work::Records;
    return entries ? Work::Entries : Work::None;
}

Flusher::Control::Clock::time_point Flusher::Control::next_look() const {
    if (!usable_) return Clock::time_point::max();
    const auto now = Clock::now();
    return now + (now < active_until_ || !waiters_.empty() ? kLookSoon : kLook);
}

void Flusher::Control::finished(Lane& lane, Work work, FlushLane::End end) {
    const auto now = Clock::now();
    if (work == Work::Records && end != FlushLane::End::More) {
        lane.records_at = now + Ms(options_.records_interval_ms);
    }
    if (work == Work::Entries) active_until_ = now + kSoonLasts;
    switch (end) {
        case FlushLane::End::More:
        case FlushLane::End::Drained:
            if (work == Work::Entries && end == FlushLane::End::Drained) {
                lane.look_again_at = now + kLookAgain;
                if (!lane.lane->is_main()) lane.lane->target().close();
            }
            recovered(lane, work == Work::Entries ? lane.entries : lane.records);
            break;
        case FlushLane::End::Trouble: in_trouble(lane, work); break;
        case FlushLane::End::Stopped: break;
    }
    settle();
    check_waiters();
}

void Flusher::Control::in_trouble(Lane& lane, Work work) {
    const std::string& database = lane.lane->database();
    const db::Error& error = lane.lane->error();
    // Only we interrupt, and then it is not the flush that is in trouble.
    if (!usable_ || stopping_ || error.code == model::ErrorCode::DbDisconnected) return;
    counters_->flush_failures.add();
    if (error.fate_unknown) {
        base::log::info("flush",
                        "The connection was lost during COMMIT; the ledger will tell whether it "
                        "took effect.",
                        {{"database", database}});
    }
    Attempts& attempts = work == Work::Entries ? lane.entries : lane.records;
    if (++attempts.failures == 1 && worth_another_try(error)) return;
    const int doubled = std::min(attempts.failures - 1, kMaxDoublings);
    attempts.retry_at = Clock::now() + Ms(std::min(options_.retry_ms << doubled,
                                                   std::max(kMaxRetryMs, options_.retry_ms)));
    attempts.blocked = true;
    const std::string what =
        work == Work::Entries ? "Queued writes" : "The operation log's records";
    announcer_.blocked(what, database, error, base::read_clocks().wall_us);
    show_blocked(blocked_sentence(what, database, error) + " " + error.resolution);
}

void Flusher::Control::recovered(Lane& lane, Attempts& attempts) {
    attempts.failures = 0;
    attempts.blocked = false;
    if (anything_blocked()) return;
    announcer_.unblocked(lane.lane->database());
    show_blocked({});
}

bool Flusher::Control::anything_blocked() const {
    return std::ranges::any_of(
        lanes_, [](const auto& lane) { return lane->entries.blocked || lane->records.blocked; });
}

/// The database has changed its mind about being there, so what failed is tried again now.
void Flusher::Control::forgive(Lane& lane) { lane.entries = lane.records = {}; }

/// The spool may forget what all lanes have passed.
void Flusher::Control::settle() {
    std::uint64_t through = lanes_.front()->lane->position();
    for (const auto& lane : lanes_) through = std::min(through, lane->lane->position());
    if (through <= settle_asked_ && !unsettled_) return;
    settle_asked_ = std::max(settle_asked_, through);
    unsettled_ = false;
    spool_.settle(through, [self = shared_from_this(), through](bool forgotten) mutable {
        if (!forgotten) {
            base::log::warn("flush",
                            "Applied writes could not be removed from the spool; the ledger keeps "
                            "them from being applied again. Check the disk of outage.spool_dir.");
        }
        // Moved: the spool may keep its function longer than we are to live.
        const auto where = self->executor;
        asio::post(where, [self = std::move(self), through, forgotten] {
            self->unsettled_ = self->unsettled_ || !forgotten;
            self->settle_answered_ = std::max(self->settle_answered_, through);
            self->check_waiters();
            self->check_stopped();
        });
    });
}

bool Flusher::Control::passed(std::uint64_t target) const {
    return settle_answered_ == settle_asked_ && std::ranges::all_of(lanes_, [&](const auto& lane) {
               return lane->entries.blocked ||
                      std::max(lane->lane->position(), lane->lane->looked_through()) >= target;
           });
}

void Flusher::Control::check_waiters() {
    std::vector<Waiter> ready;
    std::erase_if(waiters_, [&](Waiter& waiter) {
        if (usable_ && !stopping_ && !passed(waiter.target)) return false;
        ready.push_back(std::move(waiter));
        return true;
    });
    for (auto& waiter : ready) waiter.done();
}

void Flusher::Control::set_usable(bool usable) {
    if (usable_ == usable) return;
    usable_ = usable;
    for (const auto& lane : lanes_) {
        forgive(*lane);
        if (usable) continue;
        if (lane->busy) {
            lane->lane->target().interrupt();
        } else {
            lane->lane->target().close();
        }
    }
    if (!usable) show_blocked({});
    wake_all();
    check_waiters();
}

void Flusher::Control::flush_now(std::function<void()> done) {
    if (!started_ || stopping_) {
        done();
        return;
    }
    usable_ = true;
    for (const auto& lane : lanes_) forgive(*lane);
    waiters_.push_back({spool_.progress().accepted(), std::move(done)});
    wake_all();
    check_waiters();
}

void Flusher::Control::look() {
    look_posted = false;
    active_until_ = Clock::now() + kSoonLasts;
    wake_all();
}

void Flusher::Control::wake_all() {
    for (const auto& lane : lanes_) {
        if (!lane->busy) lane->wake.cancel();
    }
}

void Flusher::Control::announce(const DeadLetter& letter) {
    counters_->flush_dead.add();
    db::Error why = model::other_error(letter.message, "", false);
    why.sqlstate = letter.sqlstate;
    announcer_.dead(letter.stored, why, base::read_clocks().wall_us);
}

void Flusher::Control::stop(std::function<void()> done) {
    stopping_ = true;
    stopped_ = done ? std::move(done) : [] {};
    publish_timer_.cancel();
    for (const auto& lane : lanes_) {
        if (lane->busy) lane->lane->target().interrupt();
    }
    wake_all();
    check_waiters();
    check_stopped();
}

/// Nothing under way, and no answer of the spool that would come to nobody.
void Flusher::Control::check_stopped() {
    if (running_lanes_ > 0 || settle_answered_ < settle_asked_ || !stopped_) return;
    std::exchange(stopped_, nullptr)();
}

void Flusher::Control::detach() {
    announcer_.silence();
    waiters_.clear();
    stopped_ = nullptr;
    stopping_ = true;
    publish_timer_.cancel();
    wake_all();
}

void Flusher::Control::begin_run(Clock::time_point now) {
    if (now < active_until_) return;
    run_took_ = {};
    run_applied_ = 0;
}

void Flusher::Control::count_applied(std::uint64_t entries) {
    const auto now = Clock::now();
    counters_->flush_applied.add(entries);
    run_applied_ += entries;
    run_took_ += now - std::exchange(step_began_, now);
    const std::chrono::duration<double> took = run_took_;
    const std::lock_guard lock(status_mutex_);
    status_.applied_total += entries;
    if (took.count() > 0) status_.rate = static_cast<double>(run_applied_) / took.count();
}

void Flusher::Control::show_running() {
    const bool running = std::ranges::any_of(
        lanes_, [](const auto& lane) { return lane->busy && lane->last == Work::Entries; });
    const std::lock_guard lock(status_mutex_);
    status_.running = running;
}

void Flusher::Control::show_blocked(std::string sentence) {
    counters_->flush_blocked.set(sentence.empty() ? 0 : 1);
    const std::lock_guard lock(status_mutex_);
    status_.blocked = std::move(sentence);
}

FlushStatus Flusher::Control::status() const {
    const SpoolStats stats = spool_.stats();
    const std::lock_guard lock(status_mutex_);
    FlushStatus status = status_;
    status.waiting = stats.entries;
    status.dead = stats.dead;
    return status;
}

}  // namespace pgsidecar::audit
