#include "runtime/criu.h"

#include <sys/stat.h>

#include "base/strings.h"
#include "runtime/criu_arguments.h"
#include "runtime/rights.h"
#include "sys/file.h"
#include "sys/memory_file.h"

namespace planet::runtime {
namespace {

constexpr const char* kFolders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                    "/usr/bin",        "/sbin",          "/bin"};
// criu itself executes tar, ip and iptables.
constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMostLogBytes = 64U << 20;
constexpr int kNotExecuted = 127;

bool is_program(const std::string& path) {
  const auto st = sys::stat_at(sys::kCwd, path.c_str());
  return st && S_ISREG(st->st_mode) && (st->st_mode & S_IXUSR) != 0;
}

Result<> take_streams(BorrowedFd words, bool own) {
  if (own) return {};
  TRY_SET(const UniqueFd nothing, sys::open_at(sys::kCwd, "/dev/null", O_RDONLY));
  TRY(sys::place_fd(nothing.borrow(), 0));
  TRY(sys::place_fd(words, 1));
  return sys::place_fd(words, 2);
}

}  // namespace

Result<Criu> Criu::find() {
  TRY_SET(const Rights rights, own_rights());
  if (rights != Rights::kHost)
    return fail(Code::kUnsupported,
                "checkpoint and restore need root of the host, whose rights criu works with");
  for (const char* folder : kFolders) {
    std::string path = std::string(folder) + "/criu";
    if (!is_program(path)) continue;
    Criu criu(std::move(path));
    TRY(criu.check());
    return criu;
  }
  return fail(Code::kUnsupported,
              "criu is not installed, and without it nothing can be checkpointed or restored; "
              "install the package criu");
}

Result<Criu::Run> Criu::start(const std::function<Result<std::vector<std::string>>()>& prepare,
                              bool own_streams) const {
  Run run;
  TRY_SET(run.words_, sys::memory_file("words"));
  TRY_SET(run.process_, sys::clone_process({}));
  if (run.process_.valid()) return run;
  // What the caller has left open is not for criu; `prepare` may open the way for some.
  (void)sys::close_on_exec_from(3);
  const auto arguments = prepare();
  Result<> ready = arguments ? take_streams(run.words_.borrow(), own_streams)
                             : Result<>(std::unexpected(arguments.error()));
  if (ready) {
    sys::reset_signals();
    const int failed = sys::execute(path_.c_str(), *arguments, {kPath});
    ready = std::unexpected(Error::from_errno(failed, "execute " + path_));
  }
  (void)sys::write_all(run.words_.borrow(), ready.error().to_string());
  sys::exit_now(kNotExecuted);
}

Result<> Criu::Run::end(const std::string& log) {
  TRY_SET(const sys::ExitStatus status, process_.wait());
  if (!status.signalled && status.value == 0) return {};
  TRY_SET(const std::string words, sys::memory_file_text(words_.borrow()));
  if (!status.signalled && status.value == kNotExecuted)
    return fail(Code::kSystem, printable(trim(words)));
  const auto text = log.empty() ? Result<std::string>("")
                                : sys::read_file_at(sys::kCwd, log.c_str(), kMostLogBytes);
  std::string why = first_error_line(text.value_or(""));
  if (why.empty()) why = first_error_line(words);
  if (why.empty())
    why = (status.signalled ? "killed by signal " : "exit status ") + std::to_string(status.value);
  return fail(Code::kSystem, log.empty() ? why : "criu: " + why + "; its log is " + log);
}

Result<> Criu::check() const {
  TRY_SET(Run run,
          start([]() -> Result<std::vector<std::string>> { return {{"criu", "check"}}; }, false));
  const Result<> able = run.end("");
  if (able) return {};
  return fail(Code::kUnsupported, path_ +
                                      " does not work on this kernel, so nothing can be "
                                      "checkpointed or restored here; criu check says: " +
                                      able.error().to_string());
}

}  // namespace planet::runtime
