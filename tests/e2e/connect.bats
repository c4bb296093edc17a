#!/usr/bin/env bats
# planet network connect and disconnect: of containers that run and of those that do not; what is refused; what events tell.
load helper
load host_and_neighbour
bats_require_minimum_version 1.5.0

# One sentence, with TEXT in it, and status 1.
refused() { # TEXT COMMAND...
	local text=$1
	shift
	run -1 --separate-stderr planet network "$@"
	# shellcheck disable=SC2154
	if [ "${#stderr_lines[@]}" != 1 ] || [[ "$stderr" != "planet: "*"$text"* ]] || [ -n "$output" ]; then
		echo "$*: $stderr, not $text"
		return 1
	fi
}
# What a container is in: its record, its connections, its addresses, what it holds of this host, its files.
state_of() {
	planet inspect -f '{{json .NetworkSettings}}' "$1"
	cat "$root/containers/$(planet inspect -f '{{.Id}}' "$1")/record.json" "$runroot/connections/$(planet inspect -f '{{.Id}}' "$1")" 2>/dev/null || :
	planet exec "$1" sh -c 'ip -o address; ip route; cat /etc/hosts /etc/resolv.conf' 2>/dev/null || :
	at_host nft list ruleset | grep -v counter | sort
	at_host ip -o link | grep -o ' plp[0-9a-f]*' || :
	ls "$runroot"/networks/*/leases "$runroot"/networks/*/owners | grep -v cursor
}
happened() { planet events --since 0 --until "$(date +%s.%N)" --format '{{.Type}}:{{.Action}}' "$@" | paste -sd' '; }
# Those of a container, but for loopback.
addresses() { planet exec "$1" ip -o -4 address | awk '$2 != "lo" {print $2, $4}' | paste -sd,; }
bg() { planet run -d --name "$1" "${@:2}" busybox sleep 1000 >/dev/null; }

@test "connect: one that runs has the network at once: addresses, names, files, and after a restart" {
	planet network create --ipv6 --subnet 10.9.8.0/24 --subnet fd00:9::/64 blue
	serve web --network none
	bg box --network blue
	planet network connect --ip 10.9.8.7 --ip6 fd00:9::7 --alias www --alias shop --mac-address 02:42:00:00:00:07 \
		--driver-opt com.docker.network.endpoint.ifname=lan blue web
	[ "$(address_of web blue) $(address_of web blue GlobalIPv6Address)" = "10.9.8.7 fd00:9::7" ]
	[ "$(planet exec web cat /sys/class/net/lan/address)" = 02:42:00:00:00:07 ]
	[ "$(planet exec web ip route | grep -c 'default via 10.9.8.1 dev lan')" = 1 ]
	[ "$(planet exec web cat /proc/sys/net/ipv6/conf/lan/accept_ra)" = 0 ]
	planet exec web grep -q "^10.9.8.7	" /etc/hosts
	# Both ways, and it is served now as others are.
	for name in web www shop; do planet exec box nslookup $name | grep -q 10.9.8.7; done
	planet exec web grep -q '^nameserver 127.0.0.11$' /etc/resolv.conf
	planet exec web nslookup box | grep -q "$(address_of box blue)"
	for way in 10.9.8.7 fd00:9::7 www; do ask_inside blue tcp "$way" 80; done
	planet exec web /usr/bin/python3 /peer ask tcp 10.9.8.7 80
	planet restart -t 0 web
	[ "$(address_of web blue)" = 10.9.8.7 ]
	planet exec box nslookup shop | grep -q 10.9.8.7
	id=$(planet inspect -f '{{.Id}}' web)
	[ "$(planet events --since 0 --until "$(date +%s.%N)" --format json |
		jq -r --arg id "$id" 'select(.Actor.Attributes.container == $id).Action' | paste -sd' ')" = "connect disconnect connect" ]
}

