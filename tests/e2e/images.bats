#!/usr/bin/env bats
# Images from archives of real tools.
load helper

# An OCI layout with a small Debian-like tree, made by umoci.
make_layout() {
	umoci init --layout "$top/layout" >/dev/null
	umoci new --image "$top/layout:small" >/dev/null
	umoci unpack --image "$top/layout:small" "$top/bundle" >/dev/null
	mkdir -p "$top/bundle/rootfs/bin" "$top/bundle/rootfs/etc"
	cp /bin/busybox "$top/bundle/rootfs/bin/"
	ln -s busybox "$top/bundle/rootfs/bin/sh"
	echo "small:x:7:7::/:/bin/sh" >"$top/bundle/rootfs/etc/passwd"
	umoci repack --image "$top/layout:small" "$top/bundle" >/dev/null
	umoci config --image "$top/layout:small" --config.cmd /bin/sh --config.user small >/dev/null
}

@test "archives of skopeo, OCI and docker, load and run" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/oci.tar:example.org/small:1"
	skopeo copy -q "oci:$top/layout:small" "docker-archive:$top/docker.tar:example.org/small:2"
	run planet load -i "$top/oci.tar"
	[ "$output" = "Loaded image: example.org/small:1" ]
	run planet load <"$top/docker.tar"
	[ "$output" = "Loaded image: example.org/small:2" ]
	for tag in 1 2; do
		run planet run --rm "example.org/small:$tag" sh -c 'busybox id -u'
		[ "$output" = 7 ]
	done
	gzip -c "$top/oci.tar" >"$top/oci.tar.gz"
	zstd -q "$top/docker.tar"
	planet load -i "$top/oci.tar.gz"
	planet load -i "$top/docker.tar.zst"
	[ "$(find "$root/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
}

@test "the root directory is as the image says" {
	mkdir -p "$top/image/bin"
	cp /bin/busybox "$top/image/bin/busybox"
	for attributes in "700 1000:1000" "1777 0:0" "2750 7:1000"; do
		chown "${attributes#* }" "$top/image"
		chmod "${attributes% *}" "$top/image"
		python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/image.tar" example.org/root:1 "$top/image" '{}'
		planet load -q -i "$top/image.tar"
		for users in auto host; do
			[ "$(planet run --rm --userns $users example.org/root:1 /bin/busybox stat -c '%a %u:%g' /)" = "$attributes" ]
		done
	done
}

@test "an image loads where no thread can be made" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/oci.tar:example.org/small:1"
	limits=$(dirname "$(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs -path '*pids*' -print -quit)")
	[ -e "$limits/cgroup.procs" ] || limits=/sys/fs/cgroup
	mkdir "$limits/planet-e2e-threads"
	if echo 1 >"$limits/planet-e2e-threads/pids.max"; then
		run sh -c 'echo $$ >"$0/planet-e2e-threads/cgroup.procs"; exec "$@"' "$limits" "$PLANET_BIN" --root "$root" --runroot "$runroot" load -i "$top/oci.tar"
		refused=$(cut -d " " -f 2 "$limits/planet-e2e-threads/pids.events")
	fi
	rmdir "$limits/planet-e2e-threads"
	[ "$output" = "Loaded image: example.org/small:1" ]
	[ "$(nproc)" = 1 ] || [ "$refused" -gt 0 ]
	planet run --rm example.org/small:1 sh -c :
}

@test "a load that is interrupted leaves nothing, and does not wait for its input" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/oci.tar:example.org/small:1"
	mkfifo "$top/pipe"
	for signal in INT TERM HUP; do
		# Half of an archive, and then nothing more.
		{ head -c 500000 "$top/oci.tar"; sleep 100; } >"$top/pipe" 3>&- &
		writer=$!
		"$PLANET_BIN" --root "$root" --runroot "$runroot" load -q -i "$top/pipe" 3>&- &
		load=$!
		for _ in $(seq 100); do [ -z "$(ls "$root/staging" 2>/dev/null)" ] || break; sleep 0.05; done
		[ -n "$(ls "$root/staging")" ]
		# In the background of a script INT is ignored, and stays so.
		if [ $signal = INT ]; then kill -INT $load; sleep 0.2; kill -0 $load; kill -TERM $load; else kill -$signal $load; fi
		status=0
		wait $load || status=$?
		pkill -P $writer || :
		wait $writer || :
		case $signal in INT | TERM) [ $status = 143 ] ;; HUP) [ $status = 129 ] ;; esac
		[ -z "$(ls "$root/staging")" ]
		[ -z "$(pgrep -f "^$PLANET_BIN --root $root" || :)" ]
	done
	run planet load -i "$top/oci.tar"
	[ "$output" = "Loaded image: example.org/small:1" ]
}

