#!/usr/bin/env bats
# Root filesystems and mounts that try to reach the host: links, swapped files, fake /proc and /dev.
load helper

tmpfs_at() { # jq that adds a tmpfs at the path
	echo ".mounts += [{\"destination\": \"$1\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": []}]"
}

bind_at() { # jq that binds SOURCE at DESTINATION
	echo ".mounts += [{\"destination\": \"$2\", \"type\": \"bind\", \"source\": \"$1\", \"options\": [\"rbind\"]}]"
}

# Where the container's mounts lie below PATH, as the container sees it.
MOUNTS='cut -d" " -f5 /proc/self/mountinfo'

@test "A1: a mount below a link of the image lands inside, or not at all" {
	local escape=../../../../../../../../../..
	local number=0 target
	for target in "$canary" "$escape$canary" "/proc/self/root$canary" "/proc/1/root" "/proc/self/cwd"; do
		number=$((number + 1))
		make_bundle "a$number" "$(tmpfs_at /etc/x) | $(tmpfs_at /link/deep/er/y) | .process.cwd = \"/\""
		rmdir "$top/a$number/rootfs/etc"
		ln -s "$target" "$top/a$number/rootfs/etc"
		ln -s "$target" "$top/a$number/rootfs/link"
		in_bundle "a$number" "$MOUNTS"
		check_canary
		# Where the link's target exists inside, the mount is there.
		mkdir -p "$top/a$number/rootfs$canary"
		in_bundle "a$number" "$MOUNTS"
		[ "$number" -gt 2 ] || { [ "$status" = 0 ]; [[ "$output" == *"$canary/x"* ]]; }
		check_canary
	done
}

@test "A11: a file bound over a link of the image covers nothing of the host" {
	echo bound >"$top/file"
	local target
	for target in "$canary/etc/resolv.conf" "../../../../../../..$canary/etc/resolv.conf" "$canary/new" ../../canary/secret; do
		make_bundle f "$(bind_at "$top/file" /etc/resolv.conf)"
		ln -sf "$target" "$top/f/rootfs/etc/resolv.conf"
		in_bundle f "cat /etc/resolv.conf"
		[ "$status" != 0 ] || [ "$output" = bound ]
		check_canary
		rm -rf "$top/f"
	done
}

@test "A2: nothing but proc is mounted at /proc or over its files" {
	make_bundle tmp "(.mounts[] | select(.destination == \"/proc\")) = {\"destination\": \"/proc\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": []}"
	in_bundle tmp "echo started"
	[ "$status" != 0 ]
	[[ "$output" != *started* && "$output" == */proc* ]]
	mkdir -p "$top/fake/self/attr"
	for place in /proc /proc/self/attr /proc/self /proc/sys/kernel /proc/1; do
		make_bundle bind "$(bind_at "$top/fake" $place)"
		in_bundle bind "echo started"
		[ "$status" != 0 ] || { echo "bound at $place"; return 1; }
		[[ "$output" != *started* ]]
		make_bundle bind "$(tmpfs_at $place)"
		in_bundle bind "echo started"
		[ "$status" != 0 ] || { echo "tmpfs at $place"; return 1; }
	done
	# By a link of the image, too.
	make_bundle link "$(bind_at "$top/fake" /link/attr)"
	ln -s /proc/self "$top/link/rootfs/link"
	in_bundle link "echo started"
	[ "$status" != 0 ]
	# What lxcfs shows by such mounts stays possible.
	echo "MemTotal: 1 kB" >"$top/false-meminfo"
	make_bundle meminfo "$(bind_at "$top/false-meminfo" /proc/meminfo)"
	in_bundle meminfo "cat /proc/meminfo"
	[ "$output" = "MemTotal: 1 kB" ]
}

