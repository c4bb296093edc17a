#include "runtime/probe.h"

#include "fs/detached_mount.h"
#include "runtime/namespaces.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

// Any range does: the namespace is gone again before anything has one of its ids.
constexpr std::uint32_t kProbeBase = 2147418112;
constexpr std::uint32_t kProbeSize = 65536;

}  // namespace

Result<> probe_id_maps(const std::string& path) {
  const std::vector<oci::IdMapping> map = {
      {.container_id = 0, .host_id = kProbeBase, .size = kProbeSize}};
  TRY_SET(const UniqueFd user_ns, make_user_namespace(map, map));
  TRY_SET(fs::DetachedMount mount, fs::DetachedMount::clone(sys::kCwd, path.c_str(), false));
  return mount.set_id_map(user_ns.borrow(), false);
}

}  // namespace planet::runtime
