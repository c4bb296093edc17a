// Every field of config.json, named once for reading and writing: see oci/codec.h. The order is that in which other
// runtimes write.
//
// Source: OCI runtime-spec 1.3, config.md, config-linux.md.
#pragma once

#include "oci/codec.h"
#include "oci/spec.h"

namespace planet::oci {

template <>
struct EnumNames<NamespaceType> {
  static constexpr std::pair<std::string_view, NamespaceType> kNames[] = {
      {"pid", NamespaceType::kPid},       {"network", NamespaceType::kNetwork},
      {"mount", NamespaceType::kMount},   {"ipc", NamespaceType::kIpc},
      {"uts", NamespaceType::kUts},       {"user", NamespaceType::kUser},
      {"cgroup", NamespaceType::kCgroup}, {"time", NamespaceType::kTime}};
};

// config.md: process.

// Other runtimes take a user without uid or gid for 0.
void describe(auto& v, Is<User> auto& user) {
  v.always("uid", user.uid);
  v.always("gid", user.gid);
  v.optional("umask", user.umask);
  v.optional("additionalGids", user.additional_gids);
}

void describe(auto& v, Is<Capabilities> auto& sets) {
  v.optional("bounding", sets.bounding);
  v.optional("effective", sets.effective);
  v.optional("inheritable", sets.inheritable);
  v.optional("permitted", sets.permitted);
  v.optional("ambient", sets.ambient);
}

void describe(auto& v, Is<Rlimit> auto& limit) {
  v.required("type", limit.type);
  v.required("hard", limit.hard);
  v.required("soft", limit.soft);
}

void describe(auto& v, Is<ConsoleSize> auto& size) {
  v.required("height", size.height);
  v.required("width", size.width);
}

void describe(auto& v, Is<Scheduler> auto& scheduler) {
  v.required("policy", scheduler.policy);
  v.optional("nice", scheduler.nice);
  v.optional("priority", scheduler.priority);
  v.optional("flags", scheduler.flags);
  v.optional("runtime", scheduler.runtime);
  v.optional("deadline", scheduler.deadline);
  v.optional("period", scheduler.period);
}

void describe(auto& v, Is<IoPriority> auto& priority) {
  v.required("class", priority.io_class);
  v.required("priority", priority.priority);
}

void describe(auto& v, Is<ExecCpuAffinity> auto& affinity) {
  v.optional("initial", affinity.initial);
  v.optional("final", affinity.final);
}

void describe(auto& v, Is<Process> auto& process) {
  v.optional("terminal", process.terminal);
  v.optional("consoleSize", process.console_size);
  v.always("user", process.user);
  v.optional("args", process.args);
  v.optional("env", process.env);
  v.required("cwd", process.cwd);
  v.optional("capabilities", process.capabilities);
  v.optional("rlimits", process.rlimits);
  v.optional("noNewPrivileges", process.no_new_privileges);
  v.optional("apparmorProfile", process.apparmor_profile);
  v.optional("oomScoreAdj", process.oom_score_adj);
  v.optional("scheduler", process.scheduler);
  v.optional("selinuxLabel", process.selinux_label);
  v.optional("ioPriority", process.io_priority);
  v.optional("execCPUAffinity", process.exec_cpu_affinity);
}

// config.md: root, mounts, hooks.

void describe(auto& v, Is<RootFs> auto& root) {
  v.required("path", root.path);
  v.optional("readonly", root.readonly);
}

void describe(auto& v, Is<IdMapping> auto& map) {
  v.required("containerID", map.container_id);
  v.required("hostID", map.host_id);
  v.required("size", map.size);
}

void describe(auto& v, Is<Mount> auto& mount) {
  v.required("destination", mount.destination);
  v.optional("type", mount.type);
  v.optional("source", mount.source);
  v.optional("options", mount.options);
  v.optional("uidMappings", mount.uid_mappings);
  v.optional("gidMappings", mount.gid_mappings);
}

void describe(auto& v, Is<Hook> auto& hook) {
  v.required("path", hook.path);
  v.optional("args", hook.args);
  v.optional("env", hook.env);
  v.optional("timeout", hook.timeout);
}

void describe(auto& v, Is<Hooks> auto& hooks) {
  v.optional("prestart", hooks.prestart);
  v.optional("createRuntime", hooks.create_runtime);
  v.optional("createContainer", hooks.create_container);
  v.optional("startContainer", hooks.start_container);
  v.optional("poststart", hooks.poststart);
  v.optional("poststop", hooks.poststop);
}

// config-linux.md: resources.

void describe(auto& v, Is<DeviceRule> auto& rule) {
  v.required("allow", rule.allow);
  v.optional("type", rule.type, std::string("a"));
  v.optional("major", rule.major);
  v.optional("minor", rule.minor);
  v.always("access", rule.access, std::string("rwm"));
}

void describe(auto& v, Is<Memory> auto& memory) {
  v.optional("limit", memory.limit);
  v.optional("reservation", memory.reservation);
  v.optional("swap", memory.swap);
  v.optional("kernel", memory.kernel);
  v.optional("kernelTCP", memory.kernel_tcp);
  v.optional("swappiness", memory.swappiness);
  v.optional("disableOOMKiller", memory.disable_oom_killer);
  v.optional("useHierarchy", memory.use_hierarchy);
  v.optional("checkBeforeUpdate", memory.check_before_update);
}

void describe(auto& v, Is<Cpu> auto& cpu) {
  v.optional("shares", cpu.shares);
  v.optional("quota", cpu.quota);
  v.optional("burst", cpu.burst);
  v.optional("period", cpu.period);
  v.optional("realtimeRuntime", cpu.realtime_runtime);
  v.optional("realtimePeriod", cpu.realtime_period);
  v.optional("cpus", cpu.cpus);
  v.optional("mems", cpu.mems);
  v.optional("idle", cpu.idle);
}

void describe(auto& v, Is<WeightDevice> auto& device) {
  v.required("major", device.major);
  v.required("minor", device.minor);
  v.optional("weight", device.weight);
  v.optional("leafWeight", device.leaf_weight);
}

void describe(auto& v, Is<ThrottleDevice> auto& device) {
  v.required("major", device.major);
  v.required("minor", device.minor);
  v.required("rate", device.rate);
}

void describe(auto& v, Is<BlockIo> auto& io) {
  v.optional("weight", io.weight);
  v.optional("leafWeight", io.leaf_weight);
  v.optional("weightDevice", io.weight_device);
  v.optional("throttleReadBpsDevice", io.throttle_read_bps);
  v.optional("throttleWriteBpsDevice", io.throttle_write_bps);
  v.optional("throttleReadIOPSDevice", io.throttle_read_iops);
  v.optional("throttleWriteIOPSDevice", io.throttle_write_iops);
}

void describe(auto& v, Is<HugepageLimit> auto& limit) {
  v.required("pageSize", limit.page_size);
  v.required("limit", limit.limit);
}

void describe(auto& v, Is<InterfacePriority> auto& interface) {
  v.required("name", interface.name);
  v.required("priority", interface.priority);
}

void describe(auto& v, Is<NetworkClass> auto& network) {
  v.optional("classID", network.class_id);
  v.optional("priorities", network.priorities);
}

void describe(auto& v, Is<Rdma> auto& device) {
  v.optional("hcaHandles", device.hca_handles);
  v.optional("hcaObjects", device.hca_objects);
}

void describe(auto& v, Is<Resources> auto& resources) {
  v.optional("devices", resources.devices);
  v.optional("memory", resources.memory);
  v.optional("cpu", resources.cpu);
  v.inner("pids", [&](auto& pids) { pids.optional("limit", resources.pids_limit); });
  v.optional("blockIO", resources.block_io);
  v.optional("hugepageLimits", resources.hugepage_limits);
  v.optional("network", resources.network);
  v.optional("rdma", resources.rdma);
  v.optional("unified", resources.unified);
}

// config-linux.md: seccomp.

void describe(auto& v, Is<SeccompArg> auto& arg) {
  v.required("index", arg.index);
  v.required("value", arg.value);
  v.optional("valueTwo", arg.value_two);
  v.required("op", arg.op);
}

void describe(auto& v, Is<SeccompRule> auto& rule) {
  v.required("names", rule.names);
  v.required("action", rule.action);
  v.optional("errnoRet", rule.errno_ret);
  v.optional("args", rule.args);
}

void describe(auto& v, Is<Seccomp> auto& seccomp) {
  v.required("defaultAction", seccomp.default_action);
  v.optional("defaultErrnoRet", seccomp.default_errno_ret);
  v.optional("architectures", seccomp.architectures);
  v.optional("flags", seccomp.flags);
  v.optional("listenerPath", seccomp.listener_path);
  v.optional("listenerMetadata", seccomp.listener_metadata);
  v.optional("syscalls", seccomp.syscalls);
}

// config-linux.md: the rest.

void describe(auto& v, Is<Namespace> auto& ns) {
  v.required("type", ns.type);
  v.optional("path", ns.path);
}

// Only a pipe has no numbers.
void describe(auto& v, Is<Device> auto& device) {
  v.required("path", device.path);
  v.required("type", device.type);
  if (device.type == "p") {
    v.optional("major", device.major);
    v.optional("minor", device.minor);
  } else {
    v.required("major", device.major);
    v.required("minor", device.minor);
  }
  v.optional("fileMode", device.file_mode);
  v.optional("uid", device.uid);
  v.optional("gid", device.gid);
}

void describe(auto& v, Is<NetDevice> auto& device) {
  v.optional("name", device.name);
}

void describe(auto& v, Is<TimeOffset> auto& offset) {
  v.optional("secs", offset.secs);
  v.optional("nanosecs", offset.nanosecs);
}

void describe(auto& v, Is<Personality> auto& personality) {
  v.required("domain", personality.domain);
  v.optional("flags", personality.flags);
}

void describe(auto& v, Is<IntelRdt> auto& rdt) {
  v.optional("closID", rdt.clos_id);
  v.optional("schemata", rdt.schemata);
  v.optional("l3CacheSchema", rdt.l3_cache_schema);
  v.optional("memBwSchema", rdt.mem_bw_schema);
  v.optional("enableCMT", rdt.enable_cmt);
  v.optional("enableMBM", rdt.enable_mbm);
  v.optional("enableMonitoring", rdt.enable_monitoring);
}

void describe(auto& v, Is<MemoryPolicy> auto& policy) {
  v.required("mode", policy.mode);
  v.optional("nodes", policy.nodes);
  v.optional("flags", policy.flags);
}

void describe(auto& v, Is<Linux> auto& part) {
  v.optional("uidMappings", part.uid_mappings);
  v.optional("gidMappings", part.gid_mappings);
  v.optional("sysctl", part.sysctl);
  v.optional("resources", part.resources);
  v.optional("cgroupsPath", part.cgroups_path);
  v.optional("namespaces", part.namespaces);
  v.optional("devices", part.devices);
  v.optional("netDevices", part.net_devices);
  v.optional("seccomp", part.seccomp);
  v.optional("rootfsPropagation", part.rootfs_propagation);
  v.optional("maskedPaths", part.masked_paths);
  v.optional("readonlyPaths", part.readonly_paths);
  v.optional("mountLabel", part.mount_label);
  v.optional("intelRdt", part.intel_rdt);
  v.optional("memoryPolicy", part.memory_policy);
  v.optional("personality", part.personality);
  v.optional("timeOffsets", part.time_offsets);
}

void describe(auto& v, Is<Spec> auto& spec) {
  v.required("ociVersion", spec.oci_version);
  v.optional("process", spec.process);
  v.optional("root", spec.root);
  v.optional("hostname", spec.hostname);
  v.optional("domainname", spec.domainname);
  v.optional("mounts", spec.mounts);
  v.optional("hooks", spec.hooks);
  v.optional("annotations", spec.annotations);
  v.optional("linux", spec.linux_);
}

}  // namespace planet::oci
