#!/usr/bin/env bats
# What is said of networks, ports and names beside the usual: options of networks, families, ranges of ports, name servers.
load helper
load host_and_neighbour
bats_require_minimum_version 1.5.0

# getent of this host: the C library's own way to names.
ask_name() { # NETWORK NAME [FLAGS...]: its IPv4 addresses, from a new container
	local network=$1 name=$2
	shift 2
	planet run --rm --network "$network" "${peer[@]}" "$@" busybox /usr/bin/getent ahostsv4 "$name" | awk '{print $1}' | sort -u
}

@test "a network can keep its containers apart, and still publishes and finds names" {
	planet network create -o com.docker.network.bridge.enable_icc=false apart
	serve web --network apart -p 0.0.0.0:8080:80
	run ask_inside apart tcp "$(address_of web apart)" 80
	[ "$status" != 0 ]
	[ "$(ask_name apart web)" = "$(address_of web apart)" ]
	run at_neighbour python3 "$top/peer" ask tcp 192.0.2.1 8080
	[ "$output" = "192.0.2.2 said hello" ]
}

@test "-P publishes what --expose and the image's EXPOSE say, each at a free port" {
	planet network create blue
	planet run --name first busybox true
	planet commit -c 'EXPOSE 80 81/udp' first example.org/exposes:1 >/dev/null
	planet rm first
	planet run -d --name web --network blue -P --expose 90-91 -p 7070:70 example.org/exposes:1 sleep 1000
	run planet port web
	[ "${#lines[@]}" = 5 ]
	for port in 80/tcp 81/udp 90/tcp 91/tcp; do [[ "$output" == *"$port -> 127.0.0.1:"* ]]; done
	[[ "$output" == *"70/tcp -> 127.0.0.1:7070"* ]]
	[ "$(planet port web | sed 's/.*://' | sort -u | wc -l)" = 5 ]
	# Without -P they are known, and not open.
	planet run -d --name shy --network blue --expose 90 example.org/exposes:1 sleep 1000
	[ -z "$(planet port shy)" ]
	[ "$(planet ps --filter name=shy --format '{{.Ports}}')" = "80/tcp, 90/tcp, 81/udp" ]
}

@test "ranges of ports: side by side, and any free one" {
	planet network create blue
	planet run -d --name range --network blue -p 8000-8002:90-92 busybox sleep 1000
	[ "$(planet ps --format '{{.Ports}}')" = "127.0.0.1:8000->90/tcp, 127.0.0.1:8001->91/tcp, 127.0.0.1:8002->92/tcp" ]
	for name in one two; do serve $name --network blue -p 8002-8004:80; done
	[ "$(planet port one 80)" = 127.0.0.1:8003 ]
	[ "$(planet port two 80)" = 127.0.0.1:8004 ]
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8004
	run planet run --rm --network blue -p 8002-8004:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	# None is held for what did not start.
	planet rm -f two
	planet run --rm --network blue -p 8002-8004:80 busybox true
	run planet run --rm --network blue -p 8000-8001:90-92 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
}

@test "a network of IPv6 alone" {
	planet network create --ipv4=false --ipv6 six
	serve web --network six -p '[::]:8080:80'
	[ -z "$(address_of web six)" ]
	[[ "$(address_of web six GlobalIPv6Address)" == fd* ]]
	ask_inside six tcp web 80
	run at_neighbour python3 "$top/peer" ask tcp 2001:db8::1 8080
	[ "$output" = "2001:db8::2 said hello" ]
	run ask_inside six tcp 2001:db8::2 80
	[[ "$output" == *"Connection refused"* ]]
	# This host's default is an address of IPv4.
	run planet run --rm --network six -p 8081:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
}

@test "the MTU of a network is that of its bridge and of its containers" {
	planet network create -o com.docker.network.driver.mtu=1280 narrow
	planet run -d --name box --network narrow busybox sleep 1000
	[ "$(planet exec box cat /sys/class/net/eth0/mtu)" = 1280 ]
	[ "$(at_host ip -o link | grep -c ' mtu 1280 .* master pl-\| pl-.* mtu 1280 ')" = 2 ]
}

