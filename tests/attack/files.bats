#!/usr/bin/env bats
# Files in and out: what a container can do to `cp`, `export` and volumes from inside, while they are at it.
load helper

# start_racer SCRIPT [FLAG...]: a container "racer" that exchanges two names in its /srv, which SCRIPT has made.
start_racer() {
	local script=$1
	shift
	planet run -d --name racer -v "$RACER:/racer:ro" "$@" busybox sh -c "mkdir -p /srv; cd /srv; $script; exec /racer /srv/a /srv/link $RACE_SECONDS" >/dev/null
	for _ in $(seq 50); do planet exec racer test -e /srv/link 2>/dev/null && return; sleep 0.1; done
	return 1
}

finish_race() {
	for _ in $(seq 100); do [ -n "$(planet ps -q)" ] || break; sleep 0.1; done
	[ "$(planet logs racer)" -gt 1000 ]
	planet rm racer
}

@test "H1: cp out of a directory that is swapped for a link never reads the host" {
	local end all=0
	for target in "$canary" "../../../../../../../..$canary" /proc/1/root"$canary"; do
		start_racer "mkdir a; echo own >a/secret; ln -s $target link"
		end=$((SECONDS + RACE_SECONDS))
		while [ $SECONDS -lt $end ]; do
			rm -rf "$top/out"
			run planet cp -q racer:/srv/a/secret "$top/out"
			[ ! -e "$top/out" ] || [ "$(cat "$top/out")" = own ]
			run planet cp -q -L racer:/srv/a/. "$top/out.d"
			[ ! -e "$top/out.d/secret" ] || [ "$(cat "$top/out.d/secret")" = own ]
			[ ! -e "$top/out.d/ptmx" ]
			rm -rf "$top/out.d"
			all=$((all + 1))
		done
		finish_race
	done
	[ $all -gt 0 ]
}

@test "H1: cp into a directory that is swapped for a link never writes to the host" {
	local end all=0
	echo new >"$top/new"
	mkdir -p "$top/tree/etc"
	echo evil >"$top/tree/etc/passwd"
	for target in "$canary" "../../../../../../../..$canary"; do
		start_racer "mkdir -p a/etc; ln -s $target link"
		end=$((SECONDS + RACE_SECONDS))
		while [ $SECONDS -lt $end ]; do
			run planet cp -q "$top/new" racer:/srv/a/secret
			run planet cp -q "$top/tree/." racer:/srv/a
			run planet cp - racer:/srv/a < <(tar -C "$top/tree" -c etc)
			all=$((all + 1))
		done
		finish_race
		check_canary
	done
	[ $all -gt 0 ]
}

@test "H2: a tree of links never leads out of the destination" {
	mkdir "$top/dest"
	planet run --name links busybox sh -c "mkdir -p /srv/t; cd /srv/t; ln -s $canary a; ln -s ../../../../../../..$canary b; ln -s / c; mkdir d; echo x >d/ptmx"
	planet cp -q links:/srv/t "$top/dest"
	[ "$(readlink "$top/dest/t/a")" = "$canary" ]
	check_canary
	# The links are there now; what comes next under their names does not go through them.
	planet run --name under busybox sh -c "mkdir -p /srv/t/a /srv/t/b; echo x >/srv/t/a/ptmx; echo x >/srv/t/b/secret"
	run planet cp -q under:/srv/t "$top/dest"
	[ "$status" = 1 ]
	run planet cp -q under:/srv/t/. "$top/dest/t"
	[ "$status" = 1 ]
	check_canary
	planet rm links under
}

@test "H3: nothing of the container is executed, loaded or waited for" {
	# Every file that a process in a foreign root would open is a FIFO, which holds whoever opens it.
	planet run -d --name pipes busybox sh -c 'for f in /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /etc/ld.so.preload /etc/localtime /lib/libnss_files.so.2 /lib64/libnss_files.so.2 /usr/lib/x86_64-linux-gnu/gconv/gconv-modules; do mkdir -p ${f%/*}; rm -f $f; mkfifo $f; done; mkdir /srv; echo x >/srv/x; sleep 1000'
	for _ in $(seq 50); do planet exec pipes test -e /srv/x 2>/dev/null && break; sleep 0.1; done
	echo y >"$top/y"
	for state in running stopped; do
		timeout 20 "$PLANET_BIN" --root "$root" --runroot "$runroot" cp -q pipes:/srv/x "$top/x"
		timeout 20 "$PLANET_BIN" --root "$root" --runroot "$runroot" cp -q "$top/y" pipes:/srv/
		timeout 20 "$PLANET_BIN" --root "$root" --runroot "$runroot" cp -q pipes:/etc "$top/etc-$state"
		timeout 20 "$PLANET_BIN" --root "$root" --runroot "$runroot" export -o "$top/export.tar" pipes
		planet kill pipes 2>/dev/null || :
	done
	planet rm -f pipes
}

