#!/usr/bin/env bats
# attach, detach keys, pause, restart policies: what a keeper does for others.
load helper

state_of() { planet ps -a --format json | jq -r "select(.Names == \"$1\") | .Status"; }
keeper_of() { jq .keeper "$runroot/containers/$1"; }
until_true() { for _ in $(seq 100); do ! "$@" || return 0; sleep 0.05; done; return 1; }
shows() { [[ "$(state_of "$1")" == $2 ]]; }
holds() { grep -q "$2" "$1" 2>/dev/null; }
on_terminal() { # SCENARIO ARGS...: planet under a pseudoterminal
	local scenario=$1
	shift
	timeout 60 python3 "$BATS_TEST_DIRNAME/pty_session.py" "$scenario" "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"
}

@test "several clients see the same output, one types, and all end as it ends" {
	planet run -di --name talk busybox sh -c 'while read -r line; do echo "got $line"; [ "$line" != end ] || exit 6; done'
	planet attach --no-stdin talk >"$top/one" 3>&- &
	one=$!
	planet attach --no-stdin talk >"$top/two" 3>&- &
	sleep 0.5
	run planet attach talk <<<$'hello\nend'
	[ "$status" = 6 ]
	[ "$output" = $'got hello\ngot end' ]
	run wait $one
	[ "$(cat "$top/one")" = $'got hello\ngot end' ]
	wait
	[ "$(cat "$top/two")" = $'got hello\ngot end' ]
	[ "$(planet logs talk)" = $'got hello\ngot end' ]
}

@test "the end of a client's input is not that of a detached container, and a client that is killed is forgotten" {
	planet run -di --name stay busybox sh -c 'while read -r line; do echo "got $line"; done; echo over'
	timeout -s KILL 1 "$PLANET_BIN" --root "$root" --runroot "$runroot" attach stay <<<one >"$top/one" || :
	[ "$(cat "$top/one")" = "got one" ]
	shows stay 'Up*'
	timeout -s TERM 1 "$PLANET_BIN" --root "$root" --runroot "$runroot" attach --sig-proxy=false stay <<<two >"$top/two" || :
	[ "$(cat "$top/two")" = "got two" ]
	shows stay 'Up*'
	planet stop -t 0 stay
}

@test "a foreground container can be attached, too" {
	planet run --name front busybox sh -c 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.3; done' >"$top/front" 3>&- &
	until_true holds "$top/front" 2
	run planet attach --no-stdin front
	[ "$status" = 0 ]
	[[ "$output" == *$'7\n8' ]]
	wait
	[ "$(wc -l <"$top/front")" = 8 ]
}

@test "a client that takes nothing holds up the container for a moment only" {
	planet run -d --name fast busybox sh -c 'i=0; while [ $i -lt 400 ]; do i=$((i+1)); head -c 4096 /dev/zero | tr "\0" x; done; echo done >&2; sleep 1000'
	mkfifo "$top/slow"
	(exec 9<>"$top/slow"; planet attach --no-stdin fast >&9 2>/dev/null & echo $! >"$top/pid"; wait) 3>&- &
	until_true eval 'planet logs fast 2>&1 >/dev/null | grep -q done'
	kill "$(cat "$top/pid")"
	planet rm -f fast
	wait
}

@test "a terminal is left by its keys and taken again" {
	on_terminal detach_and_attach run -it --name shell busybox sh
	on_terminal other_keys:ctrl-a,x run -it --name keys --detach-keys ctrl-a,x busybox sh
	planet rm -f shell keys
}

@test "attach and its bad ways" {
	run planet attach nothing
	[ "$status" = 1 ]
	planet run --name ended busybox true
	run planet attach ended
	[ "$status" = 1 ]
	[[ "$output" == *"is not running; start it first" ]]
	planet run -dit --name tty busybox sh
	run planet attach tty </dev/null
	[ "$status" = 1 ]
	[[ "$output" == *"--no-stdin"* ]]
	run planet attach --detach-keys ctrl-1 tty
	[ "$status" = 1 ]
	[ "$(stat -c %a "$runroot"/keepers/*)" = 600 ]
	planet rm -f tty
}

