#!/usr/bin/env bats
# Volumes: named and without a name, shared and kept, filled from the image; --mount and --volumes-from.
load helper
bats_require_minimum_version 1.5.0

# An image with a VOLUME /data, filled: example.org/voluminous:1.
make_image() {
	mkdir -p "$top/image/bin" "$top/image/data/sub" "$top/image/etc"
	cp /bin/busybox "$top/image/bin/"
	local applet
	for applet in sh cat stat ls touch id sleep true echo ln rm mkdir; do ln -s busybox "$top/image/bin/$applet"; done
	echo first >"$top/image/data/first"
	echo second >"$top/image/data/sub/second"
	ln -s first "$top/image/data/link"
	ln "$top/image/data/first" "$top/image/data/again"
	chown 33:44 "$top/image/data" "$top/image/data/first"
	chmod 2750 "$top/image/data"
	python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/image.tar" example.org/voluminous:1 "$top/image" \
		"{\"Cmd\": [\"sh\"], \"Volumes\": {\"/data\": {}}}"
	planet load -q -i "$top/image.tar" >/dev/null
}

volumes() { planet volume ls -q | sort | tr '\n' ' '; }

@test "volume: create, ls, inspect, rm" {
	[ "$(planet volume create one)" = one ]
	[ "$(planet volume create --label color=blue --label x one)" = one ] # it is there
	[ "$(planet volume create --label color=blue two)" = two ]
	name=$(planet volume create)
	[[ "$name" =~ ^[0-9a-f]{64}$ ]]
	[ "$(planet volume ls | head -n 1)" = "DRIVER    VOLUME NAME" ]
	[ "$(planet volume ls -q | wc -l)" = 3 ]
	[ "$(planet volume ls -q --filter label=color=blue)" = two ]
	[ "$(planet volume ls -q --filter name=on)" = one ]
	[ "$(planet volume ls --format '{{.Name}} {{.Mountpoint}}' --filter name=two)" = "two $root/volumes/two/_data" ]
	[ "$(planet volume ls -q --filter dangling=true | wc -l)" = 3 ]
	[ "$(planet volume ls -q --filter dangling=false | wc -l)" = 0 ]
	[ "$(planet volume inspect two | jq -r '.[0].Labels.color')" = blue ]
	[ "$(planet volume inspect --format '{{.Name}} {{.Driver}}' one two)" = $'one local\ntwo local' ]
	[ "$(planet volume rm one two)" = $'one\ntwo' ]
	run planet volume rm one
	[ "$status" = 1 ]
	[ "$output" = "planet: no such volume: one" ]
	planet volume rm -f one "$name"
	[ "$(volumes)" = "" ]
	[ "$(ls -A "$root/volumes")" = "" ]
}

@test "volume: what is refused, in one sentence" {
	for name in a .. . ../x a/b /etc -x 'x y' $'x\ny' "$(printf 'x%.0s' {1..300})"; do
		run planet volume create -- "$name"
		[ "$status" = 1 ] || { echo "$name: $output"; return 1; }
		[ "$(wc -l <<<"$output")" = 1 ]
	done
	for words in "create --driver nfs vv" "create --opt type=tmpfs --opt o=size=1m vv" "create --opt x=y vv" "create --opt device=/x vv" \
		"create --opt type=none --opt o=bind --opt device=relative vv" "inspect vv" "rm ../volumes" "ls --filter x=y" "ls --format {{.Name"; do
		# shellcheck disable=SC2086
		run planet volume $words
		[ "$status" = 1 ] || { echo "$words: $status $output"; return 1; }
		[ "$(grep -c '^planet: ' <<<"$output")" = 1 ]
	done
	run planet volume rm
	[ "$status" = 1 ]
	[ "$(ls -A "$root/volumes")" = "" ]
}

@test "a named volume keeps its files over containers with other ranges of ids" {
	planet run --rm -v data:/data busybox sh -c 'echo kept >/data/file; chown 7:8 /data/file'
	[ "$(stat -c %u:%g "$root/volumes/data/_data/file")" = 7:8 ]
	planet run -d --name holder busybox sleep 1000 # takes the range that the first one had
	[ "$(planet run --rm -v data:/data busybox stat -c %u:%g /data/file)" = 7:8 ]
	[ "$(planet run --rm --userns host -v data:/data busybox cat /data/file)" = kept ]
	[ "$(planet run --rm --mount type=volume,src=data,dst=/data busybox cat /data/file)" = kept ]
	run planet run --rm -v data:/data:ro busybox touch /data/new
	[[ "$output" == *"Read-only file system"* ]]
	[ "$(volumes)" = "data " ]
}

@test "a volume in use is not removed; anonymous ones go with --rm and rm -v" {
	id=$(planet run -d --name user -v data:/data -v /anonymous busybox sleep 1000)
	run planet volume rm data
	[ "$status" = 1 ]
	[ "$output" = "planet: remove data: volume is in use - [$id]" ]
	[ "$(planet volume ls -q | wc -l)" = 2 ]
	[ "$(planet volume ls -q --filter dangling=true)" = "" ]
	planet stop -t 0 user >/dev/null
	run planet volume rm data
	[ "$status" = 1 ]
	planet rm user
	[ "$(planet volume ls -q | wc -l)" = 2 ]
	planet run -d --name user -v data:/data -v /anonymous busybox sleep 1000 >/dev/null
	planet rm -f -v user
	[ "$(planet volume ls -q | wc -l)" = 2 ]
	planet run --rm -v data:/data -v /anonymous --mount type=volume,dst=/more busybox touch /anonymous/x /more/x
	[ "$(planet volume ls -q | wc -l)" = 2 ]
	run -127 planet run --rm -v /anonymous busybox /no/such
	[ "$status" = 127 ]
	[ "$(planet volume ls -q | wc -l)" = 2 ]
	planet volume prune -f | grep -q 'Total reclaimed space: 0B'
	[ "$(volumes)" = "data " ]
	planet volume create --label keep=1 kept
	[ "$(planet volume prune -a -f --filter label!=keep | sed -n 2p)" = data ]
	[ "$(volumes)" = "kept " ]
	echo n | planet volume prune -a | grep -q WARNING
	[ "$(volumes)" = "kept " ]
	echo y | planet volume prune -a | grep -q kept
	[ "$(volumes)" = "" ]
}

@test "a container whose record is damaged may use any volume" {
	planet run --name box -v kept:/x busybox true
	planet volume create other
	: >"$root"/containers/*/record.json
	for words in 'rm kept' 'rm other' 'prune -af'; do
		# shellcheck disable=SC2086
		run planet volume $words
		[ "$status" = 1 ] && [ "${#lines[@]}" = 1 ]
		[[ "$output" == *"remove it first: planet rm -f "* ]]
	done
	planet rm -f "$(planet ps -aq)"
	planet volume rm kept other
}

@test "the image's VOLUME is filled once, with owners, modes, times and links" {
	make_image
	planet run --rm -v data:/data example.org/voluminous:1 true
	files=$root/volumes/data/_data
	[ "$(stat -c %u:%g:%a "$files")" = 33:44:2750 ]
	[ "$(stat -c %u:%g:%h "$files/first")" = 33:44:2 ]
	[ "$(readlink "$files/link")" = first ]
	[ "$(stat -c %Y "$files/sub/second")" = "$(stat -c %Y "$top/image/data/sub/second")" ]
	[ ! -e "$root/volumes/data/filling" ]
	[ "$(planet run --rm -v data:/data example.org/voluminous:1 stat -c %u:%g:%a /data)" = 33:44:2750 ]
	# Not again: what is there stays (CVE-2020-1726).
	planet run --rm -v data:/data example.org/voluminous:1 sh -c 'echo changed >/data/first; rm /data/sub/second'
	[ "$(planet run --rm -v data:/data:ro example.org/voluminous:1 cat /data/first)" = changed ]
	[ ! -e "$files/sub/second" ]
	# Nor with nocopy, nor where only a part of it is wanted.
	planet run --rm -v none:/data:nocopy example.org/voluminous:1 true
	[ -z "$(ls -A "$root/volumes/none/_data")" ]
	planet run --rm --mount type=volume,src=none2,dst=/data,volume-nocopy example.org/voluminous:1 true
	[ -z "$(ls -A "$root/volumes/none2/_data")" ]
	# Without a name it is the container's own, and a tmpfs or a bind at its place is instead of it.
	[ "$(planet run --rm example.org/voluminous:1 cat /data/sub/second)" = second ]
	[ "$(planet run --rm --tmpfs /data example.org/voluminous:1 ls /data)" = "" ]
	[ "$(volumes)" = "data none none2 " ]
	planet run --name keeps example.org/voluminous:1 sh -c 'echo mine >/data/mine'
	[ "$(planet volume ls -q | wc -l)" = 4 ]
	planet rm -v keeps
	[ "$(volumes)" = "data none none2 " ]
}

@test "a copy that was killed is made whole by the next one" {
	make_image
	planet volume create half >/dev/null
	touch "$root/volumes/half/filling"
	mkdir "$root/volumes/half/_data/sub"
	[ "$(planet run --rm -v half:/data example.org/voluminous:1 cat /data/first)" = first ]
	[ ! -e "$root/volumes/half/filling" ]
}

@test "--volumes-from: the same volumes and binds, unless it is said otherwise" {
	mkdir "$top/host"
	echo host >"$top/host/file"
	planet run -d --name source -v data:/data -v /anonymous -v "$top/host:/host" busybox sh -c 'echo a >/anonymous/file; echo d >/data/file; sleep 1000' >/dev/null
	for _ in $(seq 50); do planet exec source test -e /data/file && break; sleep 0.1; done
	[ "$(planet run --rm --volumes-from source busybox cat /data/file /anonymous/file /host/file | tr '\n' ' ')" = "d a host " ]
	run planet run --rm --volumes-from source:ro busybox touch /data/x /host/x
	[ "$(grep -c 'Read-only' <<<"$output")" = 2 ]
	[ "$(planet run --rm --volumes-from source -v other:/data busybox ls /data)" = "" ]
	run planet run --rm --volumes-from nosuch busybox true
	[ "$status" = 125 ]
	[[ "$output" == *nosuch* ]]
	# The anonymous one is the first container's: it stays as long as that does.
	[ "$(planet volume ls -q | wc -l)" = 3 ]
	planet rm -f -v source >/dev/null
	[ "$(volumes)" = "data other " ]
}

@test "subpaths: a part of a volume, and never more" {
	planet run --rm -v data:/data busybox sh -c 'mkdir -p /data/a/b; echo part >/data/a/b/file; ln -s / /data/out; ln -s a/b /data/in; ln -s ../../../.. /data/up'
	[ "$(planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=a/b busybox ls /part)" = file ]
	[ "$(planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=a/b/file busybox cat /part)" = part ]
	[ "$(planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=in busybox ls /part)" = file ]
	# Links that lead out of it end at its root.
	[ "$(planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=out busybox ls /part | sort | tr '\n' ' ')" = "a in out up " ]
	[ "$(planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=up/a busybox ls /part)" = b ]
	run planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=nothing busybox true
	[ "$status" = 125 ]
	[[ "$output" == *'subpath "nothing" of volume data'* ]]
	run planet run --rm --mount type=volume,src=data,dst=/part,volume-subpath=../other busybox true
	[ "$status" = 125 ]
}

@test "a volume of options is a directory of the host" {
	mkdir "$top/device"
	planet volume create --opt type=none --opt o=bind --opt "device=$top/device" there >/dev/null
	planet run --rm -v there:/data busybox sh -c 'echo x >/data/file'
	[ "$(cat "$top/device/file")" = x ]
	planet volume rm there
	[ "$(cat "$top/device/file")" = x ]
}

@test "--mount type=image: another image's files, to be read, and kept as long as they are needed" {
	make_image
	mkdir -p "$top/image/usr/share"
	echo word >"$top/image/usr/share/word"
	ln -s / "$top/image/out"
	tar -C "$top/image" -c . | planet import - example.org/other:1 >/dev/null
	planet create --name layered example.org/other:1 sh >/dev/null
	planet cp -q "$top/image/usr/share/word" layered:/usr/share/second
	planet commit layered example.org/other:2 >/dev/null # of two layers
	planet rm layered >/dev/null
	local users tag
	for users in auto host; do
		for tag in 1 2; do
			[ "$(planet run --rm --userns $users --mount type=image,src=example.org/other:$tag,dst=/x busybox sh -c 'cat /x/usr/share/word; stat -c %u:%g /x/data; touch /x/new 2>/dev/null || echo refused')" = $'word\n33:44\nrefused' ]
		done
	done
	run planet run --rm --mount type=image,src=example.org/other:2,dst=/x,subpath=usr/share busybox ls /x
	[ "$output" = $'second\nword' ] || [[ "$output" == *"since Linux 6.15"* ]]
	# It stays as long as a container needs it.
	planet run --name user --mount type=image,src=example.org/other:2,dst=/x busybox cat /x/usr/share/second
	planet rmi -f example.org/other:2 example.org/other:1 >/dev/null
	planet image prune -af >/dev/null
	[ "$(planet start -a user)" = word ]
	planet cp -q user:/x/usr/share/second "$top/back"
	[ "$(cat "$top/back")" = word ]
	[ "$(planet inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}' user)" = "image example.org/other:2 /x false" ]
	planet rm user >/dev/null
	planet image prune -af >/dev/null
	planet system check
	run planet run --rm --mount type=image,src=example.org/other:2,dst=/x busybox true
	[ "$status" = 125 ]
	[[ "$output" == *'no image "example.org/other:2" here'* ]]
	for words in "dst=/x" "src=example.org/voluminous:1,dst=/x,ro=false" "src=example.org/voluminous:1,dst=/x,subpath=nosuch" "src=example.org/voluminous:1,dst=/x,subpath=../x"; do
		run planet run --rm --mount "type=image,$words" busybox true
		[ "$status" = 125 ] || { echo "$words: $status $output"; return 1; }
		[ "$(wc -l <<<"$output")" = 1 ]
	done
}

@test "run: what is refused of mounts, in one sentence and with nothing left" {
	for words in "-v a/b:/x" "-v x:/y" "-v data:/" "-v data:/x:bogus" "-v data:/x -v other:/x" "-v data:/x --tmpfs /x" \
		"--mount type=volume,src=a/b,dst=/x" "--mount type=bind,src=tmp,dst=/x" "--mount dst=x" "--mount type=foo,dst=/x" \
		"--volumes-from x:y" "-v data:/x --mount type=volume,src=data,dst=/y/../x"; do
		# shellcheck disable=SC2086
		run planet run --rm $words busybox true
		[ "$status" = 125 ] || { echo "$words: $status $output"; return 1; }
		[ "$(wc -l <<<"$output")" = 1 ] || { echo "$words: $output"; return 1; }
	done
	[ "$(volumes)" = "" ]
}

@test "cp and volumes: files go into the volume, of a running container and of a stopped one" {
	planet run -d --name web -v data:/data busybox sleep 1000 >/dev/null
	echo text >"$top/file"
	planet cp -q "$top/file" web:/data/
	[ "$(cat "$root/volumes/data/_data/file")" = text ]
	[ "$(stat -c %u "$root/volumes/data/_data/file")" = 0 ]
	planet stop -t 0 web >/dev/null
	planet cp -q web:/data/file "$top/back"
	[ "$(cat "$top/back")" = text ]
	planet cp -q "$top/file" web:/data/stopped
	[ "$(cat "$root/volumes/data/_data/stopped")" = text ]
}

@test "match-user: the owner of a directory is the container's user, whatever their numbers" {
	mkdir -p "$top/work/sub"
	echo hello >"$top/work/hello"
	chown -R 1234567:7654321 "$top/work"
	chown 0:0 "$top/work/sub"
	for users in "" "--userns host"; do
		# shellcheck disable=SC2086
		run planet run --rm $users -u 1000:100 -v "$top/work:/work:match-user" busybox sh -c 'stat -c "%u:%g" /work /work/hello /work/sub; echo more >>/work/hello; touch "/work/new$1"' sh "$users"
		[ "$status" = 0 ]
		[ "$output" = $'1000:100\n1000:100\n0:0' ]
	done
	[ "$(stat -c %u:%g "$top"/work/new* "$top/work/hello" | sort -u)" = 1234567:7654321 ]
	# A user of the image, a start again, and a copy out of one that has ended.
	mkdir -p "$top/site"
	echo mine >"$top/site/page"
	chown -R 501:20 "$top/site"
	planet run --name web -u nobody --mount "type=bind,src=$top/site,dst=/site,match-user" busybox sh -c 'id -u; stat -c %U /site/page; touch /site/run'
	planet start -a web
	[ "$(planet logs web)" = $'65534\nnobody\n65534\nnobody' ]
	[ "$(stat -c %u:%g "$top/site/run")" = 501:20 ]
	mkdir "$top/out"
	planet cp -q -a web:/site/page "$top/out/page"
	[ "$(stat -c %u "$top/out/page")" = 65534 ]
	for words in "-v name:/x:match-user" "--mount type=volume,dst=/x,match-user" "--mount type=bind,src=$top/site,dst=/x,match-user=maybe" \
		"-u nosuch -v $top/site:/x:match-user" "-u 70000:0 -v $top/site:/x:match-user"; do
		# shellcheck disable=SC2086
		run planet run --rm $words busybox true
		[ "$status" != 0 ]
		[ "${#lines[@]}" = 1 ] || { echo "$words: $output"; return 1; }
	done
	planet rm web
}
