# shellcheck shell=bash
# Sourced by the scripts of this folder; says why something cannot run, and how that counts.
unavailable() {
    echo "cannot run: $*"
    if [ -n "${CI:-}" ]; then exit 1; fi
    exit 77
}

checks=0
# check <what> <actual> <expected>
check() {
    if [ "$2" != "$3" ]; then
        echo "FAILED: $1: got '$2', expected '$3'"
        exit 1
    fi
    checks=$((checks + 1))
}

direct_psql() { psql -XAtq "$PGS_DIRECT_URL" "$@"; }
sidecar_mb() { awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$PGS_SIDECAR_PID/status"; }
