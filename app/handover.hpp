#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/listening_sockets.hpp"
#include "config/settings.hpp"

namespace asio {
class io_context;
}

namespace pgsidecar::app {

/// The old process's side of an upgrade: gives its listening sockets to a new process of the same
/// user, and is told when that has taken the clients over.
///
/// One conversation at a time: "TAKEOVER 1" comes in; "SOCKETS" with a letter for each descriptor
/// goes out; "READY" comes; then on_taken() is called and "DONE" goes out. From then on the new
/// process passes on the cancel requests that it cannot place, "CANCEL pid key". A new process that
/// ends before READY changes nothing. Thread: the control thread.
class HandoverServer {
public:
    struct Parts {
        std::string path;
        std::chrono::milliseconds patience;
        std::function<base::ListeningSockets()> sockets;  ///< lent; they stay the process's own
        std::function<void()> on_taken;
        std::function<void(std::int32_t pid, std::uint32_t key)> on_cancel;
    };

    HandoverServer(asio::io_context& control, Parts parts);
    ~HandoverServer();
    HandoverServer(const HandoverServer&) = delete;
    HandoverServer& operator=(const HandoverServer&) = delete;

    /// A sentence on failure, empty on success.
    std::string start();
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The new process's side.
///
/// Thread: the main thread, before the control thread's work begins; the calls block, at most as
/// long as said.
class Takeover {
public:
    Takeover() = default;
    ~Takeover();
    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    /// Asks the process at path for its sockets. A sentence on failure; nobody there is none, then
    /// sockets stays empty.
    std::string ask(const std::string& path, std::chrono::milliseconds patience,
                    base::ListeningSockets& sockets);
    /// This process listens: the old one may stop. A sentence on failure.
    std::string ready(std::chrono::milliseconds patience);
    /// There is an old process.
    bool in_progress() const { return fd_ >= 0; }
    /// Its clients' cancel requests come to us now. Thread: any.
    void pass_on_cancel(std::int32_t pid, std::uint32_t key) const;

private:
    int fd_ = -1;
};

/// What systemd has opened for this process (LISTEN_FDS), by name: clients, clients-unix, http,
/// probes; without names in the order clients, http, probes, and a Unix socket for clients-unix.
/// Takes the variables out of the environment.
base::ListeningSockets sockets_of_systemd();

/// What this process is to listen on from its start: systemd's sockets, or those of the process
/// that it takes over from. A sentence on failure.
std::string inherited_sockets(const config::Settings::Upgrade& upgrade, Takeover& takeover,
                              base::ListeningSockets& sockets);

}  // namespace pgsidecar::app
