#include "oci/judge.h"
#include "oci/validate.h"

namespace planet::oci {
namespace {

constexpr std::int64_t kMostErrno = 4095;   // MAX_ERRNO: the kernel cuts larger ones down to it
constexpr std::int64_t kMostTrace = 65535;  // SECCOMP_RET_DATA

// An action and the errno beside it.
Result<> check_action(const std::string& where, const std::string& name, const std::string& action,
                      const std::string& errno_name, const std::optional<unsigned>& errno_ret) {
  TRY(check_word(where + name, action, kSeccompActions));
  if (!errno_ret) return {};
  if (action == "SCMP_ACT_ERRNO") return check_range(where + errno_name, *errno_ret, 0, kMostErrno);
  if (action == "SCMP_ACT_TRACE") return check_range(where + errno_name, *errno_ret, 0, kMostTrace);
  return contradiction(where + errno_name, "is set, but " + action + " returns no errno");
}

Result<> check_arg(const std::string& where, const SeccompArg& arg) {
  constexpr std::int64_t kLastArgument = 5;
  TRY(check_range(where + ".index", arg.index, 0, kLastArgument));
  return check_word(where + ".op", arg.op, kSeccompOperators);
}

Result<> check_rule(const std::string& where, const SeccompRule& rule) {
  if (rule.names.empty()) return contradiction(where + ".names", "is empty");
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    if (rule.names[i].empty()) return contradiction(at(where + ".names", i), "is empty");
  TRY(check_action(where, ".action", rule.action, ".errnoRet", rule.errno_ret));
  // Init sends the listener's descriptor away with write(2) after it has the filter: it would wait for itself.
  if (rule.action == "SCMP_ACT_NOTIFY" && is_one_of(rule.names, "write"))
    return contradiction(where + ".names",
                         "has write with SCMP_ACT_NOTIFY, which would stop the start");
  for (std::size_t i = 0; i < rule.args.size(); ++i)
    TRY(check_arg(at(where + ".args", i), rule.args[i]));
  return {};
}

Result<> check_listener(const std::string& where, const Seccomp& seccomp) {
  bool notifies = false;
  for (const SeccompRule& rule : seccomp.syscalls)
    notifies = notifies || rule.action == "SCMP_ACT_NOTIFY";
  if (seccomp.default_action == "SCMP_ACT_NOTIFY")
    return contradiction(where + ".defaultAction",
                         "is SCMP_ACT_NOTIFY, which only single calls can have");
  // config-linux.md: without a call that notifies, the path is ignored.
  if (!seccomp.listener_path.empty())
    return notifies ? check_absolute(where + ".listenerPath", seccomp.listener_path) : Result<>();
  if (!seccomp.listener_metadata.empty())
    return contradiction(where + ".listenerMetadata", "is set but listenerPath is not");
  if (notifies)
    return contradiction(where + ".listenerPath",
                         "is missing: SCMP_ACT_NOTIFY needs somebody to ask");
  return {};
}

}  // namespace

Result<> validate_seccomp(const Seccomp& seccomp, const std::string& where) {
  TRY(check_action(where, ".defaultAction", seccomp.default_action, ".defaultErrnoRet",
                   seccomp.default_errno_ret));
  TRY(check_words(where + ".architectures", seccomp.architectures, kSeccompArchitectures));
  TRY(check_words(where + ".flags", seccomp.flags, kSeccompFlags));
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i)
    TRY(check_rule(at(where + ".syscalls", i), seccomp.syscalls[i]));
  return check_listener(where, seccomp);
}

}  // namespace planet::oci
