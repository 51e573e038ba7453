// The first and the last moments of the process, with clients that do not wait for them: the
// workers, the spool's thread and the main thread begin and end in an order of their own.

#include <sys/wait.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/fault/support/outage_fixture.hpp"
#include "tests/support/raw_client.hpp"

namespace pgsidecar::test {
namespace {

constexpr int kUnavailable = 69;  // EX_UNAVAILABLE of sysexits.h

/// Clients that come again and again, each with one transaction of writes.
class Crowd {
public:
    explicit Crowd(int port, int size = 6) {
        for (int i = 0; i < size; ++i) threads_.emplace_back([this, port] { run(port); });
    }
    ~Crowd() { leave(); }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    void leave() {
        leaving_ = true;
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }
    /// How many got past the login.
    int served() const { return served_; }

private:
    void run(int port) {
        while (!leaving_) {
            Socket socket = Socket::try_connect_tcp(port, 1s);
            if (!socket) {
                std::this_thread::yield();
                continue;
            }
            RawClient client(std::move(socket));
            try {
                client.send(wire::startup({{"user", "postgres"}, {"database", "postgres"}}));
                if (client.read_until('Z', 2s).empty()) continue;
                ++served_;
                client.send(wire::query("begin"));
                client.send(wire::query("insert into crowd_logs values (1)"));
                client.send(wire::query("commit"));
                client.read_until('Z', 1s);
            } catch (const std::exception&) {
                // The process ended under it, which is what this is about.
            }
        }
    }

    std::atomic<bool> leaving_{false};
    std::atomic<int> served_{0};
    std::vector<std::thread> threads_;
};

class StartAndEnd : public OutageTest {
protected:
    void SetUp() override {
        OutageTest::SetUp();
        if (IsSkipped()) return;
        SidecarOptions with_crowd = options();
        with_crowd.flags.emplace_back("outage-policy", "crowd_logs=durable");
        PqConnection(world().cluster().conninfo())
            .run("set client_min_messages = error; create table if not exists crowd_logs (x int)");
        start_sidecar(with_crowd);
    }
};

TEST_F(StartAndEnd, AStartThatFailsWhileClientsComeEndsWithItsCode) {
    cut_off();
    EXPECT_EQ(writer().write_rows(20), 20) << "something waits in the spool";
    sidecar().kill();
    end_outage();
    Listener taken(sidecar().http_port());
    Crowd crowd(sidecar().port());
    for (int round = 0; round < 20; ++round) {
        sidecar().launch();
        auto status = sidecar().status(10s);
        ASSERT_TRUE(status.has_value());
        ASSERT_TRUE(WIFEXITED(*status)) << "round " << round << ", signal " << WTERMSIG(*status);
        ASSERT_EQ(WEXITSTATUS(*status), kUnavailable);
    }
    crowd.leave();
    taken.close();
    sidecar().start();
}

TEST_F(StartAndEnd, AnEndWhileWritesAreBeingStoredIsClean) {
    for (int round = 0; round < 10; ++round) {
        begin_outage();
        Crowd crowd(sidecar().port());
        ASSERT_TRUE(eventually(5s, [&] { return crowd.served() > 20; }));
        sidecar().signal(SIGTERM);
        sidecar().signal(SIGTERM);
        auto status = sidecar().status(10s);
        crowd.leave();
        ASSERT_TRUE(status.has_value());
        ASSERT_TRUE(WIFEXITED(*status)) << "round " << round << ", signal " << WTERMSIG(*status);
        EXPECT_EQ(WEXITSTATUS(*status), 0);
        end_outage();
        sidecar().start();
        ASSERT_TRUE(eventually(20s, [&] { return settled(); })) << waiting();
    }
}

}  // namespace
}  // namespace pgsidecar::test
