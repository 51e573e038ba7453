-- What the sidecar itself keeps: how far a spool has been applied, and the operation log.
-- The text below is kSidecarSchemaSql of db/sidecar_schema.hpp, which the sidecar runs where the schema is missing
-- (outage.create_schema): whichever comes first makes the same objects, and the other finds them there.

CREATE SCHEMA IF NOT EXISTS pgsidecar;

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