@test "A3: /proc and /sys must be ordinary directories" {
	local name target
	for name in proc sys; do
		for target in /bad ../bad "$canary" . /dev/null missing; do
			make_bundle "$name"
			mkdir -p "$top/$name/rootfs/bad"
			rmdir "$top/$name/rootfs/$name"
			ln -s "$target" "$top/$name/rootfs/$name"
			in_bundle "$name" "echo started"
			[ "$status" != 0 ]
			[[ "$output" == *"/$name"*"not an ordinary directory"* ]] || { echo "$output"; return 1; }
			rm -rf "${top:?}/$name"
		done
		# With a slash behind, and inside a volume that the image could not foresee.
		make_bundle "$name" "(.mounts[] | select(.destination == \"/$name\") | .destination) = \"/$name/\""
		rmdir "$top/$name/rootfs/$name"
		ln -s /bad "$top/$name/rootfs/$name"
		in_bundle "$name" "echo started"
		[[ "$output" == *"not an ordinary directory"* ]]
		rm -rf "${top:?}/$name"
		mkdir -p "$top/volume"
		ln -sfn /bad "$top/volume/$name"
		make_bundle "$name" "$(bind_at "$top/volume" /vol) | .mounts += [{\"destination\": \"/vol/$name\", \"type\": \"${name/sys/sysfs}\", \"source\": \"x\", \"options\": []}]"
		in_bundle "$name" "echo started"
		[[ "$output" == *"not an ordinary directory"* ]]
		rm -rf "${top:?}/$name"
	done
}

@test "A6: what stands at /dev/null does not matter to the masks" {
	mkdir "$top/dev"
	local kind
	for kind in link file missing fifo; do
		rm -f "$top/dev/null"
		case $kind in
		link) ln -s /proc/sys/kernel/core_pattern "$top/dev/null" ;;
		file) echo "not null" >"$top/dev/null" ;;
		fifo) mkfifo "$top/dev/null" ;;
		esac
		make_bundle null "(.mounts[] | select(.destination == \"/dev\")) = {\"destination\": \"/dev\", \"type\": \"bind\", \"source\": \"$top/dev\", \"options\": [\"rbind\"]} | .mounts |= map(select(.destination | startswith(\"/dev/\") | not)) | .linux.maskedPaths += [\"/proc/version\"]"
		in_bundle null 'cat /proc/version /proc/timer_list; ls -A /proc/acpi; cut -d" " -f5 /proc/self/mountinfo | grep -c -e core_pattern -e version'
		[ "$status" != 0 ] || [ "$output" = 1 ] || { echo "$kind: $output"; return 1; }
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ]
}

@test "A7: the console is the terminal, whatever stands at /dev/console and /dev/pts" {
	make_bundle console '.process.terminal = true | .linux.resources.devices = [{"allow": true, "access": "rwm"}] | .process.args = ["sh", "-c", "probe file /dev/console; probe file $(readlink /proc/self/fd/0)"]'
	ln -s busybox "$top/console/rootfs/bin/readlink"
	run python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$RUNTIME_BIN" run --bundle "$top/console" "attack-$BASHPID"
	[ "${lines[0]}" = "${lines[1]}" ]
	[[ "${lines[0]}" == "20000 136:"* ]]
	# A /dev of the attacker's, with a link for a console and a false devpts.
	mkdir -p "$top/dev/pts"
	ln -s "$canary/secret" "$top/dev/console"
	ln -s /proc/sysrq-trigger "$top/dev/pts/0"
	ln -s "$canary/ptmx" "$top/dev/pts/ptmx"
	make_bundle false '.process.terminal = true | .linux.resources.devices = [{"allow": true, "access": "rwm"}] | .process.args = ["echo", "started"] | (.mounts[] | select(.destination == "/dev")) = {"destination": "/dev", "type": "bind", "source": "'"$top/dev"'", "options": ["rbind"]} | .mounts |= map(select(.destination | startswith("/dev/") | not))'
	run python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$RUNTIME_BIN" run --bundle "$top/false" "attack-$BASHPID"
	[[ "$output" == *"devpts"* && "$output" != *started* ]]
	# The same with a real devpts: the link is not followed.
	make_bundle real '.process.terminal = true | .linux.resources.devices = [{"allow": true, "access": "rwm"}] | .process.args = ["echo", "started"] | (.mounts[] | select(.destination == "/dev")) = {"destination": "/dev", "type": "bind", "source": "'"$top/dev"'", "options": ["rbind"]} | .mounts |= map(select(.destination != "/dev/shm" and .destination != "/dev/mqueue"))'
	run python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$RUNTIME_BIN" run --bundle "$top/real" "attack-$BASHPID"
	[ "$(readlink "$top/dev/console")" = "$canary/secret" ]
}

