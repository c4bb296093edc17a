#!/usr/bin/env bash
# Runs every fuzz target for so many seconds: tools/fuzz.sh SECONDS. A finding is left in build/fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
tools/build.sh asan
mkdir -p build/fuzz/findings
mapfile -t targets < <(find build/asan/src -type f -name 'fuzz_*' -executable | sort)
run() {
	local target=$1 name corpus
	name=$(basename "$target")
	corpus=build/fuzz/corpus/$name
	mkdir -p "$corpus" "tests/fuzz/corpus/$name"
	if ! "$target" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
		-artifact_prefix="build/fuzz/findings/$name-" "$corpus" "tests/fuzz/corpus/$name" \
		>"build/fuzz/$name.log" 2>&1; then
		tail -n 40 "build/fuzz/$name.log" >&2
		echo "fuzzing $name: a finding" >&2
		return 1
	fi
}
export -f run
# Twice as many at once as there are processors: what counts is that every target gets its turn in every run.
printf '%s\n' "${targets[@]}" | xargs -P "$(($(nproc) * 2))" -I{} bash -c "run {} $seconds"
echo "fuzz: ${#targets[@]} targets, $seconds s each, no finding"
