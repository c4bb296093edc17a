#!/usr/bin/env bats
# planet-runtime for an ordinary user: one that this file makes up, with ids of its own, in mount namespaces where
# /etc/passwd, /etc/subuid and /etc/subgid are the test's. Nothing of it is seen outside.
load helper

readonly uid=4711 gid=4712 first=700000

# as_user COMMAND...: $passwd, $subuid, $subgid are files of $top that take the place of the machine's.
as_user() {
	unshare -m --propagation private sh -ec '
		top=$1 uid=$2 gid=$3
		shift 3
		for file in passwd subuid subgid; do
			mount --bind "$top/$file" "/etc/$file"
		done
		[ -z "$HIDE" ] || mount --bind /dev/null "$HIDE"
		exec setpriv --reuid "$uid" --regid "$gid" --clear-groups \
			env -i PATH="$PATH" HOME=/ XDG_RUNTIME_DIR="$XDG" "$@"' sh "$top" $uid $gid "$@"
}
runtime() { as_user "$program" "$@"; }
status_of() { runtime state "$1" | jq -r .status; }

setup() {
	begin_test
	export XDG=$top/xdg HIDE=
	program=$RUNTIME_BIN
	chmod 711 "$top"
	install -d -o $uid -g $gid -m 700 "$XDG"
	echo "planetuser:x:$uid:$gid::/:/bin/sh" >"$top/passwd"
	echo "planetuser:$first:65536" | tee "$top/subuid" >"$top/subgid"
	[ -r "$RUNTIME_BIN" ] && as_user test -x "$RUNTIME_BIN" || {
		program=$top/program
		install -m 755 "$RUNTIME_BIN" "$program"
	}
}

bundle() { # COMMAND...
	rm -rf "$top/bundle"
	install -d -o $uid -g $gid "$top/bundle" "$top/bundle/rootfs" "$top/bundle/rootfs/bin"
	install -o $uid -g $gid /bin/busybox "$top/bundle/rootfs/bin/busybox"
	ln -sf busybox "$top/bundle/rootfs/bin/sh"
	runtime spec --rootless -b "$top/bundle"
	change '.process.terminal = false | .process.args = $ARGS.positional' --args -- "$@"
}

change() { # JQ-FILTER [JQ-ARGS...]
	local filter=$1
	shift
	jq "$filter" "$@" <"$top/bundle/config.json" >"$top/new.json"
	cat "$top/new.json" >"$top/bundle/config.json"
}

# All ids of the user, its own as root.
more_ids() {
	change '.linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}, {containerID: 1, hostID: $first, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}, {containerID: 1, hostID: $first, size: 65536}]' \
		--argjson uid $uid --argjson gid $gid --argjson first $first
}

@test "rootless: the bundle of spec --rootless runs" {
	bundle sh -c 'echo $(busybox id -u) $(busybox id -g) $(cat /proc/self/uid_map) $$ $(busybox hostname)
		echo x >/dev/null && busybox head -c 1 /dev/zero | busybox wc -c
		busybox stat -c "%F %t,%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty | busybox sort -u
		busybox mknod /dev/new c 1 3 2>&1'
	ln -s busybox "$top/bundle/rootfs/bin/cat"
	run runtime run -b "$top/bundle" one
	[ "${lines[0]}" = "0 0 0 $uid 1 1 planet" ]
	[ "${lines[1]}" = 1 ]
	[ "$(printf '%s\n' "${lines[@]:2:6}" | xargs)" = 'character special file 1,3 character special file 1,5 character special file 1,7 character special file 1,8 character special file 1,9 character special file 5,0' ]
	[[ "${lines[8]}" == *'Operation not permitted'* ]]
	[ "$(ls -A "$XDG/planet-runtime")" = "" ]
	[ "$(stat -c '%a %u' "$XDG/planet-runtime")" = "700 $uid" ]
}

