#!/usr/bin/env bats
# planet cp and export: files out of containers and into them, running or not, with docker's rules.
load helper

# web: running, with a volume and a tmpfs; old: ended.
setup() {
	begin_test
	mkdir "$top/volume"
	echo inside >"$top/volume/note"
	planet run -d --name web -v "$top/volume:/data" --tmpfs /scratch busybox sleep 1000 >/dev/null
	planet exec web sh -c 'mkdir -p /srv/dir/sub; echo one >/srv/dir/one; echo two >/srv/dir/sub/two; ln -s dir /srv/link; echo scratch >/scratch/file'
	planet run --name old busybox sh -c 'mkdir /srv; echo ended >/srv/file; chown 33:33 /srv/file'
}

owner() { stat -c %u:%g "$1"; }

@test "cp out: a file, a directory, its contents, a link" {
	cd "$top"
	planet cp -q web:/srv/dir/one new
	[ "$(cat new)" = one ]
	mkdir there
	planet cp -q web:/srv/dir/one there
	[ "$(cat there/one)" = one ]
	planet cp -q web:/srv/dir there
	[ "$(cat there/dir/sub/two)" = two ]
	planet cp -q web:srv/dir/. there
	[ "$(cat there/sub/two)" = two ]
	planet cp -q web:/srv/dir fresh
	[ "$(cat fresh/one)" = one ]
	planet cp -q web:/srv/link aslink
	[ "$(readlink aslink)" = dir ]
	planet cp -q -L web:/srv/link followed
	[ "$(cat followed/one)" = one ]
	planet cp -q web:/data/note .
	[ "$(cat note)" = inside ]
	planet cp -q web:/scratch/file .
	[ "$(cat file)" = scratch ]
	planet cp -q old:/srv/file ended
	[ "$(cat ended)" = ended ]
	[ "$(owner ended)" = 0:0 ]
	planet cp -q -a old:/srv/file kept
	[ "$(owner kept)" = 33:33 ]
}

@test "cp in: owners are those inside, in the root, a volume, a stopped container" {
	cd "$top"
	mkdir -p source/sub
	echo text >source/sub/file
	chown 5:6 source/sub/file
	chmod 640 source/sub/file
	planet cp -q source web:/srv
	[ "$(planet exec web stat -c %u:%g:%a /srv/source/sub/file)" = 5:6:640 ]
	[ "$(planet exec web stat -c %u:%g /srv/source)" = 0:0 ]
	planet cp -q -a source/. web:/srv/archive
	[ "$(planet exec web stat -c %u:%g /srv/archive/sub/file)" = 5:6 ]
	planet cp -q source/sub/file web:/data/
	[ "$(planet exec web cat /data/file)" = text ]
	[ "$(planet exec web stat -c %u:%g /data/file)" = 5:6 ]
	[ "$(owner volume/file)" = 5:6 ]
	planet cp -q source/sub/file web:/scratch/
	[ "$(planet exec web cat /scratch/file)" = text ]
	planet cp -q source/sub/file old:/srv/
	planet cp -q old:/srv/file back
	[ "$(cat back)" = text ]
	# The stopped one is as it was: its overlay is mounted nowhere.
	planet rm old
}

@test "cp says what it did, unless it is to be quiet" {
	cd "$top"
	run planet cp web:/srv/dir/one x
	[ "$output" = "Successfully copied 4B to x" ]
	run planet cp -q web:/srv/dir/one x
	[ -z "$output" ]
}

