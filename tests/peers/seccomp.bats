#!/usr/bin/env bats
# The profile that podman ships, as a user's.
load ../e2e/helper

@test "the profile that podman ships" {
	profile=/usr/share/containers/seccomp.json
	[ -e $profile ] || skip "podman is not installed; make check-peers installs it"
	planet run -d --name ships --security-opt seccomp=$profile busybox sleep 1000
	[ "$(planet exec ships sh -c 'mkdir /x && echo fine')" = fine ]
	run planet exec ships unshare -m true
	[[ "$output" == *"Operation not permitted"* ]]
	planet rm -f ships
}
