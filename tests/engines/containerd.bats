#!/usr/bin/env bats
# planet-runtime under Debian's containerd: ctr, and the CRI as a kubelet speaks it.
load helper

# It makes pipes in /run, where the daemon must find them.
ctr() { inside ctr -a "$top/containerd.sock" "$@"; }
run_flags() { echo --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME_BIN" --snapshotter native; }

# once FLAG... -- COMMAND...: a container that ends and is removed.
once() { with_flags --rm "$@"; }
# up NAME FLAG... -- COMMAND...: one that stays, its output in $top/NAME.log.
up() { container=$1 with_flags -d --log-uri "file://$top/$1.log" "${@:2}"; }
with_flags() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	# shellcheck disable=SC2046 # two words each
	ctr run $(run_flags) --cgroup "/$group/${container:-once}" "${options[@]}" $IMAGE "${container:-once}" "$@"
}
task_is() { is "$(ctr task ls | awk -v name="$1" '$1 == name { print $3 }')" "$2"; }
enter() { ctr task exec --exec-id "entered$RANDOM" "$@"; }
group_file() { cat "/sys/fs/cgroup/$1/$group/$2" 2>/dev/null || cat "/sys/fs/cgroup/$group/$2"; }

start_containerd() {
	mkdir -p "$top/cni"
	cat >"$top/containerd.toml" <<-TOML
		version = 2
		root = "$top/containerd"
		state = "$top/containerd-run"
		[grpc]
		  address = "$top/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$top/opt"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "$IMAGE"
		  restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".cni]
		  bin_dir = "/usr/lib/cni"
		  conf_dir = "$top/cni"
		[plugins."io.containerd.grpc.v1.cri".containerd]
		  snapshotter = "native"
		  default_runtime_name = "planet"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.planet]
		  runtime_type = "io.containerd.runc.v2"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.planet.options]
		  BinaryName = "$RUNTIME_BIN"
	TOML
	cat >"$top/cni/10-pods.conflist" <<-JSON
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true,
		 "ipam": {"type": "host-local", "dataDir": "$top/addresses", "ranges": [[{"subnet": "10.88.7.0/24"}]]}}]}
	JSON
	in_background "$top/containerd.log" containerd --config "$top/containerd.toml"
	eventually ctr version || { tail "$top/containerd.log" >&2; return 1; }
}

setup_file() {
	begin_file
	start_containerd
	for space in default k8s.io; do ctr -n $space images import --snapshotter native "$top/docker-image.tar" >/dev/null; done
	remember
}
teardown_file() { end_file; }
teardown() {
	local name
	for name in $(ctr task ls -q); do ctr task rm -f "$name" >/dev/null 2>&1 || :; done
	for name in $(ctr container ls -q); do ctr container rm "$name"; done
	nothing_is_left
}

@test "containerd: the statuses of run" {
	status_is 0 once -- true
	status_is 42 once -- sh -c 'exit 42'
	status_is 1 once -- no-such-command
	output_has 'executable file not found' once -- no-such-command
	output_has 'permission denied' once -- /etc/note
	output_has 'permission denied' once -- /etc
}

@test "containerd: exec" {
	up box -- sleep 1000
	output_is '1 image' enter box sh -c 'echo 1 $FROM'
	output_is '405 100' enter --user guest box sh -c 'echo $(id -u) $(id -g)'
	output_is /data enter --cwd /data box pwd
	output_is in enter box cat <<<in
	status_is 9 enter box sh -c 'exit 9'
	output_has 'executable file not found' enter box no-such-command
	task_is box RUNNING
}

@test "containerd: a terminal" {
	local pty=("$BATS_TEST_DIRNAME/../e2e/pty_session.py") engine=(nsenter -t "$holder" -m -n -p -- ctr -a "$top/containerd.sock")
	# shellcheck disable=SC2046 # two words each
	python3 "${pty[@]}" job_control "${engine[@]}" run $(run_flags) --cgroup "/$group/tty" --rm -t $IMAGE tty sh
	up box -- sleep 1000
	python3 "${pty[@]}" job_control "${engine[@]}" task exec -t --exec-id tty box sh
}

@test "containerd: stdin" {
	head -c 3000000 /dev/urandom >"$top/random"
	output_is "$(sha256sum <"$top/random")" once -- sha256sum <"$top/random"
}

