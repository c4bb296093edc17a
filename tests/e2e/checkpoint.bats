#!/usr/bin/env bats
# planet-runtime checkpoint and restore where they cannot work: a sentence, and nothing changes. Where they can is
# tests/vm/suite/checkpoint.sh.
load helper

runtime() { "$RUNTIME_BIN" --root "$top/runtime" "$@"; }

setup() {
	begin_test
	mkdir -p "$top/bundle/rootfs/bin" "$top/image"
	cp /bin/busybox "$top/bundle/rootfs/bin/busybox"
	runtime spec -b "$top/bundle"
	jq '.process.terminal = false | .process.args = ["busybox", "sleep", "1000"]' <"$top/bundle/config.json" >"$top/new.json"
	mv "$top/new.json" "$top/bundle/config.json"
	runtime run -d -b "$top/bundle" one </dev/null >/dev/null 2>&1 3>&-
	echo '["/dev/null", "/dev/null", "/dev/null"]' >"$top/image/descriptors.json"
}

teardown() {
	runtime delete -f one 3>&-
	end_test
}

# SENTENCE-PART COMMAND...: fails with one line; the container runs, and beside it there is nothing.
refused() {
	local part=$1
	shift
	run "$@"
	[ "$status" = 1 ]
	[[ "$output" == "planet-runtime: "*"$part"* ]]
	[ "${#lines[@]}" = 1 ]
	[ "$(runtime state one | jq -r .status)" = running ]
	[ "$(ls "$top/runtime")" = one ]
	[ "$(ls "$top/image")" = descriptors.json ]
}

# With an empty file where the host may have criu, wherever that is.
without_criu() {
	unshare -m bash -c 'for f in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
		[ ! -e $f/criu ] || mount --bind /dev/null $f/criu || exit 9; done; exec "$@"' sh "$@"
}

# One that is there and fails, as Debian's does on Linux 6.18.
with_useless_criu() {
	printf '#!/bin/sh\necho "Error (criu/vdso.c:381): vdso: Unexpected" >&2\nexit 1\n' >"$top/criu"
	chmod 755 "$top/criu"
	unshare -m bash -c 'mount -t tmpfs none /usr/local/sbin
		cp "$0" /usr/local/sbin/criu; exec "$@"' "$top/criu" "$@"
}

@test "checkpoint: without criu" {
	refused "install the package criu" without_criu "$RUNTIME_BIN" --root "$top/runtime" checkpoint --image-path "$top/image" one
	refused "install the package criu" without_criu "$RUNTIME_BIN" --root "$top/runtime" \
		restore -d -b "$top/bundle" --image-path "$top/image" two
	[ "$(without_criu "$RUNTIME_BIN" features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" = false ]
}

@test "checkpoint: with a criu that does not work on this kernel" {
	local part="/usr/local/sbin/criu does not work on this kernel, so nothing can be checkpointed or restored here; criu check says: Error (criu/vdso.c:381): vdso: Unexpected"
	refused "$part" with_useless_criu "$RUNTIME_BIN" --root "$top/runtime" checkpoint --image-path "$top/image" one
	refused "$part" with_useless_criu "$RUNTIME_BIN" --root "$top/runtime" \
		restore -d -b "$top/bundle" --image-path "$top/image" two
}

@test "checkpoint: what is not supported is refused by name" {
	refused "--lazy-pages" runtime checkpoint --lazy-pages --image-path "$top/image" one
	refused "--page-server" runtime checkpoint --page-server 127.0.0.1:27 --image-path "$top/image" one
	refused '--parent-path "/pre": expected a path relative to --image-path' \
		runtime checkpoint --parent-path /pre --image-path "$top/image" one
	refused '--empty-ns "user": expected network' runtime checkpoint --empty-ns user --image-path "$top/image" one
	refused '--manage-cgroups-mode "some": expected soft' runtime checkpoint --manage-cgroups-mode some --image-path "$top/image" one
	refused "--no-pivot" runtime restore --no-pivot -d -b "$top/bundle" --image-path "$top/image" two
	refused '"three" does not exist' runtime checkpoint --image-path "$top/image" three
}

@test "checkpoint: the usual state directory, and a relative one" {
	refused "install the package criu" without_criu "$RUNTIME_BIN" restore -d -b "$top/bundle" --image-path "$top/image" two
	refused '"two" does not exist' "$RUNTIME_BIN" checkpoint --image-path "$top/image" two
	cd "$top"
	refused "install the package criu" without_criu "$RUNTIME_BIN" --root runtime checkpoint --image-path image one
}
