#include "engine/parse.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace planet::engine {
namespace {

std::unexpected<Error> bad(std::string_view flag, std::string_view text,
                           const std::string& expected) {
  return fail(Code::kInvalidArgument,
              std::string(flag) + " " + quote(text.substr(0, 300)) + ": " + expected);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// The factor of a unit, 0 if it is none.
std::int64_t unit_factor(const std::string& unit) {
  constexpr std::string_view kLetters = "bkmgtp";
  if (unit.empty()) return 1;
  const std::size_t power = kLetters.find(unit.front());
  const std::string_view rest = std::string_view(unit).substr(1);
  if (power == std::string_view::npos) return 0;
  if (!(rest.empty() || (power != 0 && (rest == "b" || rest == "ib")))) return 0;
  return std::int64_t{1} << (10 * power);
}

// A decimal number without sign or exponent, in units of 10^-9; -1 if it is none.
std::int64_t parse_nano(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string fraction(dot == std::string_view::npos ? "" : text.substr(dot + 1));
  if (fraction.size() > 9 || (whole.empty() && fraction.empty())) return -1;
  if (dot != std::string_view::npos && fraction.empty()) return -1;
  fraction.resize(9, '0');
  const auto high =
      whole.empty() ? Result<std::uint32_t>(0U) : parse_number<std::uint32_t>(whole, "");
  const auto low = parse_number<std::uint32_t>(fraction, "");
  if (!high || !low || *high > 1'000'000'000U) return -1;
  return std::int64_t{*high} * 1'000'000'000 + *low;
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view flag, std::string_view text) {
  const std::string expected = "expected a size such as 512m, 1.5g or 1048576";
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::int64_t number = parse_nano(text.substr(0, end));
  const std::int64_t factor = unit_factor(lower(text.substr(end)));
  if (number < 0 || factor == 0) return bad(flag, text, expected);
  const double bytes = static_cast<double>(number) / 1e9 * static_cast<double>(factor);
  if (bytes >= 9.2e18) return bad(flag, text, "it is too large");
  const std::int64_t whole = number / 1'000'000'000;
  if (number % 1'000'000'000 == 0) return whole * factor;
  return static_cast<std::int64_t>(std::llround(bytes));
}

Result<std::int64_t> parse_whole(std::string_view flag, std::string_view text, std::int64_t least,
                                 std::int64_t most) {
  const auto value = parse_number<std::int64_t>(text, "");
  if (value && *value >= least && *value <= most) return *value;
  return bad(
      flag, text,
      "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<> check_number_list(std::string_view flag, std::string_view text) {
  if (parse_number_list(text)) return {};
  return bad(flag, text, "expected a list such as 0-3,5");
}

Result<std::int64_t> parse_cpus(std::string_view text) {
  constexpr std::int64_t kNanoPerMicro =
      10'000;  // 1e9 parts of a processor against 1e5 microseconds
  const std::int64_t nano = parse_nano(text);
  if (nano < 0) return bad("--cpus", text, "expected a number of processors such as 0.5 or 2");
  const std::int64_t quota = nano / kNanoPerMicro;
  constexpr std::int64_t kLeastQuota = 1000;  // the kernel's
  if (quota < kLeastQuota) return bad("--cpus", text, "less than 0.01 is not possible");
  return quota;
}

Result<std::pair<std::string, std::string>> parse_pair(std::string_view flag,
                                                       std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || text.empty()) return bad(flag, text, "expected NAME=VALUE");
  if (equals == std::string_view::npos) return std::pair(std::string(text), std::string());
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<std::pair<std::string, std::uint64_t>> parse_rate(std::string_view flag,
                                                         std::string_view text, bool bytes) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !text.starts_with("/dev/"))
    return bad(flag, text, "expected /dev/NAME:RATE");
  const std::string_view rate = text.substr(colon + 1);
  const auto number = bytes ? parse_size(flag, rate) : parse_number<std::int64_t>(rate, "");
  if (!number || *number < 0)
    return bad(flag, text, bytes ? "the rate is a size such as 1mb" : "the rate is a whole number");
  return std::pair(std::string(text.substr(0, colon)), static_cast<std::uint64_t>(*number));
}

namespace {

// The last one counts; "builtin" is docker's word for the profile that is there anyhow.
void set_seccomp(std::string_view value, RunRequest& request) {
  request.seccomp_off = value == "unconfined";
  request.seccomp_file = request.seccomp_off || value == "builtin" ? "" : value;
}

}  // namespace

Result<> parse_security_option(std::string_view text, RunRequest& request) {
  const std::size_t at = text.find_first_of("=:");
  const std::string_view key = text.substr(0, at);
  const bool has_value = at != std::string_view::npos;
  const std::string_view value = has_value ? text.substr(at + 1) : "true";
  if (key == "no-new-privileges" && (value == "true" || value == "false")) {
    request.no_new_privileges = value == "true";
  } else if (key == "seccomp" && has_value && !value.empty()) {
    set_seccomp(value, request);
  } else if (key == "systempaths" && value == "unconfined") {
    request.unmasked = true;
  } else if (key == "apparmor" && has_value && !value.empty()) {
    request.apparmor_profile = value;
  } else if (key == "label" && value != "disable") {
    return bad("--security-opt", text, "expected label=disable: Planet sets no SELinux labels");
  } else if (key != "label") {
    return bad("--security-opt", text,
               "expected no-new-privileges, seccomp=FILE, seccomp=unconfined, apparmor=PROFILE or "
               "systempaths=unconfined");
  }
  return {};
}

Result<RestartPolicy> parse_restart(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  RestartPolicy policy;
  if (name == "always")
    policy.when = Restart::kAlways;
  else if (name == "unless-stopped")
    policy.when = Restart::kUnlessStopped;
  else if (name == "on-failure")
    policy.when = Restart::kOnFailure;
  else if (name != "no")
    return bad("--restart", text, "expected no, on-failure[:N], always or unless-stopped");
  if (colon == std::string_view::npos) return policy;
  if (policy.when != Restart::kOnFailure)
    return bad("--restart", text, "only on-failure takes a number of times");
  TRY_SET(const std::int64_t most,
          parse_whole("--restart", text.substr(colon + 1), 0, std::numeric_limits<int>::max()));
  policy.most = static_cast<int>(most);
  return policy;
}

Result<OnUnhealthy> parse_on_unhealthy(std::string_view text) {
  if (text == "none") return OnUnhealthy::kNone;
  if (text == "kill") return OnUnhealthy::kKill;
  if (text == "restart") return OnUnhealthy::kRestart;
  if (text == "stop") return OnUnhealthy::kStop;
  return bad("--health-on-failure", text, "expected none, kill, restart or stop");
}

Result<> parse_log_driver(std::string_view text, LogSettings& log) {
  if (text == "json-file")
    log.driver = LogDriver::kJsonFile;
  else if (text == "local")
    log.driver = LogDriver::kLocal;
  else if (text == "journald")
    log.driver = LogDriver::kJournald;
  else if (text == "none")
    log.driver = LogDriver::kNone;
  else
    return bad("--log-driver", text, "expected json-file, local, journald or none");
  return {};
}

Result<> parse_log_option(std::string_view text, LogSettings& log) {
  constexpr std::int64_t kMostFiles = 1000;
  constexpr std::int64_t kLeastBytes = 4096;
  TRY_SET(const auto pair, parse_pair("--log-opt", text));
  if (pair.first == "max-size" && pair.second == "-1") {
    log.most_bytes = std::numeric_limits<std::uint64_t>::max();
    return {};
  }
  if (pair.first == "max-size") {
    TRY_SET(const std::int64_t bytes, parse_size("--log-opt max-size", pair.second));
    if (bytes < kLeastBytes) return bad("--log-opt", text, "the least is 4k");
    log.most_bytes = static_cast<std::uint64_t>(bytes);
    return {};
  }
  if (pair.first != "max-file")
    return bad("--log-opt", text, "expected max-size=SIZE or max-file=NUMBER");
  TRY_SET(const std::int64_t files, parse_whole("--log-opt max-file", pair.second, 1, kMostFiles));
  log.files = static_cast<int>(files);
  return {};
}

Result<std::string> parse_cgroup_parent(std::string_view text) {
  std::string path;
  for (const std::string_view part : split(text, '/')) {
    if (part == "." || part == ".." || printable(part) != part)
      return bad("--cgroup-parent", text, "expected a path such as /tenants/one");
    if (!part.empty()) path.append("/").append(part);
  }
  if (path.empty()) return bad("--cgroup-parent", text, "expected a path such as /tenants/one");
  return path;
}

Result<> check_hostname(std::string_view flag, std::string_view text) {
  constexpr std::size_t kMostHostname = 64;  // __NEW_UTS_LEN
  const bool good = !text.empty() && text.size() <= kMostHostname &&
                    std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
                    std::ranges::all_of(text, [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
                    });
  if (good) return {};
  return bad(flag, text,
             "expected 1 to 64 letters, digits, '-', '_' and '.', the first a letter or digit");
}

}  // namespace planet::engine
