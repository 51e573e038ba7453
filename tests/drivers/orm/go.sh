#!/bin/sh
# go.sh <pgx|pq>: Debian's Go with Debian's sources of the driver; nothing is fetched.
cd "$(dirname "$0")/go" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../../lib.sh
command -v go > /dev/null || unavailable "go is missing; install golang-go"
sources=/usr/share/gocode/src/github.com
case $1 in
    pgx) package=golang-github-jackc-pgx-v4-dev folder=jackc/pgx/v4 ;;
    *) package=golang-github-lib-pq-dev folder=lib/pq ;;
esac
[ -d "$sources/$folder" ] || unavailable "$folder is missing; install $package"
version=$(dpkg-query -W -f '${Version}' "$package" 2> /dev/null)
program=$(mktemp -d) || exit 1
trap 'rm -rf "$program"' EXIT
GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE="$program/cache" \
    go build -o "$program/crud" "crud_$1.go" crud.go || exit 1
echo "version: $folder ${version%%-*} with $(go version | cut -d ' ' -f 3)"
"$program/crud"
