#!/bin/bash
# layouts: v2
# Who may run planet, and whose users a container has where ids cannot be mapped: tmpfs has id-mapped mounts since
# Linux 6.3, and this is 6.1.
set -u
. /job/lib.bash

for command in "ps" "run --rm busybox true" "images" "load -i /job/small-oci.tar"; do
	# shellcheck disable=SC2086
	out=$(runuser -u tester -- /job/planet $command 2>&1)
	contains "an ordinary user: $command" "planet needs root, run it with sudo" "$out"
	check "in one line: $command" 1 "$(echo "$out" | wc -l)"
done
out=$(runuser -u tester -- /job/planet --root /home/tester/root --runroot /home/tester/run run --rm busybox true 2>&1)
contains "also with a store of their own" "planet needs root, run it with sudo" "$out"
check "in one line" 1 "$(echo "$out" | wc -l)"

contains "ext4: private users" "65536" "$(planet run --rm busybox cat /proc/self/uid_map)"
contains "ext4: info" "yes, by default" "$(planet info | grep 'Private users')"

export root=/tmp/planet
contains "tmpfs: the host's users" "4294967295" "$(planet run --rm busybox cat /proc/self/uid_map 2>/tmp/said)"
check "said once" 1 "$(wc -l </tmp/said)"
contains "said why" "has the host's users (mount the root filesystem: id-map layer /tmp/planet/" "$(cat /tmp/said)"
contains "info says so" "no: id-map layer /tmp/planet/" "$(planet info | grep 'Private users')"
contains "info says why" "the file system or the kernel has no id-mapped mounts" "$(planet info | grep 'Private users')"
out=$(planet run --rm --userns auto busybox true 2>&1; echo "status $?")
contains "asked for: refused" "status 125" "$out"
contains "asked for: the remedy" "leave it out, or use --userns host" "$out"
check "asked for the host's: nothing said" quiet "$(planet run --rm --userns host busybox echo quiet 2>&1)"
planet run -d --name web busybox sleep 1000 >/dev/null 2>&1
check "exec" "uid=0(root) gid=0(root)" "$(planet exec web id | cut -d' ' -f1,2)"
planet rm -f web >/dev/null
contains "volumes are still the host's" "0 0" "$(planet run --rm -v /job:/job busybox stat -c '%u %g' /job/planet 2>/dev/null)"
finish
