#include <algorithm>
#include <map>
#include <set>

#include "oci/judge.h"
#include "oci/spec_json.h"
#include "oci/sysctl.h"
#include "oci/validate.h"

namespace planet::oci {
namespace {

Result<> check_namespaces(const Linux& part) {
  std::set<NamespaceType> seen;
  for (std::size_t i = 0; i < part.namespaces.size(); ++i) {
    const Namespace& ns = part.namespaces[i];
    const std::string where = at("linux.namespaces", i);
    if (!ns.path.empty()) TRY(check_absolute(where + ".path", ns.path));
    if (!seen.insert(ns.type).second)
      return contradiction(where + ".type",
                           "is " + std::string(namespace_name(ns.type)) + " a second time");
  }
  return {};
}

// A user namespace that is joined has its map already; engines write the map all the same.
Result<> check_users(const Linux& part) {
  const Namespace* users = find_namespace(part, NamespaceType::kUser);
  const std::pair<const char*, const std::vector<IdMapping>*> maps[] = {
      {"linux.uidMappings", &part.uid_mappings}, {"linux.gidMappings", &part.gid_mappings}};
  for (const auto& [where, map] : maps) {
    if (map->empty() && users != nullptr && users->path.empty())
      return contradiction(where, "is empty, but linux.namespaces has a new \"user\"");
    if (!map->empty() && users == nullptr)
      return contradiction(where, "is set, but linux.namespaces has no \"user\"");
    if (!map->empty()) TRY(validate_id_map(*map, where));
  }
  return {};
}

Result<> check_time(const Linux& part) {
  constexpr std::string_view kClocks[] = {"monotonic", "boottime"};
  constexpr std::int64_t kMostNanoseconds = 999'999'999;
  const std::string where = "linux.timeOffsets";
  if (part.time_offsets.empty()) return {};
  for (const auto& [clock, offset] : part.time_offsets) {
    if (!is_one_of(kClocks, clock))
      return contradiction(
          where, "has the key " + quote(clock.substr(0, 100)) + ", expected " + one_of(kClocks));
    TRY(check_range(at(where, clock) + ".nanosecs", offset.nanosecs, 0, kMostNanoseconds));
  }
  const Namespace* time = find_namespace(part, NamespaceType::kTime);
  if (time == nullptr) return contradiction(where, "is set, but linux.namespaces has no \"time\"");
  if (!time->path.empty())
    return contradiction(where,
                         "is set, but the \"time\" of linux.namespaces is joined by its path");
  return {};
}

Result<> check_device(const std::string& where, const Device& device) {
  constexpr std::string_view kTypes[] = {"c", "b", "u", "p"};
  TRY(check_word(where + ".type", device.type, kTypes));
  TRY(check_absolute(where + ".path", device.path));
  if (device.type != "p") {
    TRY(check_range(where + ".major", device.major, 0, kMostMajor));
    TRY(check_range(where + ".minor", device.minor, 0, kMostMinor));
  }
  // Some engines write the bits of the file's type as well.
  constexpr mode_t kPermissions = 07777;
  const mode_t of_type = device.type == "b" ? 0060000 : device.type == "p" ? 0010000 : 0020000;
  const mode_t rest = device.file_mode.value_or(0) & ~kPermissions;
  if (rest != 0 && rest != of_type)
    return wrong(where + ".fileMode", *device.file_mode, "permissions: 0..4095");
  return {};
}

Result<> check_devices(const std::vector<Device>& devices) {
  std::map<std::string_view, const Device*> by_path;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    TRY(check_device(at("linux.devices", i), devices[i]));
    const auto [first, added] = by_path.emplace(devices[i].path, &devices[i]);
    if (!added && *first->second != devices[i])
      return contradiction(at("linux.devices", i) + ".path",
                           "is " + quote(devices[i].path) + " a second time, for another device");
  }
  return {};
}

// A name to get may end in %d: the kernel puts a number there.
Result<> check_net_devices(const Linux& part) {
  const std::string where = "linux.netDevices";
  std::set<std::string> inside;
  for (const auto& [host, device] : part.net_devices) {
    TRY(check_interface(where + " has a key that", host));
    const std::string name = device.name.empty() ? host : device.name;
    TRY(check_interface(at(where, host) + ".name", name));
    const std::size_t percent = device.name.find('%');
    const bool pattern = percent != std::string::npos;
    if (pattern && (device.name.substr(percent) != "%d"))
      return wrong_text(at(where, host) + ".name", device.name,
                        "a name whose only % is a %d at its end");
    if (!pattern && !inside.insert(name).second)
      return contradiction(at(where, host) + ".name", "is " + quote(name) + " a second time");
  }
  if (!part.net_devices.empty() && find_namespace(part, NamespaceType::kNetwork) == nullptr)
    return contradiction(where, "is set, but linux.namespaces has no \"network\"");
  return {};
}

// The path is taken below the control groups: it must not lead out of them.
Result<> check_cgroups_path(std::string_view path) {
  constexpr std::size_t kMostPath = 4095;
  constexpr std::size_t kMostName = 255;
  const std::string where = "linux.cgroupsPath";
  if (path.size() > kMostPath) return wrong_text(where, path, "at most 4095 bytes");
  if (path.find('\n') != std::string_view::npos)
    return wrong_text(where, path, "a path without a line break");
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return wrong_text(where, path, "a path without \"..\"");
    if (part.size() > kMostName) return wrong_text(where, path, "names of at most 255 bytes");
  }
  return {};
}

