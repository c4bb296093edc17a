#!/bin/sh
# A tree in words, one line a file: what should be the same before it is packed and after it is mounted.
#   tree.sh DIR      name, type, mode, owner, size (not of directories), time, links (not of directories), target;
#                    then the extended attributes of files, NAME|ATTRIBUTE=HEX. /dev, /proc and /sys are a container's own,
#                    and so are three files of /etc.
set -eu
cd "$1"
list() { find . -xdev \( -path ./dev -o -path ./proc -o -path ./sys -o -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf \) -prune -o "$@"; }
{
	stat -c '.|%a|%u:%g' . # not its time: the root of a container is a new directory
	list -type d ! -path . -printf '%P|%y|%m|%U:%G|%Ts\n'
	list ! -type d -printf '%P|%y|%m|%U:%G|%s|%Ts|%n|%l\n'
	list ! -type l -print0 | xargs -0 getfattr -h -d -m - -e hex 2>/dev/null |
		sed -n 's/^# file: //; t name; /=/ { G; s/\(.*\)\n\(.*\)/\2|\1/; p }; b; : name; h'
} | LC_ALL=C sort
