// Reading config.json: one function for each object of the specification.
#include "oci/json.h"
#include "oci/spec_json.h"

namespace planet::oci {
namespace {

// The object `name` of `from`, given to `body` if it is there.
template <class F>
Result<> within(const Fields& from, std::string_view name, F&& body) {
  const json::value* value = from.find(name);
  if (value == nullptr) return {};
  TRY_SET(const Fields fields, Fields::of(*value, from.path_of(name)));
  return body(fields);
}

// Every object of the list `name`, appended to `to`.
template <class T, class F>
Result<> objects(const Fields& from, std::string_view name, std::vector<T>& to, F&& body) {
  return from.each(name, [&](const json::value& value, std::string path) -> Result<> {
    TRY_SET(const Fields fields, Fields::of(value, std::move(path)));
    T item{};
    TRY(body(fields, item));
    to.push_back(std::move(item));
    return {};
  });
}

Result<> read_user(const Fields& f, User& user) {
  TRY(f.read("uid", user.uid));
  TRY(f.read("gid", user.gid));
  TRY(f.read("umask", user.umask));
  return f.each("additionalGids",
                [&](const json::value& value, const std::string& path) -> Result<> {
                  const auto* gid = value.if_int64();
                  if (gid == nullptr || !std::in_range<gid_t>(*gid))
                    return fail(Code::kInvalidArgument, path + " is not a group id");
                  user.additional_gids.push_back(static_cast<gid_t>(*gid));
                  return {};
                });
}

Result<> read_capabilities(const Fields& f, Capabilities& sets) {
  TRY(f.read("bounding", sets.bounding));
  TRY(f.read("effective", sets.effective));
  TRY(f.read("inheritable", sets.inheritable));
  TRY(f.read("permitted", sets.permitted));
  return f.read("ambient", sets.ambient);
}

Result<> read_rlimit(const Fields& f, Rlimit& limit) {
  TRY(f.read("type", limit.type));
  TRY(f.read("soft", limit.soft));
  return f.read("hard", limit.hard);
}

Result<> read_scheduler(const Fields& f, Scheduler& scheduler) {
  TRY(f.read("policy", scheduler.policy));
  TRY(f.read("nice", scheduler.nice));
  TRY(f.read("priority", scheduler.priority));
  TRY(f.read("flags", scheduler.flags));
  TRY(f.read("runtime", scheduler.runtime));
  TRY(f.read("deadline", scheduler.deadline));
  return f.read("period", scheduler.period);
}

Result<> read_process(const Fields& f, Process& process) {
  TRY(f.read("terminal", process.terminal));
  TRY(within(f, "consoleSize", [&](const Fields& size) -> Result<> {
    process.console_size.emplace();
    TRY(size.read("height", process.console_size->height));
    return size.read("width", process.console_size->width);
  }));
  TRY(f.read("cwd", process.cwd));
  TRY(f.read("env", process.env));
  TRY(f.read("args", process.args));
  TRY(within(f, "user", [&](const Fields& user) { return read_user(user, process.user); }));
  TRY(within(f, "capabilities", [&](const Fields& sets) {
    return read_capabilities(sets, process.capabilities.emplace());
  }));
  TRY(objects(f, "rlimits", process.rlimits, read_rlimit));
  TRY(f.read("noNewPrivileges", process.no_new_privileges));
  TRY(f.read("apparmorProfile", process.apparmor_profile));
  TRY(f.read("selinuxLabel", process.selinux_label));
  TRY(f.read("oomScoreAdj", process.oom_score_adj));
  TRY(within(f, "scheduler",
             [&](const Fields& s) { return read_scheduler(s, process.scheduler.emplace()); }));
  TRY(within(f, "ioPriority", [&](const Fields& io) -> Result<> {
    process.io_priority.emplace();
    TRY(io.read("class", process.io_priority->io_class));
    return io.read("priority", process.io_priority->priority);
  }));
  return within(f, "execCPUAffinity", [&](const Fields& affinity) -> Result<> {
    process.exec_cpu_affinity.emplace();
    TRY(affinity.read("initial", process.exec_cpu_affinity->initial));
    return affinity.read("final", process.exec_cpu_affinity->final);
  });
}

Result<> read_id_mapping(const Fields& f, IdMapping& map) {
  TRY(f.read("containerID", map.container_id));
  TRY(f.read("hostID", map.host_id));
  return f.read("size", map.size);
}

Result<> read_mount(const Fields& f, Mount& mount) {
  TRY(f.read("destination", mount.destination));
  TRY(f.read("type", mount.type));
  TRY(f.read("source", mount.source));
  TRY(f.read("options", mount.options));
  TRY(objects(f, "uidMappings", mount.uid_mappings, read_id_mapping));
  return objects(f, "gidMappings", mount.gid_mappings, read_id_mapping);
}

Result<> read_hook(const Fields& f, Hook& hook) {
  TRY(f.read("path", hook.path));
  TRY(f.read("args", hook.args));
  TRY(f.read("env", hook.env));
  return f.read("timeout", hook.timeout);
}

Result<> read_hooks(const Fields& f, Hooks& hooks) {
  TRY(objects(f, "prestart", hooks.prestart, read_hook));
  TRY(objects(f, "createRuntime", hooks.create_runtime, read_hook));
  TRY(objects(f, "createContainer", hooks.create_container, read_hook));
  TRY(objects(f, "startContainer", hooks.start_container, read_hook));
  TRY(objects(f, "poststart", hooks.poststart, read_hook));
  return objects(f, "poststop", hooks.poststop, read_hook);
}

constexpr std::pair<std::string_view, NamespaceType> kNamespaces[] = {
    {"pid", NamespaceType::kPid},       {"network", NamespaceType::kNetwork},
    {"mount", NamespaceType::kMount},   {"ipc", NamespaceType::kIpc},
    {"uts", NamespaceType::kUts},       {"user", NamespaceType::kUser},
    {"cgroup", NamespaceType::kCgroup}, {"time", NamespaceType::kTime}};

Result<> read_namespace(const Fields& f, Namespace& ns) {
  std::string type;
  TRY(f.read("type", type));
  TRY(f.read("path", ns.path));
  for (const auto& [name, value] : kNamespaces)
    if (type == name) {
      ns.type = value;
      return {};
    }
  return f.wrong("type", "one of pid, network, mount, ipc, uts, user, cgroup, time");
}

Result<> read_device(const Fields& f, Device& device) {
  TRY(f.read("type", device.type));
  TRY(f.read("path", device.path));
  TRY(f.read("major", device.major));
  TRY(f.read("minor", device.minor));
  TRY(f.read("fileMode", device.file_mode));
  TRY(f.read("uid", device.uid));
  return f.read("gid", device.gid);
}

Result<> read_device_rule(const Fields& f, DeviceRule& rule) {
  TRY(f.read("allow", rule.allow));
  TRY(f.read("type", rule.type));
  TRY(f.read("major", rule.major));
  TRY(f.read("minor", rule.minor));
  TRY(f.read("access", rule.access));
  if (rule.type.empty()) rule.type = "a";
  if (rule.access.empty()) rule.access = "rwm";
  return {};
}

Result<> read_memory(const Fields& f, Memory& memory) {
  TRY(f.read("limit", memory.limit));
  TRY(f.read("reservation", memory.reservation));
  TRY(f.read("swap", memory.swap));
  TRY(f.read("kernel", memory.kernel));
  TRY(f.read("kernelTCP", memory.kernel_tcp));
  TRY(f.read("swappiness", memory.swappiness));
  TRY(f.read("disableOOMKiller", memory.disable_oom_killer));
  TRY(f.read("useHierarchy", memory.use_hierarchy));
  return f.read("checkBeforeUpdate", memory.check_before_update);
}

Result<> read_cpu(const Fields& f, Cpu& cpu) {
  TRY(f.read("shares", cpu.shares));
  TRY(f.read("quota", cpu.quota));
  TRY(f.read("burst", cpu.burst));
  TRY(f.read("period", cpu.period));
  TRY(f.read("realtimeRuntime", cpu.realtime_runtime));
  TRY(f.read("realtimePeriod", cpu.realtime_period));
  TRY(f.read("cpus", cpu.cpus));
  TRY(f.read("mems", cpu.mems));
  return f.read("idle", cpu.idle);
}

Result<> read_throttle(const Fields& f, ThrottleDevice& device) {
  TRY(f.read("major", device.major));
  TRY(f.read("minor", device.minor));
  return f.read("rate", device.rate);
}

Result<> read_weight(const Fields& f, WeightDevice& device) {
  TRY(f.read("major", device.major));
  TRY(f.read("minor", device.minor));
  TRY(f.read("weight", device.weight));
  return f.read("leafWeight", device.leaf_weight);
}

Result<> read_block_io(const Fields& f, BlockIo& io) {
  TRY(f.read("weight", io.weight));
  TRY(f.read("leafWeight", io.leaf_weight));
  TRY(objects(f, "weightDevice", io.weight_device, read_weight));
  TRY(objects(f, "throttleReadBpsDevice", io.throttle_read_bps, read_throttle));
  TRY(objects(f, "throttleWriteBpsDevice", io.throttle_write_bps, read_throttle));
  TRY(objects(f, "throttleReadIOPSDevice", io.throttle_read_iops, read_throttle));
  return objects(f, "throttleWriteIOPSDevice", io.throttle_write_iops, read_throttle);
}

Result<> read_network(const Fields& f, NetworkClass& network) {
  TRY(f.read("classID", network.class_id));
  return objects(f, "priorities", network.priorities,
                 [](const Fields& p, InterfacePriority& to) -> Result<> {
                   TRY(p.read("name", to.name));
                   return p.read("priority", to.priority);
                 });
}

Result<> read_hugepage_limit(const Fields& f, HugepageLimit& limit) {
  TRY(f.read("pageSize", limit.page_size));
  return f.read("limit", limit.limit);
}

Result<> read_rdma(const Fields& all, std::map<std::string, Rdma>& devices) {
  for (const auto& member : all.object()) {
    const std::string_view name(member.key().data(), member.key().size());
    TRY(within(all, name, [&](const Fields& f) -> Result<> {
      Rdma& device = devices[std::string(name)];
      TRY(f.read("hcaHandles", device.hca_handles));
      return f.read("hcaObjects", device.hca_objects);
    }));
  }
  return {};
}

Result<> read_resources(const Fields& f, Resources& r) {
  TRY(objects(f, "devices", r.devices, read_device_rule));
  TRY(within(f, "memory", [&](const Fields& m) { return read_memory(m, r.memory.emplace()); }));
  TRY(within(f, "cpu", [&](const Fields& c) { return read_cpu(c, r.cpu.emplace()); }));
  TRY(within(f, "pids", [&](const Fields& p) { return p.read("limit", r.pids_limit); }));
  TRY(within(f, "blockIO",
             [&](const Fields& io) { return read_block_io(io, r.block_io.emplace()); }));
  TRY(objects(f, "hugepageLimits", r.hugepage_limits, read_hugepage_limit));
  TRY(within(f, "network", [&](const Fields& n) { return read_network(n, r.network.emplace()); }));
  TRY(within(f, "rdma", [&](const Fields& all) { return read_rdma(all, r.rdma); }));
  return f.read_map("unified", r.unified);
}

Result<> read_seccomp_rule(const Fields& f, SeccompRule& rule) {
  TRY(f.read("names", rule.names));
  TRY(f.read("action", rule.action));
  TRY(f.read("errnoRet", rule.errno_ret));
  return objects(f, "args", rule.args, [](const Fields& a, SeccompArg& arg) -> Result<> {
    TRY(a.read("index", arg.index));
    TRY(a.read("value", arg.value));
    TRY(a.read("valueTwo", arg.value_two));
    return a.read("op", arg.op);
  });
}

Result<> read_seccomp(const Fields& f, Seccomp& seccomp) {
  TRY(f.read("defaultAction", seccomp.default_action));
  TRY(f.read("defaultErrnoRet", seccomp.default_errno_ret));
  TRY(f.read("architectures", seccomp.architectures));
  TRY(f.read("flags", seccomp.flags));
  TRY(f.read("listenerPath", seccomp.listener_path));
  TRY(f.read("listenerMetadata", seccomp.listener_metadata));
  return objects(f, "syscalls", seccomp.syscalls, read_seccomp_rule);
}

Result<> read_time_offsets(const Fields& f, std::map<std::string, TimeOffset>& offsets) {
  for (const char* clock : {"monotonic", "boottime"})
    TRY(within(f, clock, [&](const Fields& offset) -> Result<> {
      TimeOffset& to = offsets[clock];
      TRY(offset.read("secs", to.secs));
      return offset.read("nanosecs", to.nanosecs);
    }));
  return {};
}

Result<> read_linux(const Fields& f, Linux& linux_part) {
  TRY(objects(f, "namespaces", linux_part.namespaces, read_namespace));
  TRY(objects(f, "uidMappings", linux_part.uid_mappings, read_id_mapping));
  TRY(objects(f, "gidMappings", linux_part.gid_mappings, read_id_mapping));
  TRY(within(f, "timeOffsets",
             [&](const Fields& t) { return read_time_offsets(t, linux_part.time_offsets); }));
  TRY(objects(f, "devices", linux_part.devices, read_device));
  TRY(f.read("cgroupsPath", linux_part.cgroups_path));
  TRY(within(f, "resources",
             [&](const Fields& r) { return read_resources(r, linux_part.resources.emplace()); }));
  TRY(within(f, "intelRdt", [&](const Fields& r) -> Result<> {
    IntelRdt& rdt = linux_part.intel_rdt.emplace();
    TRY(r.read("closID", rdt.clos_id));
    TRY(r.read("l3CacheSchema", rdt.l3_cache_schema));
    TRY(r.read("memBwSchema", rdt.mem_bw_schema));
    TRY(r.read("enableCMT", rdt.enable_cmt));
    return r.read("enableMBM", rdt.enable_mbm);
  }));
  TRY(f.read_map("sysctl", linux_part.sysctl));
  TRY(within(f, "seccomp",
             [&](const Fields& s) { return read_seccomp(s, linux_part.seccomp.emplace()); }));
  TRY(f.read("rootfsPropagation", linux_part.rootfs_propagation));
  TRY(f.read("maskedPaths", linux_part.masked_paths));
  TRY(f.read("readonlyPaths", linux_part.readonly_paths));
  TRY(f.read("mountLabel", linux_part.mount_label));
  return within(f, "personality", [&](const Fields& p) -> Result<> {
    linux_part.personality.emplace();
    TRY(p.read("domain", linux_part.personality->domain));
    return p.read("flags", linux_part.personality->flags);
  });
}

}  // namespace

Result<Spec> parse_spec(std::string_view text) {
  TRY_SET(const json::value value, parse_json(text, kMostConfigBytes));
  TRY_SET(const Fields f, Fields::of(value, ""));
  Spec spec;
  spec.oci_version.clear();
  TRY(f.read("ociVersion", spec.oci_version));
  TRY(within(f, "process",
             [&](const Fields& p) { return read_process(p, spec.process.emplace()); }));
  TRY(within(f, "root", [&](const Fields& r) -> Result<> {
    spec.root.emplace();
    TRY(r.read("path", spec.root->path));
    return r.read("readonly", spec.root->readonly);
  }));
  TRY(f.read("hostname", spec.hostname));
  TRY(f.read("domainname", spec.domainname));
  TRY(objects(f, "mounts", spec.mounts, read_mount));
  TRY(within(f, "hooks", [&](const Fields& h) { return read_hooks(h, spec.hooks); }));
  TRY(f.read_map("annotations", spec.annotations));
  TRY(within(f, "linux", [&](const Fields& l) { return read_linux(l, spec.linux_); }));
  return spec;
}

}  // namespace planet::oci
