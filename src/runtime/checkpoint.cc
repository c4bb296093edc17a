#include "runtime/checkpoint.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.h"
#include "fs/mount_options.h"
#include "fs/root.h"
#include "runtime/criu.h"
#include "runtime/criu_mounts.h"
#include "runtime/life.h"
#include "runtime/plan.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

std::string in_proc(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

std::string hex(std::uint64_t number) {
  std::array<char, 2 * sizeof number> text{};
  const auto end = std::to_chars(text.begin(), text.end(), number, 16).ptr;
  return {text.begin(), end};
}

// proc(5), /proc/PID/fdinfo: in which mount a descriptor's file is.
Result<unsigned> mount_of(const std::string& fdinfo) {
  constexpr std::string_view kField = "mnt_id:";
  TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, fdinfo.c_str()));
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(kField))
      return parse_number<unsigned>(trim(line.substr(kField.size())), "mnt_id");
  return fail(Code::kCorrupt, fdinfo + " has no mnt_id");
}

// The places where the container's binds are, each with its destination as the key. Links on the way to them are
// followed as they were when they were made.
Result<std::vector<std::string>> external_binds(const Saved& container,
                                                const std::vector<MountLine>& mounts) {
  TRY_SET(UniqueFd top,
          sys::open_at(sys::kCwd, in_proc(container.init, "root").c_str(), O_PATH | O_DIRECTORY));
  const fs::Root root(std::move(top));
  std::vector<std::string> external;
  TRY_SET(const Plan plan, plan_launch(container.spec));
  for (const PlannedMount& mount : plan.mounts) {
    if (mount.maker != Maker::kParentBind) continue;
    const auto there = root.open(mount.destination, O_PATH);
    if (!there) continue;  // unmounted since
    TRY_SET(const unsigned id,
            mount_of("/proc/self/fdinfo/" + std::to_string(there->borrow().get())));
    const auto line = std::ranges::find(mounts, id, &MountLine::id);
    if (line != mounts.end() && line->place != "/")
      external.push_back("mnt[" + line->place + "]:" + mount.destination);
  }
  return external;
}

bool is_terminal_device(const struct stat& st) {
  constexpr unsigned kTty = 4, kTtyAux = 5, kFirstPts = 136, kLastPts = 143;
  const unsigned number = major(st.st_rdev);
  return S_ISCHR(st.st_mode) &&
         (number == kTty || number == kTtyAux || (number >= kFirstPts && number <= kLastPts));
}

// A file that is in none of the container's mounts, such as the caller's /dev/null, in criu's words; else nothing.
Result<std::string> outside_file(pid_t init, const std::string& number,
                                 const std::vector<MountLine>& mounts) {
  const std::string path = in_proc(init, "fd/" + number);
  TRY_SET(const struct stat st, sys::stat_at(sys::kCwd, path.c_str()));
  if ((!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) || is_terminal_device(st)) return "";
  TRY_SET(const unsigned id, mount_of(in_proc(init, "fdinfo/" + number)));
  if (std::ranges::find(mounts, id, &MountLine::id) != mounts.end()) return "";
  return "file[" + hex(id) + ":" + hex(st.st_ino) + "]";
}

// What init's descriptors 0, 1 and 2 are. A pipe counts as the caller's only if it is the one that init was given: one
// between the container's own processes is saved with them.
Result<std::vector<std::string>> streams_of(const Saved& container,
                                            const std::vector<MountLine>& mounts) {
  std::vector<std::string> streams;
  for (const std::string number : {"0", "1", "2"}) {
    const std::size_t i = streams.size();
    const bool given_pipe =
        i < container.streams.size() && container.streams[i].starts_with("pipe:[");
    const auto link = sys::read_link_at(sys::kCwd, in_proc(container.init, "fd/" + number).c_str());
    std::string stream = given_pipe ? container.streams[i] : link.value_or("");
    if (!given_pipe && link) {
      TRY_SET(const std::string file, outside_file(container.init, number, mounts));
      if (!file.empty()) stream = file;
    }
    if (!given_pipe && stream.starts_with("pipe:[")) stream.clear();
    streams.push_back(std::move(stream));
  }
  return streams;
}