@test "disconnect: the interface, the address, the names and the routes go at once; the others stay" {
	planet network create --subnet 10.9.8.0/24 blue
	planet network create --subnet 10.9.9.0/24 red
	bg one --network blue
	bg two --network blue --network red
	planet exec two nslookup one >/dev/null # its resolver works, and knows two networks
	before=$(at_host ip -o link | grep -c ' plp')
	planet network disconnect blue two
	[ "$(addresses two)" = "eth1 10.9.9.2/24" ]
	[ "$(planet exec two ip route | grep default)" = "default via 10.9.9.1 dev eth1 " ]
	[ "$(at_host ip -o link | grep -c ' plp')" = $((before - 1)) ]
	[ "$(planet inspect -f '{{json .NetworkSettings.Networks}}' two | jq -r 'keys[]')" = red ]
	planet exec two grep -q '^10.9.8' /etc/hosts && return 1
	run planet exec one nslookup two
	[ "$status" = 1 ]
	run planet exec two nslookup one
	[ "$status" = 1 ]
	planet exec two nslookup two | grep -q 10.9.9
	# Its address is another's now, and it comes back by itself at no start.
	bg new --network blue --ip 10.9.8.3
	planet restart -t 0 two
	[ "$(addresses two)" = "eth0 $(address_of two red)/24" ]
	# From the last one, and back.
	planet network disconnect red two
	[ -z "$(addresses two)" ]
	planet network disconnect none two
	planet network connect "$(planet network inspect -f '{{.Id}}' blue | cut -c1-12)" two
	planet exec two nslookup one | grep -q "$(address_of one blue)"
	[ "$(happened -f event=disconnect --format '{{.Actor.Attributes.name}} {{.Actor.Attributes.type}} {{slice .Actor.Attributes.container 0 4}}')" = \
		"$(for name in blue red red; do echo "$name bridge $(planet inspect -f '{{.Id}}' two | cut -c1-4)"; done | paste -sd' ')" ]
}

@test "published ports lead to the network that stays, and go with the last one" {
	planet network create blue
	planet network create red
	serve web --network blue -p 8080:80 -p 0.0.0.0:8081:80/udp
	planet network connect red web
	planet network disconnect blue web
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	run at_neighbour python3 "$top/peer" ask udp 192.0.2.1 8081
	[ "$output" = "192.0.2.2 said hello" ]
	[ "$(at_host nft list ruleset | grep -c "$(address_of web red)")" -gt 0 ]
	planet network disconnect red web
	[ -z "$(planet port web)" ]
	[ -z "$(at_host nft list ruleset | grep -A 2 'map published' | grep elements || :)" ]
	at_host python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 8080))'
	planet network connect blue web
	[ "$(planet port web 80)" = 127.0.0.1:8080 ]
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
}

@test "one that does not run is connected at its start" {
	planet network create --subnet 10.9.8.0/24 blue
	planet network create red
	planet create --name box --network blue busybox sleep 1000
	planet network connect --ip 10.9.8.9 blue box && return 1
	planet network disconnect blue box
	planet network connect red box
	planet network connect --ip 10.9.8.9 --alias www blue box
	# It is in them, running or not.
	refused 'containers are in the network' rm red
	planet start box
	[ "$(address_of box blue)" = 10.9.8.9 ]
	[ "$(planet run --rm --network blue busybox nslookup www | grep -c 10.9.8.9)" = 1 ]
	planet stop -t 0 box
	planet network disconnect red box
	planet network rm red
	planet start box
	[ "$(addresses box)" = "eth0 10.9.8.9/24" ]
	[ "$(happened -f type=network -f network=red)" = \
		"network:create network:connect network:disconnect network:disconnect network:destroy" ]
}

@test "a macvlan comes and goes" {
	planet network create -d macvlan -o parent=wire --subnet 192.0.2.0/24 --gateway 192.0.2.2 --ip-range 192.0.2.128/25 wide
	planet network create blue
	serve web --network blue
	planet network connect wide web
	run at_neighbour python3 "$top/peer" ask tcp "$(address_of web wide)" 80
	[ "$output" = "192.0.2.2 said hello" ]
	planet network disconnect wide web
	[ "$(addresses web)" = "eth0 $(address_of web blue)/24" ]
	ask_inside blue tcp web 80
}

