#!/bin/sh
# Runs Trillian's log signer, of which there must be one only. Arguments go to it.
set -eu
dir=${TRILLIAN_DIR:-/usr/local/lib/ghostlight-trillian}

exec "$dir/trillian_log_signer" \
	--storage_system=postgresql --quota_system=postgresql \
	--postgresql_uri="${TRILLIAN_POSTGRESQL_URI:-postgresql://trillian@127.0.0.1:5432/trillian}" \
	--rpc_endpoint="${TRILLIAN_SIGNER_RPC:-127.0.0.1:8092}" \
	--http_endpoint="${TRILLIAN_SIGNER_HTTP-127.0.0.1:8093}" \
	--sequencer_interval=100ms --batch_size=1000 --num_sequencers=2 --force_master "$@"
