#!/usr/bin/env bats
# Images from and to Debian's registry, beside skopeo.
load helper
load registry
bats_require_minimum_version 1.5.0

setup() {
	begin_test
	registries=()
	# Logins of the test's own, and nobody else's.
	export HOME=$top/home DOCKER_CONFIG=$top/home/.docker
	mkdir -p "$HOME"
}
teardown() {
	registry_stop
	end_test
}

# An archive with one image of busybox and another layer upon it; $1 is what the second layer's file says.
make_image() {
	local layout=$top/layout-$1
	umoci init --layout "$layout" >/dev/null
	umoci new --image "$layout:1" >/dev/null
	umoci unpack --image "$layout:1" "$top/bundle-$1" >/dev/null
	mkdir -p "$top/bundle-$1/rootfs/bin"
	cp /bin/busybox "$top/bundle-$1/rootfs/bin/"
	ln -s busybox "$top/bundle-$1/rootfs/bin/sh"
	ln -s busybox "$top/bundle-$1/rootfs/bin/cat"
	umoci repack --refresh-bundle --image "$layout:1" "$top/bundle-$1" >/dev/null
	echo "$1" >"$top/bundle-$1/rootfs/word"
	umoci repack --image "$layout:1" "$top/bundle-$1" >/dev/null
	umoci config --image "$layout:1" --config.cmd /bin/cat --config.cmd /word >/dev/null
}

copy() { skopeo copy -q --dest-tls-verify=false --src-tls-verify=false "$@"; }
digest_at() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }
nothing_stored() {
	[ -z "$(ls -A "$root/layers" "$root/blobs/sha256" "$root/images" "$root/tags" "$root/staging" | grep -v ':$')" ]
}

