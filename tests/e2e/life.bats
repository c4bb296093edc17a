#!/usr/bin/env bats
# A container's life: detached, listed, entered, stopped, removed; and what is left after a crash.
load helper

state_of() { planet ps -a --format json | jq -r "select(.Names == \"$1\") | .Status"; }
pid_of() { jq .pid "$runroot/containers/$1"; }
keeper_of() { jq .keeper "$runroot/containers/$1"; }

@test "detached: listed, logged, entered, stopped, removed" {
	id=$(planet run -d --name web busybox sh -c 'echo started; trap "echo stopping; exit 5" TERM; while :; do sleep 0.1; done')
	[ ${#id} = 64 ]
	run planet ps
	[[ "$output" == *"${id:0:12}"*busybox*Up*web* ]]
	run planet exec web sh -c 'echo inside; ps | grep -c trap'
	[ "${lines[0]}" = inside ]
	run planet exec -u nobody -w /tmp -e X=1 web sh -c 'id -un; pwd; echo $X'
	[ "$output" = $'nobody\n/tmp\n1' ]
	[ "$(planet exec web ls /)" = "$(planet run --rm busybox ls /)" ]
	# Of two variables with one name getenv(3) finds the first: there is one.
	[ "$(planet exec -e HOSTNAME=x -e X=1 -e X=2 web env | grep -E '^(HOSTNAME|X)=')" = $'HOSTNAME=x\nX=2' ]
	run planet exec web no-such
	[ "$status" = 127 ]
	for words in "-w /no/such" "-u nobody-here"; do
		# shellcheck disable=SC2086
		run planet exec $words web true
		[ "$status" = 126 ]
		[ "${#lines[@]}" = 1 ]
	done
	run planet exec web ls -d /no
	[ "$status" = 1 ]
	run planet stop web
	[ "$output" = web ]
	[[ "$(state_of web)" == "Exited (5)"* ]]
	run planet logs web
	[ "$output" = $'started\nstopping' ]
	run planet exec web true
	[ "$status" = 1 ]
	[[ "$output" == *"not running"* ]]
	planet rm web
	run planet ps -a
	[ "${#lines[@]}" = 1 ]
}

@test "a name is taken once" {
	planet run -d --name one busybox sleep 100
	run planet run --rm --name one busybox true
	[ "$status" = 125 ]
	[[ "$output" == *'"one" is already in use by container'* ]]
	run planet run --rm --name 'bad/name' busybox true
	[ "$status" = 125 ]
	planet rm -f one
	run planet run --rm --name one busybox true
	[ "$status" = 0 ]
}

@test "of many that want one name, one gets it" {
	planet run --rm busybox true
	for _ in $(seq 10); do planet run -d --name same busybox sleep 100 >>"$top/ids" 2>/dev/null & done
	wait
	[ "$(wc -l <"$top/ids")" = 1 ]
	planet rm -f same
}

@test "stop kills what does not listen" {
	planet run -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	planet stop -t 1 deaf
	[[ "$(state_of deaf)" == "Exited (137)"* ]]
}

@test "kill sends the signal" {
	planet run -d --name sig busybox sh -c 'trap "exit 7" USR1; while :; do sleep 0.1; done'
	sleep 0.2
	planet kill -s USR1 sig
	for _ in $(seq 50); do [[ "$(state_of sig)" != Exited* ]] || break; sleep 0.1; done
	[[ "$(state_of sig)" == "Exited (7)"* ]]
	run planet kill -s WHAT sig
	[ "$status" = 1 ]
}

@test "logs follow, and end with the container" {
	planet run -d --name talk busybox sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done; echo err >&2'
	run planet logs -f talk
	[ "$output" = $'1\n2\n3\nerr' ]
	run planet logs --tail 1 talk
	[ "$output" = err ]
}

@test "any bytes come through, and back out of the log" {
	head -c 300000 /dev/urandom >"$top/bytes"
	planet run -i --name raw busybox cat <"$top/bytes" >"$top/out"
	cmp "$top/bytes" "$top/out"
	planet logs raw >"$top/log"
	cmp "$top/bytes" "$top/log"
}

@test "arguments and environment may be any bytes" {
	planet run -d --name odd -e X=$'\xff\xfe' -l a=$'\xff' busybox sh -c 'sleep 1000' $'\xff'
	[[ "$(state_of odd)" == Up* ]]
	[ "$(planet exec odd sh -c 'echo -n $X' | od -An -tx1)" = " ff fe" ]
	planet rm -f odd
}

@test "the keeper is killed: its container dies with it, and rm cleans" {
	id=$(planet run -d --name orphan busybox sleep 1000)
	pid=$(pid_of "$id")
	kill -9 "$(keeper_of "$id")"
	for _ in $(seq 50); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
	[ ! -d "/proc/$pid" ]
	[[ "$(state_of orphan)" == Exited* ]]
	planet rm orphan
}

@test "nobody on the host reads what a detached container was given" {
	export FROM_HERE=canary-of-the-caller
	id=$(planet run -d --name quiet -e GIVEN=canary-of-the-flag -e FROM_HERE -l canary-of=label busybox sleep 1000)
	[ "$(planet exec quiet sh -c 'echo $GIVEN $FROM_HERE')" = "canary-of-the-flag canary-of-the-caller" ]
	[ "$(tr '\0' '\n' <"/proc/$(keeper_of "$id")/cmdline")" = "planet: keeper of ${id:0:12}" ]
	ps -eo args >"$top/ps"
	grep -q "^planet: keeper of ${id:0:12} *$" "$top/ps"
	run grep -a canary-of "$top/ps"
	[ "$status" = 1 ]
	planet rm -f quiet
}

@test "a record that cannot be read: the container is shown, stopped and removed" {
	damage() { # ID CONTENT
		printf '%s' "$2" >"$root/containers/$1/record.json"
		[[ "$(state_of "$3")" == "$4" ]]
		run planet ps -a
		[[ "$output" == *"${1:0:12}"*"$4"*"$3"* ]]
		run planet exec "$3" true
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
	}
	planet run --name ended busybox true
	damage "$(planet ps -aq --no-trunc)" '' ended Damaged
	[ "$(planet ps -q)" = "" ]
	planet rm ended
	for content in '' '{' '{}' 'null' '{"id": 5}' "$(head -c 100 /dev/zero | tr '\0' x)"; do
		id=$(planet run -d --name broken busybox sleep 1000)
		damage "$id" "$content" broken "Damaged (running)"
		[[ "$output" == "planet: container broken is damaged: "*"remove it with \`planet rm -f\`" ]]
		[ "$(planet ps -q)" = "${id:0:12}" ]
		run planet rm broken
		[[ "$output" == *"is running"* ]]
		[ "$(planet rm -f "${id:0:12}")" = "${id:0:12}" ]
		[ -z "$(ls "$root/containers" "$root/names" "$root/ranges" "$runroot/containers" | grep -v ':$')" ]
	done
	# Its keeper is gone, too, and it was where nobody would look for it.
	id=$(planet run -d --name broken --cgroup-parent "planet-e2e-$$" busybox sleep 1000)
	keeper=$(keeper_of "$id")
	: >"$root/containers/$id/record.json"
	kill -9 "$keeper"
	planet rm -f broken
	[ -z "$(find /sys/fs/cgroup -type d -name "$id")" ]
	find /sys/fs/cgroup -depth -type d -name "planet-e2e-$$" -exec rmdir {} +
}

@test "a container that is killed from outside is recorded" {
	id=$(planet run -d --name victim busybox sleep 1000)
	kill -9 "$(pid_of "$id")"
	for _ in $(seq 50); do [[ "$(state_of victim)" != Exited* ]] || break; sleep 0.1; done
	[[ "$(state_of victim)" == "Exited (137)"* ]]
}

@test "an ordinary user is told to use sudo" {
	chmod 755 "$top"
	mkdir -m 700 "$root"
	cp "$(realpath "$PLANET_BIN")" "$top/planet"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$top/planet" --root "$root" --runroot "$runroot" ps
	[ "$status" = 1 ]
	[[ "$output" == *"planet needs root, run it with sudo" ]]
	run setpriv --reuid 65534 --regid 65534 --clear-groups ls "$root"
	[ "$status" != 0 ]
}

@test "what is not there is said so" {
	for command in "logs nothing" "stop nothing" "kill nothing" "rm nothing" "exec nothing true"; do
		# shellcheck disable=SC2086
		run planet $command
		[ "$status" = 1 ]
		[[ "$output" == *"no such container: nothing"* ]]
	done
	# What is to be gone is gone.
	run planet rm -f nothing
	[ "$status" = 0 ]
	[[ "$output" == *"no such container: nothing"* ]]
	planet run -d --name busy busybox sleep 100
	run planet rm busy
	[[ "$output" == *"is running; stop it first"* ]]
	run planet stpo
	[[ "$output" == *'did you mean "stop"'* ]]
}

@test "the record names the layers of the image, which are in the store" {
	id=$(planet run -d --name layered busybox sleep 100)
	layers=$(jq -r '.layers[]' "$root/containers/$id/record.json")
	[ -n "$layers" ]
	for layer in $layers; do [ -d "$root/layers/${layer#sha256:}" ]; done
	planet rm -f layered
}
