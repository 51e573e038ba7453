#!/bin/sh
# python.sh <module to have> <script>: Debian's packages belong to Debian's python.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
python=/usr/bin/python3
for module in $(echo "$1" | tr , ' '); do
    "$python" -c "import $module" 2> /dev/null || unavailable "$python has no $module; install python3-$module"
done
shift
exec "$python" -B "$@"
