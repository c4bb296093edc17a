#!/bin/bash
# layouts: v2
# A full disk, as the store and as the place of running state: one sentence, nothing left, and the next run works.
set -u
. /job/lib.bash
export root=/disk/root

# full STEP STATUS COMMAND...: what the command says when there is no space
full() {
	local step=$1 status=$2 out got
	shift 2
	out=$("$@" 2>&1 >/dev/null)
	got=$?
	check "$step: status" "$status" "$got"
	check "$step: one line" 1 "$(echo "$out" | wc -l)"
	contains "$step: the reason" "No space left on device" "$out"
}

# A store on a disk of 24 MiB, first without room for anything, then filled to the last page. (Here tmpfs has no
# id-mapped mounts, so the containers have the host's users.)
mkdir /disk
mount -t tmpfs -o size=24m tmpfs /disk
head -c 30M /dev/zero >/disk/filler 2>/dev/null
full "the first run" 125 planet run --rm --userns host busybox true
full "load" 1 planet load -i /job/small-oci.tar
rm /disk/filler
check "with space it runs" well "$(planet run --rm --userns host busybox echo well)"
planet run -d --userns host --name kept busybox sh -c 'echo said; sleep 1000' >/dev/null
head -c 30M /dev/zero >/disk/filler 2>/dev/null
full "run" 125 planet run --rm --userns host busybox true
full "run in the background" 125 planet run -d --userns host busybox true
full "load" 1 planet load -i /job/small-docker.tar
contains "what runs is listed" "Up" "$(planet ps)"
check "and can be entered" well "$(planet exec kept echo well)"
planet stop -t 0 kept >/dev/null 2>&1
planet rm -f kept >/dev/null
check "and is removed" "" "$(planet ps -aq)"
rm /disk/filler
check "with space it runs again" well "$(planet run --rm --userns host busybox echo well)"
contains "and loads" "Loaded image" "$(planet load -i /job/small-docker.tar)"
check "no staging is left" "" "$(ls /disk/root/staging)"

# Nowhere to write what runs. (Its directory is where nothing_left looks, too.)
mkdir -p /run/planet-test
mount -t tmpfs -o size=64k tmpfs /run/planet-test
check "a small run root runs" well "$(planet run --rm --userns host busybox echo well)"
head -c 100k /dev/zero >/run/planet-test/filler 2>/dev/null
full "no run root: run" 125 planet run --rm --userns host busybox true
full "no run root: in the background" 125 planet run -d --userns host --name gone busybox sleep 1000
check "nothing runs" "" "$(planet ps -aq; find /sys/fs/cgroup -path '*/planet/*' -type d)"
rm /run/planet-test/filler
check "with space it runs" well "$(planet run --rm --userns host --name gone busybox echo well)"
umount /run/planet-test
check "nothing in the store" "" "$(find /disk/root/containers /disk/root/names /disk/root/ranges -mindepth 1)"
umount /disk
unset root
planet run --rm busybox true
finish
