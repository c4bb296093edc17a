#!/usr/bin/env bats
# /etc/hosts, /etc/hostname and /etc/resolv.conf of a container.
load helper

# An image with what is needed to look, without /etc: example.org/bare:1. `prepare_image` may put more into $top/image.
make_image() {
	mkdir -p "$top/image"/{bin,tmp}
	cp /bin/busybox "$top/image/bin/"
	local applet
	for applet in sh cat ls mount touch stat; do ln -s busybox "$top/image/bin/$applet"; done
	"$@"
	python3 "$BATS_TEST_DIRNAME/../attack/image.py" "$top/image.tar" example.org/bare:1 "$top/image" '{"Cmd": ["sh"]}'
	planet load -q -i "$top/image.tar" >/dev/null
}

@test "without a network: this host's names are not there, and the container's own name is" {
	local id
	id=$(planet run -d --network none busybox sleep 1000)
	[ "$(planet exec "$id" cat /etc/hostname)" = "${id:0:12}" ]
	run planet exec "$id" cat /etc/hosts
	[ "${lines[0]}" = $'127.0.0.1\tlocalhost' ]
	[ "${lines[1]}" = $'::1\tlocalhost ip6-localhost ip6-loopback' ]
	[ "${#lines[@]}" = 6 ]
	planet exec "$id" sh -c 'for f in hosts hostname resolv.conf; do stat -c "%a %u %g" /etc/$f; done' >"$top/rights"
	[ "$(sort -u "$top/rights")" = "644 0 0" ]
	# Of the host's servers those that it could reach.
	run planet exec "$id" cat /etc/resolv.conf
	[[ "$output" != *"nameserver 127."* && "$output" != *"nameserver ::1"* ]]
	planet rm -f "$id"
	[ "$(planet run --rm --hostname mars busybox cat /etc/hostname)" = mars ]
}

@test "with the host's network the files are the host's, and what is written there is not" {
	[ "$(planet run --rm --network host busybox cat /etc/hosts)" = "$(cat /etc/hosts)" ]
	[ "$(planet run --rm --network host busybox cat /etc/resolv.conf)" = "$(cat /etc/resolv.conf)" ]
	[ "$(planet run --rm --network host busybox cat /etc/hostname)" = "$(cat /proc/sys/kernel/hostname)" ]
	sha256sum /etc/hosts /etc/resolv.conf >"$top/sums"
	planet run --rm --network host busybox sh -c 'echo mine >>/etc/hosts; echo mine >/etc/resolv.conf'
	sha256sum --quiet -c "$top/sums"
}

@test "they are written anew at each start, and are read-only where the root is" {
	planet run --name web --network none busybox sh -c 'cat /etc/hosts /etc/hostname; echo 192.0.2.1 evil >>/etc/hosts; chmod 0 /etc/hosts; echo x >/etc/hostname' >"$top/first"
	planet start -a web >"$top/second"
	diff "$top/first" "$top/second"
	[ "$(wc -l <"$top/first")" = 7 ]
	run planet run --rm --read-only busybox sh -c 'echo x >/etc/hosts'
	[ "$status" != 0 ]
	[[ "$output" == *"Read-only file system"* ]]
}

@test "what the user mounts there stays" {
	echo own >"$top/own"
	[ "$(planet run --rm -v "$top/own:/etc/hosts:ro" busybox cat /etc/hosts)" = own ]
	[ "$(cat "$top/own")" = own ]
	[ "$(planet run --rm --tmpfs /etc busybox sh -c 'cat /etc/hostname | wc -l; ls /etc')" = $'1\nhostname\nhosts\nresolv.conf' ]
}

@test "who shares a network has the files of its container, as they are" {
	planet run -d --name first --hostname mars busybox sleep 1000
	planet exec first sh -c 'echo 192.0.2.1 seen >>/etc/hosts'
	[ "$(planet run --rm --network container:first busybox sh -c 'cat /etc/hostname; tail -n 1 /etc/hosts')" = $'mars\n192.0.2.1 seen' ]
	planet run -d --name second --network container:first busybox sleep 1000
	[ "$(planet run --rm --network container:second busybox cat /etc/hostname)" = mars ]
	planet rm -f first second
}

@test "none of them is a change: diff, commit, export and cp" {
	make_image true
	planet run --name web example.org/bare:1 sh -c 'cat /etc/hosts; echo more >>/etc/hosts; echo more >/etc/hostname' | grep -q localhost
	[ -z "$(planet diff web)" ]
	planet commit web example.org/made:1 >/dev/null
	planet save -o "$top/made.tar" example.org/made:1
	mkdir "$top/made"
	tar -xf "$top/made.tar" -C "$top/made"
	local layer names=
	for layer in "$top"/made/*.tar; do names+=$(tar -tf "$layer"); done
	[[ "$names" == *bin/busybox* && "$names" != *etc* ]]
	# As docker has it: the places are there, and nothing is in them.
	planet export web | tar -xO etc/hosts etc/hostname etc/resolv.conf >"$top/exported"
	[ ! -s "$top/exported" ]
	# A change beside them is one, and only that.
	planet rm web
	planet run --name web example.org/bare:1 touch /etc/mine
	[ "$(planet diff web)" = $'C /etc\nA /etc/mine' ]
}

@test "an image may have links in their places, also such as lead nowhere yet" {
	links() {
		mkdir -p "$top/image/etc" "$top/image/usr"
		ln -s ../run/systemd/resolve/stub-resolv.conf "$top/image/etc/resolv.conf"
		ln -s /usr/hosts "$top/image/etc/hosts"
		echo image >"$top/image/usr/hosts"
	}
	make_image links
	[ "$(planet run --rm --hostname mars example.org/bare:1 sh -c 'cat /etc/hostname; cat /usr/hosts /etc/hosts' | sed -n '1p;2p' | tr '\n' ' ')" = $'mars 127.0.0.1\tlocalhost ' ]
	planet run --rm example.org/bare:1 sh -c 'cat /etc/resolv.conf >/tmp/x && ls /run/systemd/resolve' | grep -qx stub-resolv.conf
}
