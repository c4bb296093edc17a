#include "oci/validate.h"

#include "oci/validate_test.h"

namespace planet::oci {
namespace {

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

}  // namespace
}  // namespace planet::oci
