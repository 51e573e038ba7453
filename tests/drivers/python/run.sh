#!/bin/sh
# run.sh <script>: Debian's psycopg and asyncpg belong to Debian's python, which need not be the first in PATH.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
python=/usr/bin/python3
[ -x "$python" ] || unavailable "$python is missing; install python3"
module=${1%_features.py}
"$python" -c "import $module" 2> /dev/null || unavailable "$python has no $module; install python3-$module"
exec "$python" "$1"
