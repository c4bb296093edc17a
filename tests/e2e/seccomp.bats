#!/usr/bin/env bats
# --security-opt seccomp=FILE: a profile as docker and podman take it, for the container and for what exec puts inside.
load helper
bats_require_minimum_version 1.5.0

# profile JQ: $top/profile.json is everything allowed but what the rules say.
profile() { jq -n "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: $1}" >"$top/profile.json"; }

no_mkdir='[{names: ["mkdir", "mkdirat", "no_such_call", "riscv_hwprobe"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]'

@test "a profile forbids what it says, with either users, by any path to it" {
	profile "$no_mkdir"
	for users in auto host; do
		run planet run --rm --userns $users --security-opt "seccomp=$top/profile.json" busybox sh -c 'mkdir /x 2>&1; touch /y && echo touched'
		[ "$status" = 0 ]
		[[ "$output" == *"mkdir: can't create directory '/x': Operation not permitted"*touched* ]]
	done
	cd "$top"
	run planet run --rm --security-opt seccomp=profile.json busybox mkdir /x
	[ "$status" = 1 ]
	run planet run --rm --privileged --security-opt seccomp=./profile.json busybox mkdir /x
	[ "$status" = 1 ]
	run planet run --rm --security-opt seccomp=<(jq -c . profile.json) busybox mkdir /x
	[ "$status" = 1 ]
}

@test "the profile takes the place of Planet's own, and the last one counts" {
	profile '[]'
	filtered() { planet run --rm "$@" busybox grep Seccomp_filters: /proc/self/status; }
	[ "$(filtered --security-opt seccomp=unconfined)" = $'Seccomp_filters:\t0' ]
	[ "$(filtered --security-opt "seccomp=$top/profile.json")" = $'Seccomp_filters:\t1' ]
	[ "$(filtered --security-opt "seccomp=$top/profile.json" --security-opt seccomp=unconfined)" = $'Seccomp_filters:\t0' ]
	profile "$no_mkdir"
	planet run --rm --security-opt "seccomp=$top/profile.json" --security-opt seccomp=builtin busybox mkdir /x
	run planet run --rm --security-opt seccomp=unconfined --security-opt "seccomp=$top/profile.json" busybox mkdir /x
	[ "$status" = 1 ]
}

@test "exec has the filter of its container, whatever becomes of the file" {
	profile "$no_mkdir"
	planet run -d --name calm --security-opt "seccomp=$top/profile.json" busybox sleep 1000
	rm "$top/profile.json"
	run planet exec calm mkdir /x
	[ "$status" = 1 ]
	[[ "$output" == *"Operation not permitted"* ]]
	planet exec --privileged calm mkdir /x
	# Kept and gone: no process without its filter.
	rm "$root/containers/$(planet ps -q --no-trunc)/seccomp.json"
	run planet exec calm true
	[ "$status" = 1 ]
	[[ "$output" == *"seccomp profile"* ]]
	planet rm -f calm
}

@test "rules hold by capability, processor and kernel" {
	case $(uname -m) in x86_64) here=amd64 ;; aarch64) here=arm64 ;; esac
	may() { planet run --rm --security-opt "seccomp=$top/profile.json" "$@" busybox mkdir /x 2>/dev/null; }
	rule() { profile "[{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_ERRNO\"} + $1]"; }
	rule '{excludes: {caps: ["CAP_SYS_PTRACE"]}}'
	run ! may
	may --cap-add SYS_PTRACE
	rule '{includes: {caps: ["CAP_SYS_PTRACE", "CAP_CHOWN"]}}'
	may
	run ! may --cap-add SYS_PTRACE
	may --cap-add SYS_PTRACE --cap-drop CHOWN
	rule "{includes: {arches: [\"$here\"]}}"
	run ! may
	rule "{excludes: {arches: [\"$here\"]}}"
	may
	rule '{includes: {minKernel: "5.14"}}'
	run ! may
	rule '{includes: {minKernel: "99.0"}}'
	may
}

@test "a profile that is wrong is refused, before anything exists" {
	wrong() { # TEXT JSON
		printf '%s' "$2" >"$top/profile.json"
		run planet run --rm --security-opt "seccomp=$top/profile.json" busybox true
		[ "$status" = 125 ]
		[ "${#lines[@]}" = 1 ]
		[[ "$output" == "planet: --security-opt seccomp=$top/profile.json: "*"$1"* ]]
		[ -z "$(ls "$root/containers" 2>/dev/null)" ]
	}
	wrong "not valid JSON" 'defaultAction: deny'
	wrong "not valid JSON" ''
	wrong 'profile.defaultAction is missing' '{}'
	wrong 'profile.defaultAction is "DENY", expected one of SCMP_ACT_KILL,' '{"defaultAction": "DENY"}'
	wrong 'profile.systemCalls is unknown, expected one of defaultAction,' '{"defaultAction": "SCMP_ACT_ALLOW", "systemCalls": []}'
	wrong 'profile.syscalls[0].args[0].op is "=="' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "x", "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "=="}]}]}'
	wrong 'a listener for system calls is not supported' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "x", "action": "SCMP_ACT_NOTIFY"}]}'
	wrong 'more than 4194304 bytes' "$(head -c 4200000 /dev/zero | tr '\0' ' ')"
	for file in "$top/none" "$top"; do
		run planet run --rm --security-opt "seccomp=$file" busybox true
		[ "$status" = 125 ]
		[[ "$output" == "planet: --security-opt seccomp=$file: "* ]]
	done
	run planet run --rm --security-opt seccomp=/dev/zero busybox true
	[ "$status" = 125 ]
}
