#include "changes/event_broadcaster.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "changes/column_book.hpp"
#include "changes/events_table.hpp"
#include "changes/notification.hpp"
#include "db/idle_watch.hpp"
#include "db/pg_pipeline.hpp"

namespace pgsidecar::changes {
namespace {

using model::ChangeOrigin;

constexpr std::int64_t kRetryMs = 1'000;
constexpr std::int64_t kLookAgainMs = 60'000;
constexpr std::int64_t kMissingTableMs = 5'000;
constexpr std::int64_t kChoresNs = 60'000'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::string_view kLargestId = "9223372036854775807";

}  // namespace

class EventBroadcaster::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::any_io_executor ex, Options options, Hooks hooks)
        : executor_(std::move(ex)),
          options_(std::move(options)),
          hooks_(std::move(hooks)),
          timer_(executor_),
          watch_(executor_, [this] { wake(); }),
          table_(quoted_table(options_.changes.events_table)) {}

    void set_usable(bool usable) {
        usable_ = usable;
        if (!usable) interrupt();
        wake();
    }
    void start() {
        if (std::exchange(running_, true)) return;
        asio::co_spawn(executor_, run(shared_from_this()), asio::detached);
    }
    void stop(std::function<void()> done) {
        stopping_ = true;
        interrupt();
        wake();
        if (running_) {
            stopped_ = std::move(done);
        } else if (done) {
            done();
        }
    }
    void detach() {
        hooks_ = {};
        listeners.clear();
        stop({});
    }

    std::vector<Listener> listeners;
    std::atomic<std::uint64_t> polls{0}, events{0}, failures{0}, notifications{0}, bad{0};

