#!/bin/sh
# Types, unit tests, and whether dist/ is what the sources build: byte for byte. ctest runs it.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../tests/drivers/lib.sh
command -v node > /dev/null || unavailable "node is missing; install nodejs"
command -v npm > /dev/null || unavailable "npm is missing; install npm"
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    unavailable "Vite needs node 20.19 or later, this is $(node --version)"
# npm ci leaves a copy of the lock file behind, which is older than a changed one.
installed=$(find node_modules/.package-lock.json -newer package-lock.json 2> /dev/null)
if [ -z "$installed" ]; then
    npm ci --no-audit --no-fund > npm.log 2>&1 || unavailable "npm ci failed: $(tail -n 1 npm.log)"
    rm -f npm.log
fi
npm run --silent types || exit 1
npm test --silent || exit 1

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm run --silent build -- --outDir "$built" --emptyOutDir --logLevel warn || exit 1
diff -rq dist "$built" || {
    echo "FAILED: dashboard/dist is not what its sources build; run 'npm run build' in dashboard and commit dist"
    exit 1
}
echo "dashboard/dist is up to date"
