#include "ws/frame_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/system_error.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace pgsidecar::ws {
namespace {

constexpr unsigned char kFinalClose = 0x88;

}  // namespace

void FrameStream::watch(std::weak_ptr<void> owner, std::function<void(error_code)> writable) {
    owner_ = std::move(owner);
    writable_ = std::move(writable);
}

void FrameStream::limit_unsent(int bytes) {
    if (bytes == 0) return;
    // An old kernel refuses and goes on as it always did.
    (void)::setsockopt(stream_.socket().native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes,
                       sizeof bytes);
}

void FrameStream::add(realtime::Frame text) {
    if (!closed_) batch_.add_text(std::move(text));
}

void FrameStream::write_whole(std::string bytes, std::unique_ptr<Waiting> waiting) {
    waiting->size = bytes.size();
    if (fault_ || bytes.empty()) return waiting->complete(fault_);
    // The upgrade's answer begins with a letter, never with these bits.
    closed_ = closed_ || static_cast<unsigned char>(bytes.front()) == kFinalClose;
    waiting_write_ = std::move(waiting);
    batch_.add_whole(std::move(bytes));
    send();
}

FrameStream::error_code FrameStream::send() {
    while (!waits_ && !batch_.empty()) {
        FrameBatch::Gathered gathered;
        batch_.gather(gathered);
        msghdr message{};
        message.msg_iov = gathered.parts.data();
        message.msg_iovlen = gathered.count;
        ssize_t sent =
            ::sendmsg(stream_.socket().native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        bool busy = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (sent < 0 && !busy) {
            return fail(error_code(errno, boost::system::system_category()));
        }
        if (!busy) note(batch_.consume(static_cast<std::size_t>(sent)));
        if (busy || static_cast<std::size_t>(sent) < gathered.bytes) wait();
    }
    return fault_;
}

void FrameStream::note(FrameBatch::Sent sent) {
    texts_sent_ += sent.texts;
    if (sent.whole_frames != 0) std::exchange(waiting_write_, nullptr)->complete({});
}

void FrameStream::wait() {
    waits_ = true;
    stream_.socket().async_wait(boost::asio::socket_base::wait_write,
                                [this, owner = owner_.lock()](error_code fault) {
                                    waits_ = false;
                                    fault = fault ? fail(fault) : send();
                                    if (!waits_) writable_(fault);
                                });
}

FrameStream::error_code FrameStream::fail(error_code fault) {
    fault_ = fault;
    batch_.clear();
    if (waiting_write_) std::exchange(waiting_write_, nullptr)->complete(fault);
    return fault;
}

}  // namespace pgsidecar::ws
