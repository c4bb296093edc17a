#!/usr/bin/env bats
# Archives that docker and podman write themselves: loaded and run. `make check-peers` installs what this needs.
load ../e2e/helper

# A small root filesystem for both engines to import, with a configuration that `run` must follow.
make_tar() {
	mkdir -p "$top/rootfs/bin" "$top/rootfs/etc"
	cp /bin/busybox "$top/rootfs/bin/"
	for name in sh cat id; do ln -s busybox "$top/rootfs/bin/$name"; done
	echo "root:x:0:0::/:/bin/sh" >"$top/rootfs/etc/passwd"
	echo below >"$top/rootfs/etc/note"
	tar -cf "$top/rootfs.tar" -C "$top/rootfs" .
}

check_image() { # IMAGE
	[ "$(planet run --rm "$1" cat /etc/note)" = below ]
	[ "$(planet run --rm "$1" id -u)" = 7 ]
	[ "$(planet run --rm "$1" sh -c 'echo $PLACE; pwd')" = $'orbit\n/etc' ]
}

@test "docker save" {
	command -v dockerd >/dev/null || skip "docker is not installed; make check-peers installs it"
	make_tar
	docker="docker -H unix://$top/docker.sock"
	dockerd --data-root "$top/docker" --exec-root "$top/docker-run" -H "unix://$top/docker.sock" --pidfile "$top/docker.pid" \
		--bridge=none --iptables=false --ip6tables=false >"$top/docker.log" 2>&1 3>&- &
	daemon=$!
	for _ in $(seq 150); do $docker version >/dev/null 2>&1 && break; sleep 0.2; done
	$docker import -c 'ENV PLACE=orbit' -c 'USER 7' -c 'WORKDIR /etc' "$top/rootfs.tar" example.org/small:1 >/dev/null
	$docker tag example.org/small:1 example.org/small:2
	$docker save -o "$top/docker.tar" example.org/small:1 example.org/small:2
	kill $daemon
	wait $daemon || :
	run planet load -i "$top/docker.tar"
	[ "$output" = $'Loaded image: example.org/small:1\nLoaded image: example.org/small:2' ]
	for tag in 1 2; do check_image "example.org/small:$tag"; done
}

@test "podman save, as docker archive and as OCI archive" {
	command -v podman >/dev/null || skip "podman is not installed; make check-peers installs it"
	make_tar
	podman() { command podman --runtime runc --root "$top/podman" --runroot "$top/podman-run" --storage-driver vfs "$@"; }
	podman import -c 'ENV PLACE=orbit' -c 'USER 7' -c 'WORKDIR /etc' "$top/rootfs.tar" example.org/small:1 >/dev/null 2>&1
	for format in docker oci; do
		podman save -q --format "$format-archive" -o "$top/$format.tar" example.org/small:1
		run planet load -i "$top/$format.tar"
		[ "$output" = "Loaded image: example.org/small:1" ]
		check_image example.org/small:1
	done
}
