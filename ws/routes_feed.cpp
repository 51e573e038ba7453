// The routes of the feed; the table and the gates are in router.cpp.
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"
#include "realtime/admin_message.hpp"
#include "ws/router.hpp"

namespace pgsidecar::ws {

void Router::broadcast(const Call& call, const Respond& respond) const {
    auto fault =
        realtime::send_admin_message(parts_.hub, call.request.body, base::read_clocks().wall_us);
    if (fault) return respond(error_response(400, fault->code, fault->message));
    model::JsonObject out;
    out.add("ok", true).add("clients", parts_.hub.client_count());
    respond(json_response(200, out.finish()));
}

void Router::clients(const Call&, const Respond& respond) const {
    std::string list = "[";
    for (const realtime::ClientInfo& client : parts_.hub.clients()) {
        model::JsonObject one;
        one.add("id", client.id);
        if (!client.subject.empty()) one.add("subject", client.subject);
        if (!client.role.empty()) one.add("role", client.role);
        one.add("subscriptions", client.subscriptions);
        list += (list.size() > 1 ? "," : "") + one.finish();
    }
    model::JsonObject out;
    out.add("count", parts_.hub.client_count()).add_raw("clients", list + "]");
    respond(json_response(200, out.finish()));
}

}  // namespace pgsidecar::ws
