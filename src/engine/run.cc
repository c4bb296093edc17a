#include "engine/run.h"

#include "base/strings.h"
#include "base/undo.h"
#include "engine/containers.h"
#include "engine/keeper.h"
#include "engine/reserve.h"
#include "engine/seccomp_file.h"
#include "engine/spec_plan.h"
#include "engine/streams.h"
#include "image/embedded.h"
#include "runtime/exec.h"
#include "runtime/own_program.h"
#include "security/capabilities.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/random.h"

namespace planet::engine {
namespace {

constexpr std::size_t kIdDigits = 64;

bool wants_private_users(const RunRequest& request) {
  return request.user_namespace != UserNamespace::kHost && !request.privileged;
}

// The container's own directory, locked as long as somebody keeps it.
Result<UniqueFd> make_container_dir(const Engine& engine, const std::string& id) {
  const BorrowedFd root = engine.places.root_dir.borrow();
  const std::string dir = "containers/" + id;
  TRY(sys::make_dir_at(root, dir.c_str(), 0700));
  TRY_SET(UniqueFd lock, sys::open_at(root, dir.c_str(), O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(lock.borrow()));
  return lock;
}

// The writable part of the root, whose own directory is as the image says, and beside it overlayfs's.
Result<> make_upper(BorrowedFd root, const std::string& dir, const image::Image& image,
                    std::uint32_t base) {
  for (const char* part : {"/upper", "/work"}) {
    const std::string path = dir + part;
    TRY(sys::make_dir_at(root, path.c_str(), 0755));
    TRY_SET(const UniqueFd made, sys::open_at(root, path.c_str(), O_RDONLY | O_DIRECTORY));
    TRY(sys::change_owner(made.borrow(), base + image.root_uid, base + image.root_gid));
    TRY(sys::change_mode(made.borrow(), image.root_mode));
  }
  return {};
}

// What is in the container's directory.
Result<runtime::RootSource> make_root_dirs(const Engine& engine, const RunRequest& request,
                                           const image::Image& image, const Record& record) {
  const BorrowedFd root = engine.places.root_dir.borrow();
  const std::string dir = "containers/" + record.id;
  if (!request.rootfs.empty())
    return runtime::DirectoryRoot{.path = request.rootfs, .id_mapped = record.range.has_value()};
  TRY(make_upper(root, dir, image, record.range ? range_base(*record.range) : 0));
  const std::string path = engine.places.container_dir(record.id);
  return runtime::OverlayRoot{
      .layers = image.layers, .upper = path + "/upper", .work = path + "/work"};
}

Record new_record(const RunRequest& request, const image::Image& image) {
  Record record;
  record.id = sys::random_hex(kIdDigits);
  record.cgroup = cgroup_path(request.cgroup_parent, record.id);
  record.image = request.image.empty() ? request.rootfs : request.image;
  record.image_digest = image.digest;
  record.created = sys::now_text();
  record.layers = image.chain;
  record.labels = image.config.labels;
  for (const auto& [key, value] : request.labels) record.labels[key] = value;
  record.auto_remove = request.remove;
  if (!request.stop_signal.empty())
    record.stop_signal = request.stop_signal;
  else if (!image.config.stop_signal.empty())
    record.stop_signal = image.config.stop_signal;
  record.stop_timeout = request.stop_timeout;
  record.host_network = request.network == Network::kHost;
  record.no_new_privileges = request.no_new_privileges;
  record.seccomp_off = request.seccomp_off || request.privileged;
  return record;
}

void note_process(Record& record, const oci::Spec& spec, const std::string& user,
                  const std::vector<std::string>& groups) {
  record.command = spec.process->args;
  record.env = spec.process->env;
  record.work_dir = spec.process->cwd;
  record.apparmor_profile = spec.process->apparmor_profile;
  record.capabilities = spec.process->capabilities->bounding;
  record.user = user;
  record.groups = groups;
  record.private_users = !spec.linux_.uid_mappings.empty();
}

Result<> check_ids(const image::Image& image, const Record& record) {
  if (!record.range || image.max_id < kIdsPerContainer) return {};
  // Not kUnsupported: no image may make a container fall back to the host's users.
  return fail(Code::kInvalidArgument,
              "the image's entry " + quote(image.max_id_entry) + " belongs to user or group " +
                  std::to_string(image.max_id) +
                  ", but a private range has the ids 0 to 65535; use --userns host");
}

// The rules of the user's profile that hold for this container, also for what exec puts into it.
Result<> plan_seccomp(const Engine& engine, const RunRequest& request, Record& record,
                      oci::Spec& spec) {
  if (!request.seccomp_profile) return {};
  TRY_SET(const oci::Machine machine, this_machine());
  spec.linux_.seccomp =
      oci::choose_rules(*request.seccomp_profile, spec.process->capabilities->bounding, machine);
  record.own_seccomp = true;
  return keep_seccomp(engine.places, record.id, *spec.linux_.seccomp);
}

// Reserves and writes down everything; undone again unless `undo` commits. `prepared` outlives `undo`: nobody may take
// what is being undone for something that was left behind.
Result<> prepare(const Engine& engine, const RunRequest& request, bool private_users,
                 Prepared& prepared, Undo& undo) {
  image::Image image;
  if (request.rootfs.empty()) {
    TRY_SET(image, image::resolve_or_embedded(engine.store, request.image));
  }
  prepared.record = new_record(request, image);
  Record& record = prepared.record;
  undo.add([&engine, id = record.id, cgroup = record.cgroup] {
    (void)discard_container(engine.places, id, cgroup);
  });
  TRY_SET(prepared.lock, make_container_dir(engine, record.id));
  if (private_users) {
    TRY_SET(record.range, take_range(engine.places, record.id));
    undo.add([&engine, range = *record.range, id = record.id] {
      release_range(engine.places, range, id);
    });
    TRY(check_ids(image, record));
  }
  TRY_SET(prepared.root, make_root_dirs(engine, request, image, record));
  if (request.name.empty()) {
    TRY_SET(record.name, take_random_name(engine.places, record.id));
  } else {
    record.name = request.name;
    TRY(take_name(engine.places, record.name, record.id));
  }
  undo.add(
      [&engine, name = record.name, id = record.id] { release_name(engine.places, name, id); });
  Identity identity{.id = record.id, .id_base = {}};
  if (record.range) {
    identity.id_base = range_base(*record.range);
  } else {
    TRY_SET(identity.capabilities, security::own_capabilities());
  }
  TRY_SET(prepared.spec, plan_spec(request, image.config, identity));
  prepared.user = request.user.value_or(image.config.user);
  note_process(record, prepared.spec, *prepared.user, request.groups);
  TRY(plan_seccomp(engine, request, record, prepared.spec));
  return write_record(engine.places, record);
}

Result<int> run_once(const Engine& engine, const RunRequest& request, bool private_users,
                     const RunHooks& hooks) {
  if (!private_users) TRY(runtime::leave_writable_program());
  Prepared prepared;
  Undo undo;
  TRY(prepare(engine, request, private_users, prepared, undo));
  if (!request.detach) {
    undo.commit();  // from here the keeper takes it down
    return keep(engine, request, prepared, hooks, [&] {
      if (hooks.started) hooks.started();
    });
  }
  TRY(keep_detached(engine, request, prepared, hooks));
  undo.commit();
  if (hooks.detached) hooks.detached(prepared.record.id);
  return 0;
}

// The process of an exec, from what the container was started with.
Result<oci::Process> exec_process(const Record& record, const ExecOptions& options) {
  oci::Process process;
  process.terminal = options.terminal;
  process.args = options.command;
  process.env = record.env;
  for (const std::string& entry : options.env) process.env.push_back(entry);
  if (options.terminal) process.env.emplace_back("TERM=xterm");
  process.cwd = options.work_dir.empty() ? record.work_dir : options.work_dir;
  std::vector<std::string> names = record.capabilities;
  if (options.privileged && record.private_users) names = security::all_capabilities();
  if (options.privileged && !record.private_users) {
    TRY_SET(names, security::own_capabilities());
  }
  process.capabilities = oci::Capabilities{
      .bounding = names, .effective = names, .inheritable = {}, .permitted = names, .ambient = {}};
  process.no_new_privileges = record.no_new_privileges;
  if (!options.privileged) process.apparmor_profile = record.apparmor_profile;
  return process;
}

oci::Spec exec_spec(const Record& record) {
  using oci::NamespaceType;
  oci::Spec spec;
  for (const NamespaceType type : {NamespaceType::kMount, NamespaceType::kPid, NamespaceType::kUts,
                                   NamespaceType::kIpc, NamespaceType::kCgroup})
    spec.linux_.namespaces.push_back({.type = type, .path = ""});
  if (!record.host_network)
    spec.linux_.namespaces.push_back({.type = NamespaceType::kNetwork, .path = ""});
  if (record.private_users) {
    spec.linux_.namespaces.push_back({.type = NamespaceType::kUser, .path = ""});
    spec.linux_.uid_mappings = {{.container_id = 0,
                                 .host_id = range_base(record.range.value_or(0)),
                                 .size = kIdsPerContainer}};
    spec.linux_.gid_mappings = spec.linux_.uid_mappings;
  }
  spec.linux_.cgroups_path = record.cgroup;
  return spec;
}

}  // namespace

Result<Engine> Engine::open(const std::string& root, const std::string& runroot) {
  TRY_SET(Places places, Places::open(root, runroot));
  TRY_SET(image::Store store, image::Store::open(root));
  return Engine{.places = std::move(places), .store = std::move(store)};
}

Result<int> run(const Engine& engine, const RunRequest& request, const RunHooks& hooks) {
  auto status = run_once(engine, request, wants_private_users(request), hooks);
  if (status || status.error().code() != Code::kNoPrivateUsers) return status;
  if (request.user_namespace == UserNamespace::kAuto)
    return fail(Code::kNoPrivateUsers,
                "--userns auto is not possible here: " + status.error().to_string() +
                    "; leave it out, or use --userns host");
  TRY(runtime::leave_writable_program());
  if (hooks.say)
    hooks.say("private users are not possible here, so this container has the host's users (" +
              status.error().to_string() + ")");
  return run_once(engine, request, false, hooks);
}

Result<int> exec(const Engine& engine, const Container& container, const ExecOptions& options) {
  // Without its record nobody knows which rights are its own.
  TRY(check_whole(container));
  TRY_SET(const UniqueFd init, open_init(container));
  const Record& record = container.record;
  if (!record.private_users) TRY(runtime::leave_writable_program());
  oci::Spec spec = exec_spec(record);
  if (record.own_seccomp && !options.privileged) {
    TRY_SET(spec.linux_.seccomp, kept_seccomp(engine.places, record.id),
            "read its seccomp profile");
  }
  TRY_SET(const oci::Process process, exec_process(record, options));
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(Streams streams, Streams::make(options.interactive, options.terminal));
  runtime::ExecRequest request{
      .init = init.borrow(), .init_pid = container.state->pid, .spec = spec, .process = process};
  request.user = options.user.empty() ? record.user : options.user;
  request.groups = record.groups;
  request.stdio = streams.stdio();
  request.default_seccomp = record.seccomp_off || options.privileged
                                ? runtime::DefaultSeccomp::kNone
                                : runtime::DefaultSeccomp::kOwnProfile;
  request.die_with_parent = !options.detach;
  TRY_SET(runtime::Running running, runtime::exec(request));
  streams.close_container_ends();
  streams.connections.terminal = std::move(running.terminal);
  if (options.detach) {
    (void)running.init.release();
    return 0;
  }
  connect_caller(streams.connections, options.interactive);
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(streams.connections), signals));
  return status.shell_status();
}

}  // namespace planet::engine
