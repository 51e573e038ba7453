#include "app/admin_desk.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <utility>

#include "app/kill_client.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/settings_table.hpp"
#include "proxy/admin/rows.hpp"
#include "proxy/core/plane.hpp"

namespace pgsidecar::app {

namespace admin = proxy::admin;
namespace log = base::log;

using admin::Answer;
using admin::Detail;
using admin::Subject;
using admin::Verb;

namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(10);
constexpr std::string_view kNoSuchDatabase = "3D000", kWrongState = "55000", kCanceled = "57014",
                           kNotSupported = "0A000", kNoSuchClient = "08003",
                           kBadConfiguration = "F0000", kStopping = "57P03";

std::string all_or(const std::string& database) {
    return database.empty() ? "All databases are" : "Database \"" + database + "\" is";
}

/// Connections that PAUSE still has to wait for.
bool anything_open(const proxy::DataPlane::Facts& facts, const admin::Paused& paused) {
    for (const auto& worker : facts) {
        for (const auto& pool : worker.pools) {
            if (paused.holds(pool.database) && pool.active + pool.idle + pool.login > 0)
                return true;
        }
    }
    return false;
}

}  // namespace

struct AdminDesk::Waiting {
    Waiting(asio::io_context& control, Caller asks, std::string of)
        : timer(control), caller(asks), database(std::move(of)) {}
    asio::steady_timer timer;
    Caller caller;
    std::string database;
    std::int64_t give_up_ns = 0;  ///< 0: never
};

AdminDesk::AdminDesk(asio::io_context& control) : control_(control) {}
AdminDesk::~AdminDesk() = default;

void AdminDesk::start(Parts parts) { parts_ = std::move(parts); }

void AdminDesk::stop() {
    stopped_ = true;
    if (waiting_) give_up_pause(std::string(kStopping), "pgsidecar is shutting down.");
}

void AdminDesk::ask(int worker, std::uint64_t token, admin::Request request) {
    asio::post(control_, [this, caller = Caller{worker, token}, request = std::move(request)] {
        if (stopped_) {
            answer(caller, Answer::refused(kStopping, "pgsidecar is shutting down."));
        } else {
            carry_out(caller, request);
        }
    });
}

void AdminDesk::cancel(int worker, std::uint64_t token) {
    asio::post(control_, [this, caller = Caller{worker, token}] {
        if (waiting_ && waiting_->caller == caller)
            give_up_pause(std::string(kCanceled), "PAUSE was cancelled and is taken back.");
    });
}

void AdminDesk::answer(const Caller& caller, Answer made) const {
    const auto most = static_cast<std::size_t>(settings().admin.max_rows);
    if (made.rows.size() > most) {
        made.notices.push_back("Only " + std::to_string(most) + " of " +
                               std::to_string(made.rows.size()) +
                               " rows are shown (admin.max_rows).");
        made.rows.resize(most);
    }
    parts_.plane->console_answered(caller.worker, caller.token, std::move(made));
}

void AdminDesk::answer_rows(const Caller& caller, std::vector<admin::Row> rows) const {
    Answer made;
    made.rows = std::move(rows);
    answer(caller, std::move(made));
}

void AdminDesk::carry_out(const Caller& caller, const admin::Request& request) {
    const admin::Command& command = request.command;
    if (command.changes()) {
        log::info("console", "command",
                  {{"command", command.tag},
                   {"database", command.name},
                   {"user", request.user},
                   {"client", request.client}});
    }
    switch (command.verb) {
        case Verb::Show: return show(caller, command.subject);
        case Verb::Pause: return pause(caller, command.name);
        case Verb::Resume: return resume(caller, command.name);
        case Verb::Reconnect: return reconnect(caller, command.name);
        case Verb::Kill: return kill(caller, command.client);
        case Verb::Reload: return reload(caller);
        case Verb::Nothing:
        case Verb::SelectOne:
        case Verb::Parameter: break;
    }
    answer(caller, {});
}

// ---- SHOW

void AdminDesk::gather(admin::Detail detail, std::function<void(const Facts&)> then) {
    parts_.plane->gather(detail, [this, then = std::move(then)](Facts facts) {
        asio::post(control_, [this, then, facts = std::move(facts)] {
            if (!stopped_) then(facts);
        });
    });
}

