// planet image referrers
#include "image/referrers.h"

#include <cstdlib>

#include "base/strings.h"
#include "commands.h"
#include "format/filter.h"
#include "format/human.h"
#include "format/listing.h"
#include "registry/settings.h"

namespace planet::cli {
namespace {

struct ReferrersWords : ListingWords {
  std::string image;
};

format::Layout layout() {
  return {.table = "table {{.Digest}}\t{{.ArtifactType}}\t{{.Size}}",
          .quiet = "{{.Digest}}",
          .titles = {{"Digest", "DIGEST"},
                     {"ArtifactType", "ARTIFACT TYPE"},
                     {"MediaType", "MEDIA TYPE"},
                     {"Size", "SIZE"},
                     {"CreatedAt", "CREATED AT"}}};
}

// All of it is another's word: it may hold anything.
std::string annotation_of(const oci::Descriptor& one, const char* key) {
  const auto found = one.annotations.find(key);
  return found == one.annotations.end() ? "" : printable(found->second);
}

oci::json::object row_of(const oci::Descriptor& one) {
  return {{"Digest", one.digest},
          {"ArtifactType", printable(one.artifact_type)},
          {"MediaType", printable(one.media_type)},
          {"Size", format::size_text(static_cast<std::uint64_t>(one.size))},
          {"CreatedAt", annotation_of(one, "org.opencontainers.image.created")}};
}

Result<std::string> referrers_text(const ReferrersWords& words) {
  TRY_SET(const format::Filters filters, format::Filters::parse(words.filters, {"type"}));
  TRY_SET(const format::Listing listing, plan_listing(layout(), words));
  TRY_SET(const image::Reference given, image::parse_reference(words.image));
  TRY_SET(const registry::Settings settings,
          registry::settings_of([](const char* name) -> const char* { return std::getenv(name); }));
  TRY_SET(const image::Referrers found,
          image::list_referrers(settings, image::with_default_host(given)));
  std::vector<oci::json::object> rows;
  for (const oci::Descriptor& one : found.list)
    if (filters.equals("type", one.artifact_type)) rows.push_back(row_of(one));
  return listing.text(rows);
}

}  // namespace

int referrers_command(const Global& /*global*/, const std::vector<std::string>& args) {
  ReferrersWords words;
  CLI::App app("Lists what refers to an image in its registry: signatures, bills of materials.",
               "planet image referrers");
  app.add_option("image", words.image, "NAME[:TAG|@DIGEST]")->required();
  add_listing_flags(app, words,
                    {.filters = "type=ARTIFACT-TYPE", .whole = nullptr, .quiet = "digests alone"});
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print(referrers_text(words));
}

}  // namespace planet::cli
