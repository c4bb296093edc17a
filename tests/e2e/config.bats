# planet-runtime and a config.json that is wrong: one sentence that names the field, and nothing is left.
load helper

broken() {
	"$BATS_TEST_DIRNAME/broken_config.py" "$RUNTIME_BIN" \
		"$BATS_TEST_DIRNAME/../../src/oci/testdata/complete.json" "$top/bundle" "$1"
}

@test "config.json: a wrong type or size in every place, every required field missing" {
	broken types
}

@test "config.json: values that the specification forbids" {
	broken values
}
