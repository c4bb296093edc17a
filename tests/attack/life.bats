#!/usr/bin/env bats
# What is left on the machine when containers and those who keep them are killed.
load helper

# The rest of the script in a mount namespace of its own where all mounts are shared, as systemd makes them: a mount
# that leaked would show.
with_shared_mounts() { unshare --mount --propagation private sh -c "mount --make-rshared / && $1"; }

@test "A16: 200 containers killed at random leave no mount, with shared mounts on the host" {
	planet run --rm busybox true
	make_bundle killed '.process.args = ["sleep", "5"]'
	export PLANET_BIN RUNTIME_BIN root runroot top
	cat >"$top/cycle" <<-'EOF2'
		cat /proc/self/mountinfo >"$top/mounts"
		for i in $(seq 200); do
			if [ $((i % 4)) = 0 ]; then
				"$RUNTIME_BIN" run --bundle "$top/killed" "killed-$$-$i" >/dev/null 2>&1 &
			else
				"$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm busybox sleep 5 >/dev/null 2>&1 &
			fi
			sleep "0.0$((RANDOM % 30))"
			pid=$!
			children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
			kill -9 $pid $children 2>/dev/null
			wait $pid 2>/dev/null
		done
		sleep 0.2
		diff "$top/mounts" /proc/self/mountinfo | head -n 20 >"$top/leaked"
		cat "$top/leaked"
		[ ! -s "$top/leaked" ]
	EOF2
	with_shared_mounts "bash $top/cycle"
	sleep 1.5 # what was only begun is swept when it is older than a second
	planet ps -a >/dev/null
	# planet-runtime's containers are its caller's to delete, who was killed with it; a group without a state is that of
	# one killed before it was recorded.
	for left in /run/planet-runtime/killed-*; do "$RUNTIME_BIN" delete --force "${left##*/}"; done
	find /sys/fs/cgroup -depth -type d -path '*/planet/killed-*' -exec rmdir {} \;
}

@test "A16: what a running container mounts does not appear on a host with shared mounts" {
	mkdir "$top/shared" "$top/volume"
	make_bundle seen '.mounts += [{"destination": "/vol", "type": "bind", "source": "'"$top/volume"'", "options": ["rbind"]}, {"destination": "/vol/t", "type": "tmpfs", "source": "t"}]'
	export PLANET_BIN RUNTIME_BIN root runroot top
	cat >"$top/look" <<-'EOF2'
		cat /proc/self/mountinfo >"$top/mounts"
		(echo 'echo up; sleep 2' | "$RUNTIME_BIN" run --bundle "$top/seen" "seen-$$" >"$top/out") &
		"$PLANET_BIN" --root "$root" --runroot "$runroot" run -d --name vv -v "$top/volume:/vol" --tmpfs /vol/t2 busybox sleep 2
		sleep 1
		diff "$top/mounts" /proc/self/mountinfo | head -n 20 >"$top/leaked"
		cat "$top/leaked"
		wait
		"$PLANET_BIN" --root "$root" --runroot "$runroot" rm -f vv
		[ ! -s "$top/leaked" ]
	EOF2
	with_shared_mounts "bash $top/look"
}

@test "B11: a number that another process has by now is not killed" {
	planet run --rm busybox true
	export PLANET_BIN root runroot
	cat >"$top/reuse" <<-'EOF2'
		id=$("$PLANET_BIN" --root "$root" --runroot "$runroot" run -d --name gone busybox sleep 1000)
		pid=$(jq .pid "$runroot/containers/$id")
		kill -9 "$(jq .keeper "$runroot/containers/$id")" "$pid"
		while [ -d "/proc/$pid" ]; do sleep 0.01; done
		sleep 0.1
		for _ in $(seq 50); do
			echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 1000 &
			[ $! != "$pid" ] || break
			kill $!
		done
		[ $! = "$pid" ] || { echo "the number did not come again"; exit 1; }
		for command in "kill gone" "stop -t 1 gone" "exec gone true" "rm -f gone"; do
			"$PLANET_BIN" --root "$root" --runroot "$runroot" $command
		done
		kill -0 "$pid" && echo "the victim lives"
		kill "$pid"
	EOF2
	run unshare --pid --fork --mount-proc bash "$top/reuse"
	[[ "$output" == *"the victim lives"* ]]
	[[ "$output" == *"is not running"* ]]
}

@test "B14: a keeper that crashes leaves no core" {
	cd "$top"
	ulimit -c unlimited
	id=$(planet run -d --name core -e SECRET=in-memory busybox sleep 1000)
	kill -SEGV "$(keeper_of "$id")"
	for _ in $(seq 50); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	[ -z "$(find "$top" / -maxdepth 1 -name 'core*' -newer "$top/before" -type f)" ]
	planet rm -f core
}

@test "C16: a container that takes all it can takes what it has, and no more" {
	# Processes that stay, until no other can be made: the maker dies of it, and the counter needs none.
	run planet run --rm --pids-limit 64 busybox sh -c '( while :; do sleep 1000 & done ) 2>/dev/null
		set -- /proc/[0-9]*; echo $#'
	[ "$status" = 0 ]
	[ "$output" = 63 ]
	# Processes that make others without an end, which go with the first one.
	run planet run --rm --pids-limit 64 busybox sh -c 'b() { b | b & }; b 2>/dev/null &
		i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo alive'
	[ "$status" = 0 ]
	[[ "$output" == *alive* ]]
	[ "$(planet run --rm busybox cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || planet run --rm busybox cat /sys/fs/cgroup/pids.max)" = 4096 ]
	# Memory file systems.
	run planet run --rm busybox sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=100 2>&1; stat -c %s /dev/shm/x'
	[[ "$output" == *"No space left"* ]]
	[ "$(tail -n 1 <<<"$output")" = 67108864 ]
	run planet run --rm busybox sh -c 'dd if=/dev/zero of=/dev/x bs=1M count=100 2>&1 | head -n 1'
	[[ "$output" == *"No space left"* ]]
	# Terminals, which the kernel counts together and keeps some of for the host.
	planet run -d --name ptys "${probing[@]}" exhaust ptys 30
	sleep 0.5
	timeout 5 python3 -c 'import os; os.openpty()'
	planet rm -f ptys
}

@test "C16: a flood of output is bounded on disk, and its keeper stays small" {
	id=$(planet run -d --name flood busybox yes "a line of the flood that is as long as lines are, more or less")
	sleep 3
	local rss size
	rss=$(awk '/^RssAnon/ { print $2 }' "/proc/$(keeper_of "$id")/status")
	size=$(du -sk "$root/containers/$id" | cut -f 1)
	planet rm -f flood
	[ "$rss" -lt 8192 ] || { echo "the keeper has $rss KiB"; return 1; }
	[ "$size" -lt 40000 ] || { echo "the log has $size KiB"; return 1; }
}
