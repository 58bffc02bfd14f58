#!/bin/sh
# Builds Trillian's log server, log signer and createtree, and puts them and the
# database schema into $TRILLIAN_DIR. Needs Go.
set -eu
version=v1.8.0
dir=${TRILLIAN_DIR:-/usr/local/lib/ghostlight-trillian}

mkdir -p "$dir"
for program in trillian_log_server trillian_log_signer createtree; do
	GOBIN=$dir go install -tags=postgresql "github.com/google/trillian/cmd/$program@$version"
done
source=$(go mod download -json "github.com/google/trillian@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
install -m 644 "$source/storage/postgresql/schema/storage.sql" "$dir/storage.sql"
