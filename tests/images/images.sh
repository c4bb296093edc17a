#!/usr/bin/env bash
# Images as people use them, of Debian's packages, made once: images.sh DIR
#   DIR/debian.tar  DIR/postgres.tar  DIR/nginx.tar    OCI archives "example.org/NAME:1"
# postgres makes its database in the volume /data on the first start; nginx serves on port 80, and has wget to ask itself.
set -euo pipefail
out=$1
stamp=$(sha256sum <"$0")
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
mkdir -p "$out"
tmp=$(mktemp -d "$out/making.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# image NAME PACKAGES HOOK CONFIG...: a layer of what mmdebstrap writes, and the configuration.
image() {
	local name=$1 packages=$2 hook=$3
	shift 3
	mmdebstrap --quiet --variant=minbase ${packages:+--include="$packages"} --skip=output/dev --customize-hook="$hook" \
		--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/usr/share/doc/*' bookworm "$tmp/rootfs.tar" >"$tmp/log" 2>&1 ||
		{ cat "$tmp/log" >&2; exit 1; }
	umoci new --image "$tmp/layout:$name" >/dev/null
	umoci raw add-layer --image "$tmp/layout:$name" "$tmp/rootfs.tar" >/dev/null
	umoci config --image "$tmp/layout:$name" "$@" >/dev/null
	skopeo copy -q "oci:$tmp/layout:$name" "oci-archive:$tmp/$name.tar:example.org/$name:1"
	mv "$tmp/$name.tar" "$out/"
}

cat >"$tmp/start-postgres" <<'SCRIPT'
#!/bin/sh
set -e
[ -s "$PGDATA/PG_VERSION" ] || initdb -D "$PGDATA" --auth=trust >/dev/null
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
SCRIPT
chmod 755 "$tmp/start-postgres"
programs=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin

umoci init --layout "$tmp/layout" >/dev/null
image debian '' true --config.cmd bash
image postgres postgresql "cp '$tmp/start-postgres' \"\$1\"/usr/local/bin/; mkdir \"\$1\"/data; chroot \"\$1\" chown postgres: /data" \
	--config.user postgres --config.volume /data --config.stopsignal SIGINT --config.entrypoint start-postgres \
	--config.env PGDATA=/data/db --config.env PGHOST=/tmp --config.env "PATH=/usr/lib/postgresql/15/bin:$programs"
image nginx nginx-light,wget 'ln -sf /dev/stderr "$1"/var/log/nginx/error.log' \
	--config.cmd nginx --config.cmd -g --config.cmd 'daemon off;' --config.stopsignal SIGQUIT --config.env "PATH=$programs"
echo "$stamp" >"$out/stamp"
