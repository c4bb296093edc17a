#!/usr/bin/env bats
# `planet run` as a user meets it.
load helper

@test "the first run needs neither network nor registry" {
	run planet run --rm busybox echo hello
	[ "$status" = 0 ]
	[ "$output" = hello ]
	run planet images
	[[ "$output" == *localhost/busybox*latest* ]]
}

@test "run alone is a shell on the embedded image" {
	run planet run --rm <<<'echo $$; hostname | wc -c'
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = 13 ]
}

@test "the exit status is the command's, or says why there was none" {
	run planet run --rm busybox sh -c 'exit 42'
	[ "$status" = 42 ]
	run planet run --rm busybox sh -c 'kill -KILL $$; kill -TERM 1; exit 3'
	[ "$status" = 3 ]
	run planet run --rm busybox no-such-command
	[ "$status" = 127 ]
	[ "$output" = 'planet: execute: "no-such-command": executable file not found in $PATH' ]
	run planet run --rm busybox /etc/passwd
	[ "$status" = 126 ]
	run planet run --rm --pull never no-such-image true
	[ "$status" = 125 ]
	[[ "$output" == 'planet: no image "no-such-image" here;'* ]]
	run planet run --no-such-flag busybox
	[ "$status" = 125 ]
}

@test "its users are its own, and root inside is nobody outside" {
	run planet run --rm busybox cat /proc/self/uid_map
	[[ "$output" =~ ^\ +0\ +[0-9]{10}\ +65536$ ]]
	run planet run --rm --userns host busybox cat /proc/self/uid_map
	[[ "$output" =~ ^\ +0\ +0\ +4294967295$ ]]
	mkdir "$top/secret"
	chmod 700 "$top/secret"
	run planet run --rm -v "$top:/host" --cap-add ALL busybox sh -c 'id -u; ls /host/secret && touch /host/secret/x'
	[ "${lines[0]}" = 0 ]
	[ -O "$top/secret/x" ]
}

@test "it sees its own processes and nothing of the host's mounts" {
	# But for the three files that are its own (tests/e2e/hosts.bats).
	own='grep -v -e " /etc/hosts " -e " /etc/hostname " -e " /etc/resolv.conf " /proc/self/mountinfo'
	run planet run --rm busybox sh -c "ps | wc -l; $own | grep -c -e /old -e \"\$0\"" "$top"
	[ "${lines[0]}" -le 4 ]
	[ "${lines[1]}" = 0 ] # not even in the options of the overlay
	# One root and nothing over it; no other mount than those a container is given.
	run planet run --rm busybox sh -c 'cut -d" " -f5 /proc/self/mountinfo | grep -c "^/$"'
	[ "$output" = 1 ]
	run planet run --rm busybox sh -c "$own"' | cut -d" " -f5 | grep -v -e "^/proc" -e "^/sys" -e "^/dev" -e "^/$"'
	[ -z "$output" ]
	run planet run --rm busybox ls /sys/class/net
	[ "$output" = $'eth0\nlo' ]
	run planet run --rm --network none busybox ls /sys/class/net
	[ "$output" = lo ]
	run planet run --rm busybox sh -c 'ls -l /proc/self/fd 2>/dev/null | wc -l'
	[ "$output" = 5 ]
}

@test "writes vanish with --rm, and stay apart from the image" {
	planet run --rm busybox sh -c 'echo x >/etc/group; rm /bin/ls'
	run planet run --rm busybox sh -c 'head -c 4 /etc/group; echo; ls /etc/passwd'
	[ "${lines[0]}" = root ]
	[ "$status" = 0 ]
}

@test "system calls are filtered and capabilities are few" {
	run planet run --rm busybox sh -c 'grep -E "Seccomp:|CapInh|CapEff" /proc/self/status'
	[[ "$output" == *$'Seccomp:\t2'* ]]
	[[ "$output" == *$'CapInh:\t0000000000000000'* ]]
	[[ "$output" == *$'CapEff:\t00000000800405fb'* ]]
	run planet run --rm -u 1000 busybox sh -c 'id -u; grep CapEff /proc/self/status'
	[ "${lines[0]}" = 1000 ]
	[[ "${lines[1]}" == *0000000000000000 ]]
	run planet run --rm busybox unshare -m true
	[ "$status" != 0 ]
	run planet run --rm --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	[[ "$output" == *0 ]]
	run planet run --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
	[[ "$output" == *1 ]]
}

@test "all capabilities are all that Planet has, or all of a private user namespace" {
	sets() { grep -E "Cap(Prm|Eff|Bnd)" | cut -f 2 | sort -u; }
	few() { setpriv --bounding-set=-sys_time "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"; }
	planet run --rm busybox true
	has=$(setpriv --bounding-set=-sys_time cat /proc/self/status | sets)
	[ "$(few run --rm --privileged busybox cat /proc/self/status | sets)" = "$has" ]
	[ "$(few run --rm --userns host --cap-add ALL busybox cat /proc/self/status | sets)" = "$has" ]
	[ "$(few run --rm --cap-add ALL busybox cat /proc/self/status | sets)" = 000001ffffffffff ]
	few run -d --userns host --name box busybox sleep 1000
	[ "$(few exec --privileged box cat /proc/self/status | sets)" = "$has" ]
	planet rm -f box
	for how in "--userns host" --privileged; do
		# shellcheck disable=SC2086
		run few run --rm $how --cap-add SYS_TIME busybox true
		[ "$status" = 125 ]
		[ "$output" = "planet: CAP_SYS_TIME cannot be given: Planet does not have it itself; leave it out, or use private users (--userns auto)" ]
	done
	few run --rm --cap-add SYS_TIME busybox true
}