@test "what skopeo pushes is pulled and run, OCI and docker" {
	make_image first
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:oci"
	copy --format v2s2 "oci:$top/layout-first:1" "docker://$registry/a/first:docker"
	for tag in oci docker; do
		run planet pull "$registry/a/first:$tag"
		[ "$status" = 0 ]
		[ "${lines[0]}" = "$tag: Pulling from $registry/a/first" ]
		[[ "$output" == *"Digest: $(digest_at "$registry/a/first:$tag")"* ]]
		[[ "$output" == *"Status: Downloaded newer image for $registry/a/first:$tag"* ]]
		[ "${lines[-1]}" = "$registry/a/first:$tag" ]
		[ "$(planet run --rm "$registry/a/first:$tag")" = first ]
	done
	[ "$(find "$root/layers" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]
	# A manifest of docker's is kept byte for byte, and index.json says what it is.
	[ "sha256:$(jq -r '.manifests[] | select(.mediaType == "application/vnd.docker.distribution.manifest.v2+json").digest' "$root/index.json" | cut -d: -f2)" = "$(digest_at "$registry/a/first:docker")" ]
	run planet pull "$registry/a/first:oci"
	[[ "$output" == *"Already exists"* ]]
	[[ "$output" == *"Status: Image is up to date for $registry/a/first:oci"* ]]
	[ "$(planet pull -q "$registry/a/first:oci")" = "$registry/a/first:oci" ]
	planet pull --progress json "$registry/a/first:oci" | jq -e -s 'any(.[]; .status | startswith("Digest: sha256:"))'
}

@test "run pulls what is missing, by tag and by digest, and says so" {
	make_image first
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:1"
	digest=$(digest_at "$registry/a/first:1")
	run planet run --rm --pull never "$registry/a/first:1"
	[ "$status" = 125 ]
	run --separate-stderr planet run --rm "$registry/a/first:1"
	[ "$status" = 0 ]
	[ "$output" = first ]
	[[ "$stderr" == "Unable to find image '$registry/a/first:1' locally"* ]]
	run --separate-stderr planet run --rm "$registry/a/first:1"
	[ "$stderr" = "" ]
	make_image second
	copy "oci:$top/layout-second:1" "docker://$registry/a/first:1"
	[ "$(planet run --rm "$registry/a/first:1")" = first ]
	[ "$(planet run --rm --pull always "$registry/a/first:1" 2>/dev/null)" = second ]
	[ "$(planet run --rm "$registry/a/first@$digest" 2>/dev/null)" = first ]
	run planet run --rm "$registry/a/none"
	[ "$status" = 125 ]
	[[ "${lines[-1]}" == *"manifest unknown"* ]]
	# The image that is carried along needs no registry.
	HTTP_PROXY=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 planet run --rm busybox true
}

@test "an index is pulled for this machine, or for the one that is named" {
	make_image first
	make_image second
	umoci config --image "$top/layout-second:1" --architecture s390x
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/x:first"
	copy "oci:$top/layout-second:1" "docker://$registry/a/x:second"
	python3 - "$registry" <<'PYTHON'
import http.client, json, sys
host = sys.argv[1]
manifests = []
for tag, architecture in (("second", "s390x"), ("first", "amd64")):
    connection = http.client.HTTPConnection(host)
    connection.request("GET", f"/v2/a/x/manifests/{tag}", headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    answer = connection.getresponse()
    answer_body = answer.read()
    manifests.append({"mediaType": answer.getheader("Content-Type"), "digest": answer.getheader("Docker-Content-Digest"),
                      "size": len(answer_body), "platform": {"os": "linux", "architecture": architecture}})
kind = "application/vnd.oci.image.index.v1+json"
connection.request("PUT", "/v2/a/x/manifests/all", json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}),
                   {"Content-Type": kind})
assert connection.getresponse().status == 201
PYTHON
	index=$(curl -sI -H "Accept: application/vnd.oci.image.index.v1+json" "http://$registry/v2/a/x/manifests/all" | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip')
	run planet pull "$registry/a/x:all"
	[ "$status" = 0 ]
	[[ "$output" == *"Digest: $index"* ]]
	[ "$(planet run --rm "$registry/a/x@$index")" = first ]
	run planet pull --platform linux/arm64 "$registry/a/x:all"
	[ "$status" = 1 ]
	[ "${lines[-1]}" = "planet: pull \"$registry/a/x:all\": \"$registry/a/x:all\" has no image for linux/arm64; it has them for: linux/s390x, linux/amd64" ]
	planet pull -q --platform linux/s390x "$registry/a/x:all"
	run planet pull --platform linux/s390x "$registry/a/x:first"
	[ "$status" = 1 ]
}

@test "what planet pushes is what skopeo finds, and what is there is not sent" {
	make_image first
	registry_start plain
	skopeo copy -q "oci:$top/layout-first:1" "oci-archive:$top/first.tar:$registry/a/first:1"
	planet load -q -i "$top/first.tar"
	digest=sha256:$(readlink "$root/tags/$registry!a!first:1")
	run planet push "$registry/a/first:1"
	[ "$status" = 0 ]
	[ "${lines[0]}" = "The push refers to repository [$registry/a/first]" ]
	[ "$(grep -c ': Pushed$' <<<"$output")" = 2 ]
	[[ "${lines[-1]}" == "1: digest: $digest size: "* ]]
	[ "$(digest_at "$registry/a/first:1")" = "$digest" ]
	run planet push "$registry/a/first:1"
	[ "$(grep -c ': Layer already exists$' <<<"$output")" = 2 ]
	skopeo copy -q "oci:$top/layout-first:1" "oci-archive:$top/other.tar:$registry/b/other:1"
	planet load -q -i "$top/other.tar"
	run planet push "$registry/b/other:1"
	[ "$(grep -c ': Mounted from a/first$' <<<"$output")" = 2 ]
	[ "$(digest_at "$registry/b/other:1")" = "$digest" ]
	root=$top/elsewhere
	[ "$(planet run --rm "$registry/b/other:1" 2>/dev/null)" = first ]
	run planet push "$registry/none:1"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 2 ]
}

