#include "runtime/criu_arguments.h"

#include <algorithm>

#include "base/strings.h"
#include "oci/json.h"

namespace planet::runtime {
namespace {

constexpr std::size_t kStreams = 3;
constexpr std::size_t kMostStreamsBytes = 64U << 10;

void add_all(std::vector<std::string>& arguments, const char* option,
             const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    arguments.emplace_back(option);
    arguments.push_back(value);
  }
}

void add_options(std::vector<std::string>& arguments, const CriuOptions& options, const char* log) {
  const std::string fixed[] = {
      "--images-dir", options.images, "--work-dir", options.work, "--log-file", log, "-v4"};
  arguments.insert(arguments.end(), std::begin(fixed), std::end(fixed));
  const std::pair<bool, const char*> flags[] = {{options.tcp_established, "--tcp-established"},
                                                {options.ext_unix_sk, "--ext-unix-sk"},
                                                {options.shell_job, "--shell-job"},
                                                {options.file_locks, "--file-locks"},
                                                {options.auto_dedup, "--auto-dedup"}};
  for (const auto& [given, flag] : flags)
    if (given) arguments.emplace_back(flag);
  if (options.empty_network) add_all(arguments, "--empty-ns", {"net"});
  arguments.push_back("--manage-cgroups=" + options.manage_cgroups);
}

// Octal escapes of mountinfo: "\040" is a space.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::size_t kDigits = 3;
    const auto code = text[i] == '\\' && i + kDigits < text.size()
                          ? parse_number<unsigned char>(text.substr(i + 1, kDigits), "escape", 8)
                          : Result<unsigned char>(fail(Code::kInvalidArgument, ""));
    plain += code ? static_cast<char>(*code) : text[i];
    if (code) i += kDigits;
  }
  return plain;
}

bool is_shared(const std::string& stream) {
  return stream.starts_with("pipe:[") || stream.starts_with("file[");
}

}  // namespace

Result<> check_cgroups_mode(const std::string& mode) {
  if (mode == "soft" || mode == "full" || mode == "strict" || mode == "ignore") return {};
  return fail(Code::kInvalidArgument,
              "--manage-cgroups-mode " + quote(mode) + ": expected soft, full, strict or ignore");
}

std::vector<std::string> dump_arguments(const DumpPlan& plan) {
  std::vector<std::string> arguments = {"criu", plan.pre_dump ? "pre-dump" : "dump", "--tree",
                                        std::to_string(plan.init)};
  add_options(arguments, plan.options, kDumpLog);
  if (plan.leave_running) arguments.emplace_back("--leave-running");
  if (plan.pre_dump || !plan.parent.empty()) arguments.emplace_back("--track-mem");
  if (!plan.parent.empty()) add_all(arguments, "--prev-images-dir", {plan.parent});
  if (!plan.freezer.empty()) add_all(arguments, "--freeze-cgroup", {plan.freezer});
  add_all(arguments, "--external", plan.external);
  return arguments;
}

std::vector<std::string> restore_arguments(const RestorePlan& plan) {
  std::vector<std::string> arguments = {"criu", "restore"};
  add_options(arguments, plan.options, kRestoreLog);
  // Sibling: init becomes the child of whoever has executed criu.
  for (const char* flag : {"--restore-detached", "--restore-sibling", "--evasive-devices"})
    arguments.emplace_back(flag);
  add_all(arguments, "--root", {plan.root});
  add_all(arguments, "--pidfile", {plan.pid_file});
  if (plan.leave_stopped) arguments.emplace_back("--leave-stopped");
  if (!plan.lsm_profile.empty()) add_all(arguments, "--lsm-profile", {plan.lsm_profile});
  if (!plan.lsm_context.empty()) add_all(arguments, "--lsm-mount-context", {plan.lsm_context});
  add_all(arguments, "--external", plan.external);
  add_all(arguments, "--inherit-fd", plan.inherited);
  add_all(arguments, "--join-ns", plan.joined);
  add_all(arguments, "--cgroup-root", plan.cgroup_roots);
  return arguments;
}

std::vector<std::string> cgroup_roots(std::string_view groups) {
  std::vector<std::string> roots;
  for (const std::string_view line : split(groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    roots.push_back(controllers.empty() ? path : std::string(controllers) + ":" + path);
  }
  return roots;
}

std::string first_error_line(std::string_view log) {
  const std::size_t begin = log.find("Error (");
  if (begin == log.npos) return "";
  return printable(trim(log.substr(begin, log.find('\n', begin) - begin)));
}

std::string write_streams(const std::vector<std::string>& streams) {
  oci::json::array list;
  for (const std::string& stream : streams) list.emplace_back(stream);
  return oci::to_text(list);
}

Result<std::vector<std::string>> parse_streams(std::string_view text) {
  TRY_SET(const oci::json::value value,
          oci::parse_json(text, kMostStreamsBytes, oci::Strings::kAnyBytes));
  std::vector<std::string> streams;
  TRY(oci::take(value, oci::Path(""), streams));
  if (streams.size() > kStreams)
    return fail(Code::kInvalidArgument,
                std::to_string(streams.size()) + " streams, expected 3 at most");
  return streams;
}

std::vector<std::string> inherited_streams(const std::vector<std::string>& streams) {
  std::vector<std::string> inherited;
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (is_shared(streams[i])) inherited.push_back("fd[" + std::to_string(i) + "]:" + streams[i]);
  return inherited;
}

std::vector<MountLine> parse_mountinfo(std::string_view text) {
  constexpr std::size_t kId = 0, kRoot = 3, kPlace = 4, kOptional = 6;
  constexpr std::ptrdiff_t kType = 1, kSource = 2, kOptions = 3;  // after the dash
  std::vector<MountLine> lines;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() <= kOptional) continue;
    const auto dash = std::find(words.begin() + kOptional, words.end(), "-");
    const auto id = parse_number<unsigned>(words[kId], "mount");
    if (!id || words.end() - dash <= kOptions) continue;
    lines.push_back({.id = *id,
                     .root = unescape(words[kRoot]),
                     .place = unescape(words[kPlace]),
                     .type = std::string(dash[kType]),
                     .source = unescape(dash[kSource]),
                     .options = std::string(dash[kOptions])});
  }
  return lines;
}

}  // namespace planet::runtime
