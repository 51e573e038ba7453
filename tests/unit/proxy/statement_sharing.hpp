#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/session/reply_queue.hpp"
#include "proxy/core/client_statements.hpp"
#include "proxy/core/server_statements.hpp"

namespace pgsidecar::proxy::test {

using protocol::ReplyEffect;
using protocol::ReplyKind;
using Need = ServerStatements::Need;

/// A message of a client: Parse, Bind, Close, Query or Sync, by its type byte.
struct Request {
    char type;
    std::string name{};
    std::string text{};
    bool fails = false;  ///< Bind: with a wrong value
};

/// PostgreSQL, as far as prepared statements go. Answers begin with their type byte.
class ModelServer {
public:
    std::map<std::string, std::string> named;
    std::optional<std::string> unnamed;

    std::vector<std::string> take(const Request& request) {
        if (request.type == 'S') {
            skipping_ = false;
            return {"Z"};
        }
        if (skipping_) return {};
        switch (request.type) {
            case 'P': return parse(request);
            case 'B': return bind(request);
            case 'C':
                if (request.name.empty()) {
                    unnamed.reset();
                } else {
                    named.erase(request.name);
                }
                return {"3"};
            default:
                unnamed.reset();
                if (request.text == "bad") return {"E42601", "Z"};
                if (request.text == "deallocate all") named.clear();
                return {"C", "Z"};
        }
    }

private:
    std::vector<std::string> parse(const Request& request) {
        if (request.name.empty()) unnamed.reset();
        if (request.text == "bad") return error("E42601");
        if (request.name.empty()) {
            unnamed = request.text;
        } else if (!named.emplace(request.name, request.text).second) {
            return error("E42P05");
        }
        return {"1"};
    }
    std::vector<std::string> bind(const Request& request) {
        auto it = named.find(request.name);
        bool there = request.name.empty() ? unnamed.has_value() : it != named.end();
        if (!there) return error("E26000");
        if (request.fails) return error("E22P02");
        return {"2 " + (request.name.empty() ? *unnamed : it->second)};
    }
    std::vector<std::string> error(std::string text) {
        skipping_ = true;
        return {std::move(text)};
    }

    bool skipping_ = false;
};

/// A proxy of nothing but the parts under test and the queue of expected replies.
class Proxy {
public:
    struct Upstream;
    struct Peer {
        ClientStatements names;
        Upstream* upstream = nullptr;
        bool section_open = false;
        std::deque<Request> held;
        std::vector<std::string> answers;
    };
    struct Payload {
        Peer* peer = nullptr;
        StatementStep step{};
        bool silent = false;  ///< a success is not the client's
        bool forced = false;  ///< Parse of a name that is taken, for its error
        bool failed = false;  ///< Query
        std::string local{};  ///< the answer, when it is ours
    };
    struct Upstream {
        ServerStatements table{3};
        protocol::ReplyQueue<Payload> replies;
        std::deque<Request> wire;
        ModelServer server;
        Peer* peer = nullptr;
    };
    struct Counts {
        std::size_t injected = 0, locals = 0, evicted = 0, doubts = 0, stalls = 0, skipped = 0;
    };

    Proxy(std::size_t upstreams, std::size_t peers) : upstreams_(upstreams), peers_(peers) {}

    std::vector<Upstream>& upstreams() { return upstreams_; }
    Peer& peer(std::size_t i) { return peers_[i]; }
    const Counts& counts() const { return counts_; }

    void send(Peer& peer, Request request) {
        peer.held.push_back(std::move(request));
        pump(peer);
    }
    /// The server answers one request. False: there is none.
    bool step(Upstream& upstream) {
        if (upstream.wire.empty()) return false;
        Request request = std::move(upstream.wire.front());
        upstream.wire.pop_front();
        for (const auto& answer : upstream.server.take(request)) on_answer(upstream, answer);
        return true;
    }

private:
    void pump(Peer& peer) {
        while (!peer.held.empty() && take(peer, peer.held.front())) peer.held.pop_front();
        release(peer);
    }
    void release(Peer& peer) {
        Upstream* upstream = peer.upstream;
        if (upstream == nullptr || peer.section_open || !upstream->replies.empty()) return;
        peer.upstream = nullptr;
        upstream->peer = nullptr;
        for (auto& other : peers_) {
            if (other.upstream == nullptr && !other.held.empty()) pump(other);
        }
    }
    Upstream* free_upstream() {
        for (std::size_t i = 0; i < upstreams_.size(); ++i) {
            Upstream& upstream = upstreams_[next_++ % upstreams_.size()];
            if (upstream.peer == nullptr) return &upstream;
        }
        return nullptr;
    }

