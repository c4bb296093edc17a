// The talk between a launching process (the parent) and a container's init: one SOCK_SEQPACKET pair,
// close-on-exec. Order is declaration order; a stage that this container does not need is absent.
//
//   init                   parent, which then answers kDone
//   kBorn {pidfd}    -->   (a helper only, see birth.h; no answer) here is the process inside
//   kIdMap           -->   writes setgroups, uid_map, gid_map           user_namespaces(7); may answer before it is asked
//   kCgroup          -->   made the control group: sends its doors; before it is asked, too
//   kLimits          -->   (exec only) has set its limits
//   kMounts {fds}    -->   made the root, /dev and binds: sends their descriptors. NetworkWork's come with it
//   kNetwork         -->   connected the network; before it is asked, too
//   kHooks           -->   executed prestart and createRuntime: sends what init's own hooks need
//   kReady {master}  -->   (no answer) all is in place; a terminal's master comes with it
//   kStep {times}    -->   (at any point, when somebody listens: a step of init's that is over)
//   kFailed {Error}  -->   (at any point; init exits after it)
//   end of file      -->   (after kReady: execve worked; before: init died, the parent adds how)
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "runtime/step.h"
#include "runtime/steps.h"

namespace planet::runtime {

enum class Stage : std::uint8_t {
  kBorn,
  kIdMap,
  kCgroup,
  kLimits,
  kMounts,
  kNetwork,
  kHooks,
  kReady
};

// Which stages are still to come. Pure, so that every wrong order has a unit test.
class Sequence {
 public:
  explicit Sequence(std::set<Stage> expected) : pending_(std::move(expected)) {}
  Result<> accept(Stage got);    // kCorrupt: not expected, repeated, or ahead of a pending stage
  Result<> end_of_file() const;  // kWrongState, naming the stage init died before

 private:
  std::set<Stage> pending_;
};

// The parent's end.
class ParentTalk {
 public:
  ParentTalk(UniqueFd socket, std::set<Stage> expected, StepLog* log)
      : socket_(std::move(socket)), sequence_(std::move(expected)), log_(log) {}

  // Waits until init has reached `stage`; returns the descriptors that came with it.
  // Errors: init's own, if it failed; kWrongState - it died.
  Result<std::vector<UniqueFd>> wait_for(Stage stage);

  // Lets init go on, with descriptors for it. What needs nothing of init's may be answered before init asks.
  Result<> answer(std::span<const BorrowedFd> fds = {});

  // Waits for the end of file that execve leaves.
  Result<> wait_for_exec();

  // After a failure of the parent's own, without waiting: what init has said of its end and nobody has heard yet. The
  // failure may be but its consequence. Nothing if init goes on.
  std::optional<Error> last_words();

  // True if init is gone without a word.
  bool init_died() const { return died_; }

 private:
  Result<> end();
  std::unexpected<Error> failed(Error error);
  UniqueFd socket_;
  bool ended_ = false;  // init's end has been heard of
  bool died_ = false;
  Sequence sequence_;
  StepLog* log_;
};

// Init's end. As a StepLog it passes init's steps on to the parent.
class InitTalk : public StepLog {
 public:
  explicit InitTalk(UniqueFd socket) : socket_(std::move(socket)) {}

  BorrowedFd socket() const { return socket_.borrow(); }
  // From now on the parent is somebody else, at the other end of `socket`.
  void go_on_with(UniqueFd socket) { socket_ = std::move(socket); }

  // Says that `stage` is reached, with descriptors for the parent, and waits for it; returns those of its answer.
  Result<std::vector<UniqueFd>> ask(Stage stage, std::span<const BorrowedFd> fds = {});
  Result<> tell(Stage stage, std::span<const BorrowedFd> fds);
  void fail(const Error& error);

  // kWrongState when the parent has closed its end, that is, has died.
  Result<> check_parent_alive() const;

  void step(const StepInfo& info, Side side, std::string_view detail, std::int64_t begin_ns,
            std::int64_t end_ns) override;

 private:
  UniqueFd socket_;
};

}  // namespace planet::runtime