Result<> check_sysctl(const Spec& spec, const std::string& name, const std::string& value) {
  const std::string where = "linux.sysctl";
  if (!is_parameter_name(name))
    return contradiction(where, "has the key " + quote(name.substr(0, 100)) +
                                    ", expected a kernel parameter such as net.ipv4.ip_forward");
  const std::optional<NamespaceType> needed = namespace_of_parameter(name);
  if (!needed)
    return contradiction(at(where, name),
                         "is not separate for each container: setting it would change the host");
  if (find_namespace(spec.linux_, *needed) == nullptr)
    return contradiction(at(where, name), "needs \"" + std::string(namespace_name(*needed)) +
                                              "\" in linux.namespaces: it would change the host");
  const bool host = parameter_path(name) == "kernel/hostname";
  const std::string& field = host ? spec.hostname : spec.domainname;
  if (needed == NamespaceType::kUts && !field.empty() && field != value)
    return contradiction(at(where, name), "is " + quote(value.substr(0, 100)) + ", but " +
                                              (host ? "hostname" : "domainname") + " is " +
                                              quote(field));
  return {};
}

Result<> check_rdt(const IntelRdt& rdt) {
  const std::string where = "linux.intelRdt";
  const std::string& id = rdt.clos_id;  // "/": the default class
  if (id == "." || id == ".." || (id != "/" && id.find_first_of("/\n") != std::string::npos))
    return wrong_text(where + ".closID", id, "the name of a directory");
  if (rdt.l3_cache_schema.find('\n') != std::string::npos)
    return wrong_text(where + ".l3CacheSchema", rdt.l3_cache_schema, "one line");
  if (!rdt.mem_bw_schema.empty() && !rdt.mem_bw_schema.starts_with("MB:"))
    return wrong_text(where + ".memBwSchema", rdt.mem_bw_schema, "a line that begins with MB:");
  if (rdt.mem_bw_schema.find('\n') != std::string::npos)
    return wrong_text(where + ".memBwSchema", rdt.mem_bw_schema, "one line");
  for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
    if (rdt.schemata[i].find('\n') != std::string::npos)
      return wrong_text(at(where + ".schemata", i), rdt.schemata[i], "one line");
  return {};
}

