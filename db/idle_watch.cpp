#include "db/idle_watch.hpp"

#include <asio/posix/stream_descriptor.hpp>
#include <system_error>
#include <utility>

namespace pgsidecar::db {

/// Outlives the IdleWatch until its wait has come back.
struct IdleWatch::Watch {
    Watch(const asio::any_io_executor& executor, IdleWatch* o) : descriptor(executor), owner(o) {}

    asio::posix::stream_descriptor descriptor;
    IdleWatch* owner;  ///< null: ended
};

IdleWatch::IdleWatch(asio::any_io_executor executor, std::function<void()> on_readable)
    : executor_(std::move(executor)), on_readable_(std::move(on_readable)) {}

IdleWatch::~IdleWatch() { end(); }

void IdleWatch::begin(int socket) {
    end();
    auto watch = std::make_shared<Watch>(executor_, this);
    std::error_code error;
    watch->descriptor.assign(socket, error);
    if (error) return;
    watch_ = watch;
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [watch](std::error_code failed) {
                                     IdleWatch* owner = watch->owner;
                                     if (owner == nullptr) return;
                                     owner->end();
                                     if (!failed) owner->on_readable_();
                                 });
}

void IdleWatch::end() {
    if (!watch_) return;
    watch_->owner = nullptr;
    watch_->descriptor.release();
    watch_.reset();
}

}  // namespace pgsidecar::db
