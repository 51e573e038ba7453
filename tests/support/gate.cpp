#include "tests/support/gate.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace pgsidecar::test {

namespace {

constexpr std::size_t kMaxPending = 65536;
constexpr int kTickMs = 5;
constexpr int kBacklog = 512;

std::size_t index(Direction d) { return static_cast<std::size_t>(d); }
constexpr std::array kBoth{Direction::ToServer, Direction::ToClient};

}  // namespace

Gate::Gate(int upstream_port) : upstream_port_(upstream_port), listener_(free_port()) {
    thread_ = std::thread([this] { loop(); });
}

Gate::~Gate() {
    stopping_ = true;
    thread_.join();
}

void Gate::pass() {
    std::lock_guard lock(mutex_);
    rules_ = Rules{};
    listen_again();
}

void Gate::refuse() {
    std::lock_guard lock(mutex_);
    // The socket stays bound, so that nobody takes the port; the kernel refuses in its place.
    ::shutdown(listener_.fd(), SHUT_RD);
    listening_ = false;
}

void Gate::listen_again() {
    if (!listening_ && ::listen(listener_.fd(), kBacklog) != 0)
        throw std::runtime_error("the gate cannot listen again on port " + std::to_string(port()));
    listening_ = true;
}

void Gate::reset() {
    {
        std::lock_guard lock(mutex_);
        rules_.reset = true;
    }
    eventually(5s, [this] { return connections() == 0; });
    std::lock_guard lock(mutex_);
    rules_.reset = false;
}

void Gate::stall(Direction direction) {
    std::lock_guard lock(mutex_);
    rules_.stalled[index(direction)] = true;
}

void Gate::half_close(Direction direction) {
    std::lock_guard lock(mutex_);
    rules_.half_close[index(direction)] = true;
}

void Gate::cut_after_bytes(Direction direction, std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    rules_.cut_after[index(direction)] = bytes;
}

void Gate::pass_then_cut(Direction direction, std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    rules_ = Rules{};
    rules_.cut_after[index(direction)] = bytes;
    listen_again();
}

void Gate::delay(Ms per_chunk) {
    std::lock_guard lock(mutex_);
    rules_.delay = per_chunk;
}

void Gate::slice(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    rules_.slice = bytes;
}

void Gate::loop() {
    while (!stopping_) {
        std::vector<pollfd> fds;
        std::vector<Link*> owners;
        {
            std::lock_guard lock(mutex_);
            if (listening_) fds.push_back({listener_.fd(), POLLIN, 0});
            for (auto& link : links_) {
                for (auto d : kBoth) {
                    auto& half = link.halves[index(d)];
                    bool wants = !half.read_closed && !rules_.stalled[index(d)] &&
                                 half.pending.size() < kMaxPending;
                    fds.push_back(
                        {link.ends[index(d)].fd(), static_cast<short>(wants ? POLLIN : 0), 0});
                }
                owners.push_back(&link);
            }
        }
        ::poll(fds.data(), fds.size(), kTickMs);
        std::lock_guard lock(mutex_);
        std::size_t at = fds.size() - 2 * owners.size();
        for (std::size_t i = 0; i < owners.size(); ++i) {
            apply_once(*owners[i]);
            for (auto d : kBoth) {
                bool readable =
                    (fds[at + 2 * i + index(d)].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
                if (!owners[i]->dead) move_bytes(*owners[i], d, readable);
            }
        }
        links_.remove_if([](const Link& l) { return l.dead; });
        if (listening_ && at == 1 && (fds[0].revents & POLLIN) != 0) accept_one();
        open_ = static_cast<int>(links_.size());
    }
}

void Gate::accept_one() {
    Socket client = listener_.accept(0ms);
    if (!client) return;
    ++accepted_;
    Socket server = Socket::try_connect_tcp(upstream_port_, 1s);
    if (!server) {
        client.reset();
        return;
    }
    Link link;
    link.ends[0] = std::move(client);
    link.ends[1] = std::move(server);
    links_.push_back(std::move(link));
}

void Gate::apply_once(Link& link) {
    if (rules_.reset) {
        for (auto& end : link.ends) end.reset();
        link.dead = true;
        return;
    }
    for (auto d : kBoth) {
        auto& half = link.halves[index(d)];
        if (rules_.half_close[index(d)] && !half.write_closed) {
            link.ends[1 - index(d)].shutdown_write();
            half.write_closed = true;
            half.pending.clear();
        }
    }
}

void Gate::move_bytes(Link& link, Direction direction, bool readable) {
    auto i = index(direction);
    auto& half = link.halves[i];
    if (readable && !half.read_closed && !rules_.stalled[i] && half.pending.size() < kMaxPending) {
        if (half.pending.empty()) half.not_before = Clock::now() + rules_.delay;
        switch (link.ends[i].read_some(half.pending, kMaxPending, 0ms)) {
            case ReadOutcome::Data:
            case ReadOutcome::TimedOut: break;
            case ReadOutcome::Closed: half.read_closed = true; break;
            case ReadOutcome::Reset:
                for (auto& end : link.ends) end.reset();
                link.dead = true;
                return;
        }
    }
    if (half.write_closed) half.pending.clear();
    write_pending(link, direction);
    if (link.dead) return;
    if (half.read_closed && half.pending.empty() && !half.write_closed) {
        link.ends[1 - i].shutdown_write();
        half.write_closed = true;
    }
    link.dead = link.halves[0].read_closed && link.halves[1].read_closed &&
                link.halves[0].pending.empty() && link.halves[1].pending.empty();
}

void Gate::write_pending(Link& link, Direction direction) {
    auto i = index(direction);
    auto& half = link.halves[i];
    while (!half.pending.empty() && Clock::now() >= half.not_before) {
        std::size_t n = std::min(half.pending.size(), rules_.slice);
        auto& cut = rules_.cut_after[i];
        if (cut) n = std::min<std::size_t>(n, *cut);
        ssize_t sent =
            n == 0 ? 0 : ::send(link.ends[1 - i].fd(), half.pending.data(), n, MSG_NOSIGNAL);
        if (sent < 0) return;  // full, or broken: then the read side of that end says so
        half.pending.erase(0, static_cast<std::size_t>(sent));
        bytes_[i] += static_cast<std::uint64_t>(sent);
        if (cut && (*cut -= static_cast<std::uint64_t>(sent)) == 0) {
            for (auto& end : link.ends) end.reset();
            link.dead = true;
            ++cuts_;
            return;
        }
        if (rules_.delay.count() > 0) half.not_before = Clock::now() + rules_.delay;
    }
}

}  // namespace pgsidecar::test