// The rules of set_mempolicy(2).
Result<> check_memory_policy(const MemoryPolicy& policy) {
  const std::string where = "linux.memoryPolicy";
  TRY(check_word(where + ".mode", policy.mode, kMemoryPolicyModes));
  TRY(check_words(where + ".flags", policy.flags, kMemoryPolicyFlags));
  TRY(check_number_list(where + ".nodes", policy.nodes));
  const bool no_nodes = policy.mode == "MPOL_DEFAULT" || policy.mode == "MPOL_LOCAL";
  if (no_nodes && !policy.nodes.empty())
    return wrong_text(where + ".nodes", policy.nodes, "none with " + policy.mode);
  if (!no_nodes && policy.mode != "MPOL_PREFERRED" && policy.nodes.empty())
    return contradiction(where + ".nodes", "is empty, but " + policy.mode + " needs some");
  const auto has = [&](std::string_view flag) { return is_one_of(policy.flags, flag); };
  if (has("MPOL_F_STATIC_NODES") && has("MPOL_F_RELATIVE_NODES"))
    return contradiction(where + ".flags",
                         "has both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES");
  if (has("MPOL_F_NUMA_BALANCING") && policy.mode != "MPOL_BIND" &&
      policy.mode != "MPOL_PREFERRED_MANY")
    return contradiction(where + ".flags",
                         "has MPOL_F_NUMA_BALANCING, which " + policy.mode + " does not take");
  return {};
}

Result<> check_paths(const Linux& part) {
  for (std::size_t i = 0; i < part.masked_paths.size(); ++i)
    TRY(check_absolute(at("linux.maskedPaths", i), part.masked_paths[i]));
  for (std::size_t i = 0; i < part.readonly_paths.size(); ++i)
    TRY(check_absolute(at("linux.readonlyPaths", i), part.readonly_paths[i]));
  if (!part.rootfs_propagation.empty())
    TRY(check_word("linux.rootfsPropagation", part.rootfs_propagation, kPropagations));
  return check_cgroups_path(part.cgroups_path);
}

Result<> check_personality(const Personality& personality) {
  TRY(check_word("linux.personality.domain", personality.domain, kPersonalityDomains));
  if (!personality.flags.empty())
    return wrong_text("linux.personality.flags[0]", personality.flags.front(),
                      "none: the specification has no flags");
  return {};
}

}  // namespace

Result<> validate_id_map(const std::vector<IdMapping>& map, const std::string& where) {
  constexpr std::size_t kMostMappings = 340;         // since Linux 4.15
  constexpr std::uint64_t kIdsEnd = 0xffff'ffffULL;  // (uid_t)-1 is no id
  if (map.size() > kMostMappings)
    return contradiction(
        where, "has " + std::to_string(map.size()) + " entries, and the kernel takes 340");
  const auto overlap = [](std::uint64_t a, std::uint64_t b, std::uint64_t a_size,
                          std::uint64_t b_size) { return a < b + b_size && b < a + a_size; };
  for (std::size_t i = 0; i < map.size(); ++i) {
    const IdMapping& entry = map[i];
    if (entry.size == 0) return wrong(at(where, i) + ".size", 0, "at least 1");
    if (std::uint64_t{entry.container_id} + entry.size > kIdsEnd ||
        std::uint64_t{entry.host_id} + entry.size > kIdsEnd)
      return contradiction(at(where, i), "goes past the largest id, 4294967294");
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(entry.container_id, map[j].container_id, entry.size, map[j].size) ||
          overlap(entry.host_id, map[j].host_id, entry.size, map[j].size))
        return contradiction(at(where, i), "overlaps " + at(where, j));
  }
  return {};
}

Result<> validate_linux(const Spec& spec) {
  const Linux& part = spec.linux_;
  TRY(check_namespaces(part));
  TRY(check_users(part));
  TRY(check_time(part));
  TRY(check_devices(part.devices));
  TRY(check_net_devices(part));
  TRY(check_paths(part));
  for (const auto& [name, value] : part.sysctl) TRY(check_sysctl(spec, name, value));
  if (part.resources) TRY(validate_resources(*part.resources));
  if (part.seccomp) TRY(validate_seccomp(*part.seccomp));
  if (part.intel_rdt) TRY(check_rdt(*part.intel_rdt));
  if (part.memory_policy) TRY(check_memory_policy(*part.memory_policy));
  if (part.personality) TRY(check_personality(*part.personality));
  return {};
}

}  // namespace planet::oci
