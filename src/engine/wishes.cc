// What the clients of a container's keeper want of it (engine/clients.h).
#include <cerrno>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "engine/containers.h"
#include "engine/keeping.h"
#include "engine/networks.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

// Processes fork and end meanwhile: until a look finds none that is new.
Result<> move_all(const cgroup::Group& group) {
  constexpr int kLooks = 100;
  std::set<pid_t> moved;
  for (int look = 0; look < kLooks; ++look) {
    TRY_SET(const std::vector<pid_t> processes, group.processes());
    bool any = false;
    for (const pid_t pid : processes) {
      if (!moved.insert(pid).second) continue;
      any = true;
      Result<> added = group.add(pid);
      if (!added && added.error().sys_errno() != ESRCH) return added;
    }
    if (!any) return {};
  }
  return fail(Code::kSystem, "its processes come and go too fast to be frozen; try again");
}

// v1: no container is in the freezer's hierarchy until it is to be frozen.
Result<> freeze(cgroup::Group& group, const std::string& path) {
  Result<> frozen = group.freeze();
  if (frozen || frozen.error().code() != Code::kUnsupported) return frozen;
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(cgroup::Group wide,
          cgroup::Group::create(host, path, {}, cgroup::Width::kAll, cgroup::Existing::kTake));
  TRY(move_all(wide));
  TRY_SET(group, cgroup::Group::open(host, path));
  return group.freeze();
}

// None: it does not run, or is about to end, and is connected at its next start as its record says then.
std::optional<UniqueFd> open_network(const sys::Child* init) {
  if (init == nullptr) return std::nullopt;
  const std::string path = "/proc/" + std::to_string(init->pid()) + "/ns/net";
  auto ns = sys::open_at(sys::kCwd, path.c_str(), O_RDONLY);
  return ns ? std::optional(*std::move(ns)) : std::nullopt;
}

constexpr std::string_view kConnect = "connect ", kDisconnect = "disconnect ";

}  // namespace

Result<> Keeping::answer(std::string_view wish) {
  if (wish == "stop") {
    stopping_ = true;
    return {};
  }
  if (wish == "restart") {
    forced_ = true;  // as soon as it ends
    return {};
  }
  if (wish == "pause" || wish == "unpause") return pause(wish == "pause");
  if (wish == "hold" || wish == "release") return hold(wish == "hold");
  if (wish == "reload") return reload();
  if (wish.starts_with(kConnect)) return connect(wish.substr(kConnect.size()));
  if (wish.starts_with(kDisconnect)) return disconnect(wish.substr(kDisconnect.size()));
  return fail(Code::kInvalidArgument, "unknown wish");
}

Result<> Keeping::reload() {
  TRY_SET(const Record now, read_record(engine_.places, record_.id));
  restarts_.change(now.restart);
  record_.name = now.name;
  return {};
}

// Its record names the network already.
Result<> Keeping::connect(std::string_view network) {
  TRY_SET(Record now, read_record(engine_.places, record_.id));
  const auto wanted = find_attachment(now, network);
  if (wanted == now.attachments.end() ||
      find_attachment(record_, network) != record_.attachments.end())
    return fail(Code::kInternal, "its record says something else");
  const auto ns = open_network(init_);
  record_.attachments.push_back(*wanted);
  Result<> done = ns ? connecting_.join(ns->borrow()) : Result<>();
  if (!done) record_.attachments.pop_back();
  return done;
}

// Its record names the network still. One that is out of it already has nothing to do.
Result<> Keeping::disconnect(std::string_view network) {
  const auto found = find_attachment(record_, network);
  if (found == record_.attachments.end()) return {};
  const auto ns = open_network(init_);
  const auto at = static_cast<std::size_t>(found - record_.attachments.begin());
  Result<> done = ns ? connecting_.leave(at, ns->borrow()) : Result<>();
  record_.attachments.erase(found);
  return done;
}

Result<> Keeping::pause(bool on) {
  if (paused_ == on)
    return fail(Code::kWrongState,
                "container " + record_.name + (on ? " is already paused" : " is not paused"));
  paused_ = on;
  Result<> done = settle_pause();
  if (!done) paused_ = !on;
  return done;
}

Result<> Keeping::hold(bool on) {
  holders_ += on ? 1 : -1;
  Result<> done = settle_pause();
  if (!done && on) --holders_;
  return done;
}

// As it is wanted now.
Result<> Keeping::settle_pause() {
  const bool wanted = paused_ || holders_ > 0;
  if (wanted == state_.paused) return {};
  if (group_ == nullptr) return fail(Code::kWrongState, "it does not run");
  TRY(wanted ? freeze(*group_, record_.cgroup) : group_->thaw());
  state_.paused = wanted;
  if (health_) health_->hold(wanted);
  return write_state(engine_.places, record_.id, state_);
}

}  // namespace planet::engine
