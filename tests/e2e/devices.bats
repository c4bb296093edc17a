#!/usr/bin/env bats
# --device and --cgroup-parent.
load helper
bats_require_minimum_version 1.5.0

parent=planet-e2e-$$

teardown() {
	find /sys/fs/cgroup -depth -type d -path "*/$parent*" -exec rmdir {} + 2>/dev/null || :
	end_test
}

@test "a device of the host, with either users, owned as on the host" {
	[ -c /dev/fuse ] || skip "no FUSE here"
	for users in auto host; do
		run planet run --rm --userns $users --device /dev/fuse busybox sh -c 'stat -c "%F %u:%g %t:%T" /dev/fuse; : <>/dev/fuse && echo open'
		[ "$output" = $'character special file 0:0 a:e5\nopen' ]
	done
	run planet run --rm --device /dev/fuse:/dev/deep/below/fuse busybox sh -c ': <>/dev/deep/below/fuse && echo open'
	[ "$output" = open ]
	planet run -d --name has --device /dev/fuse busybox sleep 1000
	run planet exec has sh -c ': <>/dev/fuse && echo open'
	[ "$output" = open ]
	planet rm -f has
}

@test "what was not given cannot be used, whoever makes the node" {
	[ -c /dev/fuse ] || skip "no FUSE here"
	open() { planet run --rm --userns host --cap-add MKNOD "$@" busybox sh -c 'mknod /tmp/fuse c 10 229 && : <>/tmp/fuse' 2>&1; }
	run ! open
	[[ "$output" == *"Operation not permitted"* ]]
	open --device /dev/fuse
	run ! open --device /dev/fuse:r
	run ! open --device /dev/null:/dev/fuse
	run planet run --rm --device /dev/fuse:r busybox sh -c ': </dev/fuse && echo reads; : >/dev/fuse'
	[ "$status" != 0 ]
	[[ "$output" == reads*"Operation not permitted"* ]]
}

@test "devices under other names, and in the place of those that every container has" {
	run planet run --rm --device /dev/zero:/dev/many-zeros busybox sh -c 'head -c 2 /dev/many-zeros | od -An -tx1'
	[ "$output" = " 00 00" ]
	run planet run --rm --device /dev/full:/dev/null busybox sh -c 'echo x >/dev/null'
	[[ "$output" == *"No space left on device"* ]]
}

@test "no link leads to a device" {
	ln -s /dev/mem "$top/link"
	mknod "$top/node" c 1 5
	for device in "$top/link" "$top/node" ./link /dev/../dev/zero; do
		run planet run --rm --device "$device" busybox true
		[ "$status" = 125 ]
		[[ "$output" == "planet: --device \"$device\": the device on this machine must be named by its path below /dev" ]]
	done
	run planet run --rm --device /dev/stdin:/dev/x busybox true <"$top/node"
	[ "$status" = 125 ]
	[[ "$output" == *"/dev/stdin:/dev/x\": it leads to $top/node" ]]
	for device in /dev/pts /dev/core; do
		run planet run --rm --device "$device" busybox true
		[ "$status" = 125 ]
		[[ "$output" == *"is neither a character nor a block device"* || "$output" == *"No such file"* ]]
	done
	for device in /dev/zero:/etc/x /dev/zero:/dev/../etc/x /dev/zero:/dev/; do
		run planet run --rm --device "$device" busybox true
		[ "$status" = 125 ]
		[[ "$output" == *"the path in the container must be below /dev" ]]
	done
	run planet run --rm --device /dev/zero:/dev/x:rwx busybox true
	[ "$status" = 125 ]
	[[ "$output" == *"the access is made of r (read), w (write) and m (mknod)" ]]
}

@test "a control group where it was asked for: limits, exec, and gone at the end" {
	group() { find /sys/fs/cgroup -type d -path "*/$parent/one/$1"; }
	id=$(planet run -d --name tenant --cgroup-parent "$parent/one/" -m 20m busybox sleep 1000)
	[ -n "$(group "$id")" ]
	[ "$(cat /sys/fs/cgroup/{memory/,}"$parent/one/$id"/memory.{limit_in_bytes,max} 2>/dev/null)" = 20971520 ]
	[ -z "$(find /sys/fs/cgroup -type d -path "*/planet/$id")" ]
	planet exec tenant true
	planet stop -t 0 tenant
	[ -z "$(group "$id")" ]
	planet rm tenant
	id=$(planet run -d --name tenant --cgroup-parent "/$parent/one" busybox sleep 1000)
	# Killed together, nobody takes it down but rm.
	kill -9 "$(jq .keeper "$runroot/containers/$id")"
	planet rm -f tenant
	[ -z "$(group "$id")" ]
	run -127 planet run --rm --cgroup-parent "$parent/one" busybox no-such
	[ -z "$(find /sys/fs/cgroup -type d -path "*/$parent/one/*")" ]
	for bad in '' / ../x /a/../b; do
		run planet run --rm --cgroup-parent "$bad" busybox true
		[ "$status" = 125 ]
		[ "$output" = "planet: --cgroup-parent \"$bad\": expected a path such as /tenants/one" ]
	done
}
