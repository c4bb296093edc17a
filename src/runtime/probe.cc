#include "runtime/probe.h"

#include <linux/sched.h>

#include "fs/detached_mount.h"
#include "runtime/namespaces.h"
#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

// Any range does: the namespace is gone again before anything has one of its ids.
constexpr std::uint32_t kProbeBase = 2147418112;
constexpr std::uint32_t kProbeSize = 65536;

}  // namespace

Result<> probe_id_maps(const std::string& path) {
  TRY_SET(sys::Pipe gate, sys::make_pipe());
  TRY_SET(sys::Child child, sys::clone_process({.flags = CLONE_NEWUSER, .cgroup = std::nullopt}));
  if (!child.valid()) {
    gate.write.reset();
    char byte = 0;
    (void)sys::read_some(gate.read.borrow(), std::span(&byte, 1));  // until the parent has looked
    sys::exit_now(0);
  }
  oci::Linux map;
  map.uid_mappings = {{.container_id = 0, .host_id = kProbeBase, .size = kProbeSize}};
  map.gid_mappings = map.uid_mappings;
  TRY(write_id_maps(child.pid(), map));
  TRY_SET(const UniqueFd user_ns, open_user_namespace(child.pid()));
  TRY_SET(fs::DetachedMount mount, fs::DetachedMount::clone(sys::kCwd, path.c_str(), false));
  return mount.set_id_map(user_ns.borrow(), false);
}

}  // namespace planet::runtime
