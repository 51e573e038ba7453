#include "db/migration_table.hpp"

#include <algorithm>
#include <set>

namespace pgsidecar::db {
namespace {

constexpr const char* kCreate =
    " (version integer PRIMARY KEY CHECK (version > 0),"
    " name text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";

constexpr const char* kExtend =
    " ADD COLUMN IF NOT EXISTS checksum text,"
    " ADD COLUMN IF NOT EXISTS duration_ms bigint,"
    " ADD COLUMN IF NOT EXISTS applied_by text";

constexpr const char* kRemarks =
    " IS 'Which migrations were applied, by pgsidecar migrate; checksum: SHA-256 of the file with "
    "LF at the ends of lines'";

/// Ends the transaction at the end of the scope: reading leaves nothing behind.
class ReadOnly {
public:
    explicit ReadOnly(MigrationConnection& connection) : connection_(connection) {
        error_ = connection
                     .run(
                         "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                         "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'")
                     .error;
    }
    ReadOnly(const ReadOnly&) = delete;
    ReadOnly& operator=(const ReadOnly&) = delete;
    ~ReadOnly() { connection_.run("ROLLBACK"); }
    const std::optional<ServerReport>& error() const { return error_; }

private:
    MigrationConnection& connection_;
    std::optional<ServerReport> error_;
};

MigrationProblem unreadable(const ServerReport& report) {
    std::string next = report.sqlstate == "42501"
                           ? ". Grant this role SELECT, INSERT and UPDATE on schema_migrations and "
                             "make it the owner of the table, or migrate as its owner."
                           : ". See the server's log, then run this again.";
    return {MigrationProblem::Kind::Unavailable,
            {},
            "The table schema_migrations cannot be read: " + report.message +
                (report.sqlstate.empty() ? "" : " (SQLSTATE " + report.sqlstate + ")") + next,
            0};
}

MigrationProblem unusable(const std::string& table, const std::string& why) {
    return {MigrationProblem::Kind::Refused,
            {},
            "The table " + table + " " + why +
                ". Move it away or rename it, or let pgsidecar find a schema of its own first in "
                "the search_path.",
            0};
}

/// "2025-09-17 10:00:00.123+00" -> "2025-09-17T10:00:00Z"; anything else as it is.
std::string iso(std::string text) {
    constexpr std::size_t kSeconds = 19;
    if (text.size() < kSeconds || text[4] != '-' || text[10] != ' ' || text[13] != ':') return text;
    text.resize(kSeconds);
    text[10] = 'T';
    return text + 'Z';
}

std::optional<MigrationProblem> read_rows(MigrationConnection& connection, MigrationTable& table,
                                          const std::set<std::string>& columns) {
    const auto own = [&](const std::string& column) {
        return columns.contains(column) ? column + "::text" : std::string("NULL");
    };
    const auto reply =
        connection.run("SELECT version::text, name::text, applied_at::text, " + own("checksum") +
                       ", " + own("duration_ms") + " FROM " + table.name);
    if (!reply) return unreadable(*reply.error);
    for (const auto& row : reply.rows.rows) {
        const auto text = [&](std::size_t column) { return row[column].value_or(""); };
        AppliedMigration applied{0, text(1), iso(text(2)), text(3), text(4)};
        if (!parse_migration_version(text(0), applied.version) || applied.version == 0) {
            return unusable(table.name,
                            "has a version that is no number of a file NNN_name.sql, "
                            "so another tool seems to keep it");
        }
        table.rows.push_back(std::move(applied));
    }
    std::sort(table.rows.begin(), table.rows.end(),
              [](const auto& a, const auto& b) { return a.version < b.version; });
    const auto twice =
        std::adjacent_find(table.rows.begin(), table.rows.end(),
                           [](const auto& a, const auto& b) { return a.version == b.version; });
    if (twice != table.rows.end()) {
        return MigrationProblem{MigrationProblem::Kind::Refused,
                                {},
                                "The table " + table.name + " has version " +
                                    std::to_string(twice->version) +
                                    " more than once. Delete the row that is wrong.",
                                twice->version};
    }
    return std::nullopt;
}

}  // namespace

bool same_name(const AppliedMigration& row, const MigrationFile& file) {
    return row.name.empty() || row.name == file.name || row.name == file.file_name() ||
           row.name + ".sql" == file.file_name();
}

std::variant<MigrationTable, MigrationProblem> read_migration_table(
    MigrationConnection& connection) {
    const ReadOnly transaction(connection);
    if (transaction.error()) return unreadable(*transaction.error());
    const auto found = connection.run(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind IN ('r', 'p')"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = pg_catalog.to_regclass('schema_migrations')");
    if (!found) return unreadable(*found.error);
    MigrationTable table;
    if (found.rows.empty()) return table;
    table.name = found.value(0);
    if (found.value(1) != "t") return unusable(table.name, "is not a table");

    const auto listed = connection.run(
        "SELECT attname FROM pg_catalog.pg_attribute"
        " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
        {table.name});
    if (!listed) return unreadable(*listed.error);
    std::set<std::string> columns;
    for (const auto& row : listed.rows.rows) columns.insert(row[0].value_or(""));
    for (const char* needed : {"version", "name", "applied_at"}) {
        if (!columns.contains(needed)) {
            return unusable(table.name, "has no column " + std::string(needed) +
                                            ", so another tool seems to keep it");
        }
    }
    table.complete = columns.contains("checksum") && columns.contains("duration_ms") &&
                     columns.contains("applied_by");
    if (auto problem = read_rows(connection, table, columns)) return *problem;
    return table;
}

std::optional<ServerReport> prepare_migration_table(
    MigrationConnection& connection, MigrationTable& table,
    const std::vector<const MigrationFile*>& adopted) {
    if (table.complete && adopted.empty()) return std::nullopt;
    if (auto begun = connection.run("BEGIN"); !begun) return begun.error;
    const auto give_up = [&](std::optional<ServerReport> error) {
        connection.run("ROLLBACK");
        return error;
    };
    std::string name = table.name;
    if (name.empty()) {
        const auto schema =
            connection.run("SELECT pg_catalog.format('%I', pg_catalog.current_schema())");
        if (!schema) return give_up(schema.error);
        if (schema.value().empty()) {
            return give_up(ServerReport{"3F000",
                                        "no schema of the search_path exists",
                                        {},
                                        "Create one, or set the search_path.",
                                        {},
                                        0});
        }
        name = schema.value() + ".schema_migrations";
        const auto made = connection.run("CREATE TABLE " + name + kCreate + "; COMMENT ON TABLE " +
                                         name + kRemarks);
        if (!made) return give_up(made.error);
    }
    if (!table.complete) {
        if (auto extended = connection.run("ALTER TABLE " + name + kExtend); !extended)
            return give_up(extended.error);
    }
    for (const auto* file : adopted) {
        const auto filled = connection.run(
            "UPDATE " + name + " SET checksum = $1 WHERE pg_catalog.ltrim(version::text, '0') = $2",
            {file->checksum, std::to_string(file->version)});
        if (!filled) return give_up(filled.error);
    }
    if (auto done = connection.run("COMMIT"); !done) return done.error;
    table.name = name;
    table.complete = true;
    return std::nullopt;
}

std::optional<ServerReport> record_migration(MigrationConnection& connection,
                                             const MigrationTable& table, const MigrationFile& file,
                                             std::int64_t duration_ms) {
    // The column may be a number or a text of another tool's making: the digits suit both.
    return connection
        .run("INSERT INTO " + table.name +
                 " (version, name, applied_at, checksum, duration_ms, applied_by) VALUES"
                 " ($1, $2, pg_catalog.clock_timestamp(), $3, $4, current_user)",
             {file.digits, file.name, file.checksum, std::to_string(duration_ms)})
        .error;
}

}  // namespace pgsidecar::db
