#!/bin/bash
# layouts: v2 hybrid v1
# options: --systemd
# Containers in networks on Linux 6.1; and beside Debian's own firewalls, ufw and firewalld, which have the last word on what is
# let through to a published port, but for this host's own 127.0.0.1.
set -u
. /job/lib.bash

ip netns add out
ip link add wire type veth peer name wire netns out
ip address add 192.0.2.1/24 dev wire
ip link set wire up
ip -n out address add 192.0.2.2/24 dev wire
ip -n out link set wire up
ip -n out link set lo up
outside() { ip netns exec out "$@"; }
fetch() { curl -s -m 3 "http://$1/" || echo nothing; }
fetch_outside() { outside curl -s -m 3 "http://$1/" || echo nothing; }
ask_inside() { # NETWORK ADDRESS PORT
	planet run --rm --network "$1" busybox sh -c "{ printf 'GET / HTTP/1.0\r\n\r\n' | timeout 3 nc $2 $3 | tail -n 1; } 2>/dev/null"
}

planet network create blue >/dev/null
planet network create red >/dev/null
web() { planet run -d --name web --network blue -p 8080:80 -p 0.0.0.0:8081:80 busybox sh -c 'echo hello >index.html; exec httpd -f -p 80' >/dev/null; }
outside sh -c 'mkdir /tmp/out && cd /tmp/out && echo far >index.html && exec busybox httpd -f -p 80' &
neighbour=$!
check "a server starts" 0 "$(web; echo $?)"
four=$(planet inspect -f '{{.NetworkSettings.Networks.blue.IPAddress}}' web)
wait_until curl -sf -m 2 http://127.0.0.1:8080/
contains "by name" "Address: $four" "$(planet run --rm --network blue busybox nslookup web)"
check "from a container" hello "$(ask_inside blue "$four" 80)"
check "from another network" "" "$(ask_inside red "$four" 80)"
check "the way out" far "$(ask_inside blue 192.0.2.2 80)"
check "from this host" hello "$(fetch 127.0.0.1:8080)"
check "on all addresses, from a neighbour" hello "$(fetch_outside 192.0.2.1:8081)"
check "on 127.0.0.1, from a neighbour" nothing "$(fetch_outside 192.0.2.1:8080)"
outside ip route add 127.0.0.0/8 via 192.0.2.1 2>/dev/null
check "also one that sends to 127.0.0.1" nothing "$(fetch_outside 127.0.0.1:8080)"
outside ip route del 127.0.0.0/8 via 192.0.2.1 2>/dev/null

if modprobe sctp 2>/dev/null; then
	# shellcheck disable=SC2016 # Python's
	planet run -d --name stream --network blue -p 0.0.0.0:9000:9000/sctp -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro busybox \
		/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
s.bind(("", 9000))
s.listen()
print("ready", flush=True)
while True: s.accept()[0].send(b"sctp")' >/dev/null
	wait_until sh -c '/job/planet --root /var/tmp/planet --runroot /run/planet-test logs stream | grep -q ready'
	check "sctp, from a neighbour" sctp "$(outside python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
s.settimeout(5)
s.connect(("192.0.2.1", 9000))
print(s.recv(9).decode())' 2>&1 | tail -n 1)"
	planet rm -f stream >/dev/null
fi

firewalls() {
	local bridge
	bridge=pl-$(planet network inspect -f '{{.Id}}' blue | cut -c1-12)
	# /etc/nftables.conf begins with "flush ruleset".
	nft -f /etc/nftables.conf
	wait_until curl -sf -m 2 http://127.0.0.1:8080/
	check "nftables loaded anew: ports are published again at once" hello "$(fetch 127.0.0.1:8080)"
	check "for a neighbour, too" hello "$(fetch_outside 192.0.2.1:8081)"
	check "and networks are apart" "" "$(ask_inside red "$four" 80)"
	nft delete table inet filter

	{ ufw default deny incoming && ufw default deny routed && ufw --force enable; } >/dev/null 2>&1
	check "ufw is on" "Status: active" "$(ufw status | head -n 1)"
	check "ufw: this host's own" hello "$(fetch 127.0.0.1:8080)"
	check "ufw: containers among themselves" hello "$(ask_inside blue "$four" 80)"
	check "ufw denies what is routed, also to a published port" nothing "$(fetch_outside 192.0.2.1:8081)"
	planet rm -f web >/dev/null
	check "ufw: a container starts" 0 "$(web; echo $?)"
	four=$(planet inspect -f '{{.NetworkSettings.Networks.blue.IPAddress}}' web)
	wait_until curl -sf -m 2 http://127.0.0.1:8080/
	check "ufw denies it to the new one" nothing "$(fetch_outside 192.0.2.1:8081)"
	ufw route allow proto tcp to "$four" port 80 >/dev/null
	check "ufw route allow" hello "$(fetch_outside 192.0.2.1:8081)"
	check "ufw denies the way out" "" "$(ask_inside blue 192.0.2.2 80)"
	ufw route allow in on "$bridge" >/dev/null
	check "ufw route allow in on the bridge" far "$(ask_inside blue 192.0.2.2 80)"
	ufw reload >/dev/null
	check "ufw reload keeps it" hello "$(fetch_outside 192.0.2.1:8081)"
	check "and on 127.0.0.1 it is still this host's alone" "hello nothing" "$(fetch 127.0.0.1:8080) $(fetch_outside 192.0.2.1:8080)"
	ufw --force disable >/dev/null
	iptables -P FORWARD ACCEPT

	systemctl start firewalld
	check "firewalld is on" running "$(firewall-cmd --state 2>&1)"
	check "firewalld: this host's own" hello "$(fetch 127.0.0.1:8080)"
	check "firewalld: containers among themselves" hello "$(ask_inside blue "$four" 80)"
	# What is redirected to another address is let through by firewalld's own rules ("ct status dnat accept").
	check "firewalld lets a published port be reached" hello "$(fetch_outside 192.0.2.1:8081)"
	check "firewalld denies the way out" "" "$(ask_inside blue 192.0.2.2 80)"
	firewall-cmd -q --permanent --zone=trusted --add-interface="$bridge"
	firewall-cmd -q --reload
	check "firewalld, with the bridge in a trusted zone" far "$(ask_inside blue 192.0.2.2 80)"
	check "after its reload" hello "$(fetch 127.0.0.1:8080)"
	check "on 127.0.0.1 a neighbour still gets" nothing "$(fetch_outside 192.0.2.1:8080)"
	systemctl stop firewalld
}
[ -f /sys/fs/cgroup/cgroup.controllers ] && firewalls

kill $neighbour
planet rm -f web >/dev/null
planet network prune -f >/dev/null
check "no rule is left" "" "$(nft list ruleset | grep planet)"
check "no interface" "" "$(ip -o link | grep -e ' pl-' -e ' plp' -e planet0)"
finish
