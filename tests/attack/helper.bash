# Shared by the attack tests: those of tests/e2e (directories of its own, nothing left on the machine), and a canary: a
# tree of the host that must be the same after each test, to the last attribute.
load ../e2e/helper
bats_require_minimum_version 1.5.0
eval "e2e_$(declare -f setup)"
eval "e2e_$(declare -f teardown)"

TOOLS=$BATS_TEST_DIRNAME/../../build/release/tests/attack
PROBE=$TOOLS/attack_probe
RACER=$TOOLS/attack_racer
# How long each race lasts, in seconds.
RACE_SECONDS=${RACE_SECONDS:-3}

setup() {
	e2e_setup
	canary=$top/canary
	python3 "$BATS_TEST_DIRNAME/host_canary.py" make "$canary"
	python3 "$BATS_TEST_DIRNAME/host_canary.py" show "$canary" >"$top/canary-before"
	probing=(-v "$PROBE:/probe:ro" busybox /probe)
}

check_canary() { python3 "$BATS_TEST_DIRNAME/host_canary.py" show "$canary" | diff "$top/canary-before" -; }

teardown() {
	local touched=0
	check_canary || { echo "the canary was touched: see the lines above"; touched=1; }
	e2e_teardown
	[ $touched = 0 ]
}

# probe ARGS...: the probe in a container of planet with the default isolation.
probe() { planet run --rm "${probing[@]}" "$@"; }

# make_rootfs DIR: busybox, the probe, and the directories that a container mounts on.
make_rootfs() {
	mkdir -p "$1"/{bin,proc,sys,dev,etc,tmp,vol}
	cp /bin/busybox "$1/bin/busybox"
	cp "$PROBE" "$1/bin/probe"
	local applet
	for applet in sh cat ls echo sleep mkdir touch grep id mount umount cut stat head true wc; do ln -s busybox "$1/bin/$applet"; done
}

# make_bundle NAME JQ: a bundle at $top/NAME whose config.json is the default one changed by the jq program; the process
# is `sh`, reading what `in_bundle` gives it.
make_bundle() {
	local dir=$top/$1 program=${2:-.}
	[ -d "$dir/rootfs" ] || make_rootfs "$dir/rootfs"
	rm -f "$dir/config.json"
	"$RUNTIME_BIN" spec --bundle "$dir"
	jq ".process.terminal = false | .process.args = [\"sh\"] | .root.readonly = false | $program" "$dir/config.json" >"$dir/new"
	mv "$dir/new" "$dir/config.json"
}

runtime() { local name=$1; shift; "$RUNTIME_BIN" run --bundle "$top/$name" "attack-$BASHPID-$name" "$@"; }

# in_bundle NAME SCRIPT: runs the script in the bundle; status and output as `run` leaves them.
in_bundle() { run runtime "$1" <<<"$2"; }

pid_of() { jq .pid "$runroot/containers/$1"; }
keeper_of() { jq .keeper "$runroot/containers/$1"; }

# make_image NAME CONFIG [PATH:ATTRIBUTE=VALUE...]: an image of the directory $top/NAME, loaded as example.org/NAME:1.
make_image() {
	local name=$1 config=$2
	shift 2
	python3 "$BATS_TEST_DIRNAME/image.py" "$top/$name.tar" "example.org/$name:1" "$top/$name" "$config" "$@"
	planet load -i "$top/$name.tar" >/dev/null
}

# bounded COMMAND...: at most so many seconds and bytes of memory, measured; a process that needs more fails with 99.
bounded() {
	python3 - "$@" <<-'EOF2'
		import resource, subprocess, sys, time
		start = time.monotonic()
		status = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
		seconds, kilobytes = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		if seconds > 5 or kilobytes > 65536:
		    print(f"it took {seconds:.1f} s and {kilobytes} KiB")
		    status = 99
		sys.exit(status)
	EOF2
}
