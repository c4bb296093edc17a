#!/usr/bin/env bash
# What `make check` and CI do, stage by stage. The last line sums up: "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mkdir -p build
passed=0 failed=0 skipped=0 tidy=

# stage NAME COMMAND...: one stage that passes or fails as a whole.
stage() {
	local name=$1 start=$SECONDS
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok    $name ($((SECONDS - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL  $name ($((SECONDS - start)) s)"
	fi
}

# A suite under ctest: its GoogleTest programs say how many tests ran.
unit() {
	local preset=$1 log=build/$1-tests.log start=$SECONDS
	if ! tools/build.sh "$preset"; then
		failed=$((failed + 1))
		echo "FAIL  build $preset"
		return
	fi
	[ "$preset" != asan ] || tidy_behind # all is built, and one processor waits while tests run one by one
	ctest --test-dir "build/$preset" --output-on-failure --verbose >"$log" 2>&1
	local status=$? good bad skip
	good=$(grep -oE '\[  PASSED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | paste -sd+ | bc)
	bad=$(grep -oE '\[  FAILED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | paste -sd+ | bc)
	skip=$(grep -oE '\[  SKIPPED \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | paste -sd+ | bc)
	[ $status = 0 ] || [ "${bad:-0}" != 0 ] || bad=1
	passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${skip:-0}))
	if [ "${bad:-0}" = 0 ]; then
		echo "ok    unit tests, $preset: ${good:-0} ($((SECONDS - start)) s)"
	else
		grep -E 'FAILED|Failure|ERROR|SUMMARY|error:' -A 6 "$log" | head -n 80
		echo "FAIL  unit tests, $preset: ${bad:-0} of $((${good:-0} + ${bad:-0}))"
	fi
	[ "${skip:-0}" = 0 ] || grep -E 'SKIPPED|skipped' "$log" | sort -u | head -n 20
}

# tap_suite NAME LOG COMMAND...: tests that drive the release build and speak TAP.
tap_suite() {
	local name=$1 log=build/$2.log start=$SECONDS good bad skip planned
	shift 2
	make --no-print-directory build || { failed=$((failed + 1)); return; }
	# A test that hangs is a test that fails.
	timeout 900 "$@" >"$log" 2>&1
	good=$(grep -c '^ok' "$log") bad=$(grep -c '^not ok' "$log") skip=$(grep -c '^ok.*# skip' "$log")
	planned=$(sed -n 's/^1\.\.//p' "$log" | head -n 1)
	[ $((good + bad)) = "${planned:-$((good + bad))}" ] || bad=$((planned - good))
	[ "$good$bad" != 00 ] || bad=1
	passed=$((passed + good - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	grep -E '^ok.*# skip' "$log"
	if [ "$bad" = 0 ]; then
		echo "ok    $name: $good ($((SECONDS - start)) s)"
	else
		grep -E '^not ok|^#' "$log" | head -n 80
		echo "FAIL  $name: $bad of $((good + bad))"
	fi
}

# Without the analyzer, which `make tidy` has: CI has 25 minutes. The idle class takes only what the stages in front
# leave: tests that measure time see nothing of it.
tidy_behind() {
	chrt --idle 0 tools/tidy.sh quick >build/tidy.log 2>&1 &
	tidy=$!
	trap 'kill $tidy 2>/dev/null' EXIT
}
tidied() { { [ -n "$tidy" ] && wait "$tidy"; } || { cat build/tidy.log; return 1; }; }

formatted() { git ls-files '*.h' '*.cc' | xargs clang-format-19 --dry-run -Werror; }
scripts() {
	git ls-files '*.sh' '.ci/run' | xargs shellcheck --severity=warning &&
		git ls-files '*.bats' | xargs shellcheck --include=SC2314,SC2315 # lines that cannot fail a test
}

stage "format" formatted
stage "layers" tools/check_layers.py
stage "scripts" scripts
unit release
unit asan
stage "a Debian to test with" tests/e2e/debian_images.sh build/e2e-debian # where packages are within reach
tap_suite "end to end" e2e tests/in_network.sh bats --tap tests/e2e
tap_suite "manual, completions" manual tests/in_network.sh bats --tap tests/manual
tap_suite "fallback matrix" fallback tests/in_network.sh bats --tap tests/fallback
tap_suite "attacks on load" attack-load tests/attack/load_attack.py
tap_suite "attacks" attack tests/in_network.sh bats --tap tests/attack
stage "tidy, the end of it" tidied
stage "fuzz" tools/fuzz.sh "${FUZZ_SECONDS:-10}"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
