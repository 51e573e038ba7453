#pragma once

#include <string>
#include <utility>

#include "base/bytes.hpp"

namespace pgsidecar::proxy {

/// What a client has sent since nothing was outstanding, kept as long as sending it once more would
/// be as good as sending it once: only reads, outside a transaction, and nothing of the answer
/// given to the client yet (issue of cut-off reads, R23-R24).
///
/// One per server connection, so that idle clients hold no buffer. Thread: the worker's.
class Resend {
public:
    static constexpr std::size_t kMaxBytes = 16'384;

    /// Nothing is outstanding: what comes next begins anew.
    void begin(bool outside_transaction) {
        bytes_.clear();
        withheld_.clear();
        possible_ = outside_transaction;
    }
    void add(base::Bytes wire, bool harmless) {
        if (!possible_) return;
        possible_ = harmless && bytes_.size() + wire.size() <= kMaxBytes;
        if (possible_) bytes_.append(base::as_text(wire));
    }
    /// The client is about to see something of the answer.
    void answered() { possible_ = false; }
    /// What comes before the first row (ParseComplete, RowDescription, ...) is kept back until more
    /// follows: a server that goes down sends it together with its last words.
    void withhold(base::Bytes wire) { withheld_.append(base::as_text(wire)); }
    bool withholds() const { return !withheld_.empty(); }
    std::string take_withheld() { return std::exchange(withheld_, {}); }

    bool possible() const { return possible_ && !bytes_.empty(); }
    std::string take() {
        possible_ = false;
        withheld_.clear();
        return std::move(bytes_);
    }

private:
    std::string bytes_, withheld_;
    bool possible_ = false;
};

}  // namespace pgsidecar::proxy
