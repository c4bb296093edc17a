#!/usr/bin/env bats
# planet-runtime under Debian's podman of an ordinary user: one that this file makes up, in mount and process namespaces
# where /etc/passwd and its kin are the test's. RUNTIME_BIN=/usr/sbin/runc tests the tests.
bats_require_minimum_version 1.5.0

RUNTIME_BIN=$(realpath "${RUNTIME_BIN:-$BATS_TEST_DIRNAME/../../build/planet-runtime}")
readonly uid=4711 gid=4712

setup_file() {
	[ "$(id -u)" = 0 ] || { echo "these tests need root" >&2; return 1; }
	export top
	top=$(mktemp -d /var/tmp/planet-rootless-XXXXXX)
	chmod 711 "$top"
	{ cat /etc/passwd; echo "planetuser:x:$uid:$gid::$top/home:/bin/sh"; } >"$top/passwd"
	{ cat /etc/group; echo "planetuser:x:$gid:"; } >"$top/group"
	echo planetuser:700000:65536 | tee "$top/subuid" >"$top/subgid"
	install -d -o $uid -g $gid -m 700 "$top/home" "$top/xdg"
	install -m 755 "$RUNTIME_BIN" "$top/runtime"
	mkdir -p "$top/image/bin"
	cp /bin/busybox "$top/image/bin/"
	local applet
	for applet in sh id cat sleep true tty touch stat; do ln -s busybox "$top/image/bin/$applet"; done
	tar -C "$top/image" -cf "$top/image.tar" .
	chmod 644 "$top/image.tar"
	cat /proc/self/mountinfo >"$top/mounts-before"
	as_user 'p import -q $top/image.tar example.org/small:1' >/dev/null 2>&1
}

teardown_file() {
	local left=0
	diff "$top/mounts-before" /proc/self/mountinfo || left=1
	[ -z "$(find /sys/fs/cgroup -type d -path '*libpod*' -user $uid 2>/dev/null)" ] || left=1
	rm -rf "$top"
	return $left
}

# as_user SCRIPT: p is podman, run has what every container here gets. When the script ends, so does all that it started.
as_user() {
	timeout 60 unshare -m -p -f --kill-child --mount-proc --propagation private sh -ec '
		for file in passwd group subuid subgid; do mount --bind "$top/$file" "/etc/$file"; done
		exec catatonit -- setpriv --reuid "$1" --regid "$2" --clear-groups env -i PATH="$PATH" HOME="$top/home" \
			XDG_RUNTIME_DIR="$top/xdg" top="$top" sh -c "cd
				p() { podman --log-level error --runtime $top/runtime --storage-driver vfs --cgroup-manager cgroupfs --events-backend file \"\$@\"; }
				run() { p run --network none --ulimit nofile=1024:4096 --ulimit nproc=1000:1000 \"\$@\"; }
				$3"' sh $uid $gid "$1" 3>&-
}

output_is() { [ "$2" = "$1" ] || { echo "got '$2', expected '$1'" >&2; return 1; }; }

@test "rootless podman: run, its statuses, its ids" {
	output_is "0 0 $uid 1 1 700000 65536" "$(as_user 'run --rm example.org/small:1 sh -c "id -u; cat /proc/self/uid_map"' | xargs)"
	output_is 7 "$(as_user 'run --rm example.org/small:1 sh -c "exit 7"; echo $?' | tail -n 1)"
	output_is 127 "$(as_user 'run --rm example.org/small:1 no-such-command 2>/dev/null; echo $?' | tail -n 1)"
	output_is 5:6 "$(as_user 'run --rm --user 5:6 example.org/small:1 sh -c "echo \$(id -u):\$(id -g)"')"
}

@test "rootless podman: detached, exec, logs, kill, rm" {
	output_is 'running 0 5 out 137' "$(as_user '
		run -d --name box example.org/small:1 sh -c "echo out; exec sleep 1000" >/dev/null
		p inspect -f "{{.State.Status}}" box
		p exec box id -u
		p exec --user 5 box id -u
		p logs box
		p kill box >/dev/null
		p wait box
		p rm -f -t 0 box >/dev/null' | xargs)"
}

@test "rootless podman: --userns keep-id, and volumes" {
	output_is $uid "$(as_user 'run --rm --userns keep-id example.org/small:1 id -u')"
	as_user 'mkdir -p data; run --rm -v $HOME/data:/data example.org/small:1 touch /data/made'
	output_is $uid "$(stat -c %u "$top/home/data/made")"
}

@test "rootless podman: a terminal" {
	output_is /dev/pts/0 "$(as_user 'script -qec "podman --runtime $top/runtime --storage-driver vfs --cgroup-manager cgroupfs --events-backend file run --rm -t --network none --ulimit nofile=1024:4096 --ulimit nproc=1000:1000 example.org/small:1 tty" /dev/null' 2>/dev/null | tr -d '\r' | grep -o '/dev/pts/[0-9]*')"
}
