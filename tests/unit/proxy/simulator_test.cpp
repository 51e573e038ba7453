#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "tests/support/proxy_script/proxy_script.hpp"

namespace pgsidecar::test {
namespace {

/// One random client: what it sent and what it must get.
struct Actor {
    ScriptClient* client = nullptr;
    std::string name;
    std::uint32_t pid = 0;
    std::string secret;
    std::deque<std::string> markers;  ///< of its statements in flight, oldest first
    int next = 0;
    std::size_t answers = 0;  ///< of statements, given by the model
    bool ready = false, left = false;
    bool in_transaction = false;
};

/// Random clients against a random, sometimes failing, model database. Everything that happens is
/// the seed's doing.
class Simulator {
public:
    explicit Simulator(std::uint64_t seed) : entropy_(seed), script_(setup(seed)) {}

    void run(int steps) {
        for (int i = 0; i < 6; ++i) add_actor();
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
        finish();
    }

private:
    static ScriptSetup setup(std::uint64_t seed) {
        ScriptSetup setup;
        setup.seed = seed;
        setup.pool_size = 1 + static_cast<int>(seed % 3);
        setup.settings.pool.wait_timeout_ms = 20'000;
        if (seed % 5 == 0) setup.settings.pool.mode = config::PoolMode::Session;
        return setup;
    }
    std::size_t roll(std::size_t below) {
        std::uint32_t value = 0;
        entropy_.fill(std::as_writable_bytes(std::span(&value, 1)));
        return value % below;
    }

    void add_actor() {
        auto& actor = actors_.emplace_back();
        actor.name = "actor" + std::to_string(actors_.size());
        actor.client = &script_.accept();
        Parameters parameters = {{"user", "app"}, {"database", "db"}};
        parameters.emplace_back("application_name", actor.name);
        if (roll(2) == 0) parameters.emplace_back("TimeZone", roll(2) == 0 ? "CET" : "Asia/Tokyo");
        actor.client->write(startup(parameters));
    }
    void step() {
        switch (roll(100)) {
            case 0: return leave();
            case 1: return cancel();
            case 2: return trouble();
            case 3: script_.advance_ms(static_cast<std::int64_t>(roll(400))); return;
            default: break;
        }
        Actor& actor = actors_[roll(actors_.size())];
        if (actor.ready && !actor.left && actor.markers.size() < 5 && roll(3) == 0) send(actor);
        // Somebody's bytes move on by a random count.
        std::size_t chunk = 1 + roll(roll(2) == 0 ? 20 : 600);
        if (roll(2) == 0 && !script_.servers.empty()) {
            for (int i = 0; i < 3; ++i)
                script_.turn(*script_.servers[roll_recent(script_.servers.size())], chunk);
        } else {
            script_.turn(actor.client->channel, chunk);
        }
        read(actor);
    }
    std::size_t roll_recent(std::size_t size) {
        return size - 1 - roll(std::min<std::size_t>(size, 8));
    }