@test "environment, directory, user, entrypoint, labels and hostname are what was asked" {
	export FROM_HERE=yes
	printf 'A=file\n# comment\nB=2\n' >"$top/env"
	run planet run --rm --env-file "$top/env" -e A=flag -e FROM_HERE -e NOT_SET busybox env
	[[ "$output" == *A=flag* && "$output" == *B=2* && "$output" == *FROM_HERE=yes* && "$output" == *HOME=/root* ]]
	[[ "$output" != *NOT_SET* ]]
	run planet run --rm -w /new/dir busybox pwd
	[ "$output" = /new/dir ]
	for flag in --hostname -h; do
		run planet run --rm $flag mars busybox hostname
		[ "$output" = mars ]
	done
	run planet run --rm --entrypoint /bin/echo busybox a b
	[ "$output" = "a b" ]
	run planet run --rm -u nobody busybox id -un
	[ "$output" = nobody ]
	run planet run --rm -u 99999999999 busybox true
	[ "$status" = 125 ]
	printf 'one=1\n# comment\ntwo\n' >"$top/labels"
	planet run -d --name box -u nobody --group-add 44 --group-add 0 --label two=2 --label-file "$top/labels" busybox sleep 1000
	run planet exec box id -G
	[ "$output" = "65534 0 44" ]
	grep '"labels":{"one":"1","two":"2"}' "$root"/containers/*/record.json
	for group in no-such -1 4294967295 ''; do
		run planet run --rm --group-add "$group" busybox true
		[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	done
}

@test "its streams belong to it, and open by their names" {
	# Two streams come in no order.
	all='echo out >/dev/stdout; echo err >/dev/stderr; cat </dev/stdin'
	for users in auto host; do
		for user in 0 nobody 1234:5678; do
			run planet run --rm -i --userns $users -u $user busybox sh -c "$all" <<<in
			[ "$status" = 0 ] && [ "$(sort <<<"$output")" = $'err\nin\nout' ]
		done
		planet run -d --name box --userns $users busybox sleep 1000
		for user in 0 nobody; do
			run planet exec -i -u $user box sh -c "$all" <<<in
			[ "$status" = 0 ] && [ "$(sort <<<"$output")" = $'err\nin\nout' ]
		done
		planet rm -f box
		# A file of the host's stays the host's.
		planet run --rm --userns $users -u nobody busybox echo text >"$top/file"
		[ "$(stat -c %u "$top/file")" = 0 ]
	done
}

@test "volumes, tmpfs and read-only roots" {
	mkdir "$top/data"
	echo content >"$top/data/file"
	run planet run --rm -v "$top/data:/data:ro" busybox sh -c 'cat /data/file; touch /data/x'
	[ "${lines[0]}" = content ]
	[[ "${lines[1]}" == *Read-only* ]]
	run planet run --rm --mount "type=bind,source=$top/data,target=/d" busybox touch /d/made
	[ -O "$top/data/made" ]
	run planet run --rm --tmpfs /t:size=1m busybox sh -c 'df /t | tail -1'
	[[ "$output" == tmpfs*1024* ]]
	run planet run --rm --read-only busybox touch /x
	[ "$status" != 0 ]
	run planet run --rm -v ./relative:/x busybox true
	[ "$status" = 125 ]
	run planet run --rm -v "$top/none:/x" busybox true
	[[ "$output" == *"does not exist"* ]]
}

@test "a limit that is met is said by the command that meets it" {
	run planet run --rm --pids-limit 20 busybox sh -c 'for i in $(seq 40); do sleep 1 & done 2>&1; wait'
	[[ "$output" == *"can't fork"* ]]
}

@test "a process 1 that reaps" {
	run planet run --rm --init busybox sh -c 'cat /proc/1/comm; exit 9'
	[ "$status" = 9 ]
	[ "$output" = planet-init ]
}

@test "a directory as the root filesystem" {
	mkdir -p "$top/rootfs/bin"
	cp /bin/busybox "$top/rootfs/bin/"
	run planet run --rm --rootfs "$top/rootfs" /bin/busybox echo from a directory
	[ "$output" = "from a directory" ]
}

@test "--explain tells every step, as text and as JSON" {
	run planet run --rm --explain busybox true
	[[ "$output" == *"create the namespaces"* && "$output" == *clone3* && "$output" == *"change the root"* ]]
	[[ "$output" != *$'\033'* ]]
	planet run --rm --explain=json busybox true 2>"$top/steps"
	jq -es 'map(select(.step == "mount the root filesystem")) | length == 1' <"$top/steps"
}

# CVE-2019-5736: what a container could get hold of this program cannot be opened for writing.
@test "with the host's users, planet runs from a read-only mount" {
	planet run -d --name shared --userns host busybox sleep 100
	local id keeper
	id=$(planet ps -q --no-trunc)
	keeper=$(jq .keeper "$runroot/containers/$id")
	python3 -c 'import os, sys; sys.exit(not os.statvfs(sys.argv[1]).f_flag & os.ST_RDONLY)' "/proc/$keeper/exe"
	[ "$(cat "/proc/$keeper/comm")" = 'planet:[keeper]' ]
}

@test "input that was read before the program started again is not lost" {
	run planet run --rm --userns host --env-file /dev/stdin busybox sh -c 'echo $A' <<<A=1
	[ "$output" = 1 ]
}