@test "H4: cp into / leaves the modes of the root and of the host as they are" {
	planet run --name modes busybox true
	mkdir -m 700 "$top/tree"
	mkdir -m 700 "$top/tree/etc" "$top/tree/tmp"
	planet cp -q "$top/tree/." modes:/
	planet export modes | tar tvf - tmp etc 2>/dev/null | awk '$6 == "tmp/" || $6 == "etc/" { print $1 }' | sort -u >"$top/modes"
	refute grep -q 'drwx------' "$top/modes"
	planet cp -q modes:/tmp "$top/dest"
	mkdir -m 700 "$top/closed"
	planet cp -q modes:/tmp/. "$top/closed"
	[ "$(stat -c %a "$top/closed")" = 700 ]
	planet rm modes
}

@test "H5: cp to and from a volume mounts nothing, and makes nothing where its place is swapped for a link" {
	local end all=0 mounts
	echo new >"$top/new"
	start_racer "mkdir -p a; echo own >a/vol/secret; ln -s $canary link" -v data:/srv/a/vol
	mounts=$(wc -l </proc/self/mountinfo)
	end=$((SECONDS + RACE_SECONDS))
	while [ $SECONDS -lt $end ]; do
		run planet cp -q "$top/new" racer:/srv/a/vol/new
		rm -rf "$top/out"
		run planet cp -q racer:/srv/a/vol/secret "$top/out"
		[ ! -e "$top/out" ] || [ "$(cat "$top/out")" = own ]
		[ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
		all=$((all + 1))
	done
	finish_race
	check_canary
	[ ! -e "$canary/vol" ]
	[ "$(ls "$root/volumes/data/"*)" != "" ]
	planet volume rm data
	[ $all -gt 0 ]
}

@test "H6: an export has nothing of the host, whatever is swapped under it, and no FIFO holds it" {
	local end all=0 kind
	start_racer "echo own >a; ln -s $canary/secret link; mkfifo pipe"
	end=$((SECONDS + RACE_SECONDS))
	while [ $SECONDS -lt $end ]; do
		timeout 20 "$PLANET_BIN" --root "$root" --runroot "$runroot" export -o "$top/export.tar" racer
		kind=$(tar tvf "$top/export.tar" srv/a srv/pipe | cut -c1 | tr -d '\n')
		[ "$kind" = -p ] || [ "$kind" = lp ] || { echo "kinds: $kind"; return 1; }
		[ "$kind" != -p ] || [ "$(tar xOf "$top/export.tar" srv/a)" = own ]
		all=$((all + 1))
	done
	finish_race
	check_canary
	[ $all -gt 0 ]
}

@test "H7: what is read-only, by any way to say so, is not written" {
	mkdir "$top/vol"
	echo x >"$top/x"
	for flags in "-v $top/vol:/vol:ro" "--mount type=bind,src=$top/vol,dst=/vol,readonly" "--read-only"; do
		# shellcheck disable=SC2086
		planet run -d --name ro $flags busybox sleep 1000 >/dev/null
		[[ "$flags" != --read-only ]] || { run planet cp "$top/x" ro:/x; [ "$status" = 1 ]; }
		[[ "$flags" == --read-only ]] || { run planet cp "$top/x" ro:/vol/; [ "$status" = 1 ]; }
		[ -z "$(ls -A "$top/vol")" ]
		planet rm -f ro >/dev/null
	done
}

@test "a hostile archive for cp - stays below its destination" {
	planet run --name into busybox sh -c "mkdir -p /srv/in /srv/out; echo own >/srv/out/file"
	python3 - "$top" <<-'EOF2'
		import io, sys, tarfile
		def entry(name, kind=tarfile.REGTYPE, link="", data=b""):
		    info = tarfile.TarInfo(name)
		    info.type, info.linkname, info.size = kind, link, len(data)
		    return info, data
		cases = {
		    "up": [entry("../out/file", data=b"evil")],
		    "absolute": [entry("/srv/out/file", data=b"evil")],
		    "link": [entry("l", tarfile.SYMTYPE, "/srv/out"), entry("l/file", data=b"evil")],
		    "hard": [entry("h", tarfile.LNKTYPE, "../out/file"), entry("h", data=b"evil")],
		    "hardlink-of-link": [entry("l", tarfile.SYMTYPE, "/srv/out/file"), entry("h", tarfile.LNKTYPE, "l"), entry("h", data=b"evil")],
		}
		for name, entries in cases.items():
		    with tarfile.open(f"{sys.argv[1]}/{name}.tar", "w") as tar:
		        for info, data in entries:
		            tar.addfile(info, io.BytesIO(data))
	EOF2
	for archive in up absolute link hard hardlink-of-link; do
		run planet cp - into:/srv/in <"$top/$archive.tar"
		planet cp -q into:/srv/out/file "$top/file"
		[ "$(cat "$top/file")" = own ] || { echo "$archive: $(cat "$top/file")"; return 1; }
	done
	planet rm into
}

@test "G2: an image's VOLUME, however it is spelled, is filled from the image alone" {
	local link place
	for link in "$canary" "../../../../../../../../..$canary" /inside /proc/self/root"$canary"; do
		for place in /data /data/ //data "/../../../data" "/data/../data" "/../../../../../../..$canary" "$canary" "/data/etc"; do
			rm -rf "$top/image"
			mkdir -p "$top/image/bin" "$top/image/inside"
			cp /bin/busybox "$top/image/bin/sh"
			echo own >"$top/image/inside/secret"
			ln -s "$link" "$top/image/data"
			python3 "$BATS_TEST_DIRNAME/image.py" "$top/hostile.tar" example.org/hostile:1 "$top/image" "{\"Cmd\": [\"sh\"], \"Volumes\": {\"$place\": {}}}"
			planet load -q -i "$top/hostile.tar" >/dev/null
			run planet run --name hostile example.org/hostile:1 sh -c true
			# What is in the image is copied: the test would else show nothing.
			[[ "$link$place" != /inside/data ]] || grep -qs own "$root"/volumes/*/_data/secret
			refute grep -rqs "canary" "$root"/volumes/*/_data
			[ "$(find "$root/volumes" -name ptmx)" = "" ]
			planet rm -v hostile >/dev/null 2>&1 || :
		done
	done
	planet volume prune -a -f >/dev/null
}

@test "A14, CVE-2017-1002101, CVE-2021-30465: a subpath that is swapped for a link stays in its volume" {
	planet run --rm -v shared:/srv busybox sh -c "mkdir -p /srv/a/sub; echo own >/srv/a/sub/secret; mkdir /srv/sub; ln -s ../../../../../../../../..$canary /srv/link"
	planet run -d --name racer -v "$RACER:/racer:ro" -v shared:/srv busybox /racer /srv/a /srv/link "$RACE_SECONDS" >/dev/null
	local end=$((SECONDS + RACE_SECONDS)) all=0 started=0
	while [ $SECONDS -lt $end ]; do
		run planet run --rm --mount type=volume,src=shared,dst=/part,volume-subpath=a busybox ls -R /part
		[[ "$output" != *ptmx* && "$output" != *resolv.conf* ]] || { echo "$output"; return 1; }
		[ "$status" != 0 ] || started=$((started + 1))
		run planet run --rm --mount type=volume,src=shared,dst=/part,volume-subpath=a/sub busybox cat /part/secret
		[[ "$output" != *canary* ]]
		all=$((all + 1))
	done
	finish_race
	[ $started -gt 0 ]
	planet volume rm shared >/dev/null
}

@test "A15: two first uses at once fill a volume once, and prune takes none that is about to be used" {
	mkdir -p "$top/image/bin" "$top/image/data"
	cp /bin/busybox "$top/image/bin/sh"
	local i
	for i in $(seq 200); do echo "$i" >"$top/image/data/$i"; done
	python3 "$BATS_TEST_DIRNAME/image.py" "$top/many.tar" example.org/many:1 "$top/image" '{"Cmd": ["sh"]}'
	planet load -q -i "$top/many.tar" >/dev/null
	for i in $(seq 8); do
		planet run --rm -v many:/data example.org/many:1 sh -c 'set -- /data/*; echo $#' >"$top/count.$i" 2>&1 3>&- &
		planet volume prune -a -f >/dev/null 2>&1 3>&- &
	done
	wait
	for i in $(seq 8); do [ "$(cat "$top/count.$i")" = 200 ] || { cat "$top/count.$i"; return 1; }; done
	planet volume prune -a -f >/dev/null
	[ -z "$(ls -A "$root/volumes")" ]
}
