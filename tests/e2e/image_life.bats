#!/usr/bin/env bats
# What becomes of images: names, what is known of them, and their end.
load helper

# make_image NAME TEXT...: busybox in its lowest layer, and one layer more for each text.
make_image() { "$BATS_TEST_DIRNAME/small_image.py" "$@" | planet load -q >/dev/null; }

layers() { find "$root/layers" -mindepth 1 -maxdepth 1 | wc -l; }

nothing_is_left() {
	[ "$(find "$root/layers" "$root/blobs/sha256" "$root/images" "$root/tags" "$root/staging" "$root/digests" -mindepth 1 | wc -l)" = 0 ]
}

@test "rmi: what others need stays" {
	make_image a:1 one
	make_image b:1 two
	[ "$(layers)" = 3 ]
	run planet rmi a:1
	[ "$status" = 0 ]
	[ "${lines[0]}" = "Untagged: a:1" ]
	[[ "${lines[1]}" =~ ^Deleted:\ sha256:[0-9a-f]{64}$ ]]
	[ "$(grep -c ^Deleted <<<"$output")" = 2 ]
	[ "$(layers)" = 2 ]
	[ "$(planet run --rm b:1 cat two)" = two ]
	skopeo inspect "oci:$root:docker.io/library/b:1" >/dev/null
	[ "$(planet image rm "$(planet images -q)" | grep -c ^Deleted)" = 3 ]
	nothing_is_left
}

@test "rmi: names, conflicts and containers" {
	make_image a:1 one
	id=$(planet images -q a)
	planet tag a:1 other/a:2
	[ "$(planet images -q | wc -l)" = 1 ]
	[ "$(planet images --format '{{.Repository}}:{{.Tag}}' | sort | paste -sd' ')" = "a:1 other/a:2" ]
	run planet rmi "$id"
	[ "$status" = 1 ]
	[ "$output" = "planet: conflict: unable to delete $id (must be forced) - image is referenced in multiple repositories" ]
	[ "$(planet rmi other/a:2)" = "Untagged: other/a:2" ]
	planet run --name ended a:1 true
	container=$(planet ps -aq)
	run planet rmi a:1
	[ "$status" = 1 ]
	[ "$output" = "planet: conflict: unable to remove repository reference \"a:1\" (must force) - container $container is using its referenced image $id" ]
	run planet rmi "$id"
	[ "$output" = "planet: conflict: unable to delete $id (must be forced) - image is being used by stopped container $container" ]
	planet run -d --name living a:1 sleep 100
	run planet rmi -f "$id"
	[ "$status" = 1 ]
	[[ "$output" == "planet: conflict: unable to delete $id (cannot be forced) - image is being used by running container "* ]]
	# by name and force it loses the name, and the container its image not
	[ "$(planet rmi -f a:1)" = "Untagged: a:1" ]
	[ "$(planet exec living cat one)" = one ]
	planet rm -f living >/dev/null
	run planet image prune -f
	[ "$output" = "Total reclaimed space: 0B" ]
	planet rm ended >/dev/null
	run planet image prune -f
	[ "${lines[0]}" = "Deleted Images:" ]
	[[ "${lines[-1]}" =~ ^Total\ reclaimed\ space:\ [0-9.]+[kM]B$ ]]
	nothing_is_left
}

@test "rmi: a container keeps its layers, whatever becomes of its image" {
	make_image a:1 one
	planet run --name ended a:1 true
	run planet rmi -f a:1
	[ "$status" = 0 ]
	[ "$(layers)" = 2 ]
	[ -z "$(planet images -q)" ]
	planet rm ended >/dev/null
	planet image prune -f >/dev/null
	nothing_is_left
}

