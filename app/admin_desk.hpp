#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "app/operation_feed.hpp"
#include "app/outage_desk.hpp"
#include "app/reloader.hpp"
#include "config/upstream.hpp"
#include "health/supervisor.hpp"
#include "proxy/admin/answer.hpp"
#include "proxy/admin/paused.hpp"
#include "proxy/io/data_plane.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// Carries out what clients of the admin console ask: gathers facts of all workers and of the rest
/// of the process, and gives them orders.
///
/// Thread: ask() and cancel() from the workers, the rest on the control thread. Lifetime: made
/// before the data plane, whose workers must have ended before it goes.
class AdminDesk {
public:
    struct Parts {
        proxy::DataPlane* plane = nullptr;
        OutageDesk* outage = nullptr;
        OperationFeed* feed = nullptr;
        health::Supervisor* supervisor = nullptr;
        Reloader* reloader = nullptr;
        config::Upstream upstream;
        std::string version;
    };

    explicit AdminDesk(asio::io_context& control);
    ~AdminDesk();

    void start(Parts parts);
    void ask(int worker, std::uint64_t token, proxy::admin::Request request);
    /// Whoever asked has gone or wants no more: ends a PAUSE that still waits.
    void cancel(int worker, std::uint64_t token);
    /// Ends what waits.
    void stop();

private:
    struct Caller {
        int worker = 0;
        std::uint64_t token = 0;
        friend bool operator==(const Caller&, const Caller&) = default;
    };
    /// A PAUSE whose transactions have not all ended.
    struct Waiting;

    using Facts = proxy::DataPlane::Facts;

    const config::Settings& settings() const { return parts_.reloader->present().settings; }
    void answer(const Caller& caller, proxy::admin::Answer made) const;
    void answer_rows(const Caller& caller, std::vector<proxy::admin::Row> rows) const;
    void carry_out(const Caller& caller, const proxy::admin::Request& request);
    void show(const Caller& caller, proxy::admin::Subject subject);
    std::vector<proxy::admin::Row> rows_of(proxy::admin::Subject subject, const Facts& facts) const;
    std::vector<proxy::admin::Row> queue_rows() const;
    std::vector<proxy::admin::Row> operation_rows() const;
    /// then(facts) on the control thread.
    void gather(proxy::admin::Detail detail, std::function<void(const Facts&)> then);
    /// Refuses a database that nobody knows, else goes on.
    void with_database(const Caller& caller, const std::string& name, std::function<void()> then);
    void pause(const Caller& caller, const std::string& database);
    void watch_pause();
    void look_at_pause(const Facts& facts);
    void give_up_pause(std::string sqlstate, std::string why);
    void resume(const Caller& caller, const std::string& database);
    /// Tells the workers what paused_ is now.
    void spread_paused();
    void reconnect(const Caller& caller, const std::string& database);
    void kill(const Caller& caller, std::int64_t client);
    void reload(const Caller& caller);

    asio::io_context& control_;
    Parts parts_;
    proxy::admin::Paused paused_;
    std::unique_ptr<Waiting> waiting_;
    bool stopped_ = false;
};

}  // namespace pgsidecar::app
