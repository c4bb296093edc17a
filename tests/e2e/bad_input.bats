#!/usr/bin/env bats
# What a user can get wrong: docker's exit status, one sentence that names the thing, and nothing left behind.
load helper

# Checks one command line after another against what is expected of it, and counts.
#   expect STATUS TEXT ARGS...    `planet ARGS` ends with STATUS, says one line on standard error, TEXT is in it
expect() {
	local want=$1 text=$2 got=0 lines
	shift 2
	planet "$@" >"$top/out" 2>"$top/err" </dev/null || got=$?
	lines=$(wc -l <"$top/err")
	checked=$((checked + 1))
	[ "$got" = "$want" ] && [ "$lines" = 1 ] && [ ! -s "$top/out" ] && grep -qF -- "$text" "$top/err" &&
		! grep -q '[^[:print:]]' "$top/err" && return
	printf 'planet %s\n  ended with %s (not %s) and said: %s (not: %s)\n' "$*" "$got" "$want" "$(cat "$top/err")" "$text"
	wrong=$((wrong + 1))
}

# One of `run`'s flags with a value that is refused, status 125: refused TEXT FLAG VALUE
refused() { expect 125 "$1" run --rm "$2" "$3" busybox true; }

begin() { checked=0 wrong=0; }

# The count is a floor: a table that is not run is no test.
finish() { # AT-LEAST
	[ "$wrong" = 0 ]
	[ "$checked" -ge "$1" ]
	wait_for_tidiers
	[ -z "$(ls -A "$root/containers" "$root/names" "$root/ranges" 2>/dev/null | grep -v ':$')" ]
	planet run --rm busybox true
}

@test "limits that are none" {
	begin
	for value in x -1 1.5.5g 1gg 10mm ' 10m' '' 99999999999999999999; do refused "--memory \"$value\": expected a size" -m "$value"; done
	for value in 1 1k 5m; do refused "--memory \"$value\": the least that starts is 6m" -m "$value"; done
	refused '--memory "9999999p": it is too large' -m 9999999p
	refused 'it needs --memory too' --memory-swap 10m
	refused '--memory-swap "-2": expected a size' --memory-swap -2
	expect 125 'it cannot be below --memory "20m"' run --rm -m 20m --memory-swap 10m busybox true
	expect 125 'it is above --memory "20m"' run --rm -m 20m --memory-reservation 30m busybox true
	for value in x 101 -2; do refused "--memory-swappiness \"$value\": expected a whole number from 0 to 100" --memory-swappiness "$value"; done
	for value in x -1 1e3 nan '' ,5; do refused "--cpus \"$value\": expected a number of processors" --cpus "$value"; done
	refused '--cpus "0.001": less than 0.01' --cpus 0.001
	expect 125 'say the same thing twice' run --rm --cpus 1 --cpu-quota 1000 busybox true
	for value in x -1 1 99999999999999999999; do refused "--cpu-shares \"$value\": expected a whole number from 2 to 262144" -c "$value"; done
	for value in 1 2000000; do refused "--cpu-period \"$value\": expected a whole number from 1000" --cpu-period "$value"; done
	refused '--cpu-quota "1": expected a whole number from 1000' --cpu-quota 1
	for value in x 0-x 1-0 -1 0,, ' '; do refused "--cpuset-cpus \"$value\": expected a list such as 0-3,5" --cpuset-cpus "$value"; done
	refused 'processors "7777"' --cpuset-cpus 7777
	refused 'memory nodes "99"' --cpuset-mems 99
	for value in x 1.5 -5 99999999999999999999; do refused "--pids-limit \"$value\": expected a whole number from 1 to 4194304" --pids-limit "$value"; done
	for value in x 9 1001 -1; do refused "--blkio-weight \"$value\": expected a whole number from 10 to 1000" --blkio-weight "$value"; done
	for value in x /dev/sda /etc/passwd:1m; do refused "--device-read-bps \"$value\": expected /dev/NAME:RATE" --device-read-bps "$value"; done
	refused '/dev/null is not a block device' --device-write-bps /dev/null:1m
	refused '/dev/none: No such file' --device-read-iops /dev/none:10
	refused '"/dev/null:x": the rate is a size' --device-read-bps /dev/null:x
	refused '"/dev/null:1k": the rate is a whole number' --device-write-iops /dev/null:1k
	for value in x nofile nofile=1:2:3; do refused "--ulimit \"$value\" is not NAME=SOFT[:HARD]" --ulimit "$value"; done
	for value in nofile= nofile=x nofile=-2 nproc=1.5; do refused "--ulimit \"$value\": limit" --ulimit "$value"; done
	refused 'the soft limit is above the hard limit' --ulimit nofile=20:10
	refused '"bogus=1": there is no such limit' --ulimit bogus=1
	for value in x -1; do refused "--shm-size \"$value\": expected a size" --shm-size "$value"; done
	for value in x -1001 1001; do refused "--oom-score-adj \"$value\": expected a whole number from -1000 to 1000" --oom-score-adj "$value"; done
	finish 70
}

