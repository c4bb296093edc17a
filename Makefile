# A thin front on CMake presets (CMakePresets.json). `make help` lists the targets.
# On a fresh Debian 12: `sudo make run` and `sudo make check` do everything.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
RUNTIME ?= build/planet-runtime
JSON ?=
# What `make man` makes below build/share.
SHARED := man/man1/planet.1 man/man8/planet-runtime.8 $(foreach program,planet planet-runtime,\
	bash-completion/completions/$(program) zsh/site-functions/_$(program) fish/vendor_completions.d/$(program).fish)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

.PHONY: help deps build man run check check-vm check-peers check-engines check-docker check-images check-manual soak attack fallback conformance bench fuzz install uninstall tidy format layers clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

deps: ## install what building and testing need (Debian packages, as root)
	@tools/deps.sh

build: ## build/planet and build/planet-runtime, release, fully static
	@tools/build.sh release
	@ln -sf release/apps/planet/planet build/planet
	@ln -sf release/apps/planet-runtime/planet-runtime build/planet-runtime

man: build ## build/share: manual pages and completions, from what the programs say with --help
	@tools/manual/make.py build/planet build/planet-runtime build/share

run: deps build ## a shell on the embedded default image (ARGS="IMAGE CMD..." for another)
	@build/planet run --rm -it $(ARGS)

check: deps ## format, layers, tidy, unit, sanitizers, end to end, fuzzing: what CI runs
	@tools/check.sh

check-vm: deps ## the suites that need another kernel or control group layout, in virtual machines
	@tests/vm/check.sh

conformance: ## does RUNTIME=build/planet-runtime keep the OCI specification? (JSON=FILE for tools, ARGS="--only 'life.*'")
	@if [ "$(RUNTIME)" = build/planet-runtime ]; then $(MAKE) --no-print-directory build; fi
	@tools/build.sh release conformance_probe
	@tests/conformance/run.py $(RUNTIME) $(if $(JSON),--json $(JSON)) $(ARGS)

attack: deps build ## what has broken other engines: long races (RACE_SECONDS=60), hostile archives that take long
	@RACE_SECONDS=$${RACE_SECONDS:-60} tests/in_network.sh bats --tap tests/attack
	@tests/attack/load_attack.py --heavy

fallback: deps build ## the core of planet where system calls are hidden, as older kernels and filters do
	@tests/in_network.sh bats --tap tests/fallback

check-peers: deps build ## archives written by docker and podman, which it installs (tests/peers)
	@apt-get -q -y install --no-install-recommends docker.io podman >/dev/null </dev/null
	@tests/in_network.sh bats --tap tests/peers

check-engines: deps build ## planet-runtime under Debian's docker, podman and containerd, which it installs (tests/engines)
	@apt-get -q -y install --no-install-recommends docker.io podman containerd netavark aardvark-dns catatonit \
		containernetworking-plugins iptables iproute2 procps python3-grpcio python3-protobuf >/dev/null </dev/null
	@tests/in_network.sh bats --tap tests/engines

check-docker: deps build ## the same command lines to Debian's docker, which it installs, and to planet (tests/docker)
	@apt-get -q -y install --no-install-recommends docker.io iptables iproute2 >/dev/null </dev/null
	@tests/docker/compare.py build/planet

check-images: deps build ## a database, a web server, a whole Debian, through Debian's registry, with docker and podman (tests/images)
	@apt-get -q -y install --no-install-recommends docker.io podman >/dev/null </dev/null
	@tests/images/images.sh build/images
	@tests/in_network.sh bats --tap tests/images

check-manual: deps build ## the manual pages, and the completions in bash, zsh and fish
	@tests/in_network.sh bats --tap tests/manual

soak: deps build ## ROUNDS=500 random kill -9 of command lines, keepers and containers, of what changes the store, and on a network
	@tests/in_network.sh tests/e2e/kill_rounds.py build/planet $${ROUNDS:-500}
	@tests/in_network.sh tests/e2e/store_rounds.py build/planet $${ROUNDS:-500}
	@tests/e2e/network_rounds.py build/planet --containers 200 --rounds $${ROUNDS:-500}

bench: deps build ## against the peers, which it installs, and the kernel's own floor, in one run
	@apt-get -q -y install --no-install-recommends docker.io podman runc crun netavark aardvark-dns iptables iperf3 >/dev/null </dev/null
	@bench/run.py
	@bench/scale.py
	@bench/pull.py
	@bench/memory.py
	@bench/network.py

fuzz: deps ## every fuzz target for SECONDS=60 seconds
	@tools/fuzz.sh $${SECONDS_EACH:-60}

tidy: ## clang-tidy over everything, with its analyzer
	@tools/tidy.sh

format: ## clang-format everything in place
	@git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

layers: ## direction of includes, and raw calls outside sys/
	@tools/check_layers.py

install: man ## to DESTDIR/PREFIX: programs, manual pages, completions
	install -D -m 755 build/planet $(DESTDIR)$(PREFIX)/bin/planet
	install -D -m 755 build/planet-runtime $(DESTDIR)$(PREFIX)/bin/planet-runtime
	for file in $(SHARED); do install -D -m 644 build/share/$$file $(DESTDIR)$(PREFIX)/share/$$file; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' tools/planet-restart.service.in >$(DESTDIR)$(PREFIX)/lib/systemd/system/planet-restart.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/planet-restart.service

uninstall: ## what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/planet $(DESTDIR)$(PREFIX)/bin/planet-runtime
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/,$(SHARED))
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/planet-restart.service

clean: ## build/
	rm -rf build
