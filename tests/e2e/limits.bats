#!/usr/bin/env bats
# What a container is held to: each limit is read back from its control group, and those that can be are run into.
load helper

pure_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# group ID CONTROLLER: the container's directory there
group() {
	if pure_v2; then echo "/sys/fs/cgroup/planet/$1"; else echo "/sys/fs/cgroup/$2/planet/$1"; fi
}

# setting ID CONTROLLER V1-FILE V2-FILE: what is in the file of this host's layout
setting() {
	if pure_v2; then cat "$(group "$1" "$2")/$4"; else cat "$(group "$1" "$2")/$3"; fi
}

# Microseconds of processor time that the container has used.
cpu_time() {
	if pure_v2; then sed -n 's/^usage_usec //p' "$(group "$1" cpu)/cpu.stat"; else echo $(($(cat "$(group "$1" cpuacct)/cpuacct.usage") / 1000)); fi
}

microseconds() { echo $(($(date +%s%N) / 1000)); }

@test "every limit is in the control group" {
	id=$(planet run -d -m 64m --memory-swap 96m --memory-reservation 32m --cpu-shares 512 --cpus 0.5 \
		--cpuset-cpus 0 --cpuset-mems 0 --pids-limit 77 busybox sleep 1000)
	[ "$(setting "$id" memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(setting "$id" memory memory.soft_limit_in_bytes memory.low)" = 33554432 ]
	[ "$(setting "$id" cpuset cpuset.cpus cpuset.cpus)" = 0 ]
	[ "$(setting "$id" cpuset cpuset.mems cpuset.mems)" = 0 ]
	[ "$(setting "$id" pids pids.max pids.max)" = 77 ]
	if pure_v2; then
		[ "$(setting "$id" memory - memory.swap.max)" = 33554432 ]
		[ "$(setting "$id" cpu - cpu.max)" = "50000 100000" ]
		[ "$(setting "$id" cpu - cpu.weight)" = 59 ]
	else
		[ "$(setting "$id" memory memory.memsw.limit_in_bytes)" = 100663296 ]
		[ "$(setting "$id" cpu cpu.cfs_quota_us)" = 50000 ]
		[ "$(setting "$id" cpu cpu.cfs_period_us)" = 100000 ]
		[ "$(setting "$id" cpu cpu.shares)" = 512 ]
	fi
	# They hold for what is started in it later, too.
	[ "$(planet exec "$id" nproc)" = 1 ]
	grep -q . "$(group "$id" pids)/cgroup.procs"
}

@test "what is not asked for: a process limit, and as much swap again as memory" {
	id=$(planet run -d busybox sleep 1000)
	[ "$(setting "$id" pids pids.max pids.max)" = 4096 ]
	[[ "$(setting "$id" memory memory.limit_in_bytes memory.max)" =~ ^(max|9223372036854771712)$ ]]
	id=$(planet run -d -m 32m --pids-limit -1 busybox sleep 1000)
	[ "$(setting "$id" pids pids.max pids.max)" = max ]
	if pure_v2; then
		[ "$(setting "$id" memory - memory.swap.max)" = 33554432 ]
	else
		[ "$(setting "$id" memory memory.memsw.limit_in_bytes)" = 67108864 ]
	fi
	id=$(planet run -d -m 32m --memory-swap -1 busybox sleep 1000)
	[[ "$(setting "$id" memory memory.memsw.limit_in_bytes memory.swap.max)" =~ ^(max|9223372036854771712)$ ]]
}

