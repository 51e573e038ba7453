#!/bin/bash
# A row of 1 GB and a COPY of 1 GB, both ways, while the sidecar stays under 64 MB.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ./lib.sh
command -v psql > /dev/null || unavailable "psql is missing; install postgresql-client-15"
[ "$(df --output=avail -k /tmp | tail -n 1)" -gt 8000000 ] || unavailable "needs 8 GB in /tmp"
export PSQLRC=/dev/null
# The largest value that PostgreSQL's 1 GB message can carry.
size=1073741800

small() { check "$1: the sidecar stays under 64 MB (it had $(sidecar_mb))" "$([ "$(sidecar_mb)" -lt 64 ] && echo yes)" yes; }

# COPY to the client makes one message of the value; psql itself streams it.
bytes=$(psql -XAtq -c "copy (select repeat('r', $size)) to stdout" | wc -c)
check 'a row of 1 GB to the client, by COPY' "$bytes" "$((size + 1))"
small 'row by COPY'
/usr/bin/python3 raw_row.py "$size" || exit 1
checks=$((checks + 1))
small 'DataRow'

direct_psql -c 'drop table if exists large_rows; create unlogged table large_rows (t text)'
row=$(printf 'c%.0s' $(seq 1023))
yes "$row" | head -c 1073741824 | psql -XAtq -c 'copy large_rows from stdin' || exit 1
check 'COPY of 1 GB to the server' "$(direct_psql -c 'select count(*), sum(length(t)) from large_rows')" '1048576|1072693248'
small 'COPY in'
check 'COPY of 1 GB to the client' "$(psql -XAtq -c 'copy large_rows to stdout' | wc -c)" 1073741824
small 'COPY out'
direct_psql -c 'drop table large_rows'
check 'still serving' "$(psql -XAtq -c 'select 1')" 1
echo "$checks checks ok, peak memory of the sidecar $(sidecar_mb) MB"
