// Labels: what AppArmor and SELinux are to hold a container's command to. They are written just before the command is
// executed, and the kernel puts them into force at that execve.
//
// Where they are written decides whether they are in force at all: a container's /proc may be anything, and a label that
// goes to an ordinary file, or into another file of /proc, is lost without a word (CVE-2019-16884, CVE-2025-52881). So it
// is the caller's own /proc, opened before there is a container, and a path in it with neither links nor mounts.
//
// Source: OCI runtime-spec config.md#linux-process, config-linux.md#mount-label; kernel
// Documentation/admin-guide/LSM/index.rst (/proc/PID/attr), apparmor.rst; fs/proc/base.c, proc_pid_attr_write.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace planet::runtime {

// Which of them this kernel has, switched on.
struct SecurityModules {
  bool apparmor = false, selinux = false;
};
SecurityModules security_modules();

// One label and where it goes.
struct PlannedLabel {
  std::string field;  // "process.apparmorProfile"
  std::string file;   // below /proc/PID/attr
  std::string name;   // as it was asked for
  std::string text;   // as it is written
  bool operator==(const PlannedLabel&) const = default;
};

// Pure. Nothing for a process that asks for none, nor for "unconfined" where there is no AppArmor.
// Errors: kUnsupported - one is asked for and its module is not there; kInvalidArgument - it cannot be a name.
Result<std::vector<PlannedLabel>> plan_labels(const oci::Process& process,
                                              const SecurityModules& modules);

// linux.mountLabel; the same errors.
Result<> check_mount_label(const std::string& label, const SecurityModules& modules);

// The files that take one's own labels, open. They are the process's that has opened them, and no other's.
class OwnLabels {
 public:
  // Errors: kNotFound - AppArmor has no such profile; kInvalidArgument - SELinux has no such label; kPermission.
  Result<> take() const;
  bool any() const { return !open_.empty(); }

 private:
  friend class Labels;
  struct Open {
    PlannedLabel label;
    UniqueFd file;
  };
  std::vector<Open> open_;
};

// What the caller knows of them, before the process exists.
class Labels {
 public:
  // Looks at the kernel and at /proc only if a label is asked for.
  // Errors: as plan_labels, check_mount_label; kInvalidArgument - SELinux has no such label for mounts; kCorrupt - /proc is no proc file system.
  static Result<Labels> plan(const oci::Process& process, const std::string& mount_label);

  // In the process that is to be labelled. Nothing of the caller's /proc stays open.
  Result<OwnLabels> open_own() &&;

 private:
  std::vector<PlannedLabel> labels_;
  UniqueFd proc_;
};

}  // namespace planet::runtime
