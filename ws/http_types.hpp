#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsidecar::ws {

enum class Method : std::uint8_t { Get, Head, Post, Other };

/// Which listener a request came in on.
enum class Edge : std::uint8_t {
    Admin,   ///< everything; loopback or behind a token
    Probes,  ///< probes and metrics alone: nothing secret, nothing that changes anything
};

/// What the routes need of an HTTP request.
struct HttpRequest {
    Edge edge = Edge::Admin;
    Method method = Method::Get;
    std::string target, host, origin, authorization, accept, accept_encoding, if_none_match;
    std::string subprotocols;
    std::string local_address;  ///< that the connection came in on
    std::string body;
};

struct HttpResponse {
    int status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> headers;
};

using Respond = std::function<void(HttpResponse)>;

HttpResponse json_response(int status, std::string body);
HttpResponse text_response(int status, std::string body);
/// {"error":{"code":...,"message":...}}
HttpResponse error_response(int status, std::string_view code, std::string_view message);

}  // namespace pgsidecar::ws
