#!/usr/bin/env bats
# Who a container is: capabilities, groups, user files, id maps, the store's modes, control groups, kernel parameters.
load helper

sets_of() { "$@" grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status | cut -f 2 | tr '\n' ' '; }

# A file capability CAP_NET_RAW: permitted and inheritable, as `setcap cap_net_raw+eip`.
give_file_capability() {
	python3 -c 'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 1 << 13, 0, 0))' "$1"
}

@test "C1: nothing is inheritable, so a file's capabilities give nobody more" {
	local users
	planet run -d --name box busybox sleep 1000
	for users in auto host; do
		run sets_of planet run --rm --userns $users busybox
		[ "$output" = "0000000000000000 00000000800405fb 00000000800405fb 0000000000000000 " ]
		run sets_of planet run --rm --userns $users -u 1000 busybox
		[ "$output" = "0000000000000000 0000000000000000 0000000000000000 0000000000000000 " ]
	done
	run sets_of planet exec box
	[ "$output" = "0000000000000000 00000000800405fb 00000000800405fb 0000000000000000 " ]
	run sets_of planet exec -u 1000 box
	[ "$output" = "0000000000000000 0000000000000000 0000000000000000 0000000000000000 " ]
	planet rm -f box
	# CAP_NET_RAW is not in the default set: a file that has it cannot be executed for it, or does not get it.
	make_rootfs "$top/caps"
	mkdir "$top/caps/raw"
	cp /bin/busybox "$top/caps/raw/grep"
	give_file_capability "$top/caps/raw/grep"
	run planet run --rm --userns host -u 1000 --rootfs "$top/caps" /raw/grep CapEff /proc/self/status
	[[ "$status" != 0 || "$output" == *0000000000000000 ]]
	# With it in the set the file works, as it should: the test tests.
	run -0 planet run --rm --userns host --cap-add NET_RAW -u 1000 --rootfs "$top/caps" /raw/grep CapEff /proc/self/status
	[[ "$output" == *0000000000002000 ]]
}

@test "C2: another user than root has no capability, with --privileged too" {
	run sets_of planet run --rm --privileged -u 1000 busybox
	[ "$output" = "0000000000000000 0000000000000000 0000000000000000 0000000000000000 " ]
	planet run -d --name box busybox sleep 1000
	run sets_of planet exec --privileged -u 1000 box
	[ "$output" = "0000000000000000 0000000000000000 0000000000000000 0000000000000000 " ]
	planet rm -f box
	make_bundle user '.process.user = {"uid": 1000, "gid": 1000} | .process.args = ["grep", "CapEff", "/proc/self/status"]'
	run -0 runtime user
	[[ "$output" == *0000000000000000 ]]
}

@test "C3: groups are those of a login, so what is closed to a group is closed" {
	make_rootfs "$top/groups"
	printf 'root:x:0:0::/:/bin/sh\nu:x:1000:1000::/:/bin/sh\n' >"$top/groups/etc/passwd"
	printf 'root:x:0:\nu:x:1000:\nbarred:x:2000:u\nother:x:3000:x,uu,u2\n' >"$top/groups/etc/group"
	mkdir "$top/groups/etc/d"
	echo secret >"$top/groups/etc/d/file"
	chown 0:2000 "$top/groups/etc/d/file"
	chmod 604 "$top/groups/etc/d/file"
	echo secret >"$top/groups/etc/d/own-group"
	chown 0:1000 "$top/groups/etc/d/own-group"
	chmod 604 "$top/groups/etc/d/own-group"
	local user
	for user in u 1000; do
		run -0 planet run --rm -u $user --rootfs "$top/groups" id -G
		[ "$output" = "1000 2000" ] || [ "$output" = "1000 1000 2000" ] || { echo "$user: $output"; return 1; }
		run planet run --rm -u $user --rootfs "$top/groups" cat /etc/d/file /etc/d/own-group
		[[ "$output" != *secret* ]]
	done
	run -0 planet run --rm -u u:3000 --rootfs "$top/groups" id -G
	[ "$output" = 3000 ]
	run -0 planet run --rm -u 5 --rootfs "$top/groups" id -G
	[ "$output" = 0 ]
}

