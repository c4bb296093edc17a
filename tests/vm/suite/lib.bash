# Shared by the suites that run inside the machine, in /job.
fail=0

check() { # NAME EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "FAILED: $1: expected '$2', got '$3'"; fail=1; fi
}

contains() { # NAME PART TEXT
	case $3 in *"$2"*) echo "ok: $1" ;; *) echo "FAILED: $1: no '$2' in '$3'"; fail=1 ;; esac
}

# wait_until COMMAND...: up to ten seconds
wait_until() {
	for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
	return 1
}

planet() { /job/planet --root "${root:-/var/tmp/planet}" --runroot /run/planet-test "$@"; }

nothing_left() {
	check "nothing left" "" "$(find /sys/fs/cgroup -path '*/planet/*' -type d; ls "${root:-/var/tmp/planet}/containers" \
		"${root:-/var/tmp/planet}/names" "${root:-/var/tmp/planet}/ranges" /run/planet-test/containers | grep -v -e ':$' -e '^$')"
	check "no mount left" "" "$(grep -e overlay -e /planet /proc/self/mountinfo)"
}

# The last words of a suite.
finish() {
	nothing_left
	exit $fail
}
