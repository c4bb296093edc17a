// The lines of `commit --change` and `import --change`: instructions as a Dockerfile has them, applied to the
// configuration of an image. Pure.
//
// Source: docker-commit(1), --change; Docker's reference of Dockerfiles; OCI image-spec config.md.
#pragma once

#include <string_view>

#include "base/error.h"
#include "oci/json.h"

namespace planet::engine {

// CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. `config` is the image's
// "config", whose fields may be missing or null.
// Errors: kInvalidArgument - another instruction, or words that it does not take.
Result<> apply_change(std::string_view line, oci::json::object& config);

}  // namespace planet::engine
