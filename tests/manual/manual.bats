#!/usr/bin/env bats
# The manual pages and the completions, as they are installed: against what the programs say, and in the shells.
load ../e2e/helper

setup() {
	begin_test
	share=$top/share
	export HOME=$top
	PATH=$(dirname "$PLANET_BIN"):$(dirname "$RUNTIME_BIN"):$PATH
	"$BATS_TEST_DIRNAME/../../tools/manual/make.py" "$PLANET_BIN" "$RUNTIME_BIN" "$share"
}

teardown() {
	planet-runtime --root "$top/runtime" delete -f waiting >/dev/null 2>&1
	end_test
}

script_of() { # SHELL PROGRAM
	case $1 in
	bash) echo "$share/bash-completion/completions/$2" ;;
	zsh) echo "$share/zsh/site-functions/_$2" ;;
	fish) echo "$share/fish/vendor_completions.d/$2.fish" ;;
	esac
}

# What a line becomes by a Tab, without the blank or "=" that the shell puts behind it; of fish, what it offers for the last word.
tab() { # SHELL LINE
	local script
	script=$(script_of "$1" "${2%% *}")
	case $1 in
	fish) fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$script" "$2" | cut -f 1 ;;
	*) timeout 60 "$BATS_TEST_DIRNAME/press_tab.py" "$1" "$script" "$2" | sed 's/[ =]*$//' ;;
	esac
}

becomes() { # LINE WORD: the last word of the line is made WORD, in each shell
	local shell expected
	for shell in bash zsh fish; do
		[ $shell = fish ] && expected=$2 || expected="${1% *} $2"
		run tab $shell "$1"
		[ "$output" = "$expected" ] || { echo "$shell: '$1' became '$output', not '$expected'"; return 1; }
	done
}

stays() { # LINE
	local shell
	for shell in bash zsh; do
		run tab $shell "$1"
		[ "$output" = "$1" ] || { echo "$shell: '$1' became '$output'"; return 1; }
	done
	run tab fish "$1"
	[ -z "$output" ] || { echo "fish: '$1' became '$output'"; return 1; }
}

# What bash offers, called as bash calls it: a word for each argument.
offered() { # WORD...
	bash -c 'script=$1; shift; source "$script"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/"); printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$(script_of bash "$1")" "$@" | paste -sd' '
}

# The commands of a program, and the flags of one of them, read from --help in another way than make.py does.
commands_of() { "$@" --help | sed -n '/ommands:$/,/^$/s/^  \([a-z]*\)  .*/\1/p'; }
# Those that are only in a group: the others are other words for a command.
members_of() {
	local group command
	for group in $("$1" --help | sed -n '/^Groups:$/,/^$/s/^  \([a-z]*\)  .*/\1/p'); do
		for command in $(commands_of "$1" "$group"); do
			! "$1" "$group" "$command" --help | grep -q "^Usage: $1 $group $command " || echo "$group $command"
		done
	done
}
flags_of() { "$@" --help | sed -n '/^Options:/,$p' | grep -oE '^  -[^ {]+' | tr -d ' ' | tr , '\n' | grep -vxE -e '-h|--help'; }

@test "manual: mandoc and groff find nothing to say" {
	for page in "$share"/man/man1/planet.1 "$share"/man/man8/planet-runtime.8; do
		run mandoc -T lint "$page"
		[ -z "$output" ]
		[ "$status" = 0 ]
		run groff -man -Tutf8 -ww -z "$page"
		[ -z "$output" ]
		[[ "$(mandoc -T ascii "$page" | col -bx)" == *"Planet $(planet version | cut -d' ' -f3)"* ]]
		for title in NAME SYNOPSIS DESCRIPTION OPTIONS COMMANDS "EXIT STATUS" ENVIRONMENT FILES EXAMPLES "SEE ALSO"; do
			grep -qx ".SH $title" "$page"
		done
	done
}

@test "manual: every flag of every command is in its section, and offered" {
	local count=0 program command page flag words
	for program in planet planet-runtime; do
		page=$(mandoc -T ascii "$share"/man/man?/"$program".? | col -bx)
		while read -r command; do
			# shellcheck disable=SC2206 # "image prune" is two words
			words=($command)
			section=$(sed -n "/^   $command\$/,/^\( \{3\}\|\)[^ ]/{/^   $command\$/b;p}" <<<"$page" | grep -E '^ {7}-' || :)
			offers=$(offered "$program" "${words[@]}" -)
			for flag in $(flags_of "$program" "${words[@]}"); do
				grep -qE -e "(^|[ ,])$flag([][ ,=]|\$)" <<<"$section" || { echo "$program $command $flag: not in the page"; return 1; }
				[[ " $offers " == *" $flag "* ]] || { echo "$program $command $flag: not offered"; return 1; }
				count=$((count + 1))
			done
		done < <(commands_of "$program"; members_of "$program")
	done
	[ "$count" -gt 100 ]
}

@test "manual: help in its awkward forms" {
	cat >"$top/fake" <<'END'
#!/bin/sh
case "$*" in
--help) printf 'Usage: planet [--root DIR] COMMAND ...\n\nCommands:\n  go   go there\n\nmore\n' ;;
--version) echo planet version 9 ;;
*) cat <<'HELP' ;;
Goes.
Usage: planet go [OPTIONS] container...

Positionals:
  container TEXT ... REQUIRED name or id