@test "rootless: created, started, entered, listed, killed, deleted" {
	bundle sh -c 'echo ran; exec busybox sleep 1000'
	runtime create -b "$top/bundle" --pid-file "$XDG/pid" one >"$top/out"
	[ "$(status_of one)" = created ]
	[ ! -s "$top/out" ]
	runtime start one
	[ "$(status_of one)" = running ]
	[ "$(cat "$top/out")" = ran ]
	run runtime exec --env A=1 --cwd /bin one sh -c 'echo $A; pwd; busybox id -u; exit 7'
	[ "$status" = 7 ]
	[ "$output" = $'1\n/bin\n0' ]
	[ "$(runtime ps -f json one | jq -c .)" = "[$(cat "$XDG/pid")]" ]
	[ "$(runtime list -q)" = one ]
	run runtime delete one
	[ "$status" = 1 ]
	runtime kill one TERM || :
	runtime kill --all one KILL
	for _ in $(seq 50); do [ "$(status_of one)" != stopped ] || break; sleep 0.1; done
	[ "$(status_of one)" = stopped ]
	runtime delete one
	[ -z "$(ls -A "$XDG/planet-runtime")" ]
}

@test "rootless: all of the user's ids, by newuidmap" {
	bundle sh -c 'busybox cat /proc/self/uid_map /proc/self/gid_map; busybox id -u; busybox id -G; busybox touch /made; busybox stat -c %u /made'
	change '.process.user = {uid: 7, gid: 8, additionalGids: [9]} | .root.readonly = false'
	chmod 777 "$top/bundle/rootfs"
	more_ids
	run runtime run -b "$top/bundle" many
	[ "$(xargs <<<"$output")" = "0 $uid 1 1 $first 65536 0 $gid 1 1 $first 65536 7 8 9 7" ]
	[ "$(stat -c '%u %g' "$top/bundle/rootfs/made")" = "$((first + 6)) $((first + 7))" ]
	change '.process.args = ["busybox", "sleep", "1000"]'
	runtime create -b "$top/bundle" many >/dev/null
	runtime start many
	run runtime exec --user 1000:1000 many busybox id
	[ "$output" = 'uid=1000 gid=1000 groups=1000' ] || [ "$output" = 'uid=1000 gid=1000' ]
	runtime delete --force many
}

@test "rootless: a terminal" {
	bundle sh -c 'busybox tty; busybox stat -c %u /dev/console; busybox stty size'
	change '.process.terminal = true'
	# script's own input stays open: its end is written into the terminal as a NUL, which the terminal echoes.
	mkfifo "$top/typed"
	run as_user script -qec "stty rows 33 cols 77; $program run -b $top/bundle term" /dev/null <>"$top/typed"
	[[ "$(tr -d '\r' <<<"$output")" == *$'/dev/pts/0\n0\n33 77' ]] || { echo "$output"; false; }
}

@test "rootless: what cannot be is said in a sentence, and nothing is left" {
	bundle busybox true
	refuses() { # SENTENCE
		run runtime run -b "$top/bundle" bad
		[ "$status" = 1 ] || { echo "status $status: $output"; return 1; }
		[[ "$output" == *"$1"* ]] || { echo "got: $output"; return 1; }
		[ "${#lines[@]}" = 1 ] || { echo "more than a line: $output"; return 1; }
		[ -z "$(ls -A "$XDG/planet-runtime" 2>/dev/null)" ]
		cp "$top/good.json" "$top/bundle/config.json"
	}
	cp "$top/bundle/config.json" "$top/good.json"
	change '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	refuses 'linux.namespaces has no "user", without which only root can make a container; add it'
	change '.linux.uidMappings = [{containerID: 0, hostID: 5000, size: 1}]'
	refuses '/etc/subuid does not give user planetuser the ids 5000 to 5000; add the line "planetuser:5000:1" there'
	more_ids
	change '.linux.gidMappings[1].size = 65537'
	refuses "/etc/subgid does not give user planetuser the ids $first to $((first + 65536))"
	more_ids
	HIDE=/usr/bin/newuidmap refuses 'linux.uidMappings: newuidmap: execute /usr/bin/newuidmap: Permission denied'
	change '.process.user.additionalGids = [5]'
	refuses 'process.user.additionalGids: a user namespace with the caller'
	change '.linux.namespaces += [{type: "time"}]'
	refuses 'only root can make a "time" namespace'
	change '.linux.devices = [{path: "/dev/made", type: "c", major: 1, minor: 3}]'
	refuses 'linux.devices: "/dev/made" of this host is not the device c 1:3'
	change '.mounts += [{destination: "/x", type: "bind", source: "/tmp", options: ["rbind", "idmap"]}]'
	refuses 'only root mounts through an id map'
	change '.process.oomScoreAdj = -500'
	refuses 'process.oomScoreAdj: -500 is below the caller'
	change '.linux.uidMappings[0].containerID = 3'
	refuses 'the container has no root: 0 is not in linux.uidMappings'
	change '.linux.resources = {memory: {limit: 67108864}}'
	refuses 'linux.resources: memory limit 67108864 bytes: the control group'
}

