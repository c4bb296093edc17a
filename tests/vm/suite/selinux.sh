#!/bin/bash
# layouts: v2
# options: --append security=selinux --append selinux=1 --copy build/vm-image/selinux.policy
# SELinux, on a kernel that enforces the small policy of tests/vm/selinux.cil: the labels of processes and of mounts.
set -u
. /job/lib.bash
runtime() { /job/planet-runtime --root /run/planet-runtime-test "$@"; }
mount -t selinuxfs selinuxfs /sys/fs/selinux
cat /job/selinux.policy >/sys/fs/selinux/load
check "the policy is loaded" 0 $?
echo 1 >/sys/fs/selinux/enforce
check "and enforced" 1 "$(cat /sys/fs/selinux/enforce)"

mkdir -p /bundle/rootfs/bin /bundle/rootfs/tmp /bundle/rootfs/data
cp "$(command -v busybox)" /bundle/rootfs/bin/
for name in sh sleep cat true grep tr; do ln -s busybox "/bundle/rootfs/bin/$name"; done
process=system_u:system_r:container_t:s0:c1,c2
file=system_u:object_r:container_file_t:s0:c1,c2
runtime spec --bundle /bundle && mv /bundle/config.json /bundle/default
command() { # SHELL EDIT
	jq --arg process "$process" --arg file "$file" --arg command "$1" '.process.terminal = false | .root.readonly = false
		| .process.selinuxLabel = $process | .linux.mountLabel = $file | .process.args = ["sh", "-c", $command]
		| .mounts += [{"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": []}] | '"${2:-.}" \
		/bundle/default >/bundle/config.json
}
try() { runtime run --bundle /bundle one </dev/null 2>&1 | tr -d '\0'; }
label='cat /proc/self/attr/current'
write='echo a >>/tmp/x && echo x; echo a >>/data/y && echo y'

command "$label"
check "the command's label" "$process" "$(try)"
command "$write"
check "it is held to the policy" $'sh: can\'t create /tmp/x: Permission denied\ny' "$(try)"
command "$write" 'del(.process.selinuxLabel)'
check "as it is not without a label" $'x\ny' "$(try)"
users='.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
chown -R 100000:100000 /bundle/rootfs
chmod 755 /bundle /bundle/rootfs
command "$label" "$users"
check "with private users" "$process" "$(try)"
command 'sleep 1000' '.process.args = ["sleep", "1000"]'
runtime create --bundle /bundle two </dev/null >/dev/null 2>&1
runtime start two
for point in /dev /dev/pts /dev/shm /data; do
	check "the label of $point" 1 "$(runtime exec two grep " $point " /proc/self/mountinfo | grep -c "context=\"*$file")"
done
for point in /proc /sys; do
	check "none of $point" 0 "$(runtime exec two grep " $point " /proc/self/mountinfo | grep -c context=)"
done
check "the label of /dev/mqueue" "$file" "$(python3 -c "import os, sys
sys.stdout.buffer.write(os.getxattr('/proc/$(runtime state two | jq .pid)/root/dev/mqueue', 'security.selinux').rstrip(b'\\0'))")"
check "exec" "$process" "$(runtime exec two cat /proc/self/attr/current | tr -d '\0')"
check "exec, another" system_u:system_r:container_t:s0 "$(runtime exec --process-label system_u:system_r:container_t:s0 two cat /proc/self/attr/current | tr -d '\0')"
runtime delete --force two

for bad in system_u:system_r:nothing_t:s0 container_t system_u:system_r:container_t:s0:c9; do
	command true ".process.selinuxLabel = \"$bad\""
	out=$(runtime create --bundle /bundle bad </dev/null 2>&1)
	check "'$bad' is refused" 1 $?
	contains "by name" "process.selinuxLabel \"$bad\": the policy of SELinux has no such label" "$out"
	check "in one line" 1 "$(echo "$out" | wc -l)"
done
command true '.linux.mountLabel = "system_u:object_r:nothing_t:s0"'
out=$(runtime create --bundle /bundle bad </dev/null 2>&1)
check "a label of mounts that is none is refused" 1 $?
contains "by name" 'linux.mountLabel "system_u:object_r:nothing_t:s0": the policy of SELinux has no such label' "$out"
check "no state of them" "" "$(ls /run/planet-runtime-test)"
command true '.process.apparmorProfile = "x" | del(.process.selinuxLabel)'
contains "AppArmor is refused" 'process.apparmorProfile is "x", but AppArmor is not enabled' "$(try)"
check "planet" 1 "$(planet run --rm --security-opt label=disable busybox grep -c kernel_t /proc/self/attr/current)"
finish
