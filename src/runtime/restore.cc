#include "runtime/restore.h"

#include <signal.h>

#include <array>
#include <optional>

#include "base/strings.h"
#include "base/undo.h"
#include "cgroup/group.h"
#include "cgroup/host.h"
#include "runtime/container_group.h"
#include "runtime/criu.h"
#include "runtime/criu_mounts.h"
#include "runtime/plan.h"
#include "runtime/systemd_group.h"
#include "sys/file.h"
#include "sys/pipe.h"

namespace planet::runtime {
namespace {

constexpr const char* kStageName = "criu";
constexpr const char* kPidName = "criu.pid";

// A hook of the creation is executed when the namespaces are there and the command is not; criu makes both at once.
Result<> check_possible(const oci::Spec& spec) {
  if (spec.process && spec.process->terminal)
    return fail(Code::kUnsupported, "process.terminal: a terminal cannot be restored");
  if (oci::find_namespace(spec.linux_, oci::NamespaceType::kUser) != nullptr)
    return fail(Code::kUnsupported,
                "linux.namespaces has \"user\": a container with private users cannot be restored");
  const std::pair<const char*, bool> hooks[] = {
      {"prestart", !spec.hooks.prestart.empty()},
      {"createRuntime", !spec.hooks.create_runtime.empty()},
      {"createContainer", !spec.hooks.create_container.empty()}};
  for (const auto& [name, used] : hooks)
    if (used)
      return fail(
          Code::kUnsupported,
          std::string("hooks.") + name +
              ": cannot be executed in the course of a restore; take it out of config.json");
  return {};
}

Result<std::vector<std::string>> read_streams(const std::string& images) {
  TRY_SET(const UniqueFd dir, sys::open_at(sys::kCwd, images.c_str(), O_RDONLY | O_DIRECTORY),
          "--image-path");
  auto text = sys::read_file_at(dir.borrow(), kStreamsFile);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, quote(images) + " is no checkpoint, it has no " + kStreamsFile);
  if (!text) return std::unexpected(std::move(text).error());
  TRY_SET(std::vector<std::string> streams, parse_streams(*text), kStreamsFile);
  return streams;
}

// Those that exist already: criu finds a network or pids by a descriptor, which stays open in it; others by their path.
Result<> add_namespaces(const oci::Spec& spec, std::vector<UniqueFd>& open, RestorePlan& plan) {
  for (const oci::Namespace& ns : spec.linux_.namespaces) {
    if (ns.path.empty()) continue;
    if (ns.type != oci::NamespaceType::kNetwork && ns.type != oci::NamespaceType::kPid) {
      plan.joined.push_back(std::string(kind_of(ns.type).proc_name) + ":" + ns.path);
      continue;
    }
    TRY_SET(open.emplace_back(), sys::open_at(sys::kCwd, ns.path.c_str(), O_RDONLY));
    TRY(sys::set_inherited(open.back().borrow()));
    plan.inherited.push_back("fd[" + std::to_string(open.back().borrow().get()) +
                             "]:" + namespace_key(ns.type));
  }
  return {};
}

// What criu's process does before it becomes criu: waits until it is in its control group, which it hands on to the
// container, then mounts what criu is to find.
class Preparation {
 public:
  Preparation(const RestoreRequest& request, const Plan& plan, std::vector<std::string> streams,
              const std::string& dir)
      : request_(request), plan_(plan), streams_(std::move(streams)), dir_(dir) {}

  Result<> open() {
    TRY_SET(gate_, sys::make_pipe());
    return {};
  }
  void let_go() { gate_.write.reset(); }

  Result<std::vector<std::string>> arguments() {
    TRY(wait());
    const oci::Spec& spec = request_.create.spec;
    RestorePlan restore{.options = request_.options,
                        .root = {},
                        .pid_file = dir_ + "/" + kPidName,
                        .leave_stopped = spec.root->readonly,
                        .lsm_profile = request_.lsm_profile,
                        .lsm_context = request_.lsm_context,
                        .external = {},
                        .inherited = inherited_streams(streams_),
                        .joined = {},
                        .cgroup_roots = {}};
    TRY(add_namespaces(spec, open_, restore));
    TRY_SET(const std::string groups, sys::read_file_at(sys::kCwd, "/proc/self/cgroup"));
    restore.cgroup_roots = cgroup_roots(groups);
    TRY_SET(Stage stage,
            set_stage(dir_ + "/" + kStageName, root_path(request_.create), plan_, spec.linux_));
    restore.root = std::move(stage.root);
    restore.external = std::move(stage.external);
    return restore_arguments(restore);
  }

