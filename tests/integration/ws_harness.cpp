// The HTTP and WebSocket edges with a database side that obeys standard input, for tests in other
// languages. Prints {"port":..,"probesPort":..} when it listens, then one line for each command
// line. Ends with its input.
//
//   ws_harness [http.token=T] [http.silent_timeout_ms=N] ...
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "config/settings_table.hpp"
#include "tests/integration/ws_harness_backend.hpp"
#include "tests/integration/ws_harness_desk.hpp"
#include "tests/integration/ws_harness_traffic.hpp"
#include "ws/server.hpp"

namespace pgsidecar::tests {
namespace {

using Answer = HarnessBackend::Answer;
using DeskWord = HarnessDesk::Answer;

bool set(config::Settings& settings, const std::string& name, const std::string& value) {
    auto& http = settings.http;
    const std::map<std::string, int*> numbers{
        {"http.port", &http.port},
        {"http.probes_port", &http.probes_port},
        {"http.max_connections", &http.max_connections},
        {"http.max_message_bytes", &http.max_message_bytes},
        {"http.handshake_timeout_ms", &http.handshake_timeout_ms},
        {"http.idle_timeout_ms", &http.idle_timeout_ms},
        {"http.ping_interval_ms", &http.ping_interval_ms},
        {"http.silent_timeout_ms", &http.silent_timeout_ms},
        {"http.operation_frames_per_second", &http.operation_frames_per_second},
        {"http.queue_soft_bytes", &http.queue_soft_bytes},
        {"http.queue_slow_timeout_ms", &http.queue_slow_timeout_ms},
        {"health.first_timeout_ms", &settings.health.first_timeout_ms},
    };
    const std::map<std::string, std::string*> texts{
        {"http.address", &http.address},
        {"http.probes_address", &http.probes_address},
        {"http.token", &http.token},
        {"http.allowed_origins", &http.allowed_origins},
    };
    if (auto found = numbers.find(name); found != numbers.end())
        return *found->second = std::stoi(value), true;
    if (auto found = texts.find(name); found != texts.end()) return *found->second = value, true;
    const config::Setting* setting = config::find_setting(name);
    return setting != nullptr && !config::set(*setting, settings, value);
}

model::ConnectionStatus status_word(const std::string& word) {
    using Status = model::ConnectionStatus;
    for (Status status : {Status::Connecting, Status::Connected, Status::Disconnected}) {
        if (model::to_string(status) == word) return status;
    }
    return Status::Error;
}

std::string rest_of(std::istringstream& words) {
    std::string rest;
    std::getline(words >> std::ws, rest);
    return rest;
}

class Harness {
public:
    Harness(HarnessBackend& backend, HarnessDesk& desk, ws::HttpServer& server)
        : backend_(backend), desk_(desk), server_(server), traffic_(backend, server) {}

