#!/usr/bin/env bash
# Configures and builds one preset: tools/build.sh PRESET [TARGET...]. Says little unless it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
mkdir -p build
log=build/$preset.log
targets=()
for target; do targets+=(--target "$target"); done
# What ccache has of one checkout serves another, at whatever path.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
echo "==> building $preset"
if ! { cmake --preset "$preset" && cmake --build "build/$preset" "${targets[@]}"; } >"$log" 2>&1; then
	grep -E -A 12 'error|FAILED|Error' "$log" | head -n 60 >&2 || :
	echo "build failed; the whole log is in $log" >&2
	exit 1
fi
