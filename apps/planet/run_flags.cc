#include "run_flags.h"

#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"
#include "cli.h"
#include "engine/parse.h"
#include "engine/reserve.h"
#include "runtime/own_program.h"
#include "security/rlimits.h"
#include "sys/device.h"
#include "sys/file.h"
#include "sys/signals.h"

namespace planet::cli {
namespace {

using engine::RunRequest;

// Flags as text, before they are judged.
struct Words {
  std::vector<std::string> env, env_files, volumes, mounts, tmpfs, cap_add, cap_drop, security,
      ulimits, labels, sysctls, read_bps, write_bps, read_iops, write_iops, blkio_weight_device,
      publish;
  std::string memory, memory_swap, memory_reservation, cpus, shm_size,
      network = "none", userns, entrypoint, pull = "missing", explain, hostname, work_dir, user,
      cpuset_cpus, cpuset_mems;
  std::optional<std::int64_t> cpu_quota, pids_limit, swappiness;
  std::optional<std::uint64_t> cpu_shares, cpu_period;
  std::optional<std::uint16_t> blkio_weight;
};

void add_list(CLI::App& app, const char* flags, std::vector<std::string>& to, const char* help) {
  app.add_option(flags, to, help)->allow_extra_args(false);
}

void add_process_flags(CLI::App& app, RunRequest& request, Words& words) {
  app.add_flag("--rm", request.remove, "remove the container when it ends");
  app.add_flag("-i,--interactive", request.interactive, "give it the input of this command");
  app.add_flag("-t,--tty", request.terminal, "give it a terminal");
  app.add_flag("-d,--detach", request.detach, "run in the background and print the id");
  app.add_option("--name", request.name, "its name");
  add_list(app, "-e,--env", words.env, "environment NAME=VALUE; NAME alone is taken from here");
  add_list(app, "--env-file", words.env_files, "file of NAME=VALUE lines");
  app.add_option("-w,--workdir", words.work_dir, "working directory in the container");
  app.add_option("-u,--user", words.user, "NAME|UID[:GROUP|GID]");
  app.add_option("--hostname", words.hostname, "its host name");
  app.add_option("--entrypoint", words.entrypoint, "instead of the image's entrypoint");
  add_list(app, "-l,--label", words.labels, "NAME=VALUE");
  app.add_flag("--init", request.init, "a small process 1 that reaps orphans");
  app.add_option("--stop-signal", request.stop_signal, "what `planet stop` sends first");
  app.add_option("--stop-timeout", request.stop_timeout, "seconds until it kills");
  add_list(app, "--ulimit", words.ulimits, "NAME=SOFT[:HARD]");
  app.add_option("--oom-score-adj", request.oom_score_adj, "-1000 to 1000")
      ->check(CLI::Range(-1000, 1000));
  // A flag that may have a value after '=', but never takes the next word for one.
  app.add_flag("--explain{text}", words.explain, "show each step of making it; =json for tools");
  app.add_option("--pull", words.pull, "missing or never (nothing is pulled yet)");
}

void add_file_flags(CLI::App& app, RunRequest& request, Words& words) {
  add_list(app, "-v,--volume", words.volumes, "SOURCE:DESTINATION[:ro]");
  add_list(app, "--mount", words.mounts, "type=bind|tmpfs,source=...,target=...[,readonly]");
  add_list(app, "--tmpfs", words.tmpfs, "DESTINATION[:OPTIONS]");
  app.add_flag("--read-only", request.read_only, "its root filesystem cannot be written");
  app.add_option("--shm-size", words.shm_size, "size of /dev/shm");
  app.add_option("--rootfs", request.rootfs, "a directory instead of an image");
}

void add_isolation_flags(CLI::App& app, RunRequest& request, Words& words) {
  add_list(app, "--cap-add", words.cap_add, "a capability, or ALL");
  add_list(app, "--cap-drop", words.cap_drop, "a capability, or ALL");
  add_list(app, "--security-opt", words.security, "no-new-privileges, seccomp=unconfined, ...");
  app.add_flag("--privileged", request.privileged, "all capabilities, no filter, the host's users");
  app.add_option("--network,--net", words.network, "none (with loopback) or host");
  app.add_option("--userns", words.userns, "auto (private users) or host");
  add_list(app, "--sysctl", words.sysctls, "NAME=VALUE");
  add_list(app, "-p,--publish", words.publish, "ports come with networks");
}

void add_resource_flags(CLI::App& app, Words& words) {
  app.add_option("-m,--memory", words.memory, "memory limit: 512m");
  app.add_option("--memory-swap", words.memory_swap, "memory and swap together; -1 for no limit");
  app.add_option("--memory-reservation", words.memory_reservation,
                 "what it may keep under pressure");
  app.add_option("--memory-swappiness", words.swappiness, "0 to 100 (cgroup v1)");
  app.add_option("--cpus", words.cpus, "processors: 0.5");
  app.add_option("-c,--cpu-shares", words.cpu_shares, "weight; 1024 is the middle");
  app.add_option("--cpu-period", words.cpu_period, "microseconds");
  app.add_option("--cpu-quota", words.cpu_quota, "microseconds a period");
  app.add_option("--cpuset-cpus", words.cpuset_cpus, "0-3,5");
  app.add_option("--cpuset-mems", words.cpuset_mems, "0-1");
  app.add_option("--pids-limit", words.pids_limit, "processes; -1 for no limit (4096)");
  app.add_option("--blkio-weight", words.blkio_weight, "10 to 1000")->check(CLI::Range(10, 1000));
  add_list(app, "--device-read-bps", words.read_bps, "/dev/NAME:RATE");
  add_list(app, "--device-write-bps", words.write_bps, "/dev/NAME:RATE");
  add_list(app, "--device-read-iops", words.read_iops, "/dev/NAME:NUMBER");
  add_list(app, "--device-write-iops", words.write_iops, "/dev/NAME:NUMBER");
}

// "NAME" alone is the caller's, and nothing if the caller has none.
void add_env(std::string_view entry, RunRequest& request) {
  if (entry.find('=') != std::string_view::npos) {
    request.env.emplace_back(entry);
  } else if (const char* value = std::getenv(std::string(entry).c_str())) {
    request.env.push_back(std::string(entry) + "=" + value);
  }
}

Result<> add_env_file(const std::string& file, RunRequest& request) {
  constexpr std::size_t kMostEnvFile = 16U << 20;
  TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, file.c_str(), kMostEnvFile),
          "--env-file");
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    const std::string_view name = line.substr(0, line.find('='));
    if (name.empty() || name.find_first_of(" \t") != std::string_view::npos)
      return fail(Code::kInvalidArgument,
                  "--env-file " + quote(file) + ": " + quote(line) + " is not NAME=VALUE");
    add_env(line, request);
  }
  return {};
}

