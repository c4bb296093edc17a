#!/usr/bin/env bats
# planet events: what happens, as it happens and afterwards.
bats_require_minimum_version 1.5.0
load helper

# What has happened, one word each: "container:start".
so_far() { planet events --since 0 --until "$(date +%s.%N)" --format '{{.Type}}:{{.Action}}' "$@"; }

until_true() { for _ in $(seq 100); do ! "$@" || return 0; sleep 0.05; done; return 1; }

@test "the life of a container, in order, and with docker's attributes" {
	planet run --rm --name brief --network none --label tier=front busybox true
	[ "$(so_far | paste -sd' ')" = "container:create container:start container:die container:destroy" ]
	id=$(planet run -d --name long busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done')
	sleep 0.3
	planet pause long
	planet unpause long
	planet rename long longer
	planet exec longer true
	planet update --memory 64m longer
	planet stop longer
	planet rm longer
	[ "$(so_far -f container="$id" --format '{{.Action}}' | paste -sd' ')" = \
		"create start pause unpause rename exec_create: true exec_start: true exec_die update kill die stop destroy" ]
	[ "$(planet events --since 0 --until "$(date +%s.%N)" -f event=die --format '{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.name}}' | paste -sd' ')" = \
		"0 brief 3 longer" ]
	[ "$(so_far -f event=rename --format '{{.Actor.Attributes.oldName}} {{.Actor.Attributes.name}}')" = "/long longer" ]
	[ "$(so_far -f label=tier=front | wc -l)" = 4 ]
	so_far --format json -f event=start | jq -se --arg id "$id" \
		'length == 2 and .[1].id == $id and .[1].Actor.ID == $id and .[1].from == "busybox" and .[1].status == "start"
		and .[1].scope == "local" and (.[1].timeNano / 1000000000 | floor) == .[1].time' >/dev/null
	planet events --since 0 --until "$(date +%s.%N)" -f event=start | head -n 1 |
		grep -qE '^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}(Z|[+-][0-9]{2}:[0-9]{2}) container start [0-9a-f]{64} \(image=busybox, name=brief, tier=front\)$'
}

@test "what is killed, restarted, healthy, out of memory; what fails to start tells nothing" {
	planet run -d --name one --health-cmd 'test -e /well' --health-interval 50ms --health-retries 1 busybox sleep 1000
	until_true eval '[ -n "$(so_far -f event=health_status)" ]'
	planet exec one touch /well
	until_true eval '[ "$(so_far -f event=health_status --format "{{.Action}}" | paste -sd,)" = "health_status: unhealthy,health_status: healthy" ]'
	planet restart -t 0 one
	planet kill -s USR1 one || true
	planet rm -f one
	[ "$(so_far -f type=container --format '{{.Action}}' | grep -v -e exec -e health | paste -sd' ')" = \
		"create start kill kill die stop start restart kill kill die destroy" ]
	[ "$(so_far -f event=kill --format '{{.Actor.Attributes.signal}}' | paste -sd' ')" = "15 9 10 9" ]
	run planet run --name starved --memory 16m busybox sh -c 'a=x; while :; do a=$a$a; done'
	[ "$status" = 137 ]
	[ "$(so_far -f container=starved --format '{{.Action}}' | paste -sd' ')" = "create start oom die" ]
	run -127 planet run --name never busybox /no/such/command
	[ -z "$(so_far -f container=never)" ]
}

@test "images and volumes" {
	planet volume create kept
	planet run --rm -v kept:/data -v /anonymous busybox true
	planet volume rm kept
	[ "$(so_far -f volume=kept --format '{{.Action}}' | paste -sd' ')" = "create mount unmount destroy" ]
	[ "$(so_far -f type=volume -f event=mount --format '{{index .Actor.Attributes "destination"}}' | sort | paste -sd' ')" = "/anonymous /data" ]
	[ "$(so_far -f type=volume -f event=destroy | wc -l)" = 2 ]
	planet save -o "$top/archive.tar" busybox 2>/dev/null || { planet run --rm busybox true; planet save -o "$top/archive.tar" busybox; }
	planet load -i "$top/archive.tar" --name loaded:1
	planet tag busybox other:2
	planet rmi other:2
	[ "$(so_far -f type=image --format '{{.Action}}' | paste -sd' ')" = "load tag untag" ]
	[[ "$(so_far -f event=tag --format '{{.Actor.ID}} {{.Actor.Attributes.name}}')" == sha256:*" other:2" ]]
	[ "$(so_far -f image=other:2 | wc -l)" = 1 ]
	tar -C "$top" -cf - archive.tar | planet import - made:1
	[ "$(so_far -f event=import --format '{{.Actor.Attributes.name}}')" = made:1 ]
}

@test "as it happens: each line at once, until the time that was said" {
	planet run --rm busybox true
	"$PLANET_BIN" --root "$root" --runroot "$runroot" events --until 3s --format '{{.Action}}' >"$top/early" 3>&-
	[ ! -s "$top/early" ]
	until=$(date -d '+6 seconds' +%s)
	"$PLANET_BIN" --root "$root" --runroot "$runroot" events --until "$until" --format '{{.Action}}' >"$top/seen" 3>&- &
	watcher=$!
	until_true eval '[ "$(grep -c inotify "/proc/$watcher/fdinfo/"* 2>/dev/null | grep -c ":1$")" -gt 0 ]'
	planet run -d --name seen --network none busybox sleep 1000
	until_true grep -q start "$top/seen"
	planet rm -f seen
	until_true grep -q destroy "$top/seen"
	[ "$(paste -sd' ' "$top/seen")" = "create start kill die destroy" ]
	wait "$watcher"
	[ "$(date +%s)" -ge "$until" ]
}

@test "a file that is damaged, full, or planted" {
	planet run --rm --name first --network none busybox true
	printf '\n{"type":"container","action":"st' >>"$runroot/events"
	head -c 3000 /dev/urandom >>"$runroot/events"
	planet run --rm --name second --network none busybox true
	[ "$(so_far --format '{{.Actor.Attributes.name}}' | sort -u | paste -sd' ')" = "first second" ]
	yes '{"type":"image","action":"pull","id":"x","time":1}' | head -n 30000 >>"$runroot/events"
	planet run --rm --name third --network none busybox true
	[ -e "$runroot/events.1" ]
	[ "$(stat -c %s "$runroot/events")" -lt 4000 ]
	[ "$(so_far -f type=container --format '{{.Actor.Attributes.name}}' | sort -u | paste -sd' ')" = "first second third" ]
	rm "$runroot/events" "$runroot/events.1"
	ln -s "$top/target" "$runroot/events"
	planet run --rm busybox true
	[ ! -e "$top/target" ]
	mkfifo "$runroot/pipe" && mv -T "$runroot/pipe" "$runroot/events"
	planet run --rm busybox true
	rm "$runroot/events"
}

@test "bad words: one sentence, and nothing is waited for" {
	for words in "--since never" "--until 25:00" "-f colour=red" "-f event" "--format {{.Nothing" "container-name"; do
		# shellcheck disable=SC2086
		run timeout 5 "$PLANET_BIN" --root "$root" --runroot "$runroot" events $words
		[ "$status" -gt 0 ]
		[ "$status" -lt 124 ]
		[ "${#lines[@]}" = 1 ]
	done
	planet run --rm busybox true
	run timeout 5 "$PLANET_BIN" --root "$root" --runroot "$runroot" events --since 0 --format '{{.Nothing}}'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
}
