#!/usr/bin/env bats
# planet-runtime as engines use it: a container's life in single steps.
load helper

runtime() { "$RUNTIME_BIN" --root "$top/runtime" --log "$top/log" --log-format json "$@"; }
status_of() { runtime state "$1" | jq -r .status; }

bundle() { # COMMAND...
	mkdir -p "$top/bundle/rootfs/bin"
	cp /bin/busybox "$top/bundle/rootfs/bin/busybox"
	ln -sf busybox "$top/bundle/rootfs/bin/sh"
	rm -f "$top/bundle/config.json"
	runtime spec -b "$top/bundle"
	change '.process.terminal = false | .process.args = $ARGS.positional' --args -- "$@"
}

change() { # JQ-FILTER [JQ-ARGS...]
	local filter=$1
	shift
	jq "$filter" "$@" <"$top/bundle/config.json" >"$top/new.json"
	mv "$top/new.json" "$top/bundle/config.json"
}

@test "runtime: created, started, entered, paused, killed, deleted" {
	bundle sh -c 'echo ran; exec busybox sleep 1000'
	runtime create -b "$top/bundle" --pid-file "$top/pid" one >"$top/out"
	[ "$(status_of one)" = created ]
	[ ! -s "$top/out" ]
	[ "$(runtime state one | jq .pid)" = "$(cat "$top/pid")" ]
	run runtime create -b "$top/bundle" one
	[ "$status" = 1 ]
	[[ "$output" == *'exists already'* ]]
	runtime start one
	[ "$(status_of one)" = running ]
	[ "$(cat "$top/out")" = ran ]
	run runtime start one
	[ "$status" = 1 ]
	run runtime exec --env A=1 --cwd /bin one sh -c 'echo $A; pwd; exit 7'
	[ "$status" = 7 ]
	[ "$output" = $'1\n/bin' ]
	runtime pause one
	[ "$(status_of one)" = paused ]
	run runtime exec one true
	[ "$status" = 255 ]
	runtime resume one
	run runtime delete one
	[ "$status" = 1 ]
	runtime update --pids-limit 77 one
	[ "$(cat /sys/fs/cgroup/pids/planet/one/pids.max /sys/fs/cgroup/planet/one/pids.max 2>/dev/null)" = 77 ]
	runtime kill one KILL
	for _ in $(seq 50); do [ "$(status_of one)" != stopped ] || break; sleep 0.1; done
	[ "$(runtime list -f json | jq -r '.[0].status')" = stopped ]
	run runtime kill one
	[ "$status" = 1 ]
	[[ "$output" == *'container not running'* ]]
	runtime delete one
	[ -z "$(ls "$top/runtime")" ]
}

@test "runtime: what fails leaves nothing, and is in the log" {
	bundle no-such-command
	run runtime create -b "$top/bundle" gone
	[ "$status" = 1 ]
	[[ "$output" == *'"no-such-command": executable file not found in $PATH'* ]]
	[ "$(tail -n 1 "$top/log" | jq -r .level)" = error ]
	[[ "$(tail -n 1 "$top/log" | jq -r .msg)" == *no-such-command* ]]
	[ -z "$(ls "$top/runtime")" ]
	run runtime state gone
	[ "$status" = 1 ]
	[[ "$output" == *'"gone" does not exist'* ]]
	runtime delete --force gone
}

@test "runtime: an ordinary user is told what is missing" {
	bundle true
	chmod -R a+rX "$top"
	install -m 755 "$RUNTIME_BIN" "$top/program"
	install -d -o 65534 "$top/own"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$top/program" --root "$top/own" run -b "$top/bundle" mine
	[ "$status" = 1 ]
	[ "$output" = 'planet-runtime: linux.namespaces has no "user", without which only root can make a container; add it with linux.uidMappings and gidMappings (planet-runtime spec --rootless shows how), or run this as root' ]
}

@test "runtime: what failed to start is stopped when start says so" {
	bundle /bin/rubbish
	head -c 100 /dev/zero >"$top/bundle/rootfs/bin/rubbish"
	chmod 755 "$top/bundle/rootfs/bin/rubbish"
	local round
	for round in $(seq 20); do
		runtime create -b "$top/bundle" "bad$round"
		run runtime start "bad$round"
		[ "$status" = 1 ]
		[[ "$output" == *'Exec format error'* ]]
		runtime delete "bad$round"
	done
}

@test "runtime: a tmpfs begins with what it lies over, but for what its options say" {
	bundle sh -c 'for d in /a /b /new; do busybox stat -c "%a %u %g" $d; done; busybox cat /a/file /b/file'
	mkdir -m 711 "$top/bundle/rootfs/a" "$top/bundle/rootfs/b"
	echo there | tee "$top/bundle/rootfs/a/file" >"$top/bundle/rootfs/b/file"
	change '.mounts += [{destination: "/a", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]},
		{destination: "/b", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "mode=1750", "uid=7"]},
		{destination: "/new", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "mode=700", "gid=8"]}]'
	run runtime run -b "$top/bundle" copies
	[ "$output" = $'711 0 0\n1750 7 0\n700 0 8\nthere\nthere' ]
}

@test "runtime: hooks in their order, each told the state" {
	bundle busybox true
	local kind
	for kind in prestart createRuntime createContainer poststart poststop; do
		change '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", "read s; echo $1 $s >>$2", "sh", $k, $f]}]' \
			--arg k "$kind" --arg f "$top/hooks"
	done
	runtime run -b "$top/bundle" hooked
	[ "$(cut -d' ' -f1 "$top/hooks" | xargs)" = 'prestart createRuntime createContainer poststart poststop' ]
	[ "$(cut -d' ' -f2- "$top/hooks" | jq -r .status | xargs)" = 'creating creating creating running stopped' ]
}

@test "runtime: a terminal is sent to its console socket" {
	bundle sh -c 'test -t 0 && echo tty'
	change '.process.terminal = true'
	python3 - "$top/console" >"$top/seen" 3>&- <<-'PYTHON' &
		import array, os, socket, sys
		listener = socket.socket(socket.AF_UNIX); listener.settimeout(20); listener.bind(sys.argv[1]); listener.listen()
		data, control, _, _ = listener.accept()[0].recvmsg(100, 100)
		master = array.array("i", control[0][2])[0]
		text = b""
		while True:
		    try: got = os.read(master, 100)
		    except OSError: break
		    text += got
		print(text.decode(), end="")
	PYTHON
	for _ in $(seq 50); do [ ! -S "$top/console" ] || break; sleep 0.1; done
	runtime create -b "$top/bundle" --console-socket "$top/console" tty
	runtime start tty
	wait $!
	[ "$(tr -d '\r' <"$top/seen")" = tty ]
	runtime delete --force tty
}
