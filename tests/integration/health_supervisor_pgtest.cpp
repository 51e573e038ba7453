#include <gmock/gmock.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "config/postgres_url.hpp"
#include "db/libpq_adapter.hpp"
#include "health/supervisor.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/pg_cluster.hpp"

namespace pgsidecar::health {
namespace {

using model::ConnectionStatus;
using test::always;
using test::eventually;
using namespace std::chrono_literals;
using testing::ElementsAre;

/// Notes everything; read from the test's thread.
class Recorder : public Listener {
public:
    void on_status(const model::StatusEvent& event) override {
        std::lock_guard lock(mutex_);
        if (!statuses_.empty()) {
            EXPECT_TRUE(model::may_become(statuses_.back().status, event.status));
        }
        statuses_.push_back(event);
        order_.emplace_back(to_string(event.status));
    }
    void on_error(const model::ErrorEvent& event) override {
        std::lock_guard lock(mutex_);
        errors_.push_back(event);
        order_.emplace_back("error-event");
    }
    void on_health(const model::HealthEvent& event) override {
        std::lock_guard lock(mutex_);
        EXPECT_LE(event.timestamp_us, base::read_clocks().wall_us);
        healths_.push_back(event);
        order_.emplace_back(event.healthy ? "healthy" : "unhealthy");
    }
    void on_upstream(const UpstreamSnapshot& snapshot) override {
        std::lock_guard lock(mutex_);
        usable_ = snapshot.usable;
    }
    void on_flush(std::function<void()> done) override {
        {
            std::lock_guard lock(mutex_);
            order_.emplace_back("flush");
        }
        std::thread(std::move(done)).detach();
    }

    std::vector<std::string> order() const { return locked(order_); }
    std::vector<model::ErrorEvent> errors() const { return locked(errors_); }
    std::vector<model::StatusEvent> statuses() const { return locked(statuses_); }
    std::vector<model::HealthEvent> healths() const { return locked(healths_); }
    bool usable() const { return locked(usable_); }
    int count(std::string_view word) const {
        auto words = order();
        return static_cast<int>(std::count(words.begin(), words.end(), word));
    }

private:
    template <class T>
    T locked(const T& value) const {
        std::lock_guard lock(mutex_);
        return value;
    }

    mutable std::mutex mutex_;
    std::vector<model::StatusEvent> statuses_;
    std::vector<model::ErrorEvent> errors_;
    std::vector<model::HealthEvent> healths_;
    std::vector<std::string> order_;
    bool usable_ = false;
};

config::Settings quick_settings() {
    config::Settings settings;
    settings.database.retry_delay_ms = 100;
    settings.database.max_retries = 2;
    settings.health.timeout_ms = 500;
    settings.health.reconnect_slow_interval_ms = 200;
    return settings;
}

/// A supervisor with its own control thread.
class Control {
public:
    explicit Control(const std::string& url, config::Settings settings = quick_settings())
        : supervisor_(io_, std::make_shared<const config::Settings>(settings), adapter(io_, url),
                      recorder),
          thread_([this] { io_.run(); }) {
        supervisor_.start();
    }
    ~Control() {
        std::promise<void> stopped;
        supervisor_.stop([&] { stopped.set_value(); });
        EXPECT_EQ(stopped.get_future().wait_for(5s), std::future_status::ready);
        work_.reset();
        thread_.join();
    }

    Supervisor& operator*() { return supervisor_; }
    Supervisor* operator->() { return &supervisor_; }
    bool reaches(ConnectionStatus status, test::Deadline deadline = 10s) {
        return eventually(deadline, [&] { return supervisor_.connection().status == status; });
    }
    ReconnectOutcome reconnect() {
        auto promise = std::make_shared<std::promise<ReconnectOutcome>>();
        supervisor_.request_reconnect(
            [promise](const ReconnectOutcome& one) { promise->set_value(one); });
        return promise->get_future().get();
    }
    model::HealthEvent health() {
        auto promise = std::make_shared<std::promise<model::HealthEvent>>();
        supervisor_.request_health(
            [promise](const model::HealthEvent& one) { promise->set_value(one); });
        return promise->get_future().get();
    }

