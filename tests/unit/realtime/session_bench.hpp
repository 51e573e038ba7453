#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "realtime/session.hpp"
#include "tests/unit/realtime/fake_authenticator.hpp"
#include "tests/unit/realtime/fake_commands.hpp"
#include "tests/unit/realtime/samples.hpp"

namespace pgsidecar::realtime {

/// A hub with sessions that the test makes, feeds and empties.
class SessionBench : public testing::Test {
protected:
    struct Client {
        std::shared_ptr<Session> session;
        std::vector<rapidjson::Document> heard;

        /// The types of what waits, taken out.
        std::vector<std::string> take() {
            std::vector<std::string> types;
            heard.clear();
            while (Frame frame = session->pop()) {
                types.push_back(samples::type_of(frame));
                heard.push_back(samples::parse(*frame));
            }
            return types;
        }
        void say(const std::string& text, std::int64_t ms = 0) {
            session->receive(text, samples::at_ms(ms));
        }
        /// Says it and gives back the reply's error code, or "ok".
        std::string ask(const std::string& text, std::int64_t ms = 0) {
            say(text, ms);
            take();
            for (const auto& one : heard) {
                if (std::string(one["type"].GetString()) != "reply") continue;
                return one["payload"]["ok"].GetBool() ? "ok"
                                                      : one["payload"]["error"]["code"].GetString();
            }
            return "no reply";
        }
        const rapidjson::Value& result() const {
            for (const auto& one : heard) {
                if (std::string(one["type"].GetString()) == "reply")
                    return one["payload"]["result"];
            }
            throw std::logic_error("there is no reply");
        }
    };

    SessionBench() {
        hub.publish_status(samples::status(model::ConnectionStatus::Connected));
        hub.publish_health(samples::healthy());
        hub.set_source({model::ChangeOrigin::Poll, true, true, {"public.guarded"}});
    }

    /// Opened and greeted.
    Client open(Identity identity = unlimited_identity()) {
        Client client = make(std::move(identity));
        client.session->open(samples::at_ms(0));
        client.take();
        return client;
    }
    Client make(std::optional<Identity> identity) {
        options.ready.server = "pgsidecar/test";
        Session::Parts parts{hub, gate, authenticator,
                             std::make_shared<const SessionOptions>(options)};
        return {std::make_shared<Session>(parts, "s-" + std::to_string(++made), std::move(identity),
                                          samples::at_ms(0), [] {}),
                {}};
    }
    static Identity with(std::vector<std::string> scopes, std::string subject = {}) {
        Identity out;
        out.subject = std::move(subject);
        out.scopes = std::move(scopes);
        return out;
    }
    static std::string subscribe(const std::string& channel, const std::string& payload = "{}") {
        return R"({"type":"subscribe","id":"s","channel":")" + channel + R"(","payload":)" +
               payload + "}";
    }

    void event(const std::string& channel, const std::string& id,
               const std::string& action = "created") {
        model::FeedEvent one;
        one.channel = channel;
        one.action = action;
        one.element = R"({"type":"task","id":")" + id + "\"}";
        one.at_us = samples::kWall;
        hub.publish_event(one);
    }
    void change(const std::string& verb, const std::string& new_row,
                const std::string& old_row = {}, std::uint64_t transaction = 0) {
        model::FeedEvent one;
        one.schema = "public";
        one.table = "positions";
        one.verb = verb;
        one.new_row = new_row;
        one.old_row = old_row;
        one.transaction = transaction;
        one.at_us = samples::kWall;
        one.origin = model::ChangeOrigin::Poll;
        hub.publish_event(one);
    }

    base::SeededEntropy entropy{1};
    HubOptions hub_options;
    Hub hub{hub_options, entropy, samples::at_ms(0)};
    FakeCommands commands;
    CommandGate gate{hub, commands};
    FakeAuthenticator authenticator;
    SessionOptions options = session_options(config::Settings(), "pgsidecar/test");
    int made = 0;
};

}  // namespace pgsidecar::realtime
