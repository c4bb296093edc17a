#include "oci/validate.h"

#include <algorithm>
#include <set>

#include "oci/judge.h"
#include "oci/spec_json.h"

namespace planet::oci {
namespace {

constexpr std::size_t kMostName = 64;  // __NEW_UTS_LEN of the kernel
constexpr std::uint32_t kNoId =
    0xffff'ffffU;  // (uid_t)-1 means "no id" in every call that takes one

Result<> check_id(const std::string& where, std::uint32_t id) {
  if (id == kNoId) return wrong(where, id, "at most 4294967294");
  return {};
}

Result<> validate_user(const User& user) {
  constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX
  const std::string where = "process.user";
  TRY(check_id(where + ".uid", user.uid));
  TRY(check_id(where + ".gid", user.gid));
  if (user.umask) TRY(check_range(where + ".umask", *user.umask, 0, 0777));
  if (user.additional_gids.size() > kMostGroups)
    return contradiction(where + ".additionalGids", "has more than 65536 groups");
  for (std::size_t i = 0; i < user.additional_gids.size(); ++i)
    TRY(check_id(at(where + ".additionalGids", i), user.additional_gids[i]));
  return {};
}

Result<> validate_capabilities(const Capabilities& sets) {
  const std::string where = "process.capabilities";
  // What has no name in capabilities(7) is no error: config.md#linux-process wants a warning, where it is granted.
  // capset(2) refuses what follows. Ambient ones that are not permitted or inheritable are written by many, and mean nothing.
  for (const std::string& name : sets.effective)
    if (!is_one_of(sets.permitted, name))
      return contradiction(
          where + ".effective",
          "has " + quote(name.substr(0, 100)) + ", which process.capabilities.permitted has not");
  return {};
}

Result<> validate_rlimits(const std::vector<Rlimit>& limits) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string where = at("process.rlimits", i);
    const Rlimit& limit = limits[i];
    if (std::ranges::find(kRlimits, limit.type, &RlimitName::name) == std::end(kRlimits))
      return wrong_text(where + ".type", limit.type, "a limit of getrlimit(2)");
    if (!seen.insert(limit.type).second)
      return contradiction(where + ".type", "is " + limit.type + " a second time");
    if (limit.soft > limit.hard)
      return contradiction(where + ".soft", "is " + std::to_string(limit.soft) +
                                                ", above the hard limit " +
                                                std::to_string(limit.hard));
  }
  return {};
}

// The rules of sched_setattr(2).
Result<> validate_scheduler(const Scheduler& scheduler) {
  const std::string where = "process.scheduler";
  TRY(check_word(where + ".policy", scheduler.policy, kSchedulerPolicies));
  TRY(check_words(where + ".flags", scheduler.flags, kSchedulerFlags));
  TRY(check_range(where + ".nice", scheduler.nice, -20, 19));
  const bool real_time = scheduler.policy == "SCHED_FIFO" || scheduler.policy == "SCHED_RR";
  if (real_time) TRY(check_range(where + ".priority", scheduler.priority, 1, 99));
  if (!real_time && scheduler.priority != 0)
    return wrong(where + ".priority", scheduler.priority, "0 with " + scheduler.policy);
  if (scheduler.policy != "SCHED_DEADLINE") return {};
  constexpr std::uint64_t kLeastRuntime = 1024;  // nanoseconds
  if (scheduler.runtime < kLeastRuntime)
    return wrong(where + ".runtime", scheduler.runtime, "at least 1024 with SCHED_DEADLINE");
  if (scheduler.deadline < scheduler.runtime)
    return wrong(where + ".deadline", scheduler.deadline, "at least the runtime");
  if (scheduler.period != 0 && scheduler.period < scheduler.deadline)
    return wrong(where + ".period", scheduler.period, "0, or at least the deadline");
  return {};
}

Result<> validate_environment(const std::vector<std::string>& env) {
  for (std::size_t i = 0; i < env.size(); ++i)
    if (env[i].find('=') == std::string::npos || env[i].front() == '=')
      return wrong_text(at("process.env", i), env[i], "NAME=VALUE");
  return {};
}

Result<> validate_console(const Process& process) {
  constexpr std::int64_t kMost = 65535;  // struct winsize
  // config.md: without a terminal it must be ignored.
  if (!process.terminal || !process.console_size) return {};
  TRY(check_range("process.consoleSize.height", process.console_size->height, 0, kMost));
  return check_range("process.consoleSize.width", process.console_size->width, 0, kMost);
}

