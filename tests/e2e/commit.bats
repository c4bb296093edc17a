#!/usr/bin/env bats
# planet commit: an image of what a container has changed.
load helper
load changed_image
bats_require_minimum_version 1.5.0

@test "commit: the image has the changes, and runs as the container did" {
	make_image
	planet run --name changed -e A=1 -l color=blue example.org/base:1 sh -c "$changes"
	id=$(planet commit -a me -m "a message" -c 'ENV B=2' -c 'EXPOSE 8080' -c 'CMD ["cat", "/fresh/a"]' -c 'USER 33' changed example.org/made:1)
	[[ "$id" =~ ^sha256:[0-9a-f]{64}$ ]]
	[ "$(planet run --rm example.org/made:1)" = a ]
	[ "$(planet run --rm example.org/made:1 sh -c 'echo $PLACE $A $B; id -u; readlink /proc/self/cwd; ls /opaque /gone /link 2>/dev/null')" = $'orbit 1 2\n33\n/tmp\n/opaque:\nkeep\nnew' ]
	[ "$(planet run --rm -u 0 example.org/made:1 stat -c '%u:%g %h' /fresh/b)" = "33:44 2" ]
	config=$root/blobs/sha256/${id#sha256:}
	[ "$(jq -r '.author, .config.Labels.color, .config.Labels.from, (.config.ExposedPorts | keys | join(" ")), .history[-1].comment' "$config")" = $'me\nblue\nbase\n80/tcp 8080/tcp\na message' ]
	[ "$(jq -r '.config.Env | join(" ")' "$config")" = "A=1 PLACE=orbit B=2" ]
	[ "$(jq '.rootfs.diff_ids | length' "$config")" = 2 ]
	# Of that one more, without a name.
	planet run --name again -u 0 example.org/made:1 touch /again
	id=$(planet commit again)
	[ "$(planet run --rm -u 0 "${id#sha256:}" ls /again /fresh/a)" = $'/again\n/fresh/a' ]
}

@test "commit: the same changes are the same layer" {
	make_image
	for name in one two; do
		planet run --name $name example.org/base:1 sh -c "$changes"
		planet commit $name example.org/$name:1 >"$top/$name"
	done
	layer() { jq -r '.rootfs.diff_ids[-1]' "$root/blobs/sha256/$(sed s/sha256:// "$top/$1")"; }
	[ "$(layer one)" = "$(layer two)" ]
}

@test "commit of a running container, paused or not; skopeo reads what it makes" {
	make_image
	planet run -d --name web example.org/base:1 sh -c 'echo x >/tmp/x; sleep 1000' >/dev/null
	for _ in $(seq 50); do planet exec web test -e /tmp/x 2>/dev/null && break; sleep 0.1; done
	[[ "$(planet commit web example.org/running:1 2>&1)" =~ ^sha256:[0-9a-f]{64}$ ]] # and no word that it was not paused
	[ "$(planet ps -q --filter status=paused)" = "" ]
	planet commit --pause=false web example.org/running:2 >/dev/null
	[ "$(planet exec web cat /tmp/x)" = x ]
	[ "$(planet run --rm example.org/running:1 cat /tmp/x)" = x ]
	command -v skopeo >/dev/null || skip "skopeo is not installed"
	skopeo copy -q "oci:$root:example.org/running:2" "oci-archive:$top/running.tar"
	planet load -q -i "$top/running.tar" >/dev/null
}

@test "commit: volumes and what every start mounts are not in the image" {
	make_image
	planet run --name mounted -v data:/data --tmpfs /scratch example.org/base:1 sh -c 'echo x >/data/x; echo x >/scratch/x'
	planet commit mounted example.org/mounted:1 >/dev/null
	[ "$(planet run --rm example.org/mounted:1 ls /data /scratch)" = $'/data:\n\n/scratch:' ]
	planet rm mounted >/dev/null
	planet volume rm data >/dev/null
}

@test "commit: what is refused, in one sentence and with nothing left" {
	make_image
	planet run --name changed example.org/base:1 sh -c 'echo x >/x'
	before=$(find "$root/blobs" "$root/layers" "$root/images" -mindepth 1 -maxdepth 2 | sort)
	for words in "changed Bad:Name:x" "changed example.org/x@sha256:$(printf '0%.0s' {1..64})" "nosuch x:1" "-c RUN\ x changed x:1" "-c ENV changed x:1" "-c EXPOSE\ abc changed x:1"; do
		eval "run planet commit $words"
		[ "$status" = 1 ] || { echo "$words: $status $output"; return 1; }
		[ "$(wc -l <<<"$output")" = 1 ]
	done
	planet run --name named example.org/base:1 sh -c 'echo x >/.wh.file'
	run planet commit named x:1
	[ "$status" = 1 ]
	[[ "$output" == *".wh.file"* ]]
	[ "$(find "$root/blobs" "$root/layers" "$root/images" -mindepth 1 -maxdepth 2 | sort)" = "$before" ]
	[ "$(ls -A "$root/staging")" = "" ]
}

@test "commit: the container goes on when the command is killed, unless somebody has paused it to last" {
	make_image
	planet run -d --name busy example.org/base:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4 5 6 7 8; do cat /bin/busybox; done >/tmp/$i; done; echo x >/tmp/ready; sleep 1000' >/dev/null
	local signal pid i
	for _ in $(seq 100); do planet exec busy test -e /tmp/ready 2>/dev/null && break; sleep 0.1; done
	status_of() { planet inspect -f '{{.State.Status}}' busy; }
	begin_commit() {
		"$PLANET_BIN" --root "$root" --runroot "$runroot" commit busy example.org/busy:1 >/dev/null 2>&1 3>&- &
		pid=$!
		for i in $(seq 200); do [ "$(status_of)" = paused ] && return; sleep 0.01; done
		echo "it was not paused" >&2
		return 1
	}
	becomes() { for i in $(seq 200); do [ "$(status_of)" = "$1" ] && return; sleep 0.01; done; status_of; return 1; }
	for signal in KILL INT; do
		begin_commit
		kill -s $signal $pid
		wait $pid || :
		becomes running
		[ "$(planet exec busy echo lives)" = lives ]
	done
	begin_commit
	planet pause busy >/dev/null
	run planet pause busy
	[ "$status" = 1 ]
	[[ "$output" == *"container busy is already paused" ]]
	wait $pid
	[ "$(status_of)" = paused ]
	planet unpause busy >/dev/null
	begin_commit
	run planet unpause busy # it is not the commit's pause that a person ends
	[ "$status" = 1 ]
	kill -KILL $pid
	becomes running
	sleep 0.3 # what died last may still be dying, and holds its staging so long
	planet commit busy example.org/busy:1 >/dev/null
	[ "$(status_of)" = running ]
	[ "$(ls -A "$root/staging")" = "" ]
}

@test "commit that is killed leaves the store whole, and the next one finishes" {
	make_image
	planet run --name big example.org/base:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do cat /bin/busybox /bin/busybox >/tmp/$i; done'
	local round
	for round in $(seq 12); do
		# The program itself: of the function, only a shell would be killed.
		"$PLANET_BIN" --root "$root" --runroot "$runroot" commit big example.org/big:1 >/dev/null 2>&1 3>&- &
		sleep "0.0$((RANDOM % 90 + 10))"
		kill -9 $! 2>/dev/null || :
		wait $! 2>/dev/null || :
		# Every name leads to a whole image.
		for tag in "$root"/tags/*; do
			manifest=$(readlink "$tag")
			[ -e "$root/images/$manifest" ]
			for blob in $(jq -r '.config.digest, .layers[].digest' "$root/blobs/sha256/$manifest"); do
				echo "${blob#sha256:}  $root/blobs/sha256/${blob#sha256:}" | sha256sum -c --quiet
			done
		done
	done
	sleep 0.5 # what died last may still be dying, and holds its staging so long
	planet commit big example.org/big:1 >/dev/null
	[ "$(planet run --rm example.org/big:1 ls /tmp | wc -l)" = 8 ]
	[ "$(ls -A "$root/staging")" = "" ]
}
