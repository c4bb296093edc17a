#include "runtime/user_maps.h"

#include <algorithm>

#include "base/strings.h"
#include "security/id_map.h"
#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

// What differs between users and groups.
struct Kind {
  const char* field;   // of the specification
  const char* file;    // of /proc/PID
  const char* helper;  // the program that may write more than one's own id
  const char* given;   // where it is said whose ids are whose
};
constexpr Kind kUsers = {"linux.uidMappings", "uid_map", "newuidmap", "/etc/subuid"};
constexpr Kind kGroups = {"linux.gidMappings", "gid_map", "newgidmap", "/etc/subgid"};

constexpr std::size_t kMostFile = 4U << 20;

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

bool is_own_alone(const std::vector<oci::IdMapping>& map, std::uint32_t own) {
  return map.size() == 1 && map.front().host_id == own && map.front().size == 1;
}

// Never looked for in $PATH: it is a program that root trusts, and so do we.
std::optional<std::string> find_helper(const char* name) {
  for (const char* dir :
       {"/usr/bin/", "/bin/", "/usr/sbin/", "/usr/local/bin/", "/run/wrappers/bin/"})
    if (std::string path = std::string(dir) + name; sys::exists_at(sys::kCwd, path.c_str()))
      return path;
  return std::nullopt;
}

std::string text_of(const oci::IdMapping& entry) {
  return std::to_string(entry.host_id) + " to " +
         std::to_string(std::uint64_t{entry.host_id} + entry.size - 1);
}

std::string user_name(uid_t uid) {
  const auto passwd = sys::read_file_at(sys::kCwd, "/etc/passwd", kMostFile);
  if (!passwd) return {};
  for (const std::string_view line : split(*passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 2 && fields[2] == std::to_string(uid)) return std::string(fields[0]);
  }
  return {};
}

// Whether a line of a subuid file gives the user all of the entry's ids.
bool gives(std::string_view line, std::string_view name, uid_t uid, const oci::IdMapping& entry) {
  const auto fields = split(line, ':');
  if (fields.size() != 3) return false;
  if ((name.empty() || fields[0] != name) && fields[0] != std::to_string(uid)) return false;
  const auto first = parse_number<std::uint64_t>(trim(fields[1]), "id");
  const auto count = parse_number<std::uint64_t>(trim(fields[2]), "id");
  return first && count && entry.host_id >= *first &&
         std::uint64_t{entry.host_id} + entry.size <= *first + *count;
}

std::unexpected<Error> refused(const Kind& kind, std::uint32_t own,
                               const std::vector<oci::IdMapping>& map, std::string_view words) {
  const uid_t uid = sys::own_user();
  const std::string name = user_name(uid);
  const std::string given = sys::read_file_at(sys::kCwd, kind.given, kMostFile).value_or("");
  const auto lacking = first_not_given(given, name, uid, own, map);
  const std::string who = name.empty() ? std::to_string(uid) : name;
  if (lacking)
    return fail(Code::kPermission,
                std::string(kind.field) + ": " + kind.given + " does not give user " + who +
                    " the ids " + text_of(*lacking) + "; add the line \"" + who + ":" +
                    std::to_string(lacking->host_id) + ":" + std::to_string(lacking->size) +
                    "\" there, or map other ids");
  return fail(Code::kPermission,
              std::string(kind.field) + ": " + kind.helper + ": " + printable(trim(words)));
}

[[noreturn]] void become_helper(const std::string& path, const std::vector<std::string>& args,
                                BorrowedFd output) {
  if (sys::place_fd(output, 2) && sys::close_on_exec_from(3)) {
    sys::reset_signals();
    const int err = sys::execute(path.c_str(), args, {});
    (void)sys::write_all(BorrowedFd(2), Error::from_errno(err, "execute " + path).to_string());
  }
  sys::exit_now(127);
}

Result<> ask_helper(const Kind& kind, pid_t init, std::uint32_t own,
                    const std::vector<oci::IdMapping>& map) {
  const auto path = find_helper(kind.helper);
  if (!path)
    return fail(Code::kUnsupported, std::string(kind.field) +
                                        " has more than the caller's own id, "
                                        "and there is no " +
                                        kind.helper +
                                        " to map it; install the package uidmap (shadow-utils)");
  std::vector<std::string> args = {kind.helper, std::to_string(init)};
  for (const oci::IdMapping& entry : map)
    for (const std::uint32_t number : {entry.container_id, entry.host_id, entry.size})
      args.push_back(std::to_string(number));
  TRY_SET(sys::Pipe output, sys::make_pipe());
  TRY_SET(sys::Child helper, sys::clone_process({}));
  if (!helper.valid()) become_helper(*path, args, output.write.borrow());
  output.write.reset();
  constexpr std::size_t kMostShown = 4096;
  const std::string words = sys::read_all(output.read.borrow(), kMostShown).value_or("");
  TRY_SET(const sys::ExitStatus status, helper.wait());
  if (!status.signalled && status.value == 0) return {};
  return refused(kind, own, map, words);
}

}  // namespace

std::optional<oci::IdMapping> first_not_given(std::string_view text, std::string_view name,
                                              uid_t uid, std::uint32_t own,
                                              const std::vector<oci::IdMapping>& map) {
  const auto lines = split(text, '\n');
  for (const oci::IdMapping& entry : map) {
    if (entry.host_id == own && entry.size == 1) continue;
    const bool given = std::ranges::any_of(
        lines, [&](std::string_view line) { return gives(line, name, uid, entry); });
    if (!given) return entry;
  }
  return std::nullopt;
}

Result<> write_user_maps(pid_t init, const std::vector<oci::IdMapping>& uids,
                         const std::vector<oci::IdMapping>& gids) {
  const uid_t uid = sys::own_user();
  const gid_t gid = sys::own_group();
  if (is_own_alone(uids, uid))
    TRY(sys::write_at(sys::kCwd, proc_path(init, kUsers.file).c_str(),
                      security::id_map_text(uids)));
  else
    TRY(ask_helper(kUsers, init, uid, uids));
  if (!is_own_alone(gids, gid)) return ask_helper(kGroups, init, gid, gids);
  // Else it could leave a group that keeps it out of files: CVE-2014-8989.
  TRY(sys::write_at(sys::kCwd, proc_path(init, "setgroups").c_str(), "deny"));
  return sys::write_at(sys::kCwd, proc_path(init, kGroups.file).c_str(),
                       security::id_map_text(gids));
}

}  // namespace planet::runtime
