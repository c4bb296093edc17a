# Shared by the tests of containers in networks: the host is a network namespace of the test's own, with a neighbour in another one.
# For files that load helper first.

peers=${BASH_SOURCE[0]%/*} # where the programs are that play them

# In the background it would be a shell, whose child goes on when the shell is killed: there `nsenter` itself is what to start.
in_ns() { # PID COMMAND...: in that network namespace
	local pid=$1
	shift
	nsenter -t "$pid" -n "$@"
}
planet() { in_ns "$host" "$PLANET_BIN" --root "$root" --runroot "$runroot" "$@"; }
at_host() { in_ns "$host" "$@"; }
at_neighbour() { in_ns "$neighbour" "$@"; }

setup() {
	begin_test
	unshare -n sleep 1000 3>&- &
	host=$!
	unshare -n sleep 1000 3>&- &
	neighbour=$!
	for pid in $host $neighbour; do
		for _ in $(seq 100); do [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] && break; sleep 0.02; done
		in_ns "$pid" ip link set lo up
	done
	at_host ip link add wire type veth peer name wire netns "$neighbour"
	at_host ip address add 192.0.2.1/24 dev wire
	at_host ip address add 2001:db8::1/64 dev wire nodad
	at_host ip link set wire up
	at_neighbour ip address add 192.0.2.2/24 dev wire
	at_neighbour ip address add 2001:db8::2/64 dev wire nodad
	at_neighbour ip link set wire up
	cp "$peers/net_peer.py" "$top/peer"
}

# Those of the test's own containers: other tests may run on this machine.
resolvers() { pgrep --ns "$host" --nslist net -f '^planet: resolver of' || :; }

# What is left of containers in the host's network, when all are removed.
traces() {
	at_host ip -o link | grep -o ' plp[0-9a-f]*' || :
	ls "$runroot"/connections "$runroot"/networks/*/leases "$runroot"/networks/*/names "$runroot"/networks/*/owners 2>/dev/null |
		grep -v -e ':$' -e '^cursor' -e '^$' || :
	at_host nft list ruleset | grep plp || :
	at_host nft list ruleset | grep -A 2 'map published' | grep elements || :
	resolvers
}

teardown() {
	local id left=0
	for id in $(planet ps -aq 2>/dev/null); do planet rm -f "$id" >/dev/null 2>&1; done
	# The kernel takes interfaces away when it comes to it.
	for _ in $(seq 100); do [ -n "$(traces)" ] || break; sleep 0.05; done
	[ -z "$(traces)" ] || { echo "left: $(traces)"; left=1; }
	planet network prune -f >/dev/null || left=1
	[ -z "$(at_host nft list ruleset)" ] || { echo "left: $(at_host nft list ruleset)"; left=1; }
	[ -z "$(at_host ip -o link | grep -e planet0 -e ' pl-' || :)" ] || { echo "left: a bridge"; left=1; }
	end_test || left=1
	kill "$host" "$neighbour"
	wait "$host" "$neighbour" || :
	[ $left = 0 ]
}

address_of() { planet inspect -f "{{.NetworkSettings.Networks.$2.${3:-IPAddress}}}" "$1"; }

# A server in a container: answers with the client's address and what it was sent.
serve() { # NAME [FLAGS...]
	local name=$1
	shift
	planet run -d --name "$name" -v "$top/peer:/peer:ro" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro "$@" busybox \
		/usr/bin/python3 /peer serve 80
	for _ in $(seq 100); do planet logs "$name" | grep -q ready && return; sleep 0.05; done
	return 1
}
peer=(-v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro)
ask_inside() { # NETWORK PROTOCOL ADDRESS PORT: from a new container
	planet run --rm --network "$1" -v "$top/peer:/peer:ro" "${peer[@]}" busybox /usr/bin/python3 /peer ask "$2" "$3" "$4"
}
ask() { python3 "$top/peer" ask "$@"; }
