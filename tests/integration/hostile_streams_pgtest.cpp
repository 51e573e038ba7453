// Clients that ask for much and take nothing, that send endless pipelines, deep statements and long
// names: memory stays bounded and others are served meanwhile.

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;
using testing::HasSubstr;

const Parameters kPostgres{{"user", "postgres"}, {"database", "postgres"}};
constexpr std::size_t kMega = 1u << 20;

/// Sends a piece many times over while the test reads; ends with the socket.
class Writer {
public:
    Writer(int fd, std::string piece, int count, std::string last)
        : fd_(fd), piece_(std::move(piece)), last_(std::move(last)), thread_([this, count] {
              for (int i = 0; i < count / kBatch && send_all(batch()); ++i) {
              }
              send_all(last_);
          }) {}
    ~Writer() {
        stopping_ = true;
        thread_.join();
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

private:
    static constexpr int kBatch = 1'000;

    std::string batch() const {
        std::string out;
        for (int i = 0; i < kBatch; ++i) out += piece_;
        return out;
    }
    bool send_all(std::string_view bytes) {
        while (!bytes.empty() && !stopping_) {
            pollfd one{fd_, POLLOUT, 0};
            if (::poll(&one, 1, 100) < 1) continue;
            ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno != EAGAIN) return false;
            if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return bytes.empty();
    }

    int fd_;
    std::string piece_, last_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

class HostileStreams : public ProxyTest {
protected:
    void SetUp() override { PGS_NEEDS_SIDECAR("its bounds"); }
    void start_with(std::vector<std::pair<std::string, std::string>> flags = {},
                    int pool_size = 5) {
        ProxySettings settings;
        settings.pool_size = pool_size;
        settings.flags = std::move(flags);
        start(std::move(settings));
        auto warm = client();  // what is allocated once is not this test's matter
        EXPECT_EQ(warm.scalar("select 1"), "1");
        before_ = proxy().rss();
    }
    /// Above what the proxy had before, at its peak.
    void expect_peak_below(std::size_t bytes) {
        std::size_t peak = proxy().peak_rss();
        std::cout << "resident before " << before_ / 1024 << " kB, at most " << peak / 1024
                  << " kB\n";
        EXPECT_LT(peak, before_ + proxy().memory_bound(bytes));
    }
    void expect_served_at_once() {
        auto begin = Clock::now();
        auto good = client();
        EXPECT_EQ(good.scalar("select 42"), "42");
        EXPECT_LT(Clock::now() - begin, 3s);
    }
    /// Logged in, with a small receive buffer, so that what is not read stays with the proxy.
    RawClient narrow() {
        RawClient made(Socket::connect_tcp(proxy().port(), 5s, 4'096));
        made.login(kPostgres);
        return made;
    }
    /// Of a statement sent directly and through the proxy: type and SQLSTATE of the answer.
    static std::string outcome(PqConnection& c, const std::string& sql) {
        auto result = c.query(sql);
        return std::string(PQresStatus(result.status())) + " " + result.sqlstate();
    }

    std::size_t before_ = 0;
};

TEST_F(HostileStreams, ClientsThatAskForMuchAndReadNothing) {
    start_with({}, 6);
    std::vector<RawClient> greedy;
    std::string asking;
    for (int i = 0; i < 100; ++i)
        asking += query("select repeat('x', 1000000) from generate_series(1, 20)");
    for (int i = 0; i < 4; ++i) {
        greedy.push_back(narrow());
        greedy.back().send(asking);
    }
    EXPECT_TRUE(eventually(10s, [&] { return backends("wait_event = 'ClientWrite'") == 4; }));
    for (int i = 0; i < 20; ++i) expect_served_at_once();
    expect_peak_below(24 * kMega);
    greedy.clear();
    EXPECT_TRUE(eventually(10s, [&] { return backends("state = 'active'") == 0; }));
}

TEST_F(HostileStreams, OnesThatHoldEveryConnectionLoseThemByTheQueryTimeout) {
    start_with({{"limits-query-timeout-ms", "700"}, {"pool-cancel-timeout-ms", "500"}}, 2);
    std::vector<RawClient> greedy;
    for (int i = 0; i < 2; ++i) {
        greedy.push_back(narrow());
        greedy.back().send(query("select repeat('x', 1000000) from generate_series(1, 2000)"));
    }
    EXPECT_TRUE(eventually(10s, [&] { return backends("wait_event = 'ClientWrite'") == 2; }));
    auto good = client();
    good.send("select 42");
    ASSERT_TRUE(good.answered(10s));
    EXPECT_EQ(good.finish(1s).value(), "42");
    expect_peak_below(24 * kMega);
}

TEST_F(HostileStreams, APipelineOfAHundredThousandStatements) {
    start_with();
    constexpr int kCount = 100'000;
    struct Form {
        const char* name;
        std::string one;
        std::string last;
        char counted;
    };
    const std::vector<Form> forms{
        {"simple", query("select 1"), "", 'Z'},
        {"extended", parse("", "select 1") + wire::bind("", "") + execute("") + sync(), "", 'Z'},
        {"one Sync", parse("", "select 1") + wire::bind("", "") + execute(""), sync(), 'C'},
        {"named once", wire::bind("", "s") + execute(""), sync(), 'C'}};
    for (const auto& form : forms) {
        SCOPED_TRACE(form.name);
        RawClient hostile(proxy().port());
        hostile.login(kPostgres);
        if (std::string(form.name) == "named once") {
            hostile.exchange(parse("s", "select 1") + sync());
        }
        Writer writer(hostile.socket().fd(), form.one, kCount, form.last);
        int answers = 0;
        bool served = false;
        while (answers < kCount) {
            auto message = hostile.read_message(20s);
            if (!message) break;
            if (message->type == 'E') {
                ADD_FAILURE() << to_line(*message);
                break;
            }
            if (message->type == form.counted) ++answers;
            if (answers == kCount / 2 && !std::exchange(served, true)) expect_served_at_once();
        }
        EXPECT_EQ(answers, kCount);
        if (answers < kCount) break;
    }
    expect_peak_below(48 * kMega);
}

TEST_F(HostileStreams, APipelineThatNobodyReadsStopsBeingRead) {
    start_with();
    RawClient hostile = narrow();
    std::string batch;
    for (int i = 0; i < 1'000; ++i) batch += query("select repeat('x', 100)");
    // The proxy stops taking it long before all is in: that is the bound.
    bool all = true;
    for (int i = 0; all && i < 2'000; ++i) all = hostile.send(batch, 500ms);
    EXPECT_FALSE(all) << "the proxy took 60 MB";
    expect_served_at_once();
    expect_peak_below(24 * kMega);
}

std::string repeated(const std::string& piece, std::size_t count) {
    std::string out;
    out.reserve(piece.size() * count);
    for (std::size_t i = 0; i < count; ++i) out += piece;
    return out;
}

TEST_F(HostileStreams, StatementsNestedAMillionDeep) {
    // Read whole, and by default only forwarded.
    for (const char* inspected : {"65536", "16777216"}) {
        SCOPED_TRACE(inspected);
        start_with({{"limits-inspect-bytes", inspected}});
        auto plain = direct();
        auto proxied = client();
        constexpr std::size_t kDeep = 1'000'000;
        const std::vector<std::pair<const char*, std::string>> statements{
            {"parentheses", "select " + repeated("(", kDeep) + "1" + repeated(")", kDeep)},
            {"open parentheses", "select " + repeated("(", kDeep)},
            // With a blank each: PostgreSQL itself takes hours over "/*/*/*".
            {"comments", repeated("/* ", kDeep) + repeated("*/ ", kDeep) + "select 1"},
            {"open comments", repeated("/* ", kDeep) + "select 1"},
            {"sums", "select 1" + repeated("+1", kDeep)},
            {"signs", "select " + repeated("- ", kDeep) + "1"},
            {"nots", "select " + repeated("not ", kDeep) + "true"},
            {"brackets", "select array" + repeated("[", kDeep) + repeated("]", kDeep)},
            {"selects", repeated("select (", kDeep / 8)},
            {"unions", "select 1" + repeated(" union all select 1", kDeep / 20)},
            {"statements", repeated(";", kDeep)},
        };
        for (const auto& [name, sql] : statements) {
            SCOPED_TRACE(name);
            EXPECT_EQ(outcome(proxied, sql), outcome(plain, sql));
            EXPECT_EQ(proxied.scalar("select 'in step'"), "in step");
            if (!plain.connected()) plain = direct();
        }
        expect_served_at_once();
        expect_peak_below(128 * kMega);
    }
}

TEST_F(HostileStreams, NamesOfAMegabyte) {
    start_with();
    const std::string name(kMega, 'n');
    auto in_step = [&](RawClient& c) {
        auto lines = c.exchange(query("select 'in step'"));
        return std::ranges::count(lines, "C SELECT 1" + std::string("\\x00")) == 1;
    };
    // Statements and portals: PostgreSQL takes such names.
    RawClient statements = raw();
    statements.send(parse(name, "select 7") + wire::bind("", name) + execute("") + sync());
    auto messages = statements.read_until('Z');
    EXPECT_EQ(first_error(messages).type, 0) << to_line(first_error(messages));
    EXPECT_EQ(std::ranges::count(messages, 'D', &Message::type), 1);
    EXPECT_TRUE(in_step(statements));
    RawClient portals = raw();
    portals.send(parse("", "select 7") + wire::bind(name, "") + execute(name) + close('P', name) +
                 sync());
    // Its Execute is longer than PostgreSQL allows for one, and we have the same bound.
    EXPECT_EQ(field(first_error(portals.read_to_end(5s)), 'C'), "08P01");
    RawClient unknown = raw();
    unknown.send(wire::bind("", name + "x") + execute("") + sync());
    EXPECT_EQ(field(first_error(unknown.read_until('Z')), 'C'), "26000");
    EXPECT_TRUE(in_step(unknown));
    // GUCs, values, tables, channels.
    auto plain = direct();
    auto proxied = client();
    for (const std::string& sql :
         {"set " + name + " = 1", "show " + name, "set application_name = '" + name + "'",
          "set a." + name + " = 1", "select * from " + name, "listen " + name,
          "select set_config('application_name', '" + name + "', false)",
          "prepare " + name + " as select 1", "savepoint " + name}) {
        SCOPED_TRACE(sql.substr(0, 40));
        EXPECT_EQ(outcome(proxied, sql), outcome(plain, sql));
        EXPECT_EQ(proxied.scalar("select 'in step'"), "in step");
    }
    // At login: over limits.max_startup_bytes, refused in words.
    for (const Parameters& parameters :
         {Parameters{{"user", name}, {"database", "postgres"}},
          Parameters{{"user", "postgres"}, {"database", name}},
          Parameters{{"user", "postgres"}, {"database", "postgres"}, {name, "1"}},
          Parameters{
              {"user", "postgres"}, {"database", "postgres"}, {"options", "-c " + name + "=1"}}}) {
        RawClient login(proxy().port());
        login.send(startup(parameters).substr(0, 20'000));
        auto refused = login.read_until('E', 5s);
        EXPECT_EQ(field(first_error(refused), 'C').size(), 5u);
        EXPECT_TRUE(login.closes(5s));
    }
    expect_served_at_once();
    // Ten thousand of them do not stay.
    for (int i = 0; i < 40; ++i) {
        RawClient one = raw();
        one.send(parse(name + std::to_string(i), "select 7") + sync());
        one.read_until('Z');
    }
    expect_peak_below(96 * kMega);
}

}  // namespace
}  // namespace pgsidecar::test