// Namespaces that were there before the container: criu saves their names alone. Of other kinds it saves what they are.
Result<> add_namespaces(const oci::Spec& spec, std::vector<std::string>& external) {
  for (const oci::Namespace& ns : spec.linux_.namespaces) {
    if (ns.path.empty()) continue;
    if (ns.type != oci::NamespaceType::kNetwork && ns.type != oci::NamespaceType::kPid) continue;
    TRY_SET(const struct stat st, sys::stat_at(sys::kCwd, ns.path.c_str()));
    external.push_back(std::string(kind_of(ns.type).proc_name) + "[" + std::to_string(st.st_ino) +
                       "]:" + namespace_key(ns.type));
  }
  return {};
}

// The directory that freezes it: all of its processes stop at once, also those that were brought in by exec.
std::string freezer_of(const Saved& container) {
  const std::string& path = container.spec.linux_.cgroups_path;
  for (const char* hierarchy : {"/sys/fs/cgroup", "/sys/fs/cgroup/freezer"}) {
    const std::string group = hierarchy + path;
    for (const char* file : {"/cgroup.freeze", "/freezer.state"})
      if (sys::exists_at(sys::kCwd, (group + file).c_str())) return group;
  }
  return "";
}

Result<> check_state(const Saved& container) {
  const oci::Status status = full_status(container);
  if (status != oci::Status::kRunning && status != oci::Status::kPaused)
    return fail(Code::kWrongState, "cannot checkpoint container " + quote(container.id) +
                                       ", which is " + std::string(oci::status_name(status)));
  if (container.spec.process && container.spec.process->terminal)
    return fail(Code::kUnsupported,
                "container " + quote(container.id) +
                    " has a terminal (process.terminal), which cannot be checkpointed; it runs on");
  // criu makes such a container's processes with their own users' rights, which its files are out of reach for.
  if (oci::find_namespace(container.spec.linux_, oci::NamespaceType::kUser) != nullptr)
    return fail(Code::kUnsupported, "container " + quote(container.id) +
                                        " has private users (linux.namespaces), and could not be "
                                        "restored; it runs on");
  return {};
}

Result<DumpPlan> plan_dump(const Saved& container, const CheckpointRequest& request,
                           const std::vector<MountLine>& mounts,
                           const std::vector<std::string>& streams) {
  DumpPlan plan{.options = request.options,
                .init = container.init,
                .leave_running = request.leave_running,
                .pre_dump = request.pre_dump,
                .parent = request.parent,
                .freezer = freezer_of(container),
                .external = {}};
  if (request.pre_dump) return plan;
  TRY_SET(plan.external, external_binds(container, mounts));
  for (std::string& mask : external_masks(container.spec.linux_, mounts))
    plan.external.push_back(std::move(mask));
  for (const std::string& stream : streams)
    if (stream.starts_with("file[")) plan.external.push_back(stream);
  TRY(add_namespaces(container.spec, plan.external));
  return plan;
}

}  // namespace

Result<> checkpoint(const SavedContainers& containers, const Saved& container,
                    CheckpointRequest request) {
  TRY(check_state(container));
  TRY(check_cgroups_mode(request.options.manage_cgroups));
  TRY_SET(const Criu criu, Criu::find());
  TRY_SET(const std::string mount_text,
          sys::read_file_at(sys::kCwd, in_proc(container.init, "mountinfo").c_str()));
  const std::vector<MountLine> mounts = parse_mountinfo(mount_text);
  TRY_SET(const std::vector<std::string> streams, streams_of(container, mounts));
  CriuOptions& options = request.options;
  if (options.work.empty()) options.work = options.images;
  TRY_SET(const UniqueFd images, sys::make_directories(sys::kCwd, options.images, 0700),
          "--image-path");
  if (!request.parent.empty() && !sys::stat_at(images.borrow(), request.parent.c_str()))
    return fail(Code::kNotFound, "--parent-path " + quote(request.parent) +
                                     ": there is nothing, seen from --image-path");
  TRY(sys::make_directories(sys::kCwd, options.work, 0700), "--work-path");
  if (!request.pre_dump)
    TRY(sys::replace_file_at(images.borrow(), kStreamsFile, write_streams(streams), 0600));
  TRY_SET(const DumpPlan plan, plan_dump(container, request, mounts, streams));
  const CgroupOptions keep;
  TRY_SET(Criu::Run run,
          criu.start([&]() -> Result<std::vector<std::string>> { return dump_arguments(plan); },
                     false));
  TRY(run.end(options.work + "/" + kDumpLog), "checkpoint " + quote(container.id));
  if (request.leave_running || request.pre_dump) return {};
  TRY(wait_for_end(container));
  return remove(containers, container, false);
}

}  // namespace planet::runtime
