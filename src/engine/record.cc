#include "engine/record.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include "base/strings.h"
#include "oci/codec.h"
#include "oci/spec_json.h"
#include "sys/file.h"

template <>
struct planet::oci::EnumNames<planet::engine::Restart> {
  static constexpr std::pair<std::string_view, engine::Restart> kNames[] = {
      {"no", engine::Restart::kNo},
      {"on-failure", engine::Restart::kOnFailure},
      {"always", engine::Restart::kAlways},
      {"unless-stopped", engine::Restart::kUnlessStopped}};
};

template <>
struct planet::oci::EnumNames<planet::engine::OnUnhealthy> {
  static constexpr std::pair<std::string_view, engine::OnUnhealthy> kNames[] = {
      {"none", engine::OnUnhealthy::kNone},
      {"kill", engine::OnUnhealthy::kKill},
      {"restart", engine::OnUnhealthy::kRestart},
      {"stop", engine::OnUnhealthy::kStop}};
};

template <>
struct planet::oci::EnumNames<planet::engine::LogDriver> {
  static constexpr std::pair<std::string_view, engine::LogDriver> kNames[] = {
      {"json-file", engine::LogDriver::kJsonFile},
      {"local", engine::LogDriver::kLocal},
      {"journald", engine::LogDriver::kJournald},
      {"none", engine::LogDriver::kNone}};
};

// What the command line says of networks and ports is written as it is said there.
template <>
struct planet::oci::TextForm<planet::network::Attachment> {
  static std::string text(const network::Attachment& value) {
    return network::attachment_text(value);
  }
  static Result<network::Attachment> parse(std::string_view text) {
    return network::parse_attachment(text);
  }
};

template <>
struct planet::oci::TextForm<planet::network::Publication> {
  static std::string text(const network::Publication& value) {
    return network::publication_text(value);
  }
  static Result<network::Publication> parse(std::string_view text) {
    return network::parse_publication(text);
  }
};

template <>
struct planet::oci::TextForm<planet::network::ExposedPorts> {
  static std::string text(const network::ExposedPorts& value) {
    return network::exposed_text(value);
  }
  static Result<network::ExposedPorts> parse(std::string_view text) {
    return network::parse_exposed("exposed ports", text);
  }
};

