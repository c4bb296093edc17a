#!/usr/bin/env bats
# Health checks.
load helper

health() { planet container inspect -f '{{.State.Health.Status}}' "$1"; }
until_true() { for _ in $(seq 150); do ! "$@" || return 0; sleep 0.05; done; return 1; }
is() { [ "$(health "$1")" = "$2" ]; }

@test "starting, healthy, unhealthy, and healthy again" {
	planet run -d --name web --health-cmd 'echo looking; test -e /ok' --health-interval 200ms --health-retries 2 busybox sleep 1000
	[ "$(health web)" = starting ]
	[[ "$(planet ps --format '{{.Status}}')" == *"(health: starting)" ]]
	until_true is web unhealthy
	[[ "$(planet ps --format '{{.Status}}')" == *"(unhealthy)" ]]
	planet exec web touch /ok
	until_true is web healthy
	[[ "$(planet ps --format '{{.Status}}')" == *"(healthy)" ]]
	[ "$(planet ps --format '{{.Names}}' --filter health=healthy)" = web ]
	[ -z "$(planet ps -q --filter health=unhealthy --filter health=none)" ]
	run planet ps --filter health=good
	[ "$status" = 1 ]
	[ "$output" = 'planet: --filter health=good: expected starting, healthy, unhealthy or none' ]
	[ "$(planet container inspect -f '{{.State.Health.FailingStreak}}' web)" = 0 ]
	until_true eval '[ "$(planet container inspect web | jq ".[0].State.Health.Log | length")" = 5 ]'
	[ "$(planet container inspect web | jq -r '.[0].State.Health.Log[4].Output')" = looking ]
	planet pause web
	sleep 0.5
	[ "$(health web)" = healthy ]
	planet unpause web
	planet stop -t 0 web
	[ -z "$(ls "$runroot/containers" "$runroot/keepers" | grep -v ":$")" ]
	planet rm web
}

@test "one that takes too long is killed, and the start period forgives" {
	planet run -d --name slow --health-cmd 'sleep 77777' --health-interval 100ms --health-timeout 300ms --health-retries 1 busybox sleep 1000
	until_true is slow unhealthy
	[ "$(planet container inspect slow | jq '.[0].State.Health.Log[0].ExitCode')" = -1 ]
	planet rm -f slow
	planet run -d --name young --health-cmd false --health-interval 100ms --health-retries 1 --health-start-period 1h busybox sleep 1000
	sleep 1
	[ "$(health young)" = starting ]
	planet rm -f young
}

@test "--health-on-failure" {
	for action in kill stop; do
		planet run -d --name it --health-cmd false --health-interval 100ms --health-retries 1 --health-on-failure $action \
			--restart always busybox sh -c 'trap "exit 9" TERM; echo run; while :; do sleep 0.05; done'
		if [ $action = kill ]; then
			until_true eval '[ "$(planet logs it | wc -l)" -ge 2 ]'
		else
			until_true eval '[ "$(planet container inspect -f "{{.State.Status}} {{.State.ExitCode}}" it)" = "exited 9" ]'
			[ "$(planet logs it)" = run ]
		fi
		planet rm -f it
	done
	planet run -d --name it --health-cmd false --health-interval 100ms --health-retries 1 --health-on-failure restart busybox sh -c 'echo run; sleep 1000'
	until_true eval '[ "$(planet logs it | wc -l)" -ge 2 ]'
	planet rm -f it
}

@test "what is wrong is said" {
	for flags in "--health-interval x" "--health-interval -1s" "--health-timeout 1ns" "--health-retries x" "--health-on-failure burn" \
		"--no-healthcheck --health-cmd true"; do
		# shellcheck disable=SC2086
		run planet run --rm $flags busybox true
		[ "$status" = 125 ]
		[[ "$output" == *health* ]]
		[ "${#lines[@]}" = 1 ]
	done
	planet run --rm --no-healthcheck busybox true
}

@test "the image's own check, and what is said over it; --filter health" {
	planet run --rm busybox true
	planet create --name base busybox
	planet commit -c 'HEALTHCHECK --interval=1s --retries=1 CMD test -e /ok' base checked:1
	planet rm base
	planet run -d --name own checked:1 sleep 1000
	[[ "$(planet ps --format '{{.Status}}')" == *"(health: starting)" ]]
	[ "$(planet ps -q --filter health=starting | wc -l)" = 1 ]
	until_true is own unhealthy
	[ "$(planet ps --filter health=unhealthy --format '{{.Names}}')" = own ]
	planet exec own touch /ok
	until_true is own healthy
	[[ "$(planet ps --filter health=healthy --format '{{.Status}}')" == *"(healthy)" ]]
	planet run -d --name none --no-healthcheck checked:1 sleep 1000
	[ "$(planet ps --filter health=none --format '{{.Names}}')" = none ]
	planet run -d --name mine --health-cmd true --health-interval 50ms checked:1 sleep 1000
	until_true is mine healthy
	planet stop -t 0 own
	[ "$(planet ps -a --filter health=none --format '{{.Names}}' | sort | paste -sd' ')" = "none own" ]
	planet rm -f own none mine
	run planet ps --filter health=odd
	[ "$status" = 1 ]
	[[ "$output" == *"expected starting, healthy, unhealthy or none"* ]]
	run planet run --rm --no-healthcheck --health-interval 1s checked:1 true
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
}

@test "--health-on-failure stop kills what does not end in its time" {
	planet run -d --name deaf --stop-timeout 1 --health-cmd false --health-interval 50ms --health-retries 1 \
		--health-on-failure stop --restart always busybox sh -c 'trap "echo heard" TERM; while :; do sleep 0.1; done'
	SECONDS=0
	until_true eval '[ -z "$(planet ps -q)" ]'
	[ "$SECONDS" -le 5 ]
	[ "$(planet logs deaf | head -n 1)" = heard ]
	[ "$(planet inspect -f '{{.State.ExitCode}}' deaf)" = 137 ]
	sleep 0.3
	[ -z "$(planet ps -q)" ]
	planet rm deaf
}
