#!/usr/bin/env bats
# What a container is told of networks, ports and names: what is refused, with one sentence and nothing left, and what is written
# down and shown.
load helper
bats_require_minimum_version 1.5.0

# `planet run` with these words is refused with docker's status, and so is `planet create`: by one sentence with TEXT in it.
refused() { # TEXT WORD...
	local text=$1
	shift
	run -125 --separate-stderr planet run "$@" busybox true
	said_once "$text" "run $*"
	run ! --separate-stderr planet create "$@" busybox true
	said_once "$text" "create $*"
}

said_once() { # TEXT COMMAND: of the command that was run
	# shellcheck disable=SC2154
	if [ "${#stderr_lines[@]}" != 1 ] || [[ "$stderr" != "planet: "*"$1"* ]] || [ -n "$output" ] || grep -q '[^[:print:]]' <<<"$stderr"; then
		echo "$2: $stderr, not $1"
		return 1
	fi
}

# As after the last test: no container, name, range or connection, and no other network than there was.
nothing_left() {
	wait_for_tidiers
	[ -z "$(ls -A "$root/containers" "$root/names" "$root/ranges" "$runroot/connections" 2>/dev/null | grep -v ':$')" ]
	[ "$(planet network ls --format '{{.Name}}' | tr '\n' ' ')" = "bridge host none web wide " ]
}

make_networks() {
	planet network create --subnet 10.201.0.0/24 --aux-address router=10.201.0.9 web >/dev/null
	planet network create --subnet 10.202.0.0/24 --subnet fd00:202::/64 wide >/dev/null
}

@test "run --network: what is refused" {
	make_networks
	local long
	long=$(printf 'n%.0s' {1..300})
	refused 'network "nothing" not found' --network nothing
	refused 'network "nothing" not found' --network web --network nothing
	refused --network --network 'x; drop'
	refused --network --network $'web\nadd rule'
	refused --network --network '{ type filter hook input; }'
	refused --network --network "$long"
	refused --network --network ../web
	refused --network --network ''
	refused --network --network "name=web,colour=blue"
	refused --network --network 'name=web,"alias=a'
	refused --network --network "alias=a"
	refused 'named twice' --network web --network web
	refused 'named twice' --network web --network "$(planet network inspect -f '{{.Id}}' web)"
	refused 'goes by its name' --network "$(planet network inspect -f '{{.Id}}' none)"
	refused 'together' --network host --network web
	refused 'together' --network web --network none
	refused 'stands alone' --network name=host,alias=a
	refused "the container's name is missing" --network container:
	refused 'no such container: nobody' --network container:nobody
	refused 'expected an IPv4 address' --network web --ip 10.201.0.300
	refused 'expected an IPv4 address' --network web --ip fd00::1
	refused 'expected an IPv6 address' --network wide --ip6 10.202.0.5
	refused 'it is not in 10.201.0.0/24' --network web --ip 10.202.0.5
	refused 'has no IPv6 addresses' --network web --ip6 fd00:202::5
	refused '10.201.0.1: in network web it is' --network web --ip 10.201.0.1
	refused '10.201.0.0: in network web it is' --network web --ip 10.201.0.0
	refused '10.201.0.255: in network web it is' --network web --ip 10.201.0.255
	refused '10.201.0.9: in network web it is' --network web --ip 10.201.0.9
	refused 'it is said in --network, too' --network name=web,ip=10.201.0.5 --ip 10.201.0.6
	refused '--mac-address' --network web --mac-address 01:00:5e:00:00:01
	refused '--mac-address' --network web --mac-address x
	refused '--network-alias "-a"' --network web --network-alias=-a
	refused '--network-alias "a; b"' --network web --network-alias 'a; b'
	refused '--network-alias' --network web --network-alias "$long"
	refused 'are for a network of its own' --network none --ip 10.201.0.5
	refused 'are for a network of its own' --network host --network-alias a
	nothing_left
}