@test "the store is a layout that skopeo reads" {
	planet run --rm busybox true
	run skopeo inspect "oci:$root:localhost/busybox:latest"
	[ "$status" = 0 ]
	[[ "$output" == *'"Architecture"'* ]]
}

@test "damaged archives leave nothing" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/good.tar:small:1"
	size=$(stat -c %s "$top/good.tar")
	head -c $((size / 2)) "$top/good.tar" >"$top/cut.tar"
	cp "$top/good.tar" "$top/flipped.tar"
	printf X | dd of="$top/flipped.tar" bs=1 seek=$((size / 2)) conv=notrunc status=none
	echo "no archive" >"$top/text"
	: >"$top/empty"
	for file in cut.tar flipped.tar text empty; do
		run planet load -i "$top/$file"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
		[ -z "$(ls -A "$root/staging" "$root/layers" "$root/tags" | grep -v ':$')" ]
	done
	run planet load -i "$top/none"
	[[ "$output" == *"No such file"* ]]
	planet load -q -i "$top/good.tar"
}

@test "a full disk is one sentence, and the next load works" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/good.tar:small:1"
	mkdir "$top/disk"
	mount -t tmpfs -o size=1m tmpfs "$top/disk"
	root=$top/disk/root
	run planet load -i "$top/good.tar"
	umount "$top/disk"
	root=$top/root
	[ "$status" = 1 ]
	[[ "$output" == *"No space left on device"* ]]
	planet load -q -i "$top/good.tar"
}

@test "many loads at once agree" {
	make_layout
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/good.tar:small:1"
	for _ in $(seq 10); do planet load -q -i "$top/good.tar" >>"$top/out" 2>&1 & done
	wait
	[ "$(grep -c '^Loaded image' "$top/out")" = 10 ]
	[ -z "$(ls -A "$root/staging")" ]
}

@test "images: names, ids, filters and formats, as docker prints them" {
	make_layout
	umoci config --image "$top/layout:small" --config.label com.example.kind=small --created 2020-02-03T04:05:06Z >/dev/null
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/small.tar:docker.io/library/small:1"
	planet load -q -i "$top/small.tar"
	planet run --rm busybox true
	id=$(planet images -q --no-trunc small)
	[[ "$id" =~ ^sha256:[0-9a-f]{64}$ ]]
	short=${id:7:12}
	run planet images small:1
	[[ "${lines[0]}" =~ ^REPOSITORY\ {3}TAG\ {7}IMAGE\ ID\ {7}CREATED\ {7}SIZE$ ]]
	[[ "${lines[1]}" =~ ^small\ {8}1\ {9}$short\ {3}[0-9]+\ years\ ago\ {3}[0-9.]+[kM]B$ ]]
	[ "$(planet image ls -q | wc -l)" = 2 ]
	[ "$(planet images --format '{{.Repository}}:{{.Tag}}|{{.ID}}|{{.Digest}}' small)" = "small:1|$short|<none>" ]
	[ "$(planet images --format '{{upper .Repository}}\t{{.CreatedAt}}' 'sma*')" = "SMALL	$(date -d 2020-02-03T04:05:06Z '+%Y-%m-%d %H:%M:%S %z %Z')" ]
	[[ "$(planet images --digests | head -n 1)" =~ ^REPOSITORY\ +TAG\ +DIGEST\ +IMAGE ]]
	[ "$(planet images --format json small | python3 -c 'import json, sys; print(json.load(sys.stdin)["Repository"])')" = small ]
	run planet images --format 'table {{.Tag}}\t{{.Repository}}' --filter reference='s*'
	[ "${lines[0]}" = "TAG       REPOSITORY" ]
	[ "${lines[1]}" = "1         small" ]
	[ "$(planet images -q --filter label=com.example.kind=small)" = "$short" ]
	[ -z "$(planet images -q --filter label=com.example.kind=large)" ]
	[ -z "$(planet images -q --filter dangling=true)" ]
	# what loses its name dangles
	umoci config --image "$top/layout:small" --config.cmd other >/dev/null
	skopeo copy -q "oci:$top/layout:small" "oci-archive:$top/small2.tar:docker.io/library/small:1"
	planet load -q -i "$top/small2.tar"
	[ "$(planet images --format '{{.Repository}} {{.ID}}' -f dangling=true)" = "<none> $short" ]
	skopeo inspect "oci:$root:docker.io/library/small:1" >"$top/inspected"
	grep -q com.example.kind "$top/inspected"
}

