#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pgsidecar::realtime {

/// Why the server closes a socket (contract 5.11).
enum class CloseCode : std::uint16_t {
    GoingAway = 1001,
    TooBig = 1009,
    Malformed = 4400,
    Unauthorized = 4401,
    Forbidden = 4403,
    Silent = 4408,
    TooManyRequests = 4429,
    SlowConsumer = 4508,
};

/// What `bye` says and the close frame repeats.
struct Close {
    CloseCode code = CloseCode::GoingAway;
    std::string reason;
    bool reconnect = false;
    std::optional<std::int64_t> retry_after_ms;
};

/// With the contract's advice on reconnecting for this code. reason: at most 120 bytes.
Close make_close(CloseCode code, std::string reason);

}  // namespace pgsidecar::realtime