@test "a private registry: login, pull, push, logout" {
	make_image first
	registry_start_private private
	local host=localhost:${registry#*:}
	run planet pull "$host/a/first:1"
	[ "$status" = 1 ]
	[[ "$output" == *"certificate"*"certs.d"* ]]
	export SSL_CERT_FILE=$top/tls/ca.crt
	run planet pull "$host/a/first:1"
	[ "$status" = 1 ]
	[[ "$output" == *"planet login $host"* ]]
	run planet login -u ann --password-stdin "$host" <<<wrong
	[ "$status" = 1 ]
	[[ "$output" != *wrong* ]]
	[ ! -e "$DOCKER_CONFIG/config.json" ]
	run planet login -u ann --password-stdin "$host" <<<secret
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "Login Succeeded" ]
	[ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ]
	skopeo copy -q --dest-creds ann:secret --dest-tls-verify=false "oci:$top/layout-first:1" "docker://$host/a/first:1"
	[ "$(planet run --rm "$host/a/first:1" 2>/dev/null)" = first ]
	cp -a "$root/tags/$host!a!first:1" "$root/tags/$host!a!second:1"
	planet push -q "$host/a/second:1"
	skopeo inspect --creds ann:secret --tls-verify=false "docker://$host/a/second:1" >/dev/null
	run planet login "$host"
	[ "${lines[0]}" = "Authenticating with existing credentials..." ]
	[ "${lines[1]}" = "Login Succeeded" ]
	[ "$(planet logout "$host")" = "Removing login credentials for $host" ]
	[ "$(planet logout "$host")" = "Not logged in to $host" ]
	run planet push "$host/a/second:1"
	[ "$status" = 1 ]
	[[ "${lines[-1]}" == *"planet login $host"* ]]
}

@test "a credential helper keeps the login" {
	registry_start_private private
	local host=localhost:${registry#*:}
	export SSL_CERT_FILE=$top/tls/ca.crt
	mkdir -p "$top/bin" "$DOCKER_CONFIG"
	cat >"$top/bin/docker-credential-test" <<-HELPER
		#!/bin/sh
		case \$1 in
		store) cat >$top/kept ;;
		get) cat $top/kept 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
		erase) rm $top/kept ;;
		esac
	HELPER
	chmod 755 "$top/bin/docker-credential-test"
	echo '{"credsStore": "test"}' >"$DOCKER_CONFIG/config.json"
	run planet login -u ann --password-stdin "$host" <<<secret
	[ "$status" = 1 ]
	[[ "$output" == *"docker-credential-test"*"not in PATH"* ]]
	export PATH=$top/bin:$PATH
	planet login -u ann --password-stdin "$host" <<<secret
	grep -q secret "$top/kept"
	refute grep -q YW5u "$DOCKER_CONFIG/config.json"
	run planet login "$host"
	[ "${lines[-1]}" = "Login Succeeded" ]
	planet logout "$host"
	[ ! -e "$top/kept" ]
}

@test "fifty pulls of one image at once end well" {
	make_image first
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:1"
	local pulls=() one
	for _ in $(seq 50); do planet pull -q "$registry/a/first:1" >>"$top/out" 2>&1 3>&- & pulls+=($!); done
	for one in "${pulls[@]}"; do wait "$one"; done
	[ "$(grep -c "^$registry/a/first:1$" "$top/out")" = 50 ]
	[ "$(wc -l <"$top/out")" = 50 ]
	[ -z "$(ls -A "$root/staging")" ]
	[ "$(planet run --rm "$registry/a/first:1")" = first ]
}

@test "prune during pulls takes nothing that they need" {
	make_image first
	make_image second
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:1"
	copy "oci:$top/layout-second:1" "docker://$registry/a/second:1"
	local i all pruner
	for all in -a ""; do
		(
			while [ ! -e "$top/stop" ]; do
				planet image prune -f $all
				planet system prune -f $all
			done
		) >"$top/pruned" 2>&1 3>&- &
		pruner=$!
		registries+=($pruner) # it ends with them, if this fails
		for i in $(seq 8); do
			planet pull -q "$registry/a/first:1" >/dev/null
			planet pull -q "$registry/a/second:1" >/dev/null
			planet system check -q
			[ -n "$all" ] || [ "$(planet run --rm "$registry/a/first:1")" = first ]
			[ -n "$all" ] || planet rmi -f "$registry/a/first:1" "$registry/a/second:1" >/dev/null
		done
		touch "$top/stop"
		wait $pruner || { tail -n 5 "$top/pruned"; return 1; }
		rm "$top/stop"
		refute grep "^planet: " "$top/pruned"
	done
	[ -z "$(ls -A "$root/staging")" ]
}

