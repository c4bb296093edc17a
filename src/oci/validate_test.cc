#include "oci/validate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "base/strings.h"
#include "oci/spec_json.h"

namespace planet::oci {
namespace {

Spec complete() {
  std::ifstream file(PLANET_SOURCE_DIR "/src/oci/testdata/complete.json");
  std::stringstream text;
  text << file.rdbuf();
  auto spec = parse_spec(text.str());
  EXPECT_TRUE(spec) << spec.error().to_string();
  return spec ? *std::move(spec) : Spec();
}

std::string verdict(const Spec& spec) {
  const Result<> valid = validate(spec);
  if (valid) return "";
  EXPECT_EQ(valid.error().code(), Code::kInvalidArgument);
  return valid.error().to_string();
}

// One change to the complete specification, and what is then said; "" is nothing.
struct Case {
  const char* want;
  std::function<void(Spec&)> change;
};

void check(const std::vector<Case>& cases) {
  const Spec whole = complete();
  for (const Case& c : cases) {
    Spec spec = whole;
    c.change(spec);
    EXPECT_EQ(verdict(spec), c.want);
  }
}

TEST(Validate, TakesWhatIsRight) {
  check({{"", [](Spec&) {}},
         {"", [](Spec& s) { s.process.reset(); }},
         {"", [](Spec& s) { s.root->path.clear(); }},  // an engine's, which brings its own root
         {"", [](Spec& s) { s.linux_ = {}, s.hostname = s.domainname = ""; }}});
}

TEST(Validate, Document) {
  check({
      {"root is missing: it names the container's files", [](Spec& s) { s.root.reset(); }},
      {"ociVersion is \"1.2\", expected a version such as 1.2.0",
       [](Spec& s) { s.oci_version = "1.2"; }},
      {"annotations has an empty key", [](Spec& s) { s.annotations[""] = "x"; }},
      {"hostname is set but linux.namespaces has no \"uts\": it would rename the host",
       [](Spec& s) { s.linux_.namespaces.clear(), s.linux_.uid_mappings.clear(); }},
      {"domainname is set but linux.namespaces has no \"uts\": it would rename the host",
       [](Spec& s) { s.linux_.namespaces.clear(), s.hostname.clear(); }},
      {"hostname is \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", "
       "expected at most 64 characters",
       [](Spec& s) { s.hostname = std::string(65, 'x'); }},
      {"", [](Spec& s) { s.hostname = std::string(64, 'x'); }},
  });
}

TEST(Validate, Process) {
  check({
      {"process.args is empty: there is no command to run",
       [](Spec& s) { s.process->args.clear(); }},
      {"process.args is empty: there is no command to run",
       [](Spec& s) { s.process->args = {"", "x"}; }},
      {"process.cwd is \"tmp\", expected an absolute path",
       [](Spec& s) { s.process->cwd = "tmp"; }},
      {"process.cwd is \"\", expected an absolute path", [](Spec& s) { s.process->cwd = ""; }},
      {"process.env[1] is \"NOTHING\", expected NAME=VALUE",
       [](Spec& s) { s.process->env[1] = "NOTHING"; }},
      {"process.env[1] is \"=x\", expected NAME=VALUE", [](Spec& s) { s.process->env[1] = "=x"; }},
      {"process.user.uid is 4294967295, expected at most 4294967294",
       [](Spec& s) { s.process->user.uid = ~0U; }},
      {"process.user.gid is 4294967295, expected at most 4294967294",
       [](Spec& s) { s.process->user.gid = ~0U; }},
      {"process.user.additionalGids[1] is 4294967295, expected at most 4294967294",
       [](Spec& s) { s.process->user.additional_gids[1] = ~0U; }},
      {"process.user.additionalGids has more than 65536 groups",
       [](Spec& s) { s.process->user.additional_gids.resize(65537); }},
      {"process.user.umask is 512, expected 0..511",
       [](Spec& s) { s.process->user.umask = 01000; }},
      {"process.consoleSize.height is 65536, expected 0..65535",
       [](Spec& s) { s.process->console_size->height = 65536; }},
      {"process.consoleSize.width is 4294967295, expected 0..65535",
       [](Spec& s) { s.process->console_size->width = ~0U; }},
      {"", [](Spec& s) { s.process->console_size->width = ~0U, s.process->terminal = false; }},
      {"process.oomScoreAdj is 1001, expected -1000..1000",
       [](Spec& s) { s.process->oom_score_adj = 1001; }},
      {"process.oomScoreAdj is -1001, expected -1000..1000",
       [](Spec& s) { s.process->oom_score_adj = -1001; }},
  });
}

TEST(Validate, Capabilities) {
  check({
      // Unknown ones are warned of where they are to be granted, not refused.
      {"", [](Spec& s) { s.process->capabilities->bounding[1] = "CAP_WHAT"; }},
      {"process.capabilities.effective has \"CAP_KILL\", which process.capabilities.permitted has "
       "not",
       [](Spec& s) { s.process->capabilities->permitted = {"CAP_CHOWN"}; }},
      {"", [](Spec& s) { s.process->capabilities->inheritable.clear(); }},
  });
}

TEST(Validate, Rlimits) {
  check({
      {"process.rlimits[0].type is \"RLIMIT_WHAT\", expected a limit of getrlimit(2)",
       [](Spec& s) { s.process->rlimits[0].type = "RLIMIT_WHAT"; }},
      {"process.rlimits[0].type is \"NOFILE\", expected a limit of getrlimit(2)",
       [](Spec& s) { s.process->rlimits[0].type = "NOFILE"; }},
      {"process.rlimits[1].type is RLIMIT_NOFILE a second time",
       [](Spec& s) { s.process->rlimits[1].type = "RLIMIT_NOFILE"; }},
      {"process.rlimits[0].soft is 2049, above the hard limit 2048",
       [](Spec& s) { s.process->rlimits[0].soft = 2049; }},
  });
}

TEST(Validate, Scheduling) {
  check({
      {"process.scheduler.policy is \"SCHED_WHAT\", expected one of SCHED_OTHER, SCHED_FIFO, "
       "SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE",
       [](Spec& s) { s.process->scheduler->policy = "SCHED_WHAT"; }},
      {"process.scheduler.flags[0] is \"X\", expected one of SCHED_FLAG_RESET_ON_FORK, "
       "SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, "
       "SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX",
       [](Spec& s) { s.process->scheduler->flags[0] = "X"; }},
      {"process.scheduler.nice is 20, expected -20..19",
       [](Spec& s) { s.process->scheduler->nice = 20; }},
      {"process.scheduler.nice is -21, expected -20..19",
       [](Spec& s) { s.process->scheduler->nice = -21; }},
      {"process.scheduler.priority is 1, expected 0 with SCHED_DEADLINE",
       [](Spec& s) { s.process->scheduler->priority = 1; }},
      {"process.scheduler.priority is 0, expected 1..99",
       [](Spec& s) { s.process->scheduler->policy = "SCHED_FIFO"; }},
      {"process.scheduler.priority is 100, expected 1..99",
       [](Spec& s) {
         s.process->scheduler->policy = "SCHED_RR";
         s.process->scheduler->priority = 100;
       }},
      {"process.scheduler.runtime is 1023, expected at least 1024 with SCHED_DEADLINE",
       [](Spec& s) { s.process->scheduler->runtime = 1023; }},
      {"process.scheduler.deadline is 9999999, expected at least the runtime",
       [](Spec& s) { s.process->scheduler->deadline = 9'999'999; }},
      {"process.scheduler.period is 19999999, expected 0, or at least the deadline",
       [](Spec& s) { s.process->scheduler->period = 19'999'999; }},
      {"", [](Spec& s) { s.process->scheduler->period = 0; }},
      {"process.ioPriority.class is \"BE\", expected one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, "
       "IOPRIO_CLASS_IDLE",
       [](Spec& s) { s.process->io_priority->io_class = "BE"; }},
      {"process.ioPriority.priority is 8, expected 0..7",
       [](Spec& s) { s.process->io_priority->priority = 8; }},
      {"process.ioPriority.priority is -1, expected 0..7",
       [](Spec& s) { s.process->io_priority->priority = -1; }},
      {"process.execCPUAffinity.initial is \"3-1\", expected numbers and ranges such as 0-3,7",
       [](Spec& s) { s.process->exec_cpu_affinity->initial = "3-1"; }},
      {"process.execCPUAffinity.final is \"0,\", expected numbers and ranges such as 0-3,7",
       [](Spec& s) { s.process->exec_cpu_affinity->final = "0,"; }},
  });
}

TEST(Validate, Mounts) {
  check({
      {"mounts[1].destination is empty", [](Spec& s) { s.mounts[1].destination = ""; }},
      // Deprecated, but to be taken: it is relative to "/".
      {"", [](Spec& s) { s.mounts[1].destination = "proc"; }},
      {"mounts[0].source is missing: a bind mount needs one",
       [](Spec& s) { s.mounts[0].source = ""; }},
      {"mounts[1].options has tmpcopyup, which only a tmpfs can have",
       [](Spec& s) { s.mounts[1].options = {"tmpcopyup"}; }},
      {"mounts[0].options has tmpcopyup, which only a tmpfs can have",
       [](Spec& s) { s.mounts[0].type = "tmpfs", s.mounts[0].options = {"bind", "tmpcopyup"}; }},
      {"mounts[0] has only one of uidMappings and gidMappings",
       [](Spec& s) { s.mounts[0].gid_mappings.clear(); }},
      {"mounts[0].uidMappings[0].size is 0, expected at least 1",
       [](Spec& s) { s.mounts[0].uid_mappings[0].size = 0; }},
      {"mounts[0].gidMappings[1] overlaps mounts[0].gidMappings[0]",
       [](Spec& s) { s.mounts[0].gid_mappings.push_back(s.mounts[0].gid_mappings[0]); }},
      {"", [](Spec& s) { s.mounts[0].uid_mappings.clear(), s.mounts[0].gid_mappings.clear(); }},
      {"mounts[0].options has an id map, but neither the mount nor a user namespace gives one",
       [](Spec& s) {
         s.mounts[0].uid_mappings.clear(), s.mounts[0].gid_mappings.clear();
         s.linux_.uid_mappings.clear(), s.linux_.gid_mappings.clear();
         std::erase(s.linux_.namespaces, Namespace{.type = NamespaceType::kUser});
       }},
  });
}

TEST(Validate, Hooks) {
  const std::pair<const char*, std::vector<Hook> Hooks::*> all[] = {
      {"prestart", &Hooks::prestart},
      {"createRuntime", &Hooks::create_runtime},
      {"createContainer", &Hooks::create_container},
      {"startContainer", &Hooks::start_container},
      {"poststart", &Hooks::poststart},
      {"poststop", &Hooks::poststop}};
  for (const auto& [name, list] : all) {
    const std::string where = "hooks." + std::string(name) + "[0]";
    Spec spec = complete();
    (spec.hooks.*list)[0].path = "bin/hook";
    EXPECT_EQ(verdict(spec), where + ".path is \"bin/hook\", expected an absolute path");
    spec = complete();
    (spec.hooks.*list)[0].timeout = 0;
    EXPECT_EQ(verdict(spec), where + ".timeout is 0, expected more than 0 seconds");
    (spec.hooks.*list)[0].timeout = -1;
    EXPECT_EQ(verdict(spec), where + ".timeout is -1, expected more than 0 seconds");
  }
}

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

TEST(Validate, Memory) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources->memory); };
  };
  check({
      {"linux.resources.memory.limit is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.limit = -2; })},
      {"linux.resources.memory.reservation is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.reservation = -2; })},
      {"linux.resources.memory.swap is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.swap = -2; })},
      {"linux.resources.memory.kernel is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.kernel = -2; })},
      {"linux.resources.memory.kernelTCP is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.kernel_tcp = -2; })},
      {"linux.resources.memory.swappiness is 101, expected 0..100",
       change([](Memory& m) { m.swappiness = 101; })},
      {"linux.resources.memory.swap is 536870911, expected at least the limit, as it counts memory "
       "and swap together",
       change([](Memory& m) { m.swap = 536870911; })},
      {"linux.resources.memory.swap is set, but limit is not: it counts memory and swap",
       change([](Memory& m) { m.limit.reset(); })},
      {"linux.resources.memory.swap is set, but limit is not: it counts memory and swap",
       change([](Memory& m) { m.limit = -1; })},
      {"", change([](Memory& m) { m.limit.reset(), m.swap = -1; })},
      {"", change([](Memory& m) { m.limit = 0, m.swap = 0; })},
  });
}

TEST(Validate, Cpu) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources->cpu); };
  };
  check({
      {"linux.resources.cpu.quota is 999, expected -1 for unlimited, or at least 1000 microseconds",
       change([](Cpu& c) { c.quota = 999; })},
      {"linux.resources.cpu.quota is -2, expected -1 for unlimited, or at least 1000 microseconds",
       change([](Cpu& c) { c.quota = -2; })},
      {"", change([](Cpu& c) { c.quota = -1; })},
      {"", change([](Cpu& c) { c.quota = 0, c.period = 0; })},
      {"linux.resources.cpu.period is 999, expected 1000..1000000",
       change([](Cpu& c) { c.period = 999; })},
      {"linux.resources.cpu.period is 18446744073709551615, expected 1000..1000000",
       change([](Cpu& c) { c.period = ~0ULL; })},
      {"linux.resources.cpu.burst is 1000001, expected at most the quota, 1000000",
       change([](Cpu& c) { c.burst = 1'000'001; })},
      {"linux.resources.cpu.realtimeRuntime is -2, expected -1..9223372036854775807",
       change([](Cpu& c) { c.realtime_runtime = -2; })},
      {"linux.resources.cpu.realtimeRuntime is 1000001, expected at most realtimePeriod, 1000000",
       change([](Cpu& c) { c.realtime_runtime = 1'000'001; })},
      {"linux.resources.cpu.idle is 2, expected 0..1", change([](Cpu& c) { c.idle = 2; })},
      {"linux.resources.cpu.cpus is \"a\", expected numbers and ranges such as 0-3,7",
       change([](Cpu& c) { c.cpus = "a"; })},
      {"linux.resources.cpu.mems is \"0-\", expected numbers and ranges such as 0-3,7",
       change([](Cpu& c) { c.mems = "0-"; })},
  });
}

