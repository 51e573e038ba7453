// A hostile or broken PostgreSQL: the client gets a clear error or a closed socket, the process
// goes on, a counter moves, and once the server behaves again so does everything.

#include <algorithm>

#include "tests/integration/support/proxy_fixture.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/sidecar_process.hpp"

namespace pgsidecar::test {
namespace {

using namespace wire;

struct Misdeed {
    const char* name;
    FakeServer::Script script;
};

/// Sends after the start-up packet, then waits.
FakeServer::Script at_startup(std::string bytes) {
    return [bytes](FakeConnection& c) {
        if (!c.read_startup()) return;
        c.send(bytes);
        c.wait_for_close();
    };
}

/// SASL up to the client's first message, then the bytes made from its nonce.
FakeServer::Script after_sasl_first(std::function<std::string(const std::string& nonce)> reply) {
    return [reply](FakeConnection& c) {
        if (!c.read_startup()) return;
        c.send(auth(10, cstr("SCRAM-SHA-256") + '\0'));
        auto first = c.read_message();
        if (!first) return;
        auto at = first->body.find("r=");
        c.send(reply(at == std::string::npos ? "" : first->body.substr(at + 2)));
        c.wait_for_close();
    };
}

FakeServer::Script challenge(const std::string& after_nonce) {
    return after_sasl_first(
        [after_nonce](const std::string& nonce) { return auth(11, "r=" + nonce + after_nonce); });
}

/// A healthy login, then the bytes instead of an answer to the first statement, and maybe a close.
FakeServer::Script at_query(std::string bytes, bool then_close = false) {
    return [bytes, then_close](FakeConnection& c) {
        if (!c.accept_login()) return;
        while (auto m = c.read_message()) {
            if (m->type != 'Q') continue;
            c.send(bytes);
            if (!then_close) c.wait_for_close();
            return;
        }
    };
}

const std::vector<Misdeed>& at_login() {
    static const std::vector<Misdeed> all{
        {"nonsense", at_startup("HTTP/1.1 400 Bad Request\r\nServer: not PostgreSQL\r\n\r\n")},
        {"closes at once", [](FakeConnection&) {}},
        {"resets at once", [](FakeConnection& c) { c.socket().reset(); }},
        {"zeros", at_startup(std::string(10'000, '\0'))},
        {"huge length", at_startup(message_claiming('R', 0x7fffffff, "x"))},
        {"length 3", at_startup(message_claiming('R', 3))},
        {"negative length", at_startup(message_claiming('R', 0xfffffff0))},
        {"unknown authentication", at_startup(auth(99))},
        {"empty authentication", at_startup(message('R', ""))},
        {"error without SQLSTATE", at_startup(error("", "no state at all", "FATAL"))},
        {"error without fields", at_startup(message('E', std::string(1, '\0')))},
        {"error without end", at_startup(message('E', "Mno zero"))},
        {"old style error", at_startup("Eold protocol error\n" + std::string(1, '\0'))},
        {"ready before authentication", at_startup(ready())},
        {"rows before authentication", at_startup(data_row({"1"}))},
        {"unknown SASL mechanism", at_startup(auth(10, cstr("SCRAM-SHA-999") + '\0'))},
        {"no SASL mechanism", at_startup(auth(10, std::string(1, '\0')))},
        {"SASL list without end", at_startup(auth(10, "SCRAM-SHA-256"))},
        {"AuthenticationOk in the middle of SASL", after_sasl_first([](const std::string&) {
             return auth_ok() + parameter_status("server_version", "15.0") +
                    backend_key_data(1, 2) + ready();
         })},
        {"final without continue",
         after_sasl_first([](const std::string&) { return auth(12, "v=AAAA"); })},
        {"2e9 iterations", challenge("server,s=c2FsdHNhbHRzYWx0c2FsdA==,i=2000000000")},
        {"iterations beyond any integer",
         challenge("server,s=c2FsdHNhbHRzYWx0c2FsdA==,i=99999999999999999999999")},
        {"no iterations", challenge("server,s=c2FsdHNhbHRzYWx0c2FsdA==,i=0")},
        {"another nonce", after_sasl_first([](const std::string&) {
             return auth(11, "r=other,s=c2FsdA==,i=4096");
         })},
        {"nonce not extended", challenge(",s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096")},
        {"endless nonce", after_sasl_first([](const std::string& n) {
             return auth(11, "r=" + n + std::string(5'000'000, 'n'));
         })},
        {"salt that is not base64", challenge("server,s=!!!!,i=4096")},
        {"wrong signature",
         [](FakeConnection& c) {
             if (!c.read_startup()) return;
             c.send(auth(10, cstr("SCRAM-SHA-256") + '\0'));
             auto first = c.read_message();
             if (!first) return;
             c.send(auth(11, first->body.substr(first->body.find("r=")) +
                                 "server,s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096"));
             if (!c.read_message()) return;
             c.send(auth(12, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") + auth_ok() +
                    backend_key_data(1, 2) + ready());
             c.wait_for_close();
         }},
        {"bytes with the answer to SSLRequest",
         [](FakeConnection& c) {
             std::string request;
             c.socket().read_some(request, 8, 5s);
             c.send("S" + std::string("stuffed bytes before TLS"));
             c.wait_for_close();
         }},
        {"truncated in the middle of a message, then close",
         [](FakeConnection& c) {
             if (!c.read_startup()) return;
             c.send(auth_ok() + message_claiming('S', 100, "client_enc"));
         }},
        {"endless parameters",
         [](FakeConnection& c) {
             if (!c.read_startup()) return;
             c.send(auth_ok());
             while (!c.stopping() && c.send(parameter_status("p", std::string(60'000, 'v')))) {
             }
         }},
        {"endless notices",
         [](FakeConnection& c) {
             if (!c.read_startup()) return;
             c.send(auth_ok());
             while (!c.stopping() && c.send(message('N', std::string("SNOTICE\0Mx\0\0", 12)))) {
             }
         }},
        {"silence", at_startup("")},
    };
    return all;
}

const std::vector<Misdeed>& in_a_session() {
    static const std::vector<Misdeed> all{
        {"unknown type", at_query(message('?', "what"))},
        {"frontend type", at_query(message('Q', cstr("select 1")))},
        {"length 0", at_query(message_claiming('D', 0))},
        {"length 3", at_query(message_claiming('C', 3))},
        {"negative length", at_query(message_claiming('D', 0x80000000))},
        {"huge ReadyForQuery", at_query(message_claiming('Z', 0x7fffffff))},
        {"ReadyForQuery of an unknown status", at_query(command_complete("SELECT 0") + ready('?'))},
        {"authentication again", at_query(auth_ok())},
        {"error without SQLSTATE, then close", at_query(error("", "no state"), true)},
        {"closes in the middle of a row",
         at_query(row_description({"x"}) + message_claiming('D', 1000, "only this"), true)},
        {"closes without an answer", at_query("", true)},
        {"two answers for one question",
         at_query(command_complete("SELECT 0") + ready() + command_complete("SELECT 0") + ready())},
        {"ParseComplete for a simple Query", at_query(message('1') + ready())},
        {"copy both", at_query(message('W', std::string("\0\0\0", 3)))},
        {"nonsense", at_query("HTTP/1.1 500 Oops\r\n\r\n")},
    };
    return all;
}

class BadServer : public ProxyTest {
protected:
    void SetUp() override {
        PGS_NEEDS_SIDECAR("its counters");
        expect_end(End::ProxyRunning);  // none of these servers serves anybody
    }

    void start_before(const FakeServer& server) {
        ProxySettings settings;
        settings.upstream_url =
            "postgres://postgres:secret@127.0.0.1:" + std::to_string(server.port()) +
            "/postgres?sslmode=disable";
        settings.pool_size = 2;
        settings.flags = {
            {"pool-connect-timeout-ms", "1000"}, {"max-retries", "0"}, {"retry-delay-ms", "100"}};
        start(std::move(settings));
    }

    double closed_for_a_reason() {
        return proxy().metric(metric::kServersClosed) +
               proxy().metric(metric::kServerProtocolErrors);
    }

    void expect_recovery(FakeServer& server) {
        server.set_script(FakeServer::well_behaved);
        EXPECT_TRUE(eventually(10s, [&] {
            auto c = PqConnection::try_connect(proxy().conninfo());
            return c.connected() && c.query("select 1").ok();
        })) << "no recovery";
        EXPECT_TRUE(proxy().running());
    }
};

TEST_F(BadServer, DuringLogin) {
    for (const auto& misdeed : at_login()) {
        SCOPED_TRACE(misdeed.name);
        FakeServer server(misdeed.script);
        start_before(server);
        RawClient client(proxy().port());
        client.send(startup({{"user", "postgres"}, {"database", "postgres"}}));
        auto begin = Clock::now();
        Message error_message = first_error(client.read_to_end(10s));
        EXPECT_LT(Clock::now() - begin, 8s) << "pool.connect_timeout_ms is 1000";
        EXPECT_EQ(error_message.type, 'E') << "closed without a word";
        EXPECT_EQ(field(error_message, 'C').size(), 5u);
        EXPECT_NE(field(error_message, 'C'), "00000");
        EXPECT_FALSE(field(error_message, 'M').empty());
        EXPECT_TRUE(eventually(2s, [&] { return closed_for_a_reason() >= 1; }))
            << "no counter moved";
        EXPECT_LT(proxy().peak_rss(), proxy().memory_bound(96u << 20));
        expect_recovery(server);
    }
}

TEST_F(BadServer, InASession) {
    for (const auto& misdeed : in_a_session()) {
        SCOPED_TRACE(misdeed.name);
        FakeServer server(misdeed.script);
        start_before(server);
        double before = closed_for_a_reason();
        RawClient client(proxy().port());
        client.login({{"user", "postgres"}, {"database", "postgres"}});
        client.send(query("select 1"));
        std::vector<Message> messages;
        EXPECT_NO_THROW(messages = client.read_until('Z', 5s)) << "the client waits for ever";
        EXPECT_TRUE(eventually(3s, [&] { return closed_for_a_reason() > before; }))
            << "no counter moved";
        EXPECT_LT(proxy().peak_rss(), proxy().memory_bound(96u << 20));
        expect_recovery(server);
    }
}

TEST_F(BadServer, ASurplusAnswerNeverReachesTheNextClient) {
    // Every statement is answered twice: whoever uses the connection next would read a stranger's
    // answer.
    FakeServer server([](FakeConnection& c) {
        if (!c.accept_login()) return;
        while (auto m = c.read_message()) {
            if (m->type != 'Q') continue;
            std::string text = m->body.substr(0, m->body.size() - 1);
            std::string answer =
                row_description({"x"}) + data_row({text}) + command_complete("SELECT 1") + ready();
            c.send(answer + answer);
        }
    });
    start_before(server);
    for (int i = 0; i < 30; ++i) {
        auto c = PqConnection::try_connect(proxy().conninfo());
        if (!c.connected()) continue;
        std::string mine = "select 'mine " + std::to_string(i) + "'";
        auto result = c.query(mine);
        EXPECT_EQ(result.ok() ? result.value() : mine, mine);
    }
    EXPECT_TRUE(eventually(2s, [&] { return proxy().metric(metric::kServerProtocolErrors) >= 1; }));
    expect_recovery(server);
}

TEST_F(BadServer, AFloodOfNoticesToAnIdleClientIsHeldBack) {
    FakeServer server([](FakeConnection& c) {
        if (!c.accept_login()) return;
        while (auto m = c.read_message()) {
            if (m->type != 'Q') continue;
            while (
                !c.stopping() &&
                c.socket().write_all(message('N', std::string("SNOTICE\0Mflood\0\0", 16)), 100ms)) {
            }
            c.wait_for_close();
            return;
        }
    });
    start_before(server);
    RawClient client(Socket::connect_tcp(proxy().port(), 2s, 4096));
    client.login({{"user", "postgres"}, {"database", "postgres"}});
    const std::size_t bound = proxy().rss() + proxy().memory_bound(16u << 20);
    client.send(query("select 1"));
    EXPECT_TRUE(always(1s, [&] { return proxy().rss() < bound; }));
    client.socket().close();
    expect_recovery(server);
}

TEST(BadServerAddress, ASocketPathThatIsTooLongIsAnErrorAndNotAnEnd) {
    PGS_NEEDS_SIDECAR("its settings");
    SidecarOptions options;
    options.upstream_url = "postgres://postgres@%2Ftmp%2F" + std::string(120, 'x') + "/postgres";
    options.flags = quick_outage_flags();
    SidecarProcess sidecar(options);
    sidecar.start();
    for (int i = 0; i < 3; ++i) {
        RawClient client(sidecar.port());
        client.send(startup({{"user", "postgres"}, {"database", "postgres"}}));
        Message error = first_error(client.read_to_end(10s));
        EXPECT_EQ(field(error, 'C'), "08006") << field(error, 'M');
    }
    EXPECT_TRUE(sidecar.running());
    EXPECT_THAT(sidecar.log(), testing::HasSubstr("longer than a Unix socket's path may be"));
    EXPECT_EQ(sidecar.terminate(5s), 0);
}

}  // namespace
}  // namespace pgsidecar::test
