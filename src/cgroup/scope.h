// A container's control group as a unit of systemd: its name, its place, its properties. All pure.
//
// Source: systemd.scope(5), systemd.slice(5), systemd.resource-control(5), org.freedesktop.systemd1(5); for the form of
// cgroupsPath and the annotations, runc's docs/systemd.md, which engines rely on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "cgroup/host.h"
#include "oci/spec.h"

namespace planet::cgroup {

struct Scope {
  std::string slice;  // "machine.slice"
  std::string unit;   // "crio-0123.scope"; a slice if the name of the group is one
};

// From `cgroups_path`, "SLICE:PREFIX:NAME", or nothing for the container `id`; without a SLICE in `usual_slice`.
// Errors: kInvalidArgument - another form, or no name of a slice or unit.
Result<Scope> parse_scope(std::string_view cgroups_path, std::string_view id,
                          const std::string& usual_slice = "system.slice");

// The slice's path below the root of its systemd: "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "".
// Errors: kInvalidArgument - no name of a slice.
Result<std::string> slice_path(std::string_view slice);

// What a property can be: D-Bus types b, i, u, t, s, au, ay.
using Value = std::variant<bool, std::int32_t, std::uint32_t, std::uint64_t, std::string,
                           std::vector<std::uint32_t>, std::vector<std::uint8_t>>;

struct Property {
  std::string name;
  Value value;
};

// The limits that systemd should know of, because it writes them again whenever it likes.
// Errors: kInvalidArgument - processors that are no list.
Result<std::vector<Property>> limits_of(Layout layout, const oci::Resources& given);

// The properties that annotations "org.systemd.property.NAME" ask for, their values in the text form of GVariant: true,
// 15, uint64 10000000, 'text'. A NAME that ends in Sec and holds seconds becomes USec.
// Errors: kInvalidArgument - a value of no such form; the sentence names the annotation.
Result<std::vector<Property>> annotated(const std::map<std::string, std::string>& annotations);

}  // namespace planet::cgroup
