#!/bin/sh
# php.sh: Debian's php-pgsql.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
php=/usr/bin/php
[ -x "$php" ] || unavailable "php is missing; install php-cli and php-pgsql"
"$php" -r 'exit(extension_loaded("pgsql") && extension_loaded("pdo_pgsql") ? 0 : 1);' ||
    unavailable "php has no pgsql; install php-pgsql"
exec "$php" php_crud.php