Result<> judge_env(const Words& words, RunRequest& request) {
  for (const std::string& file : words.env_files) TRY(add_env_file(file, request));
  for (const std::string& entry : words.env) {
    if (entry.empty() || entry.starts_with('='))
      return fail(Code::kInvalidArgument, "-e " + quote(entry) + ": expected NAME=VALUE or NAME");
    add_env(entry, request);
  }
  return {};
}

Result<> judge_mounts(const Words& words, RunRequest& request) {
  const std::string here = current_directory();
  for (const std::string& text : words.volumes) {
    TRY_SET(engine::Volume volume, engine::parse_volume(text, here));
    request.volumes.push_back(std::move(volume));
  }
  for (const std::string& text : words.mounts) TRY(engine::parse_mount(text, here, request));
  for (const std::string& text : words.tmpfs) {
    TRY_SET(oci::Mount mount, engine::parse_tmpfs(text));
    request.tmpfs.push_back(std::move(mount));
  }
  if (!words.shm_size.empty()) {
    TRY_SET(const std::int64_t size, engine::parse_size("--shm-size", words.shm_size));
    request.shm_bytes = static_cast<std::uint64_t>(size);
  }
  if (!request.rootfs.empty() && !request.rootfs.starts_with('/'))
    request.rootfs = here + "/" + request.rootfs;
  for (const engine::Volume& volume : request.volumes)
    if (!sys::exists_at(sys::kCwd, volume.source.c_str()))
      return fail(Code::kNotFound,
                  "volume source " + quote(volume.source) + " does not exist; make it first");
  return {};
}

