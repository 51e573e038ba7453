#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "metrics/shard.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/core/pool.hpp"
#include "proxy/core/session.hpp"
#include "proxy/core/upstream.hpp"
#include "tests/support/proxy_script/fake_channel.hpp"
#include "tests/support/proxy_script/model_server.hpp"

namespace pgsidecar::test {

/// What a data plane under script is built with.
struct ScriptSetup {
    config::Settings settings;
    config::Upstream upstream;
    std::string user_file;
    int pool_size = 2;
    bool client_tls = false;  ///< a certificate for clients is configured
    std::uint64_t seed = 1;
    model::SpoolProgress* progress = nullptr;  ///< null: no spool

    ScriptSetup() {
        upstream.user = "app";
        upstream.password = "secret";
        upstream.database = "db";
        upstream.sslmode = config::SslMode::Disable;
        settings.auth.failure_delay_ms = 0;  // tests of it set it
    }
};

/// One client of the data plane.
struct ScriptClient {
    explicit ScriptClient(proxy::ChannelEvents* none = nullptr) : channel(none) {}

    FakeChannel channel;
    std::string received;

    /// The messages that came since the last call.
    std::vector<Message> take() {
        received += std::exchange(channel.to_peer, {});
        return cut_messages(received);
    }
    std::string take_types() { return types_of(take()); }
    void write(std::string_view bytes) { channel.from_peer += bytes; }
    bool closed() const { return channel.over(); }
};

/// A proxy::Plane, its clients, the model database behind it and a clock, all in the test's hand.
class ProxyScript final : public proxy::Driver {
public:
    struct Server {
        FakeChannel channel;
        ModelServer model;
        bool opening = true;
        Server(proxy::ChannelEvents& events, ModelWorld& world) : channel(&events), model(world) {}
    };

    explicit ProxyScript(const ScriptSetup& setup = {})
        : entropy_(setup.seed), plane_(options_of(setup), *this, entropy_, shard) {
        world.on_cancel = [this](std::uint32_t pid, const std::string& secret) {
            for (auto& server : servers) {
                if (server->model.pid != pid || server->model.secret != secret) continue;
                server->model.cancel();
                return true;
            }
            return false;
        };
    }

    // ---- Driver
    proxy::Channel* connect(proxy::ChannelEvents& events) override {
        servers.push_back(std::make_unique<Server>(events, world));
        return &servers.back()->channel;
    }
    void cancel_elsewhere(std::int32_t, std::uint32_t) override { ++cancels_elsewhere; }
    void record(model::OperationRecord&& record) override { records.push_back(std::move(record)); }
    void upstream_lost(const proxy::ChannelClosed&, std::string_view) override { ++lost; }
    void upstream_connected() override { ++connected; }
    void spool(std::uint64_t token, model::SpoolEntry&& entry) override {
        spooled.emplace_back(token, std::move(entry));
    }
    void look_up(const std::string& user) override { looked_up.push_back(user); }
    void learned(const model::LearnedServer& server) override { servers_learned.push_back(server); }

    void console(std::uint64_t token, proxy::admin::Request&& request) override {
        console_asked.emplace_back(token, std::move(request));
    }
    void console_cancelled(std::uint64_t token) override { console_left.push_back(token); }

    // ---- clients
    ScriptClient& accept(bool local = true) {
        auto& client = *clients.emplace_back(std::make_unique<ScriptClient>());
        client.channel.events = &plane_.accept(client.channel, local, now_);
        end_turn();
        return client;
    }
    /// Logs in by trust and forgets what was said to it.
    ScriptClient& login(Parameters more = {}) {
        Parameters parameters = {{"user", "app"}, {"database", "db"}};
        parameters.insert(parameters.end(), more.begin(), more.end());
        auto& client = accept();
        send(client, startup(parameters));
        client.take();
        return client;
    }
    void send(ScriptClient& client, std::string_view bytes) {
        client.write(bytes);
        run();
    }
    /// Sends, and returns the types of all that came back.
    std::string ask(ScriptClient& client, std::string_view bytes) {
        send(client, bytes);
        return client.take_types();
    }
    /// The spool answers for the entry it was given last.
    void answer_spool(model::SpoolVerdict verdict) {
        plane_.spooled(spooled.back().first, verdict, now_);
        end_turn();
        run();
    }
    /// auth.query is answered for the user that was asked for first.
    void answer_look_up(const proxy::UserAnswer& answer) {
        std::string user = looked_up.front();
        looked_up.erase(looked_up.begin());
        plane_.user_answered(user, answer, now_);
        end_turn();
        run();
    }
    /// The database goes: present connections end, new ones are refused.
    void database_goes() {
        world.door = ModelWorld::Door::Refuse;
        for (auto& server : servers) server->channel.peer_closed = true;
        run();
    }
    void database_returns() {
        world.door = ModelWorld::Door::Open;
        plane_.upstream_usable(now_);
        end_turn();
        run();
    }
    void hang_up(ScriptClient& client) {
        client.channel.peer_closed = true;
        run();
    }

