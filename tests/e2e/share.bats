#!/usr/bin/env bats
# Namespaces that containers share: --pid, --uts, --network, --ipc.
load helper

refused() { # TEXT WORD...
	local text=$1
	shift
	run planet run --rm "$@"
	[ "$status" = 125 ] || { echo "status $status: $output"; return 1; }
	[ "${#lines[@]}" = 1 ]
	[[ "$output" == *"$text"* ]] || { echo "$output"; return 1; }
}

@test "processes, host name and network of another container, with its users" {
	planet run -d --name first --hostname mars busybox sh -c 'echo here >/tmp/x; nc -l -p 7777 -e echo heard; sleep 1000'
	[ "$(planet run --rm --uts container:first busybox hostname)" = mars ]
	planet run --rm --pid container:first busybox ps -o args | grep -q 'sleep 1000\|nc -l'
	for _ in $(seq 50); do
		[ "$(planet run --rm --network container:first busybox nc 127.0.0.1 7777 </dev/null)" != heard ] || break
		sleep 0.1
	done
	for kind in pid uts net user; do
		flag=--$kind ns=$kind
		[ $kind != net ] || flag=--network
		[ $kind != user ] || flag=--pid
		[ "$(planet run --rm $flag container:first busybox readlink /proc/self/ns/$ns)" = "$(planet exec first readlink /proc/self/ns/$ns)" ]
	done
	# Only what was asked for.
	[ "$(planet run --rm --pid container:first busybox readlink /proc/self/ns/net)" != "$(planet exec first readlink /proc/self/ns/net)" ]
	[ "$(planet run --rm --pid container:first busybox cat /proc/self/uid_map)" = "$(planet exec first cat /proc/self/uid_map)" ]
	# Also for what comes later into the second one.
	planet run -d --name second --pid container:first busybox sleep 1001
	planet exec second ps -o args | grep -q 'sleep 1000\|nc -l'
	[ "$(planet exec second id -u)" = 0 ]
	[ "$(planet inspect -f '{{.HostConfig.PidMode}}' second)" = "container:$(planet inspect -f '{{.Id}}' first)" ]
	planet rm -f first second
	[ -z "$(ls "$root/shared-ranges")" ]
}

@test "a start needs the other one to run; what both use is nobody else's until both are gone" {
	planet run -d --name first busybox sleep 1000
	planet create --name second --pid container:first busybox sh -c 'ps -o args | grep -c "[s]leep 1000"'
	[ "$(planet start -a second)" = 1 ]
	planet stop -t 0 first
	run planet start second
	[ "$status" = 1 ]
	[[ "$output" == *"first is not running"* ]]
	planet start first
	[ "$(planet start -a second)" = 1 ]
	range=$(jq .range "$root/containers/$(planet inspect -f '{{.Id}}' first)/record.json")
	[ "$range" = "$(jq .range "$root/containers/$(planet inspect -f '{{.Id}}' second)/record.json")" ]
	planet rm -f first
	[ -e "$root/shared-ranges/$range" ]
	run planet start second
	[ "$status" = 1 ]
	[[ "$output" == *"has been removed"* ]]
	planet rm second
	[ -z "$(ls "$root/shared-ranges")" ]
}

@test "the host's: only with the host's users" {
	[ "$(planet run --rm --userns host --pid host busybox readlink /proc/self/ns/pid)" = "$(readlink /proc/self/ns/pid)" ]
	[ "$(planet run --rm --uts host busybox readlink /proc/self/ns/uts)" = "$(readlink /proc/self/ns/uts)" ]
	[ "$(planet run --rm --userns host --ipc host busybox readlink /proc/self/ns/ipc)" = "$(readlink /proc/self/ns/ipc)" ]
	[ "$(planet run --rm --ipc private busybox readlink /proc/self/ns/ipc)" != "$(readlink /proc/self/ns/ipc)" ]
	planet run -d --name outside --userns host busybox sleep 1000
	planet run --rm --userns host --pid container:outside busybox ps -o args | grep -q 'sleep 1000'
	refused 'has the host'"'"'s users' --pid container:outside busybox true
	planet run -d --name inside busybox sleep 1001
	planet run --rm --userns host --pid container:inside --network container:inside busybox ps -o args | grep -q 'sleep 1001'
	planet run -d --name apart busybox sleep 1002
	refused 'have different users' --pid container:inside --network container:apart busybox true
	planet rm -f outside inside apart
}