Result<> judge_isolation(const Words& words, RunRequest& request) {
  if (!words.publish.empty())
    return fail(Code::kUnsupported, "-p " + quote(words.publish.front()) +
                                        ": publishing ports needs networks, which this version "
                                        "does not have; use --network host");
  request.cap_add = words.cap_add;
  request.cap_drop = words.cap_drop;
  for (const std::string& text : words.security) TRY(engine::parse_security_option(text, request));
  if (words.network == "host")
    request.network = engine::Network::kHost;
  else if (words.network != "none")
    return fail(Code::kUnsupported, "--network " + quote(words.network) +
                                        ": this version has none (with loopback) and host");
  if (words.userns == "host")
    request.user_namespace = engine::UserNamespace::kHost;
  else if (words.userns == "auto")
    request.user_namespace = engine::UserNamespace::kAuto;
  else if (!words.userns.empty())
    return fail(Code::kInvalidArgument,
                "--userns " + quote(words.userns) + ": expected auto or host");
  if (request.privileged && words.userns == "auto")
    return fail(Code::kInvalidArgument,
                "--privileged uses the host's users: leave out --userns auto");
  for (const std::string& text : words.sysctls) {
    TRY_SET(const auto pair, engine::parse_pair("--sysctl", text));
    request.sysctls[pair.first] = pair.second;
  }
  return {};
}

Result<> judge_memory(const Words& words, oci::Resources& resources) {
  oci::Memory memory;
  constexpr std::int64_t kLeastMemory = 6 << 20;
  if (!words.memory.empty()) {
    TRY_SET(memory.limit, engine::parse_size("--memory", words.memory));
    if (*memory.limit < kLeastMemory)
      return fail(Code::kInvalidArgument,
                  "--memory " + quote(words.memory) + ": the least that starts is 6m");
  }
  if (words.memory_swap == "-1") {
    memory.swap = -1;
  } else if (!words.memory_swap.empty()) {
    TRY_SET(memory.swap, engine::parse_size("--memory-swap", words.memory_swap));
  }
  if (!words.memory_reservation.empty()) {
    TRY_SET(memory.reservation,
            engine::parse_size("--memory-reservation", words.memory_reservation));
  }
  if (words.swappiness) memory.swappiness = static_cast<std::uint64_t>(*words.swappiness);
  if (memory.limit || memory.swap || memory.reservation || memory.swappiness)
    resources.memory = memory;
  return {};
}

Result<> judge_cpu(const Words& words, oci::Resources& resources) {
  oci::Cpu cpu;
  cpu.shares = words.cpu_shares;
  cpu.quota = words.cpu_quota;
  cpu.period = words.cpu_period;
  cpu.cpus = words.cpuset_cpus;
  cpu.mems = words.cpuset_mems;
  if (!words.cpus.empty()) {
    if (cpu.quota || cpu.period)
      return fail(Code::kInvalidArgument,
                  "--cpus and --cpu-quota or --cpu-period say the same thing twice; give one");
    TRY_SET(cpu.quota, engine::parse_cpus(words.cpus));
    cpu.period = 100000;
  }
  if (cpu.shares || cpu.quota || cpu.period || !cpu.cpus.empty() || !cpu.mems.empty())
    resources.cpu = cpu;
  return {};
}

Result<> judge_io(const Words& words, oci::Resources& resources) {
  oci::BlockIo io;
  io.weight = words.blkio_weight;
  const auto add = [](const char* flag, const std::vector<std::string>& texts, bool bytes,
                      std::vector<oci::ThrottleDevice>& to) -> Result<> {
    for (const std::string& text : texts) {
      TRY_SET(const auto rate, engine::parse_rate(flag, text, bytes));
      TRY_SET(const sys::DeviceNumber number, sys::block_device_number(rate.first), flag);
      to.push_back({.major = number.major, .minor = number.minor, .rate = rate.second});
    }
    return {};
  };
  TRY(add("--device-read-bps", words.read_bps, true, io.throttle_read_bps));
  TRY(add("--device-write-bps", words.write_bps, true, io.throttle_write_bps));
  TRY(add("--device-read-iops", words.read_iops, false, io.throttle_read_iops));
  TRY(add("--device-write-iops", words.write_iops, false, io.throttle_write_iops));
  const bool any = io.weight || !io.throttle_read_bps.empty() || !io.throttle_write_bps.empty() ||
                   !io.throttle_read_iops.empty() || !io.throttle_write_iops.empty();
  if (any) resources.block_io = std::move(io);
  return {};
}

