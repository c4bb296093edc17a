# Shared by the tests under the engines of Debian. Each file has one daemon (or none, for podman), in namespaces of its
# own: links, packet filters, mounts and processes of the machine stay as they are, and when the first process of the
# process namespace ends, so does all that the file has started. What RUNTIME_BIN names is tested, so that the tests can
# be tested on another runtime: RUNTIME_BIN=/usr/sbin/runc bats tests/engines.
bats_require_minimum_version 1.5.0

RUNTIME_BIN=$(realpath "${RUNTIME_BIN:-$BATS_TEST_DIRNAME/../../build/planet-runtime}")
IMAGE=example.org/small:1

# inside COMMAND...: among the engine's mounts, links and processes.
inside() { nsenter -t "$holder" -m -n -p -- "$@"; }

# in_background LOG COMMAND...: a daemon, inside; $daemon is its process.
in_background() {
	local log=$1
	shift
	inside "$@" >"$log" 2>&1 3>&- &
	export daemon=$!
	eventually pgrep -P "$daemon"
}

# The daemon is the child of the process that waits for it outside.
stop_daemon() {
	[ -n "${daemon:-}" ] || return 0
	kill "$(pgrep -P "$daemon")" || :
	ended "$daemon"
	daemon=
}

# ended PROCESS: a child of this shell; within ten seconds, or it is killed.
ended() {
	for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
	! kill -9 "$1" 2>/dev/null || echo "process $1 had to be killed"
	wait "$1" 2>/dev/null || :
}

# eventually COMMAND...: it succeeds within ten seconds.
eventually() {
	local left
	for left in $(seq 100 -1 0); do
		! "$@" >/dev/null 2>&1 || return 0
		[ "$left" = 0 ] || sleep 0.1
	done
	echo "never: $*" >&2
	return 1
}

is() { [ "$1" = "$2" ] || { echo "got '$1', expected '$2'" >&2; return 1; }; }
has() { [[ "$1" == *"$2"* ]] || { echo "got '$1', expected '$2' in it" >&2; return 1; }; }
output_is() { is "$("${@:2}" 2>&1)" "$1"; }
output_has() { has "$("${@:2}" 2>&1)" "$1"; }
# status_is STATUS COMMAND...
status_is() { local got=0; "${@:2}" || got=$?; is "$got" "$1"; }

# A process namespace needs a first process that reaps; the mounts are what engines write outside of their directories.
namespaces() {
	setpriv --pdeathsig KILL unshare -m -n -p -f --kill-child --mount-proc bash -euc '
		for place in /run /dev/shm /var/lib/cni /var/lib/containers /var/lib/containerd /var/lib/docker /var/cache /etc/cni /etc/docker; do
			[ ! -d "$place" ] || mount -t tmpfs tmpfs "$place"
		done
		ip link set lo up
		touch "$1/ready"
		exec catatonit -P' bash "$top" 3>&- &
	unshared=$!
	eventually test -e "$top/ready"
	export unshared holder
	holder=$(pgrep -P "$unshared")
}

# The image of all the tests: busybox, and files to fail with.
make_image() {
	local rootfs=$top/image applet
	mkdir -p "$rootfs"/{bin,proc,sys,dev,etc,tmp,data,home}
	chmod 1777 "$rootfs/tmp"
	cp /bin/busybox "$rootfs/bin/"
	for applet in $(/bin/busybox --list); do ln -s busybox "$rootfs/bin/$applet" 2>/dev/null || :; done
	printf 'root:x:0:0::/:/bin/sh\nguest:x:405:100::/home:/bin/sh\n' >"$rootfs/etc/passwd"
	printf 'root:x:0:\nusers:x:100:\n' >"$rootfs/etc/group"
	echo text >"$rootfs/etc/note"
	echo data >"$rootfs/data/file"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/image.tar" "$IMAGE" "$rootfs" \
		'{"Cmd": ["sleep", "1000"], "Env": ["PATH=/bin", "FROM=image"]}'
	skopeo copy --quiet "oci-archive:$top/image.tar:$IMAGE" "docker-archive:$top/docker-image.tar:$IMAGE"
}

# Everything that a container could leave: control groups, processes, mounts, the runtime's state.
traces() {
	find /sys/fs/cgroup -mindepth 2 -type d -path "*/$group/*" 2>/dev/null
	inside ps -eo pid=,args= | grep -vE ' (nsenter|ps) ' | sed 's/^ *[0-9]* //' | sort
	inside cat /proc/self/mountinfo
	inside sh -c 'ls -A /run/planet-runtime /run/docker/runtime-*/* /run/containerd/runc/* 2>/dev/null' | grep -vE ':$|^$' | sort -u
}

is_as_before() { traces | diff "$top/$1" - >"$top/difference"; }

begin_file() {
	[ "$(id -u)" = 0 ] || { echo "these tests need root" >&2; return 1; }
	export top group
	top=$(mktemp -d /var/tmp/planet-engines-XXXXXX)
	group=$(basename "$top")
	cat /proc/self/mountinfo >"$top/mounts-before"
	ip -o link | cut -d: -f2 >"$top/links-before"
	namespaces
	make_image
}

end_file() {
	local left=0 groups
	stop_daemon
	kill "$holder"
	ended "$unshared"
	mapfile -t groups < <(find /sys/fs/cgroup -depth -type d -path "*/$group*" 2>/dev/null)
	[ ${#groups[@]} = 0 ] || rmdir "${groups[@]}" || left=1
	diff "$top/mounts-before" /proc/self/mountinfo || left=1
	ip -o link | cut -d: -f2 | diff "$top/links-before" - || left=1
	[ -n "${KEEP:-}" ] || rm -rf "$top"
	return $left
}

# What an engine does once its daemon is there counts as "before".
remember() { traces >"$top/before"; }
# The next test is judged for itself, even when this one has left something.
nothing_is_left() { eventually is_as_before before || { cat "$top/difference"; remember; return 1; }; }