@test "block devices: rates and weights, or a sentence" {
	disk=$(lsblk -dnpo NAME,TYPE | awk '$2 == "disk" { print $1; exit }')
	[ -b "$disk" ] || skip "this machine has no disk"
	number=$(lsblk -dno MAJ:MIN "$disk" | tr -d ' ')
	id=$(planet run -d --device-read-bps "$disk:1mb" --device-write-bps "$disk:2mb" \
		--device-read-iops "$disk:10" --device-write-iops "$disk:20" busybox sleep 1000)
	if pure_v2; then
		[ "$(setting "$id" io - io.max)" = "$number rbps=1048576 wbps=2097152 riops=10 wiops=20" ]
	else
		[ "$(setting "$id" blkio blkio.throttle.read_bps_device)" = "$number 1048576" ]
		[ "$(setting "$id" blkio blkio.throttle.write_bps_device)" = "$number 2097152" ]
		[ "$(setting "$id" blkio blkio.throttle.read_iops_device)" = "$number 10" ]
		[ "$(setting "$id" blkio blkio.throttle.write_iops_device)" = "$number 20" ]
	fi
	run planet run -d --blkio-weight 321 busybox sleep 1000
	if [ "$status" = 0 ]; then
		[[ "$(setting "$output" blkio blkio.bfq.weight io.bfq.weight)" =~ ^(default )?321$ ]]
	else
		[ "$status" = 125 ]
		[ "${#lines[@]}" = 1 ]
		[[ "$output" == *"block I/O weight (which needs the BFQ scheduler)"* ]]
	fi
}

@test "a fork bomb meets its limit, and the machine does not mind" {
	id=$(planet run -d --pids-limit 50 busybox sh -c 'bomb() { bomb | bomb & }; bomb & exec sleep 1000')
	events=$(group "$id" pids)/pids.events
	for _ in $(seq 100); do [ "$(sed -n 's/^max //p' "$events")" = 0 ] || break; sleep 0.1; done
	[ "$(sed -n 's/^max //p' "$events")" -gt 0 ]
	[ "$(cat "$(group "$id" pids)/pids.current")" -le 50 ]
	[ "$(planet run --rm busybox echo well)" = well ]
	planet rm -f "$id"
	[ ! -e "$events" ]
}

@test "memory that runs out: the process, the word about it, the next one" {
	run planet run --rm -m 16m --memory-swap 16m busybox tail /dev/zero
	[ "$status" = 137 ]
	[ "$output" = "planet: the container was killed because it needed more memory than its limit" ]
	# A child is killed, and the container lives on.
	run planet run --rm -m 16m --memory-swap 16m busybox sh -c 'tail /dev/zero; echo "then $?"'
	[ "$status" = 0 ]
	[[ "$output" == *"then 137"* ]] # and the shell's own word, on the other stream
	id=$(planet run -d -m 16m --memory-swap 16m --name small busybox sleep 1000)
	run planet exec small tail /dev/zero
	[ "$status" = 137 ]
	[ "$(planet exec small echo well)" = well ]
	[ "$(planet run --rm -m 6m busybox echo least)" = least ]
}

@test "a loop is held at its share of a processor" {
	id=$(planet run -d --cpus 0.5 busybox sh -c 'while :; do :; done & while :; do :; done')
	sleep 0.5
	begin=$(microseconds) used=$(cpu_time "$id")
	sleep 2
	used=$(($(cpu_time "$id") - used)) span=$(($(microseconds) - begin))
	echo "used $used of $span microseconds"
	# Half, and at most one period's worth more; that the limit did it is in the counters. A busy machine gives less.
	[ "$used" -le $((span / 2 + 60000)) ]
	[ "$(sed -n 's/^nr_throttled //p' "$(group "$id" cpu)/cpu.stat")" -gt 0 ]
}

@test "/dev/shm and resource limits are as asked" {
	[ "$(planet run --rm --shm-size 1m busybox df -k /dev/shm | awk 'END { print $2 }')" = 1024 ]
	[ "$(planet run --rm busybox df -k /dev/shm | awk 'END { print $2 }')" = 65536 ]
	run planet run --rm --ulimit core=0 --ulimit nofile=64:128 --ulimit fsize=1024 busybox cat /proc/self/limits
	[[ "$output" =~ "Max open files"\ +64\ +128 ]]
	[[ "$output" =~ "Max core file size"\ +0\ +0 ]]
	[[ "$output" =~ "Max file size"\ +1024\ +1024 ]]
	[ "$(planet run --rm --oom-score-adj 321 busybox cat /proc/self/oom_score_adj)" = 321 ]
}
