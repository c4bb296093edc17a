#include "engine/prepare.h"

#include <utility>

#include "base/strings.h"
#include "engine/container_ports.h"
#include "engine/containers.h"
#include "engine/environment.h"
#include "engine/health.h"
#include "engine/host_files.h"
#include "engine/networks.h"
#include "engine/reserve.h"
#include "engine/seccomp_file.h"
#include "engine/sharing.h"
#include "engine/spec_plan.h"
#include "engine/user_match.h"
#include "engine/volume_use.h"
#include "engine/volumes.h"
#include "image/embedded.h"
#include "security/capabilities.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/random.h"
#include "sys/signals.h"

namespace planet::engine {
namespace {

constexpr std::size_t kIdDigits = 64;

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

// Without its layers.
runtime::OverlayRoot writable_root(const Places& places, const Record& record) {
  const std::string dir = places.container_dir(record.id);
  return {.layers = {},
          .upper = dir + "/upper",
          .work = dir + "/work",
          .is_volatile = record.auto_remove};
}

// What is in the container's directory.
Result<runtime::RootSource> make_root_dirs(const Engine& engine, const RunRequest& request,
                                           const image::Image& image, const Record& record) {
  const BorrowedFd root = engine.places.root_dir.borrow();
  const std::string dir = "containers/" + record.id;
  if (!request.rootfs.empty())
    return runtime::DirectoryRoot{.path = request.rootfs, .id_mapped = record.range.has_value()};
  TRY(make_upper(root, dir, image, record.range ? range_base(*record.range) : 0));
  runtime::OverlayRoot overlay = writable_root(engine.places, record);
  overlay.layers = image.layers;
  add_mount_places(engine.places, overlay.layers);
  return overlay;
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
  record.shown_layers = image.shown;
  record.rootfs = request.rootfs;
  record.terminal = request.terminal;
  record.interactive = request.interactive;
  record.stdin_once = request.interactive && !request.detach;
  record.init_reaper = request.init;
  record.restart = request.restart;
  record.log = request.log;
  record.shared = request.shared;
  record.naming = request.naming;
  record.entrypoint = request.entrypoint.value_or(image.config.entrypoint);
  record.arguments =
      request.command.empty() && !request.entrypoint ? image.config.cmd : request.command;
  record.cap_add = request.cap_add;
  record.cap_drop = request.cap_drop;
  record.privileged = request.privileged;
  record.groups = request.groups;
  return record;
}

void note_process(Record& record, const oci::Spec& spec, const std::string& user) {
  record.command = spec.process->args;
  record.hostname = spec.hostname;
  record.work_dir = spec.process->cwd;
  record.apparmor_profile = spec.process->apparmor_profile;
  record.capabilities = spec.process->capabilities->bounding;
  record.user = user;
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

// Else `stop` would send another signal than the image wants, and nobody would know.
Result<> check_stop_signal(const Record& record) {
  if (sys::signal_number(record.stop_signal) != 0) return {};
  return fail(Code::kInvalidArgument, "the image's stop signal " + quote(record.stop_signal) +
                                          " is none of this system; give one with --stop-signal");
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

// Its addresses and routes are those that it is given, whatever a router says: RFC 4862. A kernel without IPv6 has no such
// parameter.
void ignore_advertisements(oci::Spec& spec) {
  if (sys::exists_at(sys::kCwd, "/proc/sys/net/ipv6"))
    spec.linux_.sysctl.try_emplace("net.ipv6.conf.default.accept_ra", "0");
}

// Nobody else's file is written: whoever reads it later must find the id of this container.
Result<> write_id_file(const RunRequest& request, const std::string& id, Undo& undo) {
  if (request.id_file.empty()) return {};
  const auto file = sys::open_at(sys::kCwd, request.id_file.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (!file && file.error().code() == Code::kAlreadyExists)
    return fail(Code::kAlreadyExists,
                "--cidfile " + quote(request.id_file) +
                    " exists: another container may be using it; remove it, or name another file");
  if (!file) return std::unexpected(Error(file.error()).while_doing("--cidfile"));
  undo.add([path = request.id_file] { (void)sys::unlink_at(sys::kCwd, path.c_str()); });
  return sys::write_all(file->borrow(), id);
}

// A range of ids: its own, or that of the container whose namespaces it shares.
Result<> take_users(const Places& places, const std::optional<SharedRange>& shared,
                    Record& record) {
  if (!shared) {
    TRY_SET(record.range, take_range(places, record.id));
    return {};
  }
  TRY(share_range(places, shared->range, shared->owner, record.id));
  record.range = shared->range;
  return {};
}

// Its networks and ports. The descriptor (invalid if it is in no network) is the lock of claim_networks().
Result<UniqueFd> claim_connections(const Places& places, const RunRequest& request,
                                   const oci::ImageConfig& image, Record& record) {
  TRY_SET(ContainerPorts ports, plan_container_ports(request, image));
  record.publications = std::move(ports.publications);
  record.exposed = std::move(ports.exposed);
  record.attachments = request.attachments;
  for (const std::string& entry : request.naming.hosts) TRY(check_host_entry(entry));
  if (record.attachments.empty()) return UniqueFd();
  TRY_SET(ClaimedNetworks claimed, claim_networks(places, record.attachments));
  // Two that want the same port are found now, whatever address they come to be at.
  TRY_SET(const network::Address loopback, network::Address::parse("127.0.0.1"));
  const network::Address host = claimed.networks.front().link.host_binding.value_or(loopback);
  TRY(network::plan_ports(record.publications, {&host, 1}));
  return std::move(claimed.lock);
}

}  // namespace

Result<image::Image> find_image(const Engine& engine, const RunRequest& request,
                                const RunHooks& hooks) {
  if (!request.rootfs.empty()) return image::Image{};
  auto image = image::resolve_or_embedded(engine.store, request.image);
  if (image || image.error().code() != Code::kNotFound || !hooks.missing_image) return image;
  TRY(hooks.missing_image(request.image));
  return engine.store.resolve(request.image);
}

Result<> prepare(const Engine& engine, const RunRequest& request, bool private_users,
                 Prepared& prepared, Undo& undo) {
  const image::Image image = std::exchange(prepared.image, {});
  prepared.record = new_record(request, image);
  Record& record = prepared.record;
  // Last, when no record names them any more.
  undo.add([&engine, &record] { remove_anonymous_volumes(engine.places, record); });
  undo.add([&engine, id = record.id, cgroup = record.cgroup] {
    (void)discard_container(engine.places, id, cgroup);
  });
  TRY(check_stop_signal(record));
  TRY_SET(record.health, plan_health(request.health, image.config.health));
  TRY_SET(prepared.lock, make_container_dir(engine, record.id));
  TRY_SET(const std::optional<SharedRange> shared,
          settle_sharing(engine.places, record.shared, private_users));
  if (private_users) {
    TRY(take_users(engine.places, shared, record));
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
  TRY_SET(UniqueFd networks, claim_connections(engine.places, request, image.config, record));
  TRY_SET(UniqueFd volumes, claim_volumes(engine, request, image, record));
  Identity identity{.id = record.id, .id_base = {}};
  if (record.range) {
    identity.id_base = range_base(*record.range);
  } else {
    TRY_SET(identity.capabilities, security::own_capabilities());
  }
  TRY_SET(record.env, given_environment(request.env, image.config.env));
  TRY_SET(prepared.spec, plan_spec(request, image.config, identity));
  prepared.user = request.user.value_or(image.config.user);
  TRY(match_users(image, *prepared.user, record));
  plan_recorded_mounts(record, prepared.spec);
  note_process(record, prepared.spec, *prepared.user);
  plan_host_files(engine.places, record, prepared.spec);
  if (has_own_network(record)) ignore_advertisements(prepared.spec);
  TRY(plan_seccomp(engine, request, record, prepared.spec));
  TRY(write_id_file(request, record.id, undo));
  // One that is removed at its end has no next start.
  if (!record.auto_remove || !prepared.fresh)
    TRY(write_spec(engine.places, record.id, prepared.spec));
  TRY(write_record(engine.places, record));
  prepared.created = container_event(record, "create");
  // Whoever removes networks or volumes reads the record now.
  networks.reset();
  volumes.reset();
  return fill_volumes(engine, request, image, record);
}

namespace {

Result<runtime::RootSource> root_of(const Engine& engine, const Record& record) {
  if (!record.rootfs.empty())
    return runtime::DirectoryRoot{.path = record.rootfs, .id_mapped = record.range.has_value()};
  runtime::OverlayRoot root = writable_root(engine.places, record);
  for (std::size_t i = 0; i < record.shown_layers && i < record.layers.size(); ++i) {
    if (!engine.store.has_layer(record.layers[i]))
      return fail(Code::kNotFound, "the image " + quote(record.image) + " of container " +
                                       record.name + " has been removed; load it again");
    root.layers.push_back(engine.store.layer_dir(record.layers[i]));
  }
  add_mount_places(engine.places, root.layers);
  return root;
}

}  // namespace

Result<Prepared> prepare_again(const Engine& engine, const Container& container, UniqueFd lock) {
  Prepared prepared{.record = container.record,
                    .spec = {},
                    .root = {},
                    .user = container.record.user,
                    .lock = std::move(lock),
                    .created = {},
                    .fresh = false,
                    .rest = container.exit.value_or(Exit{})};
  TRY_SET(prepared.spec, read_spec(engine.places, container.record.id));
  TRY_SET(prepared.root, root_of(engine, container.record));
  return prepared;
}

}  // namespace planet::engine
