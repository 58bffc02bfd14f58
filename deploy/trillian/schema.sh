#!/bin/sh
# Creates Trillian's tables in an empty database: all of them, or none.
# Arguments go to psql.
set -eu
dir=${TRILLIAN_DIR:-/usr/local/lib/ghostlight-trillian}
uri=${TRILLIAN_POSTGRESQL_URI:-postgresql://trillian@127.0.0.1:5432/trillian}

exec psql --no-psqlrc --quiet --no-password --set=ON_ERROR_STOP=1 --single-transaction \
	--dbname="$uri" --file="$dir/storage.sql" "$@"
