#!/usr/bin/env bats
# Where a container, or what it was to have, cannot have users of its own: said, told by `info`, refused.
load helper

teardown() {
	umount "$top/fuse" 2>/dev/null || :
	end_test
}

# A file system without id-mapped mounts: FUSE, as bindfs does it.
make_fuse() { # DIR: shown at $top/fuse
	mkdir "$top/fuse"
	bindfs "$1" "$top/fuse" || skip "no FUSE here"
}

@test "a root or a volume that cannot be id-mapped is refused, and works with the host's users" {
	mkdir -p "$top/rootfs/bin" "$top/rootfs/proc"
	cp /bin/busybox "$top/rootfs/bin/"
	make_fuse "$top/rootfs"
	for where in "--rootfs $top/fuse" "-v $top/fuse:/x busybox"; do
		for users in "" "--userns auto"; do
			# shellcheck disable=SC2086
			run planet run --rm $users $where /bin/busybox true
			[ "$status" = 125 ]
			[ "${#lines[@]}" = 1 ]
			[[ "$output" == "planet: "*"\"$top/fuse\" cannot be shown to the container's users: "*"no id-mapped mounts"*"; with the host's users (--userns host) it can" ]]
		done
		# shellcheck disable=SC2086
		run planet run --rm --userns host $where /bin/busybox cat /proc/self/uid_map
		[[ "$output" =~ ^\ +0\ +0\ +4294967295$ ]]
	done
}

@test "what is in /dev belongs to the container's root" {
	for device in "" "--device /dev/zero:/dev/a/b/zero"; do
		# shellcheck disable=SC2086
		run planet run --rm $device busybox find /dev ! -user 0 -o ! -group 0 ! -path /dev/tty
		[ "$status" = 0 ]
		[ "$output" = "" ]
	done
	run planet run --rm busybox stat -c '%n %u:%g' /dev/fd /dev/ptmx /dev/mqueue /dev/shm /dev/pts
	[ "$output" = $'/dev/fd 0:0\n/dev/ptmx 0:0\n/dev/mqueue 0:0\n/dev/shm 0:0\n/dev/pts 0:0' ]
}

@test "info says whether, and why not" {
	[[ "$(planet info)" =~ "Private users:  yes, by default" ]]
	mkdir "$top/store"
	make_fuse "$top/store"
	run "$PLANET_BIN" --root "$top/fuse/root" --runroot "$runroot" info
	[[ "$output" =~ "Private users:  no: id-map layer $top/fuse/root/staging/"[0-9a-f]*"/lower: the file system or the kernel has no id-mapped mounts" ]]
	[ -z "$(ls "$top/store/root/staging")" ]
	[ "$("$PLANET_BIN" --root "$top/fuse/root" --runroot "$runroot" info --format json | jq .PrivateUsers)" = false ]
	# overlayfs cannot write there, with whatever users: one sentence, and where to go.
	run "$PLANET_BIN" --root "$top/fuse/root" --runroot "$runroot" run --rm --userns host busybox true
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"keep the store on a file system such as ext4, xfs or btrfs"* ]]
	[ -z "$(ls "$top/store/root/containers")" ]
}

@test "another reason is no reason for the host's users" {
	run planet run --rm --rootfs /none true
	[ "${#lines[@]}" = 1 ]
	run planet run --rm --sysctl net.bogus=1 busybox true
	[ "${#lines[@]}" = 1 ]
	[[ "$output" != *"private users"* ]]
}
