#!/usr/bin/env bats
# The store as a whole: what it takes, what nothing needs, and whether it is what it says.
load helper

make_image() { "$BATS_TEST_DIRNAME/small_image.py" "$@" | planet load -q >/dev/null; }

# Bytes, as `system df` says them in the column SIZE.
df_bytes() {
	planet system df --format '{{.Size}}' | python3 -c '
import re, sys
units = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
print(int(sum(float(n) * units[u] for n, u in re.findall(r"([0-9.]+)([kMG]?B)", sys.stdin.read()))))'
}

@test "system df: adds up to what du says, and knows what nothing needs" {
	make_image a:1 one two
	make_image b:1 three
	planet run --name ended a:1 sh -c 'busybox head -c 300000 /dev/urandom >/data'
	planet volume create kept >/dev/null
	planet run --rm -v kept:/data b:1 sh -c 'busybox head -c 200000 /dev/urandom >/data/file'
	said=$(df_bytes)
	is=$(($(du -s --block-size=1 "$root" | cut -f1)))
	# four digits are shown of each row
	[ $((said > is ? said - is : is - said)) -le $((is / 500)) ] || { echo "said $said, is $is"; return 1; }
	run planet system df
	[[ "${lines[0]}" =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
	[[ "${lines[1]}" =~ ^Images\ +2\ +1\ +[0-9.]+MB\ +[0-9.]+[kM]B\ \([0-9]+%\)$ ]]
	[[ "${lines[2]}" =~ ^Containers\ +1\ +0\ +[0-9.]+kB\ +[0-9.]+kB\ \([0-9]+%\)$ ]]
	[[ "${lines[3]}" =~ ^Local\ Volumes\ +1\ +0\ +[0-9.]+kB ]]
	[ "$(planet system df --format json | wc -l)" = 3 ]
	run planet system df -v
	[[ "$output" == *"Images space usage:"*"UNIQUE SIZE"*"Containers space usage:"*ended*"Local Volumes space usage:"*kept* ]]
	run planet system df --format '{{.Nope}}'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	planet rm ended >/dev/null
	planet volume rm kept >/dev/null
}

@test "system prune: stopped containers, then images, and says what came free" {
	make_image a:1 one
	make_image a:1 two
	planet run --name ended a:1 true
	planet run -d --name living a:1 sleep 100
	run planet system prune <<<n
	[[ "$output" == "WARNING! This will remove:"*"all stopped containers"*"all dangling images"*"Total reclaimed space: 0B" ]]
	[ "$(planet ps -aq | wc -l)" = 2 ]
	before=$(du -s --block-size=1 "$root" | cut -f1)
	run planet system prune -f
	[[ "$output" == *"Deleted Containers:"*"Deleted Images:"*"deleted: sha256:"*"Total reclaimed space: "* ]]
	[ "$(planet ps -aq | wc -l)" = 1 ]
	[ "$(planet images -q | wc -l)" = 1 ]
	[ "$(du -s --block-size=1 "$root" | cut -f1)" -lt "$before" ]
	planet system prune -af >/dev/null
	[ "$(planet images -q | wc -l)" = 1 ]
	planet rm -f living >/dev/null
	planet system prune -af --volumes >/dev/null
	[ -z "$(planet images -q)" ]
	[ "$(find "$root/layers" "$root/blobs/sha256" -mindepth 1 | wc -l)" = 0 ]
	run planet system prune -f --filter color=red
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
}

@test "system check: names what is damaged, and mends it" {
	make_image a:1 one two
	run planet system check
	[ "$output" = "1 images, 3 layers, 5 blobs: whole" ]
	[ "$status" = 0 ]
	layer=$(dirname "$(find "$root/layers" -name one -type f)")
	echo other >"$layer/one"
	run planet system check
	[ "$status" = 1 ]
	[[ "${lines[0]}" == "layer $(basename "$(dirname "$layer")"): what is unpacked is not what its blob says (with --repair it is unpacked again)" ]]
	[ "${lines[1]}" = "1 images, 3 layers, 5 blobs: 1 damaged" ]
	run planet system check --repair
	[ "$status" = 0 ]
	[[ "${lines[-1]}" == *"1 damaged, mended" ]]
	[ "$(planet run --rm a:1 cat one)" = one ]
	config=$(planet images -q --no-trunc a:1)
	echo x >>"$root/blobs/sha256/${config#sha256:}"
	run planet run --rm a:1 true # it needs only what was unpacked
	run planet system check --repair
	[[ "$output" == *"its configuration ${config#sha256:} is lost (it is removed, with its names)"* ]]
	[ -z "$(planet images -q)" ]
	planet system check
	make_image a:1 one two
	[ "$(planet run --rm a:1 cat two)" = two ]
	run planet system check more
	[ "$status" = 1 ]
}

@test "pull, load, import, commit, rm, rmi and prune that are killed: the store is whole, and no space is lost" {
	run timeout 900 "$BATS_TEST_DIRNAME/store_rounds.py" "$PLANET_BIN" "${ROUNDS:-40}"
	echo "$output"
	[ "$status" = 0 ]
}

@test "a removal that is killed is a removal: its name is free, and the next list takes the rest away" {
	local id
	id=$(planet create --name one busybox true)
	mv "$root/containers/$id" "$root/containers/$id.removed" # as far as it came
	[ "$(planet create --name one busybox true)" != "$id" ]
	[ "$(planet ps -aq | wc -l)" = 1 ]
	[ ! -e "$root/containers/$id.removed" ]
	# And one whose maker died before it had a record.
	planet rm one >/dev/null
	id=$(printf '%064d' 1)
	mkdir "$root/containers/$id"
	ln -s "$id" "$root/names/one"
	planet create --name one busybox true >/dev/null
	touch -d "1 minute ago" "$root/containers/$id"
	[ "$(planet ps -aq | wc -l)" = 1 ]
	[ ! -e "$root/containers/$id" ]
}

@test "what a registry called an image pins nothing when the image is gone" {
	planet images >/dev/null
	local hex
	hex=$(printf x | sha256sum | cut -d " " -f 1)
	printf x >"$root/blobs/sha256/$hex"
	mkdir -p "$root/digests/$hex" # the link in it was taken away before the kill
	planet image prune -f >/dev/null
	[ ! -e "$root/blobs/sha256/$hex" ]
	[ ! -e "$root/digests/$hex" ]
}

@test "of fifty that take one name one wins, and the others say whose it is; also one that a dead one had" {
	local round i pids winner
	for round in free stale; do
		[ $round = free ] || ln -s "$(printf '%064d' 7)" "$root/names/one"
		pids=()
		for i in $(seq 50); do
			{
				status=0
				"$PLANET_BIN" --root "$root" --runroot "$runroot" run -d --name one busybox sleep 1000 >"$top/out-$i" 2>&1 || status=$?
				echo "$status" >"$top/status-$i"
			} 3>&- &
			pids+=($!)
		done
		wait "${pids[@]}"
		[ "$(sort "$top"/status-* | uniq -c | tr -s ' ' | tr '\n' ';')" = " 1 0; 49 125;" ]
		winner=$(planet ps -aq --no-trunc)
		[ "$(wc -w <<<"$winner")" = 1 ]
		grep -qx "$winner" "$top"/out-*
		[ "$(cat "$top"/out-* | grep -c "the container name \"one\" is already in use by container ")" = 49 ]
		planet rm -f one >/dev/null
	done
}

@test "info and version: for people, as JSON and by templates" {
	planet run -d --name one busybox sleep 1000 >/dev/null
	planet run --name two busybox true
	planet info | grep -qx "Containers:     2"
	[ "$(planet info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.Images}}')" = "2 1 1 1" ]
	[ "$(planet info --format json | jq -r .KernelVersion)" = "$(uname -r)" ]
	planet pause one >/dev/null
	[ "$(planet info -f '{{.ContainersPaused}}')" = 1 ]
	[ "$(planet version --format '{{.Server.Version}}')" = "$(planet version | cut -d' ' -f3)" ]
	run planet info --format '{{.Nothing}}'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run planet version --format '{{'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
}
