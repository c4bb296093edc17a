#include "engine/inspect.h"

#include <algorithm>

#include "engine/container_ports.h"
#include "engine/health.h"
#include "engine/network_report.h"
#include "engine/networks.h"
#include "engine/spec_plan.h"
#include "fs/walk.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

namespace json = oci::json;

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";  // as docker writes no moment

json::string text_of(const std::string& text) {
  return json::string(text.data(), text.size());
}

json::object object_of(const std::map<std::string, std::string>& pairs) {
  json::object object;
  for (const auto& [key, value] : pairs)
    object[json::string_view(key.data(), key.size())] = text_of(value);
  return object;
}

std::string time_or_none(const std::string& time) {
  return time.empty() ? kNoTime : time;
}

json::object state_object(const Places& places, const Container& container) {
  const State state = container.state.value_or(State{});
  const Exit exit = container.exit.value_or(Exit{});
  const Status status = container.status;
  json::object object = {{"Status", status_name(status)},
                         {"Running", is_up(status)},
                         {"Paused", status == Status::kPaused},
                         {"Restarting", status == Status::kRestarting},
                         {"OOMKilled", exit.oom_killed},
                         {"Dead", container.damage.has_value()},
                         {"Pid", state.pid},
                         {"ExitCode", is_up(status) ? state.last_status.value_or(0) : exit.status},
                         {"Error", text_of(exit.error)},
                         {"StartedAt", time_or_none(is_up(status) ? state.started : exit.started)},
                         {"FinishedAt", time_or_none(exit.finished)},
                         {"Health", nullptr}};
  if (const auto health = read_health(places, container.record.id);
      health && is_up(status) && !container.record.health.test.empty())
    object["Health"] = health_json(*health);
  // Its keeper died, and nobody has seen how it ended.
  constexpr int kKilled = 137;
  if (status == Status::kExited && !container.exit) object["ExitCode"] = kKilled;
  return object;
}

json::object config_object(const Record& record, const oci::Spec& spec) {
  json::object config = {
      {"Hostname", text_of(spec.hostname)},
      {"Domainname", text_of(record.naming.domain)},
      {"User", text_of(record.user)},
      {"AttachStdin", record.stdin_once},
      {"Tty", record.terminal},
      {"OpenStdin", record.interactive},
      {"StdinOnce", record.stdin_once},
      {"Env", oci::to_array(record.env)},
      {"Cmd", oci::to_array(record.arguments)},
      {"Image", text_of(record.image)},
      {"WorkingDir", text_of(record.work_dir)},
      {"Entrypoint", record.entrypoint.empty() ? json::value() : oci::to_array(record.entrypoint)},
      {"Labels", object_of(record.labels)},
      {"StopSignal", text_of("SIG" + record.stop_signal)},
      {"StopTimeout", record.stop_timeout}};
  if (!record.exposed.empty()) config["ExposedPorts"] = exposed_json(record.exposed);
  return config;
}

// The first network's name, or what it has instead of one.
std::string network_mode(const Record& record) {
  return record.shared.network.empty() ? networks_of(record).front() : record.shared.network;
}

json::value list_or_null(const std::vector<std::string>& texts) {
  return texts.empty() ? json::value() : oci::to_array(texts);
}

json::array binds_of(const Record& record) {
  json::array binds;
  for (const RecordedMount& mount : record.mounts) {
    if (mount.type == "tmpfs") continue;
    std::string text = (mount.name.empty() ? mount.source : mount.name) + ":" + mount.destination;
    if (mount.read_only()) text += ":ro";
    binds.push_back(text_of(text));
  }
  return binds;
}

const char* policy_name(Restart when) {
  constexpr const char* kNames[] = {"no", "on-failure", "always", "unless-stopped"};
  return kNames[static_cast<std::size_t>(when)];
}

void add_resources(const oci::Resources& resources, json::object& host) {
  const oci::Memory memory = resources.memory.value_or(oci::Memory{});
  const oci::Cpu cpu = resources.cpu.value_or(oci::Cpu{});
  constexpr std::int64_t kNano = 1'000'000'000;
  const std::int64_t period = static_cast<std::int64_t>(cpu.period.value_or(0));
  const std::int64_t quota = cpu.quota.value_or(0);
  host["Memory"] = memory.limit.value_or(0);
  host["MemorySwap"] = memory.swap.value_or(0);
  host["MemoryReservation"] = memory.reservation.value_or(0);
  host["NanoCpus"] = quota > 0 && period > 0 ? quota * kNano / period : 0;
  host["CpuShares"] = cpu.shares.value_or(0);
  host["CpuPeriod"] = cpu.period.value_or(0);
  host["CpuQuota"] = quota;
  host["CpusetCpus"] = text_of(cpu.cpus);
  host["CpusetMems"] = text_of(cpu.mems);
  host["PidsLimit"] = resources.pids_limit.value_or(0);
}

json::object log_options(const LogSettings& log) {
  if (!log.has_file()) return {};
  return {{"max-size", std::to_string(log.most_bytes)}, {"max-file", std::to_string(log.files)}};
}

