#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/support/socket.hpp"

namespace pgsidecar::test {

enum class Direction : std::size_t { ToServer = 0, ToClient = 1 };

/// A TCP relay inside the test process, put between the sidecar and PostgreSQL to play the
/// network's faults. Verbs may be called from any thread and hold for connections that exist and
/// that come, until pass().
class Gate {
public:
    explicit Gate(int upstream_port);
    ~Gate();

    int port() const { return listener_.port(); }

    /// Everything flows again and new connections are taken; connections that were cut stay cut.
    void pass();
    /// New connections get ECONNREFUSED; present ones go on.
    void refuse();
    /// RST to both ends of every present connection.
    void reset();
    /// Nothing is read in this direction any more: the peer sees a full window, then silence.
    void stall(Direction direction);
    /// FIN to the receiver of this direction; the other direction goes on.
    void half_close(Direction direction);
    /// RST once this many more bytes have gone that way, counted over all connections.
    void cut_after_bytes(Direction direction, std::uint64_t bytes);
    /// pass() and cut_after_bytes() in one step, so that no byte slips through between them.
    void pass_then_cut(Direction direction, std::uint64_t bytes);
    /// Every chunk waits this long, both ways.
    void delay(Ms per_chunk);
    /// Every write carries at most this many bytes, both ways.
    void slice(std::size_t bytes);

    int connections() const { return open_; }
    int accepted() const { return accepted_; }
    /// Connections ended by cut_after_bytes so far.
    int cuts() const { return cuts_; }
    std::uint64_t bytes(Direction direction) const {
        return bytes_[static_cast<std::size_t>(direction)];
    }

private:
    struct Half {
        std::string pending;
        Clock::time_point not_before{};
        bool read_closed = false, write_closed = false;
    };
    struct Link {
        Socket ends[2];  ///< 0 the client's side, 1 the server's
        Half halves[2];  ///< by Direction
        bool dead = false;
    };
    struct Rules {
        std::array<bool, 2> stalled{};
        std::array<bool, 2> half_close{};
        std::array<std::optional<std::uint64_t>, 2> cut_after;
        Ms delay{0};
        std::size_t slice = 65536;
        bool reset = false;
    };

    void loop();
    void listen_again();
    void accept_one();
    void apply_once(Link& link);
    void move_bytes(Link& link, Direction direction, bool readable);
    void write_pending(Link& link, Direction direction);

    int upstream_port_;
    std::mutex mutex_;
    Rules rules_;
    Listener listener_;
    bool listening_ = true;
    std::list<Link> links_;
    std::atomic<bool> stopping_{false};
    std::atomic<int> open_{0}, accepted_{0}, cuts_{0};
    std::array<std::atomic<std::uint64_t>, 2> bytes_{};
    std::thread thread_;
};

}  // namespace pgsidecar::test
