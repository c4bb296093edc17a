#!/usr/bin/env bats
# planet diff: what a container has changed.
load helper
load changed_image
bats_require_minimum_version 1.5.0

@test "diff: what docker says, by path" {
	make_image
	planet run --name changed example.org/base:1 sh -c "$changes"
	planet diff changed >"$top/diff"
	diff "$top/diff" - <<-'EOF2'
		C /file
		A /fresh
		A /fresh/a
		A /fresh/b
		A /fresh/pipe
		D /gone
		D /link
		C /opaque
		C /opaque/keep
		D /opaque/low
		A /opaque/new
	EOF2
	planet run -d --name idle example.org/base:1 sleep 1000 >/dev/null
	[ "$(planet diff idle)" = "" ]
	planet exec idle sh -c 'echo x >/tmp/new'
	[ "$(planet diff idle)" = $'C /tmp\nA /tmp/new' ]
	run planet diff nosuch
	[ "$status" = 1 ]
	mkdir -p "$top/rootfs/bin"
	cp /bin/busybox "$top/rootfs/bin/sh"
	planet run --name plain --rootfs "$top/rootfs" /bin/sh -c true
	run planet diff plain
	[ "$status" = 1 ]
	[[ "$output" == *"no image to compare with"* ]]
}
