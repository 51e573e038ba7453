#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "base/spsc_ring.hpp"
#include "proxy/core/plane.hpp"
#include "proxy/io/data_plane_events.hpp"
#include "proxy/io/socket_channel.hpp"
#include "proxy/io/socket_options.hpp"
#include "proxy/io/tls_context.hpp"
#include "proxy/mock/mock_database.hpp"

namespace pgsidecar::proxy {

/// One thread of the data plane: its io_context, its Plane, its sockets.
///
/// Thread: start(), stop(), post(), adopt() any; the rest its own.
class Worker final : private Driver {
public:
    Worker(std::shared_ptr<const Options> options, TlsContexts tls, DataPlaneEvents& events,
           int number);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    /// Ends the thread; its sockets close.
    void stop();

    /// A client's socket, accepted and non-blocking, becomes this worker's.
    void adopt(int fd, bool unix_socket, bool local);
    /// For connections from now on.
    void use_tls(TlsContexts tls);
    template <class F>
    void post(F&& f) {
        asio::post(context_, std::forward<F>(f));
    }
    /// Runs f(plane, now) on the worker's thread.
    template <class F>
    void on_plane(F f) {
        asio::post(context_, [this, f = std::move(f)]() mutable {
            f(plane_, now());
            end_turn();
        });
    }

    /// Other options count from now on.
    void reload(std::shared_ptr<const Options> options);

    const metrics::WorkerShard& shard() const { return *shard_; }
    std::shared_ptr<const metrics::WorkerShard> shared_shard() const { return shard_; }
    base::SpscRing<model::OperationRecord>& records() { return records_; }
    std::int64_t last_tick_ns() const { return last_tick_ns_.load(std::memory_order_relaxed); }

    // For its channels.
    asio::io_context& context() { return context_; }
    /// One reading for the whole turn.
    const base::Now& now();
    void end_turn();
    std::span<std::byte> receive_buffer() { return *receive_buffer_; }
    std::size_t buffer_limit() const { return plane_.buffer_limit(); }
    void lend(std::string& buffer);
    void take_back(std::string& buffer);
    void mark_dirty(SocketChannel& channel);
    void add(SocketChannel& channel);
    void remove(SocketChannel& channel);
    ssl_ctx_st* tls_context(TlsStream::Role role) const {
        return role == TlsStream::Role::Client ? tls_.upstream.get() : tls_.clients.get();
    }
    const config::Upstream& upstream() const { return options_->upstream; }
    metrics::WorkerShard& counts() { return *shard_; }
    /// Logs it, unless another was logged just now: they come in swarms.
    void note_failed_handshake(const std::string& why);
    /// server: of connections to the database.
    SocketOptions socket_options(bool server) const {
        const auto& settings = *options_->settings;
        return server ? SocketOptions::of(settings.pool) : SocketOptions::of(settings.listen);
    }
    bool verifies_host() const { return options_->upstream.sslmode == config::SslMode::VerifyFull; }

private:
    // Driver
    Channel* connect(ChannelEvents& events) override;
    void cancel_elsewhere(std::int32_t pid, std::uint32_t secret) override;
    void record(model::OperationRecord&& record) override;
    void upstream_lost(const ChannelClosed& closed, std::string_view sqlstate) override;
    void upstream_connected() override;
    void spool(std::uint64_t token, model::SpoolEntry&& entry) override;
    void look_up(const std::string& user) override;
    void learned(const model::LearnedServer& server) override;
    void console(std::uint64_t token, admin::Request&& request) override;
    void console_cancelled(std::uint64_t token) override;

    void arm_tick();
    void tick();

    std::shared_ptr<const Options> options_;
    TlsContexts tls_;
    DataPlaneEvents& events_;
    int number_;
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    asio::steady_timer tick_timer_;
    base::SystemEntropy entropy_;
    std::unique_ptr<mock::MockDatabase> mock_;  ///< in mode mock only
    std::shared_ptr<metrics::WorkerShard> shard_;
    base::SpscRing<model::OperationRecord> records_;
    Plane plane_;
    std::unique_ptr<std::array<std::byte, 65'536>> receive_buffer_;
    std::vector<std::string> spare_buffers_;
    std::vector<SocketChannel*> dirty_;
    SocketChannel* channels_ = nullptr;
    base::Now now_{};
    bool now_valid_ = false;
    bool stopped_ = false;  ///< set when the thread has ended
    int ticks_ = 0;
    std::int64_t handshake_logged_ns_ = 0;
    std::atomic<std::int64_t> last_tick_ns_{0};
    std::thread thread_;
};

}  // namespace pgsidecar::proxy
