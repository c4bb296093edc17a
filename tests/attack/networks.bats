#!/usr/bin/env bats
# Networks under attack, by containers and by a neighbour of the host: what has broken other engines, tried on this one.
load ../e2e/helper
load ../e2e/host_and_neighbour
bats_require_minimum_version 1.5.0

# attack ARGS...: what the hostile one sends (network_attack.py), from this machine's side of a namespace, or from a container.
attacks=$BATS_TEST_DIRNAME/network_attack.py
neighbour_attacks() { at_neighbour python3 "$attacks" "$@"; }
attack_from() { # CONTAINER ARGS...
	local from=$1
	shift
	planet exec "$from" /usr/bin/python3 /attack "$@"
}
hostile=(-v "$attacks:/attack:ro" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro)
# A container that can do whatever a network lets it.
intrude() { # NAME NETWORK [FLAGS...]
	local name=$1 network=$2
	shift 2
	planet run -d --name "$name" --network "$network" --cap-add NET_RAW --cap-add NET_ADMIN -v "$top/peer:/peer:ro" "${hostile[@]}" \
		"$@" busybox sleep 1000
}
ask_from() { # CONTAINER PROTOCOL ADDRESS PORT
	local from=$1
	shift
	planet exec "$from" /usr/bin/python3 /peer ask "$@"
}
# A server of this side, which ends with the test: in the background, its output in $top/NAME.
begin_server() { # NAME PID COMMAND...: in the network namespace of that process
	nsenter -t "$2" -n "${@:3}" >"$top/$1" 2>&1 3>&- &
	servers+=($!)
	for _ in $(seq 100); do grep -q ready "$top/$1" && return; sleep 0.02; done
	return 1
}
end_servers() {
	[ -z "${servers[*]}" ] || kill "${servers[@]}"
	for server in "${servers[@]}"; do wait "$server" || :; done
	servers=()
}
servers=()
subnet_of() { planet network inspect -f "{{(index .IPAM.Config ${2:-0}).Subnet}}" "$1"; }
gateway_of() { planet network inspect -f "{{(index .IPAM.Config ${2:-0}).Gateway}}" "$1"; }
bridge_of() { at_host ip -o address | grep -F " $(gateway_of "$1")/" | cut -d ' ' -f 2; }
mac_at_host() { at_host ip -o link show "$1" | grep -o 'link/ether [^ ]*' | cut -c12-; }
# knocks ANSWERED COMMAND... knock ...: of those places exactly these answer, "ADDRESS PORT" each; a slow machine has more time.
knocks() {
	local wanted=$1 heard
	shift
	for _ in $(seq 10); do
		heard=$("$@") || return
		[ "$heard" != "$wanted" ] || return 0
		[ -z "$(grep -vxF "$wanted" <<<"$heard" | grep .)" ] || break
	done
	echo "$*: $heard" && return 1
}
nobody() { knocks "" "$@"; }
# Until a server has printed it.
heard() { # TEXT COMMAND...: what prints its output
	local text=$1
	shift
	for _ in $(seq 50); do "$@" | grep -q "$text" && return; sleep 0.05; done
	return 1
}

# Its peer lies beside the file that is shared.
eval "shared_$(declare -f setup)"
eval "shared_$(declare -f teardown)"
setup() { BATS_TEST_DIRNAME=$BATS_TEST_DIRNAME/../e2e shared_setup; }
teardown() {
	end_servers
	shared_teardown
}