@test "what is refused changes nothing" {
	planet network create --subnet 10.9.8.0/30 tiny
	planet network create --subnet 10.9.9.0/24 blue
	bg box --network blue -p 8080:80
	bg host --network host
	bg beside --network container:box
	planet run --rm --network tiny busybox true # its bridge stays
	state_of box >"$top/state"
	bg full --network tiny
	refused 'no such container: nobody' connect blue nobody
	refused 'network "nothing" not found' connect nothing box
	refused 'network "nothing" not found' disconnect nothing box
	refused 'is connected to network blue already' connect blue box
	refused 'container box is not connected to network tiny' disconnect tiny box
	refused 'container box is not connected to network nothing' disconnect -f nothing box
	refused 'shares the network namespace of another container or of the host' connect tiny host
	refused 'shares the network namespace of another container or of the host' connect tiny beside
	refused 'shares the network namespace of another container or of the host' disconnect host host
	refused 'which stands alone' connect none box
	refused 'which stands alone' connect host box
	refused 'no free address left' connect tiny box
	refused 'is taken by container' connect --ip 10.9.8.2 tiny box
	refused 'it is not in 10.9.8.0/30' connect --ip 10.9.9.9 tiny box
	refused 'has no IPv6 addresses' connect --ip6 fd00::9 tiny box
	refused '--alias "-a"' connect --alias=-a tiny box
	refused '--link is not taken' connect --link other tiny box
	refused '--link-local-ip is not taken' connect --link-local-ip 169.254.0.9 tiny box
	refused '--driver-opt "colour=blue"' connect --driver-opt colour=blue tiny box
	planet rm -f full
	refused 'the container has an interface eth0 already' connect --driver-opt com.docker.network.endpoint.ifname=eth0 tiny box
	planet run -d --name named --network none busybox nc -l -p 53
	for _ in $(seq 100); do planet exec named grep -q :0035 /proc/net/tcp /proc/net/tcp6 && break; sleep 0.05; done
	refused 'connect it while it is stopped' connect blue named
	[ "$(planet exec named ip -o link | grep -c eth)" = 0 ]
	planet rm -f named
	for _ in $(seq 100); do [ "$(at_host ip -o link | grep -c ' plp')" = 1 ] && break; sleep 0.05; done
	state_of box | diff "$top/state" -
}

@test "events: a container connects before its start and disconnects after its end" {
	planet network create blue
	planet run --rm --network none busybox true
	[ "$(happened | cut -d' ' -f2-)" = "container:create container:start container:die container:destroy" ]
	planet run --rm --name brief --network blue -v kept:/data busybox true
	[ "$(happened | cut -d' ' -f6-)" = \
		"volume:create container:create network:connect volume:mount container:start container:die network:disconnect volume:unmount container:destroy" ]
	planet events --since 0 --until "$(date +%s.%N)" -f type=network -f event=connect --format json |
		jq -se --arg id "$(planet network inspect -f '{{.Id}}' blue)" 'length == 1 and .[0].Actor.ID == $id and .[0].Type == "network"
		and (.[0].Actor.Attributes | .name == "blue" and .type == "bridge" and (.container | length) == 64)' >/dev/null
}

@test "many at once, and while containers come and go: nothing is left, and no bridge is taken away" {
	planet network create blue
	planet network create red
	for i in 1 2 3 4; do bg "c$i" --network blue; done
	nsenter -t "$host" -n python3 "$top/peer" serve 7 >"$top/served" 3>&- &
	server=$!
	for _ in $(seq 100); do grep -q ready "$top/served" && break; sleep 0.05; done
	# It removes none, and takes those off the host that nobody is in.
	(while [ ! -e "$top/enough" ]; do planet network prune -f --filter label=none; done) >/dev/null 3>&- &
	pruner=$!
	for round in 1 2 3; do
		pids=()
		for i in 1 2 3 4; do planet network connect red "c$i" & pids+=($!); done
		ask_inside bridge tcp 192.0.2.1 7
		for pid in "${pids[@]}"; do wait "$pid"; done
		for i in 1 2 3 4; do planet exec c1 nslookup "c$i.red" >/dev/null; done
		pids=()
		for i in 1 2 3 4; do planet network disconnect red "c$i" & pids+=($!); done
		for pid in "${pids[@]}"; do wait "$pid"; done
	done
	touch "$top/enough"
	wait "$pruner"
	kill "$server"
	for i in 1 2 3 4; do [[ "$(addresses "c$i")" == "eth0 "* ]]; done
	# Killed in the middle, with its keeper or alone: what is left goes with the container.
	for i in 1 2 3; do
		planet network connect red "c$i" &
		sleep "0.00$i"
		kill -9 $! 2>/dev/null || :
	done
	planet network connect red c4 &
	kill -9 "$(pgrep -f "^planet: keeper of $(planet inspect -f '{{.Id}}' c4 | cut -c1-12)")"
	wait $! || :
	planet rm -f c1 c2 c3 c4
}
