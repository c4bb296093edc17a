#!/bin/bash
# layouts: v2
# The life of containers on pure cgroup v2 and Linux 6.1: images of real tools, limits read back and run into,
# exec, logs, stop, kill, rm, and keepers that are killed.
set -u
. /job/lib.bash
state_of() { planet ps -a --format json | jq -r "select(.Names == \"$1\") | .Status"; }
group() { echo "/sys/fs/cgroup/planet/$1"; }

for kind in oci docker; do
	contains "load $kind" "Loaded image: example.org/small:$kind" "$(planet load -i /job/small-$kind.tar)"
	check "run $kind" "uid=7(small) gid=7 groups=7" "$(planet run --rm example.org/small:$kind id)"
done
check "one layer for both" 1 "$(find /var/tmp/planet/layers -mindepth 1 -maxdepth 1 | wc -l)"
head -c 2000 /job/small-oci.tar >/var/tmp/cut.tar
check "a cut archive" 1 "$(planet load -i /var/tmp/cut.tar 2>/dev/null; echo $?)"

id=$(planet run -d -m 64m --memory-swap 96m --memory-reservation 32m --cpu-shares 512 --cpus 0.5 --cpuset-cpus 0 \
	--cpuset-mems 0 --pids-limit 77 busybox sleep 1000)
for pair in memory.max=67108864 memory.swap.max=33554432 memory.low=33554432 "cpu.max=50000 100000" cpu.weight=59 \
	cpuset.cpus=0 cpuset.mems=0 pids.max=77; do
	check "${pair%%=*}" "${pair#*=}" "$(cat "$(group "$id")/${pair%%=*}")"
done
check "exec is in the group, too" 1 "$(planet exec "$id" nproc)"
planet rm -f "$id" >/dev/null

id=$(planet run -d --device-read-bps /dev/vda:1mb --device-write-iops /dev/vda:20 busybox sleep 1000)
check "io.max" "$(lsblk -dno MAJ:MIN /dev/vda | tr -d ' ') rbps=1048576 wbps=max riops=max wiops=20" "$(cat "$(group "$id")/io.max")"
check "default pids.max" 4096 "$(cat "$(group "$id")/pids.max")"
planet rm -f "$id" >/dev/null
out=$(planet run --rm --blkio-weight 321 busybox true 2>&1) || contains "blkio weight is refused by name" "BFQ scheduler" "$out"
out=$(planet run --rm --memory-swappiness 5 busybox true 2>&1)
contains "what only v1 has" "exist on cgroup v1 only" "$out"
check "in one line" 1 "$(echo "$out" | wc -l)"

id=$(planet run -d --pids-limit 50 busybox sh -c 'bomb() { bomb | bomb & }; bomb & exec sleep 1000')
wait_until sh -c "grep -q 'max [1-9]' $(group "$id")/pids.events"
check "a fork bomb is held" yes "$([ "$(cat "$(group "$id")/pids.current")" -le 50 ] && grep -q 'max [1-9]' "$(group "$id")/pids.events" && echo yes)"
check "others run beside it" well "$(planet run --rm busybox echo well)"
planet rm -f "$id" >/dev/null

out=$(planet run --rm -m 16m --memory-swap 16m busybox tail /dev/zero 2>&1; echo "status $?")
contains "out of memory, in words" "more memory than its limit" "$out"
contains "out of memory, status" "status 137" "$out"
contains "a child out of memory" "then 137" "$(planet run --rm -m 16m --memory-swap 16m busybox sh -c 'tail /dev/zero; echo "then $?"' 2>&1)"

id=$(planet run -d --cpus 0.5 busybox sh -c 'while :; do :; done & while :; do :; done')
begin=$(date +%s%N) used=$(sed -n 's/^usage_usec //p' "$(group "$id")/cpu.stat")
sleep 3
used=$(($(sed -n 's/^usage_usec //p' "$(group "$id")/cpu.stat") - used)) span=$((($(date +%s%N) - begin) / 1000))
check "half a processor" yes "$([ $used -le $((span / 2 + 100000)) ] && grep -q 'nr_throttled [1-9]' "$(group "$id")/cpu.stat" && echo yes || echo "$used of $span")"
planet rm -f "$id" >/dev/null

planet run -d --name web busybox sh -c 'echo started; trap "echo stopping; exit 5" TERM; while :; do sleep 0.1; done' >/dev/null
wait_until sh -c '/job/planet --root /var/tmp/planet --runroot /run/planet-test logs web | grep -q started'
check "exec" $'nobody\n/tmp\n1' "$(planet exec -u nobody -w /tmp -e X=1 web sh -c 'id -un; pwd; echo $X')"
check "exec, not found" 127 "$(planet exec web no-such 2>/dev/null; echo $?)"
planet stop web >/dev/null
contains "stop" "Exited (5)" "$(state_of web)"
check "logs" $'started\nstopping' "$(planet logs web)"
planet rm web >/dev/null
planet run -d --name talk busybox sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' >/dev/null
check "logs follow to the end" $'1\n2\n3' "$(planet logs -f talk)"
planet rm -f talk >/dev/null
planet run -d --name deaf busybox sleep 1000 >/dev/null
planet kill deaf >/dev/null
contains "kill" "Exited (137)" "$(state_of deaf)"
planet rm deaf >/dev/null

id=$(planet run -d --name orphan busybox sleep 1000)
pid=$(jq .pid "/run/planet-test/containers/$id")
kill -9 "$(jq .keeper "/run/planet-test/containers/$id")"
wait_until test ! -d "/proc/$pid"
contains "a killed keeper takes its container with it" Exited "$(state_of orphan)"
planet rm orphan >/dev/null
check "writes vanish" root "$(planet run --rm busybox sh -c 'echo x >/etc/group'; planet run --rm busybox head -c 4 /etc/group)"
# But for the three files of /etc, which are its own.
check "mountinfo has no path of the host" 3 "$(planet run --rm busybox grep -c /var/tmp /proc/self/mountinfo)"
check "mountinfo has its own files" 3 "$(planet run --rm busybox grep -c '/containers/[0-9a-f]*/[a-z.]* /etc/' /proc/self/mountinfo)"
finish