    void forward(Upstream& u, ReplyKind kind, Request request, Payload payload) {
        ASSERT_TRUE(u.replies.push(kind, std::move(payload)));
        u.wire.push_back(std::move(request));
    }
    void answer_locally(Upstream& u, std::string answer, StatementStep step) {
        ++counts_.locals;
        Payload payload{u.peer, std::move(step)};
        payload.local = std::move(answer);
        ASSERT_TRUE(u.replies.push(ReplyKind::Local, std::move(payload)));
        complete_locals(u);
    }
    void inject(Upstream& u, char type, std::string_view name, StatementStep step) {
        ++counts_.injected;
        Request request{type, std::string(name)};
        if (type == 'P') request.text = step.statement->text();
        Payload payload{u.peer, std::move(step)};
        payload.silent = true;
        forward(u, type == 'P' ? ReplyKind::Parse : ReplyKind::Close, std::move(request),
                std::move(payload));
    }
    void make_room(Upstream& u) {
        for (auto step = u.table.evict(); step.statement; step = u.table.evict()) {
            ++counts_.evicted;
            auto name = step.statement->server_name();
            inject(u, 'C', name, std::move(step));
        }
    }
    void close_first(Upstream& u, const PreparedStatementPtr& statement) {
        ++counts_.doubts;
        StatementStep close = StatementStep::of(statement);
        u.table.close(close);
        inject(u, 'C', statement->server_name(), std::move(close));
    }
    void ensure(Upstream& u, const PreparedStatementPtr& statement) {
        Need need = u.table.need(statement);
        if (need == Need::CloseAndParse) close_first(u, statement);
        if (need != Need::Nothing) {
            StatementStep parse = StatementStep::of(statement);
            u.table.parse(parse);
            inject(u, 'P', statement->server_name(), std::move(parse));
        }
        make_room(u);
    }

    /// False: it must wait.
    bool take(Peer& peer, const Request& request) {
        if (peer.upstream == nullptr) {
            if (request.type == 'S') {
                peer.answers.push_back("Z");
                return true;
            }
            peer.upstream = free_upstream();
            if (peer.upstream == nullptr) return false;
            peer.upstream->peer = &peer;
        }
        Upstream& u = *peer.upstream;
        if (request.type == 'S') {
            peer.section_open = false;
            u.table.sync_sent();
            forward(u, ReplyKind::Sync, request, {&peer});
            return true;
        }
        if (u.replies.skipping()) return true;
        if ((request.type == 'P' && !request.name.empty()) || request.type == 'B') {
            if (!peer.names.find(request.name, u.table.section()).settled) {
                ++counts_.stalls;
                EXPECT_FALSE(u.replies.empty());
                return false;
            }
        }
        if (request.type != 'Q') peer.section_open = true;
        switch (request.type) {
            case 'P': request.name.empty() ? parse_unnamed(u, request) : parse(u, request); break;
            case 'B': bind(u, request); break;
            case 'C': close(u, request); break;
            default: query(u, request); break;
        }
        return true;
    }

