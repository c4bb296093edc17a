#!/usr/bin/env bats
# A whole Debian system, packed by real tools as an OCI and as a docker archive: loaded, run, and used at a terminal.
load helper

# Loaded once for all tests of this file: the archives are large.
setup_file() {
	"$BATS_TEST_DIRNAME/debian_images.sh" "$BATS_TEST_DIRNAME/../../build/e2e-debian"
	export DEBIAN=$BATS_TEST_DIRNAME/../../build/e2e-debian
	export shared
	shared=$(mktemp -d /var/tmp/planet-e2e-debian-XXXXXX)
	for kind in oci docker; do
		"$PLANET_BIN" --root "$shared/root" --runroot "$shared/run" load -i "$DEBIAN/$kind.tar" >>"$shared/loaded"
	done
}

teardown_file() { rm -rf "$shared"; }

setup() {
	begin_test
	root=$shared/root runroot=$shared/run
}

IMAGES="example.org/debian:oci example.org/debian:docker"

on_terminal() { # SCENARIO ARGS...: planet under a pseudoterminal
	local scenario=$1
	shift
	python3 "$BATS_TEST_DIRNAME/pty_session.py" "$scenario" "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"
}

@test "both archives load, and share what is the same" {
	[ "$(cat "$shared/loaded")" = $'Loaded image: example.org/debian:oci\nLoaded image: example.org/debian:docker' ]
	[ "$(find "$root/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
}

@test "its programs run, and see a system of their own" {
	for image in $IMAGES; do
		run planet run --rm "$image" apt-get --version
		[ "$status" = 0 ]
		[[ "${lines[0]}" == "apt 2."* ]]
		run planet run --rm "$image" id
		[ "$output" = "uid=0(root) gid=0(root) groups=0(root)" ]
		run planet run --rm -u www-data "$image" id
		[ "$output" = "uid=33(www-data) gid=33(www-data) groups=33(www-data)" ]
		run planet run --rm --hostname venus "$image" hostname
		[ "$output" = venus ]
		run planet run --rm "$image" ps -eo pid=,ppid=,comm=
		[ "${#lines[@]}" = 1 ]
		[[ "${lines[0]}" =~ ^\ +1\ +0\ ps$ ]]
		run planet run --rm "$image" cat /proc/self/uid_map /proc/self/gid_map
		for line in "${lines[@]}"; do [[ "$line" =~ ^\ +0\ +[0-9]{10}\ +65536$ ]]; done
	done
}

@test "its mountinfo has nothing of the host's" {
	# But for the three files that are the container's own, on the disk where its other files are.
	run planet run --rm example.org/debian:oci grep -v -e ' /etc/hosts ' -e ' /etc/hostname ' -e ' /etc/resolv.conf ' /proc/self/mountinfo
	for word in /dev/vd /dev/sd "$shared" /var /containers /layers "$(hostname)"; do [[ "$output" != *"$word"* ]]; done
	# Nothing but what a container is given; every root is that of its file system, or a masked or read-only path of it.
	while read -r _ _ _ inside point _; do
		[[ "$point" =~ ^/($|proc|sys|dev) ]]
		[[ "$inside" = / || "$point" =~ ^/(proc|sys)/ ]]
	done <<<"$output"
}

@test "the tree in the container is the tree that was packed" {
	for image in $IMAGES; do
		for users in auto host; do
			planet run --rm -i --userns $users -w /var "$image" sh -s / <"$BATS_TEST_DIRNAME/tree.sh" >"$top/tree"
			diff "$DEBIAN/tree" "$top/tree" | head -n 20
			cmp "$DEBIAN/tree" "$top/tree"
		done
	done
}

@test "what is written vanishes with --rm, and stays without until rm" {
	image=example.org/debian:docker
	planet run --rm "$image" sh -c 'echo new >/etc/debian_version; rm -r /etc/apt; chmod 700 /usr; touch /made'
	run planet run --rm "$image" sh -c 'exec 2>&1; ls -d /made /etc/apt; stat -c %a /usr; grep -c new /etc/debian_version'
	[[ "$output" == *"cannot access '/made'"* && "$output" == *$'/etc/apt\n755\n0' ]]
	wait_for_tidiers
	[ -z "$(ls "$root/containers")" ]
	planet run --name keeps "$image" sh -c 'echo text >/made; rm -r /usr/share/doc; ln /made /again'
	upper=$root/containers/$(ls "$root/containers")/upper
	[ "$(cat "$upper/again")" = text ]
	[ -c "$upper/usr/share/doc" ] # overlayfs: a 0:0 device stands for what is gone
	planet rm keeps
	[ ! -e "$upper" ]
	planet run --rm "$image" test -d /usr/share/doc
}

@test "a login shell at a terminal has job control, size and modes" {
	on_terminal job_control run --rm -it example.org/debian:oci bash --login
	on_terminal first_size run --rm -it example.org/debian:oci bash -c 'stty size; exit 5'
}

@test "the terminal's modes come back whatever way the container ends" {
	local waits='trap "exit 7" TERM HUP INT QUIT USR1; echo ready; while :; do sleep 0.05; done'
	for signal in TERM HUP INT QUIT USR1; do
		on_terminal "signal:$signal:7" run --rm -it example.org/debian:oci sh -c "$waits"
	done
	# The signal's own action, with a process 1 that passes it on.
	for signal in TERM:143 HUP:129 INT:130; do
		on_terminal "signal:$signal" run --rm --init -it example.org/debian:oci sh -c 'echo ready; exec sleep 1000'
	done
	on_terminal "ends:127" run --rm -it example.org/debian:oci no-such-command
	on_terminal "ends:125" run --rm -it -u nosuch example.org/debian:oci true
	# Ended from another terminal.
	for command in "stop -t 0" kill "rm -f"; do
		# shellcheck disable=SC2086
		on_terminal "command:137:$PLANET_BIN --root $root --runroot $runroot $command far" \
			run --name far -it example.org/debian:oci sh -c 'echo ready; exec sleep 1000'
		planet rm -f far >/dev/null 2>&1 || :
	done
}

@test "the terminal hangs up: the container ends; the command is killed: it goes on, as with docker" {
	on_terminal hang_up run --name gone -it example.org/debian:oci bash
	for _ in $(seq 50); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	[ -z "$(planet ps -q)" ]
	planet rm gone
	on_terminal killed run --name kept -it example.org/debian:oci bash
	[ "$(planet ps --format '{{.Names}}')" = kept ]
	[ "$(planet exec kept echo there)" = there ]
	planet rm -f kept
}