@test "rootless: limits of processes, and the score that memory runs out by" {
	bundle sh -c 'ulimit -n; busybox cat /proc/self/oom_score_adj'
	change '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 78}] | .process.oomScoreAdj = 500'
	run runtime run -b "$top/bundle" limited
	[ "$output" = $'77\n500' ]
	change '.process.args = ["busybox", "sleep", "1000"]'
	runtime create -b "$top/bundle" limited >/dev/null
	runtime start limited
	[ "$(runtime exec limited busybox cat /proc/self/oom_score_adj)" = 500 ]
	runtime delete --force limited
}

@test "rootless: no control group, if none is needed; else --rootless=false says why" {
	bundle busybox sleep 1000
	run runtime --rootless=false run -b "$top/bundle" one
	[ "$status" = 1 ]
	[[ "$output" == *'is not the caller'*'--rootless=false requires one' ]]
	run runtime --rootless=perhaps run -b "$top/bundle" one
	[[ "$output" == *'expected auto, true or false' ]]
	change '.linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	runtime create -b "$top/bundle" one >/dev/null
	runtime start one
	run runtime pause one
	[ "$status" = 1 ]
	[[ "$output" == *'has no control group'* ]]
	run runtime update --pids-limit 10 one
	[[ "$output" == *'has no control group'* ]]
	run runtime events --stats one
	[[ "$output" == *'has no control group'* ]]
	runtime delete --force one
	change '.process.args = ["busybox", "true"]'
	runtime --cgroup-manager disabled run -b "$top/bundle" two
	change '.linux.resources = {pids: {limit: 5}}'
	run runtime --cgroup-manager disabled run -b "$top/bundle" two
	[[ "$output" == *'process limit 5'*'there is to be no group'* ]] || { echo "$output"; false; }
}

@test "rootless: the state is kept where nobody else writes" {
	bundle true
	XDG='' run runtime run -b "$top/bundle" one
	[[ "$output" == *'XDG_RUNTIME_DIR is not set'*'give --root' ]]
	install -d -m 755 "$top/roots"
	install -d -m 777 "$top/roots/everyones"
	run runtime --root "$top/roots/everyones" run -b "$top/bundle" one
	[[ "$output" == *'is not the caller'*'give another' ]]
	chown $uid "$top/roots/everyones"
	run runtime --root "$top/roots/everyones" run -b "$top/bundle" one
	[[ "$output" == *'is not the caller'*'give another' ]]
	XDG='' run runtime features
	[ "$status" = 0 ]
	[ "$(jq .linux.cgroup.systemdUser <<<"$output")" = true ]
}

