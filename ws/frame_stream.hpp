#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "ws/frame_batch.hpp"

namespace pgsidecar::ws {

/// The stream below Beast's WebSocket. What Beast writes itself (the answer to the upgrade, ping,
/// pong, close: each in one buffer) and our text frames go out one after the other, each whole.
///
/// Texts do not go through Beast, which writes one frame per system call: send() gathers many and
/// tries at once; what the system does not take waits until the socket is writable. Behind a close
/// frame nothing is sent (RFC 6455 5.5.1). Thread: HTTP.
class FrameStream {
public:
    using next_layer_type = boost::beast::tcp_stream;
    using executor_type = next_layer_type::executor_type;
    using error_code = boost::beast::error_code;

    explicit FrameStream(next_layer_type stream) : stream_(std::move(stream)) {}

    /// Once, before the first write. owner is kept alive while a write waits for the socket;
    /// writable is called behind such a wait, when all that waited is out or has failed.
    void watch(std::weak_ptr<void> owner, std::function<void(error_code)> writable);

    /// How much the system keeps unsent before the socket counts as full; 0: as much as it likes.
    void limit_unsent(int bytes);

    executor_type get_executor() noexcept { return stream_.get_executor(); }
    next_layer_type& next_layer() noexcept { return stream_; }
    const next_layer_type& next_layer() const noexcept { return stream_; }

    /// True: nothing waits for the socket, so that add() and send() may go on.
    bool idle() const { return batch_.empty(); }
    bool full() const { return batch_.full(); }
    void add(realtime::Frame text);
    /// The error is the connection's end.
    error_code send();
    /// How many texts went out since this was asked last.
    std::size_t take_sent() { return std::exchange(texts_sent_, 0); }

    /// For Beast.
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return stream_.async_read_some(buffers, std::forward<Token>(token));
    }

    /// For Beast, which has one write outstanding. Takes all of the buffers.
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        namespace asio = boost::asio;
        auto initiate = [this](auto&& handler, const Buffers& data) {
            std::string bytes(asio::buffers_begin(data), asio::buffers_end(data));
            using Handler = std::decay_t<decltype(handler)>;
            write_whole(std::move(bytes),
                        std::make_unique<WaitingWrite<Handler>>(
                            get_executor(), std::forward<decltype(handler)>(handler)));
        };
        return asio::async_initiate<Token, void(error_code, std::size_t)>(initiate, token, buffers);
    }

private:
    /// A write of Beast's that is not out yet.
    class Waiting {
    public:
        virtual ~Waiting() = default;
        virtual void complete(error_code fault) = 0;
        std::size_t size = 0;
    };
    template <class Handler>
    class WaitingWrite final : public Waiting {
    public:
        WaitingWrite(const executor_type& executor, Handler handler)
            : executor_(executor), handler_(std::move(handler)) {}
        void complete(error_code fault) override {
            // Never from inside the call that began the write.
            boost::asio::post(executor_, boost::beast::bind_front_handler(std::move(handler_),
                                                                          fault, fault ? 0 : size));
        }

    private:
        executor_type executor_;
        Handler handler_;
    };

    void write_whole(std::string bytes, std::unique_ptr<Waiting> waiting);
    void note(FrameBatch::Sent sent);
    void wait();
    error_code fail(error_code fault);

    next_layer_type stream_;
    FrameBatch batch_;
    std::unique_ptr<Waiting> waiting_write_;
    std::weak_ptr<void> owner_;
    std::function<void(error_code)> writable_;
    std::size_t texts_sent_ = 0;
    bool waits_ = false, closed_ = false;
    error_code fault_;
};

template <class Handler>
void async_teardown(boost::beast::role_type role, FrameStream& stream, Handler&& handler) {
    using boost::beast::websocket::async_teardown;
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

}  // namespace pgsidecar::ws