@test "K1: what is published is there for the host alone, unless it says so, and a filter of the host has the last word" {
	planet network create blue
	serve web --network blue -p 8080:80 -p 0.0.0.0:8081:80
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	knocks '192.0.2.1 8081' neighbour_attacks knock 192.0.2.1 8080 192.0.2.1 8081
	# As ufw has it.
	at_host nft -f - <<-'EOF2'
		table inet ufw {
			chain input { type filter hook input priority filter; policy drop; ct state established,related accept; iif lo accept; }
			chain forward { type filter hook forward priority filter; policy drop; ct state established,related accept; }
		}
	EOF2
	nobody neighbour_attacks knock 192.0.2.1 8080 192.0.2.1 8081
	# The host itself is served, by what it lets in: answers.
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8081
	at_host nft add rule inet ufw forward iifname wire ct status dnat accept
	knocks '192.0.2.1 8081' neighbour_attacks knock 192.0.2.1 8081
	at_host nft delete table inet ufw
}

@test "K2: a packet filter that is emptied opens nothing, and is there again at once" {
	planet network create --ipv6 blue
	serve web --network blue -p 8080:80
	at_neighbour ip route add "$(subnet_of blue)" via 192.0.2.1
	at_neighbour ip -6 route add "$(subnet_of blue 1)" via 2001:db8::1
	at_neighbour ip route del local 127.0.0.0/8 dev lo table local
	at_neighbour ip route add 127.0.0.0/8 via 192.0.2.1
	# Two keepers see it, and make it again at the same time.
	planet run -d --name other --network blue busybox sleep 1000
	local keepers='' doors
	for name in web other; do keepers+=" $(pgrep -f "^planet: keeper of $(planet inspect -f '{{.Id}}' $name | cut -c1-12)")"; done
	doors=(127.0.0.1 8080 192.0.2.1 8080 "$(address_of web blue)" 80 "$(address_of web blue GlobalIPv6Address)" 80)
	for harm in 'flush ruleset' 'delete table inet' 'delete table bridge' 'flush table inet'; do
		[ "$harm" = 'flush ruleset' ] || harm+=" $(at_host nft list tables | grep -m 1 "${harm##* } planet" | cut -d ' ' -f 3)"
		at_host nft list ruleset >"$top/rules"
		at_host nft $harm
		for _ in $(seq 50); do at_host nft list ruleset | cmp -s "$top/rules" - && break; sleep 0.02; done
		at_host nft list ruleset | diff "$top/rules" -
	done
	nobody neighbour_attacks knock "${doors[@]}"
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	# The neighbour's ways lead there: it is the packet filter that holds. What is published has no way in without it.
	kill -STOP $keepers
	at_host nft flush ruleset
	knocks "$(address_of web blue) 80"$'\n'"$(address_of web blue GlobalIPv6Address) 80" neighbour_attacks knock "${doors[@]}"
	kill -CONT $keepers
	heard 8080 at_host nft list ruleset
	nobody neighbour_attacks knock "${doors[@]}"
}

@test "K3: no neighbour reaches 127.0.0.1, nor a container past its published ports" {
	planet network create blue
	planet run -d --name ear --network blue -p 127.0.0.1:8080:80/udp -p 0.0.0.0:8081:80/udp "${hostile[@]}" busybox \
		/usr/bin/python3 /attack hear 0.0.0.0 80
	begin_server local "$host" python3 "$attacks" hear 127.0.0.1 8082
	local mac
	mac=$(mac_at_host wire)
	for source in 192.0.2.2 127.0.0.1 192.0.2.1 "$(address_of ear blue)"; do
		for port in 8080 8082; do neighbour_attacks udp wire "$mac" "$source" 127.0.0.1 $port; done
		neighbour_attacks udp wire "$mac" "$source" "$(address_of ear blue)" 80
		neighbour_attacks udp wire "$mac" "$source" "$(gateway_of blue)" 8080
	done
	# The attack is one: this port is published.
	neighbour_attacks udp wire "$mac" 192.0.2.2 192.0.2.1 8081
	heard forged planet logs ear
	sleep 0.2
	[ "$(planet logs ear)" = $'ready\n192.0.2.2 forged' ]
	[ "$(cat "$top/local")" = ready ]
}

@test "K4: a server sees who asks, and never itself or 127.0.0.1" {
	planet network create --ipv6 blue
	serve web --network blue -p 127.0.0.1:8080:80 -p 0.0.0.0:8081:80 -p '[::]:8081:80' -p 0.0.0.0:8081:80/udp
	for protocol in tcp udp; do [ "$(at_neighbour python3 "$top/peer" ask $protocol 192.0.2.1 8081)" = "192.0.2.2 said hello" ]; done
	[ "$(at_neighbour python3 "$top/peer" ask tcp 2001:db8::1 8081)" = "2001:db8::2 said hello" ]
	# This host: by its address of that network.
	[ "$(at_host python3 "$top/peer" ask tcp 127.0.0.1 8080)" = "$(gateway_of blue) said hello" ]
	[ "$(at_host python3 "$top/peer" ask tcp "$(address_of web blue)" 80)" = "$(gateway_of blue) said hello" ]
	[ "$(at_host python3 "$top/peer" ask tcp 192.0.2.1 8081)" = "192.0.2.1 said hello" ]
	# A container of the same network, also itself, by the host's address: not its own, which it would not believe.
	[ "$(ask_from web tcp 192.0.2.1 8081)" = "$(gateway_of blue) said hello" ]
	planet network create red
	intrude other red
	[ "$(ask_from other tcp 192.0.2.1 8081)" = "$(address_of other red) said hello" ]
}

@test "K5: a container is nobody's router, IPv6 is where it is asked for, and no raw socket where it is not" {
	planet network create --ipv6 blue
	planet network create plain
	planet run -d --name victim --network blue --network plain busybox sleep 1000
	intrude evil blue
	local hosts_before victims_before
	hosts_before=$(at_host ip -6 route) victims_before=$(planet exec victim ip -6 route)
	attack_from evil router eth0
	attack_from evil neighbour eth0 "$(gateway_of blue 1)"
	sleep 0.3
	[ "$(at_host ip -6 route)" = "$hosts_before" ]
	[ "$(planet exec victim ip -6 route)" = "$victims_before" ]
	refute grep -q 2001:db8:bad <<<"$(planet exec victim ip -6 address)$(at_host ip -6 address)"
	refute grep -q "$(planet exec evil cat /sys/class/net/eth0/address)" <<<"$(planet exec victim ip neigh | grep "$(gateway_of blue 1)" || :)"
	planet run --rm --network blue --network plain busybox sh -c 'cat /proc/sys/net/ipv6/conf/eth[01]/accept_ra' | sort -u >"$top/ra"
	[ "$(cat "$top/ra")" = 0 ]
	[ "$(at_host cat /proc/sys/net/ipv6/conf/"$(bridge_of blue)"/accept_ra)" = 0 ]
	# Without --ipv6: no address, also no link-local one, in a container and on the bridge; and none that it takes itself.
	intrude four plain
	for who in "planet exec four" at_host; do
		refute grep -q inet6 <<<"$($who ip -6 address show dev "$([ "$who" = at_host ] && bridge_of plain || echo eth0)")"
	done
	[ "$(at_host cat /proc/sys/net/ipv6/conf/"$(bridge_of plain)"/disable_ipv6)" = 1 ]
	planet exec four ip -6 address add fd00:bad::1/64 dev eth0 || :
	planet exec victim ip -6 address add fd00:bad::2/64 dev eth1 2>/dev/null || :
	# No raw sockets by default; ping needs none.
	refute planet exec victim sh -c 'grep CapEff /proc/self/status | grep -q "[2367abef]...$"'
	planet run --rm --network blue "${hostile[@]}" busybox /usr/bin/python3 -c '
import socket
low, high = map(int, open("/proc/sys/net/ipv4/ping_group_range").read().split())
assert low == 0 and high > 0
socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
for family, kind in ((socket.AF_INET, socket.IPPROTO_ICMP), (socket.AF_PACKET, 0)):
    try:
        socket.socket(family, socket.SOCK_RAW, kind)
    except OSError:
        continue
    raise SystemExit(1)'
}

@test "K6: whoever is in an internal network tells no name server outside what it looks for" {
	planet network create --internal shut
	planet network create open
	begin_server upstream "$neighbour" python3 "$attacks" upstream 192.0.2.2
	intrude in shut --dns 192.0.2.2
	intrude out open --dns 192.0.2.2
	[ "$(attack_from out ask example.org 1)" = 203.0.113.1 ]
	[ "$(grep -c example "$top/upstream")" = 1 ]
	at_neighbour nft 'table inet counted { chain wire { type filter hook prerouting priority raw; meta l4proto { icmp, tcp, udp } counter; }; }'
	for name in secret.example.org secret 1.2.0.192.in-addr.arpa; do
		run planet exec in nslookup "$name"
		[ "$status" = 1 ]
		[[ "$output" == *REFUSED* || "$output" == *NXDOMAIN* ]]
	done
	# Nor by a way that it makes itself.
	planet exec in ip route add default via "$(gateway_of shut)"
	nobody attack_from in knock 192.0.2.2 53
	refute planet exec in timeout 1 nslookup secret.example.org 192.0.2.2
	[ "$(grep -c secret "$top/upstream" || :)" = 0 ]
	at_neighbour nft list ruleset | grep -q 'counter packets 0 '
	attack_from out ask example.org 1
	refute grep -q 'counter packets 0 ' <<<"$(at_neighbour nft list ruleset)"
	# With a foot in both it may ask.
	planet run --rm --network shut --network open --dns 192.0.2.2 "${hostile[@]}" busybox /usr/bin/python3 /attack ask both.example 1
}

@test "K7: the name service takes no nonsense, tells no names of others, and believes only whom it asked" {
	planet network create blue
	planet network create red
	begin_server upstream "$neighbour" python3 "$attacks" upstream 192.0.2.2 forge
	serve web --network blue --network-alias www.example.org
	intrude evil blue --dns 192.0.2.2
	intrude stranger red --dns 192.0.2.2
	[ "$(attack_from evil malformed)" = "$(address_of web blue)" ]
	# A name is its network's own.
	planet exec evil nslookup www.example.org | grep -q "$(address_of web blue)"
	planet exec stranger nslookup -type=a www.example.org | grep -q 203.0.113.1
	run planet exec stranger nslookup web
	[ "$status" = 1 ]
	refute grep -q "$(address_of web blue)" <<<"$(planet exec stranger nslookup -type=a web.blue || :)"
	# Answers of another port, with another id, to another question come first: nobody waits for those.
	[ "$(attack_from stranger ask example.org 50 | sort | uniq -c | tr -s ' ')" = " 50 203.0.113.1" ]
	grep ' n[0-9]*.example.org' "$top/upstream" >"$top/asked"
	[ "$(wc -l <"$top/asked")" = 50 ]
	[ "$(cut -d ' ' -f 1 "$top/asked" | sort -u | wc -l)" -ge 48 ]
	[ "$(cut -d ' ' -f 2 "$top/asked" | sort -u | wc -l)" -ge 45 ]
	# Neither counts up.
	for column in 1 2; do
		[ "$(cut -d ' ' -f $column "$top/asked" | awk 'NR > 1 && $1 - last >= 0 && $1 - last <= 4 { near++ } { last = $1 } END { print near + 0 }')" -le 3 ]
	done
}

@test "K8: no container speaks for another, and none reaches another network by its address" {
	planet network create blue
	planet network create red
	planet run -d --name ear --network blue -v "$top/peer:/peer:ro" "${hostile[@]}" busybox /usr/bin/python3 /attack hear 0.0.0.0 80
	serve web --network blue
	serve far --network red
	intrude evil blue
	local ear web own mac gateway
	ear=$(address_of ear blue) web=$(address_of web blue) own=$(address_of evil blue) mac=$(address_of ear blue MacAddress)
	gateway=$(gateway_of blue)
	# Frames with another's address, the gateway's, the host's, another network's; the same with a tag of 802.1Q.
	for source in "$web" "$gateway" 192.0.2.1 127.0.0.1 "$(address_of far red)" 0.0.0.0; do
		attack_from evil udp eth0 "$mac" "$source" "$ear" 80
		attack_from evil udp eth0 "$mac" "$source" "$ear" 80 0
	done
	# That an address is here, which is somebody else's.
	planet exec ear ping -c 1 "$web" || ask_from ear tcp "$web" 80
	for address in "$web" "$gateway"; do attack_from evil arp eth0 "$address"; done
	attack_from evil udp eth0 "$mac" "$own" "$ear" 80
	heard forged planet logs ear
	sleep 0.2
	[ "$(planet logs ear)" = "ready"$'\n'"$own forged" ]
	refute grep "$(address_of evil blue MacAddress)" <<<"$(planet exec ear ip neigh | grep -e "^$web " -e "^$gateway " || :)"
	refute grep "$(address_of evil blue MacAddress)" <<<"$(at_host ip neigh | grep -e "^$web " || :)"
	ask_from ear tcp "$web" 80
	# With the address and the MAC address of another as its own.
	planet exec evil ip address add "$web/24" dev eth0
	[ "$(ask_from ear tcp "$web" 80)" = "$ear said hello" ]
	planet exec evil sh -c "ip link set eth0 down; ip link set eth0 address $(address_of web blue MacAddress); ip link set eth0 up"
	attack_from evil udp eth0 "$mac" "$own" "$ear" 80
	attack_from evil arp eth0 "$web"
	[ "$(ask_from ear tcp "$web" 80)" = "$ear said hello" ]
	[ "$(planet logs ear | wc -l)" = 2 ]
	# Two networks, both ways, with routes of one's own and without.
	intrude bad red
	planet exec bad ip route replace "$(subnet_of blue)" via "$(gateway_of red)"
	knocks "$(address_of far red) 80" attack_from bad knock "$web" 80 "$(address_of far red)" 80
	knocks "$web 80" attack_from ear knock "$web" 80 "$(address_of far red)" 80
	attack_from bad udp eth0 "$(mac_at_host "$(bridge_of red)")" "$web" "$ear" 80
	sleep 0.2
	[ "$(planet logs ear | wc -l)" = 2 ]
}

@test "K9: an internal network reaches neither the host nor a cloud's metadata, and no network what the host has at 127.0.0.1" {
	planet network create blue
	planet network create --internal --ipv6 shut
	at_neighbour ip address add 169.254.169.254/32 dev wire
	at_host ip route add 169.254.169.254 dev wire
	begin_server metadata "$neighbour" python3 "$top/peer" serve 80
	begin_server service "$host" python3 "$top/peer" serve 9000
	begin_server local "$host" python3 "$attacks" hear 127.0.0.1 9001
	intrude in shut
	intrude out blue
	serve web --network shut -p 8080:80
	planet exec in ip route add default via "$(gateway_of shut)"
	planet exec in ip -6 route add default via "$(gateway_of shut 1)"
	nobody attack_from in knock "$(gateway_of shut)" 9000 "$(gateway_of shut 1)" 9000 192.0.2.1 9000 2001:db8::1 9000 \
		"$(gateway_of blue)" 9000 192.0.2.2 80 169.254.169.254 80
	refute planet exec in ping -c 1 -W 1 "$(gateway_of shut)"
	# The host may look into it, and its containers may look at each other.
	at_host python3 "$top/peer" ask tcp "$(address_of web shut)" 80
	at_host python3 "$top/peer" ask tcp "$(address_of web shut GlobalIPv6Address)" 80
	at_host python3 "$top/peer" ask tcp 127.0.0.1 8080
	ask_from in tcp web 80
	# Another network is told apart from that: it reaches what the host has for everybody, and what the host reaches.
	[ "$(ask_from out tcp "$(gateway_of blue)" 9000)" = "$(address_of out blue) said hello" ]
	[ "$(ask_from out tcp 169.254.169.254 80)" = "192.0.2.1 said hello" ]
	# But never 127.0.0.1, by no trick.
	local mac
	mac=$(mac_at_host "$(bridge_of blue)")
	for source in "$(address_of out blue)" 127.0.0.1; do attack_from out udp eth0 "$mac" "$source" 127.0.0.1 9001; done
	nobody attack_from out bound eth0 127.0.0.1 9000
	nobody attack_from out knock 127.0.0.1 9000
	attack_from out udp eth0 "$mac" "$(address_of out blue)" "$(gateway_of blue)" 9001
	[ "$(cat "$top/local")" = ready ]
	at_host python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"own", ("127.0.0.1", 9001))'
	heard '127.0.0.1 own' cat "$top/local"
}

