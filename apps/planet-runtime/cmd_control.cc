// planet-runtime kill, delete, pause, resume, update.
#include <signal.h>

#include <memory>

#include "base/strings.h"
#include "cli.h"
#include "oci/spec_json.h"
#include "oci/validate.h"
#include "runtime/life.h"
#include "sys/file.h"
#include "sys/signals.h"

namespace planet::cli {
namespace {

void add_kill(CLI::App& app, std::vector<Command>& commands) {
  struct Flags {
    std::string id, signal = "SIGTERM";
    bool all = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* kill = app.add_subcommand("kill", "send a signal to a container's init");
  kill->add_flag("-a,--all", flags->all, "to all of its processes");
  kill->add_option("id", flags->id)->required();
  kill->add_option("signal", flags->signal, "name or number (SIGTERM)");
  commands.push_back({kill, [flags](const Global& global) -> Result<int> {
                        const int number = sys::signal_number(flags->signal);
                        if (number == 0)
                          return fail(Code::kInvalidArgument,
                                      "no such signal: " + quote(flags->signal));
                        TRY_SET(const runtime::Saved container, find(global, flags->id));
                        TRY(runtime::kill(container, number, flags->all));
                        return 0;
                      }});
}

void add_delete(CLI::App& app, std::vector<Command>& commands) {
  struct Flags {
    std::string id;
    bool force = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("delete", "take away what is left of a container");
  command->add_flag("-f,--force", flags->force,
                    "kill it first if it runs; no error if there is none");
  command->add_option("id", flags->id)->required();
  commands.push_back({command, [flags](const Global& global) -> Result<int> {
                        TRY_SET(const auto containers, open_containers(global));
                        const auto container = containers.find(flags->id);
                        const bool none = !container && container.error().code() == Code::kNotFound;
                        if (none && flags->force) return 0;
                        if (!container) return std::unexpected(container.error());
                        TRY(runtime::remove(containers, *container, flags->force));
                        return 0;
                      }});
}

void add_switch(CLI::App& app, std::vector<Command>& commands, const char* name, const char* help,
                Result<> (*turn)(const runtime::Saved&)) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("id", *id)->required();
  commands.push_back({command, [id, turn](const Global& global) -> Result<int> {
                        TRY_SET(const runtime::Saved container, find(global, *id));
                        TRY(turn(container));
                        return 0;
                      }});
}

struct UpdateFlags {
  std::string id, file, cpus, mems;
  std::optional<std::int64_t> memory, reservation, swap, pids, quota, idle;
  std::optional<std::int64_t> rt_runtime;
  std::optional<std::uint64_t> shares, period, burst, rt_period;
  std::optional<std::uint16_t> weight;
};

Result<oci::Resources> resources_of(const UpdateFlags& flags) {
  if (!flags.file.empty()) {
    constexpr const char* kInput = "/dev/stdin";
    const char* path = flags.file == "-" ? kInput : flags.file.c_str();
    TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, path, oci::kMostConfigBytes));
    return oci::parse_resources(text);
  }
  oci::Resources resources;
  oci::Memory memory;
  memory.limit = flags.memory;
  memory.reservation = flags.reservation;
  memory.swap = flags.swap;
  if (memory != oci::Memory{}) resources.memory = memory;
  oci::Cpu cpu;
  cpu.shares = flags.shares;
  cpu.quota = flags.quota;
  cpu.period = flags.period;
  cpu.burst = flags.burst;
  cpu.realtime_period = flags.rt_period;
  cpu.realtime_runtime = flags.rt_runtime;
  cpu.idle = flags.idle;
  cpu.cpus = flags.cpus;
  cpu.mems = flags.mems;
  if (cpu != oci::Cpu{}) resources.cpu = cpu;
  resources.pids_limit = flags.pids;
  if (flags.weight) {
    resources.block_io.emplace();
    resources.block_io->weight = flags.weight;
  }
  return resources;
}

void add_update_flags(CLI::App& command, UpdateFlags& flags) {
  command.add_option("id", flags.id)->required();
  command.add_option("-r,--resources", flags.file,
                     "file with linux.resources; - is standard input");
  command.add_option("--memory", flags.memory, "bytes");
  command.add_option("--memory-reservation", flags.reservation, "bytes");
  command.add_option("--memory-swap", flags.swap, "memory and swap together; -1 for no limit");
  command.add_option("--pids-limit", flags.pids, "processes; -1 for no limit");
  command.add_option("--cpu-share", flags.shares, "weight; 1024 is the middle");
  command.add_option("--cpu-quota", flags.quota, "microseconds a period");
  command.add_option("--cpu-period", flags.period, "microseconds");
  command.add_option("--cpu-burst", flags.burst, "microseconds");
  command.add_option("--cpu-rt-period", flags.rt_period, "microseconds (cgroup v1)");
  command.add_option("--cpu-rt-runtime", flags.rt_runtime, "microseconds (cgroup v1)");
  command.add_option("--cpu-idle", flags.idle, "1: only when nobody else wants it");
  command.add_option("--cpuset-cpus", flags.cpus, "0-3,5");
  command.add_option("--cpuset-mems", flags.mems, "0-1");
  command.add_option("--blkio-weight", flags.weight, "10 to 1000");
}

void add_update(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<UpdateFlags>();
  CLI::App* command = app.add_subcommand("update", "change a container's limits");
  add_update_flags(*command, *flags);
  commands.push_back({command, [flags](const Global& global) -> Result<int> {
                        TRY_SET(const oci::Resources resources, resources_of(*flags));
                        TRY(oci::validate_resources(resources, "resources"));
                        TRY_SET(const runtime::Saved container, find(global, flags->id));
                        TRY(runtime::update(container, resources));
                        return 0;
                      }});
}

}  // namespace

void add_control_commands(CLI::App& app, std::vector<Command>& commands) {
  add_kill(app, commands);
  add_delete(app, commands);
  add_switch(app, commands, "pause", "stop all processes of a container", runtime::pause);
  add_switch(app, commands, "resume", "let them go on", runtime::resume);
  add_update(app, commands);
}

}  // namespace planet::cli
