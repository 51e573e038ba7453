#include "ws/desk_routes.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"
#include "realtime/order_body.hpp"
#include "ws/desk_json.hpp"
#include "ws/query_numbers.hpp"

namespace pgsidecar::ws {
namespace {

constexpr std::size_t kUsualTop = 50, kUsualSessions = 200, kUsualQueue = 100;
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

HttpResponse bad_request(std::string_view message) {
    return error_response(400, "BAD_REQUEST", message);
}

HttpResponse response_of(const DeskFault& fault) {
    using Kind = DeskFault::Kind;
    switch (fault.kind) {
        case Kind::NotFound: return error_response(404, "NOT_FOUND", fault.message);
        case Kind::Conflict: return error_response(409, "CONFLICT", fault.message);
        case Kind::BadConfiguration: return error_response(422, "BAD_CONFIGURATION", fault.message);
        case Kind::Timeout: return error_response(503, "TIMEOUT", fault.message);
        case Kind::Unavailable: break;
    }
    return error_response(503, "UNAVAILABLE", fault.message);
}

std::int64_t now_us() { return base::read_clocks().wall_us; }

/// What to hand to the desk: json gives the body of a good answer.
template <class T, class Json>
DeskDone<T> answer_with(const Respond& respond, Json json) {
    return [respond, json = std::move(json)](const DeskAnswer<T>& answer) {
        if (const auto* fault = std::get_if<DeskFault>(&answer))
            return respond(response_of(*fault));
        respond(json_response(200, json(std::get<T>(answer))));
    };
}

bool is_session_state(std::string_view word) {
    return word == "login" || word == "idle" || word == "active" || word == "waiting" ||
           word == "console";
}

/// Who waits, longest first; then who has a server connection, then the others, oldest first.
std::vector<SessionRow> chosen(std::vector<SessionRow> all, std::size_t limit) {
    auto rank = [](const SessionRow& row) {
        const bool waits = row.waiting_since_us.has_value() || row.state == "waiting";
        const int group = waits ? 0 : row.server_pid || !row.pin_reasons.empty() ? 1 : 2;
        return std::tuple(group, row.waiting_since_us.value_or(row.connected_at_us), row.id);
    };
    const std::size_t shown = std::min(limit, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), all.end(),
                      [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    all.resize(shown);
    return all;
}

}  // namespace

void DeskRoutes::history(const Call& call, const Respond& respond) const {
    std::int64_t after_ms = 0;
    if (auto wrong = read_number(call.target, "since", 0, kHighest, after_ms))
        return respond(bad_request(*wrong));
    respond(json_response(200, history_json(desk_.history(after_ms), now_us())));
}

void DeskRoutes::top(const Call& call, const Respond& respond) const {
    auto order = metrics::top_order_of(call.target.value("order").value_or("total"));
    if (!order) {
        return respond(bad_request("order must be total, calls, mean, max, p99, errors or rows."));
    }
    std::size_t limit = 0;
    if (auto wrong = read_limit(call.target, kUsualTop, max_rows_, limit))
        return respond(bad_request(*wrong));
    respond(json_response(200, top_json(desk_.top(*order, limit), *order, now_us())));
}

void DeskRoutes::sessions(const Call& call, const Respond& respond) const {
    std::size_t limit = 0;
    if (auto wrong = read_limit(call.target, kUsualSessions, max_rows_, limit))
        return respond(bad_request(*wrong));
    const std::string state = call.target.value("state").value_or("");
    if (!state.empty() && !is_session_state(state))
        return respond(bad_request("state must be login, idle, active, waiting or console."));
    const bool may = call.who.may("admin:sessions");
    using Rows = std::vector<SessionRow>;
    auto json = [limit, state, may](Rows rows) {
        if (!state.empty())
            std::erase_if(rows, [&](const SessionRow& row) { return row.state != state; });
        const std::size_t total = rows.size();
        return sessions_json(chosen(std::move(rows), limit), total, may, now_us());
    };
    desk_.sessions(answer_with<Rows>(respond, json));
}

void DeskRoutes::kill(const Call& call, const Respond& respond) const {
    auto read = realtime::read_order(call.request.body, "id", false);
    if (const auto* fault = std::get_if<realtime::RequestError>(&read))
        return respond(bad_request(fault->message));
    const auto id = static_cast<std::int64_t>(*std::get<realtime::OrderSubject>(read).number);
    desk_.kill(id, answer_with<std::monostate>(respond, [id](std::monostate) {
                   model::JsonObject out;
                   out.add("ok", true).add("id", id);
                   return out.finish();
               }));
}

void DeskRoutes::pools(const Call&, const Respond& respond) const {
    desk_.pools(answer_with<PoolsPage>(respond, [most = max_rows_](const PoolsPage& page) {
        return pools_json(page, most, now_us());
    }));
}

void DeskRoutes::queue(const Call& call, const Respond& respond) const {
    QueueQuery query;
    const auto state = call.target.value("state");
    if (state && *state != "waiting" && *state != "dead")
        return respond(bad_request("state must be waiting or dead."));
    if (state) {
        query.waiting = *state == "waiting";
        query.dead = *state == "dead";
    }
    std::int64_t after = 0;
    if (auto wrong = read_number(call.target, "after", 0, kHighest, after))
        return respond(bad_request(*wrong));
    if (after > 0 && !state)
        return respond(bad_request("after needs state: the two lists have pages of their own."));
    query.after = static_cast<std::uint64_t>(after);
    if (auto wrong = read_limit(call.target, kUsualQueue, max_rows_, query.limit))
        return respond(bad_request(*wrong));
    const bool may = call.who.may("admin:queue");
    desk_.queue(query, answer_with<QueuePage>(respond, [may](const QueuePage& page) {
                    return queue_json(page, may, now_us());
                }));
}

void DeskRoutes::order(const Call& call, DeadOrder::Verb verb, const Respond& respond) const {
    auto read = realtime::read_order(call.request.body, "sequence", true);
    if (const auto* fault = std::get_if<realtime::RequestError>(&read))
        return respond(bad_request(fault->message));
    DeadOrder order;
    order.verb = verb;
    order.sequence = std::get<realtime::OrderSubject>(read).number.value_or(0);
    order.limit = max_rows_;
    desk_.order(order, answer_with<DeadReport>(respond, dead_report_json));
}

void DeskRoutes::retry(const Call& call, const Respond& respond) const {
    order(call, DeadOrder::Verb::Retry, respond);
}

void DeskRoutes::discard(const Call& call, const Respond& respond) const {
    order(call, DeadOrder::Verb::Discard, respond);
}

void DeskRoutes::configuration(const Call& call, const Respond& respond) const {
    const bool may = call.who.may("admin:reload");
    ChangeSourceState source{std::string(model::to_string(hub_.source().origin)),
                             hub_.source().live};
    desk_.configuration(answer_with<ConfigPage>(respond, [may, source](const ConfigPage& page) {
        return config_json(page, source, may, now_us());
    }));
}

void DeskRoutes::reload(const Call&, const Respond& respond) const {
    desk_.reload(answer_with<ReloadPage>(respond, reload_json));
}

}  // namespace pgsidecar::ws
