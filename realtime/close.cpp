#include "realtime/close.hpp"

#include <utility>

namespace pgsidecar::realtime {

Close make_close(CloseCode code, std::string reason) {
    Close close{code, std::move(reason), false, std::nullopt};
    switch (code) {
        case CloseCode::TooBig:
        case CloseCode::Forbidden:
        case CloseCode::Unauthorized:
        case CloseCode::Malformed: break;
        case CloseCode::Silent: close.reconnect = true; break;
        case CloseCode::TooManyRequests:
            close.reconnect = true;
            close.retry_after_ms = 10'000;
            break;
        case CloseCode::GoingAway:
        case CloseCode::SlowConsumer:
            close.reconnect = true;
            close.retry_after_ms = 1'000;
            break;
    }
    return close;
}

}  // namespace pgsidecar::realtime
