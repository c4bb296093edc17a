#!/usr/bin/env bash
# clang-tidy 19 over all sources: tools/tidy.sh [quick]. Quick is without the analyzer, which takes half of the time.
# A file whose text, headers and configuration have not changed since it was clean is skipped. Needs build/asan (its
# compile commands are clang's).
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/asan/compile_commands.json ] || cmake --preset asan >build/asan.log
state=build/tidy
mkdir -p "$state"
export checks=
[ "${1:-}" != quick ] || checks='-clang-analyzer-*'
common=$( (echo "$checks" && cat .clang-tidy && git ls-files -z '*.h' | xargs -0 cat) | sha256sum | cut -c1-16)
todo=()
for file in $(git ls-files 'src/*.cc' 'apps/*.cc'); do
	# Tests are tables and stories: the limits on functions are for the product.
	case $file in *_fuzz.cc | *_test.cc) continue ;; esac
	key=$common-$(sha256sum "$file" | cut -c1-16)-$(echo "$file" | tr / _)
	[ -e "$state/$key" ] || todo+=("$file:$state/$key")
done
[ ${#todo[@]} -gt 0 ] || exit 0
# shellcheck disable=SC2016 # the inner shell expands these
exec xargs -P "$(nproc)" -I{} bash -c '
	entry={}; file=${entry%%:*}; key=${entry#*:}
	if clang-tidy-19 -p build/asan --quiet --checks="$checks" "$file" >"$key.out" 2>/dev/null; then
		rm -f "$key.out"; : >"$key"
	else
		grep -E "error|warning" -A 3 "$key.out"; rm -f "$key.out"; exit 1
	fi' < <(printf '%s\n' "${todo[@]}")
