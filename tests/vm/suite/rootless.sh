#!/bin/bash
# layouts: v2 hybrid v1
# options: --user
# planet-runtime for an ordinary user, as a service of that user's systemd, whose control group is delegated: limits by
# both drivers on pure v2; elsewhere no group, or a sentence.
set -u
. /job/lib.bash
runtime() { /job/planet-runtime "$@"; }
property() { systemctl --user show -P "$2" "$1"; }

v2=
[ -f /sys/fs/cgroup/cgroup.controllers ] && v2=1
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
bundle=$HOME/bundle
mkdir -p "$bundle/rootfs/bin"
cp "$(command -v busybox)" "$bundle/rootfs/bin/"
for name in sh sleep cat true id tail; do ln -s busybox "$bundle/rootfs/bin/$name"; done
bundle() { # EDIT: jq's
	rm -f "$bundle/config.json"
	runtime spec --rootless --bundle "$bundle"
	jq '.process.terminal = false | .process.args = ["sleep", "1000"] | '"$1" "$bundle/config.json" >"$bundle/new" &&
		mv "$bundle/new" "$bundle/config.json"
}
limits='.linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 77}}'

check "an ordinary user" 1000 "$(id -u)"
bundle '.process.args = ["sh", "-c", "id -u; cat /proc/self/uid_map"]'
check "root inside is the caller" "0 0 1000 1" "$(runtime run --bundle "$bundle" plain </dev/null 2>&1 | xargs)"
bundle '.process.args = ["cat", "/proc/self/uid_map"]
	| .linux.uidMappings += [{"containerID": 1, "hostID": 100000, "size": 65536}]
	| .linux.gidMappings += [{"containerID": 1, "hostID": 100000, "size": 65536}]'
check "all of the user's ids" "0 1000 1 1 100000 65536" "$(runtime run --bundle "$bundle" many </dev/null 2>&1 | xargs)"

bundle .
runtime create --bundle "$bundle" one </dev/null >/dev/null 2>/tmp/err
check "create" "" "$(cat /tmp/err)"
runtime start one
check "it runs" running "$(runtime state one | jq -r .status)"
check "exec" 0 "$(runtime exec one id -u </dev/null)"
check "ps" "[$(runtime state one | jq .pid)]" "$(runtime ps -f json one)"
if [ $v2 ]; then
	check "it has a group of its own below the caller's" "${own%/planet-callers}/planet-one" \
		"$(sed -n 's/^0:://p' "/proc/$(runtime state one | jq .pid)/cgroup")"
	runtime pause one
	check "paused" paused "$(runtime state one | jq -r .status)"
	runtime resume one
else
	runtime pause one 2>/tmp/err
	contains "no group: not paused" "has no control group" "$(cat /tmp/err)"
fi
runtime delete --force one
check "nothing is left" "" "$(find /sys/fs/cgroup -name planet-one; ls "$XDG_RUNTIME_DIR/planet-runtime")"

bundle "$limits"
if [ ! $v2 ]; then
	runtime create --bundle "$bundle" two </dev/null >/dev/null 2>/tmp/err
	check "a limit is refused" 1 $?
	contains "by name" "linux.resources: memory limit 67108864 bytes: the control group" "$(cat /tmp/err)"
	# shellcheck disable=SC2154 # lib.bash sets it
	exit $fail
fi

runtime create --bundle "$bundle" two </dev/null >/dev/null 2>/tmp/err
check "create with limits" "" "$(cat /tmp/err)"
group=/sys/fs/cgroup${own%/planet-callers}/planet-two
check "memory.max" 67108864 "$(cat "$group/memory.max")"
check "pids.max" 77 "$(cat "$group/pids.max")"
check "the caller makes room" "${own%/planet-callers}/planet-callers" "$(sed -n 's/^0:://p' /proc/self/cgroup)"
runtime start two
runtime update --pids-limit 33 two
check "update" 33 "$(cat "$group/pids.max")"
check "exec is in it" 0::/ "$(runtime exec two cat /proc/self/cgroup </dev/null)"
runtime kill --all two KILL
wait_until sh -c "[ \"\$(/job/planet-runtime state two | jq -r .status)\" = stopped ]"
runtime delete two
check "no group is left" "" "$(find /sys/fs/cgroup -name planet-two)"
bundle "$limits"' | .process.args = ["tail", "/dev/zero"]'
runtime run --bundle "$bundle" hungry </dev/null >/dev/null 2>&1
check "killed for want of memory" 137 $?
bundle "$limits"' | .linux.cgroupsPath = "/system.slice/planet-three"'
runtime create --bundle "$bundle" three </dev/null >/dev/null 2>/tmp/err
check "another's group is refused" 1 $?
contains "by name" 'the control group "/system.slice/planet-three" is not the caller' "$(cat /tmp/err)"

# The user's systemd.
bundle "$limits"' | .linux.cgroupsPath = "user.slice:planet:four"'
runtime --systemd-cgroup create --bundle "$bundle" four </dev/null >/dev/null 2>/tmp/err
check "create by systemd" "" "$(cat /tmp/err)"
check "the unit is there" active "$(property planet-four.scope ActiveState)"
check "systemd knows of memory" 67108864 "$(property planet-four.scope MemoryMax)"
group=/sys/fs/cgroup$(property planet-four.scope ControlGroup)
contains "below the user's manager" "/user.slice/planet-four.scope" "$group"
check "memory.max" 67108864 "$(cat "$group/memory.max")"
check "pids.max" 77 "$(cat "$group/pids.max")"
runtime start four
check "init is in it" "${group#/sys/fs/cgroup}" "$(sed -n 's/^0:://p' "/proc/$(runtime state four | jq .pid)/cgroup")"
runtime --systemd-cgroup update --pids-limit 99 four
check "update reaches systemd" 99 "$(property planet-four.scope TasksMax)"
check "exec" 0 "$(runtime exec four id -u </dev/null)"
runtime --systemd-cgroup delete --force four
check "the unit is gone" inactive "$(property planet-four.scope ActiveState)"
check "and its group" "" "$(find /sys/fs/cgroup -name 'planet-four*')"
check "features say so" true "$(runtime features | jq .linux.cgroup.systemdUser)"
check "no state" "" "$(ls "$XDG_RUNTIME_DIR/planet-runtime")"
# shellcheck disable=SC2154 # lib.bash sets it
exit $fail
