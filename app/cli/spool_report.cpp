#include "app/cli/spool_report.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "model/json_object.hpp"
#include "model/outage_policy.hpp"

namespace pgsidecar::app {
namespace {

using model::JsonObject;
using model::SpoolStatement;

std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

struct Parameter {
    std::uint32_t type = 0;
    bool binary = false;
    std::optional<std::string_view> value;  ///< nothing: null
};

/// Bind's body (manual, "Message Formats"): format codes, then the values. Nothing when it is not
/// one.
std::optional<std::vector<Parameter>> parameters_of(const SpoolStatement& statement) {
    std::vector<Parameter> out;
    if (statement.parameters.empty()) return out;
    base::ByteReader reader(base::as_bytes(statement.parameters));
    std::vector<std::int16_t> formats;
    const auto format_count = reader.i16().value_or(-1);
    for (int i = 0; i < format_count && reader.ok(); ++i)
        formats.push_back(reader.i16().value_or(0));
    const auto count = reader.i16().value_or(-1);
    if (format_count < 0 || count < 0) return std::nullopt;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count) && reader.ok(); ++i) {
        Parameter parameter;
        if (i < statement.types.size()) parameter.type = statement.types[i];
        if (formats.size() == 1) parameter.binary = formats[0] != 0;
        if (formats.size() > 1 && i < formats.size()) parameter.binary = formats[i] != 0;
        const std::int32_t length = reader.i32().value_or(-1);
        if (length >= 0) {
            const auto bytes = reader.bytes(static_cast<std::size_t>(length));
            if (!bytes) return std::nullopt;
            parameter.value = base::as_text(*bytes);
        }
        out.push_back(parameter);
    }
    if (!reader.ok() || !reader.at_end()) return std::nullopt;
    return out;
}

/// name: text, or nameHex: hex when JSON could not hold it without changing it.
void add_bytes(JsonObject& to, const std::string& name, std::string_view bytes) {
    if (model::valid_utf8(bytes) == bytes) {
        to.add(name, bytes);
    } else {
        to.add(name + "Hex", hex(bytes));
    }
}

std::string parameter_json(const Parameter& parameter) {
    JsonObject json;
    json.add("type", parameter.type);
    if (!parameter.value) {
        json.add_raw("value", "null");
    } else if (parameter.binary) {
        json.add("hex", hex(*parameter.value));
    } else {
        add_bytes(json, "value", *parameter.value);
    }
    return json.finish();
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
    return "[" + out + "]";
}

std::string statement_json(const SpoolStatement& statement) {
    JsonObject json;
    json.add("table", statement.table).add("rows", statement.rows);
    add_bytes(json, "sql", statement.sql);
    const auto parameters = parameters_of(statement);
    if (!parameters) {
        json.add("parametersHex", hex(statement.parameters));
        return json.finish();
    }
    std::vector<std::string> all;
    for (const auto& parameter : *parameters) all.push_back(parameter_json(parameter));
    json.add_raw("parameters", joined(all));
    return json.finish();
}

std::string tables_of(const audit::StoredEntry& stored) {
    std::string out;
    std::set<std::string_view> seen;
    for (const auto& statement : stored.entry.statements)
        if (seen.insert(statement.table).second) out += (out.empty() ? "" : ",") + statement.table;
    return out;
}

std::int64_t rows_of(const audit::StoredEntry& stored) {
    std::int64_t rows = 0;
    for (const auto& statement : stored.entry.statements) rows += statement.rows;
    return rows;
}

std::string state_of(const SpoolItem& item) {
    std::string state = item.letter != nullptr ? "dead" : "waiting";
    if (item.damaged) state += ", damaged";
    if (item.salvaged) state += ", salvaged";
    return state;
}

/// What cannot be shown on a terminal is shown as the hexadecimal of its byte.
std::string printable(std::string_view text) {
    std::string out;
    for (const char c : model::valid_utf8(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            out += c == '\n' ? "\n      " : "\\x" + hex({&c, 1});
        }
    }
    return out;
}

std::string line_of(std::string_view sequence, std::string_view accepted, std::string_view outage,
                    std::string_view user, std::string_view table, std::string_view rows,
                    std::string_view bytes, std::string_view state) {
    const auto padded = [](std::string_view text, std::size_t width, bool right) {
        const std::string fill(text.size() < width ? width - text.size() : 0, ' ');
        return right ? fill + std::string(text) : std::string(text) + fill;
    };
    return padded(sequence, 10, true) + "  " + padded(accepted, 24, false) + "  " +
           padded(outage, 7, false) + "  " + padded(user, 12, false) + "  " +
           padded(table, 24, false) + "  " + padded(rows, 6, true) + "  " + padded(bytes, 8, true) +
           "  " + std::string(state) + "\n";
}

}  // namespace

