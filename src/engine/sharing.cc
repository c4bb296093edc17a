#include "engine/sharing.h"

#include <linux/magic.h>
#include <linux/sched.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "fs/detached_mount.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/inside.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::engine {
namespace {

constexpr std::string_view kContainer = "container:";
constexpr std::string_view kShareable = "shareable", kNone = "none";

struct Kind {
  oci::NamespaceType type;
  const char* file;  // in /proc/PID/ns
  std::string Sharing::* which;
};
constexpr Kind kKinds[] = {{oci::NamespaceType::kPid, "pid", &Sharing::pid},
                           {oci::NamespaceType::kIpc, "ipc", &Sharing::ipc},
                           {oci::NamespaceType::kUts, "uts", &Sharing::uts},
                           {oci::NamespaceType::kNetwork, "net", &Sharing::network}};

std::string other_of(std::string_view sharing) {
  return std::string(sharing.substr(kContainer.size()));
}

// The other container's, of the very process that is its init: the number may mean another one a moment later.
Result<UniqueFd> open_namespace(const Container& other, const char* file) {
  TRY_SET(const UniqueFd init, open_init(other));
  const std::string path = "/proc/" + std::to_string(other.state->pid) + "/ns/" + file;
  auto ns = sys::open_at(sys::kCwd, path.c_str(), O_RDONLY);
  pollfd ended{.fd = init.borrow().get(), .events = POLLIN, .revents = 0};
  TRY_SET(const int over, sys::wait_ready(std::span(&ended, 1), 0));
  if (over > 0)
    return fail(Code::kWrongState, "container " + other.record.name + " has just ended");
  return ns;
}

Result<> pin(const Container& other, const Kind& kind, oci::Spec& spec,
             std::vector<UniqueFd>& pinned) {
  TRY_SET(UniqueFd ns, open_namespace(other, kind.file));
  const auto found = std::ranges::find(spec.linux_.namespaces, kind.type, &oci::Namespace::type);
  if (found == spec.linux_.namespaces.end())
    return fail(Code::kCorrupt, std::string("config.json has no namespace ") + kind.file);
  found->path = "/proc/self/fd/" + std::to_string(ns.borrow().get());
  pinned.push_back(std::move(ns));
  return {};
}

// What is mounted on /dev/shm there. The container may have put anything in its place.
Result<UniqueFd> clone_memory() {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  const fs::Root root(std::move(top));
  TRY_SET(const UniqueFd memory, root.open_no_follow("dev/shm", O_PATH | O_DIRECTORY));
  TRY_SET(const std::int64_t type, sys::file_system_type(memory.borrow()));
  if (type != TMPFS_MAGIC)
    return fail(Code::kInvalidArgument, "what is on its /dev/shm is no memory file system");
  TRY_SET(UniqueFd mount, sys::open_tree_clone(memory.borrow(), "", false));
  fs::DetachedMount copy(std::move(mount));
  TRY(copy.set_private());
  return std::move(copy).take();
}

Result<> check_shareable(const Container& other) {
  const std::string& ipc = other.record.shared.ipc;
  if (ipc == kShareable || ipc == "host" || shares_with_container(ipc)) return {};
  return fail(Code::kInvalidArgument, "container " + other.record.name +
                                          " keeps its IPC namespace to itself: make it with --ipc "
                                          "shareable");
}

}  // namespace

bool shares_with_host(std::string_view sharing) {
  return sharing == "host";
}

bool shares_with_container(std::string_view sharing) {
  return sharing.starts_with(kContainer);
}

Result<std::string> parse_sharing(std::string_view flag, std::string_view text) {
  const bool network = flag == "--network";
  const bool ipc = flag == "--ipc";
  if (ipc && text == "private") return std::string();
  if (ipc && (text == kShareable || text == kNone)) return std::string(text);
  if (text == "host" && !network) return std::string(text);
  if (shares_with_container(text) && text.size() > kContainer.size()) return std::string(text);
  const char* expected =
      ipc ? "private, shareable, none, host or container:NAME" : "host or container:NAME";
  if (network)
    return fail(Code::kUnsupported,
                std::string(flag) + " " + quote(text) +
                    ": this version has none (with loopback), host and container:NAME");
  return fail(Code::kInvalidArgument,
              std::string(flag) + " " + quote(text) + ": expected " + expected);
}

Result<std::optional<SharedRange>> settle_sharing(const Places& places, Sharing& sharing,
                                                  bool private_users) {
  std::optional<SharedRange> shared;
  for (const Kind& kind : kKinds) {
    std::string& text = sharing.*kind.which;
    if (!shares_with_container(text)) continue;
    TRY_SET(const std::string id, find_container(places, other_of(text)));
    TRY_SET(const Container other, look_at(places, id));
    TRY(check_whole(other));
    if (kind.which == &Sharing::ipc) TRY(check_shareable(other));
    text = std::string(kContainer) + id;
    if (!private_users) continue;
    if (!other.record.range || !other.record.private_users)
      return fail(Code::kInvalidArgument, "container " + other.record.name +
                                              " has the host's users, and so must one that shares "
                                              "its namespaces: give --userns host");
    if (shared && shared->range != *other.record.range)
      return fail(Code::kInvalidArgument,
                  "the containers whose namespaces are to be shared have different users; share "
                  "with one, or give --userns host");
    shared = SharedRange{.range = *other.record.range, .owner = id};
  }
  return shared;
}

Result<std::vector<UniqueFd>> pin_shared(const Places& places, const Record& record,
                                         oci::Spec& spec) {
  std::vector<UniqueFd> pinned;
  bool has_users = false;
  for (const Kind& kind : kKinds) {
    const std::string& text = record.shared.*kind.which;
    if (!shares_with_container(text)) continue;
    const auto other = look_at(places, other_of(text));
    if (!other)
      return fail(Code::kNotFound, "container " + text.substr(kContainer.size(), kShortId) +
                                       ", whose namespace (" + kind.file +
                                       ") it shares, has been removed");
    TRY(pin(*other, kind, spec, pinned), std::string("share its namespace (") + kind.file + ")");
    if (!record.private_users || std::exchange(has_users, true)) continue;
    constexpr Kind kUsers{oci::NamespaceType::kUser, "user", nullptr};
    TRY(pin(*other, kUsers, spec, pinned), "share its users");
  }
  return pinned;
}

Result<std::optional<UniqueFd>> clone_shared_memory(const Places& places, const Record& record,
                                                    const oci::Spec& spec) {
  const std::string& ipc = record.shared.ipc;
  const auto wish = std::ranges::find(spec.mounts, kSharedMemory, &oci::Mount::destination);
  if (!shares_with_container(ipc) || wish == spec.mounts.end() ||
      !shares_with_container(wish->source))
    return std::nullopt;
  const std::string doing = "share its /dev/shm";
  TRY_SET(const Container other, look_at(places, other_of(ipc)), doing);
  TRY_SET(const UniqueFd mounts, open_namespace(other, "mnt"), doing);
  TRY_SET(UniqueFd memory, sys::make_inside(mounts.borrow(), CLONE_NEWNS, clone_memory), doing);
  return memory;
}

}  // namespace planet::engine
