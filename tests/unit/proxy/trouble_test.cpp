#include <gmock/gmock.h>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

using metrics::RejectReason;
using testing::HasSubstr;

ScriptSetup with_pool(int size) {
    ScriptSetup setup;
    setup.pool_size = size;
    return setup;
}

/// A client and the key that it was given.
struct Keyed {
    ScriptClient* client = nullptr;
    std::uint32_t pid = 0;
    std::string secret;
};

Keyed keyed_login(ProxyScript& script) {
    Keyed keyed;
    keyed.client = &script.accept();
    script.send(*keyed.client, startup({{"user", "app"}, {"database", "db"}}));
    for (const auto& message : keyed.client->take()) {
        if (message.type != 'K') continue;
        keyed.pid = base::load_be32(base::as_bytes(message.payload).data());
        keyed.secret = message.payload.substr(4);
    }
    return keyed;
}

void send_cancel(ProxyScript& script, std::uint32_t pid, const std::string& secret) {
    auto& caller = script.accept();
    script.send(caller, cancel_request(pid, secret));
    EXPECT_EQ(caller.take_types(), "");
    EXPECT_TRUE(caller.closed());
}

// ---- cancel

TEST(Cancel, TheOwnKeyEndsTheStatementAndTheConnectionIsUsedAgain) {
    ProxyScript script(with_pool(1));
    auto keyed = keyed_login(script);
    EXPECT_EQ(script.ask(*keyed.client, query("SELECT pg_sleep(1)")), "");
    send_cancel(script, keyed.pid, keyed.secret);
    auto messages = keyed.client->take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "57014");
    ASSERT_EQ(script.world.cancels.size(), 1u);
    EXPECT_TRUE(script.world.cancels[0].right_key);
    EXPECT_EQ(script.ask(*keyed.client, query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
    EXPECT_EQ(script.misuses(), 0);
}

TEST(Cancel, AGuessedKeyReachesNobody) {
    ProxyScript script(with_pool(1));
    auto keyed = keyed_login(script);
    script.ask(*keyed.client, query("SELECT pg_sleep(1)"));
    send_cancel(script, keyed.pid, be32(base::load_be32(base::as_bytes(keyed.secret).data()) + 1));
    send_cancel(script, keyed.pid, keyed.secret + "long");
    EXPECT_TRUE(script.world.cancels.empty());
    EXPECT_EQ(script.cancels_elsewhere, 1);
    EXPECT_EQ(keyed.client->take_types(), "");
    EXPECT_EQ(script.shard.cancels_received.get(), 2u);
}

TEST(Cancel, AnIdleClientIsNotTheOneNowOnItsConnection) {
    ProxyScript script(with_pool(1));
    auto idle = keyed_login(script);
    script.ask(*idle.client, query("SELECT 'x'"));
    auto& busy = script.login();
    script.ask(busy, query("SELECT pg_sleep(1)"));
    send_cancel(script, idle.pid, idle.secret);
    EXPECT_TRUE(script.world.cancels.empty());
    EXPECT_EQ(busy.take_types(), "");
}

TEST(Cancel, WhileWaitingForAConnection) {
    ProxyScript script(with_pool(1));
    auto& busy = script.login();
    script.ask(busy, query("BEGIN"));
    auto keyed = keyed_login(script);
    EXPECT_EQ(script.ask(*keyed.client, query("SELECT 'x'")), "");
    send_cancel(script, keyed.pid, keyed.secret);
    auto messages = keyed.client->take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('C'), "57014");
    EXPECT_EQ(script.shard.clients_waiting.get(), 0);
    EXPECT_TRUE(script.world.cancels.empty());
    script.ask(busy, query("COMMIT"));
    EXPECT_EQ(script.ask(*keyed.client, query("SELECT 'x'")), "TDCZ");
}

TEST(Cancel, TheConnectionIsNotReusedBeforeItIsSettled) {
    ProxyScript script(with_pool(1));
    auto keyed = keyed_login(script);
    auto& other = script.login();
    script.ask(*keyed.client, query("SELECT pg_sleep(1)"));
    script.ask(other, query("SELECT 'next'"));
    script.world.cancel_door = ModelWorld::Door::Hang;  // taken, not hung up
    send_cancel(script, keyed.pid, keyed.secret);
    EXPECT_EQ(keyed.client->take_types(), "EZ");
    EXPECT_EQ(other.take_types(), "");
    for (auto& server : script.servers) {
        if (server->model.is_cancel) server->channel.peer_closed = true;
    }
    script.run();
    EXPECT_EQ(other.take_types(), "TDCZ");
}

