-- Agents, what they may do, and the commands that are kept for them.
-- Keys are UUIDs that the client may choose: a write that is queued while the database is away can then be referred to
-- before it is here.

-- updated_at serves clients that ask for the rows changed since they last looked (state sync after a reconnection). The
-- time of the statement, not of the transaction's begin, keeps the span short in which a change is stamped but not yet
-- visible; a row's stamps always rise, even when the server's clock is set back.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(pg_catalog.clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION touch_updated_at() IS 'Trigger: stamps a changed row, later than before.';

CREATE TABLE agents (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL CHECK (name <> ''),
    kind         text NOT NULL DEFAULT 'default',
    status       text NOT NULL DEFAULT 'idle'
                 CHECK (status IN ('idle', 'starting', 'running', 'paused', 'stopped', 'error')),
    description  text,
    config       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    last_seen_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX agents_status ON agents (status);
CREATE INDEX agents_updated_at ON agents (updated_at);
CREATE TRIGGER agents_touch BEFORE UPDATE ON agents
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
COMMENT ON TABLE agents IS 'Programs or people that run commands.';
COMMENT ON COLUMN agents.last_seen_at IS 'Last sign of life; NULL: none yet.';

-- agents and the tables below are written only while the database is there (outage class hold), so their foreign keys
-- can be checked when the client is answered.
CREATE TABLE execution_constraints (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_id   uuid REFERENCES agents (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('allow', 'deny', 'limit', 'confirm')),
    subject    text NOT NULL CHECK (subject <> ''),
    value      jsonb NOT NULL DEFAULT '{}',
    priority   integer NOT NULL DEFAULT 0,
    enabled    boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX execution_constraints_agent ON execution_constraints (agent_id, priority DESC) WHERE enabled;
CREATE INDEX execution_constraints_updated_at ON execution_constraints (updated_at);
CREATE TRIGGER execution_constraints_touch BEFORE UPDATE ON execution_constraints
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
COMMENT ON TABLE execution_constraints IS 'What an agent may and may not run; the highest priority decides.';
COMMENT ON COLUMN execution_constraints.agent_id IS 'NULL: for every agent.';
COMMENT ON COLUMN execution_constraints.subject IS 'What it is about: a pattern of commands, a folder, a resource.';

CREATE TABLE command_presets (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_id    uuid REFERENCES agents (id) ON DELETE CASCADE,
    name        text NOT NULL CHECK (name <> ''),
    command     text NOT NULL CHECK (command <> ''),
    description text,
    arguments   jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(arguments) = 'array'),
    tags        text[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Two presets of everybody's with one name are as wrong as two of one agent; a plain UNIQUE takes NULLs for different.
CREATE UNIQUE INDEX command_presets_name
    ON command_presets (coalesce(agent_id, '00000000-0000-0000-0000-000000000000'), lower(name));
CREATE INDEX command_presets_agent ON command_presets (agent_id);
CREATE INDEX command_presets_updated_at ON command_presets (updated_at);
CREATE TRIGGER command_presets_touch BEFORE UPDATE ON command_presets
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
COMMENT ON TABLE command_presets IS 'Commands that are kept to be run again.';
COMMENT ON COLUMN command_presets.agent_id IS 'NULL: for every agent.';
