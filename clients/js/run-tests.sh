#!/bin/sh
# Types, build, every test and the package checks; against the program $PGSIDECAR where it is there. ctest runs it.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../../tests/drivers/lib.sh
command -v node > /dev/null || unavailable "node is missing; install nodejs"
command -v npm > /dev/null || unavailable "npm is missing; install npm"
# npm ci leaves a copy of the lock file behind, which is older than a changed one.
installed=$(find node_modules/.package-lock.json -newer package-lock.json 2> /dev/null)
if [ -z "$installed" ]; then
    npm ci --no-audit --no-fund > npm.log 2>&1 || unavailable "npm ci failed: $(tail -n 1 npm.log)"
    rm -f npm.log
fi
npm run --silent check
