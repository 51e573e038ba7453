#include "app/outage_desk.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cstdlib>
#include <map>

#include "audit/flush_metrics.hpp"
#include "audit/spool_folder.hpp"
#include "base/crash_point.hpp"
#include "base/log.hpp"

namespace pgsidecar::app {

namespace log = base::log;

namespace {

constexpr auto kSpoolRetry = std::chrono::milliseconds(100);
constexpr auto kProgressInterval = std::chrono::milliseconds(5);

audit::Spool::Options options_from(const config::Settings& settings, std::string folder) {
    const auto& outage = settings.outage;
    audit::Spool::Options options;
    options.folder = std::move(folder);
    options.max_bytes = outage.spool_max_bytes;
    options.max_entries = outage.spool_max_entries;
    options.max_entry_bytes = outage.max_entry_bytes;
    options.disk_reserve_bytes = outage.disk_reserve_bytes;
    options.queue_max_entries = outage.queue_max_entries;
    options.queue_max_age_ms = outage.queue_max_age_ms;
    options.buffer_max_bytes = outage.buffer_max_bytes;
    options.records_max_bytes = settings.audit.spool_max_bytes;
    options.commit_max_entries = outage.commit_max_entries;
    return options;
}

std::map<std::string, std::string> this_environment() {
    std::map<std::string, std::string> environment;
    for (const char* name : {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"}) {
        if (const char* value = std::getenv(name)) environment[name] = value;
    }
    return environment;
}

std::vector<std::string> spooled_tables(const config::Settings& settings) {
    model::OutagePolicy policy;
    (void)model::OutagePolicy::parse(settings.outage.policy, policy);
    return policy.spooled_tables();
}

bool is_mock(const config::Settings& settings) {
    return settings.database.mode == model::DatabaseMode::Mock;
}

}  // namespace

struct OutageDesk::Timer {
    explicit Timer(asio::io_context& control) : timer(control) {}
    asio::steady_timer timer;
};

OutageDesk::OutageDesk(asio::io_context& control, Parts parts)
    : control_(control),
      parts_(std::move(parts)),
      progress_timer_(std::make_unique<Timer>(control)) {
    const auto& settings = *parts_.settings;
    for (int i = 0; i < settings.workers; ++i) outboxes_.push_back(std::make_unique<Outbox>());
    // Without credentials of its own (pass-through) nothing could be applied later.
    if (settings.auth.mode == config::AuthMode::PassThrough) return;
    bool wanted = open_spool();
    // The process that this one takes over from has it until it ends.
    waits_for_spool_ = wanted && !spool_ && settings.upgrade.takeover;
    if (!spool_ && !waits_for_spool_) return;
    if (settings.audit.level != config::AuditLevel::Off) {
        auto append = [this](std::string body, std::uint32_t count,
                             std::function<void(bool)> on_disk) {
            keep_or_append(std::move(body), count, std::move(on_disk));
        };
        log_ = std::make_unique<audit::OperationLog>(settings.audit.level, append, parts_.counters);
    }
    if (!spool_) return;
    make_flush();
    open_ = true;
}

void OutageDesk::make_flush() {
    const auto& settings = *parts_.settings;
    access_ = std::make_unique<audit::SpoolAccess>(*spool_);
    if (is_mock(settings)) return;  // K13: the file is kept, there is nothing to apply it to
    auto options = audit::Flusher::Options::from(settings, parts_.upstream, parts_.sidecar);
    flusher_ = std::make_unique<audit::Flusher>(control_.get_executor(), options, *access_,
                                                parts_.on_error, parts_.counters);
    audit::SchemaWatch::Options watched;
    watched.upstream = parts_.upstream;
    watched.tls_required = options.tls_required;
    watched.tables = spooled_tables(settings);
    watch_ = std::make_unique<audit::SchemaWatch>(
        control_.get_executor(), watched,
        [this](const model::LearnedSchemaPtr& schema) { learned(schema); });
}

void OutageDesk::learned(const model::LearnedSchemaPtr& schema) {
    spool_->remember(*schema);
    plane_->learn(schema);
}

OutageDesk::~OutageDesk() { close(); }

void OutageDesk::close() {
    if (spool_) spool_->close();
}

bool OutageDesk::open_spool() {
    const std::string folder = audit::spool_folder(*parts_.settings, this_environment());
    if (folder.empty()) return false;
    {
        auto options = options_from(*parts_.settings, folder);
        options.on_usable = [](const std::string& problem) {
            if (problem.empty()) {
                log::info("audit", "the spool takes writes again");
            } else {
                log::error("audit", "the spool takes nothing", {{"problem", problem}});
            }
        };
        options.on_dead = [this](const audit::DeadLetter& letter) {
            asio::post(control_, [this, letter] {
                if (flusher_) flusher_->announce(letter);
            });
        };
        options.progress = &progress_;
        std::string problem;
        spool_ = audit::Spool::open(std::move(options), problem);
        std::lock_guard lock(kept_mutex_);
        open_problem_ = std::move(problem);
    }
    if (!spool_ && !parts_.settings->upgrade.takeover) {
        log::error("audit",
                   "there is no spool: nothing can be acknowledged while the database is away",
                   {{"problem", open_problem_}});
    }
    return true;
}

const model::SpoolProgress* OutageDesk::progress() const {
    return spool_ || waits_for_spool_ ? &progress_ : nullptr;
}

std::string OutageDesk::problem() const {
    if (open_) return spool_->stats().problem;
    std::lock_guard lock(kept_mutex_);
    return waits_for_spool_ && !gave_up_ ? std::string() : open_problem_;
}

void OutageDesk::refresh_counters() const {
    audit::SpoolStats stats = open_ ? spool_->stats() : audit::SpoolStats{};
    stats.records_dropped_total += lost_records_;
    if (open_ || waits_for_spool_) audit::publish_spool(stats, *parts_.counters);
}

audit::FlushStatus OutageDesk::status() const {
    return open_ && flusher_ ? flusher_->status() : audit::FlushStatus{};
}

audit::SpoolStats OutageDesk::spool_stats() const {
    return spool_ ? spool_->stats() : audit::SpoolStats{};
}

void OutageDesk::change_dead(std::uint64_t sequence, bool retry, std::function<void(bool)> done) {
    if (!retry) return spool_->discard(sequence, std::move(done));
    spool_->retry(sequence, [this, done = std::move(done)](bool stored) {
        if (stored && flusher_) {
            watch();
            flusher_->entries_arrived();
        }
        done(stored);
    });
}

void OutageDesk::reload(const config::Settings& settings) {
    if (watch_) watch_->set_tables(spooled_tables(settings));
}

void OutageDesk::start() {
    if (spool_) return begin();
    if (!waits_for_spool_) return;
    const auto& settings = *parts_.settings;
    std::int64_t patience_ms = std::int64_t{settings.upgrade.timeout_ms} +
                               settings.upgrade.client_wait_ms + settings.shutdown.client_wait_ms;
    log::info("audit", "the spool is still with the old process; nothing is acknowledged from it");
    open_later(base::read_clocks().mono_ns + patience_ms * 1'000'000);
}

void OutageDesk::open_later(std::int64_t give_up_ns) {
    progress_timer_->timer.expires_after(kSpoolRetry);
    progress_timer_->timer.async_wait([this, give_up_ns](const asio::error_code& error) {
        if (error) return;
        open_spool();
        if (spool_) return spool_is_there();
        if (base::read_clocks().mono_ns < give_up_ns) return open_later(give_up_ns);
        log::error("audit",
                   "there is no spool: nothing can be acknowledged while the database is away",
                   {{"problem", open_problem_}});
        give_kept(false);
    });
}

void OutageDesk::begin() {
    for (const auto& server : spool_->known_servers()) plane_->learn(server);
    for (const auto& schema : spool_->known_schemas()) plane_->learn(schema);
    if (!flusher_) return;
    flusher_->start();
    told_ = spool_->progress().settled();
    if (spool_->progress().anything_waits()) watch();
}

void OutageDesk::watch() {
    if (watching_.exchange(true)) return;
    asio::post(control_, [this] { watch_progress(); });
}

void OutageDesk::watch_progress() {
    progress_timer_->timer.expires_after(kProgressInterval);
    progress_timer_->timer.async_wait([this](const asio::error_code& error) {
        if (error) return;
        std::uint64_t settled = spool_->progress().settled();
        if (settled != told_) {
            told_ = settled;
            plane_->spool_advanced();
        }
        if (spool_->progress().anything_waits()) return watch_progress();
        watching_ = false;
        // An entry may have come between the two.
        if (spool_->progress().anything_waits()) watch();
    });
}

void OutageDesk::set_usable(bool usable) {
    usable_ = usable;
    if (!flusher_) return;
    flusher_->set_usable(usable);
    watch_->set_usable(usable);
}

void OutageDesk::flush_now(std::function<void()> done) {
    if (!flusher_) return done();
    flusher_->flush_now(std::move(done));
}

void OutageDesk::stop(std::function<void()> done) {
    progress_timer_->timer.cancel();
    if (!open_) give_kept(false);
    if (!flusher_) return done();
    watch_->stop([this, done = std::move(done)]() mutable { flusher_->stop(std::move(done)); });
}

void OutageDesk::append(int worker, std::uint64_t token, model::SpoolEntry entry) {
    // Seen to be usable a moment before it is ready for other threads.
    if (!open_) {
        asio::post(control_, [this, worker, token] {
            using Reason = model::SpoolVerdict::Reason;
            answer(worker, token, {Reason::Failed, 0, "the spool is being opened"});
        });
        return;
    }
    spool_->append(std::move(entry), [this, worker, token](const model::SpoolVerdict& verdict) {
        answer(worker, token, verdict);
    });
}

void OutageDesk::answer(int worker, std::uint64_t token, const model::SpoolVerdict& verdict) {
    base::crash_point("acknowledge");
    if (!verdict.stored()) audit::count_verdict(verdict, *parts_.counters);
    Outbox& outbox = *outboxes_[static_cast<std::size_t>(worker)];
    bool tell = false;
    {
        std::lock_guard lock(outbox.mutex);
        outbox.verdicts.emplace_back(token, verdict);
        tell = !std::exchange(outbox.due, true);
    }
    // One wake-up for all that are ready until the worker comes.
    if (!tell) return;
    if (open_ && flusher_) watch();
    if (open_ && flusher_) flusher_->entries_arrived();
    plane_->spooled(worker, [&outbox] {
        std::lock_guard lock(outbox.mutex);
        outbox.due = false;
        return std::exchange(outbox.verdicts, {});
    });
}

void OutageDesk::remember(const model::LearnedServer& server) {
    if (!open_) return;
    spool_->remember(server);
    if (watch_) watch_->add_database(server.database);
}

void OutageDesk::log(std::span<const model::OperationRecord> records,
                     std::function<void(bool)> on_disk) {
    log_->add(records, std::move(on_disk));
}

}  // namespace pgsidecar::app
