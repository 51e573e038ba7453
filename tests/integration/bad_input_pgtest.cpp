// Hostile clients. After each of them a good client is served and a counter has moved.

#include <sys/resource.h>

#include <algorithm>
#include <iostream>

#include "tests/integration/support/proxy_fixture.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;

const Parameters kPostgres{{"user", "postgres"}, {"database", "postgres"}};

struct Misdeed {
    const char* name;
    std::string bytes;
    const char* reason;          ///< label of the counter that moves
    bool error_expected = true;  ///< an ErrorResponse with SQLSTATE; else closing is enough
};

std::string raw_length(std::uint32_t length, std::string_view rest = {}) {
    return be32(length) + std::string(rest);
}

std::string long_startup(std::size_t bytes) {
    return startup({{"user", "postgres"}, {"options", std::string(bytes, 'o')}});
}

const std::vector<Misdeed>& before_login() {
    static const std::vector<Misdeed> all{
        {"length 0", raw_length(0, be32(kProtocol30)), "bad_startup"},
        {"length 3", raw_length(3, be32(kProtocol30)), "bad_startup"},
        {"length 7", raw_length(7, be32(kProtocol30)), "bad_startup"},
        {"length 8, nothing in it", raw_length(8, be32(kProtocol30)), "bad_startup"},
        {"negative length", raw_length(0xffffffff, be32(kProtocol30)), "bad_startup"},
        {"length -2^31", raw_length(0x80000000, be32(kProtocol30)), "bad_startup"},
        {"length 2^31-1", raw_length(0x7fffffff, be32(kProtocol30)), "bad_startup"},
        {"one byte over the limit", long_startup(10'000), "bad_startup"},
        {"no final zero", packet(kProtocol30, cstr("user") + "postgres"), "bad_startup"},
        {"name without value",
         packet(kProtocol30, cstr("user") + cstr("postgres") + cstr("database")), "bad_startup"},
        {"bytes after the end",
         packet(kProtocol30, cstr("user") + cstr("postgres") + '\0' + "more"), "bad_startup"},
        {"empty option name",
         packet(kProtocol30,
                cstr("user") + cstr("postgres") + cstr("options") + cstr("-c =1") + '\0'),
         nullptr},
        {"unknown request code", packet(80877999, "x"), "bad_startup"},
        {"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "bad_startup"},
        {"TLS without asking",
         std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(600, 'x'),
         "bad_startup"},
        {"SSLRequest with a body", packet(kSslRequest, "extra"), "bad_startup"},
        {"SSLRequest twice", packet(kSslRequest) + packet(kSslRequest), nullptr},
        {"GSSENCRequest twice", packet(kGssEncRequest) + packet(kGssEncRequest), nullptr},
        {"short CancelRequest", packet(kCancelRequest, be32(1)), "bad_startup", false},
        {"zeros", std::string(5'000, '\0'), "bad_startup"},
    };
    return all;
}

const std::vector<Misdeed>& after_login() {
    static const std::vector<Misdeed> all{
        {"length 0", message_claiming('Q', 0), "protocol_error"},
        {"length 3", message_claiming('Q', 3), "protocol_error"},
        {"negative length", message_claiming('Q', 0xfffffffe, "select 1"), "protocol_error"},
        {"unknown type", message('?', "what"), "protocol_error"},
        {"type 0", message('\0', "what"), "protocol_error"},
        {"a backend's message", ready(), "protocol_error"},
        {"a second start-up message", startup(kPostgres), "protocol_error"},
        {"a password nobody asked for", password("x"), "protocol_error"},
        {"SSLRequest in a session", packet(kSslRequest), "protocol_error"},
        {"HTTP in a session", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "protocol_error"},
    };
    return all;
}

class BadInput : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("its counters and limits");
        ProxySettings settings;
        settings.flags = {{"auth-login-timeout-ms", "1500"}};
        start(std::move(settings));
    }

    double rejected(const char* reason) {
        return proxy().metric(metric::kClientsRejected, reason != nullptr
                                                            ? Metrics::Labels{{"reason", reason}}
                                                            : Metrics::Labels{});
    }

    void expect_served() {
        auto good = PqConnection::try_connect(proxy().conninfo());
        ASSERT_TRUE(good.connected()) << good.error();
        EXPECT_EQ(good.query("select 42").value(), "42");
    }

    /// Sends the bytes and expects an error with SQLSTATE or a closed socket, and the counter to
    /// move.
    void expect_refused(RawClient& client, const Misdeed& misdeed,
                        std::size_t bytes_per_write = 1 << 20) {
        SCOPED_TRACE(misdeed.name);
        double before = rejected(misdeed.reason);
        for (std::string_view rest = misdeed.bytes; !rest.empty();) {
            client.send(rest.substr(0, bytes_per_write));
            rest.remove_prefix(std::min(bytes_per_write, rest.size()));
        }
        // Over-long claims must be refused by the header alone, so nobody says goodbye first.
        std::vector<Message> messages;
        std::string first = client.read_bytes(1, 3s);
        if (first == "N") first = client.read_bytes(1, 3s);
        if (!first.empty()) {
            RawClient rest(std::move(client.socket()));
            std::string length = rest.read_bytes(4);
            Message m{first[0], rest.read_bytes(load32(length) - 4)};
            EXPECT_EQ(m.type, 'E') << to_line(m);
            EXPECT_EQ(field(m, 'C').size(), 5u) << to_line(m);
            EXPECT_FALSE(field(m, 'M').empty());
            EXPECT_TRUE(rest.closes(3s)) << "left open";
        } else {
            // Bytes that arrive after the refusal turn the close into a reset, which may overtake
            // the error.
            EXPECT_TRUE(!misdeed.error_expected || bytes_per_write == 1) << "closed without a word";
        }
        if (misdeed.reason != nullptr) {
            EXPECT_TRUE(eventually(2s, [&] { return rejected(misdeed.reason) > before; }))
                << "no counter moved";
        }
        expect_served();
    }
};

TEST_F(BadInput, BeforeLogin) {
    for (const auto& misdeed : before_login()) {
        RawClient client(proxy().port());
        expect_refused(client, misdeed);
    }
}

TEST_F(BadInput, BeforeLoginByteByByte) {
    for (const auto& misdeed : before_login()) {
        if (misdeed.bytes.size() > 200) continue;
        RawClient client(proxy().port());
        expect_refused(client, misdeed, 1);
    }
}

TEST_F(BadInput, AfterLogin) {
    for (const auto& misdeed : after_login()) {
        RawClient client(proxy().port());
        client.login(kPostgres);
        expect_refused(client, misdeed);
    }
}

TEST_F(BadInput, AfterLoginInsideATransaction) {
    for (const auto& misdeed : after_login()) {
        RawClient client(proxy().port());
        client.login(kPostgres);
        client.exchange(query("begin; select 1"));
        expect_refused(client, misdeed);
    }
    EXPECT_TRUE(eventually(2s, [&] { return backends("state like 'idle in transaction%'") == 0; }));
}

// PostgreSQL answers these with an ERROR and stays in the session; so may we, as long as we stay in
// step.
TEST_F(BadInput, WhatPostgreSqlForgivesLeavesTheSessionInStep) {
    for (const auto& bytes :
         {message('Q', "select 1"), message('S', "body"), message('P', "no zeros"),
          message('B', std::string("\0\0\x7f\xff", 4)), message('E', ""), message('D', "?")}) {
        RawClient client(proxy().port());
        client.login(kPostgres);
        client.send(bytes + sync());
        EXPECT_TRUE(eventually(3s, [&] {
            auto lines = client.exchange(query("select 'in step'"));
            bool closed = lines.empty();
            return closed || std::ranges::count(lines, "C SELECT 1" + std::string("\\x00")) == 1;
        })) << bytes[0];
    }
    expect_served();
}

TEST_F(BadInput, AHugeClaimTakesNoMemoryUntilItIsKept) {
    std::size_t before = proxy().rss();
    std::vector<RawClient> clients;
    for (int i = 0; i < 50; ++i) {
        clients.emplace_back(proxy().port());
        clients.back().login(kPostgres);
        clients.back().send(message_claiming('Q', 0x7fffffff, "select '" + std::string(1000, 'x')));
    }
    expect_served();
    EXPECT_LT(proxy().rss(), before + proxy().memory_bound(16u << 20));
}

TEST_F(BadInput, AStartupThatNeverEndsIsCutByTheLoginDeadline) {
    double before = rejected("login_timeout");
    RawClient silent(proxy().port()), half(proxy().port()), dripping(proxy().port());
    std::string packet_bytes = long_startup(8'000);
    half.send(packet_bytes.substr(0, 100));
    auto begin = Clock::now();
    std::size_t sent = 0;
    EXPECT_TRUE(eventually(8s, [&] {
        return sent + 1 >= packet_bytes.size() || !dripping.send(packet_bytes.substr(sent++, 1)) ||
               dripping.closes(1ms);
    }));
    EXPECT_TRUE(silent.closes(4s));
    EXPECT_TRUE(half.closes(4s));
    EXPECT_LT(Clock::now() - begin, 5s) << "auth.login_timeout_ms is 1500";
    EXPECT_TRUE(eventually(2s, [&] { return rejected("login_timeout") >= before + 3; }));
    expect_served();
}

TEST_F(BadInput, NothingRunsBeforeTheLoginIsComplete) {
    auto users = TempFolder();
    ProxySettings settings;
    settings.upstream_url = cluster().url("app_scram", "secret");
    settings.flags = {{"auth-method", "md5"},
                      {"auth-user-file", users.write("users", "\"app_scram\" \"secret\"\n")}};
    start(std::move(settings));
    RawClient eager(proxy().port());
    eager.send(startup({{"user", "app_scram"}, {"database", "postgres"}}) +
               query("select 'too early'"));
    auto messages = eager.read_to_end(5s);
    EXPECT_EQ(std::ranges::count(messages, 'D', &Message::type), 0);
    EXPECT_EQ(first_error(messages).type, 'E');
    EXPECT_TRUE(eventually(2s, [&] { return rejected(nullptr) >= 1; }));
    EXPECT_TRUE(
        PqConnection::try_connect(proxy().conninfo("app_scram", "password=secret")).connected());
    expect_end(End::ProxyRunning);
}

TEST_F(BadInput, BadScramMessagesAreRefused) {
    auto users = TempFolder();
    ProxySettings settings;
    settings.upstream_url = cluster().url("app_scram", "secret");
    settings.flags = {{"auth-method", "scram-sha-256"},
                      {"auth-user-file", users.write("users", "\"app_scram\" \"secret\"\n")}};
    start(std::move(settings));
    auto initial = [](std::string_view mechanism, std::string_view data, std::uint32_t claimed) {
        return message('p', cstr(mechanism) + be32(claimed) + std::string(data));
    };
    std::string good_first = "n,,n=,r=rOprNGfwEbeRWgbNEkqO";
    auto size = static_cast<std::uint32_t>(good_first.size());
    const std::vector<std::string> attempts{
        initial("SCRAM-SHA-256", good_first, 0x7fffffff),
        initial("SCRAM-SHA-256", good_first, size + 1),
        initial("SCRAM-SHA-256", "", 0),
        initial("SCRAM-SHA-256-PLUS", good_first, size),
        initial("PLAIN", "x", 1),
        initial("SCRAM-SHA-256", "n,,n=,r=" + std::string(60'000, 'n'), 60'008),
        initial("SCRAM-SHA-256", "n,,r=,,,", 8),
        initial("SCRAM-SHA-256", "y,,n=,r=", 8),
        message('p', ""),
        message('p', std::string(3, '\0')),
        message_claiming('p', 0x7fffffff),
        message_claiming('p', 3),
        message_claiming('p', 70'000, "x"),
        initial("SCRAM-SHA-256", good_first, size) + message('p', "c=biws,r=wrong,p=AAAA"),
        initial("SCRAM-SHA-256", good_first, size) + message('p', ""),
        query("select 1")};
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        SCOPED_TRACE("attempt " + std::to_string(i));
        double before = rejected(nullptr);
        RawClient client(proxy().port());
        client.send(startup({{"user", "app_scram"}, {"database", "postgres"}}));
        ASSERT_EQ(client.read_message()->type, 'R');
        client.send(attempts[i]);
        EXPECT_TRUE(client.closes(5s));
        EXPECT_TRUE(eventually(2s, [&] { return rejected(nullptr) > before; }));
    }
    EXPECT_TRUE(
        PqConnection::try_connect(proxy().conninfo("app_scram", "password=secret")).connected());
    expect_end(End::ProxyRunning);
}

TEST_F(BadInput, TenThousandConnectionsAtOnce) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    // The sidecar inherits the limit; the ends on both sides count, each in its own process.
    auto wanted = std::min<std::size_t>(10'000, static_cast<std::size_t>(limit.rlim_cur) - 200);
    std::cout << "opening " << wanted << " connections, RLIMIT_NOFILE is " << limit.rlim_cur
              << "\n";
    RecordProperty("connections", std::to_string(wanted));
    start();
    double before = proxy().metric(metric::kClientsAccepted);
    std::vector<Socket> crowd;
    for (std::size_t i = 0; i < wanted; ++i) {
        Socket s = Socket::try_connect_tcp(proxy().port(), 5s);
        if (!s) break;
        crowd.push_back(std::move(s));
    }
    EXPECT_EQ(crowd.size(), wanted);
    EXPECT_TRUE(eventually(20s, [&] {
        return proxy().metric(metric::kClientsAccepted) + rejected(nullptr) - before >=
               static_cast<double>(wanted) - 100;
    })) << proxy().metric(metric::kClientsAccepted);
    std::cout << "resident " << (proxy().rss() >> 20) << " MB\n";
    EXPECT_LT(proxy().rss(), proxy().memory_bound(256u << 20));
    crowd.resize(wanted - 50);
    EXPECT_TRUE(eventually(10s, [&] {
        return PqConnection::try_connect(proxy().conninfo()).connected();
    })) << "a good client is not served while the crowd is there";
    crowd.clear();
    EXPECT_TRUE(eventually(20s, [&] { return proxy().metric(metric::kClients) == 0; }));
}

}  // namespace
}  // namespace pgsidecar::test