@test "a mirror is asked first, and its failure is no failure" {
	make_image first
	registry_start mirror
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:1"
	local mirror=$registry
	registry_start origin
	copy "oci:$top/layout-first:1" "docker://$registry/a/second:1"
	echo "{\"mirrors\": {\"$registry\": [\"127.0.0.1:1\", \"$mirror\"]}}" >"$top/registries.json"
	export PLANET_REGISTRIES=$top/registries.json
	planet pull -q "$registry/a/first:1"
	planet pull -q "$registry/a/second:1"
	echo '{"mirror": {}}' >"$top/registries.json"
	run planet pull "$registry/a/first:1"
	[ "$status" = 1 ]
	[[ "$output" == *'"mirror" is not a setting'* ]]
}

@test "words that are wrong are refused in one sentence" {
	local words
	for words in "pull" "pull UPPER" "pull a b" "pull --platform x/y/z/w a" "pull --progress loud a" "pull -a a:1" "push" "push a@sha256:$(printf %064d 0)" \
		"push --progress loud a" "login -p x --password-stdin -u y h" "login --password-stdin h" "login h/x y" "login https://" "logout a b" \
		"pull a@sha256:../../x" "run --pull sometimes busybox" "pull 127.0.0.1:1/x"; do
		run planet $words </dev/null
		[ "$status" -ne 0 ]
		[ "$(grep -c '^planet: ' <<<"$output")" = 1 ] || { echo "$words: $output"; false; }
	done
}

