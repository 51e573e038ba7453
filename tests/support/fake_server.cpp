#include "tests/support/fake_server.hpp"

#include <exception>

namespace pgsidecar::test {

namespace {

/// Repeats a read that looks up every so often whether the server stops.
template <class Read>
auto patiently(const std::atomic<bool>& stopping, Read read) -> decltype(read()) {
    while (!stopping) {
        try {
            return read();
        } catch (const std::exception&) {
            // Deadline passed: look again.
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> FakeConnection::read_startup() {
    while (true) {
        auto packet = patiently(stopping_, [this] { return reader_.next_packet(socket_, 50ms); });
        if (!packet || packet->size() < 4) return std::nullopt;
        auto code = wire::load32(*packet);
        if (code != wire::kSslRequest && code != wire::kGssEncRequest) return packet;
        send("N");
    }
}

std::optional<wire::Message> FakeConnection::read_message() {
    return patiently(stopping_, [this] { return reader_.next(socket_, 50ms); });
}

bool FakeConnection::accept_login() {
    auto startup = read_startup();
    if (!startup || wire::load32(*startup) == wire::kCancelRequest) return false;
    return send(wire::auth_ok() + wire::parameter_status("server_version", "15.0") +
                wire::parameter_status("client_encoding", "UTF8") +
                wire::parameter_status("standard_conforming_strings", "on") +
                wire::backend_key_data(4711, 0x01020304) + wire::ready());
}

void FakeConnection::wait_for_close() {
    std::string discarded;
    while (!stopping_) {
        auto outcome = socket_.read_some(discarded, 65536, 50ms);
        discarded.clear();
        if (outcome == ReadOutcome::Closed || outcome == ReadOutcome::Reset) return;
    }
}

FakeServer::FakeServer(Script script)
    : script_(std::move(script)), acceptor_([this] { accept_loop(); }) {}

FakeServer::~FakeServer() {
    stopping_ = true;
    acceptor_.join();
    for (auto& t : threads_) t.join();
}

void FakeServer::set_script(Script script) {
    std::lock_guard lock(mutex_);
    script_ = std::move(script);
}

void FakeServer::accept_loop() {
    while (!stopping_) {
        Socket socket = listener_.accept(50ms);
        if (!socket) continue;
        Script script;
        {
            std::lock_guard lock(mutex_);
            script = script_;
        }
        ++connections_;
        threads_.emplace_back([this, script, s = std::move(socket)]() mutable {
            FakeConnection connection(std::move(s), stopping_);
            script(connection);
        });
    }
}

void FakeServer::well_behaved(FakeConnection& connection) {
    if (!connection.accept_login()) return;
    while (auto m = connection.read_message()) {
        if (m->type == 'X') return;
        if (m->type == 'Q') {
            connection.send(wire::row_description({"x"}) + wire::data_row({"1"}) +
                            wire::command_complete("SELECT 1") + wire::ready());
        } else if (m->type == 'S') {
            connection.send(wire::ready());
        }
    }
}

}  // namespace pgsidecar::test