@test "cp -: archives, both ways" {
	cd "$top"
	planet cp web:/srv/dir - >dir.tar
	[ "$(tar tf dir.tar | sort | tr '\n' ' ')" = "dir/ dir/one dir/sub/ dir/sub/two " ]
	planet cp web:/srv/dir/one - | tar xf -
	[ "$(cat one)" = one ]
	planet exec web mkdir /into
	planet cp - web:/into <dir.tar
	[ "$(planet exec web cat /into/dir/sub/two)" = two ]
	gzip -k dir.tar
	planet cp - old:/srv <dir.tar.gz
	planet cp -q old:/srv/dir/one again
	[ "$(cat again)" = one ]
	run planet cp - web:/into/nothing <dir.tar
	[ "$status" = 1 ]
	[[ "$output" == *'directory "/into/nothing" does not exist'* ]]
	run planet cp - web:/into/dir/one <dir.tar
	[ "$status" = 1 ]
	run planet cp - web:/into <"$BATS_TEST_FILENAME"
	[ "$status" = 1 ]
	[ "$(wc -l <<<"$output")" = 1 ]
}

refused() { # WORDS... -- what is said
	local words=() said
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	run planet cp "${words[@]}"
	[ "$status" = 1 ] || { echo "status $status: $output"; return 1; }
	said=$2
	[[ "$output" == "planet: "*"$said"* && $(wc -l <<<"$output") = 1 ]] || { echo "$output"; return 1; }
}

@test "cp: what is refused, in one sentence" {
	cd "$top"
	mkdir folder
	echo x >plain
	refused web:/nothing . -- 'could not find the file "/nothing" in container web'
	refused web:/srv/dir plain -- "cannot copy a directory"
	refused web:/srv/dir/one nothing/ -- "does not exist"
	refused web:/srv/dir/one no/such/place -- "does not exist"
	refused web:/srv/dir/one/ . -- "not a directory"
	refused plain web:/no/such/place -- "does not exist"
	refused nothing web:/ -- "nothing"
	refused folder web:/srv/dir/one -- "cannot copy a directory"
	refused web:/a old:/b -- "between containers"
	refused plain folder -- "at least one container"
	refused nosuch:/a . -- "nosuch"
	refused web: . -- "CONTAINER:PATH"
	refused web:/proc/version . -- "planet exec"
	run planet cp web:/a
	[ "$status" = 1 ]
	run planet cp --nothing web:/a b
	[ "$status" = 125 ]
	[ "$(ls -A folder)" = "" ]
}

@test "cp: what is read-only stays so" {
	cd "$top"
	planet run -d --name closed --read-only -v "$top/volume:/data:ro" busybox sleep 1000
	echo x >plain
	refused plain closed:/plain -- "Read-only file system"
	refused plain closed:/data/plain -- "Read-only file system"
	[ ! -e volume/plain ]
}

@test "cp of a tree: /proc is empty, FIFOs do not stop it, devices and set-id bits stay inside" {
	cd "$top"
	planet exec web sh -c 'mkfifo /srv/pipe; cp /bin/busybox /srv/su; chmod 6755 /srv/su; mkdir /srv/proc'
	timeout 60 "$PLANET_BIN" --root "$root" --runroot "$runroot" cp -q web:/. all
	[ -z "$(ls -A all/proc)" ]
	[ -p all/srv/pipe ]
	[ "$(stat -c %a all/srv/su)" = 755 ]
	[ ! -e all/dev/null ]
	[ "$(cat all/data/note)" = inside ]
}

@test "export: the root alone, as one archive that is the same again" {
	cd "$top"
	planet export web >web.tar
	planet export -o again.tar web
	cmp web.tar again.tar
	tar tf web.tar >names
	grep -qx srv/dir/sub/two names
	grep -qx data/ names
	refute grep -q data/note names
	refute grep -q proc/self names
	planet export -o old.tar old
	tar xOf old.tar srv/file | grep -qx ended
	[ "$(tar tvf old.tar --numeric-owner srv/file | awk '{ print $2 }')" = 33/33 ]
	run planet export nosuch
	[ "$status" = 1 ]
	run planet export -o /no/such/dir/x web
	[ "$status" = 1 ]
	[ "$(wc -l <<<"$output")" = 1 ]
	[ "$(ls /no 2>/dev/null)" = "" ]
	run script -qec "'$PLANET_BIN' --root '$root' --runroot '$runroot' export web" /dev/null
	[[ "$output" == *"terminal"* ]]
}