@test "images: what it refuses" {
	planet run --rm busybox true
	for bad in "--filter color=red" "--filter dangling" "--filter dangling=perhaps" "--filter until=once" "--format {{.Nope}}" \
		"--format {{.ID" "--filter before=nosuch:1"; do
		# shellcheck disable=SC2086
		run planet images $bad
		echo "$bad: $output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
	done
	run planet images --nope
	[ "$status" = 125 ]
	run planet images a b
	[ "$status" = 1 ]
}

@test "save: what docker, podman, skopeo and planet load" {
	"$BATS_TEST_DIRNAME/small_image.py" a:1 one two | planet load -q >/dev/null
	"$BATS_TEST_DIRNAME/small_image.py" b:1 one three | planet load -q >/dev/null
	planet tag a:1 example.org/a:2
	planet save -o "$top/both.tar" a:1 example.org/a:2 b:1
	planet save a:1 example.org/a:2 b:1 | cmp - "$top/both.tar"
	[ "$(stat -c %a "$top/both.tar")" = 600 ]
	python3 - "$top/both.tar" <<-'END'
		import json, sys, tarfile
		archive = tarfile.open(sys.argv[1])
		names = archive.getnames()
		assert len(names) == len(set(names)) == 4 + 2 + 1, names
		one, two = json.load(archive.extractfile("manifest.json"))
		assert one["RepoTags"] == ["a:1", "example.org/a:2"] and two["RepoTags"] == ["b:1"]
		assert one["Layers"][:2] == two["Layers"][:2] and len(one["Layers"]) == 3
	END
	id=$(planet images -q --no-trunc a:1)
	skopeo copy -q "docker-archive:$top/both.tar:a:1" "oci:$top/copy:a"
	[ "$(planet --root "$top/other" load -q -i "$top/both.tar" | sort)" = "Loaded image: a:1
Loaded image: b:1
Loaded image: example.org/a:2" ]
	[ "$(planet --root "$top/other" images -q --no-trunc a:1)" = "$id" ]
	# an OCI archive keeps every digest
	planet save --format oci-archive -o "$top/oci.tar" a:1
	digest=$(skopeo inspect --format '{{.Digest}}' "oci:$root:docker.io/library/a:1")
	[ "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$top/oci.tar")" = "$digest" ]
	planet --root "$top/third" load -q -i "$top/oci.tar" >/dev/null
	[ "$(planet --root "$top/third" images -q --no-trunc a:1)" = "$id" ]
	rm -rf "$top/other" "$top/third"
}

@test "save: what it refuses leaves nothing" {
	"$BATS_TEST_DIRNAME/small_image.py" a:1 one | planet load -q >/dev/null
	run planet save -o "$top/x.tar" nosuch
	[ "$status" = 1 ]
	run planet save --format zip -o "$top/x.tar" a:1
	[ "$status" = 1 ]
	[[ "$output" == *"expected docker-archive or oci-archive"* ]]
	blob=$(find "$root/blobs/sha256" -size +500k)
	echo x >>"$blob"
	run planet save -o "$top/x.tar" a:1
	[ "$status" = 1 ]
	[[ "$output" == *"is damaged; "* ]]
	rm "$blob"
	run planet save -o "$top/x.tar" a:1
	[[ "$output" == *"is not here in its packed form"* ]]
	[ -z "$(ls "$top"/x.tar* 2>/dev/null)" ]
	run script -qec "$PLANET_BIN --root $root --runroot $runroot save a:1" /dev/null
	[[ "$output" == *"standard output is a terminal"* ]]
}

# A tree for `import`, and $top/tree.tar of it.
make_tree() {
	mkdir -p "$top/tree/bin" "$top/tree/data"
	cp /bin/busybox "$top/tree/bin/"
	for name in sh cat id ls stat true; do ln -s busybox "$top/tree/bin/$name"; done
	echo hello >"$top/tree/data/file"
	ln "$top/tree/data/file" "$top/tree/data/again"
	chown 33:44 "$top/tree/data"
	chmod 750 "$top/tree"
	tar -C "$top/tree" -cf "$top/tree.tar" .
}

@test "import: a tar archive, plain or compressed, is an image" {
	make_tree
	gzip -k "$top/tree.tar"
	zstd -q "$top/tree.tar" -o "$top/tree.tar.zst"
	local kind id
	for kind in tar tar.gz tar.zst; do
		id=$(planet import -m "a word" -c 'CMD ["cat", "/data/again"]' -c 'ENV PLACE=orbit' -c 'WORKDIR /data' "$top/tree.$kind" "example.org/$kind")
		[[ "$id" =~ ^sha256:[0-9a-f]{64}$ ]]
		[ "$(planet run --rm "example.org/$kind")" = hello ]
		[ "$(planet run --rm "example.org/$kind" sh -c 'echo $PLACE; stat -c "%a %u:%g" / /data; stat -c %h /data/file')" = $'orbit\n750 0:0\n755 33:44\n2' ]
	done
	# One layer, whatever it was packed with.
	[ "$(find "$root/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
	# What is compressed is kept byte for byte.
	[ -e "$root/blobs/sha256/$(sha256sum <"$top/tree.tar.gz" | cut -d " " -f 1)" ]
	[ "$(planet history --format '{{.Comment}}' example.org/tar)" = "a word" ]
	# From a pipe that is slow to begin, without a name, for another machine.
	id=$({ head -c 1 "$top/tree.tar.gz"; sleep 0.2; tail -c +2 "$top/tree.tar.gz"; } | planet import --platform linux/arm/v6 -)
	[ "$(planet image inspect -f '{{.Os}}/{{.Architecture}}/{{.Variant}} {{.Comment}}{{.RepoTags}}' "$id")" = "linux/arm/v6 Imported from -[]" ]
	[ "$(planet images -qf dangling=true --no-trunc)" = "$id" ]
	planet system check
	skopeo copy -q "oci:$root:example.org/tar:latest" "docker-archive:$top/out.tar:example.org/out:1"
	[ "$(planet load -q -i "$top/out.tar")" = "Loaded image: example.org/out:1" ]
}

@test "import: what export has written" {
	make_tree
	planet import "$top/tree.tar" example.org/tree:1 >/dev/null
	planet run --name changed example.org/tree:1 sh -c 'echo new >/data/new; chown 7:8 /data/new 2>/dev/null || busybox chown 7:8 /data/new'
	planet export changed | planet import -c 'CMD cat /data/new' - example.org/tree:2 >/dev/null
	[ "$(planet run --rm example.org/tree:2)" = new ]
	[ "$(planet run --rm example.org/tree:2 stat -c %u:%g /data/new)" = 7:8 ]
}

@test "import: what is refused, in one sentence and with nothing left" {
	make_tree
	xz -k "$top/tree.tar"
	gzip -k "$top/tree.tar"
	head -c 100000 "$top/tree.tar" >"$top/cut.tar"
	head -c 100000 "$top/tree.tar.gz" >"$top/cut.tar.gz"
	: >"$top/empty"
	planet ps >/dev/null
	planet images >/dev/null
	before=$(find "$root" | sort)
	local words
	for words in "nosuch" "$top/tree" "$top/tree.tar.xz" "$top/cut.tar" "$top/cut.tar.gz" "$top/empty" "/bin/busybox" "$top/tree.tar Bad:Name:x" \
		"$top/tree.tar x@sha256:$(printf '0%.0s' {1..64})" "--platform windows/amd64 $top/tree.tar" "--platform a/b/c/d $top/tree.tar" \
		"-c RUN\ x $top/tree.tar" "http://127.0.0.1:1/x.tar x" ""; do
		eval "run planet import $words"
		[ "$status" != 0 ] || { echo "$words: $output"; return 1; }
		[ "$(wc -l <<<"$output")" -le 2 ]
		[[ "$output" == "planet: "* || "$output" == *"planet import"* ]]
	done
	[[ "$(planet import "$top/tree" 2>&1)" == *"tar -C "* ]]
	[[ "$(planet import http://127.0.0.1:1/x.tar 2>&1)" == *"curl -fL http://127.0.0.1:1/x.tar | planet import -" ]]
	diff <(echo "$before") <(find "$root" | sort)
}

@test "import that is killed leaves nothing that counts" {
	make_tree
	for i in 1 2 3 4 5 6 7 8; do cat /bin/busybox /bin/busybox /bin/busybox >"$top/tree/data/$i"; done
	tar -C "$top/tree" -cf "$top/tree.tar" .
	local round
	for round in $(seq 8); do
		"$PLANET_BIN" --root "$root" --runroot "$runroot" import "$top/tree.tar" example.org/tree:1 >/dev/null 2>&1 3>&- &
		sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
		kill -9 $! 2>/dev/null || :
		wait $! 2>/dev/null || :
		planet system check
	done
	sleep 0.5 # what died last may still be dying, and holds its staging so long
	planet import "$top/tree.tar" example.org/tree:1 >/dev/null
	[ "$(planet run --rm example.org/tree:1 cat /data/file)" = hello ]
	[ "$(ls -A "$root/staging")" = "" ]
}