@test "names, users, directories, environments" {
	begin
	for value in a -ab a/b $'new\nline' 'ü2' "$(printf 'x%.0s' {1..129})"; do refused 'must be 2 to 128 letters' --name "$value"; done
	for value in -a 'a b' a/b 'ü' "$(printf 'x%.0s' {1..65})"; do refused '--hostname "' --hostname "$value"; done
	for value in :5 1: root:root:root; do refused "user \"$value\" is not NAME|UID[:GROUP|GID]" -u "$value"; done
	for value in +1 -1; do refused "user \"$value\" is neither a name nor a number" -u "$value"; done
	for value in 0x1 1e1 '1 ' nosuch nosuch:0; do refused "no user \"${value%:0}\" in the container's /etc/passwd" -u "$value"; done
	refused 'no group "nosuch"' -u 0:nosuch
	for value in 4294967295 4294967296; do refused "user \"$value\" is above 4294967294" -u "$value"; done
	refused 'group "4294967296" is above' -u 1000:4294967296
	refused 'user "99999999999999999999" is out of range' -u 99999999999999999999
	refused "user 65536 or one of its groups is not among the container's ids" -u 65536
	refused '--workdir "rel" is not an absolute path' -w rel
	refused '/etc/passwd: Not a directory' -w /etc/passwd
	refused 'enter the working directory /proc/self/fd/3' -w /proc/self/fd/3
	for value in '' =x; do refused "-e \"$value\": expected NAME=VALUE or NAME" -e "$value"; done
	for value in '' =x; do refused "--label \"$value\": expected NAME=VALUE" --label "$value"; done
	refused 'open /none: No such file or directory' --env-file /none
	refused 'Is a directory' --env-file /
	for line in 'A B=1' '=1' 'A=1\0B=2'; do
		printf '%b\n' "$line" >"$top/env"
		refused 'is not NAME=VALUE' --env-file "$top/env"
	done
	for value in x 0 -1 65 99999 SIGBOGUS; do refused "--stop-signal \"$value\": no such signal" --stop-signal "$value"; done
	for value in x -2 99999999999; do refused "--stop-timeout \"$value\": expected a whole number" --stop-timeout "$value"; done
	finish 45
}

@test "volumes and mounts" {
	begin
	refused '-v "/tmp:/x:ro:rw": expected [SOURCE:]DESTINATION[:OPTIONS]' -v /tmp:/x:ro:rw
	refused 'volume name "a": expected two or more letters' -v a:/b
	for value in '' x : /a: /a:rel; do refused "-v \"$value\": the path in the container must be absolute" -v "$value"; done
	for value in /tmp:/ /tmp:/x/.. /tmp:/x/../..; do refused "the container's root cannot be mounted over" -v "$value"; done
	refused 'unknown option "bad"' -v /tmp:/x:bad
	refused 'ro and rw contradict each other' -v /tmp:/x:ro,rw
	for value in /none:/x ./none:/x; do refused 'does not exist; make it first' -v "$value"; done
	for value in type=bind type=bind,source=/tmp type=tmpfs; do refused "--mount \"$value\": it has no target" --mount "$value"; done
	refused '--mount "": field "" has no value' --mount ''
	refused 'type "bogus" is not volume, bind, tmpfs or image' --mount type=bogus,target=/x
	refused 'volume source "/none" does not exist' --mount type=bind,source=/none,target=/x
	refused 'the path in the container must be absolute' --mount type=bind,source=/tmp,target=rel
	refused 'unknown field "bogus"' --mount type=bind,source=/tmp,target=/x,bogus=1
	refused 'readonly is true or false' --mount type=bind,source=/tmp,target=/x,readonly=maybe
	refused 'a tmpfs has no source' --mount type=tmpfs,source=/tmp,target=/x
	refused '--mount tmpfs-size "x": expected a size' --mount type=tmpfs,target=/t,tmpfs-size=x
	refused 'tmpfs-mode is an octal number' --mount type=tmpfs,target=/t,tmpfs-mode=999
	for value in '' rel; do refused "--tmpfs \"$value\": the path in the container must be absolute" --tmpfs "$value"; done
	refused "the container's root cannot be mounted over" --tmpfs /
	for value in bogus size=x size=-1 mode=9 uid=x; do refused "prepare /t: fsconfig $value (tmpfs: " --tmpfs "/t:$value"; done
	finish 30
}