TEST(Cancel, AfterTenSecondsTheConnectionIsGivenUpInstead) {
    ProxyScript script(with_pool(1));
    auto keyed = keyed_login(script);
    auto& other = script.login();
    script.ask(*keyed.client, query("SELECT pg_sleep(1)"));
    script.ask(other, query("SELECT 'next'"));
    script.world.cancel_door = ModelWorld::Door::Hang;
    send_cancel(script, keyed.pid, keyed.secret);
    script.pass_ms(10'200);
    EXPECT_EQ(other.take_types(), "TDCZ");
    EXPECT_EQ(script.backends().size(), 1u);
    EXPECT_NE(script.backends()[0], script.servers[0].get());
}

TEST(Cancel, AClientThatVanishesCancelsWhatItLeavesRunning) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.ask(client, query("SELECT pg_sleep(1)"));
    script.hang_up(client);
    ASSERT_EQ(script.world.cancels.size(), 1u);
    EXPECT_TRUE(script.world.cancels[0].right_key);
    EXPECT_TRUE(script.servers[0]->channel.ended);
    EXPECT_EQ(script.shard.servers.get(), 0);
    EXPECT_EQ(script.shard.clients.get(), 0);
    EXPECT_EQ(script.shard.clients_active.get(), 0);
    auto& next = script.login();
    EXPECT_EQ(script.ask(next, query("SELECT 'x'")), "TDCZ");
}

TEST(Cancel, AClientThatVanishesInATransactionLosesTheConnectionOnly) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.ask(client, query("BEGIN"));
    script.hang_up(client);
    EXPECT_TRUE(script.world.cancels.empty());
    EXPECT_TRUE(script.servers[0]->channel.ended);
}

// ---- the server cannot be reached

TEST(Outage, RefusedWithTheCauseAfterTheHoldBudgetAndBackAgain) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.world.door = ModelWorld::Door::Refuse;
    script.backends()[0]->channel.peer_closed = true;
    script.run();
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "");
    auto& database = script.plane().settings().database;
    std::int64_t budget = 0, delay = database.retry_delay_ms;
    for (int i = 0; i < database.max_retries; ++i, delay *= 2)
        budget += std::min<std::int64_t>(delay, 10'000);
    script.pass_ms(budget - 200);
    EXPECT_EQ(client.take_types(), "");
    script.pass_ms(500);
    auto messages = client.take();
    ASSERT_EQ(types_of(messages), "EZ");
    EXPECT_EQ(messages[0].field('V'), "ERROR");
    EXPECT_EQ(messages[0].field('C'), "08006");
    EXPECT_THAT(messages[0].field('D'), HasSubstr("connection refused"));
    // From now on at once.
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "EZ");
    EXPECT_EQ(script.ask(client, parse("", "SELECT 'x'") + bind("", "")), "E");
    EXPECT_EQ(script.ask(client, execute("") + sync()), "Z");
    auto& late = script.accept();
    script.send(late, startup({{"user", "app"}, {"database", "db"}, {"TimeZone", "CET"}}));
    EXPECT_EQ(late.take_types(), "E");
    EXPECT_TRUE(late.closed());
    EXPECT_EQ(script.rejected(RejectReason::UpstreamDown), 3u);

    script.world.door = ModelWorld::Door::Open;
    script.pass_ms(11'000);
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
    EXPECT_EQ(script.shard.clients_waiting.get(), 0);
}

TEST(Outage, AShortOneIsOnlyAWait) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.world.door = ModelWorld::Door::Refuse;
    script.backends()[0]->channel.peer_closed = true;
    script.run();
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "");
    script.world.door = ModelWorld::Door::Open;
    script.plane().upstream_usable(script.now());
    script.run();
    EXPECT_EQ(client.take_types(), "TDCZ");
}

TEST(Outage, AConnectThatHangsTimesOut) {
    ProxyScript script(with_pool(1));
    script.world.door = ModelWorld::Door::Hang;
    auto& client = script.accept();
    script.send(client, startup({{"user", "app"}, {"database", "db"}}));
    script.pass_ms(config::Settings().pool.connect_timeout_ms + 200);
    EXPECT_EQ(script.lost, 1);
    EXPECT_TRUE(script.servers[0]->channel.aborted);
}

