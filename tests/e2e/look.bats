#!/usr/bin/env bats
# ps, inspect, container prune, top, stats, update, logs: looking at containers, and changing what they may.
load helper

until_true() { for _ in $(seq 100); do ! "$@" || return 0; sleep 0.05; done; return 1; }

@test "ps: filters, formats, the newest, sizes" {
	planet run -d --name web -l tier=front -l zone=a busybox sleep 1000
	planet run --name done -l tier=back busybox sh -c 'head -c 5000 /dev/zero >/five; exit 3' || :
	planet create --name new busybox true >/dev/null
	[ "$(planet ps --format '{{.Names}} {{.State}}')" = "web running" ]
	[ "$(planet ps -a --format '{{.Names}}' | paste -sd' ')" = "new done web" ]
	[ "$(planet ps -l --format '{{.Names}}')" = new ]
	[ "$(planet ps -n 2 --format '{{.Names}}' | paste -sd' ')" = "new done" ]
	[ "$(planet ps -f status=exited --format '{{.Names}} {{.Status}}')" = "done Exited (3) Less than a second ago" ] ||
		[[ "$(planet ps -f status=exited --format '{{.Status}}')" == "Exited (3) "*" ago" ]]
	[ "$(planet ps -a -f exited=3 --format '{{.Names}}')" = done ]
	[ "$(planet ps -a -f name=eb --format '{{.Names}}')" = web ]
	[ "$(planet ps -a -f label=tier --format '{{.Names}}' | paste -sd' ')" = "done web" ]
	[ "$(planet ps -a -f label=tier=front -f label=zone=a --format '{{.Label "zone"}}')" = a ]
	[ "$(planet ps -f since=web --format '{{.Names}}' | paste -sd' ')" = "new done" ]
	[ "$(planet ps -f before=done --format '{{.Names}}')" = web ]
	[ "$(planet ps -aq -f ancestor=busybox | wc -l)" = 3 ]
	[ "$(planet ps -aq -f ancestor=other | wc -l)" = 0 ]
	[[ "$(planet ps -a -s --format '{{.Names}} {{.Size}}')" == *"done 5kB"* ]]
	[ "$(planet ps -a --format json | jq -r .Names | paste -sd' ')" = "new done web" ]
	# However a format asks for a column, it is there.
	for format in json '{{json .}}' '{{ json . }}' '{{with .}}{{json .}}{{end}}'; do
		[ "$(planet ps --format "$format" | jq -c '[.CreatedAt != "", .Networks, .LocalVolumes, .State]')" = '[true,"bridge","0","running"]' ]
	done
	[ "$(planet ps --format '{{index . "CreatedAt"}}')" = "$(planet ps --format '{{.CreatedAt}}')" ]
	run planet ps -f status=odd
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	run planet ps -f nothing=1
	[ "$status" = 1 ]
	run planet ps --format '{{.Nothing}}'
	[ "$status" = 1 ]
	planet rm -f web done new
}

@test "J8: what a terminal would obey is not shown to it" {
	planet run -d --name plain -l "x=$(printf '\033]0;owned\007')" busybox sh -c 'sleep 1000; :' "$(printf '\033[31m')"
	refute grep -q "$(printf '\033')" <(planet ps -a --no-trunc)
	script -qec "$PLANET_BIN --root $root --runroot $runroot ps -a --no-trunc --format '{{.Labels}} {{.Command}}'" /dev/null >"$top/seen"
	refute grep -q "$(printf '\033')" "$top/seen"
	script -qec "$PLANET_BIN --root $root --runroot $runroot container inspect plain" /dev/null >"$top/seen"
	refute grep -q "$(printf '\033')" "$top/seen"
	planet rm -f plain
}

@test "inspect: containers, images, networks and volumes, in this order" {
	planet volume create thing
	[ "$(planet inspect -f '{{.Driver}}' thing)" = local ]
	planet network create thing
	[ "$(planet inspect -f '{{.Driver}}' thing)" = bridge ]
	planet run --name thing busybox true
	[ "$(planet inspect -f '{{.Name}} {{.State.ExitCode}}' thing)" = "/thing 0" ]
	[ "$(planet inspect -f '{{.Os}}' busybox)" = linux ]
	[ "$(planet inspect thing busybox | jq length)" = 2 ]
	[ "$(planet inspect --type volume -f '{{.Driver}}' thing)" = local ]
	[ "$(planet inspect --type network -f '{{.Driver}}' thing)" = bridge ]
	[ "$(planet inspect -s thing | jq '.[0].SizeRw')" = 0 ]
	run planet inspect nosuch thing
	[ "$status" = 1 ]
	[[ "$output" == *"no such object: nosuch; it is no container, image, network or volume that is here"* && "$output" == *'"/thing"'* ]]
	for words in '--type image thing' '--type container busybox' '--type volume busybox' '--type nonsense thing' ''; do
		# shellcheck disable=SC2086
		run planet inspect -f x $words
		[ "$status" != 0 ] && [ "${#lines[@]}" = 1 ]
	done
	planet rm thing
	planet volume rm thing
}