@test "C4: a number as user is a number, however large and whatever passwd says" {
	make_rootfs "$top/big"
	local user
	for user in 4294967296 2147483648999 99999999999999999999 4294967295 -1; do
		printf 'root:x:0:0::/:/bin/sh\n%s:x:0:0::/:/bin/sh\n' "$user" >"$top/big/etc/passwd"
		run planet run --rm -u "$user" --rootfs "$top/big" id -u
		[ "$status" = 125 ] || { echo "-u $user: $output"; return 1; }
		make_image big "{\"User\": \"$user\", \"Cmd\": [\"id\", \"-u\"]}"
		run planet run --rm example.org/big:1
		[ "$status" = 125 ] || { echo "USER $user: $output"; return 1; }
		make_image big "{\"User\": \"1000:$user\", \"Cmd\": [\"id\", \"-u\"]}"
		run planet run --rm example.org/big:1
		[ "$status" = 125 ]
	done
	# The user id of a passwd line is judged the same.
	printf 'wrap:x:4294967296:0::/:/bin/sh\nneg:x:-1:0::/:/bin/sh\nmax:x:4294967295:0::/:/bin/sh\nname:x:0x0:0::/:/bin/sh\n' >"$top/big/etc/passwd"
	for user in wrap neg max name; do
		run planet run --rm --userns host -u $user --rootfs "$top/big" id -u
		[ "$status" = 125 ] || { echo "$user: $output"; return 1; }
	done
	printf '1000:x:0:0::/:/bin/sh\n' >"$top/big/etc/passwd"
	run -0 planet run --rm -u 1000 --rootfs "$top/big" id -u
	[ "$output" = 1000 ]
}

@test "C5: user files that never end, or never begin, are refused quickly" {
	local kind file
	for kind in fifo zero endless members directory socket; do
		for file in passwd group; do
			make_rootfs "$top/$kind-$file"
			echo "u:x:1000:1000::/:/bin/sh" >"$top/$kind-$file/etc/passwd"
			local path=$top/$kind-$file/etc/$file
			rm -f "$path"
			case $kind in
			fifo) mkfifo "$path" ;;
			zero) ln -s /dev/zero "$path" ;;
			endless) truncate -s 5G "$path" ;;
			members) { printf 'g:x:2000:'; head -c 20000000 /dev/zero | tr '\0' ','; } >"$path" ;;
			directory) mkdir "$path" ;;
			socket) python3 -c 'import os, socket, sys; os.chdir(os.path.dirname(sys.argv[1])); socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$path" ;;
			esac
			run bounded "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm -u u --rootfs "$top/$kind-$file" id -u
			[ "$status" = 125 ] || { echo "$kind $file: $status $output"; return 1; }
		done
	done
	# Many members within the limit are read, in time.
	make_rootfs "$top/many"
	echo "u:x:1000:1000::/:/bin/sh" >"$top/many/etc/passwd"
	{ printf 'g:x:2000:'; for i in $(seq 300000); do printf 'm%d,' "$i"; done; echo u; } >"$top/many/etc/group"
	run bounded "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm -u u --rootfs "$top/many" id -G
	[ "$status" = 0 ]
	[[ "$output" == *2000 ]]
}

@test "C6: no value ends up as a line of passwd" {
	local before
	before=$(planet run --rm busybox cat /etc/passwd /etc/group)
	run planet run --rm -e HOME=$'/x\nroot2::0:0::/:/bin/sh' -u 1234 busybox cat /etc/passwd /etc/group
	[ "$status" != 0 ] || [ "$output" = "$before" ]
	run planet run --rm -u 1234 busybox cat /etc/passwd /etc/group
	[ "$output" = "$before" ]
}