TEST(Outage, APermanentRefusalIsToldAtOnceAndAskedAgain) {
    ProxyScript script(with_pool(1));
    script.world.login_error = "3D000";
    for (int i = 0; i < 2; ++i) {
        auto& client = script.accept();
        script.send(client, startup({{"user", "app"}, {"database", "db"}}));
        auto messages = client.take();
        ASSERT_EQ(types_of(messages), "E");
        EXPECT_EQ(messages[0].field('C'), "3D000");
        EXPECT_EQ(messages[0].field('M'), "the model refuses this login");
    }
    script.world.login_error.clear();
    EXPECT_EQ(script.ask(script.login(), query("SELECT 'x'")), "TDCZ");
}

// ---- a server that breaks the protocol

TEST(BrokenServer, EndsTheConnectionAndTellsTheClient) {
    const std::string breaches[] = {
        ready() + ready(),                    // nobody asked
        typed('y'),                           // no such message
        std::string("D\xff\xff\xff\xff", 5),  // a length that is not one
        std::string("T\0\0\0\1", 5),          // too small
        typed('1'),                           // answers a Parse that was not sent
        typed('Z'),
        typed('Z', "x"),  // without a status
    };
    for (const auto& breach : breaches) {
        ProxyScript script(with_pool(1));
        auto& client = script.login();
        script.world.answers = false;
        script.send(client, query("SELECT 'x'"));
        script.servers[0]->channel.from_peer += breach;
        script.run();
        auto types = client.take_types();
        if (breach == ready() + ready()) {
            EXPECT_EQ(types, "Z");  // the second one comes when the client is done
            EXPECT_FALSE(client.closed());
        } else {
            EXPECT_TRUE(types.ends_with('E')) << types;
            EXPECT_TRUE(client.closed());
        }
        EXPECT_TRUE(script.servers[0]->channel.ended);
        EXPECT_EQ(script.shard.server_protocol_errors.get(), 1u);
        EXPECT_EQ(script.shard.servers.get(), 0);
        EXPECT_EQ(script.misuses(), 0);
    }
}

TEST(BrokenServer, AFatalErrorWhileIdleIsNoConcernOfAClient) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.servers[0]->channel.from_peer += error_response("FATAL", "57P01", "shutting down");
    script.run();
    EXPECT_TRUE(script.servers[0]->channel.ended);
    EXPECT_EQ(script.shard.servers_idle.get(), 0);
    EXPECT_EQ(client.take_types(), "");
    EXPECT_EQ(script.ask(client, query("SELECT 'x'")), "TDCZ");
}

TEST(BrokenServer, EofInTheMiddleOfARowEndsTheClientWithoutAnError) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.world.answers = false;
    script.send(client, query("SELECT 'x'"));
    script.servers[0]->channel.from_peer += data_row("half of it").substr(0, 9);
    script.servers[0]->channel.peer_closed = true;
    script.run();
    EXPECT_EQ(client.take_types(), "");
    EXPECT_EQ(client.received, data_row("half of it").substr(0, 9));
    EXPECT_TRUE(client.closed());
}

// ---- a client that breaks the protocol

TEST(BrokenClient, IsToldAndClosed) {
    for (const std::string& breach : {typed('y'), std::string("Q\0\0\0\3", 5),
                                      std::string("Q\xff\xff\xff\xff", 5), typed('p', "x")}) {
        ProxyScript script(with_pool(1));
        auto& client = script.login();
        script.send(client, breach);
        auto messages = client.take();
        ASSERT_EQ(types_of(messages), "E");
        EXPECT_EQ(messages[0].field('C'), "08P01");
        EXPECT_TRUE(client.closed());
        EXPECT_EQ(script.backends().size(), 1u);
        EXPECT_EQ(script.rejected(RejectReason::ProtocolError), 1u);
    }
}

// ---- somebody is slow

TEST(Backpressure, ASlowReaderStopsTheServersReading) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    client.channel.room = 0;
    std::string queries;
    for (int i = 0; i < 100; ++i) queries += query("SELECT repeat(20000)");
    script.send(client, queries);
    EXPECT_FALSE(script.servers[0]->channel.reading);
    EXPECT_LT(client.channel.most_unsent, 65'536u * 3);
    EXPECT_GT(script.servers[0]->channel.from_peer.size(), 1'000'000u);
    client.channel.unblock(script.now());
    script.run();
    EXPECT_TRUE(script.servers[0]->channel.reading);
    EXPECT_EQ(client.take().size(), 400u);
    EXPECT_EQ(script.shard.clients_active.get(), 0);
}

