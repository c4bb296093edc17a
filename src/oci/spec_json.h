// config.json and its parts that stand alone, read and written.
//
// Source: OCI runtime-spec 1.3, config.md, config-linux.md; schema/config-schema.json.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/form.h"
#include "oci/spec.h"

namespace planet::oci {

inline constexpr std::size_t kMostConfigBytes = 16U << 20;

// Fields that the specification does not know are ignored, as it asks. So are the sections of other platforms, except
// those that say that this bundle is not for Linux.
// Errors: kInvalidArgument - not JSON, a wrong type, a number out of range or a field missing, naming the field;
// kUnsupported - an ociVersion other than 1.x.y, a bundle for another platform.
Result<Spec> parse_spec(std::string_view text, Strings strings = Strings::kUtf8);
// What `exec --process` takes: the object config.md calls process.
Result<Process> parse_process(std::string_view text);
// What `update --resources` takes: linux.resources.
Result<Resources> parse_resources(std::string_view text);

// Reading gives back exactly what was written, as long as its texts are UTF-8 without NUL.
std::string write_spec(const Spec& spec, Form form = Form::kCompact);
std::string write_process(const Process& process, Form form = Form::kCompact);
std::string write_resources(const Resources& resources, Form form = Form::kCompact);

// Every 1.x.y is one compatible series: a newer minor version may only add what is ignored here.
// Errors: kInvalidArgument - not a version as semver.org writes it; kUnsupported - another major version.
Result<> check_version(std::string_view oci_version);

// "network"
std::string_view namespace_name(NamespaceType type);

}  // namespace planet::oci
