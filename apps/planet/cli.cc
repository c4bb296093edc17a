#include "cli.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "sys/process.h"

namespace planet::cli {

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "planet: %s\n", text.c_str());
  return status;
}

int complain(const Error& error, int status) {
  const bool needs_root = error.code() == Code::kPermission && ::geteuid() != 0;
  return complain(error.to_string() + (needs_root ? "; planet needs root, run it with sudo" : ""),
                  status);
}

void say(const std::string& text) {
  std::fprintf(stderr, "planet: %s\n", text.c_str());
}

bool parse(CLI::App& app, std::vector<std::string> args, int usage_status, int& status) {
  std::ranges::reverse(args);  // CLI11 takes them from the back
  try {
    app.parse(args);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    status = 0;
  } catch (const CLI::ParseError& error) {
    complain(std::string(error.what()) + "; see `" + app.get_name() + " --help`");
    status = usage_status;
  }
  return false;
}

bool use_colour(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(fd) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

namespace {

// Characters, not bytes: what comes here is printable text.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  constexpr std::size_t kGap = 3;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + kGap, ' ');
    }
    std::puts(line.c_str());
  }
}

std::string current_directory() {
  const auto here = sys::current_dir();
  return here ? *here : "/";
}

}  // namespace planet::cli