void AdminDesk::show(const Caller& caller, Subject subject) {
    switch (subject) {
        case Subject::Stats: return answer_rows(caller, admin::stats_rows(parts_.plane->shards()));
        case Subject::Config:
            return answer_rows(caller, admin::config_rows(parts_.reloader->present()));
        case Subject::Version: return answer_rows(caller, {{parts_.version}});
        case Subject::Operations: return answer_rows(caller, operation_rows());
        case Subject::Queue: return answer_rows(caller, queue_rows());
        default: break;
    }
    gather(Detail::Everything, [this, caller, subject](const Facts& facts) {
        answer_rows(caller, rows_of(subject, facts));
    });
}

std::vector<admin::Row> AdminDesk::rows_of(Subject subject, const Facts& facts) const {
    const std::string mode = config::find_setting("pool.mode")->field.read(settings());
    switch (subject) {
        case Subject::Pools: return admin::pool_rows(facts, mode);
        case Subject::Clients: return admin::client_rows(facts);
        case Subject::Servers: return admin::server_rows(facts);
        case Subject::Prepared: return admin::prepared_rows(facts);
        case Subject::Pins: return admin::pin_rows(facts);
        default: break;
    }
    admin::DatabaseFacts main;
    main.name = parts_.upstream.database;
    if (!parts_.upstream.hosts.empty()) {
        main.host = parts_.upstream.hosts.front().host;
        main.port = parts_.upstream.hosts.front().port;
    }
    main.pool_size = settings().database.pool_size;
    main.pool_mode = mode;
    main.paused = paused_.holds(main.name);
    main.status = std::string(model::to_string(parts_.supervisor->connection().status));
    return admin::database_rows(facts, main);
}

std::vector<admin::Row> AdminDesk::operation_rows() const {
    realtime::OperationFilter filter;
    filter.limit = static_cast<std::size_t>(settings().admin.max_rows);
    return admin::operation_rows(parts_.feed->find(filter));
}

std::vector<admin::Row> AdminDesk::queue_rows() const {
    const audit::SpoolStats spool = parts_.outage->spool_stats();
    const audit::FlushStatus flush = parts_.outage->status();
    admin::QueueFacts queue;
    queue.waiting = spool.entries;
    queue.bytes = spool.bytes;
    queue.dead = spool.dead;
    queue.applied = flush.applied_total;
    queue.records = spool.records;
    queue.record_bytes = spool.record_bytes;
    if (spool.oldest_us > 0) {
        queue.oldest_age_ms =
            std::max<std::int64_t>(0, base::read_clocks().wall_us - spool.oldest_us) / 1'000;
    }
    queue.flushing = flush.running;
    queue.rate = flush.rate;
    queue.blocked = flush.blocked;
    queue.problem = parts_.outage->problem();
    return admin::queue_rows(queue);
}

// ---- PAUSE, RESUME

void AdminDesk::with_database(const Caller& caller, const std::string& name,
                              std::function<void()> then) {
    if (name.empty() || name == parts_.upstream.database || paused_.databases.contains(name))
        return then();
    gather(Detail::Pools, [this, caller, name, then = std::move(then)](const Facts& facts) {
        for (const auto& worker : facts) {
            for (const auto& pool : worker.pools) {
                if (pool.database == name) return then();
            }
        }
        answer(caller, Answer::refused(kNoSuchDatabase, "No client uses a database of that name.",
                                       "SHOW DATABASES lists them; a name with other signs than "
                                       "small letters, digits and _ needs double quotes."));
    });
}

void AdminDesk::pause(const Caller& caller, const std::string& database) {
    if (settings().auth.mode == config::AuthMode::PassThrough) {
        return answer(
            caller,
            Answer::refused(kNotSupported, "With auth.mode pass-through there is no pool to pause.",
                            "KILL ends single clients."));
    }
    with_database(caller, database, [this, caller, database] {
        if (waiting_)
            return answer(caller, Answer::refused(kWrongState, "Another PAUSE still waits."));
        if (paused_.all || paused_.databases.contains(database)) {
            return answer(caller,
                          Answer::refused(kWrongState, all_or(database) + " paused already.",
                                          "RESUME ends it."));
        }
        if (database.empty()) {
            paused_.all = true;
        } else {
            paused_.databases.insert(database);
        }
        waiting_ = std::make_unique<Waiting>(control_, caller, database);
        if (std::int64_t wait_ms = settings().admin.pause_wait_ms; wait_ms > 0)
            waiting_->give_up_ns = base::read_clocks().mono_ns + wait_ms * 1'000'000;
        spread_paused();
        gather(Detail::Pools, [this](const Facts& facts) { look_at_pause(facts); });
    });
}

