#include "runtime/process_start.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "fs/root.h"
#include "runtime/namespaces.h"
#include "runtime/stdio.h"
#include "runtime/steps.h"
#include "security/capabilities.h"
#include "security/users.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/seccomp.h"
#include "sys/signals.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::runtime {
namespace {

// Larger files name no one that a container needs: they are an attack on whoever reads them.
constexpr std::size_t kMostUserFile = 4U << 20;

// execvp(3)'s path when there is none.
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view value_of(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& entry : env)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string_view(entry).substr(name.size() + 1);
  return {};
}

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
  return std::ranges::any_of(env, [&](const std::string& entry) {
    return entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=';
  });
}

Result<fs::Root> own_root() {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return fs::Root(std::move(top));
}

// The text of a file that may be missing.
Result<std::string> read_if_there(const fs::Root& root, const char* path) {
  auto text = root.read_regular(path, kMostUserFile);
  if (!text && text.error().code() == Code::kNotFound) return std::string();
  return text;
}

Result<oci::User> find_user(const ProcessStart& start, std::string& home) {
  const oci::User& given = start.process.user;
  TRY_SET(const fs::Root root, own_root());
  TRY_SET(const std::string passwd, read_if_there(root, "/etc/passwd"));
  if (!start.user) {
    home = security::home_of(given.uid, passwd);
    return given;
  }
  TRY_SET(const std::string group, read_if_there(root, "/etc/group"));
  TRY_SET(security::ResolvedUser user, security::resolve_user(*start.user, passwd, group));
  TRY_SET(const std::vector<gid_t> more, security::resolve_groups(start.groups, group));
  home = user.home;
  // The primary group is among them, as after a login (CVE-2022-36109).
  user.additional_gids.insert(user.additional_gids.begin(), user.gid);
  user.additional_gids.insert(user.additional_gids.end(), more.begin(), more.end());
  return oci::User{.uid = user.uid,
                   .gid = user.gid,
                   .umask = given.umask,
                   .additional_gids = std::move(user.additional_gids)};
}

Result<> place_stdio(const ProcessStart& start) {
  const BorrowedFd terminal = start.terminal.borrow();
  const Stdio stdio = start.stdio.value_or(Stdio{terminal, terminal, terminal});
  // What is to be kept is moved out of the way first: 3 and up may be taken by descriptors of ours.
  constexpr int kFirst = 3;
  std::vector<UniqueFd> kept;
  for (const BorrowedFd fd : start.extra_fds) {
    TRY_SET(UniqueFd copy, sys::duplicate(fd));
    kept.push_back(std::move(copy));
  }
  TRY(sys::place_fd(stdio.in, 0));
  TRY(sys::place_fd(stdio.out, 1));
  TRY(sys::place_fd(stdio.err, 2));
  for (std::size_t i = 0; i < kept.size(); ++i)
    TRY(sys::place_fd(kept[i].borrow(), kFirst + static_cast<int>(i)));
  return {};
}

// Who uses the terminal owns it, as after a login: else it could not be opened by its name. The group stays tty's.
Result<> take_terminal(BorrowedFd terminal, const oci::User& user) {
  TRY(sys::take_terminal(terminal));
  Result<> owned = sys::change_owner(terminal, user.uid, static_cast<gid_t>(-1));
  // An id without a place in the user namespace: said where the user is changed.
  if (!owned && owned.error().sys_errno() == EINVAL) return {};
  return owned;
}

Result<> take_stdio(const ProcessStart& start, const oci::User& user) {
  TRY(sys::new_session());
  if (start.terminal.valid()) TRY(take_terminal(start.terminal.borrow(), user));
  TRY(place_stdio(start));
  TRY(take_pipes(user));
  return sys::close_on_exec_from(static_cast<unsigned>(3 + start.extra_fds.size()));
}

Result<> enter_work_dir(const std::string& path, bool make) {
  TRY_SET(const fs::Root root, own_root());
  TRY_SET(const UniqueFd dir,
          make ? root.make_directories(path, 0755) : root.open(path, O_PATH | O_DIRECTORY));
  TRY(sys::change_dir(dir.borrow()));
  // A directory that is not below our root shows as "(unreachable)": CVE-2024-21626.
  TRY_SET(const std::string now, sys::current_dir());
  if (!now.starts_with('/')) return fail(Code::kPermission, "it is outside the container");
  return {};
}

// setgroups(2) and setresuid(2) say EINVAL to an id that the user namespace has no place for.
Result<> take_ids(const oci::User& user) {
  const auto take = [&]() -> Result<> {
    TRY(take_groups(user.additional_gids));
    return sys::set_ids(user.uid, user.gid);
  };
  Result<> taken = take();
  if (taken || taken.error().sys_errno() != EINVAL) return taken;
  return fail(Code::kInvalidArgument,
              "user " + std::to_string(user.uid) + " or one of its groups is not among the " +
                  "container's ids; with the host's users (--userns host) it would be");
}

Result<> drop_privileges(const ProcessStart& start, const oci::User& user) {
  const oci::Process& process = start.process;
  TRY_SET(const security::CapabilitySets capabilities,
          security::plan_capabilities(process.capabilities));
  TRY(security::apply_bounding(capabilities));
  TRY(sys::set_keep_caps(true));
  TRY(take_ids(user));
  // Without no_new_privs only CAP_SYS_ADMIN may load a filter.
  const bool needs_right = !start.filter.empty() && !process.no_new_privileges;
  TRY(security::apply_capabilities(capabilities, user.uid,
                                   needs_right ? security::kSysAdmin : security::CapabilitySet{0}));
  // A change of ids has cleared it (prctl(2), PR_SET_PDEATHSIG).
  if (start.die_with_parent) TRY(sys::set_parent_death_signal(SIGKILL));
  if (process.no_new_privileges) TRY(sys::set_no_new_privs());
  return {};
}

