#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

namespace pgsidecar::db {

using TimePoint = std::chrono::steady_clock::time_point;

/// Until when an operation may run, and what number interrupt() had when it began.
struct Limit {
    TimePoint deadline;
    std::uint64_t generation = 0;
    std::int64_t timeout_ms = 0;  ///< the same as a length, for texts
};

/// Waits for somebody else's socket (libpq's) with a deadline. One wait at a time.
///
/// The socket is known to Asio only while a wait lasts: libpq may close it inside any of its calls,
/// and a stale registration would then stand for whatever file gets that number next. Nothing is
/// duplicated. Thread: its executor's.
class SocketWait {
public:
    enum class For : std::uint8_t { Read, Write, Either };
    enum class Outcome : std::uint8_t { Ready, TimedOut, Interrupted };

    explicit SocketWait(asio::any_io_executor executor);

    Limit limit(std::int64_t timeout_ms) const;
    asio::awaitable<Outcome> wait(int socket, For what, Limit limit);
    /// Ends the wait under way and all later ones of limits that were made before.
    void interrupt();
    bool waiting() const { return waiting_; }
    bool interrupted(const Limit& limit) const { return limit.generation != generation_; }

private:
    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    std::uint64_t generation_ = 0;
    bool waiting_ = false;
};

}  // namespace pgsidecar::db
