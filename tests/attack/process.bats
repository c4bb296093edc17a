#!/usr/bin/env bats
# The process that is started: its directory, descriptors, terminal, user, keys, environment; and words that are ids.
load helper

@test "B3: no working directory leads out through a descriptor" {
	planet run -d --name box busybox sleep 1000
	local n
	for n in $(seq 3 40); do
		run planet run --rm -w "/proc/self/fd/$n" busybox cat etc/machine-id
		[ "$status" != 0 ]
		run planet run --rm -w "/proc/self/fd/$n/../../../.." busybox cat etc/machine-id
		[ "$status" != 0 ]
		run planet exec -w "/proc/self/fd/$n" box cat etc/machine-id
		[ "$status" != 0 ]
	done
	planet rm -f box
	# By a link of the image, and by its own working directory.
	make_rootfs "$top/wd"
	for n in 3 7 8 9 10; do
		ln -sfn "/proc/self/fd/$n" "$top/wd/door"
		run planet run --rm -w /door --rootfs "$top/wd" cat etc/machine-id
		[ "$status" != 0 ]
	done
	make_image wd '{"WorkingDir": "/proc/self/fd/8"}'
	run planet run --rm example.org/wd:1 cat etc/machine-id
	[ "$status" != 0 ]
	make_bundle cwd '.process.cwd = "/proc/self/fd/7"'
	in_bundle cwd 'cat etc/machine-id'
	[ "$status" != 0 ]
}

# holding COMMAND...: runs the command with many files of the host open.
holding() {
	bash -c 'for n in $(seq 3 20) 255 900; do eval "exec $n<\"\$0\""; done; exec "$@"' "$canary/secret" "$@"
}

@test "B4: the caller's descriptors stay with the caller" {
	local engine=("$PLANET_BIN" --root "$root" --runroot "$runroot")
	run -0 holding "$PROBE" fds
	[ "${#lines[@]}" -gt 20 ]
	run -0 holding "${engine[@]}" run --rm "${probing[@]}" fds
	[ "${#lines[@]}" = 3 ] || { echo "$output"; return 1; }
	holding "${engine[@]}" run -d --name box -v "$PROBE:/probe:ro" busybox sleep 1000
	run -0 holding "${engine[@]}" exec box /probe fds
	[ "${#lines[@]}" = 3 ] || { echo "$output"; return 1; }
	run -0 ls "/proc/$(pid_of "$(basename "$(echo "$runroot"/containers/*)")")/fd"
	[ "${#lines[@]}" = 3 ] || { echo "$output"; return 1; }
	planet rm -f box
	make_bundle fds '.process.args = ["probe", "fds"]'
	run -0 holding "$RUNTIME_BIN" run --bundle "$top/fds" "attack-$BASHPID"
	[ "${#lines[@]}" = 3 ] || { echo "$output"; return 1; }
	run -0 holding "$RUNTIME_BIN" run --preserve-fds 2 --bundle "$top/fds" "attack-$BASHPID"
	[ "$(cut -d' ' -f1 <<<"$output")" = $'0\n1\n2\n3\n4' ] || { echo "$output"; return 1; }
}

@test "B7: no byte gets into the caller's terminal" {
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ] || skip "this kernel pushes bytes for nobody (dev.tty.legacy_tiocsti is 0)"
	local flags
	for flags in -i -it; do
		run -0 python3 "$BATS_TEST_DIRNAME/tiocsti.py" "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm $flags "${probing[@]}" push
		[[ "$output" == *"nothing was pushed"* ]]
	done
	# The test can fail: without a filter, on the terminal itself, bytes arrive.
	run python3 "$BATS_TEST_DIRNAME/tiocsti.py" "$PROBE" push
	[[ "$output" == *"XX"* ]]
}

@test "B9: a user is a name or a number, and nothing that looks like one" {
	local user wanted
	while read -r user wanted; do
		[ "$user" != EMPTY ] || user=""
		run planet run --rm -u "$user" busybox sh -c 'id -u; id -g'
		if [ "$wanted" = refused ]; then
			[ "$status" = 125 ] || { echo "-u \"$user\": $output"; return 1; }
			[ "${#lines[@]}" = 1 ]
		else
			[ "$status" = 0 ] || { echo "-u \"$user\": $output"; return 1; }
			[ "${lines[*]}" = "${wanted/:/ }" ] || { echo "-u \"$user\": $output"; return 1; }
		fi
	done <<-'EOF2'
		1 1:0
		1:2 1:2
		root 0:0
		nobody 65534:65534
		0:0 0:0
		00 0:0
		65535 65535:0
		:5 refused
		1: refused
		: refused
		+1 refused
		0x1 refused
		1e1 refused
		-1 refused
		4294967295 refused
		4294967296 refused
		18446744073709551616 refused
		99999999999999999999 refused
		1:4294967296 refused
		1:-1 refused
		1:2:3 refused
		nosuchuser refused
		root:nosuchgroup refused
		root/../x refused
	EOF2
	for user in "1 " " 1" $'1\n' $'root\n0' "root:root:"; do
		run planet run --rm -u "$user" busybox id
		[ "$status" = 125 ] || { echo "-u \"$user\": $output"; return 1; }
	done
}

