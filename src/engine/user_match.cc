#include "engine/user_match.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "engine/reserve.h"
#include "engine/spec_plan.h"
#include "fs/overlay.h"
#include "fs/root.h"
#include "security/users.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

// Where the container's ids begin on the host, and how many there are.
struct Ids {
  std::uint32_t base, count;
};

Ids ids_of_container(const Record& record) {
  if (!record.range) return {.base = 0, .count = std::numeric_limits<std::uint32_t>::max()};
  return {.base = range_base(*record.range), .count = kIdsPerContainer};
}

Result<fs::Root> look_into(const image::Image& image, const Record& record) {
  if (!record.rootfs.empty()) {
    TRY_SET(UniqueFd dir, sys::open_at(sys::kCwd, record.rootfs.c_str(), O_PATH | O_DIRECTORY));
    return fs::Root(std::move(dir));
  }
  TRY_SET(const fs::DetachedMount merged, fs::make_overlay({.layers = image.layers}, std::nullopt));
  TRY_SET(UniqueFd dir, sys::duplicate(merged.root()));
  return fs::Root(std::move(dir));
}

Result<std::string> read_if_there(const fs::Root& root, const char* path) {
  constexpr std::size_t kMost = 8U << 20;
  auto text = root.read_regular(path, kMost);
  if (!text && text.error().code() == Code::kNotFound) return std::string();
  return text;
}

Result<security::ResolvedUser> find_user(const image::Image& image, const std::string& user,
                                         const Record& record) {
  // Root, and what is said in numbers, is the same in every image.
  const bool whole = user.empty() || user.contains(':');
  if (auto known = security::resolve_user(user, "", ""); known && whole) return known;
  TRY_SET(const fs::Root root, look_into(image, record));
  TRY_SET(const std::string passwd, read_if_there(root, "/etc/passwd"));
  TRY_SET(const std::string group, read_if_there(root, "/etc/group"));
  return security::resolve_user(user, passwd, group);
}

}  // namespace

std::vector<oci::IdMapping> match_map(std::uint32_t owner, std::uint32_t user, std::uint32_t base,
                                      std::uint32_t count) {
  std::vector<oci::IdMapping> map;
  const auto add = [&](std::uint32_t disk, std::uint32_t inside, std::uint32_t size) {
    if (size > 0) map.push_back({.container_id = disk, .host_id = base + inside, .size = size});
  };
  const std::uint32_t low = std::min(owner, user);
  const std::uint32_t high = std::max(owner, user);
  add(0, 0, low);
  add(owner, user, 1);
  if (owner == user || owner >= count) {  // nobody else inside has the owner's number
    add(user + 1, user + 1, count - user - 1);
    return map;
  }
  add(user, owner, 1);
  add(low + 1, low + 1, high - low - 1);
  add(high + 1, high + 1, count - high - 1);
  return map;
}

MatchMaps match_maps(const Record& record, const UserMatch& match) {
  const auto [base, count] = ids_of_container(record);
  return {.uids = match_map(match.owner_uid, match.user_uid, base, count),
          .gids = match_map(match.owner_gid, match.user_gid, base, count)};
}

Result<> match_users(const image::Image& image, const std::string& user, Record& record) {
  std::optional<security::ResolvedUser> found;
  for (RecordedMount& mount : record.mounts) {
    if (!mount.match) continue;
    if (!found) {
      TRY_SET(found, find_user(image, user, record), "match-user");
      const std::uint32_t count = ids_of_container(record).count;
      if (found->uid >= count || found->gid >= count)
        return fail(Code::kInvalidArgument, "match-user: the container's range has the ids 0 to " +
                                                std::to_string(count - 1) + ", and its user is " +
                                                std::to_string(found->uid) + ":" +
                                                std::to_string(found->gid));
    }
    TRY_SET(const struct stat source, sys::stat_at(sys::kCwd, mount.source.c_str()),
            "match-user " + quote(mount.source));
    mount.match = UserMatch{.owner_uid = source.st_uid,
                            .owner_gid = source.st_gid,
                            .user_uid = found->uid,
                            .user_gid = found->gid};
  }
  return {};
}

}  // namespace planet::engine