Result<> validate_placement(const Process& process) {
  if (process.oom_score_adj)
    TRY(check_range("process.oomScoreAdj", *process.oom_score_adj, -1000, 1000));
  if (process.scheduler) TRY(validate_scheduler(*process.scheduler));
  if (process.io_priority) {
    TRY(check_word("process.ioPriority.class", process.io_priority->io_class, kIoPriorityClasses));
    TRY(check_range("process.ioPriority.priority", process.io_priority->priority, 0, 7));
  }
  if (process.exec_cpu_affinity) {
    TRY(check_number_list("process.execCPUAffinity.initial", process.exec_cpu_affinity->initial));
    TRY(check_number_list("process.execCPUAffinity.final", process.exec_cpu_affinity->final));
  }
  return {};
}

bool has_option(const Mount& mount, std::string_view option) {
  return is_one_of(mount.options, option);
}

Result<> validate_mount(const Spec& spec, const Mount& mount, const std::string& where) {
  if (mount.destination.empty()) return contradiction(where + ".destination", "is empty");
  const bool bind = has_option(mount, "bind") || has_option(mount, "rbind");
  if (bind && mount.source.empty())
    return contradiction(where + ".source", "is missing: a bind mount needs one");
  if (has_option(mount, "tmpcopyup") && (bind || mount.type != "tmpfs"))
    return contradiction(where + ".options", "has tmpcopyup, which only a tmpfs can have");
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
    return contradiction(where, "has only one of uidMappings and gidMappings");
  if (!mount.uid_mappings.empty()) {
    TRY(validate_id_map(mount.uid_mappings, where + ".uidMappings"));
    return validate_id_map(mount.gid_mappings, where + ".gidMappings");
  }
  const bool mapped = has_option(mount, "idmap") || has_option(mount, "ridmap");
  if (mapped && find_namespace(spec.linux_, NamespaceType::kUser) == nullptr)
    return contradiction(where + ".options",
                         "has an id map, but neither the mount nor a user namespace gives one");
  return {};
}

Result<> validate_hooks(const Hooks& hooks) {
  const std::pair<const char*, const std::vector<Hook>*> all[] = {
      {"hooks.prestart", &hooks.prestart},
      {"hooks.createRuntime", &hooks.create_runtime},
      {"hooks.createContainer", &hooks.create_container},
      {"hooks.startContainer", &hooks.start_container},
      {"hooks.poststart", &hooks.poststart},
      {"hooks.poststop", &hooks.poststop}};
  for (const auto& [name, list] : all)
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Hook& hook = (*list)[i];
      TRY(check_absolute(at(name, i) + ".path", hook.path));
      if (hook.timeout && *hook.timeout <= 0)
        return wrong(at(name, i) + ".timeout", *hook.timeout, "more than 0 seconds");
    }
  return {};
}

Result<> validate_names(const Spec& spec) {
  for (const auto& [where, name] :
       {std::pair<const char*, const std::string&>{"hostname", spec.hostname},
        {"domainname", spec.domainname}}) {
    if (name.size() > kMostName) return wrong_text(where, name, "at most 64 characters");
    if (!name.empty() && find_namespace(spec.linux_, NamespaceType::kUts) == nullptr)
      return contradiction(where,
                           "is set but linux.namespaces has no \"uts\": it would rename the host");
  }
  return {};
}

}  // namespace

Result<> validate_process(const Process& process) {
  if (process.args.empty() || process.args.front().empty())
    return contradiction("process.args", "is empty: there is no command to run");
  TRY(check_absolute("process.cwd", process.cwd));
  TRY(validate_environment(process.env));
  TRY(validate_user(process.user));
  if (process.capabilities) TRY(validate_capabilities(*process.capabilities));
  TRY(validate_rlimits(process.rlimits));
  TRY(validate_console(process));
  return validate_placement(process);
}

Result<> validate(const Spec& spec) {
  TRY(check_version(spec.oci_version));
  if (spec.process) TRY(validate_process(*spec.process));
  if (!spec.root) return contradiction("root", "is missing: it names the container's files");
  for (std::size_t i = 0; i < spec.mounts.size(); ++i)
    TRY(validate_mount(spec, spec.mounts[i], at("mounts", i)));
  TRY(validate_hooks(spec.hooks));
  TRY(validate_names(spec));
  if (spec.annotations.contains("")) return contradiction("annotations", "has an empty key");
  return validate_linux(spec);
}

}  // namespace planet::oci