@test "A9: devices are not made through a link at /dev" {
	local target
	for target in ../../canary "../../../../../..$canary" "$canary" /proc/self/root; do
		make_bundle dev '.mounts |= map(select(.destination | startswith("/dev") | not))'
		rmdir "$top/dev/rootfs/dev"
		ln -s "$target" "$top/dev/rootfs/dev"
		in_bundle dev "echo started"
		check_canary
		# And with a tmpfs at /dev, and with planet.
		rm "$top/dev/config.json"
		make_bundle dev
		in_bundle dev "echo started"
		check_canary
		run planet run --rm --rootfs "$top/dev/rootfs" true
		check_canary
		rm -rf "$top/dev"
	done
}

@test "A12: no file is written through a link, a FIFO or a directory of the image" {
	local kind file
	for kind in absolute relative dangling fifo directory; do
		make_rootfs "$top/$kind"
		for file in .krun_config.json etc/mtab etc/hosts etc/resolv.conf etc/hostname etc/passwd etc/group run/secrets .dockerenv work; do
			mkdir -p "$top/$kind/$(dirname $file)"
			case $kind in
			absolute) ln -s "$canary/secret" "$top/$kind/$file" ;;
			relative) ln -s "../../../../../../../..$canary/secret" "$top/$kind/$file" ;;
			dangling) ln -s "$canary/not-there" "$top/$kind/$file" ;;
			fifo) mkfifo "$top/$kind/$file" ;;
			directory) mkdir "$top/$kind/$file" ;;
			esac
		done
		run timeout 10 "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm --rootfs "$top/$kind" echo started
		[ "$status" != 124 ] # no FIFO holds it up
		check_canary
		run timeout 10 "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm -w /work -u 7:7 --hostname x --rootfs "$top/$kind" echo started
		[ "$status" != 124 ]
		check_canary
		[ ! -e "$canary/not-there" ]
	done
}

@test "A17: a container cannot take masks and read-only mounts away" {
	run planet run --rm busybox sh -c 'umount /proc/timer_list; umount -l /proc/sys; mount -o remount,rw /sys; mount -o remount,rw /proc/sys; mount -t tmpfs x /tmp'
	[ "$status" != 0 ]
	[ "$(grep -c 'Operation not permitted\|permission denied' <<<"$output")" = 5 ] || { echo "$output"; return 1; }
	# With CAP_SYS_ADMIN it can: the mounts are its own. What it finds belongs to the host's root, who it is not.
	run planet run --rm --cap-add SYS_ADMIN busybox sh -c 'umount /proc/timer_list && echo unmasked; cat /proc/timer_list'
	[[ "$output" == *unmasked* && "$output" == *"Permission denied"* ]]
	run planet run --rm --cap-add SYS_ADMIN -v "$PROBE:/probe:ro" busybox sh -c 'umount /proc/sys /proc/sysrq-trigger; mount -o remount,rw /sys; for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/swappiness /sys/kernel/mm/ksm/run; do /probe open $f w; done'
	[ "$(grep -cE ' (EACCES|EPERM|EROFS|ENOENT)$' <<<"$output")" = 4 ] || { echo "$output"; return 1; }
	# So it is with a volume's "ro": it holds by default, and CAP_SYS_ADMIN takes it off.
	run planet run --rm --read-only -v "$canary:/c:ro" busybox sh -c 'mount -o remount,rw,bind /c; touch /c/x; umount /c; touch /c/x; touch /x'
	[ "$status" != 0 ]
	check_canary
}

