#include "cli/words.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/strings.h"
#include "engine/parse.h"
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

void add_text(CLI::App& app, const char* flags, std::optional<std::string>& to, const char* help) {
  app.add_option_function<std::string>(
         flags, [&to](const std::string& text) { to = text; }, help)
      ->take_last();
}

void add_list(CLI::App& app, const char* flags, std::vector<std::string>& to, const char* help) {
  app.add_option(flags, to, help)->allow_extra_args(false);
}

Result<int> parse_stop_timeout(const char* flag, const std::string& text) {
  constexpr int kMost = 1'000'000'000;  // 31 years
  TRY_SET(const std::int64_t seconds, engine::parse_whole(flag, text, -1, kMost));
  return static_cast<int>(seconds);
}

namespace {

// CLI11's sentences, made whole.
std::string sentence(const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ConversionError*>(&error) == nullptr) return text;
  const std::size_t colon = text.find(": ");
  return (colon == std::string::npos ? text : text.substr(colon + 2)) + ": not a value it takes";
}

int status_of(const CLI::ParseError& error) {
  const bool is_flag = std::string_view(error.what()).contains(" -");
  const auto* extra = dynamic_cast<const CLI::ExtrasError*>(&error);
  const bool missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  return missing || (extra != nullptr && !is_flag) ? 1 : kEngineFailed;
}

}  // namespace

bool parse(CLI::App& app, std::vector<std::string> args, int& status) {
  for (CLI::Option* option : app.get_options())
    if (option->get_items_expected_max() == 1) option->take_last();
  std::ranges::reverse(args);  // CLI11 takes them from the back
  try {
    app.parse(args);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    status = 0;
  } catch (const CLI::ParseError& error) {
    status = complain(sentence(error) + "; see `" + app.get_name() + " --help`", status_of(error));
  }
  return false;
}

std::optional<StopWords> parse_stop_words(CLI::App& app, const std::vector<std::string>& args,
                                          int& status) {
  StopWords words;
  std::optional<std::string> seconds;
  add_text(app, "-t,--time,--timeout", seconds, "seconds until it kills; -1 waits for ever");
  app.add_option("container", words.names, "name or id")->required();
  if (!parse(app, args, status)) return std::nullopt;
  if (!seconds) return words;
  const auto timeout = parse_stop_timeout("--time", *seconds);
  if (!timeout) {
    status = complain(timeout.error(), kEngineFailed);
    return std::nullopt;
  }
  words.timeout = *timeout;
  return words;
}

bool is_stray_flag(const CLI::App& app, const std::string& word) {
  if (!word.starts_with('-') || word.size() < 2) return false;
  complain("unknown flag " + quote(word) + "; see `" + app.get_name() + " --help`");
  return true;
}

bool use_colour(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  return ::isatty(fd) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

void add_listing_flags(CLI::App& app, ListingWords& words, const ListingHelp& help) {
  if (help.filters != nullptr) add_list(app, "-f,--filter", words.filters, help.filters);
  app.add_option("--format", words.format, "json, or a template; `table TEMPLATE` for columns");
  if (help.whole != nullptr) app.add_flag("--no-trunc", words.whole, help.whole);
  if (help.quiet != nullptr) app.add_flag("-q,--quiet", words.quiet, help.quiet);
}

Result<format::Listing> plan_listing(const format::Layout& layout, const ListingWords& words) {
  return format::Listing::plan(layout, words.format, words.quiet, ::isatty(1) == 1);
}

int print(const Result<std::string>& text) {
  if (!text) return complain(text.error());
  std::fputs(text->c_str(), stdout);
  return 0;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::fputs(format::columns(rows).c_str(), stdout);
}

int print_inspected(const std::vector<std::string>& names, const std::string& format,
                    const std::function<Result<oci::json::object>(const std::string&)>& find) {
  int status = 0;
  oci::json::array found;
  for (const std::string& name : names) {
    auto one = find(name);
    if (one)
      found.push_back(*std::move(one));
    else
      status = complain(one.error());
  }
  const auto text = format::render_all(found, format, ::isatty(1) == 1);
  if (!text) return complain(text.error());
  std::fputs(text->c_str(), stdout);
  return status;
}

bool confirmed(const std::string& warning) {
  std::printf("WARNING! %s\nAre you sure you want to continue? [y/N] ", warning.c_str());
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string current_directory() {
  const auto here = sys::current_dir();
  return here ? *here : "/";
}

}  // namespace planet::cli
