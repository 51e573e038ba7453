#include "proxy/io/worker.hpp"

#include <unistd.h>

#include "base/log.hpp"
#include "proxy/io/connector.hpp"

namespace pgsidecar::proxy {

namespace {
constexpr auto kTick = std::chrono::milliseconds(250);
constexpr int kTicksPerSweep = 4;
constexpr std::int64_t kHandshakeLogNs = 1'000'000'000;
constexpr std::size_t kSpareBuffers = 64;
constexpr std::size_t kSpareCapacity = 4 * 65'536;
}  // namespace

Worker::Worker(std::shared_ptr<const Options> options, TlsContexts tls, DataPlaneEvents& events,
               int number)
    : options_(std::move(options)),
      tls_(std::move(tls)),
      events_(events),
      number_(number),
      work_(context_.get_executor()),
      tick_timer_(context_),
      shard_(std::make_shared<metrics::WorkerShard>()),
      records_(static_cast<std::size_t>(options_->settings->audit.ring_records)),
      plane_(options_, *this, entropy_, *shard_),
      receive_buffer_(std::make_unique<std::array<std::byte, 65'536>>()) {
    if (options_->settings->database.mode != model::DatabaseMode::Mock) return;
    auto defer = [this](std::function<void(const base::Now&)> f) {
        on_plane([f = std::move(f)](Plane&, const base::Now& at) { f(at); });
    };
    mock_ = std::make_unique<mock::MockDatabase>(defer, entropy_, options_->mock_tables,
                                                 buffer_limit());
}

Worker::~Worker() { stop(); }

void Worker::start() {
    last_tick_ns_ = base::read_clocks().mono_ns;
    arm_tick();
    thread_ = std::thread([this] { context_.run(); });
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
        plane_.close_all(now());
        end_turn();
        // What lingers has had its chance; every socket is closed before the thread ends.
        while (channels_ != nullptr) channels_->abort();
        plane_.end_turn();
        tick_timer_.cancel();
        work_.reset();
        context_.stop();
    });
    thread_.join();
    stopped_ = true;
    context_.restart();
    context_.poll();  // completes what was aborted, so that nothing is left to free
    // A connection to the server may have been opened in this moment.
    while (channels_ != nullptr) channels_->abort();
    plane_.end_turn();
    context_.restart();
    context_.poll();
}

void Worker::reload(std::shared_ptr<const Options> options) {
    on_plane([this, options = std::move(options)](Plane& plane, const base::Now& at) {
        options_ = options;
        plane.reload(options, at);
    });
}

const base::Now& Worker::now() {
    if (!now_valid_) {
        now_ = base::read_clocks();
        now_valid_ = true;
    }
    return now_;
}

void Worker::end_turn() {
    now_valid_ = false;
    plane_.end_turn();
    if (plane_.records_awaited()) events_.on_records_due();
    // Writing can fail and mark more; the list may grow while it is walked.
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        SocketChannel* channel = dirty_[i];
        channel->dirty = false;
        channel->hold();
        if (!channel->ended()) channel->flush();
        channel->release();
    }
    dirty_.clear();
}

void Worker::mark_dirty(SocketChannel& channel) {
    if (channel.dirty) return;
    channel.dirty = true;
    dirty_.push_back(&channel);
}

void Worker::lend(std::string& buffer) {
    if (spare_buffers_.empty() || buffer.capacity() > 64) return;
    buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    buffer.clear();
}

void Worker::take_back(std::string& buffer) {
    if (buffer.capacity() <= 64) return buffer.clear();
    if (spare_buffers_.size() < kSpareBuffers && buffer.capacity() <= kSpareCapacity) {
        buffer.clear();
        spare_buffers_.push_back(std::move(buffer));
    }
    std::string().swap(buffer);
}

void Worker::add(SocketChannel& channel) {
    channel.listed = true;
    channel.next = channels_;
    if (channels_ != nullptr) channels_->prev = &channel;
    channels_ = &channel;
}

void Worker::remove(SocketChannel& channel) {
    if (!channel.listed) return;
    channel.listed = false;
    (channel.prev != nullptr ? channel.prev->next : channels_) = channel.next;
    if (channel.next != nullptr) channel.next->prev = channel.prev;
    channel.prev = channel.next = nullptr;
}

void Worker::adopt(int fd, bool unix_socket, bool local) {
    asio::post(context_, [this, fd, unix_socket, local] {
        if (stopped_) {  // it came while the thread ended
            ::close(fd);
            return;
        }
        auto* channel = new SocketChannel(*this, nullptr, TlsStream::Role::Server);
        channel->hold();
        ChannelEvents& events = plane_.accept(*channel, local, now());
        channel->set_events(events);
        if (!channel->open(fd, unix_socket, {})) {
            channel->fail({ChannelClosed::Cause::Other, "the socket could not be watched"});
        }
        channel->release();
        end_turn();
    });
}

void Worker::use_tls(TlsContexts tls) {
    asio::post(context_, [this, tls = std::move(tls)]() mutable { tls_ = std::move(tls); });
}

void Worker::note_failed_handshake(const std::string& why) {
    if (now().mono_ns - handshake_logged_ns_ < kHandshakeLogNs) return;
    handshake_logged_ns_ = now().mono_ns;
    base::log::info("proxy", "a client's TLS handshake failed", {{"cause", why}});
}

// ---- Driver

Channel* Worker::connect(ChannelEvents& events) {
    if (mock_) return mock_->connect(events);
    auto* channel = new SocketChannel(*this, &events, TlsStream::Role::Client);
    Connector::start(context_, *channel, options_->upstream.hosts);
    return channel;
}

void Worker::cancel_elsewhere(std::int32_t pid, std::uint32_t secret) {
    if (options_->settings->workers == 1) shard_->cancels_unknown_key.add();
    events_.on_cancel_elsewhere(number_, pid, secret);
}

void Worker::record(model::OperationRecord&& record) {
    if (!records_.push(std::move(record))) shard_->operations_lost.add();
}

void Worker::upstream_lost(const ChannelClosed& closed, std::string_view sqlstate) {
    events_.on_upstream_lost(plane_.classify(closed, std::string(sqlstate)));
}

void Worker::upstream_connected() { events_.on_upstream_connected(); }

void Worker::spool(std::uint64_t token, model::SpoolEntry&& entry) {
    events_.on_spool(number_, token, std::move(entry));
}

void Worker::look_up(const std::string& user) { events_.on_look_up(number_, user); }

void Worker::learned(const model::LearnedServer& server) { events_.on_learned(server); }

void Worker::console(std::uint64_t token, admin::Request&& request) {
    events_.on_console(number_, token, std::move(request));
}

void Worker::console_cancelled(std::uint64_t token) {
    events_.on_console_cancelled(number_, token);
}

// ---- time

void Worker::arm_tick() {
    tick_timer_.expires_after(kTick);
    tick_timer_.async_wait([this](const asio::error_code& error) {
        if (!error) tick();
    });
}

void Worker::tick() {
    last_tick_ns_.store(now().mono_ns, std::memory_order_relaxed);
    plane_.tick(now());
    if (++ticks_ % kTicksPerSweep == 0) {
        std::int64_t at = now().mono_ns;
        for (SocketChannel* channel = channels_; channel != nullptr;) {
            SocketChannel* next = channel->next;
            channel->sweep(at);
            channel = next;
        }
    }
    end_turn();
    arm_tick();
}

}  // namespace pgsidecar::proxy