@test "pause and unpause" {
	planet run -d --name ice busybox sh -c 'while :; do date +%s%N >/now; done'
	planet pause ice
	shows ice 'Up*Paused*'
	run planet exec ice cat /now
	[ "$status" = 1 ]
	[[ "$output" == *"is paused"* ]]
	run planet pause ice
	[ "$status" = 1 ]
	[[ "$output" == *"already paused" ]]
	cgroup=$(find /sys/fs/cgroup -path "*/planet/$(planet ps -q --no-trunc)/cgroup.procs" | head -n 1)
	before=$(cat "/proc/$(head -n 1 "$cgroup")/stat")
	sleep 0.3
	[ "$(cat "/proc/$(head -n 1 "$cgroup")/stat")" = "$before" ]
	planet unpause ice
	shows ice 'Up*'
	planet exec ice cat /now
	run planet unpause ice
	[ "$status" = 1 ]
	[[ "$output" == *"is not paused" ]]
	planet pause ice
	planet stop -t 1 ice
	shows ice 'Exited*'
	planet start ice
	planet pause ice
	planet rm -f ice
	run planet pause nothing
	[ "$status" = 1 ]
}

@test "restart policies" {
	planet run -d --name fails --restart on-failure:2 busybox sh -c 'echo run; exit 7'
	planet run -d --name good --restart on-failure busybox sh -c 'echo run'
	planet run -d --name ever --restart always busybox sh -c 'echo run; sleep 0.1'
	planet run -d --name no busybox sh -c 'echo run; exit 1'
	[ "$(planet wait fails)" = 7 ]
	[ "$(planet logs fails)" = $'run\nrun\nrun' ]
	[ "$(planet logs good)" = run ]
	[ "$(planet logs no)" = run ]
	until_true eval '[ "$(planet logs ever | wc -l)" -ge 3 ]'
	planet stop -t 1 ever
	shows ever 'Exited*'
	count=$(planet logs ever | wc -l)
	sleep 1
	[ "$(planet logs ever | wc -l)" = "$count" ]
	planet start ever
	until_true eval '[ "$(planet logs ever | wc -l)" -ge $((count + 2)) ]'
	planet kill ever || planet stop -t 0 ever
	until_true shows ever 'Exited*'
	planet start ever
	until_true shows ever 'Restarting*'
	planet rm -f ever fails good no
}

@test "the keeper is killed between two runs: the container is at rest, and nothing is left" {
	id=$(planet run -d --name loop --restart always busybox sh -c 'exit 1')
	until_true shows loop 'Restarting*'
	kill -9 "$(keeper_of "$id")"
	until_true shows loop 'Exited*'
	[ "$(planet start loop)" = loop ]
	until_true shows loop 'Restarting*'
	planet stop loop
	shows loop 'Exited (1)*'
	planet rm loop
}

@test "-a: only these streams" {
	both='echo out; echo err >&2'
	[ "$(planet run --rm -a stdout busybox sh -c "$both" 2>&1)" = out ]
	[ "$(planet run --rm -a stderr busybox sh -c "$both" 2>&1)" = err ]
	[ "$(planet run --rm -a stdout -a stderr busybox sh -c "$both" 2>&1 | sort | paste -sd' ')" = "err out" ]
	[ "$(echo typed | planet run --rm -a stdin -a stdout busybox cat)" = typed ]
	id=$(echo typed | planet run --name told -a stdin busybox cat)
	[ "$id" = "$(planet ps -aq --no-trunc)" ]
	[ "$(planet logs told)" = typed ]
	[ "$(planet run --rm -a stdout --restart no --health-cmd true busybox sh -c "$both" 2>&1)" = out ]
	for words in "-a stdnone" "-a stdout -d"; do
		# shellcheck disable=SC2086
		run planet run --rm $words busybox true
		[ "$status" = 125 ]
		[ "${#lines[@]}" = 1 ]
	done
	planet rm told
}

@test "whoever watches is told when memory ran out" {
	planet run --rm busybox true
	run planet run --rm --memory 16m --health-cmd true busybox sh -c 'a=x; while :; do a=$a$a; done'
	[ "$status" = 137 ]
	[[ "$output" == *"needed more memory than its limit"* ]]
	planet create --name starved --memory 16m busybox sh -c 'a=x; while :; do a=$a$a; done'
	run planet start -a starved
	[ "$status" = 137 ]
	[[ "$output" == *"needed more memory than its limit"* ]]
	planet rm starved
}

@test "exec --env-file" {
	printf '# a comment\nONE=1\n\nTWO=two words\nFROM_HERE\nNOT_HERE_AT_ALL\n' >"$top/env"
	planet run -d --name box -e ONE=0 busybox sleep 1000
	FROM_HERE=yes run planet exec --env-file "$top/env" -e TWO=over box sh -c 'echo $ONE,$TWO,$FROM_HERE,${NOT_HERE_AT_ALL-unset}'
	[ "$output" = "1,over,yes,unset" ]
	printf 'two words=1\n' >"$top/bad"
	for file in "$top/bad" "$top/none"; do
		run planet exec --env-file "$file" box true
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[[ "$output" == *"--env-file"* ]]
	done
	planet rm -f box
}