# What the host has because of networks.
state() {
	at_host nft list ruleset
	at_host ip -o link | sed 's/^[0-9]*: //; s/ .*//'
	find "$root/networks" "$root/containers" "$root/names" "$runroot" | sort
	cat "$root"/networks/*
}
# docker's exit status, one sentence, and nothing is another than before.
refused() { # STATUS ARGS...
	local want=$1
	shift
	run --separate-stderr planet "$@"
	[ "$status" = "$want" ] && [ -z "$output" ] && [ "$(wc -l <<<"$stderr")" = 1 ] && ! grep -q '[^[:print:]]' <<<"$stderr" && return
	echo "planet $*: $status, said: $output $stderr" && return 1
}

@test "K10: names and options that are words of nft, of a shell, of a path or of 300 letters are refused, and change nothing" {
	planet network create blue
	planet run -d --name box --network blue -p 8080:80 busybox sleep 1000
	state >"$top/state"
	local long
	long=$(printf 'a%.0s' $(seq 300))
	for word in '; drop table inet planet' $'} table inet evil {\n' '../../etc' "$long" 'é' '$(id)' '@bridges' $'\x1b[31m' 'a"b'; do
		refused 1 network create -- "$word"
		refused 1 network create -o com.docker.network.bridge.name="$word" fine
		refused 1 network create -o "$word=$word" fine
		refused 1 network create --subnet "$word" fine
		refused 1 network rm "$word"
		refused 125 run --rm --network "$word" busybox true
		refused 125 run --rm --network blue --network-alias "$word" busybox true
		refused 125 run --rm --network blue --ip "$word" busybox true
		refused 125 run --rm --network blue -p "$word" busybox true
		refused 125 run --rm --network "name=blue,driver-opt=com.docker.network.endpoint.ifname=$word" busybox true
	done
	state | diff "$top/state" -
}

@test "K11: nothing listens but what was asked for" {
	planet network create blue
	begin_server sshd "$host" python3 "$top/peer" serve 22
	planet run -d --name box --network blue -p 8080:80 -p 0.0.0.0:8081:81/udp "${hostile[@]}" busybox sleep 1000
	planet exec box nslookup box
	[ -n "$(resolvers)" ]
	# A published port of TCP is held, and nobody listens; one of UDP is bound.
	at_host ss -Hltun
	[ "$(at_host ss -Hltn | awk '{ print $4 }' | sort | paste -sd ' ')" = '*:22' ]
	[ "$(at_host ss -Hlun | awk '{ print $4 }' | sort | paste -sd ' ')" = '*:22 0.0.0.0:8081' ]
	[ "$(nsenter -t "$(planet inspect -f '{{.State.Pid}}' box)" -n ss -Hltun | awk '{ print $5 }' | sort | paste -sd ' ')" = \
		'127.0.0.11:53 127.0.0.11:53' ]
}