@test "isolation that does not exist" {
	begin
	for value in x '' seccomp seccomp= no-new-privileges=maybe apparmor apparmor= label=type:x systempaths=x; do
		refused "--security-opt \"$value\": expected" --security-opt "$value"
	done
	for value in BOGUS '' 'CAP CHOWN' CAP_; do refused "--cap-add: unknown capability \"$value\"" --cap-add "$value"; done
	refused '--cap-drop: unknown capability "BOGUS"' --cap-drop BOGUS
	refused 'network "x" not found' --network x
	refused 'no such container: x' --network container:x
	for value in x keep-id; do refused "--userns \"$value\": expected auto or host" --userns "$value"; done
	expect 125 'leave out --userns auto' run --rm --privileged --userns auto busybox true
	refused '--sysctl "x": expected NAME=VALUE' --sysctl x
	for value in kernel.bogus vm.swappiness; do refused "\"$value\" is not separate for each container" --sysctl "$value=1"; done
	refused 'is not the name of a kernel parameter' --sysctl ../../etc/passwd=1
	refused 'net.ipv4.ip_forward=x: write' --sysctl net.ipv4.ip_forward=x
	refused 'net/bogus: No such file' --sysctl net.bogus=1
	refused '--pull "x": expected always, missing or never' --pull x
	expect 125 '--explain="x": expected nothing or json' run --rm --explain=x busybox true
	finish 25
}

@test "images that are not there, and words that are not understood" {
	begin
	expect 125 'no image "abcdef" here' run --rm --pull never sha256:abcdef true
	for image in no-such-image busybox:none; do expect 125 "no image \"$image\" here; \`planet images\` lists them" run --rm --pull never "$image" true; done
	for image in UPPER 'a b' busybox:latest:x ''; do expect 125 "\"$image\" is not an image name" run --rm "$image" true; done
	expect 125 '"sha256:0000" is not a digest' run --rm busybox@sha256:0000 true
	expect 125 'open_tree /none: No such file' run --rm --rootfs /none true
	expect 125 '"/etc/passwd" is not a directory' run --rm --rootfs /etc/passwd true
	mkdir "$top/rootfs"
	expect 125 'no command' run --rm --rootfs "$top/rootfs"
	expect 125 'no command' run --rm --entrypoint '' busybox
	for flag in --no-such-flag -x; do expect 125 "unknown flag \"$flag\"; see \`planet run --help\`" run --rm "$flag" busybox true; done
	expect 125 '--name: 1 required TEXT missing' run --rm --name
	expect 125 '--rm = maybe: not a value it takes' run --rm=maybe busybox true
	for command in ps load images info; do expect 125 'not expected: -z' "$command" -z; done
	for flag in --root --runroot; do
		run "$PLANET_BIN" $flag
		[ "$status" = 125 ] && [ "$output" = "planet: $flag needs a directory" ]
		run "$PLANET_BIN" "--root=$root" "--runroot=$runroot" ps -q
		[ "$status" = 0 ]
	done
	expect 125 'not expected: -z' rm -z none
	for command in ps load info version; do expect 1 'not expected: x' "$command" x; done
	for command in rm stop kill logs; do expect 1 'container is required' "$command"; done
	for command in 'exec' 'exec x'; do
		# shellcheck disable=SC2086
		expect 1 'exec needs a container and a command' $command
	done
	expect 125 'unknown flag "--bogus"; see `planet exec --help`' exec --bogus x true
	expect 125 '--time "x": expected a whole number' stop -t x none
	expect 1 '--signal "BOGUS": no such signal' kill -s BOGUS none
	expect 1 '--tail "x" is not a number' logs --tail x none
	expect 1 '"" is not a command' ''
	expect 1 'open /none: No such file' load -i /none
	expect 1 'load /: read descriptor: Is a directory' load -i /
	expect 1 'it is no image archive' load -i /dev/null
	finish 39
}

