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

// Rejects what a path in the container may not be. ".." counts as it reads: links are not looked at here.
Result<> check_target(std::string_view flag, std::string_view text, std::string_view target) {
  if (!target.starts_with('/'))
    return bad(flag, text, "the path in the container must be absolute");
  std::size_t depth = 0;
  for (const std::string_view part : split(target, '/')) {
    if (part == "..")
      depth -= depth == 0 ? 0 : 1;
    else if (!part.empty() && part != ".")
      ++depth;
  }
  if (depth == 0) return bad(flag, text, "the container's root cannot be mounted over");
  return {};
}

Result<std::string> host_path(std::string_view flag, std::string_view text, std::string_view source,
                              const std::string& here) {
  if (source.starts_with('/')) return std::string(source);
  if (source == "." || source == ".." || source.starts_with("./") || source.starts_with("../"))
    return here + "/" + std::string(source);
  if (source.empty()) return bad(flag, text, "it has no source");
  return bad(flag, text,
             "named volumes do not exist yet; write the path of a directory, \"/" +
                 std::string(source) + "\" or \"./" + std::string(source) + "\"");
}

// Options of -v and --mount as mount options.
Result<> add_volume_option(std::string_view text, std::string_view option, Volume& volume) {
  constexpr std::string_view kPropagation[] = {"shared", "rshared", "slave",
                                               "rslave", "private", "rprivate"};
  if (option == "ro" || option == "readonly")
    volume.options.emplace_back("rro");
  else if (std::ranges::find(kPropagation, option) != std::end(kPropagation))
    volume.options.emplace_back(option);
  else if (option != "rw" && option != "z" && option != "Z" && option != "nocopy")
    return bad("-v", text, "unknown option " + quote(option));
  return {};
}

Result<bool> parse_bool(std::string_view text, std::string_view field, std::string_view value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return bad("--mount", text, std::string(field) + " is true or false");
}

Result<> add_tmpfs_field(std::string_view text, std::string_view key, std::string_view value,
                         std::vector<std::string>& tmpfs) {
  if (key == "tmpfs-size") {
    TRY_SET(const std::int64_t size, parse_size("--mount tmpfs-size", value));
    tmpfs.push_back("size=" + std::to_string(size));
    return {};
  }
  if (key != "tmpfs-mode") return bad("--mount", text, "unknown field " + quote(key));
  const auto mode = parse_number<unsigned>(value, "", 8);
  if (!mode || *mode > 07777U)
    return bad("--mount", text, "tmpfs-mode is an octal number such as 1777");
  tmpfs.push_back("mode=" + std::string(value));
  return {};
}

Result<> set_mount_field(std::string_view text, std::string_view field, std::string& type,
                         Volume& volume, std::vector<std::string>& tmpfs) {
  const std::size_t equals = field.find('=');
  const std::string_view key = field.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : field.substr(equals + 1);
  if (key == "type") {
    type = value;
  } else if (key == "source" || key == "src") {
    volume.source = value;
  } else if (key == "target" || key == "destination" || key == "dst") {
    volume.destination = value;
  } else if (key == "readonly" || key == "ro") {
    TRY_SET(const bool read_only, parse_bool(text, key, value));
    if (read_only) volume.options.emplace_back("rro");
  } else if (key == "bind-propagation") {
    return add_volume_option(text, value, volume);
  } else if (key.starts_with("tmpfs-")) {
    return add_tmpfs_field(text, key, value, tmpfs);
  } else {
    return bad("--mount", text, "unknown field " + quote(key));
  }
  return {};
}

oci::Mount tmpfs_mount(std::string destination, const std::vector<std::string>& options) {
  oci::Mount mount{.destination = std::move(destination),
                   .type = "tmpfs",
                   .source = "tmpfs",
                   .options = {"nosuid", "nodev", "noexec"},
                   .uid_mappings = {},
                   .gid_mappings = {}};
  mount.options.insert(mount.options.end(), options.begin(), options.end());
  return mount;
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

Result<Volume> parse_volume(std::string_view text, const std::string& here) {
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3)
    return bad("-v", text, "expected SOURCE:DESTINATION[:OPTIONS]");
  Volume volume{.source = "", .destination = std::string(parts[1]), .options = {"rbind"}};
  TRY_SET(volume.source, host_path("-v", text, parts[0], here));
  TRY(check_target("-v", text, volume.destination));
  if (parts.size() != 3) return volume;
  const auto options = split(parts[2], ',');
  for (const std::string_view option : options) TRY(add_volume_option(text, option, volume));
  if (std::ranges::find(options, "ro") != options.end() &&
      std::ranges::find(options, "rw") != options.end())
    return bad("-v", text, "ro and rw contradict each other");
  return volume;
}

Result<oci::Mount> parse_tmpfs(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view target = text.substr(0, colon);
  TRY(check_target("--tmpfs", text, target));
  std::vector<std::string> options;
  if (colon != std::string_view::npos)
    for (const std::string_view option : split(text.substr(colon + 1), ','))
      if (!option.empty()) options.emplace_back(option);
  return tmpfs_mount(std::string(target), options);
}

Result<> parse_mount(std::string_view text, const std::string& here, RunRequest& request) {
  std::string type = "volume";
  Volume volume{.source = "", .destination = "", .options = {"rbind"}};
  std::vector<std::string> tmpfs;
  for (const std::string_view field : split(text, ','))
    TRY(set_mount_field(text, field, type, volume, tmpfs));
  if (volume.destination.empty()) return bad("--mount", text, "it has no target");
  TRY(check_target("--mount", text, volume.destination));
  if (type == "tmpfs") {
    if (!volume.source.empty()) return bad("--mount", text, "a tmpfs has no source");
    if (volume.options.size() > 1) tmpfs.emplace_back("ro");
    request.tmpfs.push_back(tmpfs_mount(volume.destination, tmpfs));
    return {};
  }
  if (type != "bind") return bad("--mount", text, "type " + quote(type) + " is not bind or tmpfs");
  TRY_SET(volume.source, host_path("--mount", text, volume.source, here));
  request.volumes.push_back(std::move(volume));
  return {};
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

Result<> check_hostname(std::string_view text) {
  constexpr std::size_t kMostHostname = 64;  // __NEW_UTS_LEN
  const bool good = !text.empty() && text.size() <= kMostHostname && text.front() != '-' &&
                    std::ranges::all_of(text, [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
                    });
  if (good) return {};
  return bad("--hostname", text, "expected 1 to 64 letters, digits, '-', '_' and '.'");
}

}  // namespace planet::engine
