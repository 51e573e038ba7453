#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/deadline.hpp"

namespace pgsidecar::test {

struct HttpAnswer {
    int status = 0;  ///< 0: no answer
    std::string head, body;
};

struct HttpCall {
    std::string method, path;
    std::string body = {}, token = {}, origin = {};  ///< empty: without
};

/// With Connection: close. Never throws: no answer is status 0.
HttpAnswer http_call(int port, const HttpCall& call, Deadline deadline = 5s);
/// GET http://127.0.0.1:port/path with Connection: close. Never throws: no answer is status 0.
HttpAnswer http_get(int port, const std::string& path, Deadline deadline = 5s);

/// One scrape of /metrics.
class Metrics {
public:
    using Labels = std::map<std::string, std::string>;

    static Metrics scrape(int http_port);
    /// `text` as Prometheus' text format has it.
    explicit Metrics(const std::string& text);

    /// The sum of all series of that name that carry these labels; 0 when there is none.
    double value(const std::string& name, const Labels& labels = {}) const;
    bool has(const std::string& name) const;
    bool empty() const { return series_.empty(); }

private:
    struct Series {
        std::string name;
        Labels labels;
        double value = 0;
    };
    std::vector<Series> series_;
};

}  // namespace pgsidecar::test
