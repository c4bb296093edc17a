#!/usr/bin/env bats
# The fallback matrix: Planet where system calls are hidden, as older kernels and the filters of containers do. Each row
# hides some and says what must become of it: the same result by another way, or one sentence and nothing left.
load ../e2e/helper
bats_require_minimum_version 1.5.0

HIDE=$BATS_TEST_DIRNAME/../../build/release/tests/fallback/hide

hidden_planet() { "$HIDE" "${rules[@]}" -- "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"; }

# says EXPECTED ARGS...: `planet run --rm ARGS` prints exactly that, and nothing else.
says() {
	local expected=$1
	shift
	run hidden_planet run --rm "$@"
	[ "$output" = "$expected" ] || { echo "run --rm $*: expected \"$expected\", got \"$output\""; return 1; }
}

make_bundle() {
	mkdir -p "$top/bundle/rootfs/bin" "$top/bundle/rootfs/proc" "$top/bundle/rootfs/dev" "$top/bundle/rootfs/sys"
	cp /bin/busybox "$top/bundle/rootfs/bin/"
	"$RUNTIME_BIN" spec --bundle "$top/bundle"
	jq '.process.terminal = false | .process.args = ["/bin/busybox", "cat", "/proc/sys/kernel/hostname"]' \
		"$top/bundle/config.json" >"$top/config"
	mv "$top/config" "$top/bundle/config.json"
}

# What a user relies on, each with its whole visible result.
everything_works() {
	says hello busybox echo hello # the embedded image is unpacked here
	run hidden_planet run --rm busybox sh -c 'exit 42'
	[ "$status" = 42 ]
	run -127 hidden_planet run --rm busybox no-such-command
	mkdir "$top/data"
	echo content >"$top/data/file"
	says content -v "$top/data:/data:ro" busybox cat /data/file
	says "touch: /data/x: Read-only file system" -v "$top/data:/data:ro" busybox touch /data/x
	says "" -v "$top/data:/new/deep/place" busybox touch /new/deep/place/made
	[ -O "$top/data/made" ]
	says "touch: /x: Read-only file system" --read-only busybox touch /x
	says 1024 --tmpfs /t:size=1m busybox sh -c 'df /t | tail -n 1 | tr -s " " | cut -d " " -f 2'
	says 0 busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	says /new/dir -w /new/dir busybox pwd
	run hidden_planet run --rm -w /proc/self/fd/3 busybox cat /etc/machine-id
	[ "$status" != 0 ]
	says $'0\n00000000800405fb\n2' busybox sh -c 'wc -c </proc/timer_list; grep -e CapEff -e Seccomp: /proc/self/status | cut -f 2'
	# Only the three streams, and the directory that ls itself reads.
	says $'0\n1\n2\n3' busybox ls /proc/self/fd
	says planet-init --init busybox cat /proc/1/comm
	says nobody -u nobody busybox id -un
	run hidden_planet run --rm -m 16m busybox tail /dev/zero
	[ "$status" = 137 ]
	make_bundle
	run "$HIDE" "${rules[@]}" -- "$RUNTIME_BIN" run --bundle "$top/bundle" fallback
	[ "$output" = planet ]
}

private_users_work() {
	run hidden_planet run --rm busybox cat /proc/self/uid_map
	[[ "$output" =~ ^\ +0\ +[0-9]{10}\ +65536$ ]]
}

long_life_works() {
	hidden_planet run -d --name web busybox sh -c 'echo started; trap "exit 5" TERM; while :; do sleep 0.1; done'
	run hidden_planet exec web sh -c 'echo inside; exit 3'
	[ "$status" = 3 ]
	[ "$output" = inside ]
	hidden_planet stop web
	[ "$(hidden_planet logs web)" = started ]
	[[ "$(hidden_planet ps -a)" == *"Exited (5)"* ]]
	hidden_planet rm web
}

row() { rules=("$@"); everything_works; private_users_work; long_life_works; }

# The host's users instead, and one line that says so and why; then all the rest.
without_private_users() { # REASON RULE...
	local reason=$1
	shift
	rules=("$@")
	run hidden_planet run --rm busybox cat /proc/self/uid_map
	[ "${#lines[@]}" = 2 ]
	[[ "${lines[0]}" == "planet: private users are not possible here, so this container has the host's users"*"$reason"* ]]
	[[ "${lines[1]}" =~ ^\ +0\ +0\ +4294967295$ ]]
	run hidden_planet run --rm --userns auto busybox true
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"$reason"* ]]
	run hidden_planet info
	[[ "$output" == *"Private users:  no: "*"$reason"* ]]
}

# One sentence that names the call and the remedy, status 125, nothing left (the teardown looks).
refused() { # CALL RULE...
	local call=$1
	shift
	rules=("$@")
	run hidden_planet run --rm --name gone busybox echo hello
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == "planet: "*"the system call $call is missing: Planet needs Linux 5.14 or newer and"*"seccomp filter"* ]]
	run hidden_planet run -d --name gone busybox echo hello
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"the system call $call is missing"* ]]
	make_bundle
	run "$HIDE" "${rules[@]}" -- "$RUNTIME_BIN" run --bundle "$top/bundle" fallback
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"the system call $call is missing"* ]]
}

@test "nothing hidden: the core works" { row; }

