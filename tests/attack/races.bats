#!/usr/bin/env bats
# Races: a container exchanges names in a shared volume as fast as the kernel can, while others are started on it. Each
# lasts RACE_SECONDS.
load helper

# race A B: a container that exchanges the two names of the shared volume, in the background.
race() {
	mkdir -p "$top/shared"
	planet run -d --name racer -v "$top/shared:/vol" -v "$RACER:/racer:ro" busybox /racer "/vol/$1" "/vol/$2" "$RACE_SECONDS"
}

# The racer has ended, and raced.
finish_race() {
	for _ in $(seq 100); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	[ "$(planet logs racer)" -gt 1000 ]
	planet rm racer
}

bind_volume() { echo ".mounts += [{\"destination\": \"/vol\", \"type\": \"bind\", \"source\": \"$top/shared\", \"options\": [\"rbind\"]}]"; }

# starts COUNT-FILE BUNDLE CHECK: starts the bundle while the race lasts; of those that start, CHECK is asked.
starts_until_end() {
	local bundle=$1 check=$2 end=$((SECONDS + RACE_SECONDS)) started=0 all=0
	while [ $SECONDS -lt $end ]; do
		all=$((all + 1))
		in_bundle "$bundle" "cat /proc/self/mountinfo"
		[ "$status" = 0 ] || continue
		started=$((started + 1))
		$check || { echo "$output"; return 1; }
	done
	echo "# $started of $all started" >&3
	[ $started -gt 0 ]
}

# Below the volume or the container's own root, never the old root.
lands_inside() {
	local places
	places=$(awk '$8 == "tmpfs" && $9 == "raced" { print $5 }' <<<"$output")
	[[ -n "$places" && "$places" == /* ]]
}

@test "A4, A5, A8: mounts through a swapped link land inside, and make nothing on the host" {
	local target
	for target in / "$canary" "../../../../../../..$canary"; do
		rm -rf "$top/shared"
		mkdir -p "$top/shared/a/b/c"
		ln -s "$target" "$top/shared/link"
		make_bundle mounts "$(bind_volume) | .mounts += [{\"destination\": \"/vol/a/b/c\", \"type\": \"tmpfs\", \"source\": \"raced\", \"options\": []}, {\"destination\": \"/vol/a/new/er\", \"type\": \"tmpfs\", \"source\": \"raced\", \"options\": []}] | .linux.sysctl = {\"kernel.shmmax\": \"4096\"}"
		cp /proc/sys/kernel/shmmax "$top/shmmax"
		race a link
		starts_until_end mounts lands_inside
		finish_race
		cmp /proc/sys/kernel/shmmax "$top/shmmax"
		check_canary
	done
}

is_read_only() {
	local options
	options=$(awk '$5 ~ "^/vol/" { print $6 }' <<<"$output")
	[[ -n "$options" && "$options" == ro* && "$options" != *rw* ]]
}

@test "A10: a path that is to be read-only is read-only, whatever is swapped meanwhile" {
	mkdir -p "$top/shared/a" "$top/shared/b"
	make_bundle readonly "$(bind_volume) | .linux.readonlyPaths += [\"/vol/a\"]"
	race a b
	starts_until_end readonly is_read_only
	finish_race
}

# Masked with an empty directory of ours, and nothing of the host's beside it.
is_masked() { [ "$(awk '$5 ~ "^/vol/" { print $6 }' <<<"$output" | grep -cv '^ro')" = 0 ]; }

@test "A6, A10: a masked path in a shared volume, swapped for a link" {
	mkdir -p "$top/shared/a"
	ln -s "$canary" "$top/shared/link"
	make_bundle masked "$(bind_volume) | .linux.maskedPaths += [\"/vol/a\"]"
	race a link
	starts_until_end masked is_masked
	finish_race
	check_canary
}

@test "A12: a working directory that is swapped for a link stays inside" {
	mkdir -p "$top/shared/a"
	ln -s "$canary" "$top/shared/link"
	race a link
	local end=$((SECONDS + RACE_SECONDS)) all=0
	while [ $SECONDS -lt $end ]; do
		run planet run --rm -v "$top/shared:/vol" -w /vol/a/made busybox cat /etc/machine-id ptmx ../ptmx
		[[ "$output" != *"canary ptmx"* ]]
		all=$((all + 1))
	done
	[ $all -gt 0 ]
	finish_race
	check_canary
}

@test "B2: a container that sees this program run cannot write to it" {
	cp "$(realpath "$PLANET_BIN")" "$top/planet"
	local sum engine=("$top/planet" --root "$root" --runroot "$runroot")
	sum=$(sha256sum "$top/planet")
	# With the host's users and the right to look into any process.
	"${engine[@]}" run -d --name writer --userns host --cap-add SYS_PTRACE --cap-add DAC_OVERRIDE -v "$PROBE:/probe:ro" busybox /probe overwrite "$RACE_SECONDS"
	local end=$((SECONDS + RACE_SECONDS)) all=0
	while [ $SECONDS -lt $end ]; do
		"${engine[@]}" exec writer true || break
		all=$((all + 1))
	done
	for _ in $(seq 100); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	run -0 planet logs writer
	[[ "$output" == "tried "* ]] || { head -n 5 <<<"$output"; return 1; }
	[ $all -gt 0 ]
	planet rm writer
	# As a container's own command.
	for users in auto host; do
		run timeout 10 "${engine[@]}" run --rm --userns $users busybox /proc/self/exe --version
		run timeout 10 "${engine[@]}" run --rm --userns $users busybox sh -c 'echo x >/proc/1/exe; exec 2>&1; printf "#!/proc/self/exe\n" >/x; chmod 755 /x; /x'
	done
	[ "$(sha256sum "$top/planet")" = "$sum" ]
}

@test "B1: a container that watches its processes sees nothing of the host's while others enter" {
	planet run -d --name watched -v "$PROBE:/probe:ro" busybox /probe watch "$RACE_SECONDS"
	local end=$((SECONDS + RACE_SECONDS)) all=0
	while [ $SECONDS -lt $end ]; do
		planet exec watched true || break
		all=$((all + 1))
	done
	for _ in $(seq 100); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	run -0 planet logs watched
	[[ "$output" == "rounds "*" seen "* ]] || { head -n 20 <<<"$output"; return 1; }
	[ "${output##* }" -gt 0 ] # it did see the processes that entered
	[ $all -gt 0 ]
	planet rm watched
}
