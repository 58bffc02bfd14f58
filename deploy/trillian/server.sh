#!/bin/sh
# Runs Trillian's log server. Arguments go to it.
set -eu
dir=${TRILLIAN_DIR:-/usr/local/lib/ghostlight-trillian}

exec "$dir/trillian_log_server" \
	--storage_system=postgresql --quota_system=postgresql \
	--postgresql_uri="${TRILLIAN_POSTGRESQL_URI:-postgresql://trillian@127.0.0.1:5432/trillian}" \
	--rpc_endpoint="${TRILLIAN_SERVER_RPC:-127.0.0.1:8090}" \
	--http_endpoint="${TRILLIAN_SERVER_HTTP-127.0.0.1:8091}" "$@"