    // ---- the world's turning
    /// Until nothing moves any more.
    void run() {
        for (int rounds = 0; turn_everybody(); ++rounds) PGS_CHECK(rounds < 1'000'000);
    }
    bool turn_everybody() {
        bool moved = false;
        for (std::size_t i = 0; i < servers.size(); ++i)
            moved = turn(*servers[i], FakeChannel::kUnbounded) || moved;
        for (std::size_t i = 0; i < clients.size(); ++i)
            moved = turn(clients[i]->channel, FakeChannel::kUnbounded) || moved;
        return moved;
    }
    /// One event for one server connection; chunk: most bytes that move each way.
    bool turn(Server& server, std::size_t chunk) {
        if (server.channel.ended && server.channel.to_peer.empty()) return false;
        if (server.opening && !server.channel.ended) return open(server);
        std::size_t count = std::min(chunk, server.channel.to_peer.size());
        server.model.in.append(server.channel.to_peer, 0, count);
        server.channel.to_peer.erase(0, count);
        server.model.work();
        server.channel.from_peer += std::exchange(server.model.out, {});
        server.channel.peer_closed = server.channel.peer_closed || server.model.hung_up;
        return turn(server.channel, chunk) || count > 0;
    }
    bool turn(FakeChannel& channel, std::size_t chunk) {
        if (channel.ended || !channel.reading) return false;
        if (channel.tls_started && !std::exchange(channel.tls_told, true)) {
            channel.events->on_tls_ready(now_);
        } else if (!channel.from_peer.empty()) {
            channel.deliver(std::min<std::size_t>(chunk, 65'536), now_);
        } else if (channel.peer_closed) {
            channel.deliver_end({proxy::ChannelClosed::Cause::Eof, "the peer closed"}, now_);
        } else {
            return false;
        }
        end_turn();
        return true;
    }
    void advance_ms(std::int64_t ms) {
        now_.mono_ns += ms * 1'000'000;
        now_.wall_us += ms * 1'000;
        plane_.tick(now_);
        end_turn();
        run();
    }
    /// Small steps, as the worker's timer makes them.
    void pass_ms(std::int64_t ms, std::int64_t step = 100) {
        for (; ms > 0; ms -= step) advance_ms(std::min(ms, step));
    }
    void end_turn() {
        plane_.end_turn();
        for (auto& server : servers) server->channel.flush(now_);
        for (auto& client : clients) client->channel.flush(now_);
    }

    // ---- looking
    proxy::Plane& plane() { return plane_; }
    const base::Now& now() const { return now_; }
    /// Connections to the model that are logged in and still up.
    std::vector<Server*> backends() {
        std::vector<Server*> up;
        for (auto& server : servers) {
            if (!server->channel.ended && server->model.pid != 0) up.push_back(server.get());
        }
        return up;
    }
    int misuses() const {
        int sum = 0;
        for (const auto& server : servers) sum += server->channel.misuses;
        for (const auto& client : clients) sum += client->channel.misuses;
        return sum;
    }
    std::uint64_t rejected(metrics::RejectReason reason) const {
        return shard.clients_rejected[static_cast<std::size_t>(reason)].get();
    }

    ModelWorld world;
    metrics::WorkerShard shard;
    std::vector<std::unique_ptr<Server>> servers;
    std::vector<std::unique_ptr<ScriptClient>> clients;
    std::vector<model::OperationRecord> records;
    std::vector<std::pair<std::uint64_t, model::SpoolEntry>> spooled;
    std::vector<model::LearnedServer> servers_learned;
    std::vector<std::string> looked_up;
    std::vector<std::pair<std::uint64_t, proxy::admin::Request>> console_asked;
    std::vector<std::uint64_t> console_left;
    int cancels_elsewhere = 0, lost = 0, connected = 0;

private:
    static std::shared_ptr<const proxy::Options> options_of(const ScriptSetup& setup) {
        auto options = std::make_shared<proxy::Options>();
        options->settings = std::make_shared<const config::Settings>(setup.settings);
        options->upstream = setup.upstream;
        options->connection_id = "connection";
        options->client_tls = setup.client_tls;
        options->share = proxy::PoolShare::of(setup.settings, 0);
        options->share.size = setup.pool_size;
        options->progress = setup.progress;
        std::vector<proxy::UserFile::Problem> bad_lines;
        std::vector<std::string> problems;
        base::SeededEntropy entropy(setup.seed + 1);
        options->credentials = proxy::Credentials::build(
            setup.upstream.user, setup.upstream.password,
            proxy::UserFile::parse(setup.user_file, bad_lines), entropy, problems);
        PGS_CHECK(bad_lines.empty() && problems.empty());
        return options;
    }
    bool open(Server& server) {
        using Cause = proxy::ChannelClosed::Cause;
        if (world.door == ModelWorld::Door::Hang) return false;
        server.opening = false;
        if (world.door == ModelWorld::Door::Refuse) {
            server.channel.deliver_end({Cause::ConnectRefused, "connection refused"}, now_);
        } else {
            server.channel.events->on_open(now_);
        }
        end_turn();
        return true;
    }

    base::SeededEntropy entropy_;
    base::Now now_{1'000'000'000'000, 1'700'000'000'000'000};
    proxy::Plane plane_;
};

}  // namespace pgsidecar::test