@test "C7: id maps that overlap, overflow, are empty or too many are refused" {
	local map
	for map in '[{"containerID":0,"hostID":100000,"size":0}]' '[]' \
		'[{"containerID":0,"hostID":100000,"size":10},{"containerID":5,"hostID":200000,"size":10}]' \
		'[{"containerID":0,"hostID":100000,"size":10},{"containerID":20,"hostID":100005,"size":10}]' \
		'[{"containerID":4294967290,"hostID":100000,"size":10}]' '[{"containerID":0,"hostID":4294967290,"size":10}]' \
		'[{"containerID":0,"hostID":0,"size":4294967296}]' '[{"containerID":-1,"hostID":100000,"size":1}]' \
		'[{"containerID":0,"hostID":100000,"size":-1}]' '[{"containerID":0.5,"hostID":1,"size":1}]' \
		"$(jq -cn '[range(341) | {containerID: ., hostID: (100000 + 2 * .), size: 1}]')"; do
		make_bundle maps ".linux.namespaces += [{\"type\": \"user\"}] | .linux.uidMappings = $map | .linux.gidMappings = $map | .process.args = [\"echo\", \"started\"]"
		in_bundle maps ""
		[ "$status" != 0 ] || { echo "$map"; return 1; }
		[ "${#lines[@]}" = 1 ]
	done
	make_bundle maps '.linux.namespaces += [{"type": "user"}] | .process.args = ["echo", "started"]'
	in_bundle maps ""
	[ "$status" != 0 ]
}

@test "C7, C8: neither a container's root nor another user of the host sees the store" {
	local id base place
	chmod 755 "$top"
	id=$(planet run -d --name box busybox sleep 1000)
	base=$(awk '{ print $2 }' "/proc/$(pid_of "$id")/uid_map")
	for place in "$root" "$runroot"; do
		[ "$(stat -c %a "$place")" = 700 ] || [ "$(stat -c %a "$place")" = 711 ]
		for user in "$base" 1000; do
			run setpriv --reuid "$user" --regid "$user" --clear-groups find "$place" -maxdepth 1 -mindepth 1
			[ "$status" != 0 ]
			[ "${#lines[@]}" = 1 ]
		done
	done
	# But for the three files of /etc, which all users of the container read, behind closed doors as the rest.
	run find "$root/containers" "$runroot/containers" -type f -perm /077 -not -path '*/upper/*' -not -path '*/work/*' \
		-not -name hosts -not -name hostname -not -name resolv.conf
	[ -z "$output" ]
	planet rm -f box
	# A store that was made with open doors is closed again.
	chmod 755 "$root" "$runroot"
	planet ps >/dev/null
	run setpriv --reuid 1000 --regid 1000 --clear-groups ls "$root"
	[ "$status" != 0 ]
	run setpriv --reuid 1000 --regid 1000 --clear-groups ls "$runroot"
	[ "$status" != 0 ]
}

@test "C10: without a control group namespace the hierarchy is there to read, not to write" {
	make_bundle nocg '.linux.namespaces |= map(select(.type != "cgroup"))'
	in_bundle nocg 'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/x 2>&1; touch $d/y 2>&1; echo 1 2>&1 >$d/tasks; done; true'
	[ "$status" = 0 ]
	[ "$(grep -vc -e 'Read-only file system' -e 'nonexistent directory' -e 'No such file' -e 'Not a directory' <<<"$output")" = 0 ] || { echo "$output"; return 1; }
	[ "$(find /sys/fs/cgroup -maxdepth 2 -name x -o -maxdepth 2 -name y | wc -l)" = 0 ]
}

@test "C11: a path of a control group does not climb" {
	local path
	find /sys/fs/cgroup -type d | sort >"$top/groups-before"
	for path in ../../init.scope /planet/../../x a/../../b .. /.. /planet/.. './..' "$(printf '/d%.0s' $(seq 3000))" $'/planet/a\nb'; do
		make_bundle cg ".linux.cgroupsPath = $(jq -n --arg p "$path" '$p') | .process.args = [\"cat\", \"/proc/self/cgroup\"]"
		in_bundle cg ""
		[ "$status" != 0 ] || [[ "$output" != *".."* ]] || { echo "$path: $output"; return 1; }
		find /sys/fs/cgroup -type d | sort | diff "$top/groups-before" - | head -n 5 >"$top/new-groups"
		[ ! -s "$top/new-groups" ] || { echo "${path:0:100}"; cut -c 1-200 "$top/new-groups"; return 1; }
	done
	make_bundle cg '.linux.cgroupsPath = "../../init.scope" | .process.args = ["echo", "started"]'
	in_bundle cg ""
	[ "$status" != 0 ]
	[[ "$output" == *..* ]]
}

