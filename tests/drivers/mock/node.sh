#!/bin/sh
# npm's pg, with the packages of ../node.
cd "$(dirname "$0")/../node" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
command -v node > /dev/null || unavailable "node is missing; install nodejs"
if [ ! -d node_modules/pg ]; then
    command -v npm > /dev/null || unavailable "npm is missing; install npm"
    npm ci --no-audit --no-fund > npm.log 2>&1 || unavailable "npm ci failed: $(tail -n 1 npm.log)"
    rm -f npm.log
fi
exec node --no-deprecation ../mock/features.mjs