Result<> judge_process(const Words& words, RunRequest& request) {
  if (!words.work_dir.empty()) request.work_dir = words.work_dir;
  if (!words.user.empty()) request.user = words.user;
  if (!words.hostname.empty()) {
    TRY(engine::check_hostname(words.hostname));
    request.hostname = words.hostname;
  }
  if (!request.name.empty()) TRY(engine::check_name(request.name));
  if (!request.stop_signal.empty() && sys::signal_number(request.stop_signal) == 0)
    return fail(Code::kInvalidArgument,
                "--stop-signal " + quote(request.stop_signal) + ": no such signal");
  for (const std::string& text : words.labels) {
    TRY_SET(const auto pair, engine::parse_pair("--label", text));
    request.labels[pair.first] = pair.second;
  }
  for (const std::string& text : words.ulimits) {
    TRY_SET(oci::Rlimit limit, security::parse_ulimit(text));
    request.ulimits.push_back(std::move(limit));
  }
  if (words.explain == "json")
    request.explain = engine::Explain::kJson;
  else if (words.explain == "text")
    request.explain = engine::Explain::kText;
  else if (!words.explain.empty())
    return fail(Code::kInvalidArgument,
                "--explain=" + quote(words.explain) + ": expected nothing or json");
  if (words.pull != "missing" && words.pull != "never")
    return fail(Code::kUnsupported,
                "--pull " + quote(words.pull) +
                    ": this version has missing and never; load images with `planet load`");
  return {};
}

Result<> judge(const Words& words, RunRequest& request) {
  TRY(judge_process(words, request));
  TRY(judge_env(words, request));
  TRY(judge_mounts(words, request));
  TRY(judge_isolation(words, request));
  TRY(judge_memory(words, request.resources));
  TRY(judge_cpu(words, request.resources));
  request.resources.pids_limit = words.pids_limit;
  return judge_io(words, request.resources);
}

// Here, for what comes next may read the caller's input (--env-file /dev/stdin), which can be done only once.
Result<> leave_program_if_needed(const RunRequest& request, const Words& words) {
  if (!request.privileged && words.userns != "host") return {};
  return runtime::leave_writable_program();
}

// `planet run` alone: a shell on the embedded image, as comfortable as the caller's streams allow.
void take_defaults(RunRequest& request) {
  request.image = "busybox";
  request.interactive = true;
  request.terminal = ::isatty(0) == 1 && ::isatty(1) == 1;
}

}  // namespace

std::optional<RunRequest> parse_run_flags(const std::vector<std::string>& args, int& status) {
  RunRequest request;
  Words words;
  CLI::App app("Makes a container from an image and runs a command in it.", "planet run");
  app.footer("planet run [FLAGS] [IMAGE [COMMAND...]]");
  app.prefix_command();
  add_process_flags(app, request, words);
  add_file_flags(app, request, words);
  add_isolation_flags(app, request, words);
  add_resource_flags(app, words);
  if (!parse(app, args, kEngineFailed, status)) return std::nullopt;
  if (const Result<> left = leave_program_if_needed(request, words); !left) {
    status = complain(left.error(), kEngineFailed);
    return std::nullopt;
  }
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  if (!rest.empty() && rest.front().starts_with('-') && rest.front().size() > 1) {
    status = complain("run: unknown flag " + quote(rest.front()) + "; see `planet run --help`",
                      kEngineFailed);
    return std::nullopt;
  }
  if (request.rootfs.empty()) {
    if (rest.empty()) {
      take_defaults(request);
    } else {
      request.image = rest.front();
      rest.erase(rest.begin());
    }
  }
  request.command = std::move(rest);
  if (app.count("--entrypoint") != 0)
    request.entrypoint = words.entrypoint.empty() ? std::vector<std::string>()
                                                  : std::vector<std::string>{words.entrypoint};
  if (const Result<> judged = judge(words, request); !judged) {
    status = complain(judged.error(), kEngineFailed);
    return std::nullopt;
  }
  return request;
}

}  // namespace planet::cli
