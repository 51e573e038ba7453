#!/bin/sh
# jdbc.sh: Debian's PostgreSQL JDBC driver with server-side statements from the first use on.
cd "$(dirname "$0")/jdbc" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../../lib.sh
command -v javac > /dev/null || unavailable "javac is missing; install default-jdk-headless"
driver=/usr/share/java/postgresql.jar
[ -e "$driver" ] || unavailable "$driver is missing; install libpostgresql-jdbc-java"
classes=$(mktemp -d) || exit 1
trap 'rm -rf "$classes"' EXIT
javac -cp "$driver" -d "$classes" Crud.java || exit 1
java -Xmx256m -cp "$classes:$driver:/usr/share/java/*" Crud
