#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include "tests/unit/health/machine_driver.hpp"

namespace pgsidecar::health {
namespace {

const std::array kCauses{refused(),
                         model::host_not_found(),
                         model::connection_lost(),
                         model::certificate_refused(),
                         model::timed_out(100, model::ErrorPhase::Connect),
                         said("28P01"),
                         said("3D000"),
                         said("53300"),
                         said("57P01"),
                         said("57P02"),
                         said("57P03"),
                         said("23505", model::ErrorPhase::Statement)};

/// One machine under inputs in any order; MachineDriver checks transitions, timestamps and events.
class Walk {
public:
    explicit Walk(std::uint64_t seed) : dice_(seed), d_(policy()) {
        d_.auto_flush = roll(2) == 0;
        d_.start();
    }

    void step() {
        d_.advance(static_cast<std::int64_t>(roll(3'000)) * kMs);
        if (roll(20) == 0) d_.wall_shift_us -= static_cast<std::int64_t>(roll(5'000'000));
        if (d_.timer_at && *d_.timer_at <= d_.now().mono_ns) d_.ring();
        input();
        // A connected machine never forgets to check again.
        EXPECT_TRUE(d_.status() != model::ConnectionStatus::Connected || d_.timer_at);
    }

    /// The transitions seen, each as from * 4 + to.
    void collect(std::set<int>& seen) const {
        for (std::size_t i = 1; i < d_.statuses.size(); ++i) {
            seen.insert(static_cast<int>(d_.statuses[i - 1].status) * 4 +
                        static_cast<int>(d_.statuses[i].status));
        }
    }

    /// However wild it was: a healthy database and patience lead to connected.
    void settle() {
        d_.auto_flush = true;
        d_.take(d_.machine.flush_done(d_.now()));
        for (int i = 0; i < 100 && d_.status() != model::ConnectionStatus::Connected; ++i) {
            d_.advance(ConnectionMachine::kReconnectGapNs);
            d_.ask_reconnect();
            d_.succeed();
        }
        EXPECT_EQ(d_.status(), model::ConnectionStatus::Connected);
        d_.ask_health();
        auto answers = d_.health_answers.size();
        d_.succeed();
        EXPECT_EQ(d_.health_answers.size(), answers + 1);
        EXPECT_TRUE(d_.health_answers.back().healthy);
        EXPECT_LE(d_.errors.size(), d_.statuses.size());
    }

private:
    MachinePolicy policy() {
        MachinePolicy policy;
        policy.retry.max_retries = static_cast<int>(roll(4));
        policy.retry.slow_interval_ns = roll(3) == 0 ? 0 : 30'000 * kMs;
        return policy;
    }
    std::uint64_t roll(std::uint64_t sides) { return dice_() % sides; }
    const model::ErrorInfo& cause() { return kCauses[roll(kCauses.size())]; }

    void input() {
        switch (roll(12)) {
            case 0:
            case 1:
            case 2: d_.succeed(); break;
            case 3:
            case 4:
            case 5: d_.fail(cause()); break;
            case 6: d_.lose(cause()); break;
            case 7: d_.take(d_.machine.data_plane_connected(d_.now())); break;
            case 8: d_.ask_health(); break;
            case 9: d_.ask_reconnect(); break;
            case 10:
                d_.take(d_.machine.flush_done(d_.now()));
                d_.take(d_.machine.timer(d_.now()));
                break;
            default:
                if (roll(4) == 0) d_.disconnect();
                if (roll(4) == 0) d_.start();
                break;
        }
    }

    std::mt19937_64 dice_;
    MachineDriver d_;
};

TEST(ConnectionMachineWalk, OnlyTheSixTransitionsWhateverHappens) {
    const char* given = std::getenv("PGS_TEST_SEED");
    std::uint64_t first = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "first seed " << first << " (repeat with PGS_TEST_SEED)\n";
    std::set<int> seen;
    for (std::uint64_t seed = first; seed < first + 300 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk(seed);
        for (int i = 0; i < 500 && !HasFailure(); ++i) walk.step();
        walk.settle();
        walk.collect(seen);
    }
    EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace pgsidecar::health
