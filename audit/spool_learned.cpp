#include "audit/spool_learned.hpp"

#include <charconv>
#include <string>
#include <utility>

#include "audit/spool_checksum.hpp"
#include "audit/spool_query.hpp"
#include "audit/spool_text.hpp"

namespace pgsidecar::audit {
namespace {

std::uint64_t checksum_of(std::string_view a, std::string_view b, std::string_view c) {
    return SpoolChecksum().add(a).add(b).add(c).value();
}

/// One line a table: schema, name, then column and type in turn.
std::string tables_text(const model::LearnedSchema& schema) {
    SpoolLines lines;
    for (const auto& table : schema.tables) {
        std::vector<std::string> line{table.schema, table.name};
        for (const auto& [column, type] : table.columns) {
            line.push_back(column);
            line.push_back(std::to_string(type));
        }
        lines.push_back(std::move(line));
    }
    return to_spool_text(lines);
}

bool read_table(std::vector<std::string>& line, model::LearnedTable& out) {
    if (line.size() < 2 || line.size() % 2 != 0) return false;
    out.schema = std::move(line[0]);
    out.name = std::move(line[1]);
    for (std::size_t at = 2; at < line.size(); at += 2) {
        const auto& text = line[at + 1];
        std::uint32_t type = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), type);
        if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return false;
        out.columns.emplace_back(std::move(line[at]), type);
    }
    return true;
}

}  // namespace

bool store_learned(SpoolConnection& connection, const model::LearnedServer& server) {
    SpoolLines lines;
    for (const auto& [name, value] : server.parameters) lines.push_back({name, value});
    const std::string parameters = to_spool_text(lines);
    SpoolQuery query(connection, "REPLACE INTO servers VALUES(?, ?, ?, ?)");
    query.text(server.user).text(server.database).text(parameters);
    return query.bind(checksum_of(server.user, server.database, parameters)).run();
}

bool store_learned(SpoolConnection& connection, const model::LearnedSchema& schema) {
    const std::string tables = tables_text(schema);
    SpoolQuery query(connection, "REPLACE INTO schemas VALUES(?, ?, ?)");
    query.text(schema.database).text(tables);
    return query.bind(checksum_of(schema.database, tables, "")).run();
}

std::vector<model::LearnedServer> learned_servers(SpoolConnection& connection) {
    std::vector<model::LearnedServer> out;
    SpoolQuery rows(connection, "SELECT user, database, parameters, checksum FROM servers");
    while (rows.next()) {
        model::LearnedServer server{std::string(rows.bytes(0)), std::string(rows.bytes(1)), {}};
        auto lines = spool_lines_from(rows.bytes(2));
        if (!lines || rows.number(3) != checksum_of(server.user, server.database, rows.bytes(2)))
            continue;
        for (auto& line : *lines)
            if (line.size() == 2)
                server.parameters.emplace_back(std::move(line[0]), std::move(line[1]));
        out.push_back(std::move(server));
    }
    return out;
}

std::vector<model::LearnedSchemaPtr> learned_schemas(SpoolConnection& connection) {
    std::vector<model::LearnedSchemaPtr> out;
    SpoolQuery rows(connection, "SELECT database, tables, checksum FROM schemas");
    while (rows.next()) {
        auto schema = std::make_shared<model::LearnedSchema>();
        schema->database = rows.bytes(0);
        auto lines = spool_lines_from(rows.bytes(1));
        bool good = lines && rows.number(2) == checksum_of(schema->database, rows.bytes(1), "");
        for (std::size_t i = 0; good && i < lines->size(); ++i)
            good = read_table((*lines)[i], schema->tables.emplace_back());
        if (good) out.push_back(std::move(schema));
    }
    return out;
}

}  // namespace pgsidecar::audit