    void parse_unnamed(Upstream& u, const Request& request) {
        StatementStep step = StatementStep::of(intern(request.text));
        u.table.parse_unnamed(step);
        EXPECT_TRUE(u.peer->names.parse("", step, u.table.section()));
        forward(u, ReplyKind::Parse, request, {u.peer, std::move(step)});
    }
    void parse(Upstream& u, const Request& request) {
        const auto& taken = u.peer->names.statement(request.name);
        if (taken) {
            // The server itself says what is wrong, in its own order of checks.
            ensure(u, taken);
            Payload payload{u.peer};
            payload.forced = true;
            return forward(u, ReplyKind::Parse,
                           {'P', std::string(taken->server_name()), request.text},
                           std::move(payload));
        }
        StatementStep step = StatementStep::of(intern(request.text));
        PreparedStatementPtr statement = step.statement;
        EXPECT_TRUE(u.peer->names.parse(request.name, step, u.table.section()));
        Need need = u.table.need(statement);
        if (need == Need::Nothing) return answer_locally(u, "1", std::move(step));
        if (need == Need::CloseAndParse) close_first(u, statement);
        u.table.parse(step);
        forward(u, ReplyKind::Parse, {'P', std::string(statement->server_name()), request.text},
                {u.peer, std::move(step)});
        make_room(u);
    }
    void bind(Upstream& u, Request request) {
        PreparedStatementPtr statement = u.peer->names.statement(request.name);
        StatementStep use = StatementStep::of(statement);
        use.unnamed = request.name.empty();
        if (use.unnamed) {
            StatementStep step = StatementStep::of(statement);
            if (statement && !u.table.unnamed_is(statement)) {
                u.table.parse_unnamed(step);
                inject(u, 'P', "", std::move(step));
            } else if (!statement && !u.table.unnamed_is_none()) {
                u.table.close_unnamed(step);
                inject(u, 'C', "", std::move(step));
            }
        } else if (statement) {
            ensure(u, statement);
            request.name = statement->server_name();
        }
        forward(u, ReplyKind::Bind, request, {u.peer, std::move(use)});
    }
    void close(Upstream& u, const Request& request) {
        StatementStep step;
        u.peer->names.close(request.name, step, u.table.section());
        if (!request.name.empty()) return answer_locally(u, "3", std::move(step));
        u.table.close_unnamed(step);
        forward(u, ReplyKind::Close, request, {u.peer, std::move(step)});
    }
    void query(Upstream& u, const Request& request) {
        StatementStep step;
        u.table.query_sent();
        if (request.text == "deallocate all") {
            u.table.deallocate_all(step);
            u.peer->names.deallocate_all();
        }
        u.peer->names.query(step, u.table.section());
        forward(u, ReplyKind::Query, request, {u.peer, std::move(step)});
    }

    static void resolve(Upstream& u, const Payload& payload, StepOutcome outcome) {
        u.table.resolve(payload.step, outcome);
        payload.peer->names.resolve(payload.step, outcome);
    }
    void complete_locals(Upstream& u) {
        u.replies.complete_locals([&](auto& item) {
            resolve(u, item.payload, StepOutcome::Done);
            item.payload.peer->answers.push_back(item.payload.local);
        });
    }
    void on_answer(Upstream& u, const std::string& answer) {
        Peer& peer = *u.peer;
        ReplyEffect effect = u.replies.on_backend(answer[0], [&](auto& item, bool skipped) {
            if (skipped) ++counts_.skipped;
            resolve(u, item.payload, skipped ? StepOutcome::Skipped : StepOutcome::Failed);
        });
        auto& item = u.replies.answered();
        bool silent = false;
        switch (effect) {
            case ReplyEffect::StepDone:
                EXPECT_FALSE(item.payload.forced);
                silent = item.payload.silent;
                resolve(u, item.payload, StepOutcome::Done);
                break;
            case ReplyEffect::Failed:
                item.payload.failed = true;
                // Ours are always known, so nothing is ever missing or there twice.
                EXPECT_TRUE(answer != "E42P05" || item.payload.forced);
                EXPECT_TRUE(answer != "E26000" || !item.payload.step.statement);
                break;
            case ReplyEffect::ExchangeDone:
                if (item.kind == ReplyKind::Query)
                    resolve(u, item.payload,
                            item.payload.failed ? StepOutcome::Failed : StepOutcome::Done);
                break;
            default: EXPECT_EQ(effect, ReplyEffect::StatementDone); break;
        }
        if (!silent) peer.answers.push_back(answer);
        complete_locals(u);
        if (u.replies.empty()) pump(peer);
    }

    PreparedStatementPtr intern(std::string_view text) {
        return all_.intern({text}, {}, [] { return model::StatementShapePtr(); });
    }

    PreparedStatements all_{1, {.recent = 2, .recent_bytes = 10'000, .learned_bytes = 0}};
    std::vector<Upstream> upstreams_;
    std::vector<Peer> peers_;
    std::size_t next_ = 0;
    Counts counts_;
};

}  // namespace pgsidecar::proxy::test