std::string spool_json(const SpoolItem& item, bool whole) {
    const auto& stored = *item.stored;
    const auto& context = *stored.entry.context;
    JsonObject json;
    json.add("sequence", stored.sequence)
        .add("state", item.letter != nullptr ? "dead" : "waiting")
        .add("acceptedAt", base::to_iso8601(stored.accepted_us))
        .add("class", model::to_string(stored.entry.outage_class))
        .add("user", context.user)
        .add("database", context.database)
        .add("service", context.service)
        .add("session", context.session_id);
    if (item.letter != nullptr) {
        json.add("sqlstate", item.letter->sqlstate).add("message", item.letter->message);
        json.add("diedAt", base::to_iso8601(item.letter->died_us));
    }
    json.add("damaged", item.damaged);
    if (item.salvaged) json.add("salvaged", true);
    if (!whole) {
        json.add("tables", tables_of(stored)).add("rows", rows_of(stored));
        return json.add("bytes", item.bytes).finish() + "\n";
    }
    JsonObject settings;
    for (const auto& [name, value] : context.settings) add_bytes(settings, name, value);
    json.add_raw("settings", settings.finish());
    std::vector<std::string> statements;
    for (const auto& statement : stored.entry.statements)
        statements.push_back(statement_json(statement));
    return json.add_raw("statements", joined(statements)).finish() + "\n";
}

std::string spool_list_head() {
    return line_of("SEQUENCE", "ACCEPTED", "CLASS", "USER", "TABLE", "ROWS", "BYTES", "STATE");
}

std::string spool_list_line(const SpoolItem& item) {
    const auto& stored = *item.stored;
    std::string state = state_of(item);
    if (item.letter != nullptr)
        state += ": " + (item.letter->sqlstate.empty() ? "" : item.letter->sqlstate + " ") +
                 printable(item.letter->message);
    return line_of(std::to_string(stored.sequence), base::to_iso8601(stored.accepted_us),
                   model::to_string(stored.entry.outage_class),
                   printable(stored.entry.context->user), printable(tables_of(stored)),
                   std::to_string(rows_of(stored)), std::to_string(item.bytes), state);
}

std::string spool_text(const SpoolItem& item) {
    const auto& stored = *item.stored;
    const auto& context = *stored.entry.context;
    std::string out = "sequence  " + std::to_string(stored.sequence) + " (" + state_of(item) +
                      ")\naccepted  " + base::to_iso8601(stored.accepted_us) + "\nclass     " +
                      std::string(model::to_string(stored.entry.outage_class)) + "\nuser      " +
                      printable(context.user) + "\ndatabase  " + printable(context.database) +
                      "\nservice   " + printable(context.service) + "\nsession   " +
                      printable(context.session_id) + "\n";
    for (const auto& [name, value] : context.settings)
        out += "setting   " + printable(name) + " = " + printable(value) + "\n";
    if (item.letter != nullptr)
        out += "died      " + base::to_iso8601(item.letter->died_us) + "\nerror     " +
               (item.letter->sqlstate.empty() ? "" : item.letter->sqlstate + " ") +
               printable(item.letter->message) + "\n";
    for (const auto& statement : stored.entry.statements) {
        out += "statement " + printable(statement.table) + ", rows " +
               std::to_string(statement.rows) + "\n      " + printable(statement.sql) + "\n";
        const auto parameters = parameters_of(statement);
        if (!parameters) {
            out += "      parameters \\x" + hex(statement.parameters) + "\n";
            continue;
        }
        for (std::size_t i = 0; i < parameters->size(); ++i) {
            const auto& parameter = (*parameters)[i];
            out += "      $" + std::to_string(i + 1) + " = ";
            if (!parameter.value) {
                out += "null";
            } else {
                out += parameter.binary ? "\\x" + hex(*parameter.value)
                                        : "'" + printable(*parameter.value) + "'";
            }
            out += "\n";
        }
    }
    return out;
}

std::string spool_health_json(const audit::SpoolView::Health& health) {
    std::vector<std::string> damaged;
    for (const auto sequence : health.damaged) damaged.push_back(std::to_string(sequence));
    JsonObject json;
    json.add("id", health.id)
        .add("usable", health.problem.empty())
        .add("problem", health.problem)
        .add("waiting", health.waiting)
        .add("bytes", health.bytes)
        .add("dead", health.dead)
        .add("records", health.records)
        .add_raw("damaged", joined(damaged))
        .add("damagedRecords", health.damaged_records);
    return json.finish() + "\n";
}

std::string spool_health_text(const audit::SpoolView::Health& health, const std::string& folder) {
    if (!health.problem.empty())
        return health.problem + "\nA sidecar does not start on it. 'pgsidecar spool export --dir " +
               folder +
               "' prints what can still be read; once the folder is moved away, the "
               "sidecar begins a new spool.\n";
    std::string out = "The spool " + health.id + " in " + folder +
                      " is whole: " + std::to_string(health.waiting) + " entries wait (" +
                      std::to_string(health.bytes) + " bytes), " + std::to_string(health.dead) +
                      " dead letters, " + std::to_string(health.records) +
                      " records of the operation log.\n";
    for (const auto sequence : health.damaged)
        out += "Entry " + std::to_string(sequence) +
               " is damaged; the sidecar puts it among the dead letters.\n";
    if (health.damaged_records > 0)
        out += std::to_string(health.damaged_records) +
               " rows of records are damaged; the sidecar drops them.\n";
    return out;
}

}  // namespace pgsidecar::app
