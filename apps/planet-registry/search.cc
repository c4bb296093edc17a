// planet search
#include "registry/search.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"
#include "commands.h"
#include "format/filter.h"
#include "format/listing.h"
#include "registry/settings.h"

namespace planet::cli {
namespace {

constexpr std::size_t kShownDescription = 45;

struct SearchWords : ListingWords {
  std::string term;
  unsigned limit = 25;
};

format::Layout layout() {
  return {.table = "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
          .quiet = "{{.Name}}",
          .titles = {{"Name", "NAME"},
                     {"Description", "DESCRIPTION"},
                     {"StarCount", "STARS"},
                     {"IsOfficial", "OFFICIAL"},
                     {"IsAutomated", "AUTOMATED"}}};
}

// One line, and not all of it.
std::string description_of(const registry::FoundRepository& one, bool whole) {
  std::string text = one.description;
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  if (whole || text.size() <= kShownDescription) return text;
  std::size_t end = kShownDescription - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

oci::json::object row_of(const registry::FoundRepository& one, bool whole) {
  return {{"Name", one.name},
          {"Description", description_of(one, whole)},
          {"StarCount", std::to_string(one.stars)},
          {"IsOfficial", one.official ? "[OK]" : ""},
          {"IsAutomated", ""}};
}

struct Wanted {
  std::optional<bool> official, automated;
  std::uint64_t stars = 0;
};

Result<Wanted> parse_wanted(const std::vector<std::string>& texts) {
  TRY_SET(const format::Filters filters,
          format::Filters::parse(texts, {"is-official", "is-automated", "stars"}));
  Wanted wanted;
  TRY_SET(wanted.official, filters.truth("is-official"));
  TRY_SET(wanted.automated, filters.truth("is-automated"));
  for (const std::string& text : filters.values("stars")) {
    TRY_SET(const std::uint64_t stars, parse_number<std::uint64_t>(text, "--filter stars"));
    wanted.stars = std::max(wanted.stars, stars);
  }
  return wanted;
}

bool fits(const registry::FoundRepository& one, const Wanted& wanted) {
  if (wanted.official && *wanted.official != one.official) return false;
  return one.stars >= wanted.stars && !wanted.automated.value_or(false);
}

Result<std::string> search_text(const SearchWords& words) {
  TRY_SET(const Wanted wanted, parse_wanted(words.filters));
  TRY_SET(const format::Listing listing, plan_listing(layout(), words));
  TRY_SET(const registry::Settings settings,
          registry::settings_of([](const char* name) -> const char* { return std::getenv(name); }));
  TRY_SET(const auto found, registry::search(settings, words.term, words.limit),
          "search for " + quote(words.term.substr(0, 100)));
  std::vector<oci::json::object> rows;
  rows.reserve(found.size());
  for (const registry::FoundRepository& one : found)
    if (fits(one, wanted)) rows.push_back(row_of(one, words.whole));
  return listing.text(rows);
}

}  // namespace

int search_command(const Global& /*global*/, const std::vector<std::string>& args) {
  SearchWords words;
  CLI::App app("Finds images in a registry; in Docker Hub without one.", "planet search");
  app.add_option("term", words.term, "[HOST/]TERM")->required();
  add_listing_flags(app, words,
                    {.filters = "is-official=BOOL, stars=NUMBER", .whole = "descriptions in full"});
  app.add_option("--limit", words.limit, "at most as many, 1 to 100");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print(search_text(words));
}

}  // namespace planet::cli
