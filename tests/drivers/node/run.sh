#!/bin/sh
# npm's pg through DATABASE_URL.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
command -v node > /dev/null || unavailable "node is missing; install nodejs"
if [ ! -d node_modules/pg ]; then
    command -v npm > /dev/null || unavailable "npm is missing; install npm"
    npm ci --no-audit --no-fund > npm.log 2>&1 || unavailable "npm ci failed: $(tail -n 1 npm.log)"
    rm -f npm.log
fi
# Its own deprecation notices say nothing about us.
exec node --no-deprecation features.mjs
