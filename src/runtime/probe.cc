#include "runtime/probe.h"

#include "fs/overlay.h"
#include "runtime/namespaces.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

// Any range does: the namespace is gone again before anything has one of its ids.
constexpr std::uint32_t kProbeBase = 2147418112;
constexpr std::uint32_t kProbeSize = 65536;

}  // namespace

Result<> probe_private_users(const std::string& dir) {
  for (const char* part : {"/lower", "/upper", "/work"}) {
    const std::string path = dir + part;
    TRY(sys::make_dir_at(sys::kCwd, path.c_str(), 0755));
    TRY_SET(const UniqueFd made, sys::open_at(sys::kCwd, path.c_str(), O_RDONLY | O_DIRECTORY));
    if (std::string_view(part) != "/lower")
      TRY(sys::change_owner(made.borrow(), kProbeBase, kProbeBase));
  }
  const std::vector<oci::IdMapping> map = {
      {.container_id = 0, .host_id = kProbeBase, .size = kProbeSize}};
  TRY_SET(const UniqueFd user_ns, make_user_namespace(map, map));
  TRY(fs::make_overlay({.layers = {dir + "/lower"}, .upper = dir + "/upper", .work = dir + "/work"},
                       user_ns.borrow()));
  return {};
}

}  // namespace planet::runtime
