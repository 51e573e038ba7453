#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <memory>

namespace pgsidecar::db {

/// Lets one coroutine at a time use a connection, in the order of asking. Thread: its executor's.
class AsyncMutex {
    struct State;

public:
    /// Holds the lock; gives it to the next in line when destroyed.
    class Guard {
    public:
        explicit Guard(std::shared_ptr<State> state) : state_(std::move(state)) {}
        Guard(Guard&&) noexcept = default;
        Guard& operator=(Guard&&) = delete;
        ~Guard();

    private:
        std::shared_ptr<State> state_;
    };

    explicit AsyncMutex(asio::any_io_executor executor);
    asio::awaitable<Guard> lock();

private:
    struct State {
        bool locked = false;
        std::deque<std::shared_ptr<asio::steady_timer>> waiting;
    };

    asio::any_io_executor executor_;
    std::shared_ptr<State> state_;
};

}  // namespace pgsidecar::db