    Recorder recorder;

private:
    static std::unique_ptr<db::DatabaseAdapter> adapter(asio::io_context& io,
                                                        const std::string& url) {
        auto parsed = config::parse_upstream(url);
        EXPECT_TRUE(parsed) << url;
        config::complete(*parsed);
        db::LibpqAdapter::Options options;
        options.connection_id = "c-1";
        return std::make_unique<db::LibpqAdapter>(io.get_executor(), *parsed, options);
    }

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    Supervisor supervisor_;
    std::thread thread_;
};

TEST(Supervisor, ConnectsFlushesAndTellsHealthWithinTheFirstTimeout) {
    std::string url = test::shared_cluster().url();
    auto begun = test::Clock::now();
    Control control(url);
    ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("healthy") == 1; }));
    EXPECT_LT(test::Clock::now() - begun, 2s);
    EXPECT_THAT(control.recorder.order(),
                ElementsAre("connecting", "connected", "flush", "healthy"));
    EXPECT_TRUE(control.recorder.usable());
    EXPECT_TRUE(control->last_health()->healthy);
    EXPECT_FALSE(control->current_error());
    auto connection = control->connection();
    EXPECT_EQ(connection.id, "c-1");
    EXPECT_EQ(connection.error_count, 0);
    EXPECT_TRUE(connection.last_health_check_us.has_value());
}

TEST(Supervisor, StopFromConnectedPublishesDisconnectedAndThenNothing) {
    Control control(test::shared_cluster().url());
    ASSERT_TRUE(control.reaches(ConnectionStatus::Connected));
    std::promise<void> stopped;
    control->stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
    auto order = control.recorder.order();
    EXPECT_EQ(order.back(), "disconnected");
    EXPECT_EQ(control->current_error()->error, "DB_DISCONNECTED");
    EXPECT_FALSE(control.health().healthy);
    EXPECT_EQ(control.reconnect().kind, ReconnectOutcome::Kind::Failed);
    EXPECT_EQ(control.recorder.order(), order);
}

TEST(Supervisor, AServerThatIsAwayIsFoundByTheSlowTriesAfterOneFinalError) {
    test::PgCluster cluster;
    cluster.stop(test::StopMode::Fast);
    Control control(cluster.url());
    ASSERT_TRUE(eventually(10s, [&] { return control.recorder.count("connecting") >= 5; }));
    auto errors = control.recorder.errors();
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].error, "ECONNREFUSED");
    EXPECT_EQ(errors[0].attempt, 2);
    EXPECT_TRUE(errors[0].final_attempt.value());
    EXPECT_FALSE(control.recorder.usable());
    EXPECT_FALSE(control.health().healthy);
    cluster.start();
    ASSERT_TRUE(control.reaches(ConnectionStatus::Connected));
    ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("healthy") == 1; }));
    auto order = control.recorder.order();
    EXPECT_THAT((std::vector<std::string>(order.end() - 3, order.end())),
                ElementsAre("connected", "flush", "healthy"));
}

TEST(Supervisor, AKilledServerIsKnownWithinMilliseconds) {
    test::PgCluster cluster;
    Control control(cluster.url());
    ASSERT_TRUE(control.reaches(ConnectionStatus::Connected));
    cluster.kill();
    // Nobody asked and no check was due: the idle connection told.
    ASSERT_TRUE(eventually(2s, [&] { return control.recorder.count("error") >= 1; }));
    EXPECT_FALSE(control.recorder.usable());
    EXPECT_TRUE(control->current_error().has_value());
    cluster.start();
    EXPECT_TRUE(control.reaches(ConnectionStatus::Connected));
}

TEST(Supervisor, AnOrderlyRestartEndsConnectedAgain) {
    test::PgCluster cluster;
    Control control(cluster.url());
    for (auto mode : {test::StopMode::Fast, test::StopMode::Immediate}) {
        ASSERT_TRUE(control.reaches(ConnectionStatus::Connected));
        cluster.stop(mode);
        ASSERT_TRUE(eventually(5s, [&] { return !control.recorder.usable(); }));
        cluster.start();
        ASSERT_TRUE(eventually(10s, [&] { return control.recorder.usable(); }));
    }
}

