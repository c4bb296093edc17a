#include "base/strings.h"
#include "oci/validate.h"
#include "oci/validate_test.h"

namespace planet::oci {
namespace {

TEST(Validate, Namespaces) {
  check({
      {"linux.namespaces[8].type is network a second time",
       [](Spec& s) { s.linux_.namespaces.push_back({.type = NamespaceType::kNetwork}); }},
      {"linux.namespaces[0].path is \"proc/1/ns/pid\", expected an absolute path",
       [](Spec& s) { s.linux_.namespaces[0].path = "proc/1/ns/pid"; }},
      {"linux.uidMappings is empty, but linux.namespaces has a new \"user\"",
       [](Spec& s) { s.linux_.uid_mappings.clear(); }},
      {"linux.gidMappings is empty, but linux.namespaces has a new \"user\"",
       [](Spec& s) { s.linux_.gid_mappings.clear(); }},
      {"linux.uidMappings is set, but linux.namespaces has no \"user\"",
       [](Spec& s) { std::erase(s.linux_.namespaces, Namespace{.type = NamespaceType::kUser}); }},
      {"",
       [](Spec& s) {
         s.linux_.namespaces[5].path = "/run/userns";
         s.linux_.uid_mappings.clear(), s.linux_.gid_mappings.clear();
       }},
      {"linux.timeOffsets has the key \"realtime\", expected one of monotonic, boottime",
       [](Spec& s) { s.linux_.time_offsets["realtime"]; }},
      {"linux.timeOffsets[\"boottime\"].nanosecs is 1000000000, expected 0..999999999",
       [](Spec& s) { s.linux_.time_offsets["boottime"].nanosecs = 1'000'000'000; }},
      {"linux.timeOffsets is set, but linux.namespaces has no \"time\"",
       [](Spec& s) { s.linux_.namespaces.pop_back(); }},
      {"linux.timeOffsets is set, but the \"time\" of linux.namespaces is joined by its path",
       [](Spec& s) { s.linux_.namespaces.back().path = "/x"; }},
  });
}

TEST(ValidateIdMap, IsOneToOneAndFits) {
  const auto said = [](const std::vector<IdMapping>& map) {
    const Result<> valid = validate_id_map(map, "m");
    return valid ? "" : valid.error().to_string();
  };
  EXPECT_EQ(said({{0, 100000, 65536}}), "");
  EXPECT_EQ(said({{0, 100000, 10}, {10, 5, 1}}), "");
  EXPECT_EQ(said({{0, 1, 0}}), "m[0].size is 0, expected at least 1");
  EXPECT_EQ(said({{0, 4294967290, 10}}), "m[0] goes past the largest id, 4294967294");
  EXPECT_EQ(said({{4294967295, 0, 1}}), "m[0] goes past the largest id, 4294967294");
  EXPECT_EQ(said({{0, 0, 4294967295}}), "");
  EXPECT_EQ(said({{0, 0, 10}, {5, 100, 10}}), "m[1] overlaps m[0]");
  EXPECT_EQ(said({{0, 0, 10}, {20, 9, 1}}), "m[1] overlaps m[0]");
  std::vector<IdMapping> many;
  for (std::uint32_t i = 0; i < 341; ++i) many.push_back({i, i, 1});
  EXPECT_EQ(said(many), "m has 341 entries, and the kernel takes 340");
  many.pop_back();
  EXPECT_EQ(said(many), "");
}

TEST(Validate, Devices) {
  check({
      {"linux.devices[0].type is \"q\", expected one of c, b, u, p",
       [](Spec& s) { s.linux_.devices[0].type = "q"; }},
      {"linux.devices[0].path is \"dev/fuse\", expected an absolute path",
       [](Spec& s) { s.linux_.devices[0].path = "dev/fuse"; }},
      {"linux.devices[0].major is 4096, expected 0..4095",
       [](Spec& s) { s.linux_.devices[0].major = 4096; }},
      {"linux.devices[0].minor is -1, expected 0..1048575",
       [](Spec& s) { s.linux_.devices[0].minor = -1; }},
      {"linux.devices[0].fileMode is 262144, expected permissions: 0..4095",
       [](Spec& s) { s.linux_.devices[0].file_mode = 01000000; }},
      {"linux.devices[0].fileMode is 25008, expected permissions: 0..4095",
       [](Spec& s) { s.linux_.devices[0].file_mode = 0060660; }},
      {"", [](Spec& s) { s.linux_.devices[0].file_mode = 0020660; }},
      {"linux.devices[2].path is \"/dev/fuse\" a second time, for another device",
       [](Spec& s) {
         s.linux_.devices.push_back(s.linux_.devices[0]);
         s.linux_.devices[2].minor = 1;
       }},
      {"", [](Spec& s) { s.linux_.devices.push_back(s.linux_.devices[0]); }},
  });
}

TEST(Validate, NetDevices) {
  const std::string no_name =
      ", expected the name of a network interface: 1 to 15 characters without '/', ':' and blanks";
  const Spec whole = complete();
  for (const char* bad : {"eth/0", "a b", ".", "..", "1234567890123456", "eth:0", "e\n"}) {
    Spec spec = whole;
    spec.linux_.net_devices[bad];
    EXPECT_EQ(verdict(spec), "linux.netDevices has a key that is " + quote(bad) + no_name);
    spec = whole;
    spec.linux_.net_devices["ens4"].name = bad;
    EXPECT_EQ(verdict(spec), "linux.netDevices[\"ens4\"].name is " + quote(bad) + no_name);
  }
  check({
      {"", [](Spec& s) { s.linux_.net_devices["ens4"].name = "net%d"; }},
      {"linux.netDevices[\"ens4\"].name is \"%d0\", expected a name whose only % is a %d at its "
       "end",
       [](Spec& s) { s.linux_.net_devices["ens4"].name = "%d0"; }},
      {"linux.netDevices[\"ens4\"].name is \"%s\", expected a name whose only % is a %d at its end",
       [](Spec& s) { s.linux_.net_devices["ens4"].name = "%s"; }},
      {"linux.netDevices[\"eth0\"].name is \"ens4\" a second time",
       [](Spec& s) {
         s.linux_.net_devices["eth0"].name = "ens4";
         s.linux_.net_devices["aaa"].name = "ens4";
         s.linux_.net_devices.erase("ens4");
       }},
      {"linux.netDevices is set, but linux.namespaces has no \"network\"",
       [](Spec& s) {
         std::erase(s.linux_.namespaces, Namespace{.type = NamespaceType::kNetwork});
       }},
  });
}

TEST(Validate, Paths) {
  const std::string long_name(256, 'x');
  check({
      {"linux.maskedPaths[0] is \"proc\", expected an absolute path",
       [](Spec& s) { s.linux_.masked_paths[0] = "proc"; }},
      {"linux.readonlyPaths[0] is \"\", expected an absolute path",
       [](Spec& s) { s.linux_.readonly_paths[0] = ""; }},
      {"linux.rootfsPropagation is \"x\", expected one of private, rprivate, shared, rshared, "
       "slave, rslave, unbindable, runbindable",
       [](Spec& s) { s.linux_.rootfs_propagation = "x"; }},
      {"linux.cgroupsPath is \"../../init.scope\", expected a path without \"..\"",
       [](Spec& s) { s.linux_.cgroups_path = "../../init.scope"; }},
      {"linux.cgroupsPath is \"/a/..\", expected a path without \"..\"",
       [](Spec& s) { s.linux_.cgroups_path = "/a/.."; }},
      {"linux.cgroupsPath is \"/a\\x0ab\", expected a path without a line break",
       [](Spec& s) { s.linux_.cgroups_path = "/a\nb"; }},
      {"", [](Spec& s) { s.linux_.cgroups_path = "system.slice:planet:web..1"; }},
  });
  Spec spec = complete();
  spec.linux_.cgroups_path = "/" + long_name;
  EXPECT_TRUE(verdict(spec).ends_with(", expected names of at most 255 bytes"));
  spec.linux_.cgroups_path = std::string(4096, '/');
  EXPECT_TRUE(verdict(spec).ends_with(", expected at most 4095 bytes"));
}

// CVE-2022-0811 and relatives: whatever the spelling, nothing but the parameters of a namespace.
TEST(Validate, SysctlsOfTheHostAreOutOfReach) {
  const Spec whole = complete();
  for (const std::string name : {"",
                                 ".",
                                 "..",
                                 "kernel",
                                 "kernel.core_pattern",
                                 "kernel/core_pattern",
                                 "Kernel.core_pattern",
                                 "kernel..core_pattern",
                                 ".kernel.core_pattern",
                                 "kernel.core_pattern.",
                                 "kernel.shm_rmid_forced=1",
                                 "kernel.shm_rmid_forced+kernel.core_pattern",
                                 "kernel.msgmax/../core_pattern",
                                 "net.../kernel.core_pattern",
                                 "net/../kernel/core_pattern",
                                 "net.ipv4.ip_forward\n",
                                 "kernel.core_pattern ",
                                 "NET.ipv4.ip_forward",
                                 "net",
                                 "fs.mqueue",
                                 "fs.mqueue..x",
                                 "vm.overcommit_memory",
                                 "user.max_user_namespaces",
                                 "kernel.msgmax2",
                                 "net.ipv4.\x01"}) {
    Spec spec = whole;
    spec.linux_.sysctl[name] = "1";
    EXPECT_TRUE(verdict(spec).starts_with("linux.sysctl")) << name;
  }
  for (const std::string name : {"net.ipv4.conf.eth0-1.forwarding", "fs.mqueue.queues_max",
                                 "kernel.shm_rmid_forced", "net.core.somaxconn"}) {
    Spec spec = whole;
    spec.linux_.sysctl[name] = "1";
    EXPECT_EQ(verdict(spec), "") << name;
  }
}

TEST(Validate, Sysctls) {
  const auto without = [](Spec& spec, NamespaceType type) {
    std::erase(spec.linux_.namespaces, Namespace{.type = type});
  };
  check({
      {"linux.sysctl has the key \"/a\", expected a kernel parameter such as net.ipv4.ip_forward",
       [](Spec& s) { s.linux_.sysctl["/a"]; }},
      {"linux.sysctl[\"kernel.core_pattern\"] is not separate for each container: setting it "
       "would change the host",
       [](Spec& s) { s.linux_.sysctl["kernel.core_pattern"]; }},
      {"linux.sysctl[\"net.ipv4.ip_forward\"] needs \"network\" in linux.namespaces: it would "
       "change the host",
       [&](Spec& s) { without(s, NamespaceType::kNetwork), s.linux_.net_devices.clear(); }},
      {"linux.sysctl[\"kernel.msgmax\"] needs \"ipc\" in linux.namespaces: it would change the "
       "host",
       [&](Spec& s) { without(s, NamespaceType::kIpc); }},
      {"linux.sysctl[\"kernel.hostname\"] needs \"uts\" in linux.namespaces: it would change the "
       "host",
       [&](Spec& s) {
         s.hostname = s.domainname = "", s.linux_.sysctl["kernel.hostname"] = "x";
         without(s, NamespaceType::kUts);
       }},
      {"linux.sysctl[\"kernel.hostname\"] is \"x\", but hostname is \"web\"",
       [](Spec& s) { s.linux_.sysctl["kernel.hostname"] = "x"; }},
      {"", [](Spec& s) { s.linux_.sysctl["kernel.hostname"] = "web"; }},
      {"linux.sysctl[\"kernel.domainname\"] is \"x\", but domainname is \"example.org\"",
       [](Spec& s) { s.linux_.sysctl["kernel.domainname"] = "x"; }},
  });
}

TEST(Validate, Seccomp) {
  const std::string actions =
      "SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, "
      "SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY";
  const std::string bad_default =
      "linux.seccomp.defaultAction is \"ALLOW\", expected one of " + actions;
  const std::string bad_action =
      "linux.seccomp.syscalls[1].action is \"ALLOW\", expected one of " + actions;
  check({
      {bad_default.c_str(), [](Spec& s) { s.linux_.seccomp->default_action = "ALLOW"; }},
      {bad_action.c_str(), [](Spec& s) { s.linux_.seccomp->syscalls[1].action = "ALLOW"; }},
      {"linux.seccomp.defaultErrnoRet is set, but SCMP_ACT_ALLOW returns no errno",
       [](Spec& s) { s.linux_.seccomp->default_action = "SCMP_ACT_ALLOW"; }},
      {"linux.seccomp.defaultErrnoRet is 4096, expected 0..4095",
       [](Spec& s) { s.linux_.seccomp->default_errno_ret = 4096; }},
      {"linux.seccomp.syscalls[0].errnoRet is 65536, expected 0..65535",
       [](Spec& s) {
         s.linux_.seccomp->syscalls[0].action = "SCMP_ACT_TRACE";
         s.linux_.seccomp->syscalls[0].errno_ret = 65536;
       }},
      {"linux.seccomp.syscalls[0].errnoRet is set, but SCMP_ACT_KILL returns no errno",
       [](Spec& s) { s.linux_.seccomp->syscalls[0].action = "SCMP_ACT_KILL"; }},
      {"linux.seccomp.syscalls[0].names is empty",
       [](Spec& s) { s.linux_.seccomp->syscalls[0].names.clear(); }},
      {"linux.seccomp.syscalls[0].names[1] is empty",
       [](Spec& s) { s.linux_.seccomp->syscalls[0].names[1] = ""; }},
      {"linux.seccomp.syscalls[0].args[0].index is 6, expected 0..5",
       [](Spec& s) { s.linux_.seccomp->syscalls[0].args[0].index = 6; }},
      {"linux.seccomp.syscalls[0].args[0].op is \"==\", expected one of SCMP_CMP_NE, SCMP_CMP_LT, "
       "SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ",
       [](Spec& s) { s.linux_.seccomp->syscalls[0].args[0].op = "=="; }},
      {"linux.seccomp.flags[0] is \"X\", expected one of SECCOMP_FILTER_FLAG_TSYNC, "
       "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "
       "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
       [](Spec& s) { s.linux_.seccomp->flags[0] = "X"; }},
      {"linux.seccomp.listenerMetadata is set but listenerPath is not",
       [](Spec& s) { s.linux_.seccomp->listener_path = ""; }},
      {"linux.seccomp.listenerPath is missing: SCMP_ACT_NOTIFY needs somebody to ask",
       [](Spec& s) { s.linux_.seccomp->listener_path = s.linux_.seccomp->listener_metadata = ""; }},
      {"linux.seccomp.listenerPath is \"sock\", expected an absolute path",
       [](Spec& s) { s.linux_.seccomp->listener_path = "sock"; }},
      {"",
       [](Spec& s) {
         s.linux_.seccomp->listener_path = "sock", s.linux_.seccomp->syscalls.pop_back();
       }},
      {"linux.seccomp.defaultAction is SCMP_ACT_NOTIFY, which only single calls can have",
       [](Spec& s) {
         s.linux_.seccomp->default_action = "SCMP_ACT_NOTIFY";
         s.linux_.seccomp->default_errno_ret.reset();
       }},
      {"linux.seccomp.syscalls[1].names has write with SCMP_ACT_NOTIFY, which would stop the start",
       [](Spec& s) { s.linux_.seccomp->syscalls[1].names.emplace_back("write"); }},
  });
  Spec spec = complete();
  spec.linux_.seccomp->architectures[1] = "SCMP_ARCH_PDP11";
  EXPECT_TRUE(verdict(spec).starts_with(
      "linux.seccomp.architectures[1] is \"SCMP_ARCH_PDP11\", expected one of SCMP_ARCH_X86, "));
}

TEST(Validate, IntelRdt) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.intel_rdt); };
  };
  check({
      {"linux.intelRdt.closID is \"../x\", expected the name of a directory",
       change([](IntelRdt& r) { r.clos_id = "../x"; })},
      {"linux.intelRdt.closID is \"..\", expected the name of a directory",
       change([](IntelRdt& r) { r.clos_id = ".."; })},
      {"", change([](IntelRdt& r) { r.clos_id = "/"; })},
      {"linux.intelRdt.l3CacheSchema is \"L3:\\x0a\", expected one line",
       change([](IntelRdt& r) { r.l3_cache_schema = "L3:\n"; })},
      {"linux.intelRdt.memBwSchema is \"0=20\", expected a line that begins with MB:",
       change([](IntelRdt& r) { r.mem_bw_schema = "0=20"; })},
      {"linux.intelRdt.memBwSchema is \"MB:0\\x0aL3:1\", expected one line",
       change([](IntelRdt& r) { r.mem_bw_schema = "MB:0\nL3:1"; })},
      {"linux.intelRdt.schemata[1] is \"a\\x0ab\", expected one line",
       change([](IntelRdt& r) { r.schemata[1] = "a\nb"; })},
  });
}