@test "B10: huge and deep configurations are refused in a sentence, under AddressSanitizer" {
	local asan=$BATS_TEST_DIRNAME/../../build/asan/apps/planet-runtime/planet-runtime
	[ -x "$asan" ] || skip "the sanitized build is not made: tools/build.sh asan planet-runtime"
	make_bundle big
	cp "$top/big/config.json" "$top/config"
	python3 "$BATS_TEST_DIRNAME/big_configs.py" "$top/config" "$top/configs"
	local config
	for config in "$top"/configs/*; do
		cp "$config" "$top/big/config.json"
		run timeout 60 "$asan" run --bundle "$top/big" "attack-$BASHPID" </dev/null
		[[ "$output" != *Sanitizer* && "$output" != *"runtime error"* ]] || { echo "${config##*/}: $output" | head -n 30; return 1; }
		[ "$status" -lt 124 ] || { echo "${config##*/}: status $status"; return 1; }
		case ${config##*/} in ok-*) [ "$status" = 0 ] ;; *) [ "$status" = 1 ] ;; esac || { echo "${config##*/}: status $status, ${output:0:300}"; return 1; }
	done
}

@test "B12: keys are not shared, with the caller or between containers" {
	# Where the filter lets keyctl through, too.
	run -0 "$PROBE" with-key planet-canary "$PROBE" find-key planet-canary
	[ "$output" = "keyctl ok" ]
	local users
	for users in auto host; do
		run -0 "$PROBE" with-key planet-canary "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm --userns $users --security-opt seccomp=unconfined "${probing[@]}" find-key planet-canary
		[ "$output" != "keyctl ok" ]
	done
	run -0 "$PROBE" with-key planet-canary "$PLANET_BIN" --root "$root" --runroot "$runroot" run --rm "${probing[@]}" find-key planet-canary
	[ "$output" = "keyctl EPERM" ]
	planet run -d --name owner --security-opt seccomp=unconfined -v "$PROBE:/probe:ro" busybox /probe with-key planet-canary sleep 1000
	sleep 0.2
	run -0 planet run --rm --security-opt seccomp=unconfined "${probing[@]}" find-key planet-canary
	[ "$output" != "keyctl ok" ]
	planet rm -f owner
}

@test "B13: the caller's environment stays with the caller, and -e with the container" {
	export HOST_SECRET=canary-of-the-environment LD_PRELOAD_CANARY=x
	run -0 planet run --rm busybox env
	[[ "$output" != *canary-of* && "$output" != *LD_* ]]
	planet run -d --name box -e GIVEN=canary-of-the-flag busybox sleep 1000
	run -0 planet exec box env
	[[ "$output" != *canary-of-the-env* && "$output" == *GIVEN=canary-of-the-flag* ]]
	make_bundle env '.process.args = ["busybox", "env"]'
	run -0 runtime env
	[[ "$output" != *canary-of* ]]
	# Nor does the process itself show it to other users of the host.
	local id
	id=$(basename "$(echo "$runroot"/containers/*)")
	[ "$(grep -ac canary-of "/proc/$(pid_of "$id")/cmdline")" = 0 ]
	[ "$(grep -ac canary-of-the-env "/proc/$(pid_of "$id")/environ")" = 0 ]
	planet rm -f box
}

@test "B16: an id or a name is one plain word" {
	make_bundle id '.process.args = ["true"]'
	local id
	for id in "" . .. a/b ../../x /etc $'a\n' "a b" 'a%n' 'a;b' 'a$b' "$(printf 'x%.0s' $(seq 1100))"; do
		run "$RUNTIME_BIN" run --bundle "$top/id" "$id" </dev/null
		[ "$status" != 0 ] || { echo "id \"$id\""; return 1; }
		run planet run --rm --name "$id" busybox true
		[ "$status" = 125 ] || [ -z "$id" ] || { echo "name \"$id\""; return 1; }
		[ -z "$id" ] || for command in rm stop kill logs; do
			run planet $command "$id"
			[ "$status" = 1 ]
		done
	done
	run planet run --rm --name -x busybox true
	[ "$status" = 125 ]
	run planet run --rm --name "$(printf 'x%.0s' $(seq 300))" busybox true
	[ "$status" = 125 ]
	run planet rm "../containers/x" "../../$canary"
	[ "$status" = 1 ]
	run planet run --rm --hostname $'a\nb' busybox true
	[ "$status" = 125 ]
}
