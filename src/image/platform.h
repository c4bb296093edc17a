// Which of an image's forms suits a machine.
//
// Source: OCI image-spec image-index.md, "platform"; the variants of arm and amd64 are a habit of the container tools.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/image.h"

namespace planet::image {

// "os/arch[/variant]", "arch" or "os", as --platform takes it; "x86_64" is amd64, "aarch64" arm64. What is not said is the host's.
// Errors: kInvalidArgument - another form.
Result<oci::Platform> parse_platform(std::string_view text);
std::string platform_text(const oci::Platform& platform);

oci::Platform host_platform();

// How well `offered` suits `wanted`: the larger, the better; nothing if it does not. A processor runs what is made for older
// variants of it: arm/v7 runs v7, v6 and v5; amd64/v3 runs v3, v2 and v1.
std::optional<int> suits(const oci::Platform& wanted, const oci::Platform& offered);

}  // namespace planet::image
