#include "runtime/joins.h"

#include <linux/sched.h>

#include <algorithm>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

Result<bool> is_ours(const char* name, BorrowedFd file) {
  TRY_SET(const struct stat theirs, sys::stat_fd(file));
  TRY_SET(const UniqueFd own,
          sys::open_at(sys::kCwd, (std::string("/proc/self/ns/") + name).c_str(), O_RDONLY));
  TRY_SET(const struct stat ours, sys::stat_fd(own.borrow()));
  return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

Result<Join> open_join(const JoinedNamespace& joined) {
  const NamespaceKind& kind = joined.kind;
  const auto where = [&] { return std::string("linux.namespaces: ") + kind.name; };
  TRY_SET(UniqueFd file, sys::open_at(sys::kCwd, joined.path.c_str(), O_RDONLY), where());
  const auto flag = sys::namespace_type(file.borrow());
  if (!flag || *flag != kind.flag)
    return fail(Code::kInvalidArgument,
                where() + ": " + quote(joined.path) + " is not a namespace of this type");
  TRY_SET(const bool ours, is_ours(kind.proc_name, file.borrow()));
  return Join{.kind = kind, .file = std::move(file), .ours = ours};
}

std::string offsets_text(const oci::Linux& spec) {
  std::string text;
  for (const auto& [clock, offset] : spec.time_offsets)
    text +=
        clock + " " + std::to_string(offset.secs) + " " + std::to_string(offset.nanosecs) + "\n";
  return text;
}

Result<> make_time_namespace(const oci::Linux& spec) {
  TRY(sys::unshare(CLONE_NEWTIME), "create the time namespace");
  if (spec.time_offsets.empty()) return {};
  return sys::write_at(sys::kCwd, "/proc/self/timens_offsets", offsets_text(spec));
}

Result<> enter(const Join& join) {
  return sys::set_ns(join.file.borrow(), static_cast<int>(join.kind.flag));
}

}  // namespace

Result<std::vector<Join>> open_joins(const Plan& plan) {
  std::vector<Join> joins;
  for (const JoinedNamespace& joined : plan.joined) {
    TRY_SET(Join join, open_join(joined));
    joins.push_back(std::move(join));
  }
  return joins;
}

std::uint64_t separate_flags(const Plan& plan, const std::vector<Join>& joins) {
  std::uint64_t flags = plan.clone_flags | plan.unshare_flags;
  for (const Join& join : joins)
    if (!join.ours) flags |= join.kind.flag;
  return flags;
}

bool needs_helper(const Plan& plan, const std::vector<Join>& joins) {
  return plan.new_time || std::ranges::any_of(joins, [](const Join& join) { return !join.ours; });
}

bool gives_up_cgroups(const std::vector<Join>& joins) {
  return std::ranges::any_of(joins, [](const Join& join) {
    return (join.kind.flag & (CLONE_NEWUSER | CLONE_NEWCGROUP)) != 0 && !join.ours;
  });
}

Result<> join_all(const Plan& plan, const std::vector<Join>& joins, const oci::Linux& spec) {
  if (plan.new_time) TRY(make_time_namespace(spec));
  std::vector<const Join*> later;
  const Join* user = nullptr;
  const Join* mount = nullptr;
  for (const Join& join : joins) {
    if (join.ours) continue;
    if (join.kind.flag == CLONE_NEWUSER)
      user = &join;
    else if (join.kind.flag == CLONE_NEWNS)
      mount = &join;
    else if (!enter(join))
      later.push_back(&join);
  }
  if (user != nullptr) TRY(enter(*user), "join the user namespace");
  // The mount namespace last: it takes the host's /proc away.
  if (mount != nullptr) later.push_back(mount);
  for (const Join* join : later)
    TRY(enter(*join), std::string("join the ") + join->kind.name + " namespace");
  return {};
}

}  // namespace planet::runtime