TEST(Validate, MemoryPolicyAndPersonality) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.memory_policy); };
  };
  check({
      {"linux.memoryPolicy.mode is \"BIND\", expected one of MPOL_DEFAULT, MPOL_BIND, "
       "MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL",
       change([](MemoryPolicy& p) { p.mode = "BIND"; })},
      {"linux.memoryPolicy.flags[0] is \"X\", expected one of MPOL_F_NUMA_BALANCING, "
       "MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES",
       change([](MemoryPolicy& p) { p.flags[0] = "X"; })},
      {"linux.memoryPolicy.nodes is \"x\", expected numbers and ranges such as 0-3,7",
       change([](MemoryPolicy& p) { p.nodes = "x"; })},
      {"linux.memoryPolicy.nodes is \"0-1\", expected none with MPOL_LOCAL",
       change([](MemoryPolicy& p) { p.mode = "MPOL_LOCAL"; })},
      {"linux.memoryPolicy.nodes is empty, but MPOL_INTERLEAVE needs some",
       change([](MemoryPolicy& p) { p.mode = "MPOL_INTERLEAVE", p.nodes = ""; })},
      {"", change([](MemoryPolicy& p) { p.mode = "MPOL_PREFERRED", p.nodes = ""; })},
      {"linux.memoryPolicy.flags has both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES",
       change([](MemoryPolicy& p) { p.flags.emplace_back("MPOL_F_RELATIVE_NODES"); })},
      {"linux.memoryPolicy.flags has MPOL_F_NUMA_BALANCING, which MPOL_INTERLEAVE does not take",
       change([](MemoryPolicy& p) {
         p.mode = "MPOL_INTERLEAVE", p.flags = {"MPOL_F_NUMA_BALANCING"};
       })},
      {"", change([](MemoryPolicy& p) { p.flags = {"MPOL_F_NUMA_BALANCING"}; })},
      {"linux.personality.domain is \"BSD\", expected one of LINUX, LINUX32",
       [](Spec& s) { s.linux_.personality->domain = "BSD"; }},
      {"linux.personality.flags[0] is \"ADDR_NO_RANDOMIZE\", expected none: the specification has "
       "no flags",
       [](Spec& s) { s.linux_.personality->flags = {"ADDR_NO_RANDOMIZE"}; }},
  });
}

}  // namespace
}  // namespace planet::oci
