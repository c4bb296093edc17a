#!/usr/bin/env bats
# kill -9 of whoever takes part, at random moments. ROUNDS=500 (or `make soak`) does it for long.
load helper

@test "kill -9 at random moments: ps tells the truth, rm -f cleans, nothing is left" {
	timeout 600 "$BATS_TEST_DIRNAME/kill_rounds.py" "$PLANET_BIN" "${ROUNDS:-100}"
}

@test "many on one network, and kill -9 while they come and go: who runs is reached, and nothing is left" {
	timeout 600 "$BATS_TEST_DIRNAME/network_rounds.py" "$PLANET_BIN" --containers "${CONTAINERS:-24}" --rounds "${NETWORK_ROUNDS:-12}"
}
