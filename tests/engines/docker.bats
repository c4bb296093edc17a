#!/usr/bin/env bats
# planet-runtime under Debian's docker.
load helper
load cases

run_flags=()
force=(rm -fv)
# What docker 20.10 says when the runtime refuses a container, and when `exec` does not find the command.
refused=125
exec_missing=126

# start_dockerd [FLAG...]: with the runtime as its default one.
start_dockerd() {
	in_background "$top/docker.log" dockerd --config-file "$top/none.json" --data-root "$top/docker" -H "unix://$top/docker.sock" \
		--pidfile "$top/docker.pid" --storage-driver vfs --cgroup-parent "/$group" \
		--add-runtime "tested=$RUNTIME_BIN" --default-runtime tested "$@"
	eventually engine version || { tail "$top/docker.log" >&2; return 1; }
}

use_engine() { words=(env "DOCKER_CONFIG=$top" /usr/bin/docker -H "unix://$top/docker.sock"); }

setup_file() {
	begin_file
	use_engine
	echo '{}' >"$top/none.json"
	start_dockerd
	engine load -q -i "$top/docker-image.tar"
	once --network host -- true # dockerd keeps that namespace mounted from its first use on
	remember
}
teardown_file() { end_file; }
setup() { use_engine; }
teardown() {
	remove_all
	nothing_is_left
}

@test "docker: the statuses of run" {
	case_statuses
	status_is 125 once --runtime no-such-runtime -- true
}
@test "docker: exec" { case_exec; }
@test "docker: a terminal" { case_terminal; }
@test "docker: stdin" { case_stdin; }
@test "docker: stop, wait, start" { case_stop; }
@test "docker: kill" { case_kill; }
@test "docker: pause" { case_pause; }
@test "docker: top and stats" { case_figures; }
@test "docker: update" {
	case_update
	engine update --pids-limit 50 box
	limit_is box pids.max=50
}
@test "docker: limits" { case_limits; }
@test "docker: memory runs out" {
	case_memory_runs_out
	eventually field_is box .State.OOMKilled true
}
@test "docker: logs" { case_logs; }
@test "docker: volumes and tmpfs" { case_volumes; }
@test "docker: a published port, networks" { case_published; }
@test "docker: restart, and its policies" { case_restart; }
@test "docker: --init" { case_init; }
@test "docker: users and rights" { case_users; }
@test "docker: --read-only" { case_read_only; }
@test "docker: --privileged" { case_privileged; }
@test "docker: namespaces of another container, and of the host" { case_joined; }
@test "docker: twenty at once" { case_many; }
@test "docker: removal" { case_removal; }

@test "docker: a health check" {
	up box --health-cmd 'test -e /tmp/well' --health-interval 0.3s --health-retries 1 -- sh -c 'touch /tmp/well; sleep 1000'
	eventually field_is box .State.Health.Status healthy
	engine exec box rm /tmp/well
	eventually field_is box .State.Health.Status unhealthy
}