namespace planet::engine {

using oci::Is;
namespace json = oci::json;

// Each file's fields, for reading and writing (oci/codec.h).

void describe(auto& v, Is<RestartPolicy> auto& policy) {
  v.always("when", policy.when);
  v.optional("most", policy.most);
}

void describe(auto& v, Is<HealthCheck> auto& check) {
  v.optional("test", check.test);
  v.always("intervalMs", check.interval_ms);
  v.always("timeoutMs", check.timeout_ms);
  v.always("startMs", check.start_ms);
  v.always("retries", check.retries);
  v.always("action", check.action);
}

void describe(auto& v, Is<LogSettings> auto& log) {
  v.always("driver", log.driver);
  v.always("mostBytes", log.most_bytes);
  v.always("files", log.files);
}

void describe(auto& v, Is<Sharing> auto& sharing) {
  v.optional("pid", sharing.pid);
  v.optional("ipc", sharing.ipc);
  v.optional("uts", sharing.uts);
  v.optional("network", sharing.network);
}

void describe(auto& v, Is<Naming> auto& naming) {
  v.optional("dns", naming.dns.servers);
  v.optional("search", naming.dns.search);
  v.optional("options", naming.dns.options);
  v.optional("hosts", naming.hosts);
  v.optional("domain", naming.domain);
}

void describe(auto& v, Is<UserMatch> auto& match) {
  v.always("ownerUid", match.owner_uid);
  v.always("ownerGid", match.owner_gid);
  v.always("userUid", match.user_uid);
  v.always("userGid", match.user_gid);
}

void describe(auto& v, Is<RecordedMount> auto& mount) {
  v.always("type", mount.type);
  v.optional("name", mount.name);
  v.optional("source", mount.source);
  v.always("destination", mount.destination);
  v.optional("subpath", mount.subpath);
  v.optional("options", mount.options);
  v.optional("anonymous", mount.anonymous);
  v.optional("layers", mount.layers);
  v.optional("match", mount.match);
}

void describe(auto& v, Is<Record> auto& record) {
  v.always("id", record.id);
  v.always("name", record.name);
  v.always("image", record.image);
  v.always("imageDigest", record.image_digest);
  v.always("created", record.created);
  v.always("layers", record.layers);
  v.always("command", record.command);
  v.always("labels", record.labels);
  v.optional("mounts", record.mounts);
  v.always("autoRemove", record.auto_remove);
  v.always("stopSignal", record.stop_signal);
  v.always("stopTimeout", record.stop_timeout);
  v.optional("range", record.range);
  v.always("cgroup", record.cgroup);
  v.always("user", record.user);
  v.always("env", record.env);
  v.optional("hostname", record.hostname);
  v.always("capabilities", record.capabilities);
  v.optional("groups", record.groups);
  v.always("workDir", record.work_dir);
  v.optional("apparmorProfile", record.apparmor_profile);
  v.always("privateUsers", record.private_users);
  v.optional("hostNetwork", record.host_network);
  v.optional("noNewPrivileges", record.no_new_privileges);
  v.optional("seccompOff", record.seccomp_off);
  v.optional("ownSeccomp", record.own_seccomp);
  v.optional("shownLayers", record.shown_layers);
  v.optional("rootfs", record.rootfs);
  v.optional("terminal", record.terminal);
  v.optional("interactive", record.interactive);
  v.optional("stdinOnce", record.stdin_once);
  v.optional("initReaper", record.init_reaper);
  v.optional("restart", record.restart);
  v.optional("health", record.health);
  v.optional("log", record.log);
  v.optional("shared", record.shared);
  v.optional("attachments", record.attachments);
  v.optional("publications", record.publications);
  v.optional("exposed", record.exposed);
  v.optional("naming", record.naming);
  v.optional("entrypoint", record.entrypoint);
  v.optional("arguments", record.arguments);
  v.optional("capAdd", record.cap_add);
  v.optional("capDrop", record.cap_drop);
  v.optional("privileged", record.privileged);
}

void describe(auto& v, Is<State> auto& state) {
  v.always("pid", state.pid);
  v.always("startTicks", state.start_ticks);
  v.always("keeper", state.keeper);
  v.always("keeperTicks", state.keeper_ticks);
  v.always("bootId", state.boot_id);
  v.always("started", state.started);
  v.always("cgroup", state.cgroup);
  v.optional("paused", state.paused);
  v.optional("restarting", state.restarting);
  v.optional("restarts", state.restarts);
  v.optional("lastStatus", state.last_status);
}

void describe(auto& v, Is<Exit> auto& exit) {
  v.always("status", exit.status);
  v.always("oomKilled", exit.oom_killed);
  v.optional("started", exit.started);
  v.always("finished", exit.finished);
  v.optional("neverStarted", exit.never_started);
  v.optional("stopped", exit.stopped);
  v.optional("restarts", exit.restarts);
  v.optional("error", exit.error);
}

namespace {

constexpr std::size_t kMostRecord = 16U << 20;

std::string record_file(const std::string& id) {
  return "containers/" + id + "/record.json";
}
std::string exit_file(const std::string& id) {
  return "containers/" + id + "/exit.json";
}
std::string spec_file(const std::string& id) {
  return "containers/" + id + "/config.json";
}
std::string state_file(const std::string& id) {
  return "containers/" + id;
}

// What is stored is replaced as a whole, never written to: where a read is short it ends.
Result<std::string> read_stored(BorrowedFd dir, const std::string& file) {
  constexpr std::size_t kMostOften = 8192;
  TRY_SET(const UniqueFd stored, sys::open_at(dir, file.c_str(), O_RDONLY));
  std::array<char, kMostOften> first;  // NOLINT(*-member-init): what is read of it is written first
  TRY_SET(const std::size_t size, sys::read_some(stored.borrow(), first));
  std::string text(first.data(), size);
  if (size < first.size()) return text;
  TRY_SET(const std::string rest, sys::read_all(stored.borrow(), kMostRecord - size));
  return text + rest;
}

template <class T>
Result<T> parse_as(std::string_view text) {
  TRY_SET(const json::value value, oci::parse_json(text, kMostRecord, oci::Strings::kAnyBytes));
  T object{};
  TRY(oci::Reader::read(value, oci::Path(""), object));
  return object;
}

template <class T>
Result<T> read_as(BorrowedFd dir, const std::string& file) {
  TRY_SET(const std::string text, read_stored(dir, file));
  return parse_as<T>(text);
}

template <class T>
Result<> write_as(BorrowedFd dir, const std::string& file, const T& object) {
  return sys::replace_file_at(dir, file.c_str(), oci::to_text(oci::Writer::write(object)), 0600);
}

}  // namespace

bool RecordedMount::read_only() const {
  return std::ranges::any_of(
      options, [](const std::string& option) { return option == "ro" || option == "rro"; });
}

std::string RecordedMount::propagation() const {
  if (type != "bind") return "";
  constexpr std::string_view kWords[] = {"shared", "rshared", "slave", "rslave", "private"};
  for (const std::string& option : options)
    if (std::ranges::find(kWords, option) != std::end(kWords)) return option;
  return "rprivate";
}

std::string record_text(const Record& record) {
  return oci::to_text(oci::Writer::write(record));
}

Result<Record> parse_record(std::string_view text) {
  return parse_as<Record>(text);
}

Result<> write_record(const Places& places, const Record& record) {
  return write_as(places.root_dir.borrow(), record_file(record.id), record);
}

Result<Record> read_record(const Places& places, const std::string& id) {
  TRY_SET(Record record, read_as<Record>(places.root_dir.borrow(), record_file(id)),
          "read record.json");
  if (record.id != id || record.cgroup.empty())
    return fail(Code::kCorrupt, "record.json is not that of this container");
  return record;
}

Result<> write_state(const Places& places, const std::string& id, const State& state) {
  return write_as(places.run_dir.borrow(), state_file(id), state);
}

std::optional<State> read_state(const Places& places, const std::string& id) {
  auto state = read_as<State>(places.run_dir.borrow(), state_file(id));
  return state ? std::optional(*std::move(state)) : std::nullopt;
}

void drop_state(const Places& places, const std::string& id) {
  (void)sys::unlink_at(places.run_dir.borrow(), state_file(id).c_str());
}

Result<> write_exit(const Places& places, const std::string& id, const Exit& exit) {
  return write_as(places.root_dir.borrow(), exit_file(id), exit);
}

std::optional<Exit> read_exit(const Places& places, const std::string& id) {
  auto exit = read_as<Exit>(places.root_dir.borrow(), exit_file(id));
  return exit ? std::optional(*std::move(exit)) : std::nullopt;
}

void drop_exit(const Places& places, const std::string& id) {
  (void)sys::unlink_at(places.root_dir.borrow(), exit_file(id).c_str());
}

Result<> write_spec(const Places& places, const std::string& id, const oci::Spec& spec) {
  return sys::replace_file_at(places.root_dir.borrow(), spec_file(id).c_str(),
                              oci::write_spec(spec), 0600);
}

Result<oci::Spec> read_spec(const Places& places, const std::string& id) {
  TRY_SET(const std::string text,
          sys::read_file_at(places.root_dir.borrow(), spec_file(id).c_str(), kMostRecord),
          "read config.json");
  TRY_SET(oci::Spec spec, oci::parse_spec(text, oci::Strings::kAnyBytes), "read config.json");
  return spec;
}

std::string log_driver_name(LogDriver driver) {
  return std::string(oci::enum_name(driver));
}

std::string boot_id() {
  const auto text = sys::read_file_at(sys::kCwd, "/proc/sys/kernel/random/boot_id");
  return text ? std::string(trim(*text)) : "";
}

}  // namespace planet::engine