json::object host_object(const Record& record, const oci::Spec& spec) {
  const oci::Process process = spec.process.value_or(oci::Process{});
  json::object host = {
      {"Binds", binds_of(record)},
      {"NetworkMode", text_of(network_mode(record))},
      {"PortBindings", bindings_json(record.publications)},
      {"Dns", oci::to_array(record.naming.dns.servers)},
      {"DnsSearch", oci::to_array(record.naming.dns.search)},
      {"DnsOptions", oci::to_array(record.naming.dns.options)},
      {"ExtraHosts", list_or_null(record.naming.hosts)},
      {"PidMode", text_of(record.shared.pid)},
      {"IpcMode", text_of(record.shared.ipc.empty() ? "private" : record.shared.ipc)},
      {"UTSMode", text_of(record.shared.uts)},
      {"RestartPolicy",
       {{"Name", policy_name(record.restart.when)}, {"MaximumRetryCount", record.restart.most}}},
      {"LogConfig",
       {{"Type", log_driver_name(record.log.driver)}, {"Config", log_options(record.log)}}},
      {"AutoRemove", record.auto_remove},
      {"CapAdd", list_or_null(record.cap_add)},
      {"CapDrop", list_or_null(record.cap_drop)},
      {"GroupAdd", list_or_null(record.groups)},
      {"Privileged", record.privileged},
      {"ReadonlyRootfs", spec.root && spec.root->readonly},
      {"UsernsMode", record.private_users ? "auto" : "host"},
      {"OomScoreAdj", process.oom_score_adj.value_or(0)},
      {"Init", record.init_reaper},
      {"CgroupParent", text_of(record.cgroup.substr(0, record.cgroup.rfind('/')))},
      {"Sysctls", object_of(spec.linux_.sysctl)},
      {"MaskedPaths", oci::to_array(spec.linux_.masked_paths)},
      {"ReadonlyPaths", oci::to_array(spec.linux_.readonly_paths)}};
  json::array limits;
  for (const oci::Rlimit& limit : process.rlimits)
    limits.push_back({{"Name", text_of(limit.type)}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  host["Ulimits"] = std::move(limits);
  add_resources(spec.linux_.resources.value_or(oci::Resources{}), host);
  return host;
}

json::array mounts_of(const Record& record) {
  json::array mounts;
  for (const RecordedMount& mount : record.mounts) {
    json::object object = {{"Type", text_of(mount.type)}};
    if (!mount.name.empty()) object["Name"] = text_of(mount.name);
    object["Source"] = text_of(mount.source);
    object["Destination"] = text_of(mount.destination);
    if (mount.type == "volume") object["Driver"] = "local";
    object["Mode"] = mount.read_only() ? "ro" : "";
    object["RW"] = !mount.read_only();
    object["Propagation"] = mount.propagation();
    mounts.push_back(std::move(object));
  }
  return mounts;
}

}  // namespace

json::object inspect_container(const Places& places, const Container& container) {
  const Record& record = container.record;
  const auto read = read_spec(places, record.id);
  const oci::Spec spec = read ? *read : oci::Spec{};
  const std::string dir = places.container_dir(record.id);
  const int restarts = container.state  ? container.state->restarts
                       : container.exit ? container.exit->restarts
                                        : 0;
  const std::vector<std::string> args(record.command.begin() + (record.command.empty() ? 0 : 1),
                                      record.command.end());
  return {{"Id", text_of(record.id)},
          {"Created", text_of(record.created)},
          {"Path", record.command.empty() ? json::string() : text_of(record.command.front())},
          {"Args", oci::to_array(args)},
          {"State", state_object(places, container)},
          {"Image", text_of("sha256:" + record.image_digest)},
          {"LogPath", text_of(record.log.has_file() ? dir + "/log" : "")},
          {"Name", text_of("/" + record.name)},
          {"RestartCount", restarts},
          {"Driver", "overlay2"},
          {"Platform", "linux"},
          {"AppArmorProfile", text_of(record.apparmor_profile)},
          {"HostConfig", host_object(record, spec)},
          {"GraphDriver",
           {{"Name", record.rootfs.empty() ? "overlay2" : "directory"},
            {"Data",
             {{"UpperDir", text_of(record.rootfs.empty() ? dir + "/upper" : record.rootfs)},
              {"WorkDir", text_of(record.rootfs.empty() ? dir + "/work" : "")}}}}},
          {"Mounts", mounts_of(record)},
          {"Config", config_object(record, spec)},
          {"NetworkSettings", network_settings(record, connections_of(places, container))}};
}

json::object inspect_volume(const Places& places, const VolumeInfo& volume) {
  const auto or_null = [](const std::map<std::string, std::string>& pairs) {
    return pairs.empty() ? json::value(nullptr) : json::value(object_of(pairs));
  };
  return {{"CreatedAt", volume.created},
          {"Driver", "local"},
          {"Labels", or_null(volume.labels)},
          {"Mountpoint", volume_path(places, volume)},
          {"Name", volume.name},
          {"Options", or_null(volume.options)},
          {"Scope", "local"}};
}

std::uint64_t changed_bytes(const Places& places, const std::string& id) {
  auto top = sys::open_at(places.root_dir.borrow(), ("containers/" + id + "/upper").c_str(),
                          O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return top ? fs::bytes_of_files(*std::move(top)) : 0;
}

}  // namespace planet::engine