@test "A18: names with separators, and a neighbour with the same beginning" {
	local odd=$'s p,a=c\\040\n'
	mkdir "$top/x" "$top/x/s-keep"
	mount -t tmpfs neighbour "$top/x/s-keep"
	touch "$top/x/s-keep/file"
	mkdir -p "$top/x/$odd"
	touch "$top/x/$odd/inside"
	local status=0
	for place in "$top/x/s" "$top/x/$odd/s:t,u"; do
		"$PLANET_BIN" --root "$place" --runroot "$place-run" run -d --name odd -v "$top/x/$odd:/v,\\x" busybox sleep 100 || status=1
		"$PLANET_BIN" --root "$place" --runroot "$place-run" exec odd cat "/v,\\x/inside" || status=1
		"$PLANET_BIN" --root "$place" --runroot "$place-run" rm -f odd || status=1
	done
	[ -e "$top/x/s-keep/file" ] || status=1
	umount "$top/x/s-keep"
	[ $status = 0 ]
}

@test "A19: each kind of mount onto each kind of link stays inside" {
	local kind target options
	local loop=$top/loop
	mkdir "$loop"
	for kind in '"bind", "source": "'"$canary"'", "options": ["bind"' '"tmpfs", "source": "x", "options": ["size=1m"' \
		'"tmpfs", "source": "x", "options": ["tmpcopyup"' '"bind", "source": "'"$canary"'", "options": ["bind", "copy-symlink"' \
		'"bind", "source": "'"$canary"'", "options": ["bind", "dest-nofollow"' '"overlay", "source": "x", "options": ["lowerdir=/bin:/etc"'; do
		for target in ../../canary "$canary" nowhere/at/all looped; do
			make_bundle m ".mounts += [{\"destination\": \"/place\", \"type\": $kind]}]"
			ln -sfn "$target" "$top/m/rootfs/place"
			ln -sfn looped "$top/m/rootfs/looped"
			in_bundle m "echo started"
			[ "$status" = 0 ] || [[ "$output" == "planet-runtime: "* ]]
			check_canary
		done
	done
}

@test "A19: a chain of 41 links is too long, one of 39 is not" {
	make_bundle chain "$(tmpfs_at /l1/x)"
	local i
	for i in $(seq 1 40); do ln -s "l$((i + 1))" "$top/chain/rootfs/l$i"; done
	mkdir "$top/chain/rootfs/l41"
	in_bundle chain "$MOUNTS"
	[ "$status" = 0 ]
	[[ "$output" == */l41/x* ]]
	ln -s l1 "$top/chain/rootfs/l0"
	make_bundle chain "$(tmpfs_at /l0/x)"
	in_bundle chain "echo started"
	[ "$status" != 0 ]
	[[ "$output" == *"symbolic links"* ]]
}

@test "A21: 300 volumes leave no descriptor open" {
	mkdir "$top/many"
	local volumes=() i
	for i in $(seq 300); do volumes+=(-v "$top/many:/m/$i"); done
	run -0 planet run --rm "${volumes[@]}" "${probing[@]}" fds
	[ "${#lines[@]}" = 3 ] || { echo "$output"; return 1; }
	planet run -d --name many "${volumes[@]}" busybox sleep 100
	local pid
	pid=$(pid_of "$(basename "$(echo "$runroot"/containers/*)")")
	[ "$(ls "/proc/$pid/fd" | wc -l)" = 3 ]
	# The keeper holds pipes, its log, the lock; nothing for each mount.
	[ "$(ls "/proc/$(keeper_of "$(basename "$(echo "$runroot"/containers/*)")")/fd" | wc -l)" -lt 32 ]
	planet rm -f many
}
