#pragma once

#include <cstdint>

namespace pgsidecar::realtime {

/// When a quiet client gets a WebSocket PING and when it counts as gone (contract 5.7). Thread: its
/// owner's.
class KeepAlive {
public:
    enum class Due : std::uint8_t { Nothing, Ping, Gone };

    /// silent_ms: without any frame from the client; ping_ms: quiet before a PING, again after
    /// each.
    KeepAlive(std::int64_t ping_ms, std::int64_t silent_ms, std::int64_t mono_ns)
        : ping_ns_(ping_ms * 1'000'000),
          silent_ns_(silent_ms * 1'000'000),
          heard_ns_(mono_ns),
          pinged_ns_(mono_ns) {}

    /// Any frame came, also PING and PONG.
    void heard(std::int64_t mono_ns) { heard_ns_ = mono_ns; }

    Due check(std::int64_t mono_ns) {
        if (mono_ns - heard_ns_ >= silent_ns_) return Due::Gone;
        if (mono_ns - heard_ns_ < ping_ns_ || mono_ns - pinged_ns_ < ping_ns_) return Due::Nothing;
        pinged_ns_ = mono_ns;
        return Due::Ping;
    }

private:
    std::int64_t ping_ns_, silent_ns_, heard_ns_, pinged_ns_;
};

}  // namespace pgsidecar::realtime
