#!/usr/bin/env bats
# Containers in networks: addresses, names, published ports, what keeps them apart, and that all of it goes with them. The host is
# a network namespace of the test's own, with a neighbour in another one.
load helper
load host_and_neighbour
bats_require_minimum_version 1.5.0

@test "two containers find each other by name, alias and id, by IPv4 and IPv6" {
	planet network create --ipv6 blue
	serve web --network blue --network-alias www
	four=$(address_of web blue) six=$(address_of web blue GlobalIPv6Address)
	[[ "$four" == 10.* ]] && [[ "$six" == fd* ]]
	for name in web www WEB "$(planet inspect -f '{{.Id}}' web | cut -c1-12)" web.blue; do
		run planet run --rm --network blue busybox nslookup "$name"
		[[ "$output" == *"Address: $four"*"Address: $six"* ]]
	done
	for way in "$four" "$six" web; do
		for protocol in tcp udp; do
			run ask_inside blue "$protocol" "$way" 80
			[ "$status" = 0 ]
			[[ "$output" == *" said hello" ]]
		done
	done
	run planet run --rm --network blue busybox nslookup "$four"
	[[ "$output" == *"name = web"* ]]
	run planet run --rm --network blue busybox nslookup nobody
	[ "$status" = 1 ]
	[ "$(planet run --rm --network blue busybox cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
	# What it is called itself.
	planet run --rm --network blue --hostname mars --domainname example.org busybox grep -q "$(printf '\tmars.example.org mars')" /etc/hosts
	# A name goes with its container.
	planet rm -f web
	run planet run --rm --network blue busybox nslookup web
	[ "$status" = 1 ]
}

@test "networks are apart, unless a container is in both" {
	planet network create blue
	planet network create red
	serve web --network blue
	run ask_inside red tcp "$(address_of web blue)" 80
	[ "$status" != 0 ]
	run planet run --rm --network red busybox nslookup web
	[ "$status" = 1 ]
	run planet run --rm --network red --network blue busybox sh -c 'nslookup web >/dev/null && ip -o -4 address | grep -c eth'
	[ "$output" = 2 ]
	ask_inside bridge tcp "$(address_of web blue)" 80 && return 1
	# Nobody has a name on the default network.
	planet run -d --name plain --network bridge busybox sleep 1000
	run planet run --rm --network bridge busybox nslookup plain
	[ "$status" = 1 ]
}

@test "an internal network has no way out, and nobody looks for a name outside of it" {
	planet network create --internal shut
	serve web --network shut
	ask_inside shut tcp web 80
	[ "$(planet run --rm --network shut busybox ip route | grep -c default || :)" = 0 ]
	run ask_inside shut tcp 192.0.2.2 80
	[ "$status" != 0 ]
	run planet run --rm --network shut busybox nslookup example.org
	[ "$status" = 1 ]
	[[ "$output" != *"connection timed out"* ]]
}

@test "what is published on 127.0.0.1 is there for the host, and for nobody else" {
	planet network create blue
	serve web --network blue -p 8080:80 -p 8081:80/udp
	[ "$(planet port web)" = $'80/tcp -> 127.0.0.1:8080\n80/udp -> 127.0.0.1:8081' ]
	[ "$(planet ps --format '{{.Ports}}')" = "127.0.0.1:8080->80/tcp, 127.0.0.1:8081->80/udp" ]
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	at_host python3 "$top/peer" ask udp 127.0.0.1 8081
	at_neighbour ip route add 127.0.0.0/8 via 192.0.2.1 || :
	run at_neighbour python3 "$top/peer" ask tcp 192.0.2.1 8080
	[ "$status" != 0 ]
	# No program of the host and no other container takes it.
	run at_host python3 -c 'import socket; socket.socket().bind(("127.0.0.1", 8080))'
	[ "$status" != 0 ]
	run planet run --rm --network blue -p 8080:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	[[ "$output" == *"127.0.0.1:8080/tcp of this host is already allocated"* ]]
	planet rm -f web
	planet run --rm --network blue -p 8080:80 busybox true
}

@test "what is published on all addresses is there for the neighbour, whose address the server sees" {
	planet network create --ipv6 blue
	serve web --network blue -p 0.0.0.0:8080:80 -p 0.0.0.0:8080:80/udp -p '[::]:8080:80'
	for protocol in tcp udp; do
		run at_neighbour python3 "$top/peer" ask $protocol 192.0.2.1 8080
		[ "$output" = "192.0.2.2 said hello" ]
	done
	run at_neighbour python3 "$top/peer" ask tcp 2001:db8::1 8080
	[ "$output" = "2001:db8::2 said hello" ]
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	# From a container, the server itself among them, to the address of the host.
	ask_inside blue tcp 192.0.2.1 8080
	planet exec web /usr/bin/python3 /peer ask tcp 192.0.2.1 8080
	# Its own address is reached by nobody from outside.
	at_neighbour ip route add "$(planet network inspect -f '{{(index .IPAM.Config 0).Subnet}}' blue)" via 192.0.2.1
	run at_neighbour python3 "$top/peer" ask tcp "$(address_of web blue)" 80
	[ "$status" != 0 ]
}

@test "one line of networks.json publishes on all addresses, as docker does, and one gives subnets" {
	export PLANET_NETWORKS=$top/networks.json
	echo '{"ip": "0.0.0.0", "default-address-pools": [{"base": "10.66.0.0/16", "size": 28}]}' >"$PLANET_NETWORKS"
	planet network create blue
	planet network create --ipv6 both
	[ "$(planet network inspect -f '{{(index .IPAM.Config 0).Subnet}}' blue)" = 10.66.0.16/28 ]
	[ "$(planet network inspect -f '{{(index .IPAM.Config 0).Subnet}}' bridge)" = 10.66.0.0/28 ]
	serve web --network blue -p 8080:80
	[ "$(planet port web 80)" = 0.0.0.0:8080 ]
	run at_neighbour python3 "$top/peer" ask tcp 192.0.2.1 8080
	[ "$output" = "192.0.2.2 said hello" ]
	serve db --network both -p 8081:80
	[ "$(planet port db 80)" = $'0.0.0.0:8081\n[::]:8081' ]
	run at_neighbour python3 "$top/peer" ask tcp 2001:db8::1 8081
	[ "$output" = "2001:db8::2 said hello" ]
	# A network's own word counts for more.
	planet network create -o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 home
	planet run -d --name cat --network home -p 8082:80 busybox sleep 1000
	[ "$(planet port cat 80)" = 127.0.0.1:8082 ]
	# Wrong settings are found by whoever needs them, and by nobody else.
	echo '{"ipp": "0.0.0.0"}' >"$PLANET_NETWORKS"
	planet run --rm --network blue -p 127.0.0.1:8083:80 busybox true
	run planet run --rm --network blue -p 8083:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	[[ "$output" == *"$PLANET_NETWORKS"*'"ipp" is not a setting: there are ip and default-address-pools'* ]]
	rm "$PLANET_NETWORKS"
	run planet run --rm --network blue -p 8083:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
}

@test "addresses: those that are asked for, those that are taken, those of the dead" {
	planet network create --subnet 10.9.8.0/29 --gateway 10.9.8.1 small
	planet run -d --name one --network small --ip 10.9.8.5 --mac-address 02:42:00:00:00:05 busybox sleep 1000
	[ "$(address_of one small)" = 10.9.8.5 ]
	[ "$(planet exec one cat /sys/class/net/eth0/address)" = 02:42:00:00:00:05 ]
	run planet run --rm --network small --ip 10.9.8.5 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	[[ "$output" == *10.9.8.5* ]]
	for name in two three four five; do planet run -d --name $name --network small busybox sleep 1000; done
	run planet run --rm --network small busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	# The keeper is killed, and the container with it: its address is free, and its port.
	kill -9 "$(pgrep -f "^planet: keeper of $(planet inspect -f '{{.Id}}' five | cut -c1-12)")"
	for _ in $(seq 100); do [ "$(planet inspect -f '{{.State.Status}}' five)" = running ] || break; sleep 0.05; done
	planet run --rm --network small busybox true
}

@test "a port of one whose keeper was killed is the next one's, and stays so when the other is taken away" {
	planet network create blue
	serve old --network blue -p 8080:80
	kill -9 "$(pgrep -f "^planet: keeper of $(planet inspect -f '{{.Id}}' old | cut -c1-12)")"
	serve new --network blue -p 0.0.0.0:8080:80
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	planet ps -a
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	planet rm -f old
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
}

@test "a macvlan is on the network of its parent" {
	planet network create -d macvlan -o parent=wire --subnet 192.0.2.0/24 --gateway 192.0.2.2 --ip-range 192.0.2.128/25 wide
	serve web --network wide
	[[ "$(address_of web wide)" == 192.0.2.1[2-9]? ]]
	run at_neighbour python3 "$top/peer" ask tcp "$(address_of web wide)" 80
	[ "$output" = "192.0.2.2 said hello" ]
	ask_inside wide tcp web 80
	run planet run --rm --network wide -p 8080:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
}

@test "a packet filter that was emptied is there again at once, as it was" {
	planet network create blue
	planet network create --internal shut
	serve web --network blue -p 8080:80
	planet run -d --name inside --network shut busybox sleep 1000
	rules() { at_host nft list ruleset | sed 's/elements = {//' | tr -d ' \t,}' | tr -s '\n' | sort; }
	rules >"$top/rules"
	at_host nft flush ruleset
	for _ in $(seq 100); do rules | cmp -s "$top/rules" - && break; sleep 0.02; done
	rules | diff "$top/rules" -
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
}

@test "somebody who empties the packet filter again and again stops no start" {
	planet network create blue
	nsenter -t "$host" -n bash -c 'while :; do nft flush ruleset; sleep "0.00$((RANDOM % 9 + 1))"; done' 3>&- &
	local other=$!
	for _ in $(seq 20); do planet run --rm --network blue -p 8080:80 busybox true || { kill $other; return 1; }; done
	kill $other
}

@test "who runs a container at a terminal is told where it listens" {
	planet network create blue
	mkfifo "$top/typed"
	on_terminal() { script -qec "nsenter -t $host -n $PLANET_BIN --root $root --runroot $runroot $*" /dev/null <>"$top/typed" | tr -d '\r'; }
	run on_terminal run -d --name web --network blue -p 8080:80 -p 8081:81/udp busybox sleep 1000
	[ "${#lines[@]}" = 2 ]
	[ "${lines[0]}" = "$(planet inspect -f '{{.Id}}' web)" ]
	[ "${lines[1]}" = "planet: web listens on 127.0.0.1:8080->80/tcp, 127.0.0.1:8081->81/udp" ]
	planet stop -t 0 web
	run on_terminal start web
	[[ "$output" == *"web listens on 127.0.0.1:8080->80/tcp"* ]]
	planet rm -f web
	run on_terminal run --rm --network blue --name web -p 8080:80 busybox echo done
	[[ "$output" == *"web listens on 127.0.0.1:8080->80/tcp"* && "$output" == *done* ]]
	run on_terminal run --rm --network blue busybox echo done
	[ "$output" = done ]
	# Programs read the id alone.
	run planet run -d --name web --network blue -p 8080:80 busybox sleep 1000
	[ "$output" = "$(planet inspect -f '{{.Id}}' web)" ]
}

@test "many at once have addresses of their own, and leave nothing, however they end" {
	planet network create blue
	for i in $(seq 24); do planet run -d --name "c$i" --network blue busybox sleep 1000 >/dev/null 2>"$top/err$i" & done
	wait $(jobs -p | grep -v -e "^$host$" -e "^$neighbour$")
	[ "$(planet ps -q | wc -l)" = 24 ]
	for i in $(seq 24); do address_of "c$i" blue; done | sort >"$top/addresses"
	[ "$(uniq "$top/addresses" | wc -l)" = 24 ]
	for i in $(seq 24); do echo "nslookup c$i >/dev/null || echo c$i"; done >"$top/look"
	[ -z "$(planet run --rm -i --network blue busybox sh <"$top/look")" ]
	pkill -9 -f "^planet: keeper of ($(for i in 3 5 7; do planet inspect -f '{{.Id}}' "c$i" | cut -c1-12; done | paste -sd '|'))"
	planet rm -f $(planet ps -aq) >/dev/null
}

@test "a killed resolver comes back, and one that nobody asks costs nothing" {
	planet network create blue
	planet run -d --name box --network blue busybox sleep 1000
	[ -z "$(resolvers)" ]
	planet exec box nslookup box
	kill -9 "$(resolvers)"
	for _ in $(seq 20); do planet exec box nslookup box && break; sleep 0.2; done
	planet exec box nslookup box
	planet rm -f box
	[ -z "$(resolvers)" ]
}

@test "a restart connects again, and a network that is gone is named" {
	planet network create blue
	planet run -d --name box --network blue -p 8080:80 busybox sleep 1000
	planet restart -t 0 box
	[ "$(planet port box 80)" = 127.0.0.1:8080 ]
	planet exec box ip -o -4 address show eth0
	run planet network rm blue
	[ "$status" = 1 ] && [ "${#lines[@]}" = 1 ]
	planet rm -f box
	planet network rm blue
	[ -z "$(at_host ip -o link | grep ' pl-' || :)" ]
}
