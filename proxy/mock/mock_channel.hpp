#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/core/channel.hpp"
#include "proxy/mock/mock_server.hpp"

namespace pgsidecar::proxy::mock {

class MockDatabase;

/// Runs a function later on the same thread, with the time, in a turn of its own; never from inside
/// the call.
using Defer = std::function<void(std::function<void(const base::Now&)>)>;

/// A Channel whose other end is a MockServer in the same process.
///
/// Nothing is delivered from inside send() or any other call of the holder's. Thread: the worker's.
/// Owned by its MockDatabase until it is closed.
class MockChannel final : public Channel, public std::enable_shared_from_this<MockChannel> {
public:
    MockChannel(MockDatabase& database, ChannelEvents& events, std::int32_t pid);

    /// on_open() will follow.
    void start() { schedule(); }

    // Channel
    void send(base::Bytes bytes) override;
    std::size_t unsent() const override { return server_.unread(); }
    void set_reading(bool on) override;
    void start_tls() override;
    void close() override { abort(); }
    void abort() override;
    /// So nobody asks it for TLS.
    bool is_unix_socket() const override { return true; }

private:
    void schedule();
    void turn(const base::Now& now);
    void deliver(const base::Now& now);
    void lose(ChannelClosed::Cause cause, std::string detail, const base::Now& now);

    MockDatabase& database_;
    ChannelEvents* events_;
    MockServer server_;
    bool open_ = false;
    bool reading_ = true;
    bool scheduled_ = false;
    bool was_full_ = false;
    bool tls_asked_ = false;
};

}  // namespace pgsidecar::proxy::mock
