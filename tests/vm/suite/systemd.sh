#!/bin/bash
# layouts: v2 hybrid v1
# options: --systemd
# planet-runtime --systemd-cgroup: systemd makes the scope, knows the limits, and has nothing left in the end.
set -u
. /job/lib.bash
runtime() { /job/planet-runtime --systemd-cgroup --root /run/planet-runtime-test "$@"; }
property() { systemctl show -P "$2" "$1"; }

v2=
[ -f /sys/fs/cgroup/cgroup.controllers ] && v2=1
if [ $v2 ]; then tree=/sys/fs/cgroup; else tree=/sys/fs/cgroup/memory; fi
scope=machine.slice/machine-planet.slice/planet-one.scope

mkdir -p /bundle/rootfs/bin
cp "$(command -v busybox)" /bundle/rootfs/bin/
for name in sh sleep cat true; do ln -s busybox "/bundle/rootfs/bin/$name"; done
bundle() { # EDIT: jq's, on runc's default
	/job/planet-runtime spec --bundle /bundle 2>/dev/null
	jq '.process.terminal = false | .process.args = ["sleep", "1000"]
		| .linux.cgroupsPath = "machine-planet.slice:planet:one"
		| .linux.resources = {"memory": {"limit": 67108864}, "cpu": {"quota": 50000, "period": 100000, "shares": 512}, "pids": {"limit": 77}}
		| .annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 7000000", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'"}
		| '"$1" /bundle/config.json >/bundle/new && mv /bundle/new /bundle/config.json
}

bundle .
runtime create --bundle /bundle one </dev/null >/dev/null 2>/tmp/err
check "create" "" "$(cat /tmp/err)"
check "the unit is there" active "$(property planet-one.scope ActiveState)"
check "in its slice" machine-planet.slice "$(property planet-one.scope Slice)"
check "at its place" "/$scope" "$(property planet-one.scope ControlGroup)"
pid=$(runtime state one | jq .pid)
check "init is in it" 1 "$(grep -c "/$scope\$" "/proc/$pid/cgroup" | awk '{print ($1 > 0)}')"
check "and in no other" 0 "$(grep -v -e '^0::/$' "/proc/$pid/cgroup" | grep -vc "/$scope\$")"
if [ $v2 ]; then
	check "systemd knows of memory" 67108864 "$(property planet-one.scope MemoryMax)"
	check "memory.max" 67108864 "$(cat "$tree/$scope/memory.max")"
	check "cpu.max" "50000 100000" "$(cat "$tree/$scope/cpu.max")"
	check "pids.max" 77 "$(cat "$tree/$scope/pids.max")"
else
	check "systemd knows of memory" 67108864 "$(property planet-one.scope MemoryLimit)"
	check "memory.limit_in_bytes" 67108864 "$(cat "$tree/$scope/memory.limit_in_bytes")"
	check "pids.max" 77 "$(cat "/sys/fs/cgroup/pids/$scope/pids.max")"
fi
check "systemd knows of tasks" 77 "$(property planet-one.scope TasksMax)"
check "of the quota" 500ms "$(property planet-one.scope CPUQuotaPerSecUSec)"
check "of the annotations" "7s inactive-or-failed" \
	"$(property planet-one.scope TimeoutStopUSec) $(property planet-one.scope CollectMode)"

if [ $v2 ]; then
	# The words of a mount's line: its root in the file system, its place, its options.
	bundle '.linux.namespaces |= map(select(.type != "cgroup")) | .linux.cgroupsPath = "machine-planet.slice:planet:seen"
		| .process.args = ["cat", "/proc/self/mountinfo"]'
	check "without a cgroup namespace: its own group alone" "${scope%one.scope}seen.scope /sys/fs/cgroup" \
		"$(runtime run --bundle /bundle seen </dev/null | awk '/ - cgroup2 /{print substr($4, 2), $5}')"
	check "and the host's mount is as it was" 1 "$(grep -c ' /sys/fs/cgroup cgroup2 .*nsdelegate' /proc/mounts)"
	bundle .
fi
runtime start one
check "it runs" running "$(runtime state one | jq -r .status)"
check "exec is in the group" 1 "$(runtime exec one cat /proc/self/cgroup | grep -c -e '^0::/$' -e 'memory:/')"
systemctl daemon-reload
check "it survives daemon-reload" running "$(runtime state one | jq -r .status)"
runtime update --memory 33554432 --pids-limit 99 one
check "update reaches systemd" 99 "$(property planet-one.scope TasksMax)"
systemctl daemon-reload
[ $v2 ] && check "and stays after a reload" 33554432 "$(cat "$tree/$scope/memory.max")"
runtime pause one
check "paused" paused "$(runtime state one | jq -r .status)"
runtime resume one

runtime create --bundle /bundle two </dev/null >/dev/null 2>/tmp/err
check "a unit that is there is refused" 1 $?
contains "by name" planet-one.scope "$(cat /tmp/err)"
check "and left alone" active "$(property planet-one.scope ActiveState)"
check "no second container" "" "$(runtime state two 2>/dev/null)"

runtime delete --force one
check "the unit is gone" inactive "$(property planet-one.scope ActiveState)"
check "and its groups" "" "$(find /sys/fs/cgroup -name planet-one.scope)"

bundle '.process.args = ["tail", "/dev/zero"] | del(.annotations)'
ln -sf busybox /bundle/rootfs/bin/tail
runtime run --bundle /bundle hungry </dev/null >/dev/null 2>&1
check "killed for want of memory" 137 $?
check "systemd remembers no failure" "" "$(systemctl list-units --all --plain --no-legend 'planet-*')"

for path in /planet/x "a:b:c" "machine.slice:planet:" "machine-.slice:planet:x"; do
	bundle ".linux.cgroupsPath = \"$path\""
	runtime create --bundle /bundle bad </dev/null >/dev/null 2>/tmp/err
	check "$path is refused" 1 $?
	check "in one line" 1 "$(wc -l </tmp/err)"
done

bundle '.process.args = ["true"] | .linux.cgroupsPath = ""'
runtime run --bundle /bundle three </dev/null
check "run, with a name of its own" 0 $?
check "nothing of it is left" "" "$(find /sys/fs/cgroup -name 'planet-three.scope'; systemctl list-units --all --plain --no-legend 'planet-*')"

bundle '.process.args = ["nosuch"]'
runtime create --bundle /bundle four </dev/null >/dev/null 2>&1
check "a launch that fails" 1 "$([ $? != 0 ] && echo 1)"
wait_until sh -c '! systemctl is-active -q planet-one.scope'
check "leaves no unit" "" "$(systemctl list-units --all --plain --no-legend 'planet-*'; find /sys/fs/cgroup -name planet-one.scope)"
check "no state" "" "$(ls /run/planet-runtime-test)"
# shellcheck disable=SC2154 # lib.bash sets it
exit $fail
