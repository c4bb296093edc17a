#!/usr/bin/env bats
# Images on their way between planet, docker, podman and skopeo, through Debian's registry; `make check-images` installs
# all of them. docker's daemon has mounts and processes of its own, and ends with the test.
load ../e2e/helper
load ../e2e/registry
bats_require_minimum_version 1.5.0

setup() {
	begin_test
	registries=()
	group=$(basename "$top")
	export HOME=$top/home DOCKER_CONFIG=$top/home/.docker
	export SSL_CERT_FILE=$top/tls/ca.crt
	auth=$top/auth.json
	mkdir -p "$DOCKER_CONFIG"
	# podman looks for it wherever it is not told another.
	echo '{}' | tee "$auth" >"$DOCKER_CONFIG/config.json"
	make_certificates
	make_small
	docker_start
}
teardown() {
	docker_stop
	registry_stop
	find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null
	end_test
}

docker_start() {
	echo '{}' >"$top/none.json"
	setpriv --pdeathsig KILL unshare -m -p -f --kill-child --mount-proc bash -c '
		mount -t tmpfs tmpfs /run
		[ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker
		dockerd --config-file "$1/none.json" --data-root "$1/docker" -H "unix://$1/docker.sock" --pidfile "$1/docker.pid" \
			--storage-driver vfs --bridge none --iptables=false --ip6tables=false --cgroup-parent "/$2" &
		trap "kill $!" TERM
		while kill -0 $! 2>/dev/null; do wait $!; done' bash "$top" "$group" >"$top/docker.log" 2>&1 3>&- &
	dockerd=$!
	for _ in $(seq 300); do
		! docker version >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	cat "$top/docker.log"
	return 1
}

docker_stop() {
	[ -n "${dockerd:-}" ] || return 0
	pkill -TERM -P "$dockerd" || :
	for _ in $(seq 100); do kill -0 "$dockerd" 2>/dev/null || break; sleep 0.1; done
	kill -9 "$dockerd" 2>/dev/null || :
	wait "$dockerd" 2>/dev/null || :
}

docker() { command docker -H "unix://$top/docker.sock" "$@"; }
docker_run() { docker run --rm --network none "$@"; }
podman() {
	unshare -m -p -f --kill-child --mount-proc bash -c 'mount -t tmpfs tmpfs /run; exec "$@"' bash \
		podman --runtime "$RUNTIME_BIN" --root "$top/podman" --runroot "$top/podman-run" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file --tmpdir "$top/libpod" "$@"
}
podman_run() {
	podman run --rm --network none --cgroup-parent "/$group" --ulimit nofile=1024:4096 --ulimit nproc=1000:1000 "$@"
}
skopeo_copy() { skopeo copy -q --dest-tls-verify="$verify" --dest-authfile "$auth" "$@"; }
digest_at() { skopeo inspect --tls-verify="$verify" --authfile "$auth" --format '{{.Digest}}' "docker://$1"; }
planet_digest() { echo "sha256:$(readlink "$root/tags/${1//\//!}")"; }

# $top/small.tar, docker's form, and $top/small-oci.tar: example.org/small:1, which says "text".
make_small() {
	local rootfs=$top/rootfs applet
	mkdir -p "$rootfs"/{bin,etc,proc,sys,dev}
	cp /bin/busybox "$rootfs/bin/"
	for applet in sh cat id; do ln -s busybox "$rootfs/bin/$applet"; done
	echo text >"$rootfs/etc/note"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/small-oci.tar" example.org/small:1 "$rootfs" \
		'{"Cmd": ["cat", "/etc/note"], "Env": ["PATH=/bin"]}'
	skopeo copy -q "oci-archive:$top/small-oci.tar:example.org/small:1" "docker-archive:$top/small.tar:example.org/small:1"
}

# pulled NAME: planet has it with the registry's digest, and it runs.
pulled() {
	planet pull -q "$1"
	[ "$(planet_digest "$1")" = "$(digest_at "$1")" ] || { echo "$1: $(planet_digest "$1"), and there $(digest_at "$1")"; return 1; }
	[ "$(planet run --rm "$1")" = text ]
}

# exchange HOST: each pushes, and planet pulls; planet pushes, and each pulls. All are logged in where that is needed.
exchange() {
	local host=$1 digest
	skopeo_copy "oci-archive:$top/small-oci.tar:example.org/small:1" "docker://$host/from/skopeo:oci"
	skopeo_copy --format v2s2 "oci-archive:$top/small-oci.tar:example.org/small:1" "docker://$host/from/skopeo:docker"
	docker load -q -i "$top/small.tar"
	docker tag example.org/small:1 "$host/from/docker:1"
	docker push -q "$host/from/docker:1"
	podman load -q -i "$top/small.tar"
	podman tag example.org/small:1 "$host/from/podman:1"
	podman push -q --tls-verify="$verify" --authfile "$auth" "$host/from/podman:1"
	for name in skopeo:oci skopeo:docker docker:1 podman:1; do pulled "$host/from/$name"; done
	# What came from docker goes on with its digest.
	planet tag "$host/from/docker:1" "$host/again/docker:1"
	planet push -q "$host/again/docker:1"
	[ "$(digest_at "$host/again/docker:1")" = "$(digest_at "$host/from/docker:1")" ]

	planet load -q -i "$top/small-oci.tar"
	planet tag example.org/small:1 "$host/from/planet:1"
	planet push "$host/from/planet:1" >"$top/out"
	digest=$(planet_digest "$host/from/planet:1")
	grep -q "^1: digest: $digest size: " "$top/out"
	[ "$(digest_at "$host/from/planet:1")" = "$digest" ]
	docker rmi -f "$(docker images -q | sort -u)" >/dev/null
	docker pull "$host/from/planet:1" | grep -q "^Digest: $digest$"
	[ "$(docker_run "$host/from/planet:1")" = text ]
	podman rmi -af >/dev/null
	podman pull -q --tls-verify="$verify" --authfile "$auth" "$host/from/planet:1"
	[ "$(podman image inspect --format '{{.Digest}}' "$host/from/planet:1")" = "$digest" ]
	[ "$(docker image inspect --format '{{.RepoDigests}}' "$host/from/planet:1")" = "[$host/from/planet@$digest]" ]
	[ "$(podman_run "$host/from/planet:1")" = text ]
}

# login_all HOST: everybody, with the right password.
login_all() {
	planet login -u ann --password-stdin "$1" <<<secret
	# docker reads planet's login: the file is the same.
	docker login "$1" </dev/null
	skopeo login --authfile "$auth" -u ann -p secret "$1"
}

@test "plain: skopeo, docker, podman to planet, and planet to docker and podman" {
	verify=false
	registry_start plain
	exchange "$registry"
}

@test "TLS and htpasswd: skopeo, docker, podman to planet, and planet to docker and podman" {
	verify=true
	htpasswd -Bbn ann secret >"$top/htpasswd"
	registry_start private "auth: {htpasswd: {realm: test, path: $top/htpasswd}}" \
		", tls: {certificate: $top/tls/server.crt, key: $top/tls/server.key}"
	login_all "localhost:${registry#*:}"
	exchange "localhost:${registry#*:}"
}

@test "TLS and a token server: skopeo, docker, podman to planet, and planet to docker and podman" {
	verify=true
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=issuer -keyout "$top/tls/issuer.key" -out "$top/tls/issuer.crt" \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	cat "$top/tls/issuer.crt" >>"$top/tls/ca.crt"
	# docker has read the authorities at its start.
	docker_stop
	docker_start
	local port
	port=$(free_port)
	TOKEN_LOGIN=ann:secret "$BATS_TEST_DIRNAME/token_server.py" "$port" "$top/tls/issuer.crt" "$top/tls/issuer.key" "$top/granted" \
		>"$top/token.log" 2>&1 3>&- &
	registries+=($!)
	for _ in $(seq 100); do ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break; sleep 0.1; done
	registry_start tokens \
		"auth: {token: {realm: 'https://localhost:$port/token', service: registry, issuer: issuer, rootcertbundle: $top/tls/issuer.crt}}" \
		", tls: {certificate: $top/tls/server.crt, key: $top/tls/server.key}"
	local host=localhost:${registry#*:}
	run planet login -u ann --password-stdin "$host" <<<wrong
	[ "$status" = 1 ]
	[[ "$output" == *"does not take the login"* ]]
	login_all "$host"
	exchange "$host"
	grep -q '^ann repository:from/planet:' "$top/granted"
	# Without a login: what is open, and nothing else.
	skopeo_copy "oci-archive:$top/small-oci.tar:example.org/small:1" "docker://$host/open/small:1"
	planet logout "$host"
	planet pull -q "$host/open/small:1"
	run planet pull -q "$host/from/skopeo:oci"
	[ "$status" = 1 ]
	[[ "${lines[-1]}" == *"planet login $host"* ]]
	run planet push -q "$host/from/planet:1"
	[ "$status" = 1 ]
	[ "$(planet run --rm "$host/open/small:1")" = text ]
}
