#!/bin/sh
# Creates a tree for the log of a directory and prints its ID. Needs the log
# server. Arguments go to createtree.
set -eu
dir=${TRILLIAN_DIR:-/usr/local/lib/ghostlight-trillian}

exec "$dir/createtree" --admin_server="${TRILLIAN_SERVER_RPC:-127.0.0.1:8090}" \
	--tree_type=PREORDERED_LOG --max_root_duration=0s "$@"
