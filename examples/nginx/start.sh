#!/bin/sh
# Starts NGINX with nginx.conf between LISTEN and UPSTREAM, in a folder of its own that is gone afterwards.
set -eu
cd "$(dirname "$0")"
folder="$(mktemp -d)"
chmod 711 "$folder" # the workers of a master that is root are somebody else
trap 'rm -rf "$folder"' EXIT
sed "s/@LISTEN@/$1/; s/@UPSTREAM@/$2/" nginx.conf > "$folder/nginx.conf"
nginx -p "$folder" -c nginx.conf &
trap 'kill -TERM $!' TERM INT
wait || true # ends at a signal
wait $! || true # until NGINX is gone
