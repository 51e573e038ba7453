#pragma once

#include "realtime/identity.hpp"
#include "ws/http_types.hpp"
#include "ws/text.hpp"

namespace pgsidecar::ws {

/// A request that has passed the gates; valid until the route returns.
struct Call {
    const HttpRequest& request;
    const Target& target;
    const realtime::Identity& who;  ///< without scopes on routes that ask for no token
};

}  // namespace pgsidecar::ws