@test "C13: kernel parameters of the host are out of reach, however they are spelled" {
	local name host
	cat /proc/sys/kernel/{core_pattern,domainname,hostname,shmmax} /proc/sys/vm/swappiness /proc/sys/net/ipv4/ip_forward >"$top/host-values"
	for name in kernel.core_pattern kernel/core_pattern KERNEL.CORE_PATTERN kernel..core_pattern .kernel.core_pattern \
		net/../kernel/core_pattern net...kernel.core_pattern net.ipv4.../../kernel/core_pattern 'net.x/../../kernel.core_pattern' \
		'kernel.shm_rmid_forced=1+kernel.core_pattern' 'kernel.shm_rmid_forced+kernel.core_pattern' $'kernel.shmmax\nkernel.core_pattern' \
		vm.swappiness kernel.sysrq kernel.panic fs.file-max kernel.ns_last_pid kernel.modprobe user.max_user_namespaces \
		net /proc/sys/kernel/core_pattern '' ' kernel.core_pattern' kernel.shmmax.. fs.mqueue.../../../kernel/core_pattern; do
		run planet run --rm --sysctl "$name=|/canary" busybox echo started
		[[ "$status" != 0 && "$output" != *started* ]] || { echo "$name"; return 1; }
		make_bundle sysctl ".linux.sysctl = {$(jq -n --arg n "$name" '$n'): \"|/canary\"} | .process.args = [\"echo\", \"started\"]"
		in_bundle sysctl ""
		[[ "$status" != 0 && "$output" != *started* ]] || { echo "$name"; return 1; }
	done
	# What a namespace of the host's keeps is the host's.
	run planet run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox echo started
	[[ "$status" != 0 && "$output" != *started* ]]
	cat /proc/sys/kernel/{core_pattern,domainname,hostname,shmmax} /proc/sys/vm/swappiness /proc/sys/net/ipv4/ip_forward | diff "$top/host-values" -
	run -0 planet run --rm --sysctl kernel.shmmax=4096 busybox cat /proc/sys/kernel/shmmax
	[ "$output" = 4096 ]
}

