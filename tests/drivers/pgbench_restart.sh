#!/bin/bash
# pgbench in all its modes with 32 clients while PostgreSQL is restarted in the middle: who was in a transaction or a
# statement gets one error that names the cause, and afterwards everything works. A session
# that was idle goes on.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ./lib.sh
command -v pgbench > /dev/null || unavailable "pgbench is missing; install postgresql-15"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap '' PIPE  # psql may be gone when it is told to quit
export PSQLRC=/dev/null
direct_psql -c 'select 1' > /dev/null || exit 1
(unset PGHOST PGPORT; pgbench -i -s 1 -q "$PGS_DIRECT_URL") > "$folder/init" 2>&1 || { cat "$folder/init"; exit 1; }

started() { direct_psql -c 'select pg_postmaster_start_time()' 2> /dev/null; }
transactions() { direct_psql -c 'select count(*) from pgbench_history' 2> /dev/null || echo 0; }

for mode in simple extended prepared; do
    # Named statements shared between clients are not there yet.
    if [ "$mode" = prepared ] && [ "$PGS_MODE" = transaction ]; then
        echo "not in transaction mode: pgbench -M prepared"
        continue
    fi
    direct_psql -c 'truncate pgbench_history'
    coproc idle { psql -XAtq 2>&1; }
    # shellcheck disable=SC2154  # bash sets it for the coproc
    idle_pid=$idle_PID
    echo "select 'idle before';" >&"${idle[1]}"
    read -rt 10 answer <&"${idle[0]}"
    check "$mode: idle session" "$answer" 'idle before'

    pgbench -M "$mode" -c 32 -j 2 -T 60 -n > "$folder/out" 2>&1 &
    bench=$!
    for _ in $(seq 500); do [ "$(transactions)" -ge 500 ] && break; read -rt 0.02 <> <(:) || true; done
    check "$mode: traffic" "$([ "$(transactions)" -ge 500 ] && echo flows)" flows
    before=$(started)
    kill -USR1 "$PGS_STAGE_PID"
    for _ in $(seq 500); do now=$(started); [ -n "$now" ] && [ "$now" != "$before" ] && break; read -rt 0.05 <> <(:) || true; done
    check "$mode: restarted" "$([ -n "$now" ] && [ "$now" != "$before" ] && echo yes)" yes
    # pgbench ends by itself when every client has had its error; those that were between statements may go on.
    after=$(transactions)
    for _ in $(seq 250); do
        kill -0 "$bench" 2> /dev/null || break
        [ "$(transactions)" -ge $((after + 500)) ] && break
        read -rt 0.02 <> <(:) || true
    done
    kill -TERM "$bench" 2> /dev/null
    wait "$bench"
    errors=$(grep -cE '^pgbench: error: client [0-9]+' "$folder/out")
    twice=$(grep -oE '^pgbench: error: client [0-9]+' "$folder/out" | sort | uniq -d | wc -l)
    unnamed=$(grep -E '^pgbench: error: client [0-9]+ (script|aborted)' "$folder/out" | grep -vcE \
        'administrator command|Database connection lost|Cannot connect|shutting down|starting up|server closed|abort')
    check "$mode: no client got two errors" "$twice" 0
    check "$mode: every error names the cause" "$unnamed" 0
    echo "$mode: $(transactions) transactions, $errors clients with an error"
    tellers=$(direct_psql -c 'select sum(tbalance) from pgbench_tellers')
    history=$(direct_psql -c 'select coalesce(sum(delta), 0) from pgbench_history')
    branches=$(direct_psql -c 'select sum(bbalance) from pgbench_branches')
    check "$mode: the books balance" "$tellers" "$branches"
    [ "$mode" = simple ] && check "$mode: history too" "$history" "$branches"

    echo "select 'idle after';" >&"${idle[1]}"
    read -rt 20 answer <&"${idle[0]}"
    check "$mode: the idle session goes on" "$answer" 'idle after'
    # bash forgets the coproc's descriptors and number once it has ended.
    { [ -n "${idle[1]:-}" ] && echo '\q' >&"${idle[1]}"; } 2> /dev/null
    wait "$idle_pid" 2> /dev/null
    check "$mode: a new run works" "$(pgbench -M "$mode" -c 4 -t 20 -n 2>&1 | grep -c 'processed: 80/80')" 1
done
echo "$checks checks ok"
