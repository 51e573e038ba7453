#pragma once

#include <string_view>

namespace pgsidecar::db {

/// What the sidecar keeps in the database it stands in front of: how far a spool has been applied,
/// and the operation log. Our own fixed text of several statements, each of which does nothing
/// where its object is there already; to be run inside one transaction.
///
/// pgsidecar.ledger      one row for a spool file: the entries and records up to these sequences
///                       are in this database, by the same commit (exactly once; design, part 6).
/// pgsidecar.statements  texts without literals, once each, so that the log's rows stay small.
/// pgsidecar.operations  the operation log (R62-R70).
inline constexpr std::string_view kSidecarSchemaSql = R"sql(CREATE SCHEMA IF NOT EXISTS pgsidecar;

CREATE TABLE IF NOT EXISTS pgsidecar.ledger (
    spool_id        uuid PRIMARY KEY,
    applied         bigint NOT NULL DEFAULT 0,
    applied_records bigint NOT NULL DEFAULT 0,
    entries_total   bigint NOT NULL DEFAULT 0,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    sidecar         text NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS pgsidecar.statements (
    fingerprint bigint PRIMARY KEY,
    text        text NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS pgsidecar.operations (
    id             uuid PRIMARY KEY,
    started_at     timestamptz NOT NULL,
    duration_us    bigint NOT NULL,
    pool_wait_us   bigint NOT NULL,
    connection_id  uuid,
    session_id     uuid,
    type           text NOT NULL,
    kind           text NOT NULL,
    table_name     text,
    service        text,
    user_name      text,
    database_name  text,
    fingerprint    bigint,
    success        boolean NOT NULL,
    outcome        text NOT NULL,
    sqlstate       text,
    error          text,
    affected_rows  bigint,
    rows_returned  bigint NOT NULL,
    bytes_returned bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS operations_started_at
    ON pgsidecar.operations USING brin (started_at);

CREATE OR REPLACE VIEW pgsidecar.operation_log AS
    SELECT o.id, o.started_at,
           o.started_at + o.duration_us * interval '1 microsecond' AS ended_at,
           o.duration_us, o.pool_wait_us, o.connection_id, o.session_id, o.type, o.kind,
           o.table_name, o.service, o.user_name, o.database_name, o.fingerprint,
           s.text AS statement, o.success, o.outcome, o.sqlstate, o.error, o.affected_rows,
           o.rows_returned, o.bytes_returned
      FROM pgsidecar.operations o
      LEFT JOIN pgsidecar.statements s USING (fingerprint);
)sql";

}  // namespace pgsidecar::db
