#include "engine/top.h"

#include <algorithm>

#include "base/strings.h"
#include "cgroup/group.h"
#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

constexpr std::size_t kMostOutput = 64U << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

using Rows = std::vector<std::vector<std::string>>;

std::vector<std::string> cells_of(const std::vector<std::string_view>& words, std::size_t columns) {
  std::vector<std::string> cells;
  cells.reserve(columns);
  for (const std::string_view word : words) {
    if (cells.size() < columns)
      cells.emplace_back(word);
    else
      cells.back().append(" ").append(word);
  }
  return cells;
}

Result<std::string> run_ps(const std::vector<std::string>& options) {
  constexpr const char* kPaths[] = {"/usr/bin/ps", "/bin/ps"};
  const auto* const path = std::ranges::find_if(
      kPaths, [](const char* at) { return sys::stat_at(sys::kCwd, at).has_value(); });
  if (path == std::end(kPaths))
    return fail(Code::kNotFound, "ps is not installed on this host; install the package procps");
  TRY_SET(sys::Pipe out, sys::make_pipe());
  TRY_SET(sys::Child ps, sys::clone_process({}));
  if (!ps.valid()) {
    (void)sys::place_fd(out.write.borrow(), 1);
    (void)sys::place_fd(out.write.borrow(), 2);
    (void)sys::close_on_exec_from(3);
    std::vector<std::string> args = {"ps"};
    args.insert(args.end(), options.begin(), options.end());
    sys::reset_signals();
    (void)sys::execute(*path, args, {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"});
    sys::exit_now(127);
  }
  out.write.reset();
  TRY_SET(std::string text, sys::read_all(out.read.borrow(), kMostOutput));
  TRY_SET(const sys::ExitStatus status, ps.wait());
  if (status.shell_status() != 0)
    return fail(Code::kInvalidArgument, "ps: " + printable(trim(text.substr(0, text.find('\n')))));
  return text;
}

}  // namespace

Result<Rows> select_processes(std::string_view output, const std::vector<pid_t>& pids) {
  const auto lines = split(output, '\n');
  const auto titles = words_of(lines.front());
  const auto column = std::ranges::find(titles, "PID");
  if (column == titles.end())
    return fail(Code::kInvalidArgument,
                "ps shows no column PID with these options; add it, as in -o pid,args");
  const auto at = static_cast<std::size_t>(column - titles.begin());
  Rows rows = {{titles.begin(), titles.end()}};
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto words = words_of(lines[i]);
    const auto pid = at < words.size() ? parse_number<pid_t>(words[at], "pid")
                                       : Result<pid_t>(fail(Code::kNotFound, ""));
    if (pid && std::ranges::find(pids, *pid) != pids.end())
      rows.push_back(cells_of(words, titles.size()));
  }
  return rows;
}

Result<Rows> top(const Container& container, std::vector<std::string> options) {
  TRY(open_init(container));
  if (options.empty()) options = {"-ef"};
  // Else ps takes those of its own terminal and user.
  if (options.front().starts_with('-')) options.insert(options.begin(), "-e");
  TRY_SET(const std::string text, run_ps(options));
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(const cgroup::Group group, cgroup::Group::open(host, container.state->cgroup));
  TRY_SET(const std::vector<pid_t> pids, group.processes());
  return select_processes(text, pids);
}

}  // namespace planet::engine
