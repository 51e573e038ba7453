#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>

namespace pgsidecar::db {

/// Tells when a socket that nothing is read from becomes readable: the server says something
/// unasked, or has gone. Thread: its executor's.
class IdleWatch {
public:
    IdleWatch(asio::any_io_executor executor, std::function<void()> on_readable);
    ~IdleWatch();
    IdleWatch(const IdleWatch&) = delete;
    IdleWatch& operator=(const IdleWatch&) = delete;

    /// Watches until the first news, which ends the watch before on_readable is called.
    void begin(int socket);
    /// To be called before anybody else uses or closes the socket.
    void end();

private:
    struct Watch;

    asio::any_io_executor executor_;
    std::function<void()> on_readable_;
    std::shared_ptr<Watch> watch_;
};

}  // namespace pgsidecar::db