@test "who shares a container's network has its addresses, its ports and its names" {
	planet network create blue
	serve web --network blue -p 8080:80
	planet run -d --name first --network container:web busybox sleep 1000
	[ "$(planet exec first ip -o -4 address show eth0 | awk '{print $4}')" = "$(address_of web blue)/24" ]
	planet exec first nslookup web
	ask_inside container:web tcp 127.0.0.1 80
	# Only what belongs to a container is taken away with it.
	planet rm -f first
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	run planet run --rm --network container:web -p 8081:80 busybox true
	[ "$status" = 125 ] && [ "${#lines[@]}" = 1 ]
	# With the host's network what it serves is the host's.
	planet run -d --name open --network host -v "$top/peer:/peer:ro" "${peer[@]}" busybox /usr/bin/python3 /peer serve 9000
	for _ in $(seq 100); do planet logs open | grep -q ready && break; sleep 0.05; done
	at_neighbour python3 "$top/peer" ask tcp 192.0.2.1 9000
	# Its ports below 1024 belong to the host's root, whom a container with users of its own is not.
	run planet run --rm --network host -v "$top/peer:/peer:ro" "${peer[@]}" busybox /usr/bin/python3 /peer serve 80
	[[ "$output" == *"Permission denied"* ]]
}

@test "names of others come from the servers that are given, by TCP where they are too long, with search and options" {
	nsenter -t "$neighbour" -n python3 "$BATS_TEST_DIRNAME/dns_peer.py" 192.0.2.2 corp.example >"$top/upstream" 3>&- &
	local server=$!
	for _ in $(seq 100); do grep -q ready "$top/upstream" && break; sleep 0.05; done
	planet network create blue
	local dns=(--dns 192.0.2.2 --dns-search corp.example --dns-option ndots:2)
	[ "$(planet run --rm --network blue "${dns[@]}" busybox cat /etc/resolv.conf | sed 's/#.*//;/^$/d')" = $'nameserver 127.0.0.11\nsearch corp.example\noptions ndots:2' ]
	[ "$(ask_name blue printer.corp.example "${dns[@]}")" = 192.0.2.77 ]
	[ "$(ask_name blue printer "${dns[@]}")" = 192.0.2.77 ]
	# With two dots wanted, the search list comes first.
	[ "$(ask_name blue printer.room "${dns[@]}")" = 192.0.2.77 ]
	[ "$(ask_name blue big.corp.example "${dns[@]}" | wc -l)" = 40 ]
	[ -z "$(ask_name blue printer.elsewhere.example. "${dns[@]}")" ]
	# Its own names are not asked for.
	planet run -d --name web --network blue "${dns[@]}" busybox sleep 1000
	[ "$(ask_name blue web --dns 192.0.2.2 --dns-search .)" = "$(address_of web blue)" ]
	# On the default network the servers are asked by the container itself.
	[ "$(planet run --rm --network bridge "${dns[@]}" busybox grep -c '^nameserver 192.0.2.2' /etc/resolv.conf)" = 1 ]
	[ "$(ask_name bridge printer "${dns[@]}")" = 192.0.2.77 ]
	[ "$(ask_name bridge big.corp.example "${dns[@]}" | wc -l)" = 40 ]
	kill "$server"
	wait "$server" || :
}

@test "a name that several have is all of theirs, in changing order; an address has a name" {
	planet network create blue
	local name first
	for name in one two three; do planet run -d --name $name --network blue --network-alias pool busybox sleep 1000; done
	[ "$(ask_name blue pool)" = "$(for name in one two three; do address_of $name blue; done | sort)" ]
	planet exec one sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do nslookup -type=a pool | sed -n "/^Name/{n;p;q}"; done' >"$top/firsts"
	[ "$(sort -u "$top/firsts" | wc -l)" -ge 2 ]
	[[ "$(planet exec one nslookup "$(address_of two blue)")" == *"name = two"* ]]
	planet rm -f two
	[ "$(ask_name blue pool | wc -l)" = 2 ]
}

@test "--add-host: addresses, and where the host is" {
	planet network create blue
	run planet run --rm --network blue --add-host up:host-gateway --add-host far:192.0.2.9 --add-host 'six:[2001:db8::9]' busybox cat /etc/hosts
	[[ "$output" == *"$(planet network inspect -f '{{(index .IPAM.Config 0).Gateway}}' blue)"$'\tup'* ]]
	[[ "$output" == *$'192.0.2.9\tfar'* && "$output" == *$'2001:db8::9\tsix'* ]]
	# It leads there: a server of the host on all addresses is reached by it.
	nsenter -t "$host" -n python3 "$top/peer" serve 9000 >"$top/server" 3>&- &
	local server=$!
	for _ in $(seq 100); do grep -q ready "$top/server" && break; sleep 0.05; done
	planet run --rm --network blue --add-host up:host-gateway -v "$top/peer:/peer:ro" "${peer[@]}" busybox /usr/bin/python3 /peer ask tcp up 9000
	kill "$server"
	wait "$server" || :
}
