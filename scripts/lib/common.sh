# shellcheck shell=bash
# Sourced by the scripts beside this folder. Sets `root` (the repository) and a few helpers.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export root

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Prints the comment block at the top of the calling script, which is its help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# The person's own PGHOST, PGSSLMODE and so on must not reach the psql that these scripts run.
forget_libpq_environment() {
    local name
    for name in "${!PG@}"; do
        case $name in PGSIDECAR_*) ;; *) unset "$name" ;; esac
    done
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port <first>: the first port from there on that nobody listens on at 127.0.0.1.
free_port() {
    local port=$1
    until port_is_free "$port"; do
        port=$((port + 1))
        [ "$port" -lt 65000 ] || die "no free TCP port from $1 to 65000 on 127.0.0.1"
    done
    echo "$port"
}

# stop_process <pid> <signal> <seconds>: asks, waits, then kills. For children of this shell.
stop_process() {
    local pid=$1 tenths=$(($3 * 10))
    kill -s "$2" "$pid" 2>/dev/null || return 0
    while [ "$tenths" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
        sleep 0.1
        tenths=$((tenths - 1))
    done
    kill -s KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# run_ctest <preset> [argument...]: two at a time; ends with ctest's own status and its closing line.
run_ctest() {
    local preset=$1 status=0 log=$root/build/$1/Testing/last-run.log
    shift
    mkdir -p "${log%/*}"
    (cd "$root" && ctest --preset "$preset" --parallel 2 --output-on-failure --no-tests=error "$@") </dev/null 2>&1 |
        tee "$log" || status=$?
    grep -E 'tests passed|tests failed|No tests were found' "$log" | tail -n 1 || true
    return "$status"
}