@test "containerd: kill, pause, resume, figures" {
	up box -- sh -c 'trap "echo signalled" USR1; echo ready; while :; do sleep 0.1; done'
	eventually grep ready "$top/box.log"
	ctr task kill -s USR1 box
	eventually grep signalled "$top/box.log"
	ctr task pause box
	task_is box PAUSED
	run timeout 20 nsenter -t "$holder" -m -n -p -- ctr -a "$top/containerd.sock" task exec --exec-id paused box true
	[ "$status" != 0 ] && [ "$status" != 124 ]
	ctr task resume box
	task_is box RUNNING
	output_has memory ctr task metrics box
	[ "$(ctr task ps box | wc -l)" -ge 2 ]
	ctr task kill -s KILL box
	eventually task_is box STOPPED
	output_has 'code 137' ctr task rm box
}

@test "containerd: limits" {
	up box --memory-limit 67108864 --cpus 0.5 --cpu-shares 512 -- sleep 1000
	is "$(group_file memory box/memory.limit_in_bytes || group_file memory box/memory.max)" 67108864
	is "$(group_file cpu box/cpu.cfs_quota_us || group_file cpu box/cpu.max)" 50000
	output_is 137 eval 'got=0; once --memory-limit 16777216 -- tail /dev/zero || got=$?; echo $got'
}

@test "containerd: mounts, users, rights" {
	mkdir "$top/shared"
	echo outside >"$top/shared/file"
	once --mount "type=bind,src=$top/shared,dst=/vol,options=rbind:rw" -- sh -c 'cat /vol/file; echo inside >/vol/new' >"$top/out"
	is "$(cat "$top/out" "$top/shared/new")" $'outside\ninside'
	output_has 'Read-only' once --mount "type=bind,src=$top/shared,dst=/vol,options=rbind:ro" -- touch /vol/more
	output_has 'size=1024k' once --mount type=tmpfs,src=tmpfs,dst=/fast,options=size=1m -- grep ' /fast ' /proc/mounts
	output_has 'Read-only' once --read-only -- touch /home/new
	output_is 00000000a80415fb once --cap-drop CAP_NET_RAW --cap-add CAP_NET_ADMIN -- awk '/CapEff/ { print $2 }' /proc/self/status
	output_is 2 once --seccomp -- awk '/^Seccomp:/ { print $2 }' /proc/self/status
	output_is 1 once --privileged -- sh -c 'mount -t tmpfs tmpfs /home && grep -c " /home tmpfs " /proc/mounts'
	once --pid-file "$top/pid" -- true
	[ -s "$top/pid" ]
	output_has "$(inside readlink /proc/self/ns/net)" once --net-host -- readlink /proc/self/ns/net
}

@test "containerd: twenty at once" {
	local number jobs=() job
	for number in $(seq 20); do
		up "many$number" -- sh -c "echo number $number; sleep 1000" 3>&- &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job"; done
	is "$(ctr task ls | grep -c RUNNING)" 20
	for number in $(seq 20); do
		is "$(cat "$top/many$number.log")" "number $number"
		ctr task kill -s KILL "many$number"
	done
	eventually eval '[ "$(ctr task ls | grep -c STOPPED)" = 20 ]'
}

# What a kubelet does, with the runtime class `planet`.
cri() { "$BATS_TEST_DIRNAME/cri.py" "$top/containerd.sock" "$@"; }
pod_config() {
	jq -n --arg group "/$group" --arg logs "$top/logs" '{metadata: {name: "pod", uid: "1", namespace: "default"}, hostname: "orbit",
		log_directory: $logs, linux: {cgroup_parent: $group, sysctls: {"net.core.somaxconn": "77"},
		security_context: {namespace_options: {pid: 1}, seccomp: {profile_type: 0}}}}'
}
make_pod() { pod=$(cri RunPodSandbox "$(pod_config | jq '{config: ., runtime_handler: "planet"}')" | jq -r .pod_sandbox_id); }
remove_pod() {
	cri StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}" >/dev/null
	cri RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}" >/dev/null
}
# make_container NAME JQ-PROGRAM [SECURITY]: prints its id; the programs change its configuration.
make_container() {
	local config
	config=$(jq -n --arg name "$1" --arg image $IMAGE '{metadata: {name: $name}, image: {image: $image},
		log_path: ($name + ".log"), linux: {security_context: {namespace_options: {pid: 1}}}}' | jq "$2")
	cri CreateContainer "$(jq -n --arg pod "$pod" --argjson config "$config" --argjson sandbox "$(pod_config)" \
		'{pod_sandbox_id: $pod, config: $config, sandbox_config: $sandbox}')" | jq -r .container_id
}
on() { cri "$1" "$(jq -n --arg id "$2" "{container_id: \$id} + ${3:-{\}}")"; }
inside_of() { on ExecSync "$1" "{cmd: $2}" | jq -r '(.stdout | @base64d | rtrimstr("\n")) + " " + (.exit_code | tostring)'; }
state_is() { is "$(on ContainerStatus "$1" | jq -r '.status.state')" "$2"; }

