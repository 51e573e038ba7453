#pragma once

struct bio_st;

namespace pgsidecar::proxy {

class TlsStream;

/// A TlsStream's bytes as OpenSSL reads and writes them.
struct TlsWire {
    /// Null when memory is short. Dies with the SSL object it is given to, before the stream.
    static bio_st* make(TlsStream& stream);

private:
    static int read(bio_st* bio, char* out, int length);
    static int write(bio_st* bio, const char* data, int length);
};

}  // namespace pgsidecar::proxy
