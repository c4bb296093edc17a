#!/usr/bin/env bats
# The kernel's surface as a container meets it by default: system calls, sockets, masked files, devices.
load helper

# What the filter answers to each number, against the table; what it does not name is absent (ENOSYS).
verdicts_match() { # ABI
	probe calls "$1" 0 512 | sort -n >"$top/got"
	awk '$1 != "#" { verdict[$1] = $3 } END { for (i = 0; i < 512; i++)
		if (!("'"$1"'" == "x86_64" && (i == 335 || i == 336))) print i, (i in verdict ? verdict[i] : "ENOSYS") }' \
		"$BATS_TEST_DIRNAME/calls_$1.txt" >"$top/wanted"
	[ "$(wc -l <"$top/got")" -ge 510 ]
	diff "$top/wanted" "$top/got"
}

@test "D5: each 64-bit system call has the verdict of the table, and newer ones do not exist" { verdicts_match x86_64; }

@test "D5: each 32-bit system call has the verdict of the table" { verdicts_match i386; }

@test "D5: no x32 call exists" {
	run -0 probe calls x32 0 600
	[ "${#lines[@]}" = 600 ]
	[ "$(grep -vc ' ENOSYS$' <<<"$output")" = 0 ]
}

@test "D4, D5: the calls that led out of containers are refused when they are made" {
	run -0 probe tries
	[ "${#lines[@]}" = 37 ]
	[[ "$output" != *" ok"* ]]
	# All by the filter, none by chance of a bad argument.
	[ "$(grep -vcE ' (EPERM|ENOSYS)$' <<<"$output")" = 0 ]
	# The same in an exec, and for another user.
	planet run -d --name box -v "$PROBE:/probe:ro" busybox sleep 1000
	[ "$(planet exec box /probe tries)" = "$output" ]
	[ "$(planet exec -u 1000 box /probe tries)" = "$output" ]
	planet rm -f box
}

@test "D3, D10: the socket families are unix, inet, inet6 and four of netlink; no AF_ALG, AF_VSOCK, AF_PACKET" {
	run -0 probe sockets
	[ "$output" = $'1\n2\n10\n16/0\n16/4\n16/15\n16/16' ]
	# socketcall hides the family: it is absent (102 of the 32-bit table).
	run -0 probe calls i386 102 103
	[ "$output" = "102 ENOSYS" ]
	run -0 planet run --rm --cap-add NET_RAW "${probing[@]}" sockets
	[[ "$output" == *$'\n17'* ]]
	[[ "$output" != *$'\n38'* && "$output" != *$'\n40'* ]]
}

@test "D10: ping works without CAP_NET_RAW, for root and for users" {
	[ "$(probe ping)" = "ping ok" ]
	[ "$(planet run --rm -u 1000 "${probing[@]}" ping)" = "ping ok" ]
}

@test "D1: what tells of the machine is masked, each by an empty read-only file or directory" {
	local paths="/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug
		/proc/scsi /proc/timer_list /proc/timer_stats /sys/firmware /sys/devices/virtual/powercap"
	local path masked=0
	for path in $paths; do
		[ -e "$path" ] || continue
		masked=$((masked + 1))
		run planet run --rm busybox sh -c "if [ -d $path ]; then ls -A $path; else cat $path; fi; stat -f -c %T $path"
		[ "$output" = tmpfs ] || { echo "$path: $output"; return 1; }
		# shellcheck disable=SC2016
		run -0 planet run --rm busybox sh -c 'awk -v p='"$path"' "\$5 == p { print substr(\$6, 1, 3) }" /proc/self/mountinfo'
		[ "$output" = ro, ]
		run planet run --rm busybox sh -c "touch $path/x 2>&1; echo x 2>&1 >$path; chmod 777 $path"
		[ "$status" != 0 ]
	done
	[ "$masked" -ge 4 ]
	for path in /sys/devices/system/cpu/cpu*/thermal_throttle; do
		[ -e "$path" ] || continue
		run planet run --rm busybox sh -c "ls -A $path"
		[ -z "$output" ]
	done
}

@test "D2: what steers the machine is read-only, by every way to it" {
	local path
	for path in /proc/sys/kernel/domainname /proc/sys/vm/swappiness /proc/sysrq-trigger /proc/irq/default_smp_affinity \
		/proc/sys/kernel/core_pattern /proc/1/root/proc/sys/kernel/domainname /proc/self/root/proc/sysrq-trigger; do
		run planet run --rm --userns host "${probing[@]}" open "$path" w
		[[ "$output" == *EROFS || "$output" == *ENOENT ]] || { echo "$output"; return 1; }
	done
	run planet run --rm busybox sh -c 'for d in bus fs irq sys; do touch /proc/$d/x 2>&1; done; mkdir /sys/x'
	[ "$status" != 0 ]
	run planet run --rm busybox sh -c 'mkdir /p; mount -t proc proc /p'
	[ "$status" != 0 ]
	# shellcheck disable=SC2016
	run -0 planet run --rm busybox awk '$5 ~ "^/proc/(bus|fs|irq|sys|sysrq-trigger)$" && $6 !~ "^ro" { print $5 }' /proc/self/mountinfo
	[ -z "$output" ]
}

@test "D6: device nodes are dead: those that are made and those in a root filesystem" {
	make_rootfs "$top/rootfs"
	mknod "$top/rootfs/mem" c 1 1
	mknod "$top/rootfs/disk" b 254 0
	local node
	for node in /mem /disk; do
		run planet run --rm --rootfs "$top/rootfs" /bin/probe open "$node" r
		[[ "$output" == *EPERM || "$output" == *EACCES ]] || { echo "$output"; return 1; }
		# With the host's users only the control group's device rules stand before it.
		run planet run --rm --userns host --rootfs "$top/rootfs" /bin/probe open "$node" r
		[[ "$output" == *EPERM || "$output" == *EACCES ]] || { echo "$output"; return 1; }
	done
	run planet run --rm --cap-add MKNOD busybox sh -c 'mknod /x c 1 1 && cat /x'
	[ "$status" != 0 ]
	run planet run --rm --cap-add MKNOD --userns host -v "$PROBE:/probe:ro" busybox sh -c 'mknod /x b 254 0 && /probe open /x r'
	[[ "$output" == *EPERM ]]
	# Those that a container is given work.
	run -0 planet run --rm busybox sh -c 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c'
	[ "$output" = $'4\n4' ]
}

@test "C9: no control group can be mounted or written, and no release_agent" {
	run planet run --rm busybox sh -c 'mkdir /m; unshare -UrmC sh -c "mount -t cgroup -o rdma x /m"'
	[ "$status" != 0 ]
	run planet run --rm --userns host busybox sh -c 'mkdir /m; mount -t cgroup -o memory x /m'
	[ "$status" != 0 ]
	run planet run --rm --userns host busybox sh -c 'find /sys/fs/cgroup -type f -name "*.max" -o -name release_agent -o -name tasks -o -name cgroup.procs | while read f; do echo 1 >"$f" && echo "wrote $f"; done 2>/dev/null; mkdir /sys/fs/cgroup/x 2>/dev/null || mkdir /sys/fs/cgroup/memory/x 2>/dev/null && echo made'
	[[ "$output" != *wrote* && "$output" != *made* ]]
}
