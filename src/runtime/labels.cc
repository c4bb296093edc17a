#include "runtime/labels.h"

#include <linux/magic.h>
#include <linux/openat2.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

constexpr const char* kProfileField = "process.apparmorProfile";
constexpr const char* kLabelField = "process.selinuxLabel";
constexpr const char* kMountField = "linux.mountLabel";
constexpr const char* kUnconfined = "unconfined";

Result<> check_name(const char* field, const std::string& name) {
  const bool plain =
      std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (plain) return {};
  return fail(Code::kInvalidArgument,
              std::string(field) + " is " + quote(name) + ", expected a name on one line");
}

Result<> check_selinux(const char* field, const std::string& label,
                       const SecurityModules& modules) {
  TRY(check_name(field, label));
  if (modules.selinux) return {};
  return fail(Code::kUnsupported,
              std::string(field) + " is " + quote(label) +
                  ", but SELinux is not enabled in this kernel; leave it out, " +
                  "or boot with selinux=1 security=selinux");
}

Result<> check_apparmor(const std::string& profile, const SecurityModules& modules) {
  TRY(check_name(kProfileField, profile));
  if (modules.apparmor || profile == kUnconfined) return {};
  return fail(
      Code::kUnsupported,
      std::string(kProfileField) + " is " + quote(profile) +
          ", but AppArmor is not enabled in this kernel; use \"unconfined\", or boot with " +
          "apparmor=1 security=apparmor");
}

// The root of a proc file system: neither another one nor a directory of it.
Result<UniqueFd> open_proc() {
  constexpr ino_t kProcRoot = 1;  // PROC_ROOT_INO
  TRY_SET(UniqueFd proc, sys::open_at(sys::kCwd, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY_SET(const std::int64_t type, sys::file_system_type(proc.borrow()));
  TRY_SET(const struct stat st, sys::stat_fd(proc.borrow()));
  if (type == PROC_SUPER_MAGIC && st.st_ino == kProcRoot) return proc;
  return fail(Code::kCorrupt,
              "/proc is not a proc file system, and labels are written there; mount one");
}

// "apparmor/exec" exists since Linux 5.8, and mount_setattr, without which there is no container, since 5.12.
Result<UniqueFd> open_attribute(BorrowedFd proc, const std::string& self, const std::string& file) {
  const std::string path = self + "/attr/" + file;
  return sys::open_at2(proc, path.c_str(), O_WRONLY, 0,
                       RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
}

std::unexpected<Error> unknown_label(const std::string& what) {
  return fail(Code::kInvalidArgument, what + ": the policy of SELinux has no such label");
}

// Asks the policy, where it can be asked: of a mount that fails nobody would know why.
Result<> check_known(const std::string& mount_label) {
  if (mount_label.empty()) return {};
  const auto judge = sys::open_at(sys::kCwd, "/sys/fs/selinux/context", O_RDWR);
  if (!judge) return {};
  const Result<> known = sys::write_all(judge->borrow(), mount_label);
  if (known || known.error().sys_errno() != EINVAL) return {};
  return unknown_label(std::string(kMountField) + " " + quote(mount_label));
}

std::unexpected<Error> refused(const PlannedLabel& label, Error error) {
  const std::string what = label.field + " " + quote(label.name);
  if (label.field == kProfileField && error.sys_errno() == ENOENT)
    return fail(Code::kNotFound,
                what + ": AppArmor has no such profile; load it with apparmor_parser");
  if (label.field == kLabelField && error.sys_errno() == EINVAL) return unknown_label(what);
  return std::unexpected(std::move(error).while_doing(what));
}

}  // namespace

SecurityModules security_modules() {
  const auto apparmor = sys::read_file_at(sys::kCwd, "/sys/module/apparmor/parameters/enabled");
  const auto file_systems = sys::read_file_at(sys::kCwd, "/proc/filesystems");
  return {.apparmor = apparmor && apparmor->starts_with('Y'),
          .selinux = file_systems && file_systems->find("\tselinuxfs\n") != std::string::npos};
}

Result<std::vector<PlannedLabel>> plan_labels(const oci::Process& process,
                                              const SecurityModules& modules) {
  std::vector<PlannedLabel> labels;
  if (const std::string& profile = process.apparmor_profile; !profile.empty()) {
    TRY(check_apparmor(profile, modules));
    if (modules.apparmor)
      labels.push_back({.field = kProfileField,
                        .file = "apparmor/exec",
                        .name = profile,
                        .text = "exec " + profile});
  }
  if (const std::string& label = process.selinux_label; !label.empty()) {
    TRY(check_selinux(kLabelField, label, modules));
    labels.push_back({.field = kLabelField, .file = "exec", .name = label, .text = label});
  }
  return labels;
}

Result<> check_mount_label(const std::string& label, const SecurityModules& modules) {
  return label.empty() ? Result<>() : check_selinux(kMountField, label, modules);
}

Result<Labels> Labels::plan(const oci::Process& process, const std::string& mount_label) {
  Labels labels;
  if (process.apparmor_profile.empty() && process.selinux_label.empty() && mount_label.empty())
    return labels;
  const SecurityModules modules = security_modules();
  TRY(check_mount_label(mount_label, modules));
  TRY(check_known(mount_label));
  TRY_SET(labels.labels_, plan_labels(process, modules));
  if (labels.labels_.empty()) return labels;
  TRY_SET(labels.proc_, open_proc());
  return labels;
}

Result<OwnLabels> Labels::open_own() && {
  OwnLabels own;
  if (labels_.empty()) return own;
  const UniqueFd proc = std::move(proc_);
  // The number that the caller's /proc has for us, which is not the one that we have inside.
  TRY_SET(const std::string self, sys::read_link_at(proc.borrow(), "self"));
  TRY(parse_number<pid_t>(self, "/proc/self"));
  for (PlannedLabel& label : labels_) {
    TRY_SET(UniqueFd file, open_attribute(proc.borrow(), self, label.file), label.field);
    own.open_.push_back({.label = std::move(label), .file = std::move(file)});
  }
  return own;
}

Result<> OwnLabels::take() const {
  for (const Open& open : open_)
    if (Result<> written = sys::write_all(open.file.borrow(), open.label.text); !written)
      return refused(open.label, std::move(written).error());
  return {};
}

}  // namespace planet::runtime
