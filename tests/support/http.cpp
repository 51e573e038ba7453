#include "tests/support/http.hpp"

#include <sstream>
#include <vector>

#include "tests/support/socket.hpp"

namespace pgsidecar::test {

namespace {

std::string unchunked(const std::string& body) {
    std::string out;
    std::size_t at = 0;
    while (at < body.size()) {
        std::size_t eol = body.find("\r\n", at);
        if (eol == std::string::npos) break;
        std::size_t n = std::stoul(body.substr(at, eol - at), nullptr, 16);
        if (n == 0) break;
        out += body.substr(eol + 2, n);
        at = eol + 2 + n + 2;
    }
    return out;
}

/// name{a="b",c="d"} -> name and labels. Values with escaped quotes do not occur in our catalogue.
void parse_series(const std::string& text, std::string& name, Metrics::Labels& labels) {
    std::size_t brace = text.find('{');
    name = text.substr(0, brace);
    while (brace != std::string::npos && brace + 1 < text.size() && text[brace + 1] != '}') {
        std::size_t equals = text.find("=\"", brace);
        std::size_t end = text.find('"', equals + 2);
        if (equals == std::string::npos || end == std::string::npos) return;
        labels[text.substr(brace + 1, equals - brace - 1)] =
            text.substr(equals + 2, end - equals - 2);
        brace = text.find(',', end);
    }
}

}  // namespace

HttpAnswer http_get(int port, const std::string& path, Deadline deadline) {
    return http_call(port, {"GET", path}, deadline);
}

HttpAnswer http_call(int port, const HttpCall& call, Deadline deadline) {
    HttpAnswer answer;
    Socket socket = Socket::try_connect_tcp(port, deadline);
    if (!socket) return answer;
    std::string request = call.method + " " + call.path +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: close\r\n";
    if (!call.token.empty()) request += "Authorization: Bearer " + call.token + "\r\n";
    if (!call.origin.empty()) request += "Origin: " + call.origin + "\r\n";
    if (call.method != "GET")
        request += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
    request += "\r\n" + call.body;
    if (!socket.write_all(request, deadline)) return answer;
    std::string all;
    while (socket.read_some(all, 65536, deadline) == ReadOutcome::Data) {
    }
    std::size_t split = all.find("\r\n\r\n");
    if (split == std::string::npos || all.size() < 12) return answer;
    answer.head = all.substr(0, split);
    answer.body = all.substr(split + 4);
    if (answer.head.find("chunked") != std::string::npos) answer.body = unchunked(answer.body);
    answer.status = std::atoi(all.substr(9, 3).c_str());
    return answer;
}

Metrics Metrics::scrape(int http_port) { return Metrics(http_get(http_port, "/metrics").body); }

Metrics::Metrics(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        std::size_t space = line.rfind(' ');
        if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
        Series s;
        parse_series(line.substr(0, space), s.name, s.labels);
        s.value = std::strtod(line.c_str() + space, nullptr);
        series_.push_back(std::move(s));
    }
}

double Metrics::value(const std::string& name, const Labels& labels) const {
    double sum = 0;
    for (const auto& s : series_) {
        bool match = s.name == name;
        for (const auto& [k, v] : labels) {
            auto it = s.labels.find(k);
            match = match && it != s.labels.end() && it->second == v;
        }
        if (match) sum += s.value;
    }
    return sum;
}

bool Metrics::has(const std::string& name) const {
    for (const auto& s : series_) {
        if (s.name == name) return true;
    }
    return false;
}

}  // namespace pgsidecar::test
