#!/usr/bin/env bats
# A web server of Debian's packages on a network, and a client that knows its name.
load ../e2e/helper

IMAGES=$BATS_TEST_DIRNAME/../../build/images

setup_file() {
	"$BATS_TEST_DIRNAME/images.sh" "$IMAGES"
	export shared
	shared=$(mktemp -d /var/tmp/planet-images-XXXXXX)
	top=$shared root=$shared/root runroot=$shared/run
	planet load -q -i "$IMAGES/nginx.tar"
}
teardown_file() { rm -rf "$shared"; }

setup() {
	begin_test
	root=$shared/root runroot=$shared/run
}

# client ARGUMENTS...: wget of the nginx image, on the network.
client() { planet run --rm --network stars example.org/nginx:1 wget -T 5 -t 10 --retry-connrefused -qO- "$@"; }

@test "a web server is found by its name and its alias, over IPv4 and IPv6" {
	mkdir "$top/site"
	echo 'hello from a planet' >"$top/site/index.html"
	planet network create --ipv6 stars
	planet run -d --name web --network stars --network-alias www -p 8080:80 -p 0.0.0.0:8081:80 \
		-v "$top/site:/var/www/html:ro" example.org/nginx:1
	for family in -4 -6; do
		for name in web www web.stars; do [ "$(client $family "http://$name/")" = 'hello from a planet' ]; done
	done
	for port in 8080 8081; do [ "$(curl -s "http://127.0.0.1:$port/")" = 'hello from a planet' ]; done
	# Both families were used, and the server has seen the clients' own addresses.
	for prefix in 10 fd; do planet exec web grep -q "^$prefix.*GET / " /var/log/nginx/access.log; done
	# Elsewhere nobody has that name.
	run planet run --rm example.org/nginx:1 wget -T 5 -t 1 -qO- http://web/
	[ "$status" != 0 ]
	# A name goes with its container, and comes with the next one.
	planet rm -f web
	run client -t 1 http://web/
	[ "$status" != 0 ]
	planet run -d --name web --network stars -v "$top/site:/var/www/html:ro" example.org/nginx:1
	[ "$(client http://web/)" = 'hello from a planet' ]
	planet stop -t 20 web
	[ "$(planet inspect -f '{{.State.ExitCode}}' web)" = 0 ]
	planet rm web
	planet network rm stars
}

@test "a large file comes whole through a published port, to eight clients at once" {
	mkdir "$top/site"
	head -c 50000000 /dev/urandom >"$top/site/large"
	planet run -d --name web -p 8080:80 -v "$top/site:/var/www/html:ro" example.org/nginx:1
	for _ in $(seq 100); do ! curl -sf http://127.0.0.1:8080/large | cmp -s - "$top/site/large" || break; sleep 0.1; done
	for client in $(seq 8); do
		curl -s http://127.0.0.1:8080/large | cmp - "$top/site/large" && touch "$top/whole$client" 3>&- &
	done
	wait $(jobs -p)
	[ "$(ls "$top"/whole* | wc -l)" = 8 ]
	planet rm -f web
}