@test "commands that cannot be executed" {
	begin
	mkdir -p "$top/f"
	printf '#!/no/such/interpreter\n' >"$top/f/interpreter"
	printf 'exit 4\n' >"$top/f/bare"
	printf '#!\n' >"$top/f/hashbang"
	: >"$top/f/empty"
	head -c 40 /bin/busybox >"$top/f/cut"
	# The machine of another world: e_machine, two bytes at offset 18, is SPARC.
	head -c 4096 /bin/busybox >"$top/f/sparc"
	printf '\002\000' | dd of="$top/f/sparc" bs=1 seek=18 conv=notrunc status=none
	chmod 755 "$top/f"/*
	printf '#!/bin/sh\n' >"$top/f/plain"
	ln -s nowhere "$top/f/dangling"
	ln -s loop "$top/f/loop"
	mkfifo -m 755 "$top/f/fifo"

	unrunnable() { expect "$1" "$2" run --rm -v "$top/f:/f" busybox "$3"; }
	unrunnable 127 '"no-such": executable file not found in $PATH' no-such
	unrunnable 127 '"/no-such": no such file or directory' /no-such
	unrunnable 127 '"./rel": no such file or directory' ./rel
	unrunnable 127 '"/etc/passwd/x": no such file or directory' /etc/passwd/x
	unrunnable 127 '"/f/dangling": no such file or directory' /f/dangling
	unrunnable 127 '"/f/interpreter": its interpreter (after #!)' /f/interpreter
	unrunnable 127 'the command is an empty word' ''
	for file in /etc /; do unrunnable 126 "\"$file\": is a directory: permission denied" "$file"; done
	for file in /etc/passwd /f/plain /f/fifo; do unrunnable 126 "\"$file\": permission denied" "$file"; done
	for file in bare empty hashbang cut sparc; do unrunnable 126 "\"/f/$file\": Exec format error" "/f/$file"; done
	unrunnable 126 'Too many levels of symbolic links' /f/loop
	expect 126 'permission denied' run --rm -u 1000 -v "$top/f:/f" busybox /f/plain
	for path in '' /none; do expect 127 'executable file not found in $PATH' run --rm -e "PATH=$path" busybox true; done
	expect 127 '"no-such"' run --rm --init busybox no-such
	expect 126 '"/etc/passwd"' run --rm --init busybox /etc/passwd
	expect 127 '"no-such": executable file not found' run -d busybox no-such
	expect 126 '"/etc/passwd": permission denied' run -d busybox /etc/passwd
	finish 25
}

@test "exec says the same, and the container does not mind" {
	begin
	planet run -d --name host busybox sleep 1000 >/dev/null
	expect 127 '"no-such": executable file not found' exec host no-such
	expect 127 '"/none": no such file or directory' exec host /none
	expect 126 '"/etc": is a directory: permission denied' exec host /etc
	expect 126 '"/etc/passwd": permission denied' exec host /etc/passwd
	expect 126 'no user "nosuch"' exec -u nosuch host true
	expect 126 "user 65536 or one of its groups is not among the container's ids" exec -u 65536 host true
	expect 1 'needs a terminal' exec -it host true
	expect 1 'container host is running; stop it first, or remove it with -f' rm host
	expect 1 '--signal "0": no such signal' kill -s 0 host
	[ "$(planet exec host echo well)" = well ]
	planet rm -f host >/dev/null
	finish 9
}
