#pragma once

#include <asio/io_context.hpp>
#include <cstdint>
#include <system_error>

namespace pgsidecar::proxy {

/// Tells when a non-blocking descriptor can be read or written, through Asio's own epoll reactor
/// and at its lowest price: an armed wait costs no system call.
///
/// Asio's public calls cannot do this: async_read_some() first tries a read that mostly fails,
/// async_wait() re-arms with an epoll_ctl each time. So this one class uses the reactor below them
/// (asio::detail, Asio 1.22.1) and does nothing but say "ready"; reading and writing are the
/// holder's. Edge-triggered: after a notice the holder reads until the kernel has no more, or calls
/// arm_read() with more left and is then told by nobody.
///
/// Thread: the io_context's. release() instead of a destructor: the object deletes itself when the
/// reactor is done with it.
class Readiness {
public:
    class Handler {
    public:
        virtual void on_readable() = 0;
        virtual void on_writable() = 0;

    protected:
        ~Handler() = default;
    };

    /// Takes over the descriptor, which must be open and non-blocking. Null and an error when the
    /// reactor refuses.
    static Readiness* open(asio::io_context& context, int fd, Handler& handler,
                           std::error_code& error);

    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    int fd() const { return fd_; }
    void arm_read();
    void arm_write();
    /// Closes the descriptor; the handler hears nothing any more; the object is gone soon after.
    void release();

private:
    class Op;
    struct Parts;

    Readiness(asio::io_context& context, int fd, Handler& handler);
    ~Readiness();
    void done(bool read, bool aborted);
    void maybe_delete();

    Parts* parts_;
    Handler* handler_;
    int fd_;
    bool read_armed_ = false;
    bool write_armed_ = false;
};

}  // namespace pgsidecar::proxy
