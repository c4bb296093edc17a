#!/bin/bash
# layouts: v2 hybrid v1
# planet-runtime checkpoint and restore with the machine's criu. Runs inside the machine, in /job.
set -u
. /job/lib.bash
uname -r
top=/tmp/checkpoint
state=$top/state
mkdir -p $top/data $top/other

runtime() { /job/planet-runtime --root $state "$@"; }
status_of() { runtime state "$1" 2>/dev/null | jq -r .status; }
becomes() { # ID STATUS
	for _ in $(seq 100); do [ "$(status_of "$1")" != "$2" ] || return 0; sleep 0.1; done
	return 1
}
pid_of() { runtime state "$1" | jq .pid; }

bundle() { # NAME [JQ-FILTER]
	mkdir -p "$top/$1/rootfs/bin"
	cp /bin/busybox "$top/$1/rootfs/bin/busybox"
	ln -sf busybox "$top/$1/rootfs/bin/sh"
	rm -f "$top/$1/config.json"
	runtime spec -b "$top/$1"
	jq '.process.terminal = false | .root.readonly = false | .process.args = ["sh", "-c",
		"i=0; while :; do i=$((i+1)); echo $i >/count.new; busybox mv /count.new /count; echo $i; busybox sleep 0.1; done"]' \
		"$top/$1/config.json" | jq "${2:-.}" >"$top/new.json"
	mv "$top/new.json" "$top/$1/config.json"
}

# What a container could leave behind, one line each.
left() {
	grep -v -e /job -e /run/ /proc/self/mountinfo
	find /sys/fs/cgroup -type d -path '*/planet/*'
	ls $state 2>/dev/null
	pgrep -x criu
}

nothing_is_left() { # NAME
	check "$1: nothing left" "" "$(diff <(echo "$nothing") <(left))"
}

# counts FILE: it is there and goes on counting
counts() {
	local before
	before=$(cat "$1")
	for _ in $(seq 50); do [ "$(cat "$1")" -le "$before" ] || return 0; sleep 0.1; done
	return 1
}

# The mounts of a container, without what differs from start to start.
mounts_of() { awk '{ n = 0; for (i = 7; i <= NF; i++) if ($i == "-") n = i; print $5, $6, $(n + 1) }' "/proc/$1/mountinfo" | sort; }

expect_refusal() { # NAME PART COMMAND...
	local name=$1 part=$2 out
	shift 2
	out=$("$@" 2>&1)
	check "$name: fails" 1 $?
	contains "$name: says why" "$part" "$out"
	check "$name: in one line" 1 "$(echo "$out" | wc -l)"
}

# Saved, gone, restored, goes on counting.
round_trip() { # BUNDLE
	echo "== $1"
	local bundle=$top/$1 before mounts
	runtime run -d -b "$bundle" one </dev/null >/dev/null 2>&1
	wait_until test -s "$bundle/rootfs/count"
	mounts=$(mounts_of "$(pid_of one)")
	runtime checkpoint --image-path "$top/$1-image" --work-path "$top/$1-work" one || tail -n 30 "$top/$1-work/dump.log"
	check "checkpointed: gone" "" "$(status_of one)"
	nothing_is_left "checkpointed"
	before=$(cat "$bundle/rootfs/count")
	sleep 0.5
	check "checkpointed: stands still" "$before" "$(cat "$bundle/rootfs/count")"
	runtime restore -d -b "$bundle" --image-path "$top/$1-image" --work-path "$top/$1-work" --pid-file $top/pid one \
		</dev/null >/dev/null 2>&1 || grep Error "$top/$1-work/restore.log"
	check "restored: running" running "$(status_of one)"
	[ "$(status_of one)" = running ] || return
	check "restored: pid file" "$(pid_of one)" "$(cat $top/pid)"
	check "restored: counts on" yes "$(counts "$bundle/rootfs/count" && [ "$(cat "$bundle/rootfs/count")" -gt "$before" ] && echo yes)"
	check "restored: no new start" no "$([ "$(cat "$bundle/rootfs/count")" -lt 5 ] && echo yes || echo no)"
	check "restored: the same mounts" "$mounts" "$(mounts_of "$(pid_of one)")"
	contains "restored: its group" /planet/one "$(cat "/proc/$(pid_of one)/cgroup")"
	check "restored: exec" inside "$(runtime exec one sh -c 'echo inside')"
	runtime kill one KILL
	check "killed" yes "$(becomes one stopped && echo yes)"
	runtime delete one
	nothing_is_left "deleted"
}

nothing=$(left)
bundle plain
round_trip plain
bundle readonly '.root.readonly = true | .process.args[2] |= gsub("/count"; "/data/count")
	| .mounts += [{destination: "/data", type: "bind", source: "'$top'/readonly/rootfs", options: ["bind", "rw"]}]'
round_trip readonly
bundle binds '.mounts += [{destination: "/a", type: "bind", source: "'$top'/data", options: ["rbind", "ro"]},
	{destination: "/b", type: "bind", source: "'$top'/data", options: ["rbind", "ro"]},
	{destination: "/c", type: "bind", source: "'$top'/data", options: ["rbind", "rw", "nosuid", "noexec"]},
	{destination: "/hosts", type: "bind", source: "/etc/hosts", options: ["bind", "ro"]}]'
