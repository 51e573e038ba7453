// A new process takes the clients over from the old one, and nobody is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/support/sidecar_process.hpp"

namespace pgsidecar::test {
namespace {

using testing::HasSubstr;

class Upgrade : public testing::Test {
protected:
    void SetUp() override {
        if (proxy_kind() != ProxyKind::Sidecar) GTEST_SKIP() << "needs the sidecar: its takeover";
        PqConnection db(shared_cluster().conninfo());
        db.run("DROP TABLE IF EXISTS upgraded");
        db.run("CREATE TABLE upgraded (id bigserial PRIMARY KEY, who text)");
    }
    void TearDown() override {
        if (!HasFailure()) return;
        for (const auto& process : processes_)
            std::cerr << "--- log\n" << process->log_tail(30) << "---\n";
    }

    SidecarOptions options(const std::string& client_wait_ms) {
        SidecarOptions made;
        made.upstream_url = shared_cluster().url();
        made.spool_folder = folder_.path() + "/spool";
        made.flags = {{"upgrade-socket", socket_path()},
                      {"upgrade-client-wait-ms", client_wait_ms},
                      {"upgrade-timeout-ms", "10000"},
                      {"shutdown-client-wait-ms", "2000"}};
        return made;
    }
    std::string socket_path() const { return folder_.path() + "/upgrade"; }
    SidecarProcess& first(const std::string& client_wait_ms) {
        processes_.push_back(std::make_unique<SidecarProcess>(options(client_wait_ms)));
        processes_.back()->start();
        EXPECT_TRUE(eventually(10s, [&] { return listens(*processes_.back()); }));
        return *processes_.back();
    }
    /// Started and, once it has taken over, returned.
    SidecarProcess& next(const std::string& client_wait_ms) {
        SidecarOptions made = options(client_wait_ms);
        made.switches = {"--takeover"};
        processes_.push_back(std::make_unique<SidecarProcess>(made, *processes_.back()));
        processes_.back()->launch();
        EXPECT_TRUE(eventually(20s, [&] {
            return listens(*processes_.back()) || !processes_.back()->running();
        })) << processes_.back()->log_tail();
        return *processes_.back();
    }
    static bool listens(const SidecarProcess& process) {
        return process.log().find("pgsidecar is listening") != std::string::npos;
    }

    TempFolder folder_;
    std::vector<std::unique_ptr<SidecarProcess>> processes_;
};

/// Clients that come, work and go, until told to stop; remembers what failed.
class ShortConnections {
public:
    ShortConnections(std::string conninfo, int threads) : conninfo_(std::move(conninfo)) {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this, i] { work(i); });
    }
    ~ShortConnections() { stop(); }
    void stop() {
        stopping_ = true;
        for (auto& thread : threads_) {
            if (thread.joinable()) thread.join();
        }
    }
    int done() const { return done_; }
    int rows() const { return rows_; }
    std::vector<std::string> failures() {
        std::lock_guard lock(mutex_);
        return failures_;
    }

private:
    void work(int number) {
        while (!stopping_) {
            auto client = PqConnection::try_connect(conninfo_);
            if (!client.connected()) {
                fail("connect: " + client.error());
                continue;
            }
            check(client, "select " + std::to_string(number));
            if (check(client, "insert into upgraded (who) values ('load')")) ++rows_;
            check(client, "select count(*) from (select 1) x");
            ++done_;
        }
    }
    bool check(PqConnection& client, const std::string& sql) {
        PqResult result = client.query(sql);
        if (!result.ok()) fail(sql + ": " + client.error());
        return result.ok();
    }
    void fail(std::string what) {
        std::lock_guard lock(mutex_);
        failures_.push_back(std::move(what));
    }

    std::string conninfo_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> done_{0}, rows_{0};
    std::mutex mutex_;
    std::vector<std::string> failures_;
    std::vector<std::thread> threads_;
};

TEST_F(Upgrade, ALoadOfShortConnectionsSeesNothingOfIt) {
    auto& old = first("5000");
    ShortConnections load(old.conninfo(), 6);
    ASSERT_TRUE(eventually(20s, [&] { return load.done() > 100; }));
    for (int generation = 0; generation < 3; ++generation) {
        auto& leaving = *processes_.back();
        auto& taking = next("5000");
        ASSERT_TRUE(taking.running());
        EXPECT_EQ(leaving.status(15s).value_or(-1), 0) << "the old process ends by itself";
        int before = load.done();
        ASSERT_TRUE(eventually(20s, [&] { return load.done() > before + 100; }));
        EXPECT_EQ(taking.readiness(), 200);
    }
    load.stop();
    EXPECT_THAT(load.failures(), testing::IsEmpty());
    std::cout << load.done() << " connections over three upgrades\n";
    PqConnection db(shared_cluster().conninfo());
    EXPECT_EQ(db.scalar("select count(*) from upgraded"), std::to_string(load.rows()));
}

