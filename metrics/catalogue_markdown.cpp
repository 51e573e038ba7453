#include <array>
#include <string>

#include "metrics/catalogue.hpp"

namespace pgsidecar::metrics {

namespace {

struct LabelInfo {
    std::string_view label;
    std::string_view values;
};

constexpr LabelInfo kLabels[] = {
    {"version, revision", "as in `pgsidecar version`"},
    {"upstream", "`host:port` of the database, or the path of its socket"},
    {"outcome",
     "`success`, `failure`; records of the operation log: `stored`, `refused`, `dropped`, "
     "`damaged`, `applied`; orders over HTTP: `done`, `refused`"},
    {"state",
     "clients: `active`, `waiting`, `idle`; connections to the database: `active`, `idle`, "
     "`login`"},
    {"reason", "why; the words are in `metrics/labels.cpp`"},
    {"op",
     "what the statement does: `select`, `insert`, `update`, `delete`, `merge`, `ddl`, "
     "`transaction`, `copy`, "
     "`set`, `call`, `prepare`, `listen`, `cursor`, `explain`, `other`, `unknown`"},
    {"sqlstate_class",
     "first two characters of the SQLSTATE, `other` for a class that PostgreSQL 15 does not have"},
    {"direction", "rows: `returned`, `affected`; WebSocket: `in`, `out`"},
    {"side", "`client`, `server`"},
    {"level", "`trace`, `debug`, `info`, `warn`, `error`"},
};

void append_row(std::string& out, std::initializer_list<std::string_view> cells) {
    for (std::string_view cell : cells) {
        out += "| ";
        out += cell;
        out += ' ';
    }
    out += "|\n";
}

std::string label_cell(const MetricInfo& metric) {
    std::string out;
    for (std::string_view label : metric.labels) {
        if (label.empty()) continue;
        if (!out.empty()) out += ", ";
        out += "`" + std::string(label) + "`";
    }
    return out;
}

/// "0.00025": as short as the number is, without an exponent.
std::string decimal(std::int64_t ns) {
    std::string digits = std::to_string(ns % 1'000'000'000);
    digits.insert(0, 9 - digits.size(), '0');
    digits.erase(digits.find_last_not_of('0') + 1);
    std::string out = std::to_string(ns / 1'000'000'000);
    return digits.empty() ? out : out + "." + digits;
}

}  // namespace

std::string metrics_markdown() {
    std::string out =
        "# Metrics\n\n"
        "Generated from `metrics/catalogue.cpp`; do not edit. `GET /metrics` answers in "
        "Prometheus' text format 0.0.4.\n\n"
        "No metric carries statement texts, tables, users, client addresses or parameters. "
        "Counters start at 0 with the process.\n\n";
    append_row(out, {"Name", "Type", "Unit", "Labels", "Meaning"});
    append_row(out, {"---", "---", "---", "---", "---"});
    for (const MetricInfo& metric : catalogue()) {
        append_row(out, {"`" + std::string(metric.name) + "`", to_string(metric.type), metric.unit,
                         label_cell(metric), metric.help});
    }
    out += "\n## Labels\n\n";
    append_row(out, {"Label", "Values"});
    append_row(out, {"---", "---"});
    for (const LabelInfo& label : kLabels) append_row(out, {label.label, label.values});
    out += "\n## Buckets\n\nBoth histograms have these upper bounds, in seconds:";
    for (const Bound& bound : duration_bounds()) out += " " + decimal(bound.ns);
    out +=
        ".\nDurations are kept in steps of a quarter of a power of two and shared out to the "
        "bounds at scrape; "
        "`_sum` and `_count` are exact.\n";
    return out;
}

}  // namespace pgsidecar::metrics