@test "rootless: a program of the user's own cannot be written from inside" {
	program=$XDG/program
	install -o $uid -g $gid -m 755 "$RUNTIME_BIN" "$program"
	bundle sh -c 'exec busybox sleep 1000'
	sha256sum "$program" >"$top/sum"
	runtime create -b "$top/bundle" own >/dev/null
	# Init waits, and is this program still: what it is executed from is nobody's to change.
	local init
	init=$(runtime state own | jq .pid)
	[[ "$(readlink "/proc/$init/exe")" == /memfd:* ]]
	run as_user sh -c "echo >>/proc/$init/exe"
	[ "$status" != 0 ]
	runtime delete --force own
	sha256sum --quiet -c "$top/sum"
}

@test "rootless: binds and devices of the user's, hooks, a shared network" {
	bundle sh -c 'busybox cat /data/file; echo more >/data/new; busybox ls /dev/fuse 2>/dev/null; busybox hostname'
	install -d -o $uid -g $gid "$XDG/data"
	echo text >"$XDG/data/file"
	change '.mounts += [{destination: "/data", type: "bind", source: $data, options: ["rbind", "rw", "nosuid"]}]' --arg data "$XDG/data"
	local kind
	for kind in createRuntime createContainer poststart poststop; do
		change '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c", "echo $1 >>$2", "sh", $k, $f]}]' --arg k "$kind" --arg f "$XDG/hooks"
	done
	run runtime run -b "$top/bundle" bound
	[ "$output" = $'text\nplanet' ] || { echo "$output"; false; }
	[ "$(stat -c %u "$XDG/data/new")" = $uid ]
	[ "$(xargs <"$XDG/hooks")" = 'createRuntime createContainer poststart poststop' ]
}

# As a rootless engine calls: root of a user namespace that is not the host's, with a mount namespace of its own, and a
# configuration without a user namespace.
in_namespace() {
	as_user unshare -U -r --map-auto -m "$@"
}

@test "rootless: root of another user namespace, as a rootless engine calls" {
	bundle sh -c 'busybox id -u; echo x >/dev/null; busybox stat -c %t,%T /dev/full; busybox cat /proc/self/uid_map'
	change '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	in_namespace sh -ec '
		r="$1 --root $XDG_RUNTIME_DIR/engine" b=$2
		$r run -b $b one >$XDG_RUNTIME_DIR/out
		sed s/busybox.id/exec\ busybox\ sleep\ 1000\;\ busybox\ id/ $b/config.json >$XDG_RUNTIME_DIR/new
		cat $XDG_RUNTIME_DIR/new >$b/config.json
		$r create -b $b two
		$r start two
		$r exec --user 5:6 two busybox id -u
		$r state two | grep -c running
		$r kill two KILL
		sleep 0.5
		$r delete two
		ls -A $XDG_RUNTIME_DIR/engine
		$1 list -q' sh "$program" "$top/bundle" >"$top/out" 2>&1 3>&- || { cat "$top/out"; false; }
	[ "$(xargs <"$XDG/out")" = "0 1,7 0 $uid 1 1 $first 65535" ] || { cat "$XDG/out"; false; }
	[ "$(cat "$top/out")" = $'5\n1' ] || { cat "$top/out"; false; }
	# Without --root the state is the user's still, whatever the namespace calls him.
	[ "$(stat -c '%a %u' "$XDG/planet-runtime")" = "700 $uid" ]
}

@test "rootless: in another user namespace, what is the host's to give is refused by name" {
	bundle true
	change '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	cp "$top/bundle/config.json" "$top/good.json"
	refuses() {
		run in_namespace "$program" --root "$XDG/engine" run -b "$top/bundle" bad
		[ "$status" = 1 ]
		[[ "$output" == *"$1"* ]] || { echo "got: $output"; return 1; }
		cp "$top/good.json" "$top/bundle/config.json"
	}
	change '.process.oomScoreAdj = -500'
	refuses 'process.oomScoreAdj: -500 is below the caller'
	change '.linux.resources = {memory: {limit: 67108864}}'
	refuses 'linux.resources: memory limit 67108864 bytes: the control group'
	change '.linux.devices = [{path: "/dev/made", type: "c", major: 1, minor: 3}]'
	refuses 'linux.devices: "/dev/made" of this host is not the device c 1:3'
}
