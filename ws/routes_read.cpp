// The routes that only read; the table and the gates are in router.cpp.
#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "model/json_object.hpp"
#include "realtime/frames.hpp"
#include "ws/assets.hpp"
#include "ws/query_numbers.hpp"
#include "ws/router.hpp"

namespace pgsidecar::ws {
namespace {

using model::JsonObject;

std::string activity_json(const Activity& activity) {
    JsonObject out;
    out.add("statementsTotal", activity.statements_total)
        .add("errorsTotal", activity.errors_total)
        .add("transactionsTotal", activity.transactions_total)
        .add("operationsLostTotal", activity.operations_lost_total)
        .add("statementMsTotal", activity.statement_seconds_total * 1'000)
        .add("clients", activity.clients)
        .add("clientsWaiting", activity.clients_waiting)
        .add("maxClients", activity.max_clients)
        .add("servers", activity.servers)
        .add("serversActive", activity.servers_active)
        .add("poolSize", activity.pool_size)
        .add("poolMode", activity.pool_mode);
    return out.finish();
}

std::string probe_text(const ProbeReport& report) {
    std::string out = report.ok ? "ok\n" : "not ok\n";
    for (const std::string& reason : report.reasons) out += "- " + reason + "\n";
    return out;
}

std::string probe_json(const ProbeReport& report) {
    JsonObject out;
    out.add("ok", report.ok).add_raw("reasons", realtime::json_strings(report.reasons));
    return out.finish();
}

bool is_operation_type(std::string_view type) {
    return type == "query" || type == "insert" || type == "update" || type == "delete" ||
           type == "transaction";
}

/// The sentence of what is wrong, or nothing.
std::optional<std::string> read_filter(const Target& target, std::size_t most,
                                       realtime::OperationFilter& out) {
    if (auto wrong = read_limit(target, out.limit, most, out.limit)) return wrong;
    out.type = target.value("type");
    if (out.type && !is_operation_type(*out.type)) {
        return "type must be query, insert, update, delete or transaction.";
    }
    out.table = target.value("table");
    if (auto success = target.value("success")) {
        if (*success != "true" && *success != "false") return "success must be true or false.";
        out.success = *success == "true";
    }
    return std::nullopt;
}

}  // namespace

void Router::asset(const Call& call, const Respond& respond) const {
    const Asset* asset = find_asset(call.target.path);
    HttpResponse response;
    const bool gzip = accepts_gzip(call.request.accept_encoding);
    response.headers = {{"ETag", gzip ? asset->gzip_etag : asset->etag},
                        {"Cache-Control", "no-cache"},
                        {"Vary", "Accept-Encoding"}};
    if (etag_matches(call.request.if_none_match, response.headers[0].second)) {
        response.status = 304;
    } else {
        response.content_type = asset->content_type;
        response.body = gzip ? asset->gzip : asset->content;
        if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
    }
    respond(std::move(response));
}

void Router::probe(const Call& call, const Respond& respond) const {
    ProbeReport report = call.target.path == "/livez"    ? parts_.backend.liveness()
                         : call.target.path == "/readyz" ? parts_.backend.readiness()
                                                         : parts_.backend.startup();
    int status = report.ok ? 200 : 503;
    bool json = call.request.accept.find("application/json") != std::string::npos;
    respond(json ? json_response(status, probe_json(report))
                 : text_response(status, probe_text(report)));
}

void Router::metrics(const Call&, const Respond& respond) const {
    HttpResponse response = text_response(200, parts_.backend.metrics_text());
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    respond(std::move(response));
}

void Router::info(const Call&, const Respond& respond) const {
    const realtime::SessionReady& ready = parts_.session->ready;
    JsonObject out;
    out.add("version", 1)
        .add_raw("versions", "[1]")
        .add_raw("subprotocols", R"(["pgsidecar.v1"])")
        .add("server", ready.server)
        .add("epoch", parts_.hub.epoch())
        .add("head", parts_.hub.head())
        .add_raw("features", realtime::json_strings(ready.features))
        .add("floor", parts_.hub.ring().floor())
        .add("changeSource", model::to_string(parts_.hub.source().origin))
        .add("changeSourceLive", parts_.hub.source().live)
        .add_raw("channels", realtime::json_strings({parts_.hub.names().events().begin(),
                                                     parts_.hub.names().events().end()}))
        .add_raw("limits", realtime::limits_json(ready))
        .add_raw("timing", realtime::timing_json(ready))
        .add("schema", "/ws/schema.json");
    respond(json_response(200, out.finish()));
}

void Router::status(const Call& call, const Respond& respond) const {
    JsonObject out;
    out.add("server", parts_.session->ready.server)
        .add("startedAt", base::to_iso8601(parts_.started_wall_us))
        .add("now", base::to_iso8601(base::read_clocks().wall_us))
        .add_raw("connection", model::to_json(parts_.backend.connection()))
        .add_raw("status", model::to_json(parts_.hub.status()));
    if (auto health = parts_.backend.last_health()) out.add_raw("health", model::to_json(*health));
    if (parts_.hub.error()) out.add_raw("error", model::to_json(*parts_.hub.error()));
    out.add_raw("activity", activity_json(parts_.backend.activity()))
        .add("sockets", parts_.hub.client_count())
        .add("mayReconnect", call.who.may("db:reconnect"));
    respond(json_response(200, out.finish()));
}

void Router::operations(const Call& call, const Respond& respond) const {
    realtime::OperationFilter filter;
    auto most = static_cast<std::size_t>(std::max(parts_.settings->audit.recent_operations, 1));
    if (auto wrong = read_filter(call.target, most, filter))
        return respond(error_response(400, "BAD_REQUEST", *wrong));
    std::string list = "[";
    for (const model::DatabaseOperation& operation : parts_.backend.recent_operations(filter)) {
        if (list.size() > 1) list += ',';
        list += model::to_json(operation);
    }
    JsonObject out;
    out.add_raw("operations", list + "]");
    respond(json_response(200, out.finish()));
}

void Router::upgrade_needed(const Call&, const Respond& respond) const {
    HttpResponse response =
        error_response(426, "UPGRADE_REQUIRED", "This is a WebSocket; see /ws/info.");
    response.headers.emplace_back("Upgrade", "websocket");
    respond(std::move(response));
}

}  // namespace pgsidecar::ws
