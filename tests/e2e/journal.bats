#!/usr/bin/env bats
# --log-driver journald, with a systemd-journald of the test's own: in a mount namespace whose /run is empty.
load helper

setup() {
	begin_test
	mkdir "$top/etc"
	printf '[Journal]\nStorage=volatile\nAudit=no\nReadKMsg=no\nForwardToSyslog=no\nForwardToWall=no\nRateLimitIntervalSec=0\n' >"$top/etc/journald.conf"
}

# A shell in that namespace; what it runs sees the journal, or with JOURNAL=no only its place.
in_journal() { # SCRIPT
	timeout 60 unshare -m --propagation private bash -eu -c '
		planet() { "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"; }
		shown() { journalctl -q --file "/run/log/journal/*/system.journal" -o json --all "$@"; }
		until_true() { for _ in $(seq 100); do ! "$@" || return 0; sleep 0.05; done; return 1; }
		mount -t tmpfs tmpfs /run
		mkdir -p /run/systemd/journal /run/planet
		[ -d /etc/systemd ] || { echo "no /etc/systemd" >&2; exit 1; }
		mount -t tmpfs tmpfs /etc/systemd
		cp "$top/etc/journald.conf" /etc/systemd/
		if [ "${JOURNAL:-yes}" = yes ]; then
			/lib/systemd/systemd-journald 3>&- >/dev/null 2>&1 &
			journal=$!
			trap "kill \$journal; wait \$journal || :" EXIT
			until_true test -S /run/systemd/journal/socket
		fi
		'"$1" 3>&-
}

export_all() { export PLANET_BIN root runroot top; }

@test "lines are entries with docker's fields; logs says where they are" {
	export_all
	in_journal '
		id=$(planet create --name web --log-driver journald busybox sh -c "echo out; echo err >&2; head -c 20000 /dev/zero | tr \\\\0 x; printf end")
		planet start -a web >/dev/null 2>&1
		until_true eval "shown CONTAINER_NAME=web | grep -q end"
		shown CONTAINER_NAME=web | jq -s -e --arg id "$id" "
			(map(select(.MESSAGE == \"out\"))[0] | .PRIORITY == \"6\" and .CONTAINER_ID_FULL == \$id and .CONTAINER_ID == \$id[:12]
				and .CONTAINER_TAG == \$id[:12] and .SYSLOG_IDENTIFIER == \$id[:12] and .IMAGE_NAME == \"busybox\" and .CONTAINER_PARTIAL_MESSAGE == null)
			and (map(select(.MESSAGE == \"err\"))[0].PRIORITY == \"3\")
			and (map(select(.CONTAINER_PARTIAL_MESSAGE == \"true\")) | length == 2 and (map(.MESSAGE) | join(\"\") | length) == 20003)" >/dev/null
		[ ! -e "$root/containers/$id/log" ]
		[ "$(planet inspect -f "{{.HostConfig.LogConfig.Type}}" web)" = journald ]
		if planet logs web 2>"$top/said"; then exit 1; fi
		grep -q "journalctl CONTAINER_ID_FULL=$id" "$top/said"
		planet rm web >/dev/null'
}

@test "a journal that dies or hangs loses lines, never the container" {
	export_all
	in_journal '
		planet run -d --name on --log-driver journald busybox sh -c "while :; do echo tick; sleep 0.02; done" >/dev/null
		until_true eval "shown CONTAINER_NAME=on | grep -q tick"
		kill -9 $journal; wait $journal || :
		sleep 0.3
		[ "$(planet ps -q | wc -l)" = 1 ]
		/lib/systemd/systemd-journald 3>&- >/dev/null 2>&1 &
		journal=$!
		sleep 1.5
		rm -rf /run/log/journal/*/system.journal
		count=$(shown CONTAINER_NAME=on | wc -l)
		until_true eval "[ \$(shown CONTAINER_NAME=on | wc -l) != $count ]" || [ -S /run/systemd/journal/socket ]
		kill -STOP $journal
		time=$SECONDS
		planet run --rm --name fast --log-driver journald busybox sh -c "i=0; while [ \$i -lt 2000 ]; do echo \$i; i=\$((i+1)); done" >/dev/null
		[ $((SECONDS - time)) -lt 10 ]
		kill -CONT $journal
		planet rm -f on >/dev/null'
}

@test "where there is no journal that is said at once" {
	export_all
	JOURNAL=no in_journal '
		if planet run --rm --log-driver journald busybox true 2>"$top/said"; then exit 1; fi
		[ "$(wc -l <"$top/said")" = 1 ]
		grep -q "no journal of systemd listens" "$top/said"
		if planet create --log-driver journald --log-opt max-size=1m busybox 2>"$top/said"; then exit 1; fi
		[ -z "$(planet ps -aq)" ]'
}
