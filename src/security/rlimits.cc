#include "security/rlimits.h"

#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "base/strings.h"
#include "oci/names.h"
#include "sys/process.h"

namespace planet::security {
namespace {

Result<std::uint64_t> parse_value(std::string_view text) {
  if (text == "-1" || text == "unlimited") return std::uint64_t{RLIM_INFINITY};
  return parse_number<std::uint64_t>(text, "limit");
}

}  // namespace

std::optional<int> rlimit_number(std::string_view type) {
  const auto* const found = std::ranges::find(oci::kRlimits, type, &oci::RlimitName::name);
  if (found == std::end(oci::kRlimits)) return std::nullopt;
  return found->number;
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
