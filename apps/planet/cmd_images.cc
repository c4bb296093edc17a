// planet images, load
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/image_events.h"
#include "engine/interruptible.h"
#include "engine/record.h"
#include "format/filter.h"
#include "format/human.h"
#include "format/listing.h"
#include "format/moment.h"
#include "image/image_list.h"
#include "image/load.h"
#include "image/staging.h"
#include "image/store.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::cli {
namespace {

format::Layout image_layout(bool digests) {
  return {
      .table = digests
                   ? "table "
                     "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
                   : "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}",
      .quiet = "{{.ID}}",
      .titles = {{"Containers", "CONTAINERS"},
                 {"CreatedAt", "CREATED AT"},
                 {"CreatedSince", "CREATED"},
                 {"Digest", "DIGEST"},
                 {"ID", "IMAGE ID"},
                 {"Repository", "REPOSITORY"},
                 {"SharedSize", "SHARED SIZE"},
                 {"Size", "SIZE"},
                 {"Tag", "TAG"},
                 {"UniqueSize", "UNIQUE SIZE"},
                 {"VirtualSize", "SIZE"}}};
}

oci::json::object row_object(const image::ImageRow& row, bool whole) {
  const auto created = format::parse_rfc3339(row.created);
  const std::string size = format::size_text(row.size);
  return {{"Containers", "N/A"},
          {"CreatedAt", created ? format::shown_moment(*created) : "N/A"},
          {"CreatedSince", format::ago(row.created, format::now())},
          {"Digest", row.digest.empty() ? "<none>" : row.digest},
          {"ID", whole ? "sha256:" + row.id : row.id.substr(0, engine::kShortId)},
          {"Repository", row.repository.empty() ? "<none>" : row.repository},
          {"SharedSize", "N/A"},
          {"Size", size},
          {"Tag", row.tag.empty() ? "<none>" : row.tag},
          {"UniqueSize", "N/A"},
          {"VirtualSize", size}};
}

struct ImagesWords : ListingWords {
  bool all = false, digests = false;
  std::string reference;
};

Result<std::string> list_images(const Global& global, const ImagesWords& words) {
  TRY_SET(const format::Filters filters, image::parse_image_filters(words.filters));
  TRY_SET(const format::Listing listing, plan_listing(image_layout(words.digests), words));
  TRY_SET(const image::Store store, image::Store::open(global.root));
  TRY_SET(const std::vector<image::ImageRow> rows,
          image::list_rows(store, filters, words.reference));
  std::vector<oci::json::object> objects;
  for (const image::ImageRow& row : rows) {
    oci::json::object object = row_object(row, words.whole);
    // As docker: an image once for each of its names, but its id alone only once.
    const bool seen = words.quiet && !objects.empty() && objects.back()["ID"] == object["ID"];
    if (!seen) objects.push_back(std::move(object));
  }
  return listing.text(objects);
}

struct LoadWords {
  std::string input = "-", name;
  bool live = false;  // progress on a terminal
};

int load(const Global& global, const LoadWords& words) {
  const std::string& input = words.input;
  const auto loaded = [&]() -> Result<std::vector<image::Loaded>> {
    TRY_SET(const UniqueFd file, input == "-" ? sys::duplicate(BorrowedFd(0))
                                              : sys::open_at(sys::kCwd, input.c_str(), O_RDONLY));
    TRY_SET(const image::Store store, image::Store::open(global.root));
    TRY_SET(auto images,
            image::load_archive(store, file.borrow(), words.name,
                                [&](const std::string& what) {
                                  if (words.live) std::fprintf(stderr, "\r\033[K%s", what.c_str());
                                }),
            "load " + printable(input == "-" ? "standard input" : input));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    engine::note_loaded(places, images);
    return images;
  }();
  if (words.live) std::fputs("\r\033[K", stderr);
  if (!loaded) return complain(loaded.error());
  for (const image::Loaded& image : *loaded) {
    if (image.names.empty()) std::printf("Loaded image ID: sha256:%s\n", image.digest.c_str());
    for (const std::string& one : image.names)
      std::printf("Loaded image: %s\n", image::familiar(one).c_str());
  }
  return 0;
}

}  // namespace

int images_command(const Global& global, const std::vector<std::string>& args) {
  ImagesWords words;
  CLI::App app("Lists images.", "planet images");
  app.add_flag("-a,--all", words.all, "for docker's sake: there are no images in between");
  app.add_flag("--digests", words.digests, "what registries call them, too");
  add_listing_flags(app, words,
                    {.filters = "dangling=, label=, reference=, before=, since=, until=",
                     .whole = "whole ids",
                     .quiet = "ids only"});
  app.add_option("repository", words.reference, "only those of this name, or name and tag");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print(list_images(global, words));
}

int load_command(const Global& global, const std::vector<std::string>& args) {
  LoadWords words;
  bool quiet = false;
  CLI::App app("Adds images from an archive (OCI or docker; tar, gzip or zstd).", "planet load");
  app.add_option("-i,--input", words.input, "the archive; standard input without it");
  app.add_option("--name", words.name, "what to call an image that the archive does not name");
  app.add_flag("-q,--quiet", quiet, "no progress");
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (words.input == "-" && ::isatty(0) == 1)
    return complain(
        "load reads an archive, and standard input is a terminal; give one with -i FILE");
  words.live = !quiet && ::isatty(2) == 1;
  // To open a staging directory takes away those whose makers are gone.
  return engine::run_interruptibly([&] { return load(global, words); },
                                   [&] {
                                     if (words.live) std::fputs("\r\033[K", stderr);
                                     const auto store = image::Store::open(global.root);
                                     if (store) (void)image::Staging::open(store->dir());
                                   });
}

}  // namespace planet::cli
