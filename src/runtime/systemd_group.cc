#include "runtime/systemd_group.h"

#include <iterator>

#include "cgroup/host.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

using cgroup::Systemd;

Result<std::vector<cgroup::Property>> limits_here(const oci::Resources& resources) {
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  return cgroup::limits_of(host.layout(), resources);
}

// Root's groups are the system's, an ordinary user's those of its own manager.
Systemd::Whose whose() {
  return sys::own_user() == 0 ? Systemd::Whose::kSystem : Systemd::Whose::kUser;
}

}  // namespace

Result<SystemdGroup> SystemdGroup::plan(oci::Spec& spec, const std::string& id) {
  TRY_SET(cgroup::Scope scope,
          cgroup::parse_scope(spec.linux_.cgroups_path, id,
                              whose() == Systemd::Whose::kSystem ? "system.slice" : "user.slice"));
  TRY_SET(std::vector<cgroup::Property> properties, cgroup::annotated(spec.annotations));
  TRY_SET(std::vector<cgroup::Property> limits,
          limits_here(spec.linux_.resources.value_or(oci::Resources{})));
  properties.insert(properties.end(), std::make_move_iterator(limits.begin()),
                    std::make_move_iterator(limits.end()));
  TRY_SET(Systemd systemd, Systemd::connect(whose()));
  TRY_SET(const std::string root, systemd.root_group());
  TRY_SET(const std::string slice, cgroup::slice_path(scope.slice));
  spec.linux_.cgroups_path = root + slice + "/" + scope.unit;
  return SystemdGroup(std::move(systemd), std::move(scope), std::move(properties));
}

Result<> SystemdGroup::start(pid_t init) {
  return systemd_.start(scope_, init, properties_);
}

Result<> update_unit(const std::string& unit, const oci::Resources& resources) {
  TRY_SET(const std::vector<cgroup::Property> limits, limits_here(resources));
  if (limits.empty()) return {};
  TRY_SET(Systemd systemd, Systemd::connect(whose()));
  return systemd.set(unit, limits);
}

Result<> stop_unit(const std::string& unit) {
  TRY_SET(Systemd systemd, Systemd::connect(whose()));
  return systemd.stop(unit);
}

}  // namespace planet::runtime
