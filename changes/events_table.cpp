#include "changes/events_table.hpp"

#include <charconv>
#include <optional>

namespace pgsidecar::changes {
namespace {

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\\') return "''";
        out += c == '\'' ? "''" : std::string(1, c);
    }
    return out + "'";
}

std::string schema_of(std::string_view table) {
    std::size_t dot = table.find('.');
    return dot == std::string_view::npos ? std::string() : quoted(table.substr(0, dot));
}

std::string function_name(std::string_view events_table) {
    std::string schema = schema_of(events_table);
    return (schema.empty() ? "" : schema + ".") + "publish_row";
}

std::string text_of(const db::Value& value) { return value.value_or(""); }

std::string verb_of(const std::string& action) {
    if (action == "created") return "INSERT";
    if (action == "updated") return "UPDATE";
    if (action == "deleted") return "DELETE";
    if (action == "truncated") return "TRUNCATE";
    return {};
}

}  // namespace

bool number_before(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::string quoted_table(std::string_view table) {
    std::size_t dot = table.find('.');
    if (dot == std::string_view::npos) return table.empty() ? std::string() : quoted(table);
    std::string_view schema = table.substr(0, dot), name = table.substr(dot + 1);
    if (schema.empty() || name.empty() || name.find('.') != std::string_view::npos) return {};
    return quoted(schema) + "." + quoted(name);
}

std::string events_table_sql(std::string_view table, std::string_view notify_channel) {
    std::string name = quoted_table(table), schema = schema_of(table);
    if (name.empty()) return {};
    std::string out;
    if (!schema.empty()) out += "CREATE SCHEMA IF NOT EXISTS " + schema + ";\n\n";
    out +=
        "CREATE TABLE IF NOT EXISTS " + name +
        " (\n"
        "    id          bigint GENERATED ALWAYS AS IDENTITY,\n"
        "    txid        xid8 NOT NULL DEFAULT pg_current_xact_id(),\n"
        "    at          timestamptz NOT NULL DEFAULT clock_timestamp(),\n"
        "    channel     text,           -- tasks, messages:7, room:lobby; null: a row change "
        "only\n"
        "    action      text NOT NULL,  -- created, updated, deleted; in a room the event's name\n"
        "    element     jsonb,          -- {\"type\": ..., \"id\": ..., ...}; in a room the data\n"
        "    schema_name text,\n"
        "    table_name  text,\n"
        "    new_row     jsonb,\n"
        "    old_row     jsonb,\n"
        "    PRIMARY KEY (txid, id)\n"
        ");\n\n";
    out +=
        "-- Arguments: channel (or ''), type of the element, 'notify' to wake the sidecar at "
        "once.\n"
        "CREATE OR REPLACE FUNCTION " +
        function_name(table) +
        "() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n"
        "SET search_path = pg_catalog, pg_temp AS $$\n"
        "DECLARE\n"
        "    n jsonb := CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN to_jsonb(NEW) END;\n"
        "    o jsonb := CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END;\n"
        "    r jsonb := coalesce(n, o);\n"
        "    kind text := coalesce(TG_ARGV[1], TG_TABLE_NAME);\n"
        "BEGIN\n"
        "    INSERT INTO " +
        name +
        " (channel, action, element, schema_name, table_name, new_row, old_row)\n"
        "    VALUES (nullif(TG_ARGV[0], ''),\n"
        "            CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated'\n"
        "                       WHEN 'DELETE' THEN 'deleted' ELSE 'truncated' END,\n"
        "            CASE WHEN nullif(TG_ARGV[0], '') IS NOT NULL THEN\n"
        "                coalesce(n, '{}') || jsonb_build_object('type', kind, 'id', r ->> 'id')\n"
        "            END,\n"
        "            TG_TABLE_SCHEMA, TG_TABLE_NAME, n, o);\n"
        "    IF TG_ARGV[2] = 'notify' THEN\n"
        "        PERFORM pg_notify(" +
        literal(notify_channel) +
        ", '');\n"
        "    END IF;\n"
        "    RETURN NULL;\n"
        "END $$;\n";
    return out;
}

std::string publish_trigger_sql(std::string_view events_table, std::string_view table,
                                std::string_view channel, std::string_view type) {
    std::string name = quoted_table(table);
    if (name.empty() || quoted_table(events_table).empty()) return {};
    return "DROP TRIGGER IF EXISTS pgsidecar_publish ON " + name +
           ";\nCREATE TRIGGER pgsidecar_publish AFTER INSERT OR UPDATE OR DELETE ON " + name +
           "\n    FOR EACH ROW EXECUTE FUNCTION " + function_name(events_table) + "(" +
           literal(channel) + ", " + literal(type) + ", 'notify');\n";
}

std::string page_sql(const std::string& quoted) {
    // The table's own columns, by an alias: ORDER BY id alone would mean the text.
    return "SELECT e.txid::text, e.id::text, (extract(epoch FROM at) * 1000000)::bigint, channel, "
           "action, element::text, schema_name, table_name, new_row::text, old_row::text FROM " +
           quoted +
           " e WHERE (e.txid, e.id) > ($1::xid8, $2::bigint)"
           " AND e.txid < pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())"
           " ORDER BY e.txid, e.id LIMIT " +
           std::to_string(kEventPage);
}

std::string cleaning_sql(const std::string& quoted) {
    return "DELETE FROM " + quoted + " WHERE (txid, id) IN (SELECT txid, id FROM " + quoted +
           " WHERE at < pg_catalog.now() - $1::bigint * interval '1 millisecond'"
           " ORDER BY txid, id LIMIT 10000)";
}

std::string_view horizon_sql() {
    return "SELECT (pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::numeric"
           " - 1)::text";
}

std::string_view guarded_sql() {
    return "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE c.relrowsecurity LIMIT 100000";
}

std::vector<model::FeedEvent> read_page(const db::Rows& rows, EventPosition& position) {
    std::vector<model::FeedEvent> out;
    for (const auto& row : rows.rows) {
        if (row.size() != 10 || !row[0] || !row[1] || !row[2] || !row[4]) continue;
        position = {*row[0], *row[1]};
        model::FeedEvent event;
        std::from_chars(row[0]->data(), row[0]->data() + row[0]->size(), event.transaction);
        std::from_chars(row[2]->data(), row[2]->data() + row[2]->size(), event.at_us);
        event.channel = text_of(row[3]);
        event.action = *row[4];
        event.element = text_of(row[5]);
        event.schema = text_of(row[6]);
        event.table = text_of(row[7]);
        event.new_row = text_of(row[8]);
        event.old_row = text_of(row[9]);
        event.verb = event.table.empty() ? std::string() : verb_of(event.action);
        event.origin = model::ChangeOrigin::Poll;
        out.push_back(std::move(event));
    }
    return out;
}

}  // namespace pgsidecar::changes