TEST_F(Upgrade, ClientsOfTheOldProcessGoOnUntilTheirTimeIsOver) {
    auto& old = first("1500");
    PqConnection idle(old.conninfo()), busy(old.conninfo());
    busy.run("begin");
    busy.run("insert into upgraded (who) values ('busy')");
    auto& taking = next("1500");
    PqConnection fresh(taking.conninfo());
    // Both sides work at the same time.
    EXPECT_EQ(idle.scalar("select 'still'"), "still");
    EXPECT_EQ(fresh.scalar("select 'new'"), "new");
    // When its time is over the idle one is told to go, and the transaction may finish.
    ASSERT_TRUE(eventually(10s, [&] { return !idle.query("select 1").ok(); }));
    busy.run("insert into upgraded (who) values ('busy')");
    busy.run("commit");
    EXPECT_EQ(old.status(10s).value_or(-1), 0);
    EXPECT_EQ(fresh.scalar("select count(*) from upgraded"), "2");
    EXPECT_TRUE(taking.running());
}

TEST_F(Upgrade, ACancelFindsTheOldProcess) {
    auto& old = first("20000");
    PqConnection sleeper(old.conninfo());
    sleeper.run("select 1");
    sleeper.send("select pg_sleep(60)");
    next("20000");
    PqConnection db(shared_cluster().conninfo());
    ASSERT_TRUE(eventually(10s, [&] {
        return db.scalar(
                   "select count(*) from pg_stat_activity where query like "
                   "'select pg_sleep(60)%' and state = 'active'") == "1";
    }));
    PGcancel* cancel = PQgetCancel(sleeper.get());
    char error[256] = "";
    EXPECT_EQ(PQcancel(cancel, error, sizeof error), 1) << error;
    PQfreeCancel(cancel);
    ASSERT_TRUE(sleeper.answered(10s));
    EXPECT_EQ(sleeper.finish(1s).sqlstate(), "57014");
    EXPECT_TRUE(old.running());
}

TEST_F(Upgrade, TheSpoolComesWithTheEndOfTheOldProcess) {
    auto& old = first("20000");
    auto held = std::make_unique<PqConnection>(old.conninfo());
    EXPECT_EQ(held->scalar("select 1"), "1");
    auto& taking = next("20000");
    EXPECT_THAT(taking.log(), HasSubstr("the spool is still with the old process"));
    EXPECT_EQ(taking.readiness(), 200);
    PqConnection fresh(taking.conninfo());
    for (int i = 0; i < 20; ++i) fresh.run("insert into upgraded (who) values ('early')");
    EXPECT_TRUE(old.running());
    held.reset();
    EXPECT_EQ(old.status(10s).value_or(-1), 0);
    EXPECT_TRUE(eventually(
        10s, [&] { return taking.log().find("it is in use here now") != std::string::npos; }));
    for (int i = 0; i < 5; ++i) fresh.run("insert into upgraded (who) values ('late')");
    // What was done before the spool came is in the operation log as well.
    PqConnection db(shared_cluster().conninfo());
    EXPECT_TRUE(eventually(20s, [&] {
        auto count = db.query(
            "select count(*) from pgsidecar.operations where table_name like "
            "'%upgraded' and kind = 'insert'");
        return count.ok() && std::stoi(count.value()) >= 25;
    }));
}

TEST_F(Upgrade, ANewProcessThatFailsChangesNothing) {
    auto& old = first("5000");
    auto send = [](Socket& socket, std::string_view text) {
        return ::send(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL);
    };
    for (const char* talk : {"", "TAKEOVER 1\n", "TAKEOVER 2\n", "nonsense\n", "READY\n",
                             "TAKEOVER 1\nREADYREADYREADYREADYREADYREADYREADYREADYREADYREADYREADY",
                             "TAKEOVER 1\nREADY 2\n"}) {
        Socket socket = Socket::connect_unix(socket_path(), 5s);
        send(socket, talk);
    }
    PqConnection client(old.conninfo());
    EXPECT_EQ(client.scalar("select 1"), "1");
    EXPECT_EQ(old.readiness(), 200);
    // One that cannot start: its setting of a file is wrong.
    SidecarOptions bad = options("5000");
    bad.switches = {"--takeover"};
    bad.flags.emplace_back("http-probes-address", "127.0.0.1");
    bad.flags.emplace_back("http-probes-port", std::to_string(shared_cluster().port()));
    SidecarProcess failing(bad, old);
    failing.launch();
    ASSERT_TRUE(failing.status(15s).has_value());
    EXPECT_NE(*failing.status(), 0);
    EXPECT_TRUE(old.running());
    EXPECT_EQ(PqConnection(old.conninfo()).scalar("select 2"), "2");
    // And then one that can.
    client.close();
    auto& taking = next("5000");
    EXPECT_EQ(old.status(15s).value_or(-1), 0);
    EXPECT_EQ(PqConnection(taking.conninfo()).scalar("select 3"), "3");
}

TEST_F(Upgrade, WithoutAnOldProcessTheNewOneListensItself) {
    SidecarOptions made = options("1000");
    made.switches = {"--takeover"};
    processes_.push_back(std::make_unique<SidecarProcess>(made));
    processes_.back()->start();
    EXPECT_EQ(PqConnection(processes_.back()->conninfo()).scalar("select 1"), "1");
    EXPECT_EQ(processes_.back()->terminate(10s), 0);
}

}  // namespace
}  // namespace pgsidecar::test
