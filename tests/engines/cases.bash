# What docker and podman must both be able to do. The file that loads this has `words`, the engine's command line up to
# its command, `run_flags`, what each `run` gets, and `force`, the command that removes what runs.

engine() { "${words[@]}" "$@"; }

# split WORD... -- COMMAND...: into the arrays `options` and `command`.
split() {
	options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	command=("$@")
}

# once FLAG... -- COMMAND...: a container that ends and is removed.
once() { split "$@"; engine run --rm "${run_flags[@]}" "${options[@]}" $IMAGE "${command[@]}"; }

# up NAME FLAG... -- COMMAND...: one that stays.
up() { split "${@:2}"; engine run -d --name "$1" "${run_flags[@]}" "${options[@]}" $IMAGE "${command[@]}" >/dev/null; }

# on_terminal SCENARIO COMMAND...: see tests/e2e/pty_session.py.
on_terminal() { python3 "$BATS_TEST_DIRNAME/../e2e/pty_session.py" "$1" "${words[@]}" "${@:2}"; }

field() { engine inspect -f "{{$2}}" "$1"; }
field_is() { is "$(field "$1" "$2")" "$3"; }
log_has() { output_has "$2" engine logs "$1"; }

# limit_is NAME FILE=VALUE...: one of the files (each version of control groups has its own) has the value.
limit_is() {
	local id files pair
	id=$(field "$1" .Id)
	for pair in "${@:2}"; do
		mapfile -t files < <(find /sys/fs/cgroup -path "*/$group/*$id*/${pair%%=*}")
		[ ${#files[@]} != 0 ] || continue
		is "$(cat "${files[0]}")" "${pair#*=}"
		return
	done
	echo "no file of ${*:2}" >&2
	return 1
}

remove_all() {
	local ids
	mapfile -t ids < <(engine ps -aq)
	[ ${#ids[@]} = 0 ] || engine "${force[@]}" "${ids[@]}" >/dev/null
}

case_statuses() {
	status_is 0 once -- true
	status_is 42 once -- sh -c 'exit 42'
	status_is 127 once -- no-such-command
	status_is 127 once -- /no/such/command
	status_is 126 once -- /etc/note
	status_is 126 once -- /etc
	status_is "$refused" once --sysctl net.core.somaxconn=many -- true
	output_has somaxconn once --sysctl net.core.somaxconn=many -- true
}

case_exec() {
	up box -- sleep 1000
	output_is '1 image' engine exec -e A=1 box sh -c 'echo $A $FROM'
	output_is '405 100' engine exec -u guest box sh -c 'echo $(id -u) $(id -g)'
	output_is '7 8' engine exec -u 7:8 box sh -c 'echo $(id -u) $(id -g)'
	output_is /data engine exec -w /data box pwd
	output_is in <<<in engine exec -i box cat
	status_is 9 engine exec box sh -c 'exit 9'
	status_is 137 engine exec box sh -c 'kill -9 $$'
	status_is "$exec_missing" engine exec box no-such-command
	status_is 126 engine exec box /etc/note
	engine exec -d box touch /tmp/made
	eventually engine exec box test -e /tmp/made
	field_is box .State.Running true
}

case_terminal() {
	on_terminal job_control run --rm -it "${run_flags[@]}" $IMAGE sh
	local wait_for_size='for i in $(seq 50); do [ "$(stty size)" != "41 99" ] || break; sleep 0.1; done; stty size; exit 5'
	on_terminal first_size run --rm -it "${run_flags[@]}" $IMAGE sh -c "$wait_for_size"
	up box -- sleep 1000
	on_terminal job_control exec -it box sh
	on_terminal first_size exec -it box sh -c "$wait_for_size"
}

case_stdin() {
	head -c 3000000 /dev/urandom >"$top/random"
	output_is "$(sha256sum <"$top/random")" once -i -- sha256sum <"$top/random"
	output_is '' once -- cat </dev/null
}

case_stop() {
	up deaf -- sleep 1000 # as first process, and without a handler: TERM is not for it
	engine stop -t 1 deaf
	field_is deaf .State.ExitCode 137
	up polite -- sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	eventually log_has polite ready
	engine stop -t 20 polite
	field_is polite .State.ExitCode 3
	is "$(engine wait polite)" 3
	engine start polite
	field_is polite .State.Running true
}

case_kill() {
	up box -- sh -c 'trap "echo signalled" USR1; echo ready; while :; do sleep 0.1; done'
	eventually log_has box ready
	engine kill -s USR1 box
	eventually log_has box signalled
	engine kill box
	is "$(engine wait box)" 137
	field_is box .State.Status exited
	run engine kill box
	[ "$status" != 0 ]
}

case_pause() {
	up box -- sh -c 'while :; do date +%s.%N >/tmp/now; sleep 0.05; done'
	eventually engine exec box test -e /tmp/now
	engine pause box
	field_is box .State.Status paused
	run timeout 20 "${words[@]}" exec box true
	[ "$status" != 0 ] && [ "$status" != 124 ]
	engine unpause box
	field_is box .State.Status running
	local before
	before=$(engine exec box cat /tmp/now)
	eventually eval '[ "$(engine exec box cat /tmp/now)" != "$before" ]'
	engine pause box
	engine "${force[@]}" box >/dev/null
}

case_figures() {
	up box --memory 64m -- sh -c 'sleep 1000 & wait'
	has "$(engine top box)" 'sleep 1000'
	is "$(engine stats --no-stream --format '{{.Name}} {{.PIDs}}' box)" 'box 2'
	[[ "$(engine stats --no-stream --format '{{.MemUsage}}' box)" =~ ^[1-9].*/\ (64MiB|67.11MB) ]]
}

case_update() {
	up box --memory 128m -- sleep 1000
	limit_is box memory.limit_in_bytes=134217728 memory.max=134217728
	engine update --memory 64m --memory-swap 64m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 box
	limit_is box memory.limit_in_bytes=67108864 memory.max=67108864
	limit_is box cpu.cfs_quota_us=50000 'cpu.max=50000 100000'
	limit_is box cpu.shares=512 cpu.weight=20
	limit_is box cpuset.cpus=0
	engine exec box true
}

case_limits() {
	up box --memory 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 1 --pids-limit 50 -- sleep 1000
	limit_is box memory.limit_in_bytes=67108864 memory.max=67108864
	limit_is box memory.soft_limit_in_bytes=33554432 memory.low=33554432
	limit_is box cpu.cfs_quota_us=50000 'cpu.max=50000 100000'
	limit_is box cpu.shares=512 cpu.weight=20
	limit_is box cpuset.cpus=1
	limit_is box pids.max=50
	output_is 1 engine exec box sh -c 'sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status'
	output_is '100 200' once --ulimit nofile=100:200 -- sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
	output_is 500 once --oom-score-adj 500 -- cat /proc/self/oom_score_adj
	output_is 8.0M once --shm-size 8m -- sh -c 'df -h /dev/shm | awk "NR == 2 { print \$2 }"'
	output_is 77 once --sysctl net.core.somaxconn=77 -- cat /proc/sys/net/core/somaxconn
	output_is orbit once --hostname orbit -- hostname
	once --device /dev/kmsg:/dev/lines:w -- sh -c ': >/dev/lines'
	output_has 'not permitted' once --device /dev/kmsg:/dev/lines:r -- sh -c ': >/dev/lines'
}

case_memory_runs_out() {
	up box --memory 16m --memory-swap 16m -- tail /dev/zero
	is "$(engine wait box)" 137
}

case_logs() {
	up box -- sh -c 'echo out; echo err >&2; sleep 0.3; echo last'
	engine wait box
	output_is $'err\nlast\nout' eval 'engine logs box 2>&1 | sort'
	is "$(engine logs box 2>/dev/null)" $'out\nlast'
	is "$(engine logs --tail 1 box 2>/dev/null)" last
}

case_volumes() {
	mkdir -p "$top/shared"
	echo outside >"$top/shared/file"
	once -v "$top/shared:/vol" -- sh -c 'cat /vol/file; echo inside >/vol/new' >"$top/out"
	is "$(cat "$top/out" "$top/shared/new")" $'outside\ninside'
	output_has 'Read-only file system' once -v "$top/shared:/vol:ro" -- touch /vol/more
	[ ! -e "$top/shared/more" ]
	output_is outside once -v "$top/shared/file:/etc/note:ro" -- cat /etc/note
	once -v stays:/vol -- sh -c 'echo kept >/vol/file'
	output_is kept once -v stays:/vol -- cat /vol/file
	output_is data once -v filled:/data -- cat /data/file
	engine volume rm stays filled
	output_has 'size=1024k' once --tmpfs /fast:size=1m,mode=700 -- grep ' /fast ' /proc/mounts
	output_is 'drwx------' once --tmpfs /fast:size=1m,mode=700 -- sh -c 'ls -ld /fast | cut -c 1-10'
}

case_published() {
	up web -p 127.0.0.1:8080:80 -- httpd -f -p 80 -h /data
	eventually inside busybox wget -q -O /dev/null http://127.0.0.1:8080/file
	output_is data inside busybox wget -q -O - http://127.0.0.1:8080/file
	output_is data once --network container:web -- wget -q -O - http://127.0.0.1/file
	output_is 'lo' once --network none -- ls /sys/class/net
}

case_restart() {
	up box -- sh -c 'echo begun; sleep 1000'
	eventually log_has box begun
	engine restart -t 0 box
	eventually log_has box $'begun\nbegun'
	engine exec box true
	up fails --restart on-failure:2 -- sh -c 'echo again; exit 1'
	eventually log_has fails $'again\nagain\nagain'
	eventually field_is fails .State.Status exited
	field_is fails .RestartCount 2
	up always --restart always -- sh -c 'echo again; sleep 0.3'
	eventually log_has always $'again\nagain'
	engine "${force[@]}" always
}

case_init() {
	up box --init -- sleep 1000
	has "$(engine exec box cat /proc/1/cmdline | tr '\0' ' ')" 'init'
	engine exec box sh -c 'sleep 0.1 & exit' # its end is for the first process to see
	sleep 0.3
	output_is '' engine exec box sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status'
	engine stop -t 20 box
	field_is box .State.ExitCode 143
}

case_users() {
	output_is '405 100' once --user guest -- sh -c 'echo $(id -u) $(id -g)'
	output_is '7 8 8 9' once --user 7:8 --group-add 9 -- sh -c 'echo $(id -u) $(id -g) $(id -G)'
	output_is /home once --user guest -- sh -c 'echo $HOME'
	output_is 0000000000000000 once --cap-drop ALL -- awk '/CapBnd/ { print $2 }' /proc/self/status
	output_is 0000000000001000 once --cap-drop ALL --cap-add NET_ADMIN -- awk '/CapEff/ { print $2 }' /proc/self/status
	output_is 1 once --security-opt no-new-privileges -- awk '/NoNewPrivs/ { print $2 }' /proc/self/status
	output_is 2 once -- awk '/^Seccomp:/ { print $2 }' /proc/self/status
	output_is 0 once --security-opt seccomp=unconfined -- awk '/^Seccomp:/ { print $2 }' /proc/self/status
	output_has 'permission denied' once -- mount -t tmpfs tmpfs /home
	output_is '' once -- cat /proc/timer_list # masked
	output_has 'Read-only' once -- sh -c 'echo 1 >/proc/sys/kernel/panic'
}

case_read_only() {
	output_has 'Read-only file system' once --read-only -- touch /etc/new
	once --read-only --tmpfs /home -- touch /home/new
	once --read-only -v "$top:/vol" -- touch /vol/new
}

case_privileged() {
	local program='mount -t tmpfs tmpfs /home && grep -c " /home tmpfs " /proc/mounts; ls /dev/kmsg; awk "/^Seccomp:/ { print \$2 }" /proc/self/status'
	is "$(once --privileged -- sh -c "$program")" $'1\n/dev/kmsg\n0'
	once --privileged -- sh -c 'echo $(cat /proc/sys/kernel/panic) >/proc/sys/kernel/panic'
}

# The namespaces of another container.
case_joined() {
	up first --ipc shareable -- sh -c 'touch /dev/shm/common; sleep 1000'
	eventually engine exec first test -e /dev/shm/common
	output_is /dev/shm/common once --ipc container:first -- ls /dev/shm/common
	output_has 'sleep 1000' once --pid container:first -- ps
	local links='for kind in pid ipc net; do readlink /proc/self/ns/$kind; done'
	is "$(once --pid container:first --ipc container:first --network container:first -- sh -c "$links")" "$(engine exec first sh -c "$links")"
	has "$(once --pid host -- cat /proc/1/cmdline | tr '\0' ' ')" 'catatonit -P'
	is "$(once --network host -- readlink /proc/self/ns/net)" "$(inside readlink /proc/self/ns/net)"
}

case_many() {
	local number jobs=() job
	for number in $(seq 20); do
		engine run -d --name "many$number" "${run_flags[@]}" $IMAGE sh -c "echo number $number; sleep 1000" >/dev/null 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	is "$(engine ps -q | wc -l)" 20
	for number in $(seq 20); do log_has "many$number" "number $number"; done
	engine kill $(engine ps -q) >/dev/null
	is "$(engine wait $(engine ps -aq) | sort -u)" 137
}

case_removal() {
	up box -- sleep 1000
	run engine rm box
	[ "$status" != 0 ]
	engine "${force[@]}" box
	run engine inspect box
	[ "$status" != 0 ]
	up short --rm -- sleep 0.3
	eventually eval '! engine inspect short'
	engine create --name never "${run_flags[@]}" $IMAGE true
	engine rm never
}