@test "run -p, --expose, --dns, --domainname: what is refused" {
	make_networks
	for value in '' x 0 80:0 65536 1:2:3:4 80/http 80:80/tcp/udp 9-8 8000-8001:80-82 80,443 '80; drop' "$(printf '8%.0s' {1..300})" \
		::1:80:80 '[::1:80:80' localhost:80:80 224.0.0.1:80:80; do
		refused "-p \"${value:0:100}" --network web -p "$value"
	done
	refused 'its port of the host is also in' --network web -p 80:80 -p 80:81
	refused 'its port of the host is also in' --network web -p 127.0.0.1:80-90:80-90 -p 0.0.0.0:85:1
	for value in '' x 0 65536 80/http 9-8 80:80; do refused "--expose \"$value\"" --network web --expose "$value"; done
	refused 'more than 1024 ports' --network web -P --expose 1-65535
	for value in x '' 8.8.8 'fd00::x'; do refused "--dns" --network web --dns "$value"; done
	refused --dns-search --network web --dns-search $'a\nnameserver 192.0.2.1'
	refused --dns-option --network web --dns-option 'a b'
	refused '--domainname "a b"' --domainname 'a b'
	refused '--domainname and --uts contradict each other' --domainname a --uts host --userns host
	refused 'port publishing and the container type network mode' --network container:x -p 80
	refused 'port publishing and the container type network mode' --network container:x -P
	refused 'port exposing and the container type network mode' --network container:x --expose 80
	refused 'dns and the network mode' --network container:x --dns 192.0.2.1
	refused 'custom host-to-IP mapping and the network mode' --network container:x --add-host a:192.0.2.1
	nothing_left
}

@test "create: what it is told is written down and shown" {
	make_networks
	id=$(planet network inspect -f '{{.Id}}' wide)
	one=$(planet create --name one --network web --network "name=${id:0:12},alias=db,ip6=fd00:202::5" --ip 10.201.0.5 --network-alias shop \
		--mac-address 02:00:00:00:00:05 -p 127.0.0.1:8080-8081:80-81 -p 53/udp --expose 443 --dns 192.0.2.1 --dns-search example.org \
		--dns-option ndots:2 --add-host up:192.0.2.7 --domainname example busybox true)
	[ "$(jq -c '[.attachments, .publications, .exposed, .naming]' "$root/containers/$one/record.json")" = \
		'[["name=web,alias=shop,ip=10.201.0.5,mac-address=02:00:00:00:00:05","name=wide,alias=db,ip6=fd00:202::5"],["127.0.0.1:8080-8081:80-81/tcp","53/udp"],["80-81/tcp","443/tcp","53/udp"],{"dns":["192.0.2.1"],"search":["example.org"],"options":["ndots:2"],"hosts":["up:192.0.2.7"],"domain":"example"}]' ]
	[ "$(planet inspect one | jq -c '.[0].HostConfig | [.NetworkMode, .PortBindings, .Dns, .DnsSearch, .DnsOptions, .ExtraHosts]')" = \
		'["web",{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}],"81/tcp":[{"HostIp":"127.0.0.1","HostPort":"8081"}],"53/udp":[{"HostIp":"","HostPort":""}]},["192.0.2.1"],["example.org"],["ndots:2"],["up:192.0.2.7"]]' ]
	[ "$(planet inspect one | jq -c '.[0].Config | [.Domainname, .ExposedPorts]')" = '["example",{"80/tcp":{},"81/tcp":{},"443/tcp":{},"53/udp":{}}]' ]
	[ "$(planet inspect one | jq -c '.[0].NetworkSettings | [.Ports, .IPAddress, (.Networks | keys), .Networks.web.IPAMConfig, .Networks.web.Aliases, .Networks.wide.Aliases]')" = \
		'[{},"",["web","wide"],{"IPv4Address":"10.201.0.5"},["shop"],["db"]]' ]
	[ "$(planet ps -a --format '{{.Networks}}|{{.Ports}}')" = "web,wide|" ]
	[ "$(planet network inspect web | jq -c '.[0].Containers')" = '{}' ]
	[ "$(planet port one)" = "" ]
	run -1 planet network rm web
	[[ "$output" == "planet: remove web: containers are in the network - [$one]; remove them first" ]]
	[ "$(planet network prune -f)" = "" ]
	planet rm one >/dev/null
	planet network rm web wide >/dev/null
}

