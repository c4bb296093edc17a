#include "security/rlimits.h"

#include <sys/resource.h>

#include <cctype>
#include <string>

#include "base/strings.h"
#include "sys/process.h"

namespace planet::security {
namespace {

struct Limit {
  std::string_view name;
  int number;
};

constexpr Limit kLimits[] = {
    {"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},         {"CPU", RLIMIT_CPU},
    {"DATA", RLIMIT_DATA},       {"FSIZE", RLIMIT_FSIZE},       {"LOCKS", RLIMIT_LOCKS},
    {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE}, {"NICE", RLIMIT_NICE},
    {"NOFILE", RLIMIT_NOFILE},   {"NPROC", RLIMIT_NPROC},       {"RSS", RLIMIT_RSS},
    {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},     {"SIGPENDING", RLIMIT_SIGPENDING},
    {"STACK", RLIMIT_STACK}};

Result<std::uint64_t> parse_value(std::string_view text) {
  if (text == "-1" || text == "unlimited") return std::uint64_t{RLIM_INFINITY};
  return parse_number<std::uint64_t>(text, "limit");
}

}  // namespace

std::optional<int> rlimit_number(std::string_view type) {
  if (!type.starts_with("RLIMIT_")) return std::nullopt;
  for (const Limit& limit : kLimits)
    if (type.substr(7) == limit.name) return limit.number;
  return std::nullopt;
}

Result<oci::Rlimit> parse_ulimit(std::string_view text) {
  const std::string whole = "--ulimit " + quote(text);
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos)
    return fail(Code::kInvalidArgument, whole + " is not NAME=SOFT[:HARD]");
  oci::Rlimit limit{.type = "RLIMIT_"};
  for (const char c : text.substr(0, equals))
    limit.type += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!rlimit_number(limit.type))
    return fail(Code::kInvalidArgument, whole + ": there is no such limit; see getrlimit(2)");
  const auto values = split(text.substr(equals + 1), ':');
  if (values.size() > 2) return fail(Code::kInvalidArgument, whole + " is not NAME=SOFT[:HARD]");
  TRY_SET(limit.soft, parse_value(values.front()), whole);
  TRY_SET(limit.hard, parse_value(values.back()), whole);
  if (limit.soft > limit.hard)
    return fail(Code::kInvalidArgument, whole + ": the soft limit is above the hard limit");
  return limit;
}

Result<> apply_rlimit(pid_t pid, const oci::Rlimit& limit) {
  const auto number = rlimit_number(limit.type);
  if (!number)
    return fail(Code::kInvalidArgument, "process.rlimits: there is no limit " + quote(limit.type));
  Result<> set = sys::set_rlimit(pid, *number, limit.soft, limit.hard);
  if (!set && set.error().code() == Code::kPermission)
    return fail(Code::kPermission, limit.type + "=" + std::to_string(limit.hard) +
                                       " is above this process's hard limit; raising it needs "
                                       "CAP_SYS_RESOURCE");
  return set;
}

}  // namespace planet::security
