#!/usr/bin/env bash
# A small image as two archives, by umoci and skopeo, for the suites to load: small_image.sh DIR
set -euo pipefail
[ ! -f "$1/small-docker.tar" ] || exit 0
mkdir -p "$1"
tmp=$(mktemp -d "$1/making.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
umoci init --layout "$tmp/layout" >/dev/null
umoci new --image "$tmp/layout:small" >/dev/null
umoci unpack --image "$tmp/layout:small" "$tmp/bundle" >/dev/null
mkdir -p "$tmp/bundle/rootfs/bin" "$tmp/bundle/rootfs/etc"
cp /bin/busybox "$tmp/bundle/rootfs/bin/"
for name in sh id; do ln -s busybox "$tmp/bundle/rootfs/bin/$name"; done
echo "small:x:7:7::/:/bin/sh" >"$tmp/bundle/rootfs/etc/passwd"
umoci repack --image "$tmp/layout:small" "$tmp/bundle" >/dev/null
umoci config --image "$tmp/layout:small" --config.cmd /bin/sh --config.user small >/dev/null
skopeo copy -q "oci:$tmp/layout:small" "oci-archive:$tmp/small-oci.tar:example.org/small:oci"
skopeo copy -q "oci:$tmp/layout:small" "docker-archive:$tmp/small-docker.tar:example.org/small:docker"
mv "$tmp/small-oci.tar" "$tmp/small-docker.tar" "$1/"
