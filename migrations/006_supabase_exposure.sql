-- Supabase grants every new table to the roles of its public HTTP gateway, anon and authenticated: whoever has the
-- project's public key could read and write it. They lose it here; grant what is wanted later, with row level security.
-- Elsewhere these roles do not exist, and nothing happens.
DO $$
DECLARE
    gateway_role name;
    table_name text;
BEGIN
    FOR gateway_role IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
        FOREACH table_name IN ARRAY ARRAY['agents', 'commands', 'terminal_outputs', 'command_presets', 'trace_entries',
            'investigation_reports', 'audit_logs', 'execution_constraints', 'command_queues', 'schema_migrations'] LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %I FROM %I', table_name, gateway_role);
        END LOOP;
    END LOOP;
END
$$;
