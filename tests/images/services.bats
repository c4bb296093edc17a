#!/usr/bin/env bats
# What people run: a database and a web server, of Debian's packages, which come through Debian's registry.
load ../e2e/helper
load ../e2e/registry

setup_file() {
	export IMAGES=$BATS_TEST_DIRNAME/../../build/images
	"$BATS_TEST_DIRNAME/images.sh" "$IMAGES"
	export shared
	shared=$(mktemp -d /var/tmp/planet-images-XXXXXX)
	top=$shared root=$shared/root runroot=$shared/run registries=()
	registry_start registry
	for name in debian postgres nginx; do
		skopeo copy -q --dest-tls-verify=false "oci-archive:$IMAGES/$name.tar" "docker://$registry/$name:1"
		planet pull -q "$registry/$name:1"
		planet tag "$registry/$name:1" "example.org/$name:1"
		planet rmi "$registry/$name:1"
	done
	registry_stop
	rm -rf "$shared/registry"
}
teardown_file() { rm -rf "$shared"; }

setup() {
	begin_test
	root=$shared/root runroot=$shared/run
}

# eventually COMMAND...: it succeeds within 30 seconds.
eventually() {
	for _ in $(seq 300); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "never: $*" >&2
	return 1
}

ask() { planet exec db psql -U postgres -Atc "$1"; }

@test "a database keeps its data in a volume, over rm and another container" {
	for users in "" "--userns host" ""; do
		# shellcheck disable=SC2086
		planet run -d --name db $users -v stars:/data example.org/postgres:1
		eventually planet exec db pg_isready
		ask "create table if not exists star (name text); insert into star values ('Sirius')"
		planet stop -t 20 db
		[ "$(planet inspect -f '{{.State.ExitCode}}' db)" = 0 ]
		planet rm db
	done
	planet run -d --name db -v stars:/data example.org/postgres:1
	eventually planet exec db pg_isready
	[ "$(ask 'select count(*) from star')" = 3 ]
	# Killed, it recovers what was committed.
	ask "insert into star values ('Vega')"
	planet kill db
	planet wait db
	planet start db
	eventually planet exec db pg_isready
	[ "$(ask 'select count(*) from star')" = 4 ]
	run planet volume rm stars
	[ "$status" = 1 ]
	planet rm -f db
	planet volume rm stars
	[ -z "$(planet volume ls -q)" ]
}

@test "a web server answers, logs, reloads and ends well" {
	mkdir "$top/site"
	echo 'hello from a planet' >"$top/site/index.html"
	planet run -d --name web -v "$top/site:/var/www/html:ro" example.org/nginx:1 \
		nginx -g 'daemon off; error_log stderr notice;'
	eventually planet exec web wget -qO- http://127.0.0.1/
	[ "$(planet exec web wget -qO- http://127.0.0.1/)" = 'hello from a planet' ]
	run planet exec web wget -qO- http://127.0.0.1/missing
	[ "$status" != 0 ]
	planet exec web grep -q '"GET /missing HTTP/1.1" 404' /var/log/nginx/access.log
	planet kill -s HUP web
	logs() { planet logs web 2>&1 | grep "$1"; }
	eventually logs reconfiguring
	eventually planet exec web wget -qO- http://127.0.0.1/
	planet stop -t 20 web
	[ "$(planet inspect -f '{{.State.ExitCode}}' web)" = 0 ]
	planet rm web
}

@test "a system: packages, users, and a copy of what was changed" {
	planet run --name box example.org/debian:1 sh -c 'useradd -m pilot && dpkg --remove --force-depends tzdata >/dev/null 2>&1; su pilot -c "id -un; touch ~/here"'
	planet diff box | grep -q '^A /home/pilot/here$'
	planet commit box example.org/changed:1
	[ "$(planet run --rm -u pilot example.org/changed:1 sh -c 'ls ~; id -un')" = $'here\npilot' ]
	planet rm box
	planet rmi example.org/changed:1
}
