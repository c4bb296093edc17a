# Shared by the end-to-end tests: each has directories of its own, and ends with the check that nothing is left.

PLANET_BIN=${PLANET_BIN:-$BATS_TEST_DIRNAME/../../build/planet}
RUNTIME_BIN=${RUNTIME_BIN:-$BATS_TEST_DIRNAME/../../build/planet-runtime}

planet() { "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"; }

# What a container could leave behind on this machine, one line each.
machine() {
	cat /proc/self/mountinfo
	find /sys/fs/cgroup -type d -path '*/planet/*' 2>/dev/null
	ls /run/planet-runtime 2>/dev/null || true  # none was ever made
	ip -o link 2>/dev/null | sed 's/^[0-9]*: //; s/ .*//'
	nft list tables 2>/dev/null || true
}

# refute COMMAND...: it must fail. (Of a line that begins with "!" nobody asks how it ended: SC2314.)
refute() { if "$@"; then echo "succeeded: $*" >&2 && return 1; fi; }

begin_test() {
	[ "$(id -u)" = 0 ] || { echo "these tests need root" >&2; return 1; }
	[ "$(readlink /proc/self/ns/net)" = "${TEST_NETWORK:-}" ] ||
		{ echo "these tests make networks: give them one of their own, tests/in_network.sh bats ..." >&2; return 1; }
	top=$(mktemp -d /var/tmp/planet-e2e-XXXXXX)
	root=$top/root runroot=$top/run
	machine >"$top/before"
}

# Files of a container of --rm are removed by a process that its command does not wait for.
wait_for_tidiers() {
	local _
	for _ in $(seq 200); do
		compgen -G "$root/containers/*.removed" >/dev/null || return 0
		sleep 0.05
	done
}

setup() { begin_test; }

end_test() {
	local id
	for id in $(planet ps -aq 2>/dev/null); do planet rm -f "$id" >/dev/null 2>&1; done
	local left=0
	planet network prune -f >/dev/null || left=1
	wait_for_tidiers
	[ -z "$(ls -A "$root/containers" 2>/dev/null)" ] || { echo "left: $(ls "$root/containers")"; left=1; }
	[ -z "$(ls -A "$root/names" "$root/ranges" 2>/dev/null | grep -v ':$')" ] || { echo "left: a name or a range"; left=1; }
	[ -z "$(ls -A "$runroot/containers" "$runroot/keepers" 2>/dev/null | grep -v ':$')" ] || { echo "left: state"; left=1; }
	machine | diff "$top/before" - || { echo "left: see the lines above"; left=1; }
	rm -rf "$top"
	[ $left = 0 ]
}

teardown() { end_test; }
