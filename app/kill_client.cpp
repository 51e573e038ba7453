#include "app/kill_client.hpp"

#include <atomic>
#include <memory>
#include <utility>

#include "proxy/core/plane.hpp"

namespace pgsidecar::app {

void kill_client(proxy::DataPlane& plane, std::int64_t client, std::function<void(bool)> done) {
    auto found = std::make_shared<std::atomic<bool>>(false);
    plane.on_all(
        [client, found](proxy::Plane& one, const base::Now& now) {
            if (one.kill(client, now)) *found = true;
        },
        [found, done = std::move(done)] { done(*found); });
}

}  // namespace pgsidecar::app
