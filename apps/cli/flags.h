// The flags of a command that has a hundred. CLI11 compares each that it is told of with all before it, which takes a quarter of
// a millisecond: it is told of those only that the words may name, and of all of them when help is wanted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/words.h"

namespace planet::cli {

class Flags {
 public:
  // Both outlive it. `args` are those that the app will be given to parse.
  Flags(CLI::App& app, const std::vector<std::string>& args);

  // As CLI::App's of the same name: "-e,--env", "--explain{text}".
  template <class To>
  void add_option(const char* names, To& to, const char* help) {
    if (may_be_named(names)) app_.add_option(names, to, help);
  }
  template <class To>
  void add_flag(const char* names, To& to, const char* help) {
    if (may_be_named(names)) app_.add_flag(names, to, help);
  }
  // As the functions of the same name in words.h.
  void add_text(const char* names, std::optional<std::string>& to, const char* help);
  void add_list(const char* names, std::vector<std::string>& to, const char* help);

 private:
  // True for a flag that the words do not name, too, where one of them looks like it.
  bool may_be_named(std::string_view names) const;

  CLI::App& app_;
  const std::vector<std::string>& args_;
  bool all_ = false;
};

}  // namespace planet::cli
