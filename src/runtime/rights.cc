#include "runtime/rights.h"

#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {

Result<Rights> own_rights() {
  if (sys::own_user() != 0) return Rights::kUser;
  TRY_SET(const struct stat own, sys::stat_at(sys::kCwd, "/proc/self/ns/user"));
  constexpr ino_t kInitial = 0xEFFFFFFD;  // PROC_USER_INIT_INO, the same on every kernel
  return own.st_ino == kInitial ? Rights::kHost : Rights::kNamespace;
}

Result<> check_rights(const oci::Spec& spec, Rights rights) {
  if (rights != Rights::kUser) return {};
  if (oci::find_namespace(spec.linux_, oci::NamespaceType::kUser) == nullptr)
    return fail(Code::kPermission,
                "linux.namespaces has no \"user\", without which only root can make a container; "
                "add it with linux.uidMappings and gidMappings (planet-runtime spec --rootless "
                "shows how), or run this as root");
  const oci::Namespace* time = oci::find_namespace(spec.linux_, oci::NamespaceType::kTime);
  if (time != nullptr && time->path.empty())
    return fail(Code::kUnsupported,
                "linux.namespaces: only root can make a \"time\" namespace; leave it out");
  return {};
}

}  // namespace planet::runtime