@test "a pull that is killed or interrupted leaves nothing, and the next one finishes" {
	make_image first
	head -c 3000000 /dev/urandom >"$top/bundle-first/rootfs/random"
	umoci repack --image "$top/layout-first:1" "$top/bundle-first" >/dev/null
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/first:1"
	local round signal pull status
	for round in $(seq 16); do
		signal=$([ $((round % 2)) = 0 ] && echo KILL || echo TERM)
		"$PLANET_BIN" --root "$root" --runroot "$runroot" pull -q "$registry/a/first:1" >"$top/out" 2>&1 3>&- &
		pull=$!
		sleep "0.0$((round * 5 + 10))"
		# It may have ended by itself.
		kill -$signal $pull 2>/dev/null || :
		status=0
		wait $pull || status=$?
		case $status in 0 | 137 | 143) ;; *) cat "$top/out"; false ;; esac
		[ $signal = KILL ] || [ -z "$(ls -A "$root/staging" 2>/dev/null)" ]
		planet system check
		[ $((round % 4)) != 0 ] || rm -rf "$root"
	done
	planet pull -q "$registry/a/first:1"
	[ -z "$(ls -A "$root/staging")" ]
	[ "$(planet run --rm "$registry/a/first:1" /bin/cat /word)" = first ]
	for blob in "$root"/blobs/sha256/*; do [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "$(basename "$blob")" ]; done
}

@test "search: in the registry's list of repositories, and what is refused" {
	registry_start one
	make_image first
	for name in web/app web/site db; do copy "oci:$top/layout-first:1" "docker://$registry/$name:1"; done
	run planet search "$registry/web"
	[ "$status" = 0 ]
	[[ "${lines[0]}" =~ ^NAME\ +DESCRIPTION\ +STARS\ +OFFICIAL ]]
	[ "$(planet search --format '{{.Name}}' "$registry/web")" = "$(printf '%s\n' "$registry/web/app" "$registry/web/site")" ]
	[ "$(planet search --limit 1 --format '{{.Name}} {{.StarCount}}' "$registry/web")" = "$registry/web/app 0" ]
	[ "$(planet search --format '{{.Name}}' --filter stars=1 "$registry/web")" = "" ]
	run planet search "$registry/"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run planet search --limit 101 "$registry/web"
	[ "$status" = 1 ]
	[[ "$output" == *"limit 101"* ]]
	run planet search --filter colour=red "$registry/web"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run planet search
	[ "$status" = 1 ]
	registry_stop
	run planet search "$registry/web"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
}

put_manifest() { # TAG TYPE FILE
	curl -sf -X PUT -H "Content-Type: $2" --data-binary "@$3" "http://$registry/v2/web/app/manifests/$1"
}

put_blob() { # FILE
	local place
	place=$(curl -sf -X POST -D - -o /dev/null "http://$registry/v2/web/app/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //Ip')
	curl -sf -X PUT --data-binary "@$1" -H 'Content-Type: application/octet-stream' "$place&digest=sha256:$(sha256sum <"$1" | cut -d' ' -f1)"
}

@test "image referrers: what is signed and described, as the registry lists it" {
	registry_start one
	make_image first
	copy "oci:$top/layout-first:1" "docker://$registry/web/app:1"
	run planet image referrers "$registry/web/app:1"
	[ "$status" = 0 ]
	[[ "$output" =~ ^DIGEST\ +ARTIFACT\ TYPE\ +SIZE ]]
	[ "${#lines[@]}" = 1 ]
	# A registry without the list has it under a tag.
	local subject digest manifest=application/vnd.oci.image.manifest.v1+json
	subject=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/web/app:1")
	printf '{}' >"$top/empty"
	put_blob "$top/empty"
	printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/x.sbom","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:%s","size":2},"layers":[],"subject":{"mediaType":"%s","digest":"%s","size":1}}' \
		"$manifest" "$(sha256sum <"$top/empty" | cut -d' ' -f1)" "$manifest" "$subject" >"$top/sbom"
	put_manifest sbom "$manifest" "$top/sbom"
	digest=sha256:$(sha256sum <"$top/sbom" | cut -d' ' -f1)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"%s","digest":"%s","size":%s,"artifactType":"application/x.sbom\\u001b[31m","annotations":{"org.opencontainers.image.created":"2026-01-02T03:04:05Z"}}]}' \
		"$manifest" "$digest" "$(stat -c %s "$top/sbom")" >"$top/list"
	put_manifest "${subject/:/-}" application/vnd.oci.image.index.v1+json "$top/list"
	[ "$(planet image referrers --format '{{.Digest}} {{.CreatedAt}}' "$registry/web/app:1")" = "$digest 2026-01-02T03:04:05Z" ]
	[ "$(planet image referrers -q "$registry/web/app@$subject")" = "$digest" ]
	[[ "$(planet image referrers "$registry/web/app:1")" != *$'\e'* ]]
	[ -z "$(planet image referrers -q --filter type=application/x.signature "$registry/web/app:1")" ]
	# A list that is none, and images that are not there.
	put_manifest "${subject/:/-}" "$manifest" "$top/sbom"
	local words
	for words in "$registry/web/app:2" "$registry/nobody:1" "UPPER/app" ""; do
		run planet image referrers "$words"
		[ "$status" = 1 ]
		[ "${#lines[@]}" = 1 ] || { echo "$output"; false; }
	done
}

@test "system check --repair: what is damaged is pulled again, with its names" {
	make_image first
	registry_start plain
	copy "oci:$top/layout-first:1" "docker://$registry/a/x:1"
	planet pull -q "$registry/a/x:1" >/dev/null
	planet tag "$registry/a/x:1" other:2
	digest=$(readlink "$root/tags/localhost!other:2" || readlink "$root/tags/docker.io!library!other:2")
	# The configuration: without it the image is none.
	config=$(jq -r .config.digest "$root/blobs/sha256/$digest")
	echo >>"$root/blobs/sha256/${config#sha256:}"
	run planet system check --repair
	[ "$status" = 0 ]
	[ "${lines[-1]}" = "image $digest: pulled again from $registry/a/x" ]
	[ "$(planet run --rm other:2)" = first ]
	[ "$(planet run --rm --pull never "$registry/a/x:1")" = first ]
	# A blob whose layer is unpacked and whole.
	blob=$(jq -r '.layers[0].digest' "$root/blobs/sha256/$digest")
	echo >>"$root/blobs/sha256/${blob#sha256:}"
	planet system check --repair
	echo "${blob#sha256:}  $root/blobs/sha256/${blob#sha256:}" | sha256sum -c --quiet
	planet system check
	# Where nobody has it any more.
	registry_stop
	echo >>"$root/blobs/sha256/${config#sha256:}"
	run planet system check --repair
	[ "$status" = 1 ]
	[ "${lines[-1]}" = "planet: image $digest could not be pulled again from $registry/a/x" ]
	[ -z "$(planet images -q)" ]
	planet system check
}
