#!/usr/bin/env bats
# Networks as they are written down: create, ls, inspect, rm, prune; what is refused, and that nothing of it is on the host.
load helper
bats_require_minimum_version 1.5.0

# Names of all networks, in their order.
networks() { planet network ls --format '{{.Name}}' | tr '\n' ' '; }

# What is written down of them.
written() { find "$root/networks" -mindepth 1 ! -name .site -printf '%f\n' | sort | tr '\n' ' '; }

subnet() { planet network inspect -f '{{(index .IPAM.Config 0).Subnet}}' "$1"; }

@test "network: three are always there" {
	[ "$(networks)" = "bridge host none " ]
	[ "$(planet network ls --format '{{.Name}} {{.Driver}} {{.Scope}}')" = $'bridge bridge local\nhost host local\nnone null local' ]
	[ "$(planet network ls | head -n 1)" = "NETWORK ID     NAME      DRIVER    SCOPE" ]
	[ "$(planet network ls -q | wc -c)" = 39 ]
	[ "$(planet network ls -q --no-trunc | wc -c)" = 195 ]
	[ "$(subnet bridge)" = "$(subnet default)" ]
	[[ "$(subnet bridge)" == */* ]]
	id=$(planet network inspect -f '{{.Id}}' bridge)
	[ "$(planet network inspect -f '{{.Id}}' bridge)" = "$id" ] # it stays what it is
	[ "$(planet network inspect -f '{{.Name}}' "${id:0:5}")" = bridge ]
	# planet0 is that of the usual store.
	[ "$(planet network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' bridge)" = "pl-${id:0:12}" ]
	[ "$(planet network inspect none | jq -c '.[0].IPAM.Config, .[0].Containers')" = $'null\n{}' ]
	for name in bridge host none default; do
		run planet network rm "$name"
		[ "$status" = 1 ]
		[[ "$output" == "planet: "*" is a pre-defined network and cannot be removed" ]]
		run planet network rm -f "$name"
		[ "$status" = 1 ]
		run planet network create "$name"
		[ "$status" = 1 ]
	done
	[ "$(networks)" = "bridge host none " ]
}

@test "network: create, inspect, rm" {
	id=$(planet network create web)
	[[ "$id" =~ ^[0-9a-f]{64}$ ]]
	[ "$(networks)" = "bridge host none web " ]
	[ "$(planet network inspect -f '{{.Id}}' web)" = "$id" ]
	[ "$(planet network inspect "${id:0:12}" | jq -r '.[0] | "\(.Name) \(.Driver) \(.Scope) \(.EnableIPv4) \(.EnableIPv6) \(.Internal)"')" = \
		"web bridge local true false false" ]
	planet network create --subnet 10.201.0.0/16 --gateway 10.201.9.9 --ip-range 10.201.5.0/24 --aux-address router=10.201.0.7 \
		--subnet fd00:201::/64 --internal --label colour=blue --label x -o com.docker.network.driver.mtu=1400 full >/dev/null
	[ "$(planet network inspect full | jq -c '.[0].IPAM.Config')" = \
		'[{"Subnet":"10.201.0.0/16","IPRange":"10.201.5.0/24","Gateway":"10.201.9.9","AuxiliaryAddresses":{"router":"10.201.0.7"}},{"Subnet":"fd00:201::/64","Gateway":"fd00:201::1"}]' ]
	[ "$(planet network inspect full | jq -c '.[0] | [.Internal, .EnableIPv6, .Labels, .Options]')" = \
		'[true,true,{"colour":"blue","x":""},{"com.docker.network.driver.mtu":"1400"}]' ]
	[ "$(planet inspect --type network -f '{{.Name}}' full)" = full ]
	[ "$(planet inspect -f '{{.Name}}' full)" = full ]
	[ "$(planet network create --driver macvlan -o parent=eth9 --subnet 10.202.0.0/24,fd00:202::/64 lan | wc -c)" = 65 ]
	[ "$(planet network inspect -f '{{.Driver}} {{len .IPAM.Config}}' lan)" = "macvlan 2" ]
	planet network create --ipv6 --ipv4=false six >/dev/null
	[[ "$(subnet six)" == fd*::/64 ]]
	[ "$(planet network inspect -f '{{.EnableIPv4}} {{.EnableIPv6}}' six)" = "false true" ]
	[ "$(planet network rm web "${id:0:12}" full 2>"$top/err")" = $'web\nfull' ]
	[ "$(cat "$top/err")" = "planet: network \"${id:0:12}\" not found; \`planet network ls\` lists those that there are" ]
	[ "$(planet network rm lan six)" = $'lan\nsix' ]
	[ "$(written)" = "bridge " ]
}

@test "network: subnets keep clear of each other and of this host" {
	local i all
	for i in 1 2 3 4 5; do planet network create "net$i" >/dev/null & done
	wait
	all=$(for i in bridge net1 net2 net3 net4 net5; do subnet "$i"; done)
	[ "$(sort -u <<<"$all" | wc -l)" = 6 ]
	# What a host has and reaches is left out, by whatever table.
	cat >"$top/in_namespace" <<-'END'
		set -e
		ip link add v0 type veth peer name v1
		ip addr add 10.78.0.200/24 dev v0
		ip link set v0 up
		ip link set lo up
		ip addr add 10.78.1.1/32 dev lo
		ip route add 10.78.2.0/25 via 10.78.0.1 table 52
		"$1" --root "$2" --runroot "$3" network create web >/dev/null
		"$1" --root "$2" --runroot "$3" network inspect -f '{{(index .IPAM.Config 0).Subnet}}' web
	END
	[ "$(unshare -n bash "$top/in_namespace" "$PLANET_BIN" "$top/other" "$top/other-run")" = 10.78.3.0/24 ]
	# IPv6 is this store's own.
	for i in six1 six2; do planet network create --ipv6 --ipv4=false "$i" >/dev/null; done
	[ "$(subnet six1)" != "$(subnet six2)" ]
	python3 - "$(subnet six1)" "$(readlink "$root/networks/.site")" <<-'END'
		import ipaddress, sys
		one, site = map(ipaddress.ip_network, sys.argv[1:])
		sys.exit(not one.subnet_of(site))
	END
}

@test "network: of several who want a name one gets it" {
	local i made=0
	for i in $(seq 12); do
		{ planet network create same >"$top/$i" 2>"$top/$i.err" && echo made; } >>"$top/made" &
	done
	wait
	made=$(wc -l <"$top/made")
	[ "$made" = 1 ]
	[ "$(cat "$top"/*.err | sort -u)" = "planet: network with name same already exists; remove it, or choose another name" ]
	[ "$(written)" = "bridge same " ]
}

@test "network: filters and formats" {
	planet network create --label colour=blue --internal web >/dev/null
	planet network create -d macvlan -o parent=eth9 lan >/dev/null
	names() { planet network ls --format '{{.Name}}' "$@" | tr '\n' ' '; }
	[ "$(names -f name=we)" = "web " ]
	[ "$(names -f driver=macvlan)" = "lan " ]
	[ "$(names -f driver=bridge)" = "bridge web " ]
	[ "$(names -f type=custom)" = "lan web " ]
	[ "$(names -f type=builtin)" = "bridge host none " ]
	[ "$(names -f label=colour)" = "web " ]
	[ "$(names -f label=colour=red)" = "" ]
	[ "$(names -f dangling=true)" = "lan web " ]
	[ "$(names -f dangling=false)" = "bridge host none " ]
	[ "$(names -f scope=local -f type=custom)" = "lan web " ]
	[ "$(names -f scope=swarm)" = "" ]
	id=$(planet network inspect -f '{{.Id}}' lan)
	[ "$(names -f "id=${id:0:9}")" = "lan " ]
	[ "$(planet network ls --format json -f name=web | jq -c '[.Name, .Internal, .IPv4, .IPv6, .Labels]')" = '["web","true","true","false","colour=blue"]' ]
	[ "$(planet network ls --format '{{.Label "colour"}}' -f name=web)" = blue ]
	for words in "ls -f colour=x" "ls -f type=some" "ls -f dangling=maybe" "ls --format {{.Nothing}}" "prune -f --filter name=x" "inspect nobody"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr planet network $words
		# shellcheck disable=SC2154
		[ "${#stderr_lines[@]}" = 1 ] || { echo "$words: $stderr"; return 1; }
	done
}

@test "network: prune" {
	[ "$(planet network prune -f)" = "" ]
	planet network create --label keep one >/dev/null
	planet network create two >/dev/null
	[ "$(planet network prune -f --filter label=no)" = "" ]
	[ "$(planet network prune -f --filter until=1h)" = "" ]
	[ "$(planet network prune -f --filter 'label!=keep')" = $'Deleted Networks:\ntwo' ]
	[[ "$(echo n | planet network prune)" == "WARNING! This will remove all custom networks"* ]]
	[ "$(networks)" = "bridge host none one " ]
	[[ "$(planet system prune -f)" == *$'Deleted Networks:\none'* ]]
	[ "$(networks)" = "bridge host none " ]
}

@test "network: events" {
	id=$(planet network create web)
	planet network rm web >/dev/null
	[ "$(planet events --since 1m --until 0s --filter type=network --format '{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}')" = \
		"network create $id web bridge"$'\n'"network destroy $id web bridge" ]
	[ "$(planet events --since 1m --until 0s --filter network=web | wc -l)" = 2 ]
	[ "$(planet events --since 1m --until 0s --filter network=other | wc -l)" = 0 ]
}

# refused TEXT ARGS...: `planet network create ARGS` says one sentence with TEXT in it.
refused() {
	local text=$1 got=0
	shift
	planet network create "$@" >"$top/out" 2>"$top/err" || got=$?
	checked=$((checked + 1))
	[ "$got" = 1 ] && [ "$(wc -l <"$top/err")" = 1 ] && [ ! -s "$top/out" ] && grep -qF -- "$text" "$top/err" &&
		! grep -q '[^[:print:]]' "$top/err" && return
	printf 'network create %s\n  ended with %s and said: %s (not: %s)\n' "$*" "$got" "$(cat "$top/err")" "$text"
	wrong=$((wrong + 1))
}

@test "network: what is refused, in one sentence, with nothing changed" {
	local checked=0 wrong=0
	planet network create --subnet 10.201.0.0/16 taken >/dev/null
	before=$(written)
	# shellcheck disable=SC2016 # as they are
	for name in '' . .. -- -x ../x a/b 'x y' $'x\ny' 'x;y' '$(id)' '`id`' '"x"' "x'" '{"a":1}' '; drop table ip nat' 'x\ty' '%s' ä $'\e[31m' "$(printf 'x%.0s' {1..300})"; do
		refused "expected 1 to 128 letters" -- "$name"
	done
	refused 'already exists' taken
	for subnet in x 10.203.0.0 10.203.0.0/33 /16 10.203.0.0/ 10.203.0.0/-1 fd00::/129 10.203.0/16 'x;y/16' "$(printf '1%.0s' {1..300})"; do
		refused '--subnet' --subnet "$subnet" net
	done
	refused 'it should be 10.203.0.0/16' --subnet 10.203.0.1/16 net
	refused 'overlaps 10.201.0.0/16 of network taken' --subnet 10.201.5.0/24 net
	refused 'overlaps 10.' --subnet 10.0.0.0/8 net
	refused 'one subnet of IPv4' --subnet 10.203.0.0/16 --subnet 10.204.0.0/16 net
	refused 'no room for a container' --subnet 10.203.0.1/32 net
	refused 'larger than a /8' --subnet 16.0.0.0/7 net
	for subnet in 127.3.0.0/16 224.1.0.0/16 fe80::/64 ff00::/64; do refused 'not for hosts' --subnet "$subnet" net; done
	refused 'it needs --subnet, too' --gateway 10.203.0.1 net
	refused 'in none of the given subnets' --subnet 10.203.0.0/16 --gateway 10.204.0.1 net
	refused 'no host can have' --subnet 10.203.0.0/16 --gateway 10.203.0.0 net
	refused 'no host can have' --subnet 10.203.0.0/16 --gateway 10.203.255.255 net
	refused 'is not an IP address' --subnet 10.203.0.0/16 --gateway x net
	refused 'a gateway already' --subnet 10.203.0.0/16 --gateway 10.203.0.1 --gateway 10.203.0.2 net
	refused 'in none of the given subnets' --subnet 10.203.0.0/16 --ip-range 10.204.0.0/24 net
	refused 'expected NAME=ADDRESS' --subnet 10.203.0.0/16 --aux-address 10.203.0.1 net
	refused "the gateway's" --subnet 10.203.0.0/16 --gateway 10.203.0.1 --aux-address a=10.203.0.1 net
	refused 'the drivers are bridge and macvlan' -d overlay net
	refused 'the drivers are bridge and macvlan' -d host net
	refused 'parent=INTERFACE' -d macvlan net
	refused 'at most 15 letters' -d macvlan -o 'parent=eth0; drop' net
	refused 'bridge has com.docker' -o colour=blue net
	refused '68 to 65535' -o mtu=1 net
	refused '68 to 65535' -o mtu=99999999999999999999 net
	bridge=$(planet network inspect -f '{{index .Options "com.docker.network.bridge.name"}}' bridge)
	refused "$bridge is that of network bridge" -o "com.docker.network.bridge.name=$bridge" net
	refused 'at most 15 letters' -o com.docker.network.bridge.name=../../x net
	refused '--ipv4=false' --ipv4=false --subnet 10.203.0.0/16 net
	refused '--ipv6=false' --ipv6=false --subnet fd00:203::/64 net
	refused 'connects nobody' --ipv4=false net
	refused 'NAME' --label =x net
	[ "$wrong" = 0 ]
	[ "$checked" -ge 60 ]
	[ "$(written)" = "$before" ]
	run planet network create
	[ "$status" = 1 ]
	run planet network create one two
	[ "$status" = 1 ]
	run planet network rm nobody
	[ "$output" = 'planet: network "nobody" not found; `planet network ls` lists those that there are' ]
	[ "$status" = 1 ]
	planet network rm -f nobody
	[ "$(written)" = "$before" ]
}

@test "network: a damaged record is named, and removed by its name" {
	planet network create web >/dev/null
	echo '{"id' >"$root/networks/web"
	run planet network ls
	[ "$status" = 1 ]
	[[ "$output" == "planet: what is written down of network web is damaged"*"planet network rm web" ]]
	planet network rm web
	: >"$root/networks/bridge"
	run planet network ls
	[[ "$output" == *"planet network rm bridge" ]]
	planet network rm bridge
	[ "$(networks)" = "bridge host none " ]
}
