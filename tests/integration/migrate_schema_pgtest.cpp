#include "db/sidecar_schema.hpp"
#include "tests/integration/migrate_bench.hpp"

namespace pgsidecar::test {
namespace {

constexpr const char* kTables[] = {"agents",           "commands",
                                   "terminal_outputs", "command_presets",
                                   "trace_entries",    "investigation_reports",
                                   "audit_logs",       "execution_constraints",
                                   "command_queues"};

/// What pg_dump --schema-only would tell of the relations of a schema, a line each.
std::string described(PqConnection& database, const std::string& schema) {
    return database.scalar(
        "WITH r AS (SELECT oid, relname, relkind FROM pg_class WHERE relnamespace = '" + schema +
        "'::regnamespace), told (line) AS ("
        "SELECT concat_ws(' ', relname, relkind, obj_description(oid, 'pg_class')) FROM r "
        "UNION ALL SELECT concat_ws(' ', relname, attnum, attname, "
        "  format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, "
        "  pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)) "
        "  FROM r JOIN pg_attribute a ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped "
        "  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "UNION ALL SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(k.oid)) "
        "  FROM r JOIN pg_constraint k ON conrelid = r.oid "
        "UNION ALL SELECT concat_ws(' ', relname, pg_get_triggerdef(t.oid)) "
        "  FROM r JOIN pg_trigger t ON tgrelid = r.oid "
        "UNION ALL SELECT pg_get_indexdef(oid) FROM r WHERE relkind = 'i' "
        "UNION ALL SELECT concat_ws(' ', relname, pg_get_viewdef(oid)) FROM r WHERE relkind = 'v') "
        "SELECT string_agg(line, E'\\n' ORDER BY line) FROM told");
}

class Built : public Migrate {
protected:
    void SetUp() override { ASSERT_EQ(built_in(), kOk) << err_; }
    std::string one(const std::string& sql) { return database().scalar(sql); }
};

TEST_F(Built, HasTheNineTablesOfTheDataModel) {
    for (const char* table : kTables) {
        EXPECT_TRUE(exists(table)) << table;
        EXPECT_NE(
            one("SELECT coalesce(obj_description('" + std::string(table) + "'::regclass), '')"),
            "");
        EXPECT_EQ(one("SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = '" +
                      std::string(table) + "'::regclass"),
                  "1");
    }
    EXPECT_EQ(built_in(), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("Nothing to do"));
    EXPECT_EQ(built_in({"--status"}), kOk) << err_;
    EXPECT_THAT(out_, HasSubstr("built in: 6 applied, 0 pending."));
}

TEST_F(Built, RowsWithNothingButTheirMainColumnGoIn) {
    database().run("INSERT INTO agents (name) VALUES ('a')");
    database().run(
        "INSERT INTO execution_constraints (agent_id, kind, subject) SELECT id, 'deny', 'rm' FROM "
        "agents");
    database().run("INSERT INTO command_presets (name, command) VALUES ('Build', 'make')");
    EXPECT_FALSE(database()
                     .query("INSERT INTO command_presets (name, command) VALUES ('build', 'make')")
                     .ok());
    database().run("INSERT INTO commands (command) VALUES ('make')");
    database().run("INSERT INTO command_queues (command_id) SELECT id FROM commands");
    database().run("INSERT INTO terminal_outputs (content) VALUES ('ok')");
    database().run("INSERT INTO trace_entries (trace_id, message) VALUES (gen_random_uuid(), 'm')");
    database().run("INSERT INTO investigation_reports (title) VALUES ('t')");
    database().run("INSERT INTO audit_logs (action) VALUES ('login')");
}

TEST_F(Built, QueuedWritesDependOnNoOtherRow) {
    // Neither a foreign key, nor a unique constraint beside the key, nor a trigger on INSERT.
    EXPECT_EQ(
        one("SELECT count(*) FROM pg_constraint WHERE contype IN ('f', 'u', 'x') AND conrelid IN ("
            "'audit_logs'::regclass, 'commands'::regclass, 'command_queues'::regclass, "
            "'terminal_outputs'::regclass)"),
        "0");
    database().run(
        "INSERT INTO command_queues (command_id, agent_id) VALUES (gen_random_uuid(), "
        "gen_random_uuid())");
    database().run(
        "INSERT INTO terminal_outputs (command_id, content) VALUES (gen_random_uuid(), 'x')");
    database().run("INSERT INTO commands (agent_id, command) VALUES (gen_random_uuid(), 'x')");
}

TEST_F(Built, LateWritesCarryTheTimeOfAcceptance) {
    for (const auto& [table, columns] : std::vector<std::pair<std::string, std::string>>{
             {"audit_logs", "(action) VALUES ('x')"},
             {"commands", "(command) VALUES ('x')"},
             {"command_queues", "(command_id) VALUES (gen_random_uuid())"},
             {"terminal_outputs", "(content) VALUES ('x')"}}) {
        SCOPED_TRACE(table);
        database().run("BEGIN");
        database().run("SET LOCAL pgsidecar.accepted_at = '2025-09-17 10:00:00.25+00'");
        database().run("INSERT INTO " + table + columns);
        database().run("COMMIT");
        const std::string created =
            one("SELECT created_at = '2025-09-17 10:00:00.25+00' FROM " + table);
        EXPECT_EQ(created, "t");
        // Of the same session afterwards, where the setting is an empty text, and of a new one.
        database().run("INSERT INTO " + table + columns);
        PqConnection(cluster_.conninfo() + " dbname=migrated")
            .run("INSERT INTO " + table + columns);
        EXPECT_EQ(one("SELECT count(*) FROM " + table +
                      " WHERE created_at > now() - interval '1 minute'"),
                  "2");
        if (table != "audit_logs") {
            EXPECT_EQ(one("SELECT count(*) FROM " + table +
                          " WHERE updated_at > now() - interval '1 minute'"),
                      "3");
        }
    }
}

TEST_F(Built, ChangedRowsAreStampedAndStampsRise) {
    EXPECT_EQ(one("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"), "7");
    database().run("INSERT INTO agents (name, updated_at) VALUES ('a', now() + interval '1 hour')");
    database().run("UPDATE agents SET name = 'a'");
    EXPECT_EQ(one("SELECT updated_at - now() < interval '1 hour' FROM agents"), "t");
    const std::string before = one("SELECT updated_at FROM agents");
    database().run("UPDATE agents SET name = 'b', updated_at = '2001-01-01'");
    EXPECT_EQ(one("SELECT updated_at > '" + before + "' FROM agents"), "t");
}

TEST_F(Built, HasTheSidecarsSchemaAsTheSidecarMakesIt) {
    const std::string by_migration = described(database(), "pgsidecar");
    for (const char* part : {"ledger r", "operations r", "statements r", "operation_log v"}) {
        EXPECT_THAT(by_migration, HasSubstr(part));
    }
    database().run(std::string(db::kSidecarSchemaSql));
    EXPECT_EQ(described(database(), "pgsidecar"), by_migration);
    database().run("DROP SCHEMA pgsidecar CASCADE");
    database().run(std::string(db::kSidecarSchemaSql));
    EXPECT_EQ(described(database(), "pgsidecar"), by_migration);
}

TEST_F(Migrate, TheSidecarMayHaveMadeItsSchemaFirst) {
    database().run(std::string(db::kSidecarSchemaSql));
    const std::string before = described(database(), "pgsidecar");
    ASSERT_EQ(built_in(), kOk) << err_;
    EXPECT_EQ(described(database(), "pgsidecar"), before);
}

TEST_F(Migrate, AnOwnerNeedNotBeSuperuserAndTheAppNeedNotOwn) {
    database().run("DROP ROLE IF EXISTS migration_owner");
    database().run("CREATE ROLE migration_owner LOGIN");
    database().run("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO app");
    database().run(
        "GRANT CREATE, CONNECT ON DATABASE migrated TO migration_owner;"
        "GRANT CREATE, USAGE ON SCHEMA public TO migration_owner");
    ASSERT_EQ(built_in({}, "migration_owner"), kOk) << err_;
    // The grants of migrations/README.md.
    database().run(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON agents, commands, command_queues, "
        "command_presets, "
        "trace_entries, investigation_reports, execution_constraints TO app;"
        "GRANT SELECT, INSERT ON audit_logs, terminal_outputs TO app;"
        "GRANT USAGE ON SCHEMA pgsidecar TO app;"
        "GRANT SELECT, INSERT, UPDATE ON pgsidecar.ledger TO app;"
        "GRANT SELECT, INSERT ON pgsidecar.statements, pgsidecar.operations TO app;"
        "GRANT SELECT ON pgsidecar.operation_log, schema_migrations TO app");
    PqConnection app(cluster_.conninfo("app") + " dbname=migrated");
    app.run("INSERT INTO audit_logs (action) VALUES ('x')");
    app.run("INSERT INTO terminal_outputs (content) VALUES ('x')");
    app.run("INSERT INTO commands (command) VALUES ('x'); UPDATE commands SET status = 'running'");
    app.run("INSERT INTO pgsidecar.ledger (spool_id) VALUES (gen_random_uuid())");
    app.run("SELECT * FROM pgsidecar.ledger FOR UPDATE");
    app.run(
        "INSERT INTO pgsidecar.statements (fingerprint, text) VALUES (1, 'x') ON CONFLICT DO "
        "NOTHING");
    app.run("SELECT * FROM pgsidecar.operation_log");
    EXPECT_EQ(app.query("DELETE FROM audit_logs").sqlstate(), "42501");
    EXPECT_EQ(app.query("UPDATE audit_logs SET action = 'y'").sqlstate(), "42501");
    EXPECT_EQ(built_in({"--status"}, "app"), kOk) << err_;
    app.close();
    database().run("DROP OWNED BY migration_owner CASCADE; DROP ROLE migration_owner");
}

TEST_F(Migrate, SupabasesPublicRolesGetNothing) {
    database().run(
        "DO $$BEGIN CREATE ROLE anon; CREATE ROLE authenticated;"
        "EXCEPTION WHEN duplicate_object THEN NULL; END$$");
    database().run(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated");
    ASSERT_EQ(built_in(), kOk) << err_;
    EXPECT_EQ(
        database().scalar(
            "SELECT count(*) FROM pg_class, unnest('{anon,authenticated}'::text[]) AS r "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND "
            "has_table_privilege(r, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"),
        "0");
    EXPECT_EQ(database().scalar(
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                  "AND relkind = 'r'"),
              "10");
    database().run("DROP OWNED BY anon, authenticated; DROP ROLE anon, authenticated");
}

}  // namespace
}  // namespace pgsidecar::test
