#!/bin/sh
# python.sh <psycopg|asyncpg>: Debian's, which belong to Debian's python.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
python=/usr/bin/python3
[ -x "$python" ] || unavailable "$python is missing; install python3"
"$python" -c "import $1" 2> /dev/null || unavailable "$python has no $1; install python3-$1"
exec "$python" "$1_mock.py"