@test "rmi: what it refuses" {
	make_image a:1 one
	run planet rmi nosuch a:1 nosuch:2
	[ "$status" = 1 ]
	[ "$(grep -c 'no image "nosuch' <<<"$output")" = 2 ]
	[[ "$output" == *"Untagged: a:1"* ]]
	run planet rmi -f nosuch
	[ "$status" = 0 ]
	run planet rmi 'Up:Per'
	[ "$status" = 1 ]
	run planet rmi
	[ "$status" = 1 ]
	run planet rmi --nope a:1
	[ "$status" = 125 ]
}

@test "image prune: asks, filters, and takes all that no container has" {
	make_image a:1 one
	make_image a:1 two
	make_image b:1 three
	run planet image prune <<<n
	[[ "${lines[0]}" == "WARNING! This will remove all dangling images." ]]
	[[ "${lines[1]}" == "Are you sure you want to continue? [y/N] Total reclaimed space: 0B" ]]
	[ "$(planet images -q | wc -l)" = 3 ]
	[ "$(planet image prune -f --filter until=2021-01-01 | tail -n 1)" = "Total reclaimed space: 0B" ]
	run planet image prune <<<y
	[ "$(grep -c ^deleted: <<<"$output")" = 2 ]
	planet run --name ended b:1 true
	run planet image prune -af --filter label=kind=nothing
	[ "$output" = "Total reclaimed space: 0B" ]
	run planet image prune -af
	[[ "$output" == *"untagged: a:1"* ]]
	[ "$(planet images --format '{{.Repository}}')" = b ]
	run planet image prune -f --filter color=red
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	planet rm ended >/dev/null
}

@test "tag: what it refuses" {
	make_image a:1 one
	for target in 'Up' 'a@sha256:0000000000000000000000000000000000000000000000000000000000000000' 'a:b:c' ''; do
		run planet tag a:1 "$target"
		echo "$target: $output"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ]
	done
	run planet tag nosuch:1 b:1
	[ "$status" = 1 ]
	# a name that is taken changes hands
	make_image b:1 two
	planet tag b:1 a:1
	[ "$(planet run --rm a:1 cat two)" = two ]
	[ "$(planet images --format '{{.Tag}}' -f dangling=true)" = "<none>" ]
}

@test "history and inspect: what docker shows" {
	make_image a:1 one two
	run planet history a:1
	[[ "${lines[0]}" =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ "${lines[1]}" =~ ^$(planet images -q) ]]
	[[ "${lines[1]}" == *" CMD sh "*" 0B "*" nothing added" ]]
	[[ "${lines[2]}" == "<missing>"*" make two "*" 4B"* ]]
	[ "${#lines[@]}" = 5 ]
	[ "$(planet history --format '{{.CreatedBy}}|{{.Size}}' a:1 | grep 'make one')" = "make one|4B" ]
	[[ "$(planet history -q --no-trunc a:1 | head -n 1)" =~ ^sha256:[0-9a-f]{64}$ ]]
	planet image inspect a:1 >"$top/inspected"
	python3 - "$top/inspected" <<-'END'
		import json, sys
		image, = json.load(open(sys.argv[1]))
		assert image["RepoTags"] == ["a:1"] and image["RepoDigests"] == []
		assert image["Created"] == "2021-02-03T04:05:06Z" and image["Os"] == "linux"
		assert image["Config"]["Cmd"] == ["sh"] and image["Config"]["Labels"] == {"kind": "a:1"}
		assert image["Config"]["Entrypoint"] is None and image["RootFS"]["Type"] == "layers"
		assert len(image["RootFS"]["Layers"]) == 3 and image["Size"] > 100000
	END
	[ "$(planet image inspect -f '{{index .Config.Labels "kind"}} {{join .Config.Cmd ","}} {{len .RootFS.Layers}}' a:1)" = "a:1 sh 3" ]
	[ "$(planet image inspect -f '{{json .Config.Env}}{{.Config.Labels.none}}' a:1)" = '["PATH=/bin"]<no value>' ]
	run planet image inspect nosuch a:1
	[ "$status" = 1 ]
	[[ "$output" == *'no image "nosuch"'*'"Id": "sha256:'* ]]
	run planet image inspect -f '{{.Nope}}' a:1
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run planet history nosuch
	[ "$status" = 1 ]
}

@test "rmi and prune beside runs: one wins, and no container is broken" {
	"$BATS_TEST_DIRNAME/small_image.py" race:1 one >"$top/again.tar"
	local round runner
	for round in $(seq 8); do
		planet load -q -i "$top/again.tar" >/dev/null
		for runner in 1 2 3; do
			planet run --rm --pull never race:1 cat one >"$top/out.$runner" 2>&1 3>&- &
		done
		if [ $((round % 2)) = 0 ]; then
			planet rmi -f race:1 >/dev/null 2>&1 || :
		else
			planet image prune -af >/dev/null 2>&1 || :
		fi
		wait
		for runner in 1 2 3; do
			# whole, or a sentence of ours, and nothing in between
			grep -qxE 'one|planet: .*(no image "race:1" here|removed meanwhile).*' "$top/out.$runner" || { cat "$top/out.$runner"; return 1; }
			[ "$(wc -l <"$top/out.$runner")" = 1 ]
		done
	done
	planet image prune -af >/dev/null
	nothing_is_left
}