Options:
  -h,--help                   Print this help message and exit
  --how{fast}                 -5 \ `x`
  --where-to-go,--where TEXT ...
                              .there
  --form TEXT:{a,b} REQUIRED  its form
  --net TEXT                  none (with loopback), bridge or host; last
HELP
esac
END
	chmod +x "$top/fake"
	run python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import help; print(help.read(sys.argv[2]).commands[0])' \
		"$BATS_TEST_DIRNAME/../../tools/manual" "$top/fake"
	echo "$output"
	[[ "$output" == *"names=['--how'], text='-5 \\\\ \`x\`', value='fast', optional=True"* ]]
	[[ "$output" == *"names=['--where-to-go', '--where'], text='.there', value='TEXT', optional=False, repeated=True"* ]]
	[[ "$output" == *"text='its form', value='TEXT', optional=False, repeated=False, choices=['a', 'b']"* ]]
	[[ "$output" == *"choices=['none', 'bridge', 'host']"* ]]
	[[ "$output" == *"names=['container'], text='name or id', value='TEXT', optional=False, repeated=True, choices=[]"* ]]
}

@test "completions: the shells and shellcheck find nothing to say" {
	for program in planet planet-runtime; do
		bash -n "$(script_of bash $program)"
		shellcheck -s bash --severity=warning "$(script_of bash $program)"
		zsh -n "$(script_of zsh $program)"
		fish -n "$(script_of fish $program)"
	done
}

@test "completions: commands, flags and their values" {
	becomes 'planet ver' version
	becomes 'planet run --pul' --pull
	becomes 'planet inspect --type vol' volume
	becomes 'planet run --rm --network ho' host
	becomes 'planet kill -s WIN' WINCH
	becomes 'planet run -v /etc/hostn' /etc/hostname
	becomes 'planet run --env-file=/etc/hostn' --env-file=/etc/hostname
	becomes 'planet-runtime --log-format js' json
	becomes 'planet-runtime --debug feat' features
	becomes 'planet-runtime update --pids-l' --pids-limit
	becomes 'planet conta' container
	becomes 'planet image loa' load
	becomes 'planet image ls --no-tr' --no-trunc
	becomes 'planet container kill -s WIN' WINCH
	stays 'planet container run busybox --pul'
	stays 'planet run busybox --pul'
	stays 'planet run --name bus'
	[ "$(offered planet run --network '')" = "none host bridge" ]
	[ "$(offered planet sto)" = stop ]
}

@test "completions: images and containers of the state that the line names" {
	local state="--root $root --runroot $runroot"
	stays "planet $state run bus"
	[ ! -e "$root" ]
	planet run --name ended busybox true
	planet run -d --name living busybox sleep 1000
	becomes "planet $state run bus" busybox:latest
	becomes "planet $state run -it -e A=b localhost/busybox:l" localhost/busybox:latest
	becomes "planet $state run -itu 0 bus" busybox:latest
	becomes "planet $state rm liv" living
	becomes "planet $state rm living en" ended
	becomes "planet $state logs end" ended
	becomes "planet $state exec -e A=b li" living
	id=$(planet ps -aq --no-trunc | head -n 1)
	becomes "planet $state kill ${id:0:6}" "${id:0:12}"
	stays "planet $state stop end"
	planet network create works
	becomes "planet $state network rm wo" works
	stays "planet $state network create wo"
	stays "planet $state exec living li"
	[[ " $(offered planet --root "$root" --runroot "$runroot" rm '') " == *" living "* ]]
	stays "planet --root $top/missing rm liv"
	[ ! -e "$top/missing" ]
}

@test "completions: containers of planet-runtime" {
	mkdir -p "$top/bundle/rootfs/bin"
	cp /bin/busybox "$top/bundle/rootfs/bin/sh"
	planet-runtime spec -b "$top/bundle"
	sed -i 's/"terminal": *true/"terminal": false/' "$top/bundle/config.json"
	planet-runtime --root "$top/runtime" create -b "$top/bundle" waiting </dev/null >/dev/null 2>&1 3>&-
	becomes "planet-runtime --root $top/runtime start wai" waiting
	becomes "planet-runtime --root $top/runtime exec -t wai" waiting
	becomes "planet-runtime --root $top/runtime kill waiting WIN" WINCH
	stays "planet-runtime --root $top/runtime create wai"
}

@test "make install and uninstall, below DESTDIR" {
	cd "$BATS_TEST_DIRNAME/../.."
	make --no-print-directory -o build install DESTDIR="$top/dest" PREFIX=/usr
	installed=$(cd "$top/dest/usr" && find . -type f | sort)
	[ "$installed" = "./bin/planet
./bin/planet-runtime
./lib/systemd/system/planet-restart.service
./share/bash-completion/completions/planet
./share/bash-completion/completions/planet-runtime
./share/fish/vendor_completions.d/planet-runtime.fish
./share/fish/vendor_completions.d/planet.fish
./share/man/man1/planet.1
./share/man/man8/planet-runtime.8
./share/zsh/site-functions/_planet
./share/zsh/site-functions/_planet-runtime" ]
	diff -r "$share" "$top/dest/usr/share"
	[ "$(stat -c %a "$top/dest/usr/share/man/man1/planet.1" "$top/dest/usr/bin/planet" | paste -sd' ')" = "644 755" ]
	make --no-print-directory uninstall DESTDIR="$top/dest" PREFIX=/usr
	[ -z "$(find "$top/dest" -type f)" ]
}
