#!/bin/bash
# psql: describing what is not there, \copy, \gset, a transaction.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
command -v psql > /dev/null || unavailable "psql is missing; install postgresql-client-15"
export PSQLRC=/dev/null PGAPPNAME=psql_script
query() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

check 'select' "$(query -c 'select 1')" 1
for describe in '\d' '\dt+' '\l' '\du' '\dn' '\df' '\dx' '\d no_such_table' '\z'; do
    check "$describe" "$(psql -XAt -c "$describe" 2>&1 | grep -ci error)" 0
done
check 'insert' "$(psql -XAt -c "insert into t values (1), (2)")" 'INSERT 0 2'
check 'returning' "$(query -c "insert into t (id, name) values (1, 'a') returning name, id")" 'a|1'
check 'update' "$(psql -XAt -c 'update t set id = 1')" 'UPDATE 0'
check '\copy from' "$(printf '1\ta\n2\tb\n' | psql -X -c '\copy t from stdin')" 'COPY 2'
check '\copy to' "$(psql -X -c '\copy t to stdout' | wc -c)" 0
check 'transaction' "$(query -1 -c 'insert into t values (1)' -c 'select count(*) from t')" 0
check 'gset' "$(query <<< "select 6 * 7 as answer \\gset
\\echo :answer")" 42
check 'error' "$(psql -X 2>&1 <<< '\set VERBOSITY sqlstate
selec;')" 'ERROR:  42601'
check 'cursor' "$(query -v FETCH_COUNT=2 -c 'values (1), (2), (3)' | wc -l)" 3
echo "$checks checks ok"