@test "inspect: docker's words" {
	id=$(planet run -d --name look --memory 64m --cpus 0.5 --cap-drop NET_RAW -e A=b -w /tmp -u 7 --restart on-failure:3 -l k=v \
		-v "$top:/host:ro" --stop-signal USR1 busybox sleep 1000)
	one() { planet container inspect -f "$1" look; }
	[ "$(one '{{.Id}}')" = "$id" ]
	[ "$(one '{{.Name}} {{.Path}} {{index .Args 0}}')" = "/look sleep 1000" ]
	[ "$(one '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}}')" = "running true false 0" ]
	[ "$(one '{{.State.Pid}}')" = "$(jq .pid "$runroot/containers/$id")" ]
	[ "$(one '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.StopSignal}} {{.Config.Image}} {{.Config.Hostname}}')" = "7 /tmp SIGUSR1 busybox ${id:0:12}" ]
	[ "$(one '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}')" = "67108864 500000000 4096" ]
	[ "$(one '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}')" = "on-failure 3" ]
	[ "$(one '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}')" = "bind $top /host false" ]
	[ "$(one '{{json .HostConfig.CapDrop}} {{index .Config.Labels "k"}}')" = '["NET_RAW"] v' ]
	[[ "$(one '{{.Config.Env}}')" == *A=b* ]]
	[ "$(planet container inspect look | jq -r '.[0].State.FinishedAt')" = 0001-01-01T00:00:00Z ]
	planet pause look
	[ "$(one '{{.State.Status}} {{.State.Running}}')" = "paused true" ]
	planet rm -f look
	run planet container inspect look
	[ "$status" = 1 ]
	[[ "$output" == *"no such container: look"* ]]
	planet create --name bad busybox /no-such >/dev/null
	planet start bad || :
	[ "$(planet container inspect -f '{{.State.Status}} {{.State.ExitCode}}' bad)" = "created 127" ]
	[[ "$(planet container inspect -f '{{.State.Error}}' bad)" == *"/no-such"* ]]
}

@test "container prune" {
	planet run --name old -l keep=no busybox sh -c 'head -c 3000 /dev/zero >/x'
	planet run --name mine -l keep=yes busybox true
	planet create --name fresh busybox true >/dev/null
	planet run -d --name up busybox sleep 1000
	[ "$(planet container prune </dev/null | tail -n 1)" = "Are you sure you want to continue? [y/N] Total reclaimed space: 0B" ]
	[ "$(planet ps -aq | wc -l)" = 4 ]
	run planet container prune -f --filter 'label!=keep=yes' --filter until=1h
	[ "$output" = "Total reclaimed space: 0B" ]
	run planet container prune -f --filter 'label!=keep=yes'
	[[ "$output" == "Deleted Containers:"*"Total reclaimed space: 3kB" ]]
	[ "$(planet ps -a --format '{{.Names}}' | sort | paste -sd' ')" = "mine up" ]
	run planet container prune -f --filter odd=1
	[ "$status" = 1 ]
	planet container prune -f
	[ "$(planet ps -a --format '{{.Names}}')" = up ]
	planet rm -f up
}

@test "ps shows where words end, and takes expressions for names" {
	planet run --name one busybox sh -c 'exit 3' || :
	planet run --name one2 busybox true
	[ "$(planet ps -a --format '{{.Command}}' --filter 'name=^one$')" = '"sh -c '"'exit 3'"'"' ]
	[ "$(planet ps -aq --filter name=one | wc -l)" = 2 ]
	[ "$(planet ps -a --format '{{.Names}}' --filter 'name=^/?one[0-9]')" = one2 ]
	[ "$(planet container inspect -f '{{json .State.Health}}' one)" = null ]
}

@test "a flag before the command that is none" {
	run planet --no-such-flag ps
	[ "$status" = 125 ]
	[ "$output" = 'planet: unknown flag "--no-such-flag"; see `planet help`' ]
}

@test "top" {
	planet run -d --name procs busybox sh -c 'sleep 1234 & sleep 4321; :'
	until_true eval '[ "$(planet top procs | wc -l)" = 4 ]'
	[[ "$(planet top procs)" == *PID*"sleep 1234"* ]]
	[ "$(planet top procs -o pid,args | grep -c sleep)" = 3 ]
	run planet top procs -o args
	[ "$status" = 1 ]
	[[ "$output" == *"no column PID"* ]]
	run planet top procs --no-such-flag
	[ "$status" = 1 ]
	planet rm -f procs
	run planet top procs
	[ "$status" = 1 ]
	planet run --name over busybox true
	run planet top over
	[ "$status" = 1 ]
	[[ "$output" == *"not running"* ]]
}