    void send(Actor& actor) {
        std::string marker = actor.name + "-" + std::to_string(actor.next++);
        std::string text = "SELECT '" + marker + "'";
        switch (roll(12)) {
            case 0: text = "SELECT 1/0"; break;
            case 1:
                if (roll(4) == 0) text = "SELECT pg_sleep(1)";
                break;
            case 2:
                if (roll(6) == 0) text = roll(3) == 0 ? "SELECT die()" : "SELECT fatal()";
                break;
            case 3:
                text =
                    std::exchange(actor.in_transaction, !actor.in_transaction) ? "COMMIT" : "BEGIN";
                break;
            case 4:
                text = "SHOW application_name";
                marker = actor.name;
                break;
            default: break;
        }
        actor.markers.push_back(marker);
        actor.client->write(roll(2) == 0 ? query(text) : extended(text));
    }
    void read(Actor& actor) {
        for (const auto& message : actor.client->take()) {
            switch (message.type) {
                case 'K':
                    actor.pid = base::load_be32(base::as_bytes(message.payload).data());
                    actor.secret = message.payload.substr(4);
                    break;
                case 'D':
                    ASSERT_FALSE(actor.markers.empty()) << actor.name;
                    ASSERT_EQ(message.value(), actor.markers.front()) << actor.name;
                    break;
                case 'C': ++actor.answers; break;
                case 'E':
                    if (actor.ready && message.field('R') == "model") ++actor.answers;
                    break;
                case 'Z':
                    if (actor.ready) {
                        ASSERT_FALSE(actor.markers.empty()) << actor.name;
                        actor.markers.pop_front();
                    }
                    actor.ready = true;
                    break;
                default: break;
            }
        }
        if (actor.client->closed() && !actor.left) {
            actor.left = true;
            if (!finishing_ && actors_.size() < 150) add_actor();
        }
    }
    void leave() {
        Actor& actor = actors_[roll(actors_.size())];
        if (actor.left || roll(3) != 0) return;
        actor.client->channel.peer_closed = true;
        vanished_.insert(actor.name);
    }
    void cancel() {
        Actor& actor = actors_[roll(actors_.size())];
        if (actor.pid == 0) return;
        auto& caller = script_.accept();
        caller.write(cancel_request(actor.pid, roll(4) == 0 ? be32(7) : actor.secret));
        script_.turn(caller.channel, FakeChannel::kUnbounded);
    }
    void trouble() {
        using Door = ModelWorld::Door;
        script_.world.door = roll(3) == 0 ? (roll(2) == 0 ? Door::Refuse : Door::Hang) : Door::Open;
        if (roll(4) != 0 || script_.servers.empty()) return;
        script_.servers[roll_recent(script_.servers.size())]->channel.peer_closed = true;
    }
    void settle() {
        script_.run();
        for (std::size_t i = 0; i < actors_.size(); ++i) read(actors_[i]);
    }
    /// The trouble is over: what sleeps is woken, all get their answers and go.
    void finish() {
        script_.world.door = ModelWorld::Door::Open;
        finishing_ = true;
        for (int i = 0; i < 400; ++i) {
            settle();
            script_.advance_ms(500);
            for (auto& server : script_.servers) server->model.cancel();
            for (auto& actor : actors_) {
                if (actor.left || !actor.ready || !actor.markers.empty()) continue;
                if (std::exchange(actor.in_transaction, false)) {
                    actor.markers.push_back("end");
                    actor.client->write(query("ROLLBACK"));
                } else {
                    actor.client->write(terminate());
                }
            }
        }
        for (auto& actor : actors_) {
            ASSERT_TRUE(actor.left) << actor.name << (actor.ready ? " waits" : " never got in");
        }
        settle();
        check();
    }
    void check() {
        std::map<std::string, std::size_t> records;
        for (const auto& record : script_.records) {
            // Class 08: the server gave no answer, so there is nothing to compare with.
            bool lost = record.sqlstate[0] == '0' && record.sqlstate[1] == '8';
            if (!lost) ++records[record.source->service];
        }
        for (auto& actor : actors_) {
            // Who vanished may not have seen the last answers.
            if (vanished_.contains(actor.name)) {
                EXPECT_GE(records[actor.name], actor.answers) << actor.name;
            } else {
                EXPECT_EQ(records[actor.name], actor.answers) << actor.name;
            }
        }
        script_.plane().close_all(script_.now());
        script_.end_turn();
        script_.run();
        const auto& shard = script_.shard;
        // Else the run has shown nothing.
        EXPECT_GT(script_.records.size(), 100u);
        EXPECT_GT(vanished_.size(), 3u);
        EXPECT_GT(script_.lost, 3);
        EXPECT_EQ(shard.clients.get(), 0);
        EXPECT_EQ(shard.clients_active.get(), 0);
        EXPECT_EQ(shard.clients_waiting.get(), 0);
        EXPECT_EQ(shard.servers_active.get(), 0);
        EXPECT_EQ(shard.servers_idle.get(), 0);
        EXPECT_EQ(shard.servers_login.get(), 0);
        EXPECT_EQ(shard.servers.get(), 0);
        for (const auto& client : script_.clients) EXPECT_TRUE(client->channel.ended);
        for (const auto& server : script_.servers) EXPECT_TRUE(server->channel.ended);
        EXPECT_EQ(script_.misuses(), 0);
    }

    base::SeededEntropy entropy_;
    ProxyScript script_;
    std::deque<Actor> actors_;
    std::set<std::string> vanished_;
    bool finishing_ = false;
};

TEST(Simulator, RepliesRecordsAndGaugesHoldWhateverHappens) {
    for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulator(seed).run(40'000);
    }
}

}  // namespace
}  // namespace pgsidecar::test
