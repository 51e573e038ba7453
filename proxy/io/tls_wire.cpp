#include "proxy/io/tls_wire.hpp"

#include <openssl/bio.h>
#include <algorithm>
#include <cstring>

#include "proxy/io/tls_stream.hpp"

namespace pgsidecar::proxy {

namespace {

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

}  // namespace

int TlsWire::read(BIO* bio, char* out, int length) {
    BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    base::Bytes& input = stream_of(bio).input_;
    if (input.empty()) {
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    std::size_t count = std::min(input.size(), static_cast<std::size_t>(length));
    std::memcpy(out, input.data(), count);
    input = input.subspan(count);
    return static_cast<int>(count);
}

int TlsWire::write(BIO* bio, const char* data, int length) {
    BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    stream_of(bio).wire_.append(data, static_cast<std::size_t>(length));
    return length;
}

BIO* TlsWire::make(TlsStream& stream) {
    static BIO_METHOD* const kMethod = [] {
        BIO_METHOD* method =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pgsidecar wire");
        if (method == nullptr) return method;
        BIO_meth_set_read(method, &TlsWire::read);
        BIO_meth_set_write(method, &TlsWire::write);
        BIO_meth_set_ctrl(method, control);
        return method;
    }();
    BIO* bio = kMethod != nullptr ? BIO_new(kMethod) : nullptr;
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace pgsidecar::proxy