private:
    static asio::awaitable<void> run(std::shared_ptr<Impl> self) {
        while (!self->stopping_) {
            std::int64_t pause_ms = co_await self->turn();
            if (!self->stopping_ && pause_ms > 0) co_await self->pause(pause_ms);
        }
        self->watch_.end();
        self->pipeline_.reset();
        self->running_ = false;
        if (self->stopped_) std::exchange(self->stopped_, nullptr)();
    }

    /// One step; how long to wait until the next.
    asio::awaitable<std::int64_t> turn() {
        if (!usable_) {
            close();
            report(report_.origin, false);
            co_return kLookAgainMs;
        }
        if (!pipeline_) {
            bool ready = co_await open();
            if (!ready) co_return pause_ms_;
        }
        if (!take_notifications()) co_return kRetryMs;
        co_await do_chores();
        if (rang_ && pipeline_ && !has_table_) co_await begin_reading();
        bool resting = rests();
        if (!has_table_ || !pipeline_ || resting) co_return options_.changes.poll_interval_ms;
        if (hooks_.has_room && !hooks_.has_room()) co_return options_.changes.poll_interval_ms;
        std::int64_t pause_ms = co_await poll();
        // A bell that rang during the poll does not make the socket readable any more.
        if (!take_notifications()) co_return kRetryMs;
        co_return rang_ ? 0 : pause_ms;
    }

    /// Connects, looks what there is, chooses.
    asio::awaitable<bool> open() {
        pause_ms_ = kRetryMs;
        pipeline_ =
            std::make_unique<db::PgPipeline>(executor_, options_.upstream, options_.tls_required);
        auto connected = co_await pipeline_->connect(options_.timeout_ms);
        if (!connected) co_return failed("connect", connected.error());
        bool looked = co_await look_for_table();
        if (!looked) co_return false;
        bool listens = options_.changes.source == config::ChangeSource::Notify;
        if (listens) {
            bool listening = co_await listen();
            if (!listening) co_return false;
        } else if (!has_table_) {
            no_table();
            co_return false;
        }
        if (has_table_) {
            bool placed = co_await find_position();
            if (!placed) co_return false;
        } else if (std::exchange(was_listening_, true)) {
            // What was notified meanwhile is nowhere to be read.
            lose("source-lost");
        }
        columns_.forget();
        bool known = co_await learn_guarded();
        if (!known) co_return false;
        chores_ns_ = base::read_clocks().mono_ns;
        report(listens ? ChangeOrigin::Notify : ChangeOrigin::Poll, true);
        co_return true;
    }

    asio::awaitable<bool> look_for_table() {
        std::vector<db::Value> name{db::Value(table_)};
        auto rows = co_await pipeline_->execute("SELECT pg_catalog.to_regclass($1) IS NOT NULL",
                                                std::move(name), options_.timeout_ms);
        if (!rows) co_return failed("look", rows.error());
        has_table_ = !rows->empty() && rows->rows[0][0] == "t";
        co_return true;
    }

    void no_table() {
        bool falls_back = options_.changes.source == config::ChangeSource::Auto;
        if (!falls_back && !std::exchange(told_missing_, true)) {
            base::log::warn("changes",
                            "The table of events is not there; create it with the SQL "
                            "that `pgsidecar realtime-sql` prints.",
                            {{"table", options_.changes.events_table}});
        }
        close();
        report(falls_back ? ChangeOrigin::Proxy : ChangeOrigin::Poll, falls_back);
        pause_ms_ = falls_back ? kLookAgainMs : kMissingTableMs;
    }

    asio::awaitable<bool> listen() {
        auto channel = pipeline_->quote(options_.changes.notify_channel);
        if (!channel) co_return failed("listen", channel.error());
        const std::vector<db::Value> none;
        auto done = co_await pipeline_->execute("LISTEN " + *channel, none, options_.timeout_ms);
        if (!done) co_return failed("listen", done.error());
        co_return true;
    }

    asio::awaitable<bool> find_position() {
        const std::vector<db::Value> none;
        auto rows =
            co_await pipeline_->execute(std::string(horizon_sql()), none, options_.timeout_ms);
        if (!rows) co_return failed("poll", rows.error());
        if (rows->empty() || !rows->rows[0][0]) co_return false;
        EventPosition horizon{*rows->rows[0][0], std::string(kLargestId)};
        bool went_back = position_ && number_before(horizon.transaction, position_->transaction);
        if (went_back) lose("source-lost");  // another server, or an older state of it
        if (!position_ || went_back) position_ = horizon;
        co_return true;
    }

    /// The table came after the listening began.
    asio::awaitable<void> begin_reading() {
        bool looked = co_await look_for_table();
        if (!looked || !has_table_) co_return;
        bool placed = co_await find_position();
        // Which of its rows are new, nobody knows.
        if (placed) lose("source-lost");
    }

    asio::awaitable<bool> learn_guarded() {
        const std::vector<db::Value> none;
        auto rows =
            co_await pipeline_->execute(std::string(guarded_sql()), none, options_.timeout_ms);
        if (!rows) co_return failed("look", rows.error());
        guarded_.clear();
        for (const auto& row : rows->rows) {
            if (!row.empty() && row[0]) guarded_.insert(*row[0]);
        }
        co_return true;
    }

    asio::awaitable<void> do_chores() {
        if (!pipeline_ || base::read_clocks().mono_ns - chores_ns_ < kChoresNs) co_return;
        chores_ns_ = base::read_clocks().mono_ns;
        columns_.forget();
        bool known = co_await learn_guarded();
        if (!known) co_return;
        report(report_.origin, true);
        if (!has_table_ || options_.changes.events_keep_ms == 0 || cleaning_forbidden_) co_return;
        std::vector<db::Value> age{db::Value(std::to_string(options_.changes.events_keep_ms))};
        auto done =
            co_await pipeline_->execute(cleaning_sql(table_), std::move(age), options_.timeout_ms);
        if (done) co_return;
        cleaning_forbidden_ = true;
        base::log::warn("changes",
                        "Old events cannot be deleted; give DELETE on the table, or set "
                        "changes.events_keep_ms to 0 and delete them yourself.",
                        {{"table", options_.changes.events_table}, {"why", done.error().message}});
        if (!pipeline_->is_open()) close();
    }

    asio::awaitable<std::int64_t> poll() {
        std::vector<db::Value> from{db::Value(position_->transaction), db::Value(position_->id)};
        auto rows =
            co_await pipeline_->execute(page_sql(table_), std::move(from), options_.timeout_ms);
        if (!rows) {
            failed("poll", rows.error());
            co_return kRetryMs;
        }
        polls.fetch_add(1, std::memory_order_relaxed);
        std::vector<model::FeedEvent> found = read_page(*rows, *position_);
        for (auto& event : found) event.origin = report_.origin;
        co_await columns_.describe(*pipeline_, found, options_.timeout_ms);
        if (!found.empty()) hand_out(found);
        if (rows->size() >= kEventPage) co_return 0;
        const auto& changes = options_.changes;
        co_return wanted() ? changes.poll_interval_ms
                           : std::max(changes.poll_interval_ms, changes.poll_idle_ms);
    }

    /// False: the connection is gone.
    bool take_notifications() {
        rang_ = false;
        if (!pipeline_ || report_.origin != ChangeOrigin::Notify) return true;
        if (auto error = pipeline_->idle_input()) return failed("listen", *error);
        std::vector<model::FeedEvent> found;
        for (const auto& one : pipeline_->take_notifications()) {
            notifications.fetch_add(1, std::memory_order_relaxed);
            if (one.payload.empty()) rang_ = true;  // the table has it
            if (one.payload.empty()) continue;
            auto event = read_notification(one.payload, base::read_clocks().wall_us);
            if (event) {
                found.push_back(std::move(*event));
            } else {
                bad.fetch_add(1, std::memory_order_relaxed);
            }
        }
        if (!found.empty()) hand_out(found);
        return true;
    }

    void hand_out(const std::vector<model::FeedEvent>& found) {
        events.fetch_add(found.size(), std::memory_order_relaxed);
        for (const auto& listener : listeners) listener(found);
    }

    bool wanted() const { return hooks_.wanted && hooks_.wanted(); }

    /// Nobody hears and nobody will ask for what was missed: the database is left in peace. When
    /// somebody comes, reading begins at what is new.
    bool rests() {
        std::int64_t now = base::read_clocks().mono_ns;
        if (wanted()) {
            wanted_ns_ = now;
            if (std::exchange(resting_, false)) {
                position_.reset();
                close();
            }
            return resting_;
        }
        if (!wanted_ns_) wanted_ns_ = now;
        resting_ = now - *wanted_ns_ > options_.linger_ms * kNsPerMs;
        return resting_;
    }

    bool failed(std::string_view what, const db::Error& error) {
        failures.fetch_add(1, std::memory_order_relaxed);
        if (usable_ && !stopping_) {
            base::log::warn("changes", "The source of events does not answer; trying again.",
                            {{"step", what}, {"why", error.message}});
        }
        close();
        report(report_.origin, false);
        return false;
    }

    void interrupt() {
        watch_.end();  // before its socket is closed
        if (pipeline_) pipeline_->interrupt();
    }
    void close() {
        watch_.end();
        pipeline_.reset();
    }

    void report(ChangeOrigin origin, bool live) {
        SourceReport next{origin, live, guarded_};
        if (next == report_) return;
        if (next.origin != report_.origin) {
            base::log::info("changes", "The source of events and row changes.",
                            {{"source", model::to_string(origin)}});
        }
        report_ = std::move(next);
        if (hooks_.on_source) hooks_.on_source(report_);
    }

    void lose(std::string_view reason) {
        if (hooks_.on_lost) hooks_.on_lost(reason);
    }

    asio::awaitable<void> pause(std::int64_t pause_ms) {
        if (std::exchange(woken_, false)) co_return;
        bool listens = pipeline_ && report_.origin == ChangeOrigin::Notify;
        if (listens) watch_.begin(pipeline_->socket());
        timer_.expires_after(std::chrono::milliseconds(pause_ms));
        co_await timer_.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
        watch_.end();
        woken_ = false;
    }
    void wake() {
        woken_ = true;
        timer_.cancel();
    }

    asio::any_io_executor executor_;
    Options options_;
    Hooks hooks_;
    asio::steady_timer timer_;
    db::IdleWatch watch_;
    std::string table_;
    std::unique_ptr<db::PgPipeline> pipeline_;
    std::optional<EventPosition> position_;
    std::set<std::string, std::less<>> guarded_;
    ColumnBook columns_;
    SourceReport report_;
    std::int64_t pause_ms_ = kRetryMs, chores_ns_ = 0;
    std::optional<std::int64_t> wanted_ns_;
    bool has_table_ = false, was_listening_ = false, told_missing_ = false;
    bool rang_ = false, cleaning_forbidden_ = false, resting_ = false, woken_ = false;
    bool usable_ = false, running_ = false, stopping_ = false;
    std::function<void()> stopped_;
};

EventBroadcaster::EventBroadcaster(asio::any_io_executor executor, Options options, Hooks hooks)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), std::move(hooks))) {}

EventBroadcaster::~EventBroadcaster() { impl_->detach(); }

void EventBroadcaster::add_listener(Listener listener) {
    impl_->listeners.push_back(std::move(listener));
}

void EventBroadcaster::start() { impl_->start(); }

void EventBroadcaster::set_usable(bool usable) { impl_->set_usable(usable); }

void EventBroadcaster::stop(std::function<void()> done) { impl_->stop(std::move(done)); }

BroadcasterCounts EventBroadcaster::counts() const {
    auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
    return {get(impl_->polls), get(impl_->events), get(impl_->failures), get(impl_->notifications),
            get(impl_->bad)};
}

}  // namespace pgsidecar::changes
