#!/bin/bash
# layouts: v2
# AppArmor on a kernel that has it: a profile holds the command and what exec adds, whatever the container has made of
# its own /proc; what cannot be had is refused.
set -u
. /job/lib.bash
runtime() { /job/planet-runtime --root /run/planet-runtime-test "$@"; }
check "the kernel has it" Y "$(cat /sys/module/apparmor/parameters/enabled)"

profile() { # NAME FILE: all but writing FILE
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n' "$1"
	printf '  file,\n  capability,\n  mount,\n  umount,\n  network,\n  signal,\n  ptrace,\n  unix,\n  deny %s w,\n}\n' "$2"
}
profile planet-x /tmp/x | apparmor_parser -r
check "the profile is loaded" 0 $?
profile planet-y /tmp/y | apparmor_parser -r

mkdir -p /bundle/rootfs/bin /bundle/rootfs/tmp
cp "$(command -v busybox)" /bundle/rootfs/bin/
for name in sh sleep cat true mount mkdir ls; do ln -s busybox "/bundle/rootfs/bin/$name"; done
bundle() { # EDIT: jq's, on the default
	[ -f /bundle/default ] || { runtime spec --bundle /bundle && mv /bundle/config.json /bundle/default; }
	jq '.process.terminal = false | .root.readonly = false | .process.apparmorProfile = "planet-x" | '"$1" \
		/bundle/default >/bundle/config.json
}
label='cat /proc/self/attr/apparmor/current'
write='echo a >/tmp/x && echo x; echo a >/tmp/y && echo y'
try() { runtime run --bundle /bundle one </dev/null 2>&1; }
command() { bundle ".process.args = [\"sh\", \"-c\", \"$1\"] | ${2:-.}"; }

command "$label"
check "the command's profile" "planet-x (enforce)" "$(try)"
command "$write"
check "it holds" $'sh: can\'t create /tmp/x: Permission denied\ny' "$(try)"
users='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
chown -R 100000:100000 /bundle/rootfs
chmod 755 /bundle /bundle/rootfs
command "$label" "$users"
check "with private users" "planet-x (enforce)" "$(try)"
command "$write" "$users"
contains "it holds there" "can't create /tmp/x: Permission denied" "$(try)"
command "$label" '.process.noNewPrivileges = true'
check "with no_new_privs" "planet-x (enforce)" "$(try)"
command "$label" '.process.apparmorProfile = "unconfined"'
check "unconfined" unconfined "$(try)"
command "$label" 'del(.process.apparmorProfile)'
check "no profile" unconfined "$(try)"
command "$write" '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/1/ns/pid" else . end)'
contains "with process ids that are joined" "can't create /tmp/x: Permission denied" "$(try)"

for name in planet-missing 'planet-x planet-y'; do
	bundle ".process.args = [\"true\"] | .process.apparmorProfile = \"$name\""
	out=$(runtime create --bundle /bundle bad </dev/null 2>&1)
	check "'$name' is refused" 1 $?
	contains "by name" "process.apparmorProfile \"$name\": AppArmor has no such profile" "$out"
	check "in one line" 1 "$(echo "$out" | wc -l)"
done
bundle '.process.args = ["true"] | .process.selinuxLabel = "a:b:c:d"'
contains "SELinux is refused" 'process.selinuxLabel is "a:b:c:d", but SELinux is not enabled' "$(try)"
bundle '.process.args = ["true"] | .linux.mountLabel = "a:b:c:d"'
contains "and its mounts" 'linux.mountLabel is "a:b:c:d", but SELinux is not enabled' "$(try)"
check "no state of them" "" "$(ls /run/planet-runtime-test)"

# A command that may mount, and does what it can to send its own and others' labels astray.
caps='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
bundle ".process.args = [\"sleep\", \"1000\"] | $caps"
runtime create --bundle /bundle two </dev/null >/dev/null 2>&1
runtime start two
check "exec" "planet-x (enforce)" "$(runtime exec two cat /proc/self/attr/apparmor/current)"
check "exec, another" "planet-y (enforce)" "$(runtime exec --apparmor planet-y two cat /proc/self/attr/apparmor/current)"
check "exec, none" unconfined "$(runtime exec --apparmor unconfined two cat /proc/self/attr/apparmor/current)"
contains "exec, missing" "AppArmor has no such profile" "$(runtime exec --apparmor planet-missing two true 2>&1)"
contains "exec, SELinux" "SELinux is not enabled" "$(runtime exec --process-label a:b:c:d two true 2>&1)"
jq .process /bundle/config.json | jq '.args = ["cat", "/proc/self/attr/apparmor/current"] | del(.apparmorProfile)' >/bundle/process.json
check "exec of a file" "planet-x (enforce)" "$(runtime exec --process /bundle/process.json two)"
runtime exec two mount --bind /proc/sys/kernel/hostname /proc/1/attr/apparmor/exec
runtime exec two mount -t tmpfs none /proc
runtime exec two mkdir -p /proc/self/attr/apparmor
runtime exec two sh -c ': >/proc/self/attr/apparmor/exec'
check "the container has a /proc of its own making" self "$(runtime exec two ls /proc)"
contains "a false /proc takes no label away" "can't create /tmp/x: Permission denied" "$(runtime exec two sh -c "$write" 2>&1)"
check "nor sees one" "" "$(runtime exec two cat /proc/self/attr/apparmor/exec)"
runtime delete --force two
bundle '.process.args = ["true"] | .mounts |= map(if .destination == "/proc" then .type = "tmpfs" | .source = "tmpfs" | .options = [] else . end)'
contains "a tmpfs at /proc is refused" "only a proc file system can be mounted at /proc" "$(try)"
runtime features >/tmp/features
check "features" "true true" "$(jq -r '"\(.linux.apparmor.enabled) \(.linux.selinux.enabled)"' /tmp/features)"

for users in auto host; do
	opt=(--userns "$users" --security-opt apparmor=planet-x)
	check "planet, $users: the profile" "planet-x (enforce)" "$(planet run --rm "${opt[@]}" busybox sh -c "$label")"
	contains "planet, $users: it holds" "can't create /tmp/x: Permission denied" "$(planet run --rm "${opt[@]}" busybox sh -c "$write" 2>&1)"
done
check "planet --init" "planet-x (enforce)" "$(planet run --rm --init --security-opt apparmor=planet-x busybox sh -c "$label")"
check "planet, unconfined" unconfined "$(planet run --rm --security-opt apparmor=unconfined --security-opt label=disable busybox sh -c "$label")"
out=$(planet run --rm --security-opt apparmor=planet-missing busybox true 2>&1)
check "planet, a missing profile" 125 $?
contains "by name" 'process.apparmorProfile "planet-missing": AppArmor has no such profile' "$out"
check "in one line" 1 "$(echo "$out" | wc -l)"
id=$(planet run -d --security-opt apparmor=planet-x busybox sleep 1000)
check "planet exec" "planet-x (enforce)" "$(planet exec "$id" sh -c "$label")"
check "planet exec --privileged" unconfined "$(planet exec --privileged "$id" sh -c "$label")"
planet rm -f "$id" >/dev/null
check "no state" "" "$(ls /run/planet-runtime-test)"
finish
