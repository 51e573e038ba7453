#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <memory>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "tests/unit/realtime/fake_authenticator.hpp"
#include "tests/unit/realtime/fake_commands.hpp"
#include "tests/unit/ws/fake_desk.hpp"
#include "ws/router.hpp"

namespace pgsidecar::ws {

/// A process that is connected and has nothing to tell.
class QuietBackend final : public Backend {
public:
    model::DatabaseConnection connection() const override { return {}; }
    std::optional<model::HealthEvent> last_health() const override { return std::nullopt; }
    Activity activity() const override { return {}; }
    std::vector<model::DatabaseOperation> recent_operations(
        const realtime::OperationFilter&) const override {
        return {};
    }
    std::string metrics_text() const override { return {}; }
    ProbeReport liveness() const override { return {}; }
    ProbeReport readiness() const override { return {}; }
    ProbeReport startup() const override { return {}; }
    void request_health(std::function<void(model::HealthEvent)>) override {}
    void request_reconnect(std::function<void(realtime::ReconnectOutcome)>) override {}
};

/// A router with everything behind it played.
class RouterTest : public testing::Test {
protected:
    RouterTest()
        : settings(std::make_shared<config::Settings>()),
          hub(realtime::hub_options(*settings), entropy, {}),
          gate(hub, commands) {
        settings->http.max_rows = 10;
    }

    /// Made at the first request, so that a test can change the settings before.
    Router& router() {
        if (!router_) {
            auto options = std::make_shared<const realtime::SessionOptions>(
                realtime::session_options(*settings, "pgsidecar/test"));
            router_ = std::make_unique<Router>(
                Router::Parts{settings, backend, desk, hub, gate, authenticator, options, 0});
        }
        return *router_;
    }

    HttpResponse ask(Method method, const std::string& target, const std::string& body = "") {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.host = "localhost:6480";
        request.origin = origin;
        request.local_address = "127.0.0.1";
        request.body = body;
        if (!token.empty()) request.authorization = "Bearer " + token;
        std::optional<HttpResponse> given;
        router().handle(request, [&](HttpResponse response) {
            EXPECT_FALSE(given) << "answered twice";
            given = std::move(response);
        });
        EXPECT_TRUE(given) << "not answered: " << target;
        return given.value_or(HttpResponse{});
    }
    HttpResponse get(const std::string& target) { return ask(Method::Get, target); }
    HttpResponse post(const std::string& target, const std::string& body = "") {
        return ask(Method::Post, target, body);
    }
    /// The body of a good answer.
    rapidjson::Document json(const HttpResponse& response, int status = 200) {
        EXPECT_EQ(response.status, status) << response.body;
        rapidjson::Document out;
        out.Parse(response.body.c_str(), response.body.size());
        EXPECT_FALSE(out.HasParseError()) << response.body;
        return out;
    }
    /// status and code of an error, "404 NOT_FOUND".
    static std::string error(const HttpResponse& response) {
        rapidjson::Document out;
        out.Parse(response.body.c_str(), response.body.size());
        if (out.HasParseError() || !out.IsObject() || !out.HasMember("error"))
            return std::to_string(response.status);
        return std::to_string(response.status) + " " + out["error"]["code"].GetString();
    }
    void allow(const std::string& name, std::vector<std::string> scopes) {
        realtime::Identity identity;
        identity.scopes = std::move(scopes);
        authenticator.known[name] = std::move(identity);
    }

    std::shared_ptr<config::Settings> settings;
    base::SeededEntropy entropy{7};
    realtime::Hub hub;
    realtime::FakeCommands commands;
    realtime::CommandGate gate;
    realtime::FakeAuthenticator authenticator;
    QuietBackend backend;
    FakeDesk desk;
    std::string token, origin;

private:
    std::unique_ptr<Router> router_;
};

}  // namespace pgsidecar::ws
