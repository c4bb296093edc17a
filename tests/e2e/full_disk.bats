#!/usr/bin/env bats
# A full disk, as the store and as the place of running state: one sentence, nothing left, and the next run works.
load helper

teardown() {
	rm -f "$top/disk/filler"
	local id
	for id in $(planet ps -aq 2>/dev/null); do planet rm -f "$id" >/dev/null 2>&1; done
	planet network prune -f
	umount "$top/disk" || :
	root=$top/root runroot=$top/run
	end_test
}

small_disk() { # SIZE
	mkdir -p "$top/disk"
	mount -t tmpfs -o "size=$1" tmpfs "$top/disk"
}

fill() { head -c 100M /dev/zero >"$top/disk/filler" 2>/dev/null || :; }

# full STATUS ARGS...: what the command says when there is no space
full() {
	local want=$1
	shift
	run planet "$@"
	[ "$status" = "$want" ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"No space left on device"* ]]
}

@test "a full store: run says so, what runs can be used and removed, and then all works" {
	small_disk 24m
	root=$top/disk/root
	fill
	full 125 run --rm busybox true
	rm "$top/disk/filler"
	planet run -d --name kept busybox sh -c 'echo said; sleep 1000'
	fill
	full 125 run --rm busybox true
	full 125 run -d busybox true
	[[ "$(planet ps)" == *Up*kept* ]]
	[ "$(planet exec kept echo well)" = well ]
	planet stop -t 0 kept || :
	planet rm -f kept
	[ -z "$(find "$root/containers" "$root/names" "$root/ranges" -mindepth 1)" ]
	rm "$top/disk/filler"
	[ "$(planet run --rm busybox echo well)" = well ]
}

@test "a full run root: the container does not start, and is not left" {
	small_disk 64k
	runroot=$top/disk
	[ "$(planet run --rm busybox echo well)" = well ]
	fill
	full 125 run --rm busybox true
	full 125 run -d --name gone busybox sleep 1000
	[ -z "$(planet ps -aq)" ]
	rm "$top/disk/filler"
	[ "$(planet run --rm --name gone busybox echo well)" = well ]
}
