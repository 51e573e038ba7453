#!/bin/bash
# psql's \copy both ways, \watch, Ctrl-C of a running statement, \gset, \errverbose; the address comes in PG* variables.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ./lib.sh
command -v psql > /dev/null || unavailable "psql is missing; install postgresql-client-15"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
export PSQLRC=/dev/null PGAPPNAME=psql_script
query() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# Waits for a statement that contains $1 to run on the server, asked past the sidecar.
until_runs() {
    for _ in $(seq 200); do
        [ "$(direct_psql -c "select count(*) from pg_stat_activity where state = 'active' and query like '%$1%'
            and pid <> pg_backend_pid()")" -ge 1 ] && return 0
        read -rt 0.02 <> <(:) || true
    done
    echo "FAILED: '$1' never ran"
    exit 1
}

seq 1 20000 | sed 's/$/\tname/' > "$folder/in"
query -c 'drop table if exists psql_items' -c 'create table psql_items (id int, name text)' 2> /dev/null
check '\copy from' "$(psql -X -c "\\copy psql_items from '$folder/in'")" 'COPY 20000'
check '\copy to' "$(psql -X -c "\\copy psql_items to '$folder/out'")" 'COPY 20000'
check 'what came back' "$(sort -n "$folder/out" | cksum)" "$(cksum < "$folder/in")"
printf 'x\ty\n' > "$folder/bad"
check '\copy of bad data' "$(psql -X -c "\\copy psql_items from '$folder/bad'" 2>&1 | head -n 1)" \
    'ERROR:  invalid input syntax for type integer: "x"'
check 'stdin' "$(query -c 'copy psql_items from stdin' -c 'select count(*) from psql_items' < "$folder/in" | tail -n 1)" 40000

check 'two statements' "$(query -c 'select 1; select 2' | tr '\n' ' ')" '1 2 '
check 'transaction' "$(query -1 -c 'truncate psql_items' -c 'select count(*) from psql_items')" 0
check 'gset' "$(query <<< 'select 6 * 7 as answer \gset
\echo :answer')" 42
check 'error fields' "$(psql -X 2>&1 <<< '\set VERBOSITY sqlstate
select 1/0;')" 'ERROR:  22012'
check 'cursor' "$(query -v FETCH_COUNT=100 -c 'select generate_series(1, 2000)' | wc -l)" 2000

# Ctrl-C while a statement runs: the statement ends, psql goes on.
psql -X > "$folder/ctrl_c" 2>&1 <<< "select pg_sleep(60), 'ctrl_c_$PGS_MODE';
select 'still here';" &
pid=$!
until_runs "ctrl_c_$PGS_MODE"
kill -INT "$pid"
wait "$pid"
check 'Ctrl-C' "$(grep -c 'canceling statement due to user request' "$folder/ctrl_c")" 1

# \watch repeats until interrupted. Without a terminal psql ends with it.
psql -XAtq > "$folder/watch" 2>&1 <<< "select 'tick' \\watch 0.05" &
pid=$!
for _ in $(seq 200); do
    [ "$(grep -c tick "$folder/watch")" -ge 5 ] && break
    read -rt 0.02 <> <(:) || true
done
kill -INT "$pid"
wait "$pid"
check '\watch' "$([ "$(grep -c tick "$folder/watch")" -ge 5 ] && echo repeated)" repeated

check 'afterwards' "$(query -c 'select 1')" 1
echo "$checks checks ok"
