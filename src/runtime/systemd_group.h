// A container whose control group systemd makes: a transient scope around init (`--systemd-cgroup`).
//
// systemd knows of the limits that it has names for, because it writes them again whenever it likes. All limits are written
// by us, too, and in hierarchies that it leaves alone (v1) the group is ours.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "cgroup/scope.h"
#include "cgroup/systemd.h"
#include "oci/spec.h"

namespace planet::runtime {

class SystemdGroup {
 public:
  // Chooses the unit that linux.cgroupsPath names ("SLICE:PREFIX:NAME"); the path becomes that of its control group.
  // Errors: kNotFound - no systemd answers; kInvalidArgument - the path, a limit or an annotation.
  static Result<SystemdGroup> plan(oci::Spec& spec, const std::string& id);

  const std::string& unit() const { return scope_.unit; }

  // Makes the unit with `init` in it.
  // Errors: as cgroup::Systemd::start.
  Result<> start(pid_t init);

 private:
  SystemdGroup(cgroup::Systemd systemd, cgroup::Scope scope,
               std::vector<cgroup::Property> properties)
      : systemd_(std::move(systemd)),
        scope_(std::move(scope)),
        properties_(std::move(properties)) {}
  cgroup::Systemd systemd_;
  cgroup::Scope scope_;
  std::vector<cgroup::Property> properties_;
};

// Tells systemd of new limits of `unit`.
Result<> update_unit(const std::string& unit, const oci::Resources& resources);

// Stops the unit; one that is gone, as after the last of its processes, is no error.
Result<> stop_unit(const std::string& unit);

}  // namespace planet::runtime
