#pragma once

#include <cstdint>
#include <string>

#include "proxy/core/channel.hpp"

namespace pgsidecar::proxy {

class Plane;
class Upstream;

/// One CancelRequest on its way to the server: connects, sends it, and waits until the server hangs
/// up, which it does after it has signalled the backend. Until then the connection it aims at does
/// not change hands.
///
/// Owned by its Plane. Thread: the worker's.
class CancelCall final : public ChannelEvents {
public:
    CancelCall(Plane& plane, Upstream& target, bool abandoned, const base::Now& now);

    void start();
    /// The connection it aims at is going away.
    void forget(const Upstream& upstream) {
        if (target_ == &upstream) target_ = nullptr;
    }
    void tick(const base::Now& now);

    void on_open(const base::Now& now) override;
    void on_tls_ready(const base::Now& now) override { send(now); }
    void on_bytes(base::Bytes bytes, const base::Now& now) override;
    void on_drained(const base::Now&) override {}
    void on_closed(const ChannelClosed& closed, const base::Now& now) override;
    bool at_rest() const override { return false; }

private:
    bool over() const;
    void send(const base::Now& now);
    void give_up(const base::Now& now);
    void settle(const base::Now& now);

    Plane& plane_;
    Upstream* target_;
    Channel* channel_ = nullptr;
    std::string packet_;
    std::int64_t started_ns_;
    bool abandoned_;
    bool encrypted_;  ///< like the connection it aims at
    bool asked_tls_ = false;
    bool sent_ = false;
};

}  // namespace pgsidecar::proxy
