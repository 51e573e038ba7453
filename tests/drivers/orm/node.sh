#!/bin/sh
# node.sh: Drizzle on npm's pg.
cd "$(dirname "$0")/drizzle" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../../lib.sh
command -v node > /dev/null || unavailable "node is missing; install nodejs"
if [ ! -d node_modules/drizzle-orm ]; then
    command -v npm > /dev/null || unavailable "npm is missing; install npm"
    npm ci --no-audit --no-fund > npm.log 2>&1 || unavailable "npm ci failed: $(tail -n 1 npm.log)"
    rm -f npm.log
fi
exec node --no-deprecation crud.mjs
