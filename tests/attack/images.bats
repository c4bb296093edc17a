#!/usr/bin/env bats
# What an image says of itself: labels, annotations, its environment, user, signals and health check (attacks.md, section G).
load helper

setup_image() { # NAME CONFIG [WORD...]
	mkdir -p "$top/$1/bin" "$top/$1/etc"
	cp /bin/busybox "$top/$1/bin/sh"
	cp /bin/busybox "$top/$1/bin/true"
	make_image "$@"
}

@test "G1, G3, G5: no label and no annotation of an image changes how a container is run" {
	local key keys=(run.oci.systemd.subgroup run.oci.keep_original_groups run.oci.hooks.stderr org.criu.config
		org.systemd.property.MemoryMax io.kubernetes.cri-o.userns-mode io.podman.annotations.privileged
		io.podman.annotations.seccomp io.containerd.runc.v2.group containerd.io/restart.loguri planet.restart
		com.docker.official org.opencontainers.image.ref.name io.kubernetes.cri-o.Devices)
	local labels annotations=()
	labels=$(printf '%s\n' "${keys[@]}" | jq -R '{(.): "unconfined"}' | jq -s 'add')
	for key in "${keys[@]:0:13}"; do annotations+=("@$key=unconfined"); done
	setup_image plain '{"Cmd": ["true"]}'
	setup_image marked "{\"Cmd\": [\"true\"], \"Labels\": $labels}" "${annotations[@]}"
	local name
	for name in plain marked; do
		planet create --name "$name" --hostname same "example.org/$name:1" >/dev/null
		# All that the runtime is told, without what differs by the container.
		jq -S 'del(.mounts[]?.source) | .linux.uidMappings = 0 | .linux.gidMappings = 0 | .linux.cgroupsPath = 0
			| .root = 0 | walk(if type == "object" then del(.uidMappings, .gidMappings) else . end)' \
			"$root/containers/$(planet inspect -f '{{.Id}}' "$name")/config.json" >"$top/$name.json"
	done
	diff "$top/plain.json" "$top/marked.json"
	[ "$(jq -r '.annotations // {} | length' "$top/marked.json")" = 0 ]
	[ "$(planet inspect -f '{{index .Config.Labels "org.criu.config"}}' marked)" = unconfined ] # it is known, and only that
	planet rm plain marked
}

