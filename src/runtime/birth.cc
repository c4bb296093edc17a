#include "runtime/birth.h"

#include <linux/sched.h>

#include "runtime/handshake.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// Returns in the new process only.
sys::Child help(const Birth& birth, UniqueFd socket) {
  // Who is in the container already must not look into us: not even at our open files (CVE-2016-9962).
  (void)sys::set_dumpable(false);
  InitTalk talk(std::move(socket));
  auto process = [&]() -> Result<sys::Child> {
    TRY(birth.join());
    return sys::clone_process({.flags = birth.clone_flags | CLONE_PARENT,
                               .cgroup = birth.helper_in_cgroup ? std::nullopt : birth.cgroup});
  }();
  if (!process) {
    talk.fail(process.error());
    sys::exit_now(1);
  }
  if (!process->valid()) return {};
  const BorrowedFd pidfd[] = {process->pidfd()};
  const bool told = talk.tell(Stage::kBorn, pidfd).has_value();
  if (told) (void)process->release();
  sys::exit_now(told ? 0 : 1);
}

}  // namespace

Result<sys::Child> bear(const Birth& birth) {
  if (!birth.join) return sys::clone_process({.flags = birth.clone_flags, .cgroup = birth.cgroup});
  TRY_SET(auto ends, sys::packet_socket_pair());
  TRY_SET(sys::Child helper,
          sys::clone_process(
              {.flags = 0, .cgroup = birth.helper_in_cgroup ? birth.cgroup : std::nullopt}));
  if (!helper.valid()) {
    ends.first.reset();
    return help(birth, std::move(ends.second));
  }
  ends.second.reset();
  ParentTalk talk(std::move(ends.first), {Stage::kBorn}, nullptr);
  TRY_SET(std::vector<UniqueFd> fds, talk.wait_for(Stage::kBorn));
  if (fds.size() != 1) return fail(Code::kCorrupt, "the helper sent no process");
  TRY(helper.wait());
  TRY_SET(const pid_t pid, sys::pid_of(fds.front().borrow()));
  return sys::Child(pid, std::move(fds.front()));
}

}  // namespace planet::runtime
