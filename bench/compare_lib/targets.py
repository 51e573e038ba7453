"""What is compared. Each start_* returns a Target; all listen on TCP at 127.0.0.1 and trust their clients."""

from dataclasses import dataclass

from .processes import free_port

USER = DATABASE = "bench"


@dataclass(frozen=True)
class Target:
    name: str
    port: int
    pid: int | None  # None: there is no proxy process to measure


def start_direct(postgres):
    return Target("direct", int(postgres["port"]), None)


def start_pgbouncer(children, postgres, pool_mode, pool_size, suffix=""):
    port = free_port()
    folder = children.owned_folder(f"pgbouncer-{port}")
    (folder / "users.txt").write_text(f'"{USER}" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""\
[databases]
{DATABASE} = host=127.0.0.1 port={postgres["port"]} dbname={DATABASE}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = {pool_mode}
default_pool_size = {pool_size}
max_client_conn = 5000
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
""")
    process = children.start(f"pgbouncer-{port}", ["pgbouncer", "-q", folder / "pgbouncer.ini"],
                             as_service_user=True)
    children.wait_for_port(process, port)
    return Target("pgbouncer" + suffix, port, process.pid)


def start_haproxy(children, postgres):
    port = free_port()
    folder = children.owned_folder(f"haproxy-{port}")
    (folder / "haproxy.cfg").write_text(f"""\
global
    maxconn 5000
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
listen postgres
    bind 127.0.0.1:{port}
    server local 127.0.0.1:{postgres["port"]}
""")
    process = children.start(f"haproxy-{port}", ["haproxy", "-q", "-db", "-f", folder / "haproxy.cfg"], as_service_user=True)
    children.wait_for_port(process, port)
    return Target("haproxy", port, process.pid)


def start_pgsidecar(children, postgres, binary, pool_mode, pool_size):
    port, http_port = free_port(), free_port()
    process = children.start(
        f"pgsidecar-{port}",
        [binary, "--listen-port", port, "--http-port", http_port, "--pool-mode", pool_mode, "--pool-size", pool_size,
         "--outage-spool-dir", children.folder / f"spool-{port}"],
        env={"DATABASE_URL": f"postgres://{USER}@127.0.0.1:{postgres['port']}/{DATABASE}"})
    children.wait_for_port(process, port)
    return Target("pgsidecar-auto" if pool_mode == "auto" else "pgsidecar", port, process.pid)