# refused CONFIG: an image with it is refused in one sentence by load or by run, and nothing is left.
refused() {
	mkdir -p "$top/odd/bin"
	cp /bin/busybox "$top/odd/bin/true"
	printf '%s' "$1" >"$top/odd.json"
	python3 "$BATS_TEST_DIRNAME/image.py" "$top/odd.tar" example.org/odd:1 "$top/odd" "@$top/odd.json"
	status=0
	output=$(planet load -q -i "$top/odd.tar" 2>&1 && planet run --rm example.org/odd:1 2>&1) || status=$?
	output=${output#"Loaded image: example.org/odd:1"}
	output=${output#$'\n'}
	planet rmi -f example.org/odd:1 >/dev/null 2>&1 || :
	[ "$status" != 0 ] && [ "$status" -lt 128 ] && [ "$(wc -l <<<"$output")" = 1 ] && [ "${#output}" -lt 1000 ] && [ -z "$(planet ps -aq)" ] ||
		{ echo "${1:0:200}: $status ${output:0:500}"; return 1; }
}

# taken CONFIG: it means something, however odd.
taken() {
	printf '%s' "$1" >"$top/odd.json"
	python3 "$BATS_TEST_DIRNAME/image.py" "$top/odd.tar" example.org/odd:1 "$top/odd" "@$top/odd.json"
	planet load -q -i "$top/odd.tar" >/dev/null
	run planet run --rm example.org/odd:1
	planet rmi -f example.org/odd:1 >/dev/null
	[ "$status" = 0 ] || { echo "${1:0:200}: $status ${output:0:500}"; return 1; }
}

@test "G4: an image's environment, user, directory, signal and command are judged" {
	local cmd='"Cmd": ["/bin/true"]'
	refused '{}'
	refused '{"Cmd": [""]}'
	refused '{"Cmd": ["true\u0000x"]}'
	refused "{$cmd, \"Env\": [\"A=\\u0000\"]}"
	refused "{$cmd, \"Env\": [7]}"
	refused "{$cmd, \"User\": \"-1\"}"
	refused "{$cmd, \"User\": \"4294967295\"}"
	refused "{$cmd, \"User\": \"99999999999999999999\"}"
	refused "{$cmd, \"User\": \"nobody-here\"}"
	refused "{$cmd, \"User\": \"0:\"}"
	refused "{$cmd, \"User\": \"70000\"}"
	refused "{$cmd, \"WorkingDir\": \"$(printf 'x%.0s' {1..5000})\"}"
	refused "{$cmd, \"WorkingDir\": \"/a\\u0000b\"}"
	refused "{$cmd, \"StopSignal\": \"SIGFOO\"}"
	refused "{$cmd, \"StopSignal\": \"9999\"}"
	refused "{$cmd, \"StopSignal\": \"-1\"}"
	refused "{$cmd, \"Healthcheck\": {\"Test\": [\"BOGUS\", \"x\"]}}"
	refused "{$cmd, \"Healthcheck\": {\"Test\": [\"CMD\"]}}"
	refused "{$cmd, \"Healthcheck\": {\"Test\": \"CMD true\"}}"
	refused "{$cmd, \"Volumes\": {\"/v\\u0000\": {}}}"
	refused "{$cmd, \"Labels\": {\"a\": [\"b\"]}}"
	refused "{\"Cmd\": [$(printf '"%s",' $(printf 'x%.0s ' {1..200000}))\"\"]}"
	refused "{$cmd, \"Env\": [\"PATH\"]}"
	refused "{$cmd, \"Env\": [\"=x\"]}"
	refused "{$cmd, \"Env\": [\"\"]}"
	taken "{$cmd, \"Env\": [\"PATH=\", \"A=b=c\", \"A=\"]}"
	taken "{$cmd, \"WorkingDir\": \"../../..\"}"
	refused "{$cmd, \"WorkingDir\": \"/proc/self/fd/1/../../..\"}"
	taken "{$cmd, \"Healthcheck\": {\"Test\": [\"NONE\"]}}"
	taken "{$cmd, \"Healthcheck\": {\"Test\": [\"CMD\", \"true\"], \"Interval\": -1, \"Timeout\": -5, \"Retries\": -1}}"
	taken "{$cmd, \"Healthcheck\": {\"Test\": []}}"
	taken "{$cmd, \"Unknown\": {\"Test\": []}}"
	# A probe each nanosecond is the image's wish, and a second is the least that it gets.
	cat >"$top/odd.json" <<-'JSON'
		{"Cmd": ["/bin/sh", "-c", "sleep 4"], "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1, "Timeout": 1, "StartPeriod": 1, "Retries": 2147483648}}
	JSON
	cp /bin/busybox "$top/odd/bin/sh"
	cp /bin/busybox "$top/odd/bin/sleep"
	python3 "$BATS_TEST_DIRNAME/image.py" "$top/odd.tar" example.org/odd:1 "$top/odd" "@$top/odd.json"
	planet load -q -i "$top/odd.tar" >/dev/null
	planet run -d --name busy example.org/odd:1 >/dev/null
	sleep 3
	local probes
	probes=$(planet inspect -f '{{len .State.Health.Log}}' busy)
	[ "$probes" -ge 1 ] && [ "$probes" -le 3 ] || { echo "$probes probes in 3 seconds"; return 1; }
	planet rm -f busy >/dev/null
}

@test "J10: a container that writes without end fills no disk" {
	local id
	id=$(planet run -d --name loud busybox sh -c 'yes "$(head -c 1000 /dev/zero | tr "\0" x)"')
	sleep "${FLOOD_SECONDS:-6}"
	[ "$(du -sm "$root/containers/$id" | cut -f1)" -le 32 ]
	[ "$(find "$root/containers/$id" -name 'log*' | wc -l)" -ge 2 ] # it was more than one file holds
	# What is there is whole lines.
	[ -z "$(planet logs --tail 2000 loud | grep -vx 'x*')" ]
	planet rm -f loud >/dev/null
}

@test "links of an image in the places of /etc/hosts and its like lead to nothing of the host" {
	local up=../../../../../../../../.. target
	for target in /etc/shadow "$canary/etc/hosts" "$up$canary/etc/hosts" "/proc/self/root$canary/new" "/proc/1/root$canary/secret" ../etc/hosts loop/../hosts; do
		rm -rf "$top/odd"
		mkdir -p "$top/odd"/{bin,etc}
		cp /bin/busybox "$top/odd/bin/sh"
		ln -s "$target" "$top/odd/etc/hosts"
		ln -s "$target" "$top/odd/etc/resolv.conf"
		python3 "$BATS_TEST_DIRNAME/image.py" "$top/odd.tar" example.org/odd:1 "$top/odd" '{"Cmd": ["sh"]}'
		planet load -q -i "$top/odd.tar" >/dev/null
		# Where it runs, what is there is the container's.
		run planet run --rm example.org/odd:1 sh -c 'busybox=1; while read -r line; do echo "$line"; done </etc/hosts; echo x >>/etc/hosts'
		[ "$status" != 0 ] || [[ "$output" != *root:* ]]
		check_canary
	done
	# A whole /etc that is a link.
	for target in "$canary/etc" "$up$canary/etc" /proc/self/root; do
		rm -rf "$top/odd/etc"
		ln -s "$target" "$top/odd/etc"
		python3 "$BATS_TEST_DIRNAME/image.py" "$top/odd.tar" example.org/odd:1 "$top/odd" '{"Cmd": ["sh"]}'
		planet load -q -i "$top/odd.tar" >/dev/null
		run planet run --rm example.org/odd:1 sh -c 'echo x >>/etc/hosts'
		check_canary
	done
	planet rmi example.org/odd:1 >/dev/null 2>&1 || true
}
