#!/bin/bash
# layouts: v2 hybrid v1
# What a container is given and held to, on this kernel and control group layout. Runs inside the machine, in /job.
set -u
. /job/lib.bash
uname -r
planet info

check "hello" hello "$(planet run --rm busybox echo hello)"
check "status" 42 "$(planet run --rm busybox sh -c 'exit 42'; echo $?)"
contains "private users" 65536 "$(planet run --rm busybox cat /proc/self/uid_map)"
check "pid 1" 1 "$(planet run --rm busybox sh -c 'echo $$')"
contains "pids limit" "can't fork" "$(planet run --rm --pids-limit 20 busybox sh -c 'for i in $(seq 40); do sleep 1 & done 2>&1; wait')"
out=$(planet run --rm -m 16m --memory-swap 16m busybox tail /dev/zero 2>&1)
check "memory limit" 137 "$(planet run --rm -m 16m busybox tail /dev/zero >/dev/null 2>&1; echo $?)"
contains "a word about memory" "more memory than its limit" "$out"
ticks=$(planet run --rm --cpus 0.5 busybox sh -c 'timeout 2 sh -c "while :; do :; done"; cut -d" " -f16,17 /proc/1/stat')
# shellcheck disable=SC2086
set -- $ticks
check "a processor share" yes "$([ $(($1 + $2)) -le 140 ] && echo yes || echo "$ticks")"
contains "filter" "Seccomp:	2" "$(planet run --rm busybox grep Seccomp: /proc/self/status)"
check "root is one" 1 "$(planet run --rm busybox sh -c 'cut -d" " -f5 /proc/self/mountinfo | grep -c "^/$"')"
check "devices are refused" 1 "$(planet run --rm --userns host --cap-add MKNOD busybox sh -c 'mknod /m c 1 1 && cat /m >/dev/null 2>&1; echo $?')"

planet run -d --name web busybox sleep 1000 >/dev/null
check "exec" inside "$(planet exec web echo inside)"
check "exec is inside" "$(planet run --rm busybox ls /)" "$(planet exec web ls /)"
planet stop -t 1 web >/dev/null
contains "stopped" "Exited (137)" "$(planet ps -a)"
planet rm web >/dev/null
finish
