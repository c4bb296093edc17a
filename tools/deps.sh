#!/usr/bin/env bash
# Installs the Debian packages that building and testing Planet need. Quick when they are there.
set -euo pipefail
packages=(
	# building
	g++ cmake ninja-build ccache pkg-config make git ca-certificates
	libboost1.81-dev libboost-json1.81-dev libcli11-dev libarchive-dev zlib1g-dev libzstd-dev
	libssl-dev libc-ares-dev libseccomp-dev libdbus-1-dev busybox-static
	# testing
	clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev libgtest-dev libgmock-dev
	bats bc python3 jq skopeo umoci uidmap mmdebstrap attr libcap2-bin iproute2 nftables bindfs libarchive-tools xz-utils zstd shellcheck
	docker-registry apache2-utils openssl curl
	mandoc groff-base bsdextrautils zsh fish
)
missing=()
for package in "${packages[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "make deps: these packages are missing and only root can install them: ${missing[*]}" >&2
	echo "make deps: run it again with sudo" >&2
	exit 1
fi
echo "==> installing ${#missing[@]} packages"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get -q update && apt-get -q -y install --no-install-recommends "${missing[@]}"; } \
	>"$log" 2>&1 </dev/null; then
	tail -n 40 "$log" >&2
	echo "make deps: apt-get failed" >&2
	exit 1
fi
