#!/usr/bin/env bats
# The commands of the README as they stand there, one after the other: all that is another's is the store they use.
load ../e2e/helper

README=$BATS_TEST_DIRNAME/../../README.md

# section FROM TO: the lines between two beginnings of lines.
section() { sed -n "/^$1/,/^$2/p" "$README"; }
# Of the examples, what stands behind a prompt, and the lines that go on with it.
commands() { sed -n '/^```console/,/^```$/p' | sed -n 's/^# //p; /^    /p'; }
program() { sed -n '/^```python/,/^```$/p' | sed '/^```/d'; }

# walk FROM TO COUNT: that section's commands, of which so many are planet's. What they say is in $top/out.
walk() {
	section "$1" "$2" | commands >"$top/walk"
	[ "$(grep -c 'build/planet' "$top/walk")" = "$3" ]
	bash -eu walk >out 2>&1 3>&- </dev/null || { tail -n 20 out; false; }
}

@test "from nothing to a database with its data in a volume, and a web server with an application before it" {
	mkdir "$top/build"
	printf '#!/bin/sh\nexec "%s" --root "%s" --runroot "%s" "$@"\n' "$PLANET_BIN" "$root" "$runroot" >"$top/build/planet"
	chmod 755 "$top/build/planet"
	# Packages come by the machine's network, which is not that of the test.
	mkdir "$top/bin"
	printf '#!/bin/sh\nexec nsenter -t "%s" -n "%s" "$@"\n' "$TEST_OUTSIDE" "$(command -v mmdebstrap)" >"$top/bin/mmdebstrap"
	chmod 755 "$top/bin/mmdebstrap"
	PATH=$top/bin:$PATH
	cd "$top"
	walk 'A database, from nothing' 'Directories of the host' 8
	[ "$(tail -n 1 out)" = Sirius ]
	section 'A container is on the default network' 'A container that runs' | program >app.py
	walk 'A container is on the default network' 'A container that runs' 8
	grep -q '^Name:.*db' out
	[ "$(tail -n 1 out)" = Sirius ]
	# What is there is asked for each time.
	planet exec db psql -c "insert into star values ('Vega')"
	[ "$(curl -s http://127.0.0.1:8080/)" = 'Sirius Vega' ]
	# Nobody but the web server is published, and each ends by itself when it is told to.
	[ "$(planet ps --format '{{.Names}} {{.Ports}}' | sort)" = $'app \ndb \nweb 127.0.0.1:8080->80/tcp' ]
	walk 'A container that runs' 'Profiles for' 4
	grep -q '^Name:.*site' out
	planet network rm moons
	planet stop -t 20 web db
	planet rm -f web app db
	planet network rm stars
	planet volume rm stars
}
