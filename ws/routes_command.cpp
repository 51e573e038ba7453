// The routes that ask the database side to do something; the table and the gates are in router.cpp.
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"
#include "ws/router.hpp"

namespace pgsidecar::ws {

void Router::check_health(const Call&, const Respond& respond) const {
    parts_.gate.check_health([respond](const model::HealthEvent& event) {
        respond(json_response(200, model::to_json(event)));
    });
}

void Router::reconnect(const Call&, const Respond& respond) const {
    auto refused =
        parts_.gate.reconnect(base::read_clocks().mono_ns, [respond](const auto& outcome) {
            model::JsonObject out;
            out.add("connected", outcome.connected).add("message", outcome.message);
            respond(json_response(200, out.finish()));
        });
    if (!refused) return;
    HttpResponse response = error_response(refused->code == "RATE_LIMITED" ? 429 : 409,
                                           refused->code, refused->message);
    if (refused->retry_after_ms) {
        response.headers.emplace_back("Retry-After",
                                      std::to_string((*refused->retry_after_ms + 999) / 1'000));
    }
    respond(std::move(response));
}

}  // namespace pgsidecar::ws
