#include "image/image_list.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/strings.h"
#include "format/moment.h"

namespace planet::image {
namespace {

constexpr std::string_view kHub = "docker.io/";
constexpr std::string_view kHubLibrary = "docker.io/library/";

format::Moment created_of(const Image& image) {
  return format::parse_rfc3339(image.config.created).value_or(0);
}

std::pair<std::string, std::string> halves(const std::string& name, char separator) {
  const std::size_t at = name.rfind(separator);
  if (at == std::string::npos || name.find('/', at) != std::string::npos) return {name, ""};
  return {name.substr(0, at), name.substr(at + 1)};
}

// What the filters ask, looked up once.
struct Wanted {
  std::optional<bool> dangling;
  std::optional<format::Moment> until, before, since;
};

Result<std::optional<format::Moment>> moment_of_image(const Store& store,
                                                      const format::Filters& filters,
                                                      std::string_view key) {
  std::optional<format::Moment> moment;
  for (const std::string& text : filters.values(key)) {
    TRY_SET(const Image image, store.resolve(text), "--filter " + std::string(key));
    moment = created_of(image);
  }
  return moment;
}

Result<Wanted> look_up(const Store& store, const format::Filters& filters) {
  Wanted wanted;
  TRY_SET(wanted.dangling, filters.truth("dangling"));
  TRY_SET(wanted.until, filters.moment("until", format::now()));
  TRY_SET(wanted.before, moment_of_image(store, filters, "before"));
  TRY_SET(wanted.since, moment_of_image(store, filters, "since"));
  return wanted;
}

bool fits(const Listed& one, const Wanted& wanted, const format::Filters& filters) {
  const format::Moment created = created_of(one.image);
  if (wanted.dangling && *wanted.dangling != one.names.empty()) return false;
  if (wanted.until && created >= *wanted.until) return false;
  if (wanted.before && created >= *wanted.before) return false;
  if (wanted.since && created <= *wanted.since) return false;
  return filters.labels_fit(one.image.config.labels);
}

// Against "busybox" and "busybox:latest", and the full form of both.
bool fits_name(const std::string& pattern, const std::string& full) {
  const auto [repository, tag] = halves(full, ':');
  for (const std::string& text : {familiar(full), familiar(repository), full, repository})
    if (format::fits_pattern(pattern, text)) return true;
  return false;
}

// Which names the flags ask for.
struct WantedNames {
  const format::Filters& filters;
  std::string_view reference;  // empty: all

  bool has(const std::string& name) const {
    return (reference.empty() || fits_name(std::string(reference), name)) &&
           filters.any("reference",
                       [&](const std::string& pattern) { return fits_name(pattern, name); });
  }
  bool all() const { return reference.empty() && !filters.has("reference"); }
};

// Repository and digest of each "repository@sha256:...".
std::vector<std::pair<std::string, std::string>> digests_of(const Listed& one) {
  std::vector<std::pair<std::string, std::string>> digests;
  digests.reserve(one.repo_digests.size());
  for (const std::string& name : one.repo_digests) digests.push_back(halves(name, '@'));
  return digests;
}

ImageRow row_of(const Listed& one) {
  return {
      .id = one.image.config_digest, .created = one.image.config.created, .size = one.image.size};
}

ImageRow named_row(const Listed& one, const std::string& repository, const std::string& tag,
                   const std::string& digest) {
  ImageRow row = row_of(one);
  row.repository = familiar(repository);
  row.tag = tag;
  row.digest = digest;
  return row;
}

// The rows of one image: one for each name, one for each digest of a repository that has no name here, one if it has
// neither.
std::vector<ImageRow> rows_of(const Listed& one, const WantedNames& wanted) {
  const auto digests = digests_of(one);
  std::vector<ImageRow> rows;
  std::set<std::string> named;
  for (const std::string& name : one.names) {
    const auto [repository, tag] = halves(name, ':');
    named.insert(repository);
    if (!wanted.has(name)) continue;
    const auto known =
        std::ranges::find(digests, repository, &std::pair<std::string, std::string>::first);
    rows.push_back(
        named_row(one, repository, tag, known == digests.end() ? std::string() : known->second));
  }
  for (const auto& [repository, digest] : digests)
    if (!named.contains(repository) && wanted.has(repository))
      rows.push_back(named_row(one, repository, "", digest));
  if (rows.empty() && wanted.all()) rows.push_back(row_of(one));
  return rows;
}

}  // namespace

std::string familiar(std::string_view name) {
  for (const std::string_view prefix : {kHubLibrary, kHub})
    if (name.starts_with(prefix)) return std::string(name.substr(prefix.size()));
  return std::string(name);
}

Result<format::Filters> parse_image_filters(const std::vector<std::string>& texts) {
  return format::Filters::parse(
      texts, {"dangling", "label", "label!", "reference", "before", "since", "until"});
}

Result<std::vector<ImageRow>> list_rows(const Store& store, const format::Filters& filters,
                                        std::string_view reference) {
  TRY_SET(const Wanted wanted, look_up(store, filters));
  TRY_SET(std::vector<Listed> listed, store.list());
  // Not stable_sort, whose buffer the library's own header calls deprecated: an error with clang.
  std::ranges::sort(listed, std::greater<>(), [](const Listed& one) {
    return std::pair(created_of(one.image), one.image.digest);
  });
  std::vector<ImageRow> rows;
  for (const Listed& one : listed) {
    if (!fits(one, wanted, filters)) continue;
    std::vector<ImageRow> some = rows_of(one, {.filters = filters, .reference = reference});
    rows.insert(rows.end(), some.begin(), some.end());
  }
  return rows;
}

}  // namespace planet::image
