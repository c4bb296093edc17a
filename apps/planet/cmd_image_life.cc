// planet rmi, image prune, tag, history
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/image_events.h"
#include "engine/image_uses.h"
#include "format/human.h"
#include "format/listing.h"
#include "format/moment.h"
#include "image/image_list.h"
#include "image/inspect.h"
#include "image/remove.h"
#include "image/store.h"
#include "image/tag.h"

namespace planet::cli {
namespace {

// The store, and the containers that need what is in it.
struct Opened {
  engine::Places places;
  image::Store store;

  static Result<Opened> open(const Global& global) {
    TRY_SET(engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(image::Store store, image::Store::open(global.root));
    return Opened{.places = std::move(places), .store = std::move(store)};
  }
  image::Uses uses() const {
    return [this] { return engine::image_uses(places); };
  }
};

void print_removed(const image::Removed& removed, const char* untagged, const char* deleted) {
  for (const std::string& name : removed.untagged) std::printf("%s: %s\n", untagged, name.c_str());
  for (const std::string& digest : removed.deleted)
    std::printf("%s: %s\n", deleted, digest.c_str());
}

format::Layout history_layout() {
  return {.table = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
          .quiet = "{{.ID}}",
          .titles = {{"ID", "IMAGE"},
                     {"CreatedAt", "CREATED AT"},
                     {"CreatedSince", "CREATED"},
                     {"CreatedBy", "CREATED BY"},
                     {"Size", "SIZE"},
                     {"Comment", "COMMENT"}}};
}

struct HistoryWords : ListingWords {
  std::string image;
  bool human = true;
};

std::string shortened(std::string text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++characters) {
    const std::size_t length =
        std::max<std::size_t>(1, utf8_length(std::string_view(text).substr(at)));
    if (characters + 1 == width && at + length < text.size()) return text.substr(0, at) + "…";
    at += length;
  }
  return text;
}

oci::json::object step_object(const image::HistoryStep& step, const HistoryWords& words) {
  constexpr std::size_t kWidth = 45;
  std::string id = "<missing>";
  if (!step.id.empty())
    id = words.whole ? "sha256:" + step.id : step.id.substr(0, engine::kShortId);
  std::string by = step.created_by;
  std::ranges::replace(by, '\t', ' ');
  const auto created = format::parse_rfc3339(step.created);
  return {{"ID", id},
          {"CreatedAt", step.created},
          {"CreatedSince",
           words.human || !created ? format::ago(step.created, format::now()) : step.created},
          {"CreatedBy", words.whole ? by : shortened(by, kWidth)},
          {"Size", words.human ? format::size_text(step.size) : std::to_string(step.size)},
          {"Comment", words.whole ? step.comment : shortened(step.comment, kWidth)}};
}

Result<std::string> history_text(const Global& global, const HistoryWords& words) {
  TRY_SET(const format::Listing listing, plan_listing(history_layout(), words));
  TRY_SET(const image::Store store, image::Store::open(global.root));
  TRY_SET(const auto steps, image::image_history(store, words.image));
  std::vector<oci::json::object> rows;
  rows.reserve(steps.size());
  for (const image::HistoryStep& step : steps) rows.push_back(step_object(step, words));
  return listing.text(rows);
}

}  // namespace

int rmi_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  bool force = false;
  bool no_prune = false;
  CLI::App app("Removes images.", "planet rmi");
  app.add_flag("-f,--force", force, "also those that stopped containers have");
  app.add_flag("--no-prune", no_prune, "for docker's sake: there are no images in between");
  app.add_option("image", names, "name, id or digest")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto opened = Opened::open(global);
  if (!opened) return complain(opened.error());
  for (const std::string& name : names) {
    const auto removed = image::remove_image(opened->store, name, force, opened->uses());
    if (removed) {
      engine::note_removed(opened->places, *removed);
      print_removed(*removed, "Untagged", "Deleted");
      continue;
    }
    complain(removed.error());
    const bool gone = removed.error().code() == Code::kNotFound;
    if (!force || !gone) status = 1;
  }
  return status;
}

int image_prune_command(const Global& global, const std::vector<std::string>& args) {
  bool all = false;
  bool force = false;
  std::vector<std::string> texts;
  CLI::App app("Removes images that nothing needs.", "planet image prune");
  app.add_flag("-a,--all", all, "every image that no container has, not only those without a name");
  add_list(app, "--filter", texts, "until=, label=, label!=");
  app.add_flag("-f,--force", force, "do not ask");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto filters = format::Filters::parse(texts, {"until", "label", "label!"});
  if (!filters) return complain(filters.error());
  const char* const warning =
      all ? "This will remove all images without at least one container associated to them."
          : "This will remove all dangling images.";
  image::Removed removed;
  if (force || confirmed(warning)) {
    const auto pruned = [&]() -> Result<image::Removed> {
      TRY_SET(const Opened opened, Opened::open(global));
      TRY_SET(image::Removed gone, image::prune_images(opened.store, all, *filters, opened.uses()));
      engine::note_removed(opened.places, gone);
      return gone;
    }();
    if (!pruned) return complain(pruned.error());
    removed = *pruned;
  }
  if (!removed.untagged.empty() || !removed.deleted.empty()) {
    std::puts("Deleted Images:");
    print_removed(removed, "untagged", "deleted");
    std::puts("");
  }
  std::printf("Total reclaimed space: %s\n", format::size_text(removed.bytes, 4).c_str());
  return 0;
}

int tag_command(const Global& global, const std::vector<std::string>& args) {
  std::string source;
  std::string target;
  CLI::App app("Gives an image one more name.", "planet tag");
  app.add_option("image", source, "name or id")->required();
  app.add_option("target", target, "NAME[:TAG]")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto tagged = [&]() -> Result<> {
    TRY_SET(const Opened opened, Opened::open(global));
    TRY_SET(const image::Tagged one, image::tag_image(opened.store, source, target));
    engine::note_tagged(opened.places, one);
    return {};
  }();
  return tagged ? 0 : complain(tagged.error());
}

int history_command(const Global& global, const std::vector<std::string>& args) {
  HistoryWords words;
  CLI::App app("Shows how an image was made.", "planet history");
  add_listing_flags(app, words, {.whole = "whole ids and commands", .quiet = "ids only"});
  app.add_flag("-H,--human,!--no-human", words.human,
               "sizes and times as people read them; the default");
  app.add_option("image", words.image, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print(history_text(global, words));
}

}  // namespace planet::cli
