#include "security/users.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"

namespace planet::security {
namespace {

constexpr std::uint64_t kLargestId = 4294967294;  // one less than (uid_t)-1, which means "no id"

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::uint32_t> parse_id(std::string_view text, std::string_view what) {
  TRY_SET(const std::uint64_t id, parse_number<std::uint64_t>(text, what));
  if (id > kLargestId)
    return fail(Code::kInvalidArgument,
                std::string(what) + " " + quote(text) + " is above 4294967294");
  return static_cast<std::uint32_t>(id);
}

// The line's fields, without copying more than the field's count asks for; none if there are too few.
template <std::size_t kFields>
std::optional<std::array<std::string_view, kFields>> fields_of(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos && i + 1 < kFields) return std::nullopt;
    fields[i] = line.substr(0, colon);
    line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
  }
  return fields;
}

// Calls `visit` with each well-formed line's fields until it returns true.
template <std::size_t kFields, class F>
void each_line(std::string_view text, F&& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto fields = fields_of<kFields>(text.substr(0, end));
    if (fields && !fields->front().empty() && visit(*fields)) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

struct PasswdEntry {
  std::string_view name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string_view home;
};

constexpr std::size_t kPasswdFields = 6;  // name:password:uid:gid:comment:home[:shell]
constexpr std::size_t kGroupFields = 4;   // name:password:gid:members

template <class Match>
std::optional<PasswdEntry> find_passwd(std::string_view passwd, Match&& match) {
  std::optional<PasswdEntry> found;
  each_line<kPasswdFields>(passwd, [&](const auto& fields) {
    const auto uid = is_number(fields[2]) ? parse_id(fields[2], "uid") : fail(Code::kCorrupt, "");
    const auto gid = is_number(fields[3]) ? parse_id(fields[3], "gid") : fail(Code::kCorrupt, "");
    if (!uid || !gid) return false;
    const PasswdEntry entry{.name = fields[0], .uid = *uid, .gid = *gid, .home = fields[5]};
    if (match(entry)) found = entry;
    return found.has_value();
  });
  return found;
}

// "-1" and "+1" are no names, whatever the image's files say of them: somebody meant a number.
Result<> check_is_name(std::string_view name, std::string_view what) {
  if (name.front() != '-' && name.front() != '+') return {};
  return fail(Code::kInvalidArgument,
              std::string(what) + " " + quote(name) + " is neither a name nor a number");
}

Result<gid_t> resolve_group(std::string_view name, std::string_view group) {
  if (is_number(name)) return parse_id(name, "group");
  TRY(check_is_name(name, "group"));
  std::optional<gid_t> found;
  each_line<kGroupFields>(group, [&](const auto& fields) {
    if (fields[0] != name || !is_number(fields[2])) return false;
    if (const auto gid = parse_id(fields[2], "gid")) found = *gid;
    return found.has_value();
  });
  if (!found)
    return fail(Code::kNotFound,
                "no group " + quote(name) + " in the container's /etc/group; use a number");
  return *found;
}

bool has_member(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    const std::size_t comma = members.find(',');
    if (members.substr(0, comma) == name) return true;
    members.remove_prefix(comma == std::string_view::npos ? members.size() : comma + 1);
  }
  return false;
}

constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX

std::vector<gid_t> groups_of(std::string_view name, std::string_view group) {
  std::vector<gid_t> gids;
  each_line<kGroupFields>(group, [&](const auto& fields) {
    if (!is_number(fields[2]) || !has_member(fields[3], name)) return false;
    if (const auto gid = parse_id(fields[2], "gid")) gids.push_back(*gid);
    return gids.size() == kMostGroups;
  });
  return gids;
}

Result<ResolvedUser> resolve_name(std::string_view name, std::string_view passwd) {
  if (is_number(name)) {
    TRY_SET(const uid_t uid, parse_id(name, "user"));
    const auto entry = find_passwd(passwd, [&](const PasswdEntry& e) { return e.uid == uid; });
    return ResolvedUser{.uid = uid,
                        .gid = entry ? entry->gid : 0,
                        .additional_gids = {},
                        .home = std::string(entry ? entry->home : "/")};
  }
  TRY(check_is_name(name, "user"));
  const auto entry = find_passwd(passwd, [&](const PasswdEntry& e) { return e.name == name; });
  if (!entry)
    return fail(Code::kNotFound,
                "no user " + quote(name) + " in the container's /etc/passwd; use a number");
  return ResolvedUser{.uid = entry->uid,
                      .gid = entry->gid,
                      .additional_gids = {},
                      .home = std::string(entry->home)};
}

}  // namespace

Result<ResolvedUser> resolve_user(std::string_view user, std::string_view passwd,
                                  std::string_view group) {
  if (user.empty()) user = "0";
  const std::size_t colon = user.find(':');
  const std::string_view name = user.substr(0, colon);
  const bool with_group = colon != std::string_view::npos;
  const std::string_view group_name = with_group ? user.substr(colon + 1) : std::string_view();
  if (name.empty() || (with_group && group_name.empty()) ||
      group_name.find(':') != std::string_view::npos)
    return fail(Code::kInvalidArgument, "user " + quote(user) + " is not NAME|UID[:GROUP|GID]");
  TRY_SET(ResolvedUser resolved, resolve_name(name, passwd));
  if (with_group) {
    TRY_SET(resolved.gid, resolve_group(group_name, group));
    return resolved;
  }
  const auto entry =
      find_passwd(passwd, [&](const PasswdEntry& e) { return e.uid == resolved.uid; });
  const std::string_view login = is_number(name) ? (entry ? entry->name : "") : name;
  if (!login.empty()) resolved.additional_gids = groups_of(login, group);
  return resolved;
}

Result<std::vector<gid_t>> resolve_groups(const std::vector<std::string>& names,
                                          std::string_view group) {
  if (names.size() > kMostGroups)
    return fail(Code::kInvalidArgument, "more than 65536 groups for one process");
  std::vector<gid_t> gids;
  for (const std::string& name : names) {
    if (name.empty()) return fail(Code::kInvalidArgument, "a group's name is empty");
    TRY_SET(const gid_t gid, resolve_group(name, group));
    gids.push_back(gid);
  }
  return gids;
}

std::string home_of(uid_t uid, std::string_view passwd) {
  const auto entry = find_passwd(passwd, [&](const PasswdEntry& e) { return e.uid == uid; });
  return entry ? std::string(entry->home) : "/";
}

}  // namespace planet::security
