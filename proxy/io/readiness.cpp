#include "proxy/io/readiness.hpp"

#include <unistd.h>
#include <asio/detail/reactor.hpp>
#include <asio/detail/reactor_op.hpp>
#include <asio/version.hpp>

#include "base/assert.hpp"

#if ASIO_VERSION != 102201
#error \
    "Readiness uses the reactor below Asio's public calls and was written for Asio 1.22.1 (Debian 12)."
#endif
#if !defined(ASIO_HAS_EPOLL)
#error "Readiness needs epoll."
#endif

namespace pgsidecar::proxy {

namespace detail = asio::detail;

/// A wait that transfers nothing. Reporting done_and_exhausted makes Asio skip the speculative
/// attempt when it is armed again; an edge that came meanwhile is remembered by the reactor and
/// completes the next wait at once.
class Readiness::Op final : public detail::reactor_op {
public:
    Op(Readiness& owner, bool read)
        : reactor_op(asio::error_code(), &Op::perform, &Op::complete), owner_(owner), read_(read) {}

private:
    static status perform(detail::reactor_op*) { return done_and_exhausted; }

    static void complete(void* scheduler, detail::operation* base, const asio::error_code&,
                         std::size_t) {
        auto* op = static_cast<Op*>(base);
        // Null: the io_context is being destroyed and only memory is to be freed.
        bool aborted = scheduler == nullptr || op->ec_ == asio::error::operation_aborted;
        op->ec_ = asio::error_code();
        op->owner_.done(op->read_, aborted);
    }

    Readiness& owner_;
    bool read_;
};

struct Readiness::Parts {
    Parts(asio::io_context& context, Readiness& owner)
        : reactor(asio::use_service<detail::reactor>(context)),
          read(owner, true),
          write(owner, false) {}

    detail::reactor& reactor;
    detail::reactor::per_descriptor_data data = nullptr;
    Op read;
    Op write;
};

Readiness::Readiness(asio::io_context& context, int fd, Handler& handler)
    : parts_(new Parts(context, *this)), handler_(&handler), fd_(fd) {}

Readiness::~Readiness() { delete parts_; }

Readiness* Readiness::open(asio::io_context& context, int fd, Handler& handler,
                           std::error_code& error) {
    auto* made = new Readiness(context, fd, handler);
    made->parts_->reactor.init_task();
    if (int failure = made->parts_->reactor.register_descriptor(fd, made->parts_->data);
        failure != 0) {
        error.assign(failure, std::system_category());
        delete made;
        return nullptr;
    }
    return made;
}

void Readiness::arm_read() {
    if (read_armed_) return;
    read_armed_ = true;
    parts_->reactor.start_op(detail::reactor::read_op, fd_, parts_->data, &parts_->read, true,
                             true);
}

void Readiness::arm_write() {
    if (write_armed_) return;
    write_armed_ = true;
    // Not speculative: the holder has just been told by the kernel that it cannot write.
    parts_->reactor.start_op(detail::reactor::write_op, fd_, parts_->data, &parts_->write, true,
                             false);
}

void Readiness::done(bool read, bool aborted) {
    (read ? read_armed_ : write_armed_) = false;
    if (handler_ == nullptr) return maybe_delete();
    if (aborted) return;
    read ? handler_->on_readable() : handler_->on_writable();
}

void Readiness::release() {
    handler_ = nullptr;
    parts_->reactor.deregister_descriptor(fd_, parts_->data, true);
    ::close(fd_);
    parts_->reactor.cleanup_descriptor_data(parts_->data);
    maybe_delete();
}

void Readiness::maybe_delete() {
    // The reactor still holds operations that it has aborted and will complete.
    if (!read_armed_ && !write_armed_) delete this;
}

}  // namespace pgsidecar::proxy