    std::string obey(const std::string& line) {
        std::istringstream words(line);
        std::string command, word;
        words >> command;
        if (command == "status") return words >> word, status(word, rest_of(words));
        if (command == "error") return words >> word, error(word, rest_of(words));
        if (command == "health") return words >> word, health(word == "good", rest_of(words));
        if (command == "operations") return operations(words);
        if (command == "answer-health") return words >> word, answer(backend_.health_answer, word);
        if (command == "answer-reconnect")
            return words >> word, answer(backend_.reconnect_answer, word);
        if (command == "release-health") return backend_.release_health(), "ok";
        if (command == "ready") return words >> word, ready(word == "on", rest_of(words));
        if (command == "traffic") return words >> word, traffic_.run(word == "on"), "ok";
        if (command == "event") return event(words);
        if (command == "events") return words >> word, events(std::stoi(word));
        if (command == "change") return change(words);
        if (command == "source") return words >> word, source(word, rest_of(words));
        if (command == "lose") return server_.lose_change_source("source-lost"), "ok";
        if (command == "counts") return counts();
        if (auto done = desk(command, words)) return *done;
        if (command == "stop") return server_.stop(std::chrono::milliseconds(3'000)), "ok";
        return "unknown command";
    }

private:
    /// The commands that are about what the desk shows:
    ///   sessions COUNT | queue WAITING DEAD | load STATEMENTS_PER_SECOND | healthy on|off
    ///   call COUNT EACH_MS SERVICE STATEMENT | desk good|unavailable|never | reload good|bad
    std::optional<std::string> desk(const std::string& command, std::istringstream& words) {
        std::string word;
        double number = 0, second = 0;
        if (command == "sessions") {
            words >> number;
            desk_.set_sessions(static_cast<int>(number));
        } else if (command == "queue") {
            words >> number >> second;
            desk_.set_queue(static_cast<std::uint64_t>(number), static_cast<std::uint64_t>(second));
        } else if (command == "load") {
            words >> number;
            desk_.statements_per_second = number;
        } else if (command == "healthy") {
            words >> word;
            desk_.healthy = word == "on";
        } else if (command == "call") {
            words >> number >> second >> word;
            desk_.call(rest_of(words), word, static_cast<int>(number), second);
        } else if (command == "desk") {
            words >> word;
            desk_.answer = word == "good"    ? DeskWord::Good
                           : word == "never" ? DeskWord::Never
                                             : DeskWord::Unavailable;
        } else if (command == "reload") {
            words >> word;
            desk_.reload_fails = word != "good";
        } else {
            return std::nullopt;
        }
        return "ok";
    }
    std::string status(const std::string& word, const std::string& message) {
        model::StatusEvent event;
        event.status = status_word(word);
        event.timestamp_us = base::read_clocks().wall_us;
        event.connection_id = "c-1";
        if (!message.empty()) event.message = message;
        backend_.change([&](auto& connection, auto&, auto&, auto&) {
            connection.id = "c-1";
            connection.status = event.status;
        });
        server_.publish_status(event);
        return "ok";
    }
    std::string error(const std::string& code, const std::string& message) {
        model::ErrorEvent event;
        event.operation = "connect";
        event.error = code;
        event.message = message;
        event.recoverable = true;
        event.timestamp_us = base::read_clocks().wall_us;
        event.resolution = "Start PostgreSQL, then send database:reconnect.";
        server_.publish_error(event);
        return "ok";
    }
    std::string health(bool good, const std::string& latency) {
        model::HealthEvent event =
            backend_.health(good, latency.empty() ? 1.8 : std::stod(latency));
        backend_.change([&](auto&, auto& last, auto&, auto&) { last = event; });
        server_.publish_health(event);
        return "ok";
    }
    std::string operations(std::istringstream& words) {
        std::size_t count = 1;
        std::string outcome;
        words >> count >> outcome;
        traffic_.publish(count, outcome == "failed");
        return "ok";
    }
    std::string answer(std::atomic<Answer>& target, const std::string& word) {
        target = word == "good" ? Answer::Good : word == "bad" ? Answer::Bad : Answer::Never;
        return "ok";
    }
    std::string ready(bool on, const std::string& reason) {
        backend_.change([&](auto&, auto&, auto&, auto& report) {
            report = {on, reason.empty() ? std::vector<std::string>() : std::vector{reason}};
        });
        return "ok";
    }
    /// event CHANNEL ACTION ELEMENT
    std::string event(std::istringstream& words) {
        model::FeedEvent one;
        words >> one.channel >> one.action;
        one.element = rest_of(words);
        return publish({std::move(one)});
    }
    /// events COUNT: on channel tasks, with a kibibyte each.
    std::string events(int count) {
        std::vector<model::FeedEvent> batch;
        for (int i = 0; i < count; ++i) {
            model::FeedEvent one;
            one.channel = "tasks";
            one.action = "created";
            one.element = R"({"type":"task","id":")" + std::to_string(i) + R"(","text":")" +
                          std::string(1'024, 'x') + "\"}";
            batch.push_back(std::move(one));
        }
        return publish(std::move(batch));
    }
    /// change VERB SCHEMA TABLE NEW; of a DELETE it is the old row
    std::string change(std::istringstream& words) {
        model::FeedEvent one;
        words >> one.verb >> one.schema >> one.table;
        (one.verb == "DELETE" ? one.old_row : one.new_row) = rest_of(words);
        one.origin = model::ChangeOrigin::Poll;
        return publish({std::move(one)});
    }
    std::string publish(std::vector<model::FeedEvent> batch) {
        for (auto& one : batch) one.at_us = base::read_clocks().wall_us;
        server_.publish_feed(std::move(batch));
        return "ok";
    }
    /// source poll|proxy|none [down]
    std::string source(const std::string& word, const std::string& state) {
        realtime::SourceState next;
        next.origin = word == "poll"    ? model::ChangeOrigin::Poll
                      : word == "proxy" ? model::ChangeOrigin::Proxy
                                        : model::ChangeOrigin::None;
        next.live = state != "down";
        next.sees_rows = word == "poll";
        server_.set_change_source(std::move(next));
        return "ok";
    }
    std::string counts() {
        ws::ServerStats stats = server_.stats();
        std::ostringstream out;
        out << "{\"connections\":" << stats.connections << ",\"sockets\":" << stats.sockets
            << ",\"refused\":" << stats.connections_refused
            << ",\"requestsRefused\":" << stats.requests_refused
            << ",\"framesSent\":" << stats.frames_sent << ",\"slow\":" << stats.closed_slow
            << ",\"silent\":" << stats.closed_silent << ",\"malformed\":" << stats.closed_malformed
            << ",\"tooBig\":" << stats.closed_too_big
            << ",\"unauthorized\":" << stats.closed_unauthorized
            << ",\"flooding\":" << stats.closed_flooding << ",\"rateLimited\":" << stats.refused[6]
            << ",\"gaps\":" << stats.gaps << ",\"replayed\":" << stats.replayed
            << ",\"rejected\":" << stats.feed_rejected
            << ",\"healthRequests\":" << backend_.health_requests
            << ",\"reconnectRequests\":" << backend_.reconnect_requests
            << ",\"kills\":" << desk_.kills << ",\"retries\":" << desk_.retries
            << ",\"discards\":" << desk_.discards << ",\"reloads\":" << desk_.reloads
            << ",\"wantsOperations\":" << (server_.wants_operations() ? "true" : "false") << "}";
        return out.str();
    }

    HarnessBackend& backend_;
    HarnessDesk& desk_;
    ws::HttpServer& server_;
    HarnessTraffic traffic_;
};

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    auto settings = std::make_shared<config::Settings>();
    settings->http.port = 0;
    settings->http.probes_port = 0;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        std::size_t equals = argument.find('=');
        if (equals == std::string::npos ||
            !set(*settings, argument.substr(0, equals), argument.substr(equals + 1))) {
            std::cerr << "unknown setting " << argument << "\n";
            return 64;
        }
    }
    HarnessBackend backend;
    HarnessDesk desk;
    base::SystemEntropy entropy;
    ws::HttpServer server(settings, backend, desk, entropy, "0.1.0");
    ws::StartReport report = server.start();
    if (!report.ok()) {
        std::cerr << report.error << "\n";
        return 1;
    }
    std::cout << "{\"port\":" << report.port << ",\"probesPort\":" << report.probes_port << "}"
              << std::endl;
    Harness harness(backend, desk, server);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << harness.obey(line) << std::endl;
    server.stop(std::chrono::milliseconds(1'000));
    return 0;
}

}  // namespace
}  // namespace pgsidecar::tests

int main(int argc, char** argv) { return pgsidecar::tests::run(argc, argv); }
