#include "engine/environment.h"

#include <algorithm>

#include "base/strings.h"

namespace planet::engine {
namespace {

std::string_view name_of(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

auto find_variable(std::vector<std::string>& env, std::string_view entry) {
  return std::ranges::find_if(
      env, [&](const std::string& old) { return name_of(old) == name_of(entry); });
}

void set_variable(std::vector<std::string>& env, const std::string& entry) {
  const auto same = find_variable(env, entry);
  if (same == env.end())
    env.push_back(entry);
  else
    *same = entry;
}

}  // namespace

Result<std::vector<std::string>> given_environment(const std::vector<std::string>& users,
                                                   const std::vector<std::string>& images) {
  std::vector<std::string> env;
  set_variables(env, users);
  const std::size_t count = env.size();
  for (const std::string& entry : images) {
    if (entry.find('=') == std::string::npos || entry.front() == '=')
      return fail(Code::kInvalidArgument, "the image sets the environment entry " + quote(entry) +
                                              ", which is not NAME=value");
    const auto same = find_variable(env, entry);
    if (same == env.end() || same >= env.begin() + static_cast<std::ptrdiff_t>(count))
      set_variable(env, entry);
  }
  return env;
}

void set_variables(std::vector<std::string>& env, const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) set_variable(env, entry);
}

std::vector<std::string> process_environment(const std::vector<std::string>& given,
                                             std::string_view hostname, bool terminal) {
  std::vector<std::string> env = {std::string("PATH=") + kDefaultSearchPath};
  if (!hostname.empty()) env.push_back("HOSTNAME=" + std::string(hostname));
  if (terminal) env.emplace_back("TERM=xterm");
  set_variables(env, given);
  return env;
}

}  // namespace planet::engine
