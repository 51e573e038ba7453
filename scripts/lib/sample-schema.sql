-- A few small tables to try pgsidecar on; scripts/quickstart creates them in its throwaway database.
create table agents (
    id          bigint generated always as identity primary key,
    name        text not null unique,
    status      text not null default 'idle',
    created_at  timestamptz not null default now()
);

create table tasks (
    id          bigint generated always as identity primary key,
    agent_id    bigint references agents (id),
    title       text not null,
    done        boolean not null default false,
    created_at  timestamptz not null default now()
);

create table audit_logs (
    id          bigint generated always as identity primary key,
    actor       text not null,
    action      text not null,
    details     jsonb not null default '{}',
    created_at  timestamptz not null default now()
);

insert into agents (name, status) values ('planner', 'busy'), ('builder', 'idle');

insert into tasks (agent_id, title, done)
values (1, 'Point DATABASE_URL at the sidecar', true), (2, 'Watch the page while statements run', false);
