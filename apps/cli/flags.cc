#include "cli/flags.h"

#include <algorithm>

#include "base/strings.h"

namespace planet::cli {
namespace {

// "-it" names -i and -t, "-ename=value" -e; "--env=A" names --env.
bool may_name(std::string_view word, std::string_view flag) {
  if (flag.starts_with("--")) return word.starts_with(flag);
  return word.starts_with('-') && !word.starts_with("--") && word.contains(flag.back());
}

}  // namespace

Flags::Flags(CLI::App& app, const std::vector<std::string>& args)
    : app_(app), args_(args), all_(std::ranges::any_of(args, [](const std::string& word) {
        return may_name(word, "--help");
      })) {}

void Flags::add_text(const char* names, std::optional<std::string>& to, const char* help) {
  if (may_be_named(names)) cli::add_text(app_, names, to, help);
}

void Flags::add_list(const char* names, std::vector<std::string>& to, const char* help) {
  if (may_be_named(names)) cli::add_list(app_, names, to, help);
}

bool Flags::may_be_named(std::string_view names) const {
  if (all_) return true;
  const auto flags = split(names.substr(0, names.find('{')), ',');
  return std::ranges::any_of(args_, [&](std::string_view word) {
    return word.starts_with('-') &&
           std::ranges::any_of(flags, [&](std::string_view flag) { return may_name(word, flag); });
  });
}

}  // namespace planet::cli