@test "C17: what is asked is seen inside, or refused; there is no third way" {
	local change check
	while IFS='|' read -r change check; do
		make_bundle field ".process.noNewPrivileges = true | ${change//!/|}"
		in_bundle field "$check && echo in-force"
		[ "$status" != 0 ] || [[ "$output" == *in-force ]] || { echo "$change: $output"; return 1; }
	done <<-'EOF2'
		.root.readonly = true|mkdir /x 2>&1 | grep Read-only
		.process.oomScoreAdj = 777|grep -x 777 /proc/self/oom_score_adj
		.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 7, "hard": 7}]|grep 'core file size *7 ' /proc/self/limits
		.process.rlimits = [{"type": "RLIMIT_WHAT", "soft": 7, "hard": 7}]|false
		.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 8, "hard": 7}]|false
		.process.capabilities.bounding += ["CAP_WHAT"]|false
		.process.capabilities.ambient = ["CAP_KILL"]|grep CapAmb.*20 /proc/self/status
		.process.apparmorProfile = "planet-none"|false
		.process.selinuxLabel = "a:b:c:d"|false
		.process.user.umask = 63|umask | grep 0077
		.process.user.additionalGids = [7]|id -G | grep 7
		.process.scheduler = {"policy": "SCHED_WHAT"}|false
		.process.scheduler = {"policy": "SCHED_BATCH"}|grep 'policy.*3' /proc/self/sched
		.process.ioPriority = {"class": "IOPRIO_CLASS_WHAT", "priority": 1}|false
		.linux.rootfsPropagation = "shared"|grep ' / / .*shared:' /proc/self/mountinfo
		.linux.rootfsPropagation = "what"|false
		.linux.personality = {"domain": "WHAT"}|false
		.linux.seccomp = {"defaultAction": "SCMP_ACT_WHAT"}|false
		.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_WHAT"]}|false
		.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["WHAT"]}|false
		.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}|mkdir /y 2>&1 | grep permitted
		.linux.namespaces += [{"type": "what"}]|false
		.linux.namespaces += [{"type": "pid"}]|false
		(.linux.namespaces[] ! select(.type == "network")).path = "/nowhere"|false
		.linux.resources.memory = {"limit": 33554432}|cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null | grep 33554432
		.linux.resources.pids = {"limit": 33}|cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null | grep 33
		.linux.resources.unified = {"memory.what": "1"}|false
		.linux.resources.hugepageLimits = [{"pageSize": "3MB", "limit": 1}]|false
		.linux.resources.cpu = {"cpus": "7777"}|false
		.linux.intelRdt = {"closID": "x"}|false
		.linux.mountLabel = "x"|false
		.mounts += [{"destination": "/m", "type": "tmpfs", "source": "t", "options": ["what"]}]|false
		.mounts += [{"destination": "/m", "type": "tmpfs", "source": "t", "options": ["ro", "nosuid", "noexec", "nodev"]}]|grep ' /m ro,nosuid,nodev,noexec' /proc/self/mountinfo
		.mounts += [{"destination": "/m", "type": "what", "source": "t"}]|false
		.mounts += [{"destination": "m", "type": "tmpfs", "source": "t"}]|stat -f -c %T /m | grep tmpfs
		.hooks = {"prestart": [{"path": "/nowhere"}]}|false
		.hooks = {"createContainer": [{"path": "/bin/false"}]}|false
		.linux.maskedPaths += ["/proc/version"]|[ -z "$(cat /proc/version)" ]
		.linux.readonlyPaths += ["/tmp"]|mkdir /tmp/x 2>&1 | grep Read-only
		.linux.devices = [{"type": "c", "path": "/dev/kmsg-copy", "major": 1, "minor": 11, "fileMode": 384}]|stat -c %t:%T:%a /dev/kmsg-copy | grep 1:b:600
		.linux.devices = [{"type": "x", "path": "/dev/x", "major": 1, "minor": 3}]|false
		.linux.sysctl = {"net.ipv4.ip_forward": "1"}|grep 1 /proc/sys/net/ipv4/ip_forward
		.linux.timeOffsets = {"monotonic": {"secs": 1000000}}|[ "$(cut -d. -f1 /proc/uptime)" -gt 1000000 ]
		.hostname = "mars"|grep mars /proc/sys/kernel/hostname
		.domainname = "sol"|grep sol /proc/sys/kernel/domainname
	EOF2
}

@test "D7: overlay's own attributes in a layer do not reach the overlay" {
	make_rootfs "$top/attrs"
	mkdir -p "$top/attrs/opaque" "$top/attrs/redirect"
	echo below >"$top/attrs/file"
	make_image attrs '{"Cmd": ["true"]}' redirect:trusted.overlay.redirect=/../../.. opaque:trusted.overlay.opaque=y \
		opaque:user.overlay.opaque=y file:trusted.overlay.metacopy= file:user.overlay.metacopy= file:trusted.overlay.origin=x || :
	if [ -d "$root/layers" ]; then
		run -0 python3 - "$root/layers" <<-'EOF2'
			import os, sys
			for folder, folders, files in os.walk(sys.argv[1]):
			    for name in folders + files:
			        path = os.path.join(folder, name)
			        bad = [a for a in os.listxattr(path, follow_symlinks=False) if "overlay" in a]
			        if bad:
			            print(path, bad)
		EOF2
		[ -z "$output" ] || { echo "$output"; return 1; }
	fi
	if planet images | grep -q example.org/attrs; then
		run -0 planet run --rm example.org/attrs:1 cat /file
		[ "$output" = below ]
	fi
}
