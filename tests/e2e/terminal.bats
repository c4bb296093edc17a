#!/usr/bin/env bats
# Terminals, driven through a real pseudoterminal.
load helper

on_terminal() { # SCENARIO ARGS...: planet under a pseudoterminal
	local scenario=$1
	shift
	python3 "$BATS_TEST_DIRNAME/pty_session.py" "$scenario" "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"
}

@test "a shell on a terminal has job control, its size, and leaves the modes as they were" {
	on_terminal job_control run --rm -it busybox sh
}

@test "the terminal is restored when the container ends otherwise" {
	on_terminal killed_from_outside run --rm -it busybox sh
}

@test "a terminal that hangs up is the end of the container's, whether or not process 1 hears SIGHUP" {
	on_terminal hang_up_on_the_deaf run --rm -it busybox sh -c 'trap "" HUP; echo ready; cat; exit 3'
}

@test "exec on a terminal is the same" {
	planet run -d --name web busybox sleep 1000
	on_terminal job_control exec -it web sh
	planet rm -f web
}

@test "-t without a terminal is refused" {
	run planet run --rm -it busybox true </dev/null
	[ "$status" = 1 ]
	[[ "$output" == *"needs a terminal"* ]]
}
