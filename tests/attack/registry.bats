#!/usr/bin/env bats
# A registry that breaks its protocol in every way that has broken a client: section by section in registry_attack.py.

@test "a hostile registry gets one sentence, nothing stored, and no login beside its own" {
	run "$BATS_TEST_DIRNAME/registry_attack.py" "${PLANET_BIN:-$BATS_TEST_DIRNAME/../../build/planet}"
	echo "$output"
	[ "$status" = 0 ]
}
