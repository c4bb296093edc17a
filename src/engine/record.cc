#include "engine/record.h"

#include <ctime>

#include "base/strings.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

using oci::Fields;
namespace json = oci::json;

constexpr std::size_t kMostRecord = 16U << 20;

std::string record_file(const std::string& id) {
  return "containers/" + id + "/record.json";
}
std::string exit_file(const std::string& id) {
  return "containers/" + id + "/exit.json";
}
std::string state_file(const std::string& id) {
  return "containers/" + id;
}

Result<json::value> read_json(BorrowedFd dir, const std::string& file) {
  TRY_SET(const std::string text, sys::read_file_at(dir, file.c_str(), kMostRecord));
  return oci::parse_json(text, kMostRecord, oci::Strings::kAnyBytes);
}

Result<Record> parse_record(const json::value& value) {
  TRY_SET(const Fields fields, Fields::of(value, ""));
  Record record;
  TRY(fields.read("id", record.id));
  TRY(fields.read("name", record.name));
  TRY(fields.read("image", record.image));
  TRY(fields.read("imageDigest", record.image_digest));
  TRY(fields.read("created", record.created));
  TRY(fields.read("layers", record.layers));
  TRY(fields.read("command", record.command));
  TRY(fields.read_map("labels", record.labels));
  TRY(fields.read("autoRemove", record.auto_remove));
  TRY(fields.read("stopSignal", record.stop_signal));
  TRY(fields.read("stopTimeout", record.stop_timeout));
  TRY(fields.read("range", record.range));
  TRY(fields.read("cgroup", record.cgroup));
  TRY(fields.read("user", record.user));
  TRY(fields.read("env", record.env));
  TRY(fields.read("capabilities", record.capabilities));
  TRY(fields.read("groups", record.groups));
  TRY(fields.read("workDir", record.work_dir));
  TRY(fields.read("apparmorProfile", record.apparmor_profile));
  TRY(fields.read("privateUsers", record.private_users));
  TRY(fields.read("hostNetwork", record.host_network));
  TRY(fields.read("noNewPrivileges", record.no_new_privileges));
  TRY(fields.read("seccompOff", record.seccomp_off));
  TRY(fields.read("ownSeccomp", record.own_seccomp));
  return record;
}

Result<State> parse_state(const json::value& value) {
  TRY_SET(const Fields fields, Fields::of(value, ""));
  State state;
  TRY(fields.read("pid", state.pid));
  TRY(fields.read("startTicks", state.start_ticks));
  TRY(fields.read("keeper", state.keeper));
  TRY(fields.read("keeperTicks", state.keeper_ticks));
  TRY(fields.read("bootId", state.boot_id));
  TRY(fields.read("started", state.started));
  TRY(fields.read("cgroup", state.cgroup));
  return state;
}

}  // namespace

Result<> write_record(const Places& places, const Record& record) {
  json::object object;
  object["id"] = record.id;
  object["name"] = record.name;
  object["image"] = record.image;
  object["imageDigest"] = record.image_digest;
  object["created"] = record.created;
  object["layers"] = oci::to_array(record.layers);
  object["command"] = oci::to_array(record.command);
  json::object labels;
  for (const auto& [key, value] : record.labels) labels[key] = value;
  object["labels"] = std::move(labels);
  object["autoRemove"] = record.auto_remove;
  object["stopSignal"] = record.stop_signal;
  object["stopTimeout"] = record.stop_timeout;
  if (record.range) object["range"] = *record.range;
  object["cgroup"] = record.cgroup;
  object["user"] = record.user;
  object["env"] = oci::to_array(record.env);
  object["capabilities"] = oci::to_array(record.capabilities);
  object["groups"] = oci::to_array(record.groups);
  object["workDir"] = record.work_dir;
  object["apparmorProfile"] = record.apparmor_profile;
  object["privateUsers"] = record.private_users;
  object["hostNetwork"] = record.host_network;
  object["noNewPrivileges"] = record.no_new_privileges;
  object["seccompOff"] = record.seccomp_off;
  object["ownSeccomp"] = record.own_seccomp;
  return sys::replace_file_at(places.root_dir.borrow(), record_file(record.id).c_str(),
                              oci::to_text(object), 0600);
}

Result<Record> read_record(const Places& places, const std::string& id) {
  TRY_SET(const json::value value, read_json(places.root_dir.borrow(), record_file(id)),
          "read record.json");
  TRY_SET(Record record, parse_record(value), "read record.json");
  if (record.id != id || record.cgroup.empty())
    return fail(Code::kCorrupt, "record.json is not that of this container");
  return record;
}

Result<> write_state(const Places& places, const std::string& id, const State& state) {
  json::object object;
  object["pid"] = state.pid;
  object["startTicks"] = state.start_ticks;
  object["keeper"] = state.keeper;
  object["keeperTicks"] = state.keeper_ticks;
  object["bootId"] = state.boot_id;
  object["started"] = state.started;
  object["cgroup"] = state.cgroup;
  return sys::replace_file_at(places.run_dir.borrow(), state_file(id).c_str(), oci::to_text(object),
                              0600);
}

std::optional<State> read_state(const Places& places, const std::string& id) {
  const auto value = read_json(places.run_dir.borrow(), state_file(id));
  if (!value) return std::nullopt;
  auto state = parse_state(*value);
  return state ? std::optional(*std::move(state)) : std::nullopt;
}

void drop_state(const Places& places, const std::string& id) {
  (void)sys::unlink_at(places.run_dir.borrow(), state_file(id).c_str());
}

Result<> write_exit(const Places& places, const std::string& id, const Exit& exit) {
  const json::object object = {
      {"status", exit.status}, {"oomKilled", exit.oom_killed}, {"finished", exit.finished}};
  return sys::replace_file_at(places.root_dir.borrow(), exit_file(id).c_str(), oci::to_text(object),
                              0600);
}

std::optional<Exit> read_exit(const Places& places, const std::string& id) {
  const auto value = read_json(places.root_dir.borrow(), exit_file(id));
  if (!value) return std::nullopt;
  Exit exit;
  const auto read = [&]() -> Result<> {
    TRY_SET(const Fields fields, Fields::of(*value, ""));
    TRY(fields.read("status", exit.status));
    TRY(fields.read("oomKilled", exit.oom_killed));
    return fields.read("finished", exit.finished);
  }();
  return read ? std::optional(exit) : std::nullopt;
}

std::string boot_id() {
  const auto text = sys::read_file_at(sys::kCwd, "/proc/sys/kernel/random/boot_id");
  return text ? std::string(trim(*text)) : "";
}

}  // namespace planet::engine
