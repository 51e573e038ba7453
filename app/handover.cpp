#include "app/handover.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "app/handover_wire.hpp"
#include "base/log.hpp"

namespace pgsidecar::app {

namespace log = base::log;
using Stream = asio::local::stream_protocol;

namespace {

bool same_user(int fd) {
    ucred who{};
    socklen_t size = sizeof who;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == ::geteuid() || who.uid == 0);
}

/// Removes a socket that a process has left behind; what is served or is no socket stays.
void remove_stale(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    asio::io_context context;
    Stream::socket probe(context);
    asio::error_code error;
    probe.connect(Stream::endpoint(path), error);
    if (error) ::unlink(path.c_str());
}

struct Peer {
    explicit Peer(Stream::socket given) : socket(std::move(given)), timer(socket.get_executor()) {}
    Stream::socket socket;
    asio::steady_timer timer;
    std::string input;
};

}  // namespace

struct HandoverServer::Impl {
    Impl(asio::io_context& control, Parts given) : parts(std::move(given)), acceptor(control) {}

    std::string start();
    void stop();
    void accept();
    void greet(std::shared_ptr<Peer> peer);
    void lend(std::shared_ptr<Peer> peer);
    void await_ready(std::shared_ptr<Peer> peer);
    void await_cancels(std::shared_ptr<Peer> peer);
    void give_up(const std::shared_ptr<Peer>& peer, const std::string& why);

    Parts parts;
    Stream::acceptor acceptor;
    bool owns_path = false;
};

HandoverServer::HandoverServer(asio::io_context& control, Parts parts)
    : impl_(std::make_unique<Impl>(control, std::move(parts))) {}

HandoverServer::~HandoverServer() { stop(); }

std::string HandoverServer::start() { return impl_->start(); }
void HandoverServer::stop() { impl_->stop(); }

std::string HandoverServer::Impl::start() {
    remove_stale(parts.path);
    asio::error_code error;
    acceptor.open(Stream(), error);
    // Nobody else may even connect, whatever the folder's permissions are.
    mode_t before = ::umask(0177);
    if (!error) acceptor.bind(Stream::endpoint(parts.path), error);
    ::umask(before);
    owns_path = !error;
    if (!error) acceptor.listen(16, error);
    if (error) {
        return "cannot listen on upgrade.socket " + parts.path + ": " + error.message() +
               "; see to the folder, or set upgrade.socket to another path.";
    }
    accept();
    return {};
}

void HandoverServer::Impl::stop() {
    asio::error_code ignored;
    acceptor.close(ignored);
    if (std::exchange(owns_path, false)) ::unlink(parts.path.c_str());
}

void HandoverServer::Impl::accept() {
    acceptor.async_accept([this](const asio::error_code& error, Stream::socket socket) {
        if (error || !acceptor.is_open()) return;
        auto peer = std::make_shared<Peer>(std::move(socket));
        if (!same_user(peer->socket.native_handle())) {
            give_up(peer, "it belongs to another user");
            return;
        }
        greet(std::move(peer));
    });
}

void HandoverServer::Impl::greet(std::shared_ptr<Peer> peer) {
    peer->timer.expires_after(parts.patience);
    peer->timer.async_wait([peer](const asio::error_code& error) {
        asio::error_code ignored;
        if (!error) peer->socket.close(ignored);
    });
    asio::async_read_until(peer->socket, asio::dynamic_buffer(peer->input, kLongestHandoverLine),
                           '\n', [this, peer](const asio::error_code& error, std::size_t) {
                               if (error || peer->input != kTakeoverLine)
                                   return give_up(peer, "it did not say what it wants");
                               lend(peer);
                           });
}

void HandoverServer::Impl::lend(std::shared_ptr<Peer> peer) {
    peer->input.clear();
    if (!send_sockets(peer->socket.native_handle(), parts.sockets()))
        return give_up(peer, "the sockets could not be sent");
    log::info("upgrade", "a new process has got the listening sockets and starts");
    await_ready(std::move(peer));
}

void HandoverServer::Impl::await_ready(std::shared_ptr<Peer> peer) {
    asio::async_read_until(peer->socket, asio::dynamic_buffer(peer->input, kLongestHandoverLine),
                           '\n', [this, peer](const asio::error_code& error, std::size_t) {
                               if (error || peer->input != kReadyLine)
                                   return give_up(peer, "it has ended or did not start in time");
                               peer->timer.cancel();
                               stop();  // the new process may take the path at once
                               parts.on_taken();
                               send_line(peer->socket.native_handle(), kDoneLine);
                               peer->input.clear();
                               await_cancels(peer);
                           });
}

