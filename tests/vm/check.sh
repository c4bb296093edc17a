#!/usr/bin/env bash
# The suites that need another kernel or control group layout: tests/vm/check.sh [SUITE...]
# Each suite of tests/vm/suite runs in a small Debian virtual machine (its kernel is Debian's 6.1), once for each
# layout that its line "layouts" names, with vmrun.sh's options of its line "options". The machine's image is built on
# first use, and when build.sh has changed; it takes some minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
packages=(qemu-system-x86 mmdebstrap e2fsprogs cpio lz4 zstd xz-utils kmod busybox-static umoci skopeo secilc)
missing=()
for package in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
	echo "==> installing ${missing[*]}"
	DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}" >/dev/null </dev/null
fi
make --no-print-directory build
"$here/small_image.sh" build/vm-image
secilc -o build/vm-image/selinux.policy -f /dev/null "$here/selinux.cil"
[ "$here/image/root.img" -nt "$here/build.sh" ] || { echo "==> building the machine's image"; "$here/build.sh"; }

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=("$here"/suite/*.sh)
passed=0 failed=0
for suite in "${suites[@]}"; do
	for layout in $(sed -n 's/^# layouts: //p' "$suite"); do
		log=build/vm-$(basename "$suite" .sh)-$layout.log
		read -ra options <<<"$(sed -n 's/^# options: //p' "$suite")"
		if "$here/vmrun.sh" --cgroup "$layout" "${options[@]}" --copy "$(realpath build/planet)" \
			--copy "$(realpath build/planet-runtime)" --copy "$here/suite/lib.bash" \
			--copy build/vm-image/small-oci.tar --copy build/vm-image/small-docker.tar -- "$suite" >"$log" 2>&1; then
			passed=$((passed + 1))
			echo "ok    $(basename "$suite") on $layout"
		else
			failed=$((failed + 1))
			tail -n 30 "$log"
			echo "FAIL  $(basename "$suite") on $layout (the whole log is $log)"
		fi
	done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