@test "CRI: a pod and its containers" {
	make_pod
	local status one two
	status=$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$pod\"}")
	is "$(jq -r '.status | "\(.state) \(.runtime_handler)"' <<<"$status")" '0 planet'
	has "$(jq -r .status.network.ip <<<"$status")" 10.88.7.
	mkdir -p "$top/given"
	echo given >"$top/given/file"
	one=$(make_container one '.command = ["sh", "-c", "echo out; echo err >&2; exec httpd -f -p 80 -h /data"] | .working_dir = "/data"
		| .envs = [{key: "A", value: "1"}] | .mounts = [{container_path: "/given", host_path: "'"$top/given"'", readonly: true}]
		| .linux.resources = {memory_limit_in_bytes: 67108864, cpu_quota: 50000, cpu_period: 100000, cpu_shares: 512, oom_score_adj: 900}')
	on StartContainer "$one"
	state_is "$one" 1
	eventually grep -q 'stdout F out' "$top/logs/one.log"
	eventually grep -q 'stderr F err' "$top/logs/one.log"
	is "$(inside_of "$one" '["sh", "-c", "echo $A $FROM; pwd; hostname; cat /given/file /proc/sys/net/core/somaxconn /proc/1/oom_score_adj; exit 7"]')" \
		$'1 image\n/data\norbit\ngiven\n77\n900 7'
	has "$(inside_of "$one" '["touch", "/given/new"]')" ' 1'
	is "$(group_file memory "$one/memory.limit_in_bytes" || group_file memory "$one/memory.max")" 67108864
	on UpdateContainerResources "$one" '{linux: {memory_limit_in_bytes: 33554432}}'
	is "$(group_file memory "$one/memory.limit_in_bytes" || group_file memory "$one/memory.max")" 33554432
	[ "$(on ContainerStats "$one" | jq -r .stats.memory.working_set_bytes.value)" -gt 0 ]
	two=$(make_container two '.command = ["sleep"] | .args = ["1000"] | .linux.security_context += {run_as_user: {value: 405},
		readonly_rootfs: true, no_new_privs: true, capabilities: {drop_capabilities: ["ALL"]}, seccomp: {profile_type: 0}}')
	on StartContainer "$two"
	is "$(inside_of "$two" '["wget", "-q", "-O", "-", "http://127.0.0.1/file"]')" 'data 0' # the pod's network
	is "$(inside_of "$two" '["sh", "-c", "id -u; awk \"/^(CapBnd|NoNewPrivs|Seccomp):/ { print \\$2 }\" /proc/1/status"]')" \
		$'405\n0000000000000000\n1\n2 0'
	has "$(inside_of "$two" '["touch", "/tmp/new"]')" ' 1'
	on StopContainer "$two" '{timeout: 1}'
	state_is "$two" 2
	is "$(on ContainerStatus "$two" | jq .status.exit_code)" 137
	on RemoveContainer "$two"
	remove_pod # with the first container still there
}

@test "CRI: what cannot start, and what ends" {
	make_pod
	local id
	id=$(make_container missing '.command = ["no-such-command"]')
	run on StartContainer "$id"
	[ "$status" = 1 ]
	has "$output" 'executable file not found'
	is "$(on ContainerStatus "$id" | jq -r '"\(.status.exit_code) \(.status.reason)"')" '128 StartError'
	id=$(make_container ends '.command = ["sh", "-c", "exit 42"]')
	on StartContainer "$id"
	eventually state_is "$id" 2
	is "$(on ContainerStatus "$id" | jq .status.exit_code)" 42
	id=$(make_container greedy '.command = ["tail", "/dev/zero"] | .linux.resources = {memory_limit_in_bytes: 16777216}')
	on StartContainer "$id"
	eventually state_is "$id" 2
	is "$(on ContainerStatus "$id" | jq -r '"\(.status.exit_code) \(.status.reason)"')" '137 OOMKilled'
	remove_pod
}