TEST(Validate, DeviceRules) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(spec.linux_.resources->devices[0]); };
  };
  check({
      {"linux.resources.devices[0].type is \"u\", expected one of a, b, c",
       change([](DeviceRule& r) { r.type = "u"; })},
      {"linux.resources.devices[0].access is \"rx\", expected some of r, w and m",
       change([](DeviceRule& r) { r.access = "rx"; })},
      {"linux.resources.devices[0].access is \"\", expected some of r, w and m",
       change([](DeviceRule& r) { r.access = ""; })},
      {"linux.resources.devices[0].major is -2, expected -1..4095",
       change([](DeviceRule& r) { r.major = -2; })},
      {"linux.resources.devices[0].minor is 1048576, expected -1..1048575",
       change([](DeviceRule& r) { r.minor = 1'048'576; })},
  });
}

TEST(Validate, OtherResources) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources); };
  };
  check({
      {"linux.resources.pids.limit is -2, expected -1 for unlimited, or a number",
       change([](Resources& r) { r.pids_limit = -2; })},
      {"", change([](Resources& r) { r.pids_limit = 0; })},
      {"linux.resources.blockIO.weight is 9, expected 10..1000",
       change([](Resources& r) { r.block_io->weight = 9; })},
      {"", change([](Resources& r) { r.block_io->weight = 0; })},
      {"linux.resources.blockIO.leafWeight is 1001, expected 10..1000",
       change([](Resources& r) { r.block_io->leaf_weight = 1001; })},
      {"linux.resources.blockIO.weightDevice[0] has neither weight nor leafWeight",
       change([](Resources& r) { r.block_io->weight_device[0] = {.major = 8, .minor = 0}; })},
      {"linux.resources.blockIO.weightDevice[0].weight is 5, expected 10..1000",
       change([](Resources& r) { r.block_io->weight_device[0].weight = 5; })},
      {"linux.resources.blockIO.weightDevice[0].leafWeight is 5, expected 10..1000",
       change([](Resources& r) { r.block_io->weight_device[0].leaf_weight = 5; })},
      {"linux.resources.blockIO.weightDevice[0].major is -1, expected 0..4095",
       change([](Resources& r) { r.block_io->weight_device[0].major = -1; })},
      {"linux.resources.blockIO.throttleReadBpsDevice[0].major is 5000, expected 0..4095",
       change([](Resources& r) { r.block_io->throttle_read_bps[0].major = 5000; })},
      {"linux.resources.blockIO.throttleWriteBpsDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_write_bps[0].minor = -1; })},
      {"linux.resources.blockIO.throttleReadIOPSDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_read_iops[0].minor = -1; })},
      {"linux.resources.blockIO.throttleWriteIOPSDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_write_iops[0].minor = -1; })},
      {"linux.resources.hugepageLimits[0].pageSize is \"2M\", expected a size such as 64KB, 2MB, "
       "1GB",
       change([](Resources& r) { r.hugepage_limits[0].page_size = "2M"; })},
      {"linux.resources.hugepageLimits[0].pageSize is \"../2MB\", expected a size such as 64KB, "
       "2MB, 1GB",
       change([](Resources& r) { r.hugepage_limits[0].page_size = "../2MB"; })},
      {"linux.resources.hugepageLimits[1].pageSize is 2MB a second time",
       change([](Resources& r) { r.hugepage_limits.push_back(r.hugepage_limits[0]); })},
      {"linux.resources.network.priorities[1].name is \"a b\", expected the name of a network "
       "interface: 1 to 15 characters without '/', ':' and blanks",
       change([](Resources& r) { r.network->priorities[1].name = "a b"; })},
      {"linux.resources.network.priorities[1].name is \"eth0\" a second time",
       change([](Resources& r) { r.network->priorities[1].name = "eth0"; })},
      {"linux.resources.rdma[\"mlx5_1\"] has neither hcaHandles nor hcaObjects",
       change([](Resources& r) { r.rdma["mlx5_1"] = {}; })},
      {"linux.resources.rdma has the key \"a b\", expected the name of a device",
       change([](Resources& r) { r.rdma["a b"].hca_handles = 1; })},
  });
}

TEST(Validate, UnifiedNamesAControlFileOfTheContainer) {
  const Spec whole = complete();
  for (const std::string bad : {"", "memory", ".", "..", "../memory.high", "a/memory.high",
                                "memory..high", ".memory", "memory.high\n", "memory high"}) {
    Spec spec = whole;
    spec.linux_.resources->unified[bad] = "1";
    EXPECT_EQ(verdict(spec), "linux.resources.unified has the key " + quote(bad) +
                                 ", expected a control file such as memory.high");
  }
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

TEST(ValidateResources, NamesFieldsAsItIsTold) {
  Resources resources;
  resources.memory = Memory{.limit = -7};
  EXPECT_EQ(validate_resources(resources, "resources").error().to_string(),
            "resources.memory.limit is -7, expected -1 for unlimited, or bytes");
}

}  // namespace
}  // namespace planet::oci