# In a container whose filter knows older calls only.
@test "openat2 (5.6) hidden: works by walking" { row openat2; }
@test "openat2 refused with EPERM: works by walking" { row openat2:EPERM; }
@test "clone3 (5.3) hidden: works by clone" { row clone3; }
@test "clone3 refused with EPERM: works by clone" {
	planet run --rm busybox true # unpacking uses threads, and the C library makes none with such an answer
	row clone3:EPERM
}
@test "close_range (5.9) hidden: works by single calls" { row close_range; }
@test "close_range refused with EPERM: works by single calls" {
	rules=(close_range:EPERM)
	exec 20<"$BATS_TEST_FILENAME" 500<"$BATS_TEST_FILENAME" # two that the container must not see
	says $'0\n1\n2\n3' busybox ls /proc/self/fd
	exec 20<&- 500<&-
}
@test "faccessat2 (5.8) hidden: works" { row faccessat2; }
@test "openat2, clone3, close_range and faccessat2 hidden together: works" { row openat2 clone3 close_range faccessat2; }
@test "io_uring, userfaultfd, bpf, keyctl hidden: works" { row io_uring_setup userfaultfd bpf keyctl; }
@test "process_vm_readv hidden: works by executing the program again" { row process_vm_readv; }
@test "fsopen (5.2) hidden: refused in one sentence" { refused fsopen fsopen; }
@test "fsconfig (5.2) hidden: refused in one sentence" { refused fsconfig fsconfig; }
@test "fsmount (5.2) hidden: refused in one sentence" { refused fsmount fsmount; }
@test "open_tree (5.2) hidden: refused in one sentence" { refused open_tree open_tree; }
@test "move_mount (5.2) hidden: refused in one sentence" { refused move_mount move_mount; }
@test "mount_setattr (5.12) hidden: refused in one sentence" { refused mount_setattr mount_setattr; }

@test "pidfd_open (5.3) hidden: run works; exec, kill and stop say why not, and rm leaves what runs" {
	rules=(pidfd_open)
	everything_works
	hidden_planet run -d --name web busybox sleep 1000
	for command in "exec web true" "kill web" "stop web" "rm -f web"; do
		# shellcheck disable=SC2086
		run hidden_planet $command
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[[ "$output" == *"the system call pidfd_open is missing"* ]]
	done
	planet exec web true
	planet rm -f web
}

@test "pidfd_send_signal (5.1) hidden: run works and passes signals on; kill and stop say why not" {
	rules=(pidfd_send_signal)
	everything_works
	"$HIDE" "${rules[@]}" -- "$PLANET_BIN" --root "$root" --runroot "$runroot" run --name web busybox \
		sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done' >"$top/out" &
	local client=$!
	for _ in $(seq 50); do [ ! -s "$top/out" ] || break; sleep 0.1; done
	for command in "kill web" "stop web" "rm -f web"; do
		# shellcheck disable=SC2086
		run hidden_planet $command
		[ "$status" = 1 ]
		[[ "$output" == *"the system call pidfd_send_signal is missing"* ]]
	done
	kill -TERM "$client"
	local ended=0
	wait "$client" || ended=$?
	[ "$ended" = 9 ]
	planet rm web
}

# As on older kernels, from 5.14 on.
@test "memfd_create knows no MFD_EXEC (before 6.3): works" { row memfd_create@1\&0x10:EINVAL; }
@test "fchmodat2 (6.6) hidden: works through /proc/self/fd" { row fchmodat2; }
@test "statmount and listmount (6.8) hidden: works" { row statmount listmount; }
@test "overlay takes no layers by descriptor (before 6.13), EINVAL: works by names" { row fsconfig@1=5:EINVAL; }
@test "overlay takes no id-mapped layers (before 5.19): info says so" {
	rules=(fsconfig@1=5:EINVAL mount:EINVAL)
	run hidden_planet info
	[[ "$output" == *"Private users:  no: overlayfs takes no id-mapped layers before Linux 5.19 "* ]]
}
@test "overlay takes no layers by descriptor (before 6.13), EOPNOTSUPP: works by names" { row fsconfig@1=5:EOPNOTSUPP; }
@test "all that is newer than 5.14 hidden together: works" {
	row memfd_create@1\&0x10:EINVAL fchmodat2 statmount listmount fsconfig@1=5:EINVAL openat2 clone3 close_range
}

@test "file systems without id-mapped mounts: the host's users, and it says so" {
	without_private_users "no id-mapped mounts" id-maps
	rules=(id-maps)
	says hello --userns host busybox echo hello
}

@test "no user namespaces: the host's users, and it says so" {
	without_private_users "clone3 CLONE_NEWUSER: Operation not permitted" clone3 clone@0\&0x10000000:EPERM
	without_private_users "user.max_user_namespaces" clone3 clone@0\&0x10000000:ENOSPC
}

@test "no network namespace to be had: init's own sentence, whichever side is first" {
	rules=(unshare@0\&0x40000000:ENOSPC)
	for users in auto host; do
		for _ in 1 2 3 4 5; do
			run hidden_planet run --rm --userns $users busybox true
			[ "$status" = 125 ]
			[ "$output" = "planet: create the network: unshare: No space left on device" ] || { echo "$output"; return 1; }
		done
	done
}

@test "a container that ends while it is killed: delete --force goes on, kill says so" {
	make_bundle
	jq '.process.args = ["/bin/busybox", "sleep", "1"]' "$top/bundle/config.json" >"$top/config"
	mv "$top/config" "$top/bundle/config.json"
	"$RUNTIME_BIN" run -d --bundle "$top/bundle" fallback </dev/null >/dev/null 2>&1 3>&-
	run "$HIDE" pidfd_send_signal:ESRCH -- "$RUNTIME_BIN" kill fallback KILL
	[ "$status" = 1 ]
	[ "$output" = 'planet-runtime: cannot kill container "fallback": container not running' ]
	run "$HIDE" pidfd_send_signal:ESRCH -- "$RUNTIME_BIN" delete --force fallback
	[ "$status" = 0 ]
	[ -z "$output" ]
	[[ "$("$RUNTIME_BIN" list -q)" != *fallback* ]]
}