// The last thing before execve: a filter may forbid whatever we could want to do after it.
Result<> load_filter(const ProcessStart& start) {
  if (start.filter.empty()) return {};
  if (start.agent.get() < 0) return sys::load_seccomp_filter(start.filter, start.filter_flags);
  return sys::load_listening_filter(
      start.filter, start.filter_flags, [&](BorrowedFd listener) -> Result<> {
        const BorrowedFd fds[] = {listener};
        TRY(sys::send_message(start.agent, start.to_agent, fds), "linux.seccomp.listenerPath");
        return {};
      });
}

Error exec_error(const std::string& command, int err, bool searched) {
  // A file that is there, and execve(2) does not find it: what it names to be run by is not.
  if (err == ENOENT && !searched && sys::open_at(sys::kCwd, command.c_str(), O_PATH))
    return Error::from_wire(Code::kCommandNotFound, 0,
                            quote(command) +
                                ": its interpreter (after #!) or program loader does not exist in "
                                "the container");
  if (err == ENOENT || err == ENOTDIR)
    return Error::from_wire(Code::kCommandNotFound, 0,
                            quote(command) + (searched ? ": executable file not found in $PATH"
                                                       : ": no such file or directory"));
  if (err != EACCES) return Error::from_wire(Code::kCommandNotRunnable, err, quote(command));
  // In the letters that docker looks for, to end with 126.
  const auto there = sys::stat_at(sys::kCwd, command.c_str());
  const bool directory = !searched && there && S_ISDIR(there->st_mode);
  return Error::from_wire(
      Code::kCommandNotRunnable, 0,
      quote(command) + (directory ? ": is a directory" : "") + ": permission denied");
}

// Tries each candidate as execvp(3) does: what cannot be executed is remembered, what is missing is not.
Error execute(const ProcessStart& start, const std::vector<std::string>& env) {
  const std::vector<std::string>& args = start.process.args;
  if (start.reaper) {
    // The kernel drops what process 1 neither blocks nor handles (pid_namespaces(7)): a `stop` right after `run -d`.
    sys::block_signals();
    std::vector<std::string> reaper_args = {"planet-init", "--"};
    reaper_args.insert(reaper_args.end(), args.begin(), args.end());
    return Error::from_errno(sys::execute_fd(*start.reaper, reaper_args, env), "planet-init");
  }
  int err = ENOENT;
  for (const std::string& path : command_candidates(args.front(), env)) {
    const int failed = sys::execute(path.c_str(), args, env);
    if (failed != ENOENT && failed != ENOTDIR) err = failed;
  }
  return exec_error(args.front(), err, args.front().find('/') == std::string::npos);
}

Result<std::vector<std::string>> become_ready(const ProcessStart& start, const Steps& steps) {
  std::string home;
  TRY_SET(const oci::User user, steps.run(info_of(LaunchStep::kUser), start.user.value_or(""),
                                          [&] { return find_user(start, home); }));
  TRY(take_stdio(start, user));
  TRY(steps.run(info_of(LaunchStep::kWorkDir), start.process.cwd,
                [&] { return enter_work_dir(start.process.cwd, start.make_work_dir); }));
  std::vector<std::string> env = start.process.env;
  if (!has_variable(env, "HOME")) env.push_back("HOME=" + (home.empty() ? "/" : home));
  if (start.labels != nullptr && start.labels->any())
    TRY(steps.run(info_of(LaunchStep::kLabels), [&] { return start.labels->take(); }));
  TRY(start.ready());
  if (user.umask) sys::set_umask(*user.umask);
  TRY(steps.run(info_of(LaunchStep::kPrivileges), [&] { return drop_privileges(start, user); }));
  sys::reset_signals();
  TRY(load_filter(start));
  return env;
}

}  // namespace

std::vector<std::string> command_candidates(const std::string& command,
                                            const std::vector<std::string>& env) {
  if (command.find('/') != std::string::npos) return {command};
  const std::string_view path = has_variable(env, "PATH") ? value_of(env, "PATH") : kDefaultPath;
  std::vector<std::string> candidates;
  for (const std::string_view dir : split(path, ':'))
    candidates.push_back((dir.empty() ? "." : std::string(dir)) + "/" + command);
  return candidates;
}

Result<> check_command(const oci::Process& process) {
  const std::string& command = process.args.front();
  constexpr mode_t kAnyonesX = 0111;
  bool found = false;
  for (const std::string& path : command_candidates(command, process.env)) {
    const auto st = sys::stat_at(sys::kCwd, path.c_str());
    if (st && !S_ISDIR(st->st_mode) && (st->st_mode & kAnyonesX) != 0) return {};
    found = found || st;
  }
  return std::unexpected(
      exec_error(command, found ? EACCES : ENOENT, command.find('/') == std::string::npos)
          .while_doing(info_of(LaunchStep::kExecute).name));
}

Error start_process(const ProcessStart& start, const Steps& steps) {
  const auto env = become_ready(start, steps);
  if (!env) return env.error();
  return execute(start, *env).while_doing(info_of(LaunchStep::kExecute).name);
}

}  // namespace planet::runtime