 private:
  Result<> wait() {
    gate_.write.reset();
    std::array<char, 1> byte{};
    TRY(sys::read_some(gate_.read.borrow(), byte));
    return {};
  }

  const RestoreRequest& request_;
  const Plan& plan_;
  std::vector<std::string> streams_;
  std::string dir_;
  sys::Pipe gate_;
  std::vector<UniqueFd> open_;
};

Result<> enter_group(const Saved& container, std::optional<SystemdGroup>& systemd, pid_t criu) {
  if (systemd) TRY(systemd->start(criu));
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  const oci::Linux& spec = container.spec.linux_;
  TRY_SET(const cgroup::Group group,
          cgroup::Group::create(host, spec.cgroups_path, spec.resources.value_or(oci::Resources{}),
                                cgroup::Width::kAll, cgroup::Existing::kTake));
  return group.add(criu);
}

Result<sys::Child> restored_init(const Saved& container) {
  TRY_SET(const std::string text, sys::read_file_at(container.dir.borrow(), kPidName));
  TRY_SET(const pid_t pid, parse_number<pid_t>(trim(text), "criu's process id"));
  TRY_SET(UniqueFd pidfd, sys::open_pidfd(pid));
  (void)sys::unlink_at(container.dir.borrow(), kPidName);
  return sys::Child(pid, std::move(pidfd));
}

// Nothing of the container runs before its root is read-only.
Result<> close_and_continue(const Saved& container, pid_t init) {
  TRY_SET(sys::Child closer, sys::clone_process({}));
  if (!closer.valid()) sys::exit_now(close_root(init) ? 0 : 1);
  TRY_SET(const sys::ExitStatus status, closer.wait());
  if (status.shell_status() != 0)
    return fail(Code::kSystem, "root.readonly: the root cannot be made read-only");
  return kill(container, SIGCONT, true);
}

Result<sys::Child> restore_init(const Criu& criu, const Saved& container, Preparation& preparation,
                                std::optional<SystemdGroup>& systemd, const std::string& log) {
  TRY(preparation.open());
  const CgroupOptions keep;
  TRY_SET(Criu::Run run, criu.start([&] { return preparation.arguments(); }, true));
  TRY(enter_group(container, systemd, run.process().pid()));
  preparation.let_go();
  TRY(run.end(log), "restore " + quote(container.id));
  TRY_SET(sys::Child init, restored_init(container));
  if (container.spec.root->readonly) TRY(close_and_continue(container, init.pid()));
  return init;
}

// Of a restore that failed half-way criu kills its processes itself; not if it was killed.
void clear_group(const Saved& container) {
  if (const auto group = open_group(container); group && !container.shares_group)
    (void)group->kill_all();
  (void)remove_group(container);
}

}  // namespace

Result<Created> restore(const SavedContainers& containers, RestoreRequest request) {
  CreateRequest& create = request.create;
  TRY(check_cgroups_mode(request.options.manage_cgroups));
  TRY(complete(create));
  TRY(check_possible(create.spec));
  TRY_SET(const Plan plan, plan_launch(create.spec));
  TRY_SET(const Criu criu, Criu::find());
  TRY_SET(std::vector<std::string> streams, read_streams(request.options.images));
  if (request.options.work.empty()) request.options.work = request.options.images;
  TRY(sys::make_directories(sys::kCwd, request.options.work, 0700), "--work-path");
  TRY_SET(Begun begun, begin(containers, create));
  auto& [container, systemd] = begun;
  Undo undo;  // ends before what its steps use
  undo.add([&] { (void)containers.remove(container.id); });
  TRY(sys::make_dir_at(container.dir.borrow(), kStageName, 0700));
  undo.add([&] { clear_group(container); });
  Preparation preparation(request, plan, std::move(streams), containers.path() + "/" + create.id);
  TRY_SET(sys::Child init, restore_init(criu, container, preparation, systemd,
                                        request.options.work + "/" + kRestoreLog));
  TRY(note_init(container, init.pid()));
  undo.commit();
  return Created{.container = std::move(container),
                 .running = {.init = std::move(init), .terminal = {}, .cgroup = {}}};
}

}  // namespace planet::runtime