TEST(Backpressure, ASlowServerStopsTheClientsReading) {
    ProxyScript script(with_pool(1));
    auto& client = script.login();
    script.ask(client, query("COPY t FROM STDIN"));
    script.servers[0]->channel.room = 0;
    std::string data;
    for (int i = 0; i < 100; ++i) data += typed('d', std::string(20'000, 'x'));
    script.send(client, data);
    EXPECT_FALSE(client.channel.reading);
    EXPECT_LT(script.servers[0]->channel.most_unsent, 65'536u * 3);
    script.servers[0]->channel.unblock(script.now());
    script.run();
    EXPECT_TRUE(client.channel.reading);
    EXPECT_EQ(script.ask(client, typed('c')), "CZ");
}

TEST(Backpressure, AWaiterThatSentMuchAheadIsReadAgain) {
    ProxyScript script(with_pool(1));
    auto& busy = script.login();
    auto& client = script.login();
    script.ask(busy, query("BEGIN"));
    std::string data;
    for (int i = 0; i < 10; ++i) data += typed('d', std::string(20'000, 'x'));
    script.send(client, query("COPY t FROM STDIN") + data);
    EXPECT_FALSE(client.channel.reading);
    script.ask(busy, query("COMMIT"));
    EXPECT_TRUE(client.channel.reading);
    EXPECT_EQ(client.take_types(), "G");
    EXPECT_EQ(script.ask(client, typed('c')), "CZ");
}

// ---- stopping

TEST(Drain, IdleClientsGoAtOnceAndTheOthersAfterTheirTransaction) {
    ProxyScript script(with_pool(2));
    auto& idle = script.login();
    auto& busy = script.login();
    script.ask(busy, query("BEGIN"));
    script.plane().drain(script.now());
    script.end_turn();
    auto messages = idle.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57P01");
    EXPECT_TRUE(idle.closed());
    EXPECT_EQ(script.ask(busy, query("SELECT 'x'")), "TDCZ");
    EXPECT_FALSE(busy.closed());
    auto& late = script.accept();
    script.send(late, startup({{"user", "app"}, {"database", "db"}}));
    messages = late.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57P03");
    EXPECT_EQ(script.ask(busy, query("COMMIT")), "CZE");
    EXPECT_TRUE(busy.closed());
    script.pass_ms(200);
    EXPECT_TRUE(script.backends().empty());
    EXPECT_EQ(script.shard.servers.get(), 0);
    EXPECT_EQ(script.shard.clients.get(), 0);
}

TEST(Drain, WhoWaitsForAConnectionIsServedAndALoginIsToldWhy) {
    ProxyScript script(with_pool(1));
    auto& busy = script.login();
    auto& waiter = script.login();
    script.ask(busy, query("BEGIN"));
    EXPECT_EQ(script.ask(waiter, query("SELECT 'x'")), "");
    auto& late = script.accept();
    script.send(late, startup({{"user", "app"}, {"database", "db"}, {"work_mem", "1MB"}}));
    EXPECT_FALSE(late.closed()) << "its settings must first be checked on a server";
    script.plane().drain(script.now());
    script.end_turn();
    auto messages = late.take();
    ASSERT_EQ(types_of(messages), "E");
    EXPECT_EQ(messages[0].field('C'), "57P03");
    EXPECT_FALSE(waiter.closed());
    EXPECT_EQ(script.ask(busy, query("COMMIT")), "CZE");
    EXPECT_EQ(types_of(waiter.take()), "TDCZE");
    EXPECT_TRUE(waiter.closed());
}

TEST(Drain, CloseAllEndsEverything) {
    ProxyScript script(with_pool(1));
    auto& waiting = script.login();
    auto& running = script.login();
    auto& silent = script.accept();
    script.ask(running, query("SELECT pg_sleep(1)"));
    script.ask(waiting, query("SELECT 'x'"));
    script.plane().close_all(script.now());
    script.end_turn();
    script.run();
    EXPECT_TRUE(waiting.closed() && running.closed() && silent.closed());
    EXPECT_EQ(script.shard.clients.get(), 0);
    EXPECT_EQ(script.shard.clients_waiting.get(), 0);
    EXPECT_EQ(script.shard.clients_active.get(), 0);
    EXPECT_EQ(script.misuses(), 0);
}

}  // namespace
}  // namespace pgsidecar::test
