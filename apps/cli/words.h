// What the commands of planet and planet-registry share: flags, sentences, tables.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/listing.h"
#include "oci/json.h"

namespace planet::cli {

// docker's exit status for what went wrong before a container's command could.
inline constexpr int kEngineFailed = 125;

struct Global {
  std::string root = "/var/lib/planet";
  std::string runroot = "/run/planet";
};

// Prints "planet: what went wrong" and gives back `status`.
int complain(const Error& error, int status = 1);
int complain(const std::string& text, int status = 1);
void say(const std::string& text);

// A flag with one value, of which the last given counts; also an empty one is a value.
void add_text(CLI::App& app, const char* flags, std::optional<std::string>& to, const char* help);
// A flag that may be given many times, with one value each.
void add_list(CLI::App& app, const char* flags, std::vector<std::string>& to, const char* help);

// Seconds for -t and --stop-timeout; -1 is for ever.
Result<int> parse_stop_timeout(const char* flag, const std::string& text);

// The words of commands that stop containers. None if they are wrong, which was said then, or help was wanted.
struct StopWords {
  std::vector<std::string> names;
  std::optional<int> timeout;  // seconds; none: each container's own
};
std::optional<StopWords> parse_stop_words(CLI::App& app, const std::vector<std::string>& args,
                                          int& status);

// Parses the words after the command's name. False when it is done: help was printed, or the words are wrong.
// As with docker, the status is 125 for a flag that is wrong, and 1 for a word that is missing or too many.
bool parse(CLI::App& app, std::vector<std::string> args, int& status);

// A program's own flags come before the words that are not for it: says so when `word` looks like one.
// True if it does.
bool is_stray_flag(const CLI::App& app, const std::string& word);

// Colours are for terminals, and for those who want them: https://no-color.org.
bool use_colour(int fd);

// What listings take: --filter, --format, --no-trunc and --quiet.
struct ListingWords {
  std::vector<std::string> filters;
  std::string format;
  bool whole = false, quiet = false;
};
// What --help says of them; a flag of which nothing is said is not taken. --format always is.
struct ListingHelp {
  const char* filters = nullptr;
  const char* whole = nullptr;
  const char* quiet = nullptr;
};
void add_listing_flags(CLI::App& app, ListingWords& words, const ListingHelp& help);
Result<format::Listing> plan_listing(const format::Layout& layout, const ListingWords& words);
// The text, or what went wrong. Returns the exit status.
int print(const Result<std::string>& text);

// A table as docker prints it: columns three blanks apart.
void print_table(const std::vector<std::vector<std::string>>& rows);

// `inspect`: what `find` finds of each name, as JSON or through the template `format`. A name that is not there is
// complained of, and the status is 1.
int print_inspected(const std::vector<std::string>& names, const std::string& format,
                    const std::function<Result<oci::json::object>(const std::string&)>& find);

// Warns, asks on standard output, and reads the answer from standard input.
bool confirmed(const std::string& warning);

std::string current_directory();

}  // namespace planet::cli
