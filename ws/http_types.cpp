#include "ws/http_types.hpp"

#include "model/json_object.hpp"

namespace pgsidecar::ws {

HttpResponse json_response(int status, std::string body) {
    return {status,
            "application/json; charset=utf-8",
            std::move(body),
            {{"Cache-Control", "no-store"}}};
}

HttpResponse text_response(int status, std::string body) {
    return {status, "text/plain; charset=utf-8", std::move(body), {{"Cache-Control", "no-store"}}};
}

HttpResponse error_response(int status, std::string_view code, std::string_view message) {
    model::JsonObject error;
    error.add("code", code).add("message", message);
    model::JsonObject out;
    out.add_raw("error", error.finish());
    return json_response(status, out.finish());
}

}  // namespace pgsidecar::ws
