#!/usr/bin/env bash
# A Debian root filesystem as real tools pack it, made once: debian_images.sh DIR
#   DIR/rootfs.tar   what mmdebstrap wrote        DIR/tree      what is in it, one line a file (tree.sh)
#   DIR/oci.tar      an OCI archive, by umoci and skopeo
#   DIR/docker.tar   a docker archive, by skopeo
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
stamp=$(cat "$0" "$here/tree.sh" | sha256sum)
[ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
mkdir -p "$out"
tmp=$(mktemp -d "$out/making.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# What a Debian system alone does not have: attributes, a capability, a sparse file, names with blanks, odd owners.
cat >"$tmp/customize" <<'HOOK'
#!/bin/sh
set -eu
cd "$1"
mkdir -p odd/empty
printf 'x' >'odd/name with blanks'
ln odd/'name with blanks' odd/second-name
ln -s 'name with blanks' odd/link
truncate -s 50M odd/sparse
printf 'end' >>odd/sparse
chown 1234:4321 odd/sparse
chmod 2751 odd/empty
setfattr -n user.planet -v round odd/sparse
setfattr -n user.planet -v tree odd/empty
cp bin/true odd/capable
setcap cap_net_bind_service+ep odd/capable
mkfifo -m 640 odd/fifo
HOOK
chmod 755 "$tmp/customize"
mmdebstrap --quiet --variant=minbase --include=procps,attr --skip=output/dev \
	--customize-hook="$tmp/customize" --customize-hook='rm -rf "$1"/var/lib/apt/lists/*' \
	bookworm "$tmp/rootfs.tar" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }

mkdir "$tmp/rootfs"
tar -xf "$tmp/rootfs.tar" -C "$tmp/rootfs" --numeric-owner --xattrs --xattrs-include='*'
"$here/tree.sh" "$tmp/rootfs" >"$tmp/tree"

umoci init --layout "$tmp/layout" >/dev/null
umoci new --image "$tmp/layout:debian" >/dev/null
umoci raw add-layer --image "$tmp/layout:debian" "$tmp/rootfs.tar" >/dev/null
umoci config --image "$tmp/layout:debian" --config.cmd bash >/dev/null
skopeo copy -q "oci:$tmp/layout:debian" "oci-archive:$tmp/oci.tar:example.org/debian:oci"
skopeo copy -q "oci:$tmp/layout:debian" "docker-archive:$tmp/docker.tar:example.org/debian:docker"
mv "$tmp"/{rootfs.tar,tree,oci.tar,docker.tar} "$out/"
echo "$stamp" >"$out/stamp"