@test "stats" {
	planet run -d --name busy --memory 64m busybox sh -c 'while :; do :; done'
	run planet stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.PIDs}} {{.MemUsage}}' busy
	[[ "$output" =~ ^busy\ ([0-9]+)\.[0-9]+%\ 1\ [0-9.]+[KM]?i?B\ /\ 64MiB$ ]]
	[ "${BASH_REMATCH[1]}" -gt 5 ]
	planet stats --no-stream --format json | jq -e '.Name == "busy"'
	[[ "$(planet stats --no-stream)" == "CONTAINER ID"*"CPU %"*"MEM USAGE / LIMIT"*busy* ]]
	run planet stats --no-stream nothing
	[ "$status" = 1 ]
	timeout 3 "$PLANET_BIN" --root "$root" --runroot "$runroot" stats --format '{{.Name}}' >"$top/stream" || :
	[ "$(wc -l <"$top/stream")" -ge 2 ]
	planet rm -f busy
}

@test "update: at once, and for the next start" {
	planet run -d --name tight --memory 64m --pids-limit 50 busybox sleep 1000
	[ "$(planet update --memory 32m --pids-limit 20 --restart always tight)" = tight ]
	[ "$(planet container inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}' tight)" = "33554432 20 always" ]
	limit() { cat /sys/fs/cgroup/{pids/,}planet/"$(planet ps -q --no-trunc)"/pids.max 2>/dev/null; }
	[ "$(limit)" = 20 ]
	planet restart -t 0 tight
	[ "$(limit)" = 20 ]
	pid=$(planet container inspect -f '{{.State.Pid}}' tight)
	kill -9 "$pid"
	until_true eval '[ "$(planet container inspect -f "{{.RestartCount}}" tight)" = 1 ]'
	run planet update tight
	[ "$status" = 125 ]
	run planet update --memory 1k tight
	[ "$status" = 125 ]
	run planet update --memory 32m nothing
	[ "$status" = 1 ]
	planet rm -f tight
	planet run -d --rm --name brief busybox sleep 1000
	run planet update --restart always brief
	[ "$status" = 1 ]
	[[ "$output" == *"--rm"* ]]
	planet rm -f brief
}

@test "logs: since, until, timestamps" {
	planet run --name talk busybox sh -c 'echo one; sleep 1.2; echo two'
	cut=$(planet logs -t talk | sed -n '2s/ .*//p')
	[ "$(planet logs --since "$cut" talk)" = two ]
	[ "$(planet logs --until "$cut" talk)" = one ]
	[ "$(planet logs --since 1h --details talk)" = $'one\ntwo' ]
	[ -z "$(planet logs --until 1h talk)" ]
	[ "$(planet logs --since 1h -n 1 talk)" = two ]
	run planet logs --since yesterday talk
	[ "$status" = 1 ]
	[[ "$output" == *"--since"* ]]
}

@test "log drivers: none keeps nothing, json-file and local rotate as they are told" {
	planet run --name quiet --log-driver none busybox echo seen
	run planet logs quiet
	[ "$status" = 1 ]
	[[ "$output" == *"has no log"* ]]
	id=$(planet create --name small --log-driver local --log-opt max-size=8k --log-opt max-file=2 busybox \
		sh -c 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo "line $i of many"; done')
	planet start -a small >/dev/null
	[ "$(ls "$root/containers/$id" | grep -c '^log')" = 2 ]
	[ "$(stat -c %s "$root/containers/$id/log")" -le 8400 ]
	[ "$(planet logs small | tail -n 1)" = "line 1000 of many" ]
	[ "$(planet container inspect -f '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-file"}}' small)" = "local 2" ]
	for flags in "--log-driver syslog" "--log-opt max-size=1" "--log-opt max-file=0" "--log-opt odd=1" "--log-opt max-file"; do
		# shellcheck disable=SC2086
		run planet run --rm $flags busybox true
		[ "$status" = 125 ]
		[ "${#lines[@]}" = 1 ]
	done
}

@test "J9: a log that was planted is not written through" {
	id=$(planet create --name planted busybox echo into-the-log)
	touch "$top/target"
	ln -s "$top/target" "$root/containers/$id/log"
	planet start -a planted
	[ ! -s "$top/target" ]
	run planet logs planted
	[ "$status" = 1 ]
}

@test "after a boot: what has a policy is started, unless somebody stopped it" {
	for policy in always unless-stopped on-failure no; do
		planet run -d --name "$policy" --restart "$policy" busybox sleep 1000
		planet run -d --name "$policy-stopped" --restart "$policy" busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
		planet stop "$policy-stopped" >/dev/null
	done
	# As a loss of power: everybody is gone at once, and the run directory is empty.
	for id in $(planet ps -q --no-trunc); do kill -9 "$(jq .keeper "$runroot/containers/$id")"; done
	until_true eval '[ -z "$(planet ps -q)" ]'
	rm -rf "$runroot"
	planet container start-restarting
	[ "$(planet ps --format '{{.Names}}' | sort | paste -sd' ')" = "always always-stopped on-failure unless-stopped" ]
	planet ps -aq | xargs "$PLANET_BIN" --root "$root" --runroot "$runroot" rm -f >/dev/null
}