@test "create -P: what the image exposes, and what is discarded" {
	make_networks
	planet create --name base busybox true >/dev/null
	planet commit -c 'EXPOSE 80 53/udp' base exposing >/dev/null
	one=$(planet create --name one --network web -P --expose 81 exposing true)
	[ "$(jq -c '[.publications, .exposed]' "$root/containers/$one/record.json")" = '[["80/tcp","53/udp","81/tcp"],["80-81/tcp","53/udp"]]' ]
	planet commit one more >/dev/null
	[ "$(planet image inspect -f '{{json .Config.ExposedPorts}}' more | jq -Sc .)" = '{"53/udp":{},"80/tcp":{},"81/tcp":{}}' ]
	run -0 --separate-stderr planet create --name discards --network host -p 80:80 busybox true
	[ "$stderr" = "planet: Published ports are discarded when using host network mode" ]
	[ "$(planet inspect -f '{{.HostConfig.NetworkMode}} {{json .HostConfig.PortBindings}}' discards)" = "host {}" ]
	run -0 --separate-stderr planet create --network none -P busybox true
	[ "$stderr" = "planet: Published ports are discarded when there is no network" ]
}

@test "ps: filters for networks and ports" {
	make_networks
	planet create --name one --network web busybox true >/dev/null
	planet create --name two --network wide --network web busybox true >/dev/null
	planet create --name three --network none busybox true >/dev/null
	names() { planet ps -a --format '{{.Names}}' "$@" | sort | tr '\n' ' '; }
	[ "$(names -f network=web)" = "one two " ]
	[ "$(names -f network=wide)" = "two " ]
	[ "$(names -f "network=$(planet network inspect -f '{{.Id}}' wide)")" = "two " ]
	[ "$(names -f network=none)" = "three " ]
	[ "$(names -f network=wide -f network=none)" = "three two " ]
	[ "$(names -f network=nobody)" = "" ]
	[ "$(names -f publish=80)" = "" ] # none runs
	[ "$(names -f expose=80/tcp)" = "" ]
	for words in "-f publish=x" "-f expose=80/http" "-f publish=9-8"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr planet ps $words
		[ "${#stderr_lines[@]}" = 1 ]
	done
}

@test "port: what is refused" {
	planet create --name one busybox true >/dev/null
	[ "$(planet port one)" = "" ]
	run -1 planet port one 80
	[ "$output" = "planet: no public port '80/tcp' published for one" ]
	run -1 planet container port one 53/udp
	[ "$output" = "planet: no public port '53/udp' published for one" ]
	for value in x 0 80-81 80/http; do
		run -1 --separate-stderr planet port one "$value"
		[[ "$stderr" == "planet: port \"$value\": "* ]]
		[ "${#stderr_lines[@]}" = 1 ]
	done
	run -1 planet port nobody
	[[ "$output" == *"no such container: nobody"* ]]
	run -1 planet port
}

@test "run: a network is not removed while a container is made in it" {
	make_networks
	for i in 1 2 3 4 5 6; do
		planet network create "net$i" >/dev/null
		planet create --network "net$i" --name "one$i" busybox true >/dev/null 2>&1 &
		planet network rm "net$i" >/dev/null 2>&1 || :
		wait
		# Either the container is there and its network, or neither.
		[ "$(planet ps -aqf "name=one$i" | wc -l)" = "$(planet network ls -qf "name=net$i" | wc -l)" ]
	done
}
