#include "proxy/mock/mock_channel.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "proxy/mock/mock_database.hpp"
#include "tests/unit/proxy/mock_talk.hpp"

namespace pgsidecar::test {
namespace {

using proxy::ChannelClosed;
using testing::Contains;

/// The holder's end and the worker's queue.
class MockChannelTest : public testing::Test, protected proxy::ChannelEvents {
protected:
    void on_open(const base::Now&) override { events.emplace_back("open"); }
    void on_tls_ready(const base::Now&) override { events.emplace_back("tls"); }
    void on_bytes(base::Bytes bytes, const base::Now&) override {
        EXPECT_FALSE(inside) << "delivered from inside a call";
        received += base::as_text(bytes);
        if (on_received) on_received();
    }
    void on_drained(const base::Now&) override { events.emplace_back("drained"); }
    void on_closed(const ChannelClosed& closed, const base::Now&) override {
        events.push_back("closed: " + closed.detail);
    }
    bool at_rest() const override { return true; }

    void run() {
        while (!queue.empty()) {
            auto f = std::move(queue.front());
            queue.pop_front();
            f({0, kMockNowUs});
        }
    }
    void send(std::string_view bytes) {
        inside = true;
        channel->send(base::as_bytes(bytes));
        inside = false;
    }

    std::deque<std::function<void(const base::Now&)>> queue;
    base::SeededEntropy entropy{3};
    proxy::mock::MockDatabase database{
        [this](std::function<void(const base::Now&)> f) { queue.push_back(std::move(f)); }, entropy,
        nullptr, 1'000};
    bool inside = false;
    std::vector<std::string> events;
    std::string received;
    std::function<void()> on_received;
    proxy::Channel* channel = nullptr;
};

TEST_F(MockChannelTest, OpensAnswersAndEndsOnItsOwn) {
    channel = database.connect(*this);
    EXPECT_THAT(events, testing::IsEmpty());
    run();
    EXPECT_THAT(events, testing::ElementsAre("open"));
    send(startup({{"user", "u"}}) + query("select 1"));
    EXPECT_TRUE(received.empty());
    run();
    EXPECT_THAT(MockTalk::lines(received), Contains("C SELECT 1"));
    EXPECT_EQ(channel->unsent(), 0u);
    send(terminate());
    run();
    EXPECT_EQ(events.back(), "closed: the mock database closed the connection");
    EXPECT_EQ(database.connections(), 0u);
}

TEST_F(MockChannelTest, NothingIsDeliveredAfterAbort) {
    channel = database.connect(*this);
    run();
    send(startup({{"user", "u"}}));
    channel->abort();
    run();
    EXPECT_TRUE(received.empty());
    EXPECT_THAT(events, testing::ElementsAre("open"));
    EXPECT_EQ(database.connections(), 0u);
}

TEST_F(MockChannelTest, TheHolderMayCloseItWhileItIsBeingToldSomething) {
    channel = database.connect(*this);
    run();
    on_received = [this] { channel->close(); };
    send(startup({{"user", "u"}}) + query("select 1"));
    run();
    EXPECT_THAT(events, testing::ElementsAre("open"));
    EXPECT_EQ(database.connections(), 0u);
}

TEST_F(MockChannelTest, AReaderThatStopsKeepsTheRestUnsent) {
    channel = database.connect(*this);
    run();
    send(startup({{"user", "u"}}));
    run();
    received.clear();
    channel->set_reading(false);
    std::string many;
    for (int i = 0; i < 100; ++i) many += query("select 1");
    send(many);
    run();
    EXPECT_TRUE(received.empty());
    EXPECT_EQ(channel->unsent(), many.size());
    channel->set_reading(true);
    run();
    EXPECT_EQ(MockTalk::lines(received).size(), 400u);
    EXPECT_EQ(channel->unsent(), 0u);
    EXPECT_EQ(events.back(), "drained");
}

TEST_F(MockChannelTest, ACancelRequestIsTakenAndEnds) {
    channel = database.connect(*this);
    run();
    send(cancel_request(1, "abcd"));
    run();
    EXPECT_TRUE(received.empty());
    EXPECT_TRUE(events.back().starts_with("closed"));
}

TEST_F(MockChannelTest, NobodyGetsTls) {
    channel = database.connect(*this);
    EXPECT_TRUE(channel->is_unix_socket()) << "so nobody asks";
    channel->start_tls();
    run();
    EXPECT_EQ(events.back(), "closed: mode mock has no TLS inside");
}

TEST_F(MockChannelTest, ADatabaseThatIsGoneLeavesNothingToRun) {
    std::deque<std::function<void(const base::Now&)>> left;
    {
        proxy::mock::MockDatabase gone{
            [&](std::function<void(const base::Now&)> f) { left.push_back(std::move(f)); }, entropy,
            nullptr, 1'000};
        gone.connect(*this);
    }
    for (auto& f : left) f({});
    EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace pgsidecar::test