@test "shared memory of another container that lets others have it" {
	planet run -d --name memory --ipc shareable --shm-size 1m busybox sh -c 'echo from the first >/dev/shm/x; sleep 1000'
	for _ in $(seq 50); do planet exec memory test -s /dev/shm/x && break; sleep 0.1; done
	[ "$(planet run --rm --ipc container:memory busybox cat /dev/shm/x)" = 'from the first' ]
	[ "$(planet run --rm --ipc container:memory busybox readlink /proc/self/ns/ipc)" = "$(planet exec memory readlink /proc/self/ns/ipc)" ]
	# It is one memory, with the limit of who made it, and the attributes that memory has.
	planet run -d --name user --ipc container:memory busybox sh -c 'echo from the second >/dev/shm/y; sleep 1000'
	for _ in $(seq 50); do planet exec memory test -s /dev/shm/y && break; sleep 0.1; done
	[ "$(planet exec memory cat /dev/shm/y)" = 'from the second' ]
	run planet exec user dd if=/dev/zero of=/dev/shm/z bs=1M count=2
	[[ "$output" == *'No space left'* ]]
	planet exec user grep -q ' /dev/shm rw,nosuid,nodev,noexec' /proc/self/mountinfo
	# A third shares with the second, and the memory outlives who made it as long as anybody has it.
	planet rm -f memory
	[ "$(planet run --rm --ipc container:user busybox cat /dev/shm/x)" = 'from the first' ]
	[ "$(planet inspect -f '{{.HostConfig.IpcMode}}' user)" != private ]
	planet rm -f user
	# With the host's users, too; and a volume that was asked for is what is there.
	planet run -d --name memory --userns host --ipc shareable busybox sleep 1000
	planet exec memory touch /dev/shm/a
	[ "$(planet run --rm --userns host --ipc container:memory busybox ls /dev/shm)" = a ]
	[ -z "$(planet run --rm --userns host --ipc container:memory --tmpfs /dev/shm busybox ls /dev/shm)" ]
	planet rm -f memory
	run planet run --rm --ipc none busybox ls -d /dev/shm
	[ "$status" = 1 ]
}

@test "a container that has put something else on its /dev/shm shares nothing of the host" {
	planet run -d --name sly --ipc shareable --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox sh -c \
		'umount /dev/shm && rmdir /dev/shm && ln -s /etc /dev/shm && echo done; sleep 1000'
	for _ in $(seq 50); do [ -z "$(planet logs sly)" ] || break; sleep 0.1; done
	refused 'share its /dev/shm' --ipc container:sly busybox true
	planet rm -f sly
}

@test "bad words: one sentence, and nothing is left" {
	refused 'give --userns host' --pid host busybox true
	refused 'give --userns host' --ipc host busybox true
	refused 'expected host or container:NAME' --pid private busybox true
	refused 'expected host or container:NAME' --uts container: busybox true
	refused 'expected private, shareable, none, host or container:NAME' --ipc open busybox true
	refused 'no such container: nobody' --ipc container:nobody busybox true
	planet run -d --name closed busybox sleep 1000
	refused 'make it with --ipc shareable' --ipc container:closed busybox true
	planet rm -f closed
	refused 'no such container: nobody' --pid container:nobody busybox true
	refused 'no such container: nobody' --network container:nobody busybox true
	refused 'contradict' --uts host --hostname x busybox true
	planet create --name resting busybox true
	refused 'is not running' --network container:resting busybox true
	planet rm resting
	[ -z "$(ls "$root/shared-ranges" 2>/dev/null)" ]
}