void HandoverServer::Impl::await_cancels(std::shared_ptr<Peer> peer) {
    asio::async_read_until(peer->socket, asio::dynamic_buffer(peer->input, kLongestHandoverLine),
                           '\n', [this, peer](const asio::error_code& error, std::size_t size) {
                               if (error) return;
                               auto cancel =
                                   parse_cancel_line(std::string_view(peer->input).substr(0, size));
                               peer->input.erase(0, size);
                               if (!cancel) return;
                               parts.on_cancel(cancel->first, cancel->second);
                               await_cancels(peer);
                           });
}

void HandoverServer::Impl::give_up(const std::shared_ptr<Peer>& peer, const std::string& why) {
    log::warn("upgrade", "no takeover by the process that asked; this one goes on",
              {{"cause", why}});
    peer->timer.cancel();
    asio::error_code ignored;
    peer->socket.close(ignored);
    if (acceptor.is_open()) accept();
}

// ---- the new process

Takeover::~Takeover() {
    if (fd_ >= 0) ::close(fd_);
}

std::string Takeover::ask(const std::string& path, std::chrono::milliseconds patience,
                          base::ListeningSockets& sockets) {
    asio::io_context context;
    Stream::socket socket(context);
    asio::error_code error;
    socket.connect(Stream::endpoint(path), error);
    if (error == asio::error::connection_refused || error.value() == ENOENT) return {};
    if (error) return "cannot reach the running process at " + path + ": " + error.message() + ".";
    fd_ = socket.release(error);
    if (send_line(fd_, kTakeoverLine) && receive_sockets(fd_, patience, sockets)) return {};
    ::close(std::exchange(fd_, -1));
    base::close_sockets(sockets);
    return "the running process at " + path +
           " did not give its listening sockets; see its log, or stop it and start without "
           "--takeover.";
}

std::string Takeover::ready(std::chrono::milliseconds patience) {
    if (send_line(fd_, kReadyLine) && receive_line(fd_, patience) == kDoneLine) return {};
    return "the old process did not confirm the takeover; stop it with SIGTERM if it still runs.";
}

void Takeover::pass_on_cancel(std::int32_t pid, std::uint32_t key) const {
    if (fd_ >= 0) send_line(fd_, cancel_line(pid, key));
}

// ---- systemd

base::ListeningSockets sockets_of_systemd() {
    constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
    constexpr int kMost = 16;
    base::ListeningSockets sockets;
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    const char* names = std::getenv("LISTEN_FDNAMES");
    bool ours = pid != nullptr && count != nullptr && std::atol(pid) == ::getpid();
    int found = ours ? std::min(std::atoi(count), kMost) : 0;
    std::string left = names != nullptr ? names : "";
    for (int fd = kFirst; fd < kFirst + found; ++fd) {
        std::string name = left.substr(0, left.find(':'));
        left.erase(0, std::min(left.size(), name.size() + 1));
        int family = base::address_family(fd);
        int* slot = nullptr;
        if (name == "clients") slot = &sockets.clients;
        if (name == "clients-unix" || family == AF_UNIX) slot = &sockets.clients_unix;
        if (name == "http") slot = &sockets.http;
        if (name == "probes") slot = &sockets.probes;
        for (int* next : {&sockets.clients, &sockets.http, &sockets.probes}) {
            if (slot == nullptr && *next < 0) slot = next;
        }
        if (family < 0 || slot == nullptr || *slot >= 0) {
            log::warn("upgrade", "a socket of systemd is not used", {{"name", name}});
            ::close(fd);
        } else {
            *slot = fd;
        }
    }
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    return sockets;
}

std::string inherited_sockets(const config::Settings::Upgrade& upgrade, Takeover& takeover,
                              base::ListeningSockets& sockets) {
    sockets = sockets_of_systemd();
    if (!upgrade.takeover) return {};
    base::close_sockets(sockets);
    auto patience = std::chrono::milliseconds(upgrade.timeout_ms);
    if (std::string problem = takeover.ask(upgrade.socket, patience, sockets); !problem.empty())
        return problem;
    if (!takeover.in_progress())
        log::info("upgrade", "there is no process to take over from; this one listens anew",
                  {{"socket", upgrade.socket}});
    return {};
}

}  // namespace pgsidecar::app
