#!/usr/bin/env bats
# What a user can get wrong about networks: docker's exit status, one sentence that names the thing, and nothing is another than
# before: no file, no link, no rule.
load helper
load host_and_neighbour
bats_require_minimum_version 1.5.0

# What planet has written down; by the shell alone, since it is asked hundreds of times.
state() (
	shopt -s globstar nullglob dotglob
	printf '%s\n' "$root"/{networks,containers,names,volumes}/** "$runroot"/**
)
# And what it says, and what the host has because of it.
host_state() {
	at_host nft list ruleset
	at_host ip -o link | cut -d ' ' -f 2
	cat "$root"/networks/*
}

# Checks one command line after another against what is expected of it, and counts.
#   expect STATUS TEXT ARGS...    `planet ARGS` ends with STATUS, says one line on standard error, TEXT is in it
expect() {
	local want=$1 text=$2 got=0 shown='' now
	[ "$3 $4" != 'network inspect' ] || shown='[]' # as docker has it
	shift 2
	planet "$@" >"$top/out" 2>"$top/err" </dev/null || got=$?
	mapfile -t said <"$top/err"
	now=$(state)
	checked=$((checked + 1))
	[ "$got" = "$want" ] && [ "${#said[@]}" = 1 ] && [ "$(<"$top/out")" = "$shown" ] && [[ "${said[0]}" == *"$text"* ]] &&
		[[ "${said[0]}" != *[![:print:]]* ]] && [ "$now" = "$before" ] && return
	printf 'planet %s\n  ended with %s (not %s) and said: %s (not: %s)\n' "$*" "$got" "$want" "$(cat "$top/out" "$top/err")" "$text"
	diff - <(echo "$before") <<<"$now" || before=$now
	wrong=$((wrong + 1))
}
refused() { expect 125 "$1" run --rm "${@:2}" busybox true; }       # TEXT FLAGS... of `run`
not_made() { expect 1 "$1" network create "${@:2}"; }               # TEXT FLAGS... of `network create`

begin() {
	planet network create --subnet 10.9.8.0/29 small
	planet network create --internal --ipv6 --subnet fd00:9::/64 six
	for name in small six; do planet run --rm --network $name busybox true; done # the image is there, and the packet filter
	for _ in $(seq 100); do [ -n "$(traces)" ] || break; sleep 0.02; done
	long=$(printf 'a%.0s' $(seq 300))
	checked=0 wrong=0
	before=$(state)
	host_state >"$top/host-state"
}
finish() { # AT-LEAST: a table that is not run is no test
	[ "$wrong" = 0 ]
	[ "$checked" -ge "$1" ]
	host_state | diff "$top/host-state" -
	planet run --rm --network small --ip 10.9.8.5 -p 8080:80 --dns 192.0.2.2 --network-alias a.b busybox true
}

@test "networks that cannot be made" {
	begin
	for name in small six; do not_made "network with name $name already exists" "$name"; done
	for name in bridge host none default; do not_made "$name is a pre-defined network" "$name"; done
	for name in '' . .. ../up a/b -- -x '*' 'a b' $'a\nb' é '; flush ruleset' "{ accept }" "$long"; do not_made 'name' -- "$name"; done
	for name in 'x; flush ruleset' 'a,b' '$(id)' "a'b" '"'; do not_made 'name' "$name"; done
	for subnet in x 10.1.2.3 10.1.2.0/33 10.1.2.0/-1 10.1.2.0/x 10.1.2/24 300.1.2.0/24 10.1.2.3/24 fd00::/129 /24 '' ' 10.1.2.0/24' '{ 10.1.2.0/24 }' \
		"$long"; do not_made '--subnet' --subnet "$subnet" new; done
	for subnet in 10.9.8.0/29 10.9.0.0/16 10.9.8.4/30 0.0.0.0/1 fd00:9::/64 fd00::/16; do not_made 'overlap' --subnet "$subnet" new; done
	for subnet in 127.1.0.0/16 224.1.0.0/16 fe80::/64 ff02::/64 ::1/128; do not_made "$subnet" --subnet "$subnet" new; done
	not_made 'a network has one subnet of IPv4' --subnet 10.5.0.0/24 --subnet 10.6.0.0/24 new
	for gateway in x 10.5.1.1 10.5.0.1/24 fd00::1 '' "$long" '{ 10.5.0.1 }'; do not_made '--gateway' --subnet 10.5.0.0/24 --gateway "$gateway" new; done
	not_made 'it needs --subnet' --gateway 10.5.0.1 new
	not_made 'has a gateway already' --subnet 10.5.0.0/24 --gateway 10.5.0.1 --gateway 10.5.0.2 new
	for gateway in 10.5.0.0 10.5.0.255; do not_made "$gateway" --subnet 10.5.0.0/24 --gateway "$gateway" new; done
	for range in x 10.5.1.0/25 10.5.0.0/23 10.5.0.1/25 '' "$long"; do not_made '--ip-range' --subnet 10.5.0.0/24 --ip-range "$range" new; done
	for other in x a= =10.5.0.5 a=x a=10.6.0.1 "$long" "$long="; do not_made '--aux-address' --subnet 10.5.0.0/24 --aux-address "$other" new; done
	for driver in x overlay host none ipvlan '' "$long" 'bridge;'; do not_made '--driver' -d "$driver" new; done
	for option in x x=1 mtu mtu= mtu=x mtu=67 mtu=65536 mtu=-1 mtu=1e3 parent=wire macvlan_mode=bridge "$long" "$long=$long" 'mtu=1400;' =; do
		not_made '--opt' -o "$option" new
	done
	for bridge in '' planet0x123456789 'a b' ../x 'a;b' "$long" é -x a/b .; do not_made 'bridge.name' -o com.docker.network.bridge.name="$bridge" new; done
	not_made 'the bridge planet0 is that of network bridge' -o com.docker.network.bridge.name=planet0 new
	for value in yes '' 2; do not_made 'enable_icc' -o com.docker.network.bridge.enable_icc="$value" new; done
	for value in x 224.0.0.1 ::1 ''; do not_made 'host_binding_ipv4' -o com.docker.network.bridge.host_binding_ipv4="$value" new; done
	for parent in '' 'a b' '../eth0' "$long"; do not_made '--opt parent' -d macvlan -o parent="$parent" new; done
	for mode in x '' Bridge; do not_made 'macvlan_mode' -d macvlan -o parent=wire -o macvlan_mode="$mode" new; done
	not_made '--label' --label =x new
	not_made '--ipv6=false is given' --ipv6=false --subnet fd00:5::/64 new
	not_made '--ipv4=false is given' --ipv4=false --subnet 10.5.0.0/24 new
	finish 100
}

@test "networks that are not there" {
	begin
	for name in nowhere '' ../small small/ SMALL "$long" 'small;' $'small\n' '*'; do
		expect 1 'network' network rm -- "$name"
		expect 1 'network' network inspect -- "$name"
	done
	for name in bridge host none; do expect 1 'pre-defined' network rm "$name"; done
	expect 1 'network is required' network rm
	for filter in x until until=x label! nothing=1 "$long=1"; do expect 1 '--filter' network prune -f --filter "$filter"; done
	for filter in x nothing=1 type=x dangling=x; do expect 1 '--filter' network ls --filter "$filter"; done
	finish 30
}

@test "ways into networks that are none" {
	begin
	for name in nowhere '' ../small SMALL "$long" 'small;' $'small\nsix' 'a b' '{ small }'; do refused 'network' --network "$name"; done
	refused 'named twice' --network small --network small
	refused 'cannot be had together' --network host --network small
	refused 'cannot be had together' --network small --network none
	refused 'no such container' --network container:nobody
	for name in '' ../x "$long" 'a b'; do refused 'container' --network "container:$name"; done
	for field in '' x ip mtu=1 ip= ip=x ip6=10.9.8.5 name=six alias= alias=a..b mac-address=x driver-opt=x 'driver-opt=com.docker.network.endpoint.ifname=a b' \
		driver-opt=com.docker.network.endpoint.ifname=lo link-local-ip=fe80::1 '"x' "alias=$long" 'ip=10.9.8.5;'; do refused '--network' --network "name=small,$field"; done
	for ip in x '' 10.9.8 10.9.8.5/29 fd00::5 0.0.0.0 127.0.0.1 224.0.0.1 ' 10.9.8.5' '10.9.8.5; drop' 10.9.8.05 "$long"; do refused '--ip' --network small --ip "$ip"; done
	for ip in 10.9.9.5 10.9.8.1 10.9.8.0 10.9.8.7 255.255.255.255; do refused "address $ip: " --network small --ip "$ip"; done
	for ip in x '' 10.9.8.5 fd00:9::g :: ::1 ff02::1 'fd00:9::5%eth0' "$long"; do refused '--ip6' --network six --ip6 "$ip"; done
	for ip in fd00:8::5 fd00:9::1; do refused "address $ip: " --network six --ip6 "$ip"; done
	refused 'has no IPv6 addresses' --network small --ip6 fd00:9::5
	for network in bridge default; do
		refused 'none can be chosen in the default network' --network $network --ip 10.76.0.5
		refused 'none can be chosen in the default network' --network $network --ip6 fd00::5
		refused 'nobody has a name in the default network' --network $network --network-alias db
	done
	for mac in x '' 02:42:0a 02:42:0a:00:00:0g ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 01:00:5e:00:00:01 02-42-0a-00-00-05-06 "$long"; do
		refused '--mac-address' --network small --mac-address "$mac"
	done
	for alias in '' -x _x a..b .a a. 'a b' $'a\nb' 'a;b' '../x' é "$long" "${long:0:64}"; do refused '--network-alias' --network small --network-alias "$alias"; done
	for flag in '--ip 10.9.8.5' '--ip6 fd00::5' '--mac-address 02:42:0a:00:00:05' '--network-alias db'; do
		for network in none host container:x; do refused 'a network of its own' --network $network $flag; done
	done
	for flag in '-h moon' '-p 8080:80' -P '--expose 80' '--dns 192.0.2.2' '--dns-search x' '--dns-option ndots:1' '--add-host a:192.0.2.2'; do
		refused 'conflicting options' --network container:x $flag
	done
	finish 100
}

@test "ports and names that are none" {
	begin
	for port in '' x 0 65536 80:0x50 -80 80-79 80-81-82 80/icmp 80/ 80/TCPX 70000:80 :80: 1-2:80-82 8080:80:80:80 300.0.0.1:1:80 '[::1:80:80' \
		'127.0.0.1:80;80' '$(id):80' ' 80' 80.5 "$long" "$long:80" 1-65536:1-65536 '*:80:80'; do refused '-p' --network small -p "$port"; done
	refused '::1' --network six -p '[::1]:8080:80'
	for port in '' x 0 65536 80- -80 80/x 80:80 '80;' "$long"; do refused '--expose' --network small --expose "$port"; done
	for server in '' x 300.1.1.1 example.org 192.0.2.2:53 '192.0.2.2; x' $'192.0.2.2\noptions' "$long"; do refused '--dns' --network small --dns "$server"; done
	for search in 'a b' $'a\nb' "$long" é; do refused '--dns-search' --network small --dns-search "$search"; done
	for option in 'a b' $'a\nb'; do refused '--dns-option' --network small --dns-option "$option"; done
	for entry in '' x x: :192.0.2.2 x:y x:300.0.0.1 'a b:192.0.2.2' $'a\nb:192.0.2.2' "$long:192.0.2.2" 'a#b:192.0.2.2' 'x:192.0.2.2 y'; do
		refused '--add-host' --network small --add-host "$entry"
	done
	for name in -x 'a b' $'a\nb' é "$long" 'a;b' ../x .a _a; do
		refused '--hostname' --network small -h "$name"
		refused '--domainname' --network small --domainname "$name"
	done
	nsenter -t "$host" -n python3 -c '
import socket, time
one = socket.create_server(("127.0.0.1", 8088))
print("ready", flush=True)
time.sleep(1000)' >"$top/taken" 3>&- &
	for _ in $(seq 100); do grep -q ready "$top/taken" && break; sleep 0.02; done
	refused '127.0.0.1:8088/tcp' --network small -p 8088:80
	refused '127.0.0.1:8088/tcp' --network small -p 8087-8088:80-81
	refused '8089' --network small -p 8089:80 -p 8089:81
	kill $!
	finish 80
}
