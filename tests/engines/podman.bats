#!/usr/bin/env bats
# planet-runtime under Debian's podman.
load helper
load cases

force=(rm -f -t 0)
refused=126
exec_missing=127

# conmon ends what podman has started; there is no daemon.
use_engine() {
	words=(nsenter -t "$holder" -m -n -p -- podman --runtime "$RUNTIME_BIN" --root "$top/podman" --runroot "$top/podman-run"
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend file --tmpdir "$top/libpod" --network-config-dir "$top/networks"
		--network-backend netavark)
	# The limits are podman's own lowered: it may not raise its own everywhere.
	run_flags=(--cgroup-parent "/$group" --ulimit nofile=1024:4096 --ulimit nproc=1000:1000)
}

setup_file() {
	begin_file
	use_engine
	engine load -q -i "$top/docker-image.tar"
	once -- true
	remember
}
teardown_file() { end_file; }
setup() { use_engine; }
teardown() {
	remove_all
	nothing_is_left
}

@test "podman: the statuses of run" {
	case_statuses
	status_is 125 once --no-such-flag -- true
}
@test "podman: exec" { case_exec; }
@test "podman: a terminal" { case_terminal; }
@test "podman: stdin" { case_stdin; }
@test "podman: stop, wait, start" { case_stop; }
@test "podman: kill" { case_kill; }
@test "podman: pause" { case_pause; }
@test "podman: top and stats" { case_figures; }
@test "podman: update" { case_update; }
@test "podman: limits" { case_limits; }
@test "podman: memory runs out" { case_memory_runs_out; }
@test "podman: logs" { case_logs; }
@test "podman: volumes and tmpfs" { case_volumes; }
@test "podman: a published port, networks" { case_published; }
@test "podman: restart, and its policies" { case_restart; }
@test "podman: --init" { case_init; }
@test "podman: users and rights" { case_users; }
@test "podman: --read-only" { case_read_only; }
@test "podman: --privileged" { case_privileged; }
@test "podman: namespaces of another container, and of the host" { case_joined; }
@test "podman: twenty at once" { case_many; }
@test "podman: removal" { case_removal; }

@test "podman: a health check" {
	up box --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 -- sh -c 'touch /tmp/well; sleep 1000'
	eventually engine healthcheck run box
	field_is box .State.Health.Status healthy
	engine exec box rm /tmp/well
	run engine healthcheck run box
	[ "$status" = 1 ]
	field_is box .State.Health.Status unhealthy
}

@test "podman: --uidmap" {
	output_is $'0 100000 1000\n0' once --uidmap 0:100000:1000 --gidmap 0:100000:1000 -- sh -c 'echo $(cat /proc/self/uid_map); id -u'
	up box --uidmap 0:100000:1000 --gidmap 0:100000:1000 -- sh -c 'touch /home/new; sleep 1000'
	eventually engine exec box test -e /home/new
	output_is 0 engine exec box stat -c %u /home/new
	is "$(inside stat -c %u "/proc/$(field box .State.Pid)")" 100000
}

@test "podman: a pod" {
	engine pod create --name pod --share ipc,net,uts --infra-image $IMAGE --infra-command 'sleep 1000' --cgroup-parent "/$group" >/dev/null
	engine run -d --pod pod --name one --ulimit nofile=1024:4096 --ulimit nproc=1000:1000 $IMAGE httpd -f -p 80 -h /data >/dev/null
	engine run -d --pod pod --name two --ulimit nofile=1024:4096 --ulimit nproc=1000:1000 $IMAGE sleep 1000 >/dev/null
	eventually engine exec two wget -q -O - http://127.0.0.1/file
	output_is data engine exec two wget -q -O - http://127.0.0.1/file
	engine pod stop -t 0 pod
	local id
	id=$(engine pod inspect -f '{{.ID}}' pod)
	engine pod rm -f pod
	# podman leaves the pod's own group where it has no controller to look at; another group in it would keep it there.
	find /sys/fs/cgroup -depth -type d -path "*/$group/$id" -exec rmdir {} +
}