void AdminDesk::watch_pause() {
    waiting_->timer.expires_after(kLookInterval);
    waiting_->timer.async_wait([this](const asio::error_code& error) {
        if (!error) gather(Detail::Pools, [this](const Facts& facts) { look_at_pause(facts); });
    });
}

void AdminDesk::look_at_pause(const Facts& facts) {
    if (!waiting_) return;  // given up meanwhile
    admin::Paused asked{waiting_->database.empty(), {waiting_->database}};
    if (!anything_open(facts, asked)) {
        auto done = std::move(waiting_);
        log::info("console", "paused", {{"database", done->database}});
        return answer(done->caller, {});
    }
    if (waiting_->give_up_ns > 0 && base::read_clocks().mono_ns >= waiting_->give_up_ns) {
        return give_up_pause(std::string(kCanceled),
                             "Transactions went on for longer than admin.pause_wait_ms; PAUSE is "
                             "taken back.");
    }
    watch_pause();
}

void AdminDesk::give_up_pause(std::string sqlstate, std::string why) {
    auto given_up = std::move(waiting_);
    given_up->timer.cancel();
    if (given_up->database.empty()) {
        paused_.all = false;
    } else {
        paused_.databases.erase(given_up->database);
    }
    spread_paused();
    log::warn("console", "PAUSE was taken back", {{"why", why}});
    answer(given_up->caller, Answer::refused(sqlstate, std::move(why),
                                             "SHOW PINS tells who keeps server connections."));
}

void AdminDesk::resume(const Caller& caller, const std::string& database) {
    const bool one_of_all = !database.empty() && paused_.all;
    if (one_of_all || (database.empty() ? paused_.none() : !paused_.databases.contains(database))) {
        return answer(caller,
                      Answer::refused(kWrongState, all_or(database) + " not paused by name.",
                                      one_of_all ? "All are paused: say RESUME alone." : ""));
    }
    if (waiting_ && (database.empty() || database == waiting_->database))
        give_up_pause(std::string(kCanceled), "RESUME ended this PAUSE.");
    if (database.empty()) {
        paused_ = {};
    } else {
        paused_.databases.erase(database);
    }
    spread_paused();
    answer(caller, {});
}

void AdminDesk::spread_paused() {
    auto paused = paused_.none() ? nullptr : std::make_shared<const admin::Paused>(paused_);
    parts_.plane->on_all(
        [paused](proxy::Plane& plane, const base::Now& now) { plane.set_paused(paused, now); },
        [] {});
}

// ---- the other orders

void AdminDesk::reconnect(const Caller& caller, const std::string& database) {
    with_database(caller, database, [this, caller, database] {
        parts_.plane->on_all(
            [database](proxy::Plane& plane, const base::Now& now) {
                plane.reconnect(database, now);
            },
            [this, caller] { asio::post(control_, [this, caller] { answer(caller, {}); }); });
    });
}

void AdminDesk::kill(const Caller& caller, std::int64_t client) {
    kill_client(*parts_.plane, client, [this, caller](bool found) {
        asio::post(control_, [this, caller, found] {
            answer(caller, found ? Answer()
                                 : Answer::refused(kNoSuchClient, "No client has that id.",
                                                   "SHOW CLIENTS lists them."));
        });
    });
}

void AdminDesk::reload(const Caller& caller) {
    const Reloader::Report report = parts_.reloader->reload();
    if (!report.ok()) {
        Answer refused = Answer::refused(
            kBadConfiguration, "The configuration was not reloaded; the old one stays in use.");
        refused.error->detail = report.problem;
        return answer(caller, std::move(refused));
    }
    Answer done;
    done.notices = report.warnings;
    for (const std::string& key : report.changed) done.notices.push_back(key + " has changed.");
    for (const std::string& key : report.needs_restart)
        done.notices.push_back(key + " needs a restart and keeps its value.");
    answer(caller, std::move(done));
}

}  // namespace pgsidecar::app
