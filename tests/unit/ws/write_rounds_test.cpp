#include "ws/write_rounds.hpp"

#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace pgsidecar::ws {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

void run(boost::asio::io_context& context) {
    context.restart();  // it stops when it has nothing left to do
    context.poll();
}

class Counting final : public WriteRounds::Member {
public:
    explicit Counting(std::function<void()> then = [] {}) : then_(std::move(then)) {}
    void write_round() override {
        ++rounds;
        then_();
    }
    int rounds = 0;

private:
    std::function<void()> then_;
};

TEST(WriteRounds, NotInsideAddAndThenAtOnce) {
    boost::asio::io_context context;
    WriteRounds rounds(context, hours(1));
    auto member = std::make_shared<Counting>();
    rounds.add(member);
    EXPECT_EQ(member->rounds, 0);
    run(context);
    EXPECT_EQ(member->rounds, 1);
    EXPECT_EQ(member.use_count(), 1) << "kept although it had its turn";
}

TEST(WriteRounds, TheNextRoundWaitsForTheInterval) {
    boost::asio::io_context context;
    WriteRounds rounds(context, hours(1));
    auto member = std::make_shared<Counting>();
    rounds.add(member);
    run(context);
    rounds.add(member);
    run(context);
    EXPECT_EQ(member->rounds, 1);
}

TEST(WriteRounds, WithoutAnIntervalEveryRoundIsDueAtOnce) {
    boost::asio::io_context context;
    WriteRounds rounds(context, milliseconds(0));
    auto member = std::make_shared<Counting>();
    for (int i = 1; i <= 3; ++i) {
        rounds.add(member);
        run(context);
        EXPECT_EQ(member->rounds, i);
    }
}

TEST(WriteRounds, WhoComesDuringARoundIsInTheNext) {
    boost::asio::io_context context;
    WriteRounds rounds(context, milliseconds(0));
    auto late = std::make_shared<Counting>();
    rounds.add(std::make_shared<Counting>([&] { rounds.add(late); }));
    context.run_one();
    EXPECT_EQ(late->rounds, 0);
    run(context);
    EXPECT_EQ(late->rounds, 1);
}

TEST(WriteRounds, OtherWorkComesBetweenTheStepsOfALongRound) {
    boost::asio::io_context context;
    WriteRounds rounds(context, milliseconds(0));
    int served = 0, served_before_work = -1;
    auto member = std::make_shared<Counting>([&] { ++served; });
    for (int i = 0; i < 1'000; ++i) rounds.add(member);
    boost::asio::post(context, [&] { served_before_work = served; });
    run(context);
    EXPECT_EQ(served, 1'000);
    EXPECT_GT(served_before_work, 0);
    EXPECT_LT(served_before_work, 1'000);
}

TEST(WriteRounds, OneThatThrowsDoesNotEndTheRounds) {
    boost::asio::io_context context;
    WriteRounds rounds(context, milliseconds(0));
    rounds.add(std::make_shared<Counting>([] { throw std::runtime_error("no memory"); }));
    EXPECT_THROW(run(context), std::runtime_error);
    auto member = std::make_shared<Counting>();
    rounds.add(member);
    run(context);
    EXPECT_EQ(member->rounds, 1);
}

}  // namespace
}  // namespace pgsidecar::ws