round_trip binds
echo "== streams"
runtime run -d -b $top/plain one </dev/null 2>&1 | cat >$top/out1 &
becomes one running
wait_until test -s $top/out1
runtime checkpoint --image-path $top/streams-image one
runtime restore -d -b $top/plain --image-path $top/streams-image one </dev/null 2>&1 | cat >$top/out2 &
becomes one running
wait_until test -s $top/out2
runtime delete -f one
check "the streams go on" $(($(tail -n 1 $top/out1) + 1)) "$(head -n 1 $top/out2)"

echo "== others"
runtime run -d -b $top/plain one </dev/null >/dev/null 2>&1
sleep 0.5
runtime checkpoint --leave-running --image-path $top/running one
check "left running" running "$(status_of one)"
check "left running: counts on" yes "$(counts $top/plain/rootfs/count && echo yes)"
runtime pause one
runtime checkpoint --leave-running --image-path $top/paused one
check "paused: stays" paused "$(status_of one)"
runtime resume one
check "paused: counts on" yes "$(counts $top/plain/rootfs/count && echo yes)"
cp -r $top/plain $top/copy 2>/dev/null # a file comes and goes
runtime restore -d -b $top/copy --image-path $top/running two </dev/null >/dev/null 2>&1
check "another id: running" running "$(status_of two)"
check "another id: counts" yes "$(counts $top/copy/rootfs/count && echo yes)"
contains "another id: its group" /planet/two "$(cat "/proc/$(pid_of two)/cgroup")"
check "another id: the first, too" yes "$(counts $top/plain/rootfs/count && echo yes)"
runtime delete -f two
runtime checkpoint --pre-dump --image-path $top/pre one
check "pre-dump: running" running "$(status_of one)"
runtime checkpoint --image-path $top/final --parent-path ../pre one
check "after the pre-dump: gone" "" "$(status_of one)"
timeout 60 /job/planet-runtime --root $state restore -b $top/plain --image-path $top/final one </dev/null >/dev/null 2>&1 &
check "restored from both: running" yes "$(becomes one running && echo yes)"
check "restored from both: counts" yes "$(counts $top/plain/rootfs/count && echo yes)"
runtime kill one KILL
wait $!
check "restore waits for the end" 137 $?
nothing_is_left "others"

echo "== refused"
expect_refusal "no image" "--image-path" runtime restore -d -b $top/plain --image-path $top/none one
expect_refusal "no checkpoint" "is no checkpoint" runtime restore -d -b $top/plain --image-path $top/other one
cp -r $top/plain-image $top/broken
head -c 100 /dev/urandom >$top/broken/core-1.img
expect_refusal "a broken image" "its log is $top/broken/restore.log" runtime restore -d -b $top/plain --image-path $top/broken one
cp -r $top/plain-image $top/cut
truncate -s 10 $top/cut/pstree.img
expect_refusal "an image that is cut" "its log is" runtime restore -d -b $top/plain --image-path $top/cut one
cp -r $top/plain-image $top/rubbish
echo '{"a": [' >$top/rubbish/descriptors.json
expect_refusal "rubbish for streams" "descriptors.json" runtime restore -d -b $top/plain --image-path $top/rubbish one
nothing_is_left "refused"
bundle users '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
	| .linux.gidMappings = .linux.uidMappings'
chown -R 100000:100000 $top/users/rootfs
runtime run -d -b $top/users one </dev/null >/dev/null 2>&1
expect_refusal "private users" "could not be restored" runtime checkpoint --image-path $top/never one
check "private users: running" running "$(status_of one)"
runtime delete -f one
expect_refusal "private users" "cannot be restored" runtime restore -d -b $top/users --image-path $top/plain-image one
bundle terminal '.process.terminal = true'
expect_refusal "a terminal" "cannot be restored" runtime restore -d -b $top/terminal --image-path $top/plain-image one
bundle hooked '.hooks.createRuntime = [{path: "/bin/true"}]'
expect_refusal "hooks" "hooks.createRuntime" runtime restore -d -b $top/hooked --image-path $top/plain-image one
runtime create -b $top/plain one </dev/null >/dev/null 2>&1
expect_refusal "created" "which is created" runtime checkpoint --image-path $top/never one
expect_refusal "an id that is taken" "exists already" runtime restore -d -b $top/plain --image-path $top/plain-image one
runtime start one
expect_refusal "a mode of no meaning" "expected soft, full" runtime checkpoint --manage-cgroups-mode some --image-path $top/never one
check "refused: nothing made" "" "$(ls $top/never 2>/dev/null)"
mv /usr/sbin/criu /usr/sbin/criu.away
expect_refusal "no criu" "install the package criu" runtime checkpoint --image-path $top/never one
mv /usr/sbin/criu.away /usr/sbin/criu
check "refused: running" running "$(status_of one)"
runtime delete -f one
nothing_is_left "end"
finish