TEST(Supervisor, OneKilledBackendDoesNotEndConnected) {
    test::PgCluster& cluster = test::shared_cluster();
    Control control(cluster.url());
    ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("healthy") == 1; }));
    for (int i = 0; i < 3; ++i) {
        model::ServerErrorFields fields;
        fields.sqlstate = "57P01";
        control->report_loss(model::classify_server_error(fields, model::ErrorPhase::Statement));
        control->report_loss(model::connection_lost());
    }
    EXPECT_TRUE(always(300ms, [&] { return control.recorder.usable(); }));
    EXPECT_EQ(control.recorder.count("error"), 0);
    EXPECT_EQ(control.recorder.statuses().size(), 2U);
}

TEST(Supervisor, WrongCredentialsWaitForReconnect) {
    test::PgCluster& cluster = test::shared_cluster();
    Control control(cluster.url("app_scram", "wrong"));
    ASSERT_TRUE(control.reaches(ConnectionStatus::Error));
    ASSERT_TRUE(eventually(2s, [&] { return control.recorder.errors().size() == 1; }));
    EXPECT_EQ(control.recorder.errors()[0].error, "AUTH_FAILED");
    EXPECT_FALSE(control.recorder.errors()[0].recoverable);
    EXPECT_TRUE(always(700ms, [&] { return control.recorder.count("connecting") == 1; }));
    EXPECT_EQ(control.health().error,
              "Database authentication failed. Please check your credentials.");
    auto outcome = control.reconnect();
    EXPECT_EQ(outcome.kind, ReconnectOutcome::Kind::Failed);
    EXPECT_EQ(outcome.error.code, model::ErrorCode::AuthFailed);
    EXPECT_EQ(control.recorder.count("connecting"), 2);
    // Within five seconds of the attempt: its answer, no other attempt.
    EXPECT_GT(control.reconnect().retry_after_ms, 0);
    EXPECT_EQ(control.recorder.count("connecting"), 2);
}

TEST(Supervisor, ASilentServerIsATimeoutAndStopsAtOnceWhenAsked) {
    test::FakeServer silent([](test::FakeConnection& connection) { connection.wait_for_close(); });
    config::Settings settings = quick_settings();
    settings.health.first_timeout_ms = 300;
    settings.health.timeout_ms = 60'000;
    auto begun = test::Clock::now();
    {
        Control control(
            "postgres://app@127.0.0.1:" + std::to_string(silent.port()) + "/x?sslmode=disable",
            settings);
        ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("unhealthy") == 1; }));
        EXPECT_EQ(control.recorder.healths()[0].error, "Database operation timed out after 300ms");
        ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("connecting") == 2; }));
    }
    EXPECT_LT(test::Clock::now() - begun, 5s);
}

TEST(Supervisor, ChecksGoOnAndRequestsAreAnsweredToTheAskerAlone) {
    config::Settings settings = quick_settings();
    settings.database.health_check_interval_ms = 300;
    Control control(test::shared_cluster().url(), settings);
    ASSERT_TRUE(eventually(5s, [&] { return control.recorder.count("healthy") >= 3; }));
    EXPECT_EQ(control.reconnect().kind, ReconnectOutcome::Kind::AlreadyConnected);
    std::vector<std::thread> askers;
    for (int i = 0; i < 8; ++i) {
        askers.emplace_back([&] {
            for (int j = 0; j < 20; ++j) EXPECT_TRUE(control.health().healthy);
        });
    }
    for (auto& asker : askers) asker.join();
    EXPECT_LT(control.recorder.healths().size(), 40U);
    EXPECT_EQ(control.recorder.statuses().size(), 2U);
}

TEST(Supervisor, MayBeDroppedWhileEverythingIsUnderWay) {
    for (int i = 0; i < 20; ++i) {
        asio::io_context io;
        Recorder recorder;
        auto upstream = config::parse_upstream(test::shared_cluster().url());
        config::complete(*upstream);
        db::LibpqAdapter::Options options;
        auto supervisor = std::make_unique<Supervisor>(
            io, std::make_shared<const config::Settings>(quick_settings()),
            std::make_unique<db::LibpqAdapter>(io.get_executor(), *upstream, options), recorder);
        supervisor->start();
        supervisor->request_health([](const model::HealthEvent&) {});
        // Stops after some handlers, wherever that is.
        for (int handler = 0; handler < i; ++handler) io.run_one_for(50ms);
        supervisor.reset();
    }
}

}  // namespace
}  // namespace pgsidecar::health
