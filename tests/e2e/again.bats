#!/usr/bin/env bats
# create, start, restart, wait, rename: a container that is started again and again.
load helper

state_of() { planet ps -a --format json | jq -r "select(.Names == \"$1\") | .Status"; }
until_ended() { for _ in $(seq 100); do [[ "$(state_of "$1")" != Exited* ]] || return 0; sleep 0.05; done; return 1; }

@test "created, started, and started again: its files, its log and its users stay" {
	id=$(planet create --name again busybox sh -c 'echo run >>/runs; wc -l </runs; stat -c %u /runs; exit 3')
	[ ${#id} = 64 ]
	[ "$(state_of again)" = Created ]
	[ -z "$(planet ps -q)" ]
	[ -f "$root/containers/$id/config.json" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$id")" ]
	run planet exec again true
	[ "$status" = 1 ]
	[[ "$output" == *"container again is not running"* ]]
	[ "$(planet start again)" = again ]
	[ "$(planet wait again)" = 3 ]
	[[ "$(state_of again)" == "Exited (3)"* ]]
	range=$(ls "$root/ranges")
	run planet start -a again
	[ "$status" = 3 ]
	[ "$output" = $'2\n0' ]
	[ "$(ls "$root/ranges")" = "$range" ]
	[ "$(planet logs again)" = $'1\n0\n2\n0' ]
	planet start "${id:0:8}" >/dev/null
	[ "$(planet wait again)" = 3 ]
	[ "$(planet logs -n 2 again)" = $'3\n0' ]
	planet rm again
}

@test "a container of run without --rm can be started again; start of a running one is fine" {
	planet run --name first busybox sh -c 'echo "$@"; cat' sh a 'b c' </dev/null
	[ "$(planet start -a first)" = "a b c" ]
	[ "$(echo typed | planet start -ai first)" = "a b c" ]
	planet rm first
	planet run -i --name cat busybox cat <<<one
	[ "$(planet start -ai cat <<<two)" = two ]
	[ "$(planet logs cat)" = $'one\ntwo' ]
	id=$(planet run -d --name up busybox sleep 1000)
	pid=$(jq .pid "$runroot/containers/$id")
	[ "$(planet start up)" = up ]
	[ "$(jq .pid "$runroot/containers/$id")" = "$pid" ]
	planet rm -f up
}

@test "any bytes in arguments and environment survive to the next start" {
	planet create --name odd -e X=$'\xff\xfe' busybox sh -c 'printf %s%s "$X" "$1" | od -An -tx1' sh $'\xfd"\n\x01' >/dev/null
	[ "$(planet start -a odd)" = " ff fe fd 22 0a 01" ]
	[ "$(planet start -a odd)" = " ff fe fd 22 0a 01" ]
}

@test "what limits it and what it may holds for the next start, too" {
	mkdir "$top/shown"
	touch "$top/shown/file"
	profile=$top/profile.json
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >"$profile"
	planet create --name tight --memory 64m --pids-limit 77 --cap-drop ALL --hostname here --user 65534 -w /tmp --read-only --tmpfs /scratch \
		-v "$top/shown:/host:ro" --security-opt seccomp="$profile" busybox sh -c \
		'hostname; id -u; pwd; grep CapBnd /proc/self/status; mkdir /scratch/x 2>&1; touch /y 2>&1; ls /host/file' >/dev/null
	first=$(planet start -a tight)
	[[ "$first" == *here*65534*/tmp*"CapBnd:"*0000000000000000*"Operation not permitted"*"Read-only file system"*/host/file* ]]
	[ "$(planet start -a tight)" = "$first" ]
}

@test "a start that fails leaves a container at rest that says so, and the next command works" {
	planet create --name wrong busybox /no-such >/dev/null
	run planet start wrong
	[ "$status" = 1 ]
	[[ "$output" == *"no such file or directory"* ]]
	[ "$(state_of wrong)" = Created ]
	[ "$(planet wait wrong)" = 127 ]
	run planet start -a wrong
	[ "$status" = 1 ]
	planet rm wrong
	run planet start wrong
	[ "$status" = 1 ]
	[[ "$output" == *"no such container: wrong"* ]]
	run planet start
	[ "$status" = 1 ]
	run planet start -a one two
	[ "$status" = 1 ]
	[[ "$output" == *"multiple containers at once"* ]]
}

@test "the image is removed before the next start" {
	id=$(planet create --name lost busybox true)
	mv "$root/layers" "$root/elsewhere"
	mkdir "$root/layers"
	run planet start lost
	[ "$status" = 1 ]
	[[ "$output" == *"has been removed; load it again" ]]
	[ "$(state_of lost)" = Created ]
	rmdir "$root/layers"
	mv "$root/elsewhere" "$root/layers"
	planet start lost
	[ "$(planet wait lost)" = 0 ]
	printf '{' >"$root/containers/$id/config.json"
	run planet start lost
	[ "$status" = 1 ]
	[[ "$output" == *"read config.json"* ]]
	[[ "$(state_of lost)" == "Exited (0)"* ]]
}

@test "restart stops and starts" {
	planet run -d --name web busybox sh -c 'echo began; trap "echo ends; exit" TERM; while :; do sleep 0.05; done'
	for _ in $(seq 50); do [ -z "$(planet logs web)" ] || break; sleep 0.05; done
	[ "$(planet restart web)" = web ]
	[[ "$(state_of web)" == Up* ]]
	for _ in $(seq 50); do [ "$(planet logs web | wc -l)" != 2 ] || sleep 0.05; done
	[ "$(planet logs web)" = $'began\nends\nbegan' ]
	planet stop web
	planet restart -t 1 web
	[[ "$(state_of web)" == Up* ]]
	planet rm -f web
	run planet restart web
	[ "$status" = 1 ]
}

@test "restart of one that has --rm: what it has written is there, and goes with it" {
	planet create --rm --name box busybox sh -c 'echo began; trap exit TERM; while :; do sleep 0.05; done' >/dev/null
	planet start box
	planet exec box touch /made
	[[ "$(planet exec box grep ' / ' /proc/mounts)" == *volatile* ]]
	[ "$(planet restart box)" = box ]
	[[ "$(state_of box)" == Up* ]]
	planet exec box test -e /made
	for _ in $(seq 50); do [ "$(planet logs box)" != began ] || sleep 0.05; done
	[ "$(planet logs box)" = $'began\nbegan' ]
	planet stop box
	[ -z "$(planet ps -aq)" ]
	planet run --name kept busybox true
	planet start kept
	planet run --rm busybox true
	wait_for_tidiers
	[ "$(ls "$root/containers" | wc -l)" = 1 ]
}

@test "wait for several, also for one that has --rm, and one that is killed" {
	planet run -d --rm --name short busybox sh -c 'sleep 0.5; exit 4'
	planet run -d --name killed busybox sleep 1000
	(sleep 0.7; planet kill killed >/dev/null) 3>&- &
	run planet wait killed
	[ "$output" = 137 ]
	run planet wait nothing
	[ "$status" = 1 ]
	wait
}

@test "rename" {
	planet run -d --name old busybox sleep 1000
	planet run -d --name other busybox sleep 1000
	run planet rename old other
	[ "$status" = 1 ]
	[[ "$output" == *'"other" is already in use'* ]]
	run planet rename old 'b/d'
	[ "$status" = 1 ]
	run planet rename old old
	[ "$status" = 1 ]
	planet rename old new
	[[ "$(state_of new)" == Up* ]]
	[ "$(planet exec new echo hi)" = hi ]
	run planet exec old true
	[ "$status" = 1 ]
	planet run --rm --name old busybox true
	planet rm -f new other
	planet run -d --rm --name temp busybox sleep 1000
	planet rename temp renamed
	planet stop -t 0 renamed
	planet run --rm --name renamed busybox true
	planet run --rm --name temp busybox true
}

@test "--cidfile: made once, gone with a failed start" {
	planet run --rm --cidfile "$top/cid" busybox true
	[ "$(wc -c <"$top/cid")" = 64 ]
	run planet run --rm --cidfile "$top/cid" busybox true
	[ "$status" = 125 ]
	[[ "$output" == *"--cidfile"*"exists"* ]]
	run planet run --rm --cidfile "$top/none/cid" busybox true
	[ "$status" = 125 ]
	ln -s "$top/planted" "$top/link"
	run planet run --rm --cidfile "$top/link" busybox true
	[ "$status" = 125 ]
	[ ! -e "$top/planted" ]
}

@test "create and its bad ways" {
	run planet create
	[ "$status" = 1 ]
	[[ "$output" == *"create needs an image"* ]]
	run planet create --gpus all busybox true
	[ "$status" = 125 ]
	[[ "$output" == *"--gpus"*"--device"* ]]
	for policy in sometimes always:3 on-failure:-1 on-failure:x ""; do
		run planet create --restart "$policy" busybox true
		[ "$status" = 125 ]
		[[ "$output" == *--restart* ]]
	done
	run planet create --rm --restart always busybox true
	[ "$status" = 125 ]
	run planet create --pull never no-such-image true
	[ "$status" = 1 ]
	run planet create -d busybox true
	[ "$status" = 125 ]
	planet create --rm --name gone busybox true >/dev/null
	[ "$(state_of gone)" = Created ]
	planet start -a gone
	[ -z "$(planet ps -aq)" ]
}

@test "of many starts at once one starts it, and start and rm -f at once leave it whole or gone" {
	planet create --name race busybox sleep 1000 >/dev/null
	for _ in $(seq 12); do planet start race >/dev/null 3>&- & done
	wait
	[ "$(pgrep -fc "^planet: keeper of $(planet ps -q) *$")" = 1 ]
	planet rm -f race
	for _ in $(seq 15); do
		planet create --name race busybox sleep 1000 >/dev/null
		planet start race >/dev/null 2>&1 3>&- &
		planet rm -f race >/dev/null 3>&-
		wait
		[ -z "$(planet ps -aq)" ] || planet rm -f race >/dev/null
	done
}

@test "one whose keeper was killed is started again" {
	id=$(planet run -d --name left busybox sleep 1000)
	kill -9 "$(jq .keeper "$runroot/containers/$id")"
	for _ in $(seq 100); do [ -n "$(planet ps -q)" ] || break; sleep 0.05; done
	planet start left
	[ "$(planet ps --format '{{.Names}}')" = left ]
	planet rm -f left
}
