#!/bin/sh
# ruby.sh: Debian's ruby-pg.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/drivers/lib.sh
. ../lib.sh
ruby=/usr/bin/ruby
"$ruby" -e 'require "pg"' 2> /dev/null || unavailable "ruby has no pg; install ruby-pg"
exec "$ruby" ruby_crud.rb
