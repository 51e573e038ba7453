#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace pgsidecar::audit {

/// An answer that comes by callback from another thread, for a coroutine to wait for.
///
/// Thread: the executor's, which must have one thread; callback() from any, once. The answer may
/// come after this object has gone. Lifetime: the executor's context outlives whoever calls back.
template <class T>
class Pending {
public:
    explicit Pending(const asio::any_io_executor& executor)
        : state_(std::make_shared<State>(executor)) {}

    std::function<void(T)> callback() const {
        return [state = state_](T value) mutable {
            auto kept = std::make_shared<T>(std::move(value));
            const auto where = state->executor;
            // Moved: who calls back may keep the function for longer.
            asio::post(where, [state = std::move(state), kept] {
                state->value = std::move(*kept);
                state->timer.cancel();
            });
        };
    }
    asio::awaitable<T> get() {
        auto state = state_;
        if (!state->value) {
            co_await state->timer.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
        }
        co_return std::move(*state->value);
    }

private:
    struct State {
        explicit State(const asio::any_io_executor& ex)
            : executor(ex), timer(ex, asio::steady_timer::time_point::max()) {}
        const asio::any_io_executor executor;
        asio::steady_timer timer;
        std::optional<T> value;
    };
    std::shared_ptr<State> state_;
};

}  // namespace pgsidecar::audit
