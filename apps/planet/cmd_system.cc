// planet system df, prune, check
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/disk_report.h"
#include "engine/image_events.h"
#include "engine/image_uses.h"
#include "engine/networks.h"
#include "engine/volumes.h"
#include "format/human.h"
#include "format/listing.h"
#include "format/moment.h"
#include "image/check.h"
#include "image/image_list.h"
#include "image/remove.h"
#include "image/store.h"
#include "image/tag.h"

namespace planet::cli {
namespace {

std::string sized(std::uint64_t bytes) {
  return format::size_text(bytes, 4);
}

oci::json::object df_row(const char* type, const engine::DiskUse& use) {
  std::string reclaimable = sized(use.reclaimable);
  if (use.size > 0) reclaimable += " (" + std::to_string(use.reclaimable * 100 / use.size) + "%)";
  return {{"Type", type},
          {"TotalCount", std::to_string(use.total)},
          {"Active", std::to_string(use.active)},
          {"Size", sized(use.size)},
          {"Reclaimable", reclaimable}};
}

format::Layout df_layout() {
  return {.table = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
          .quiet = "{{.Type}}",
          .titles = {{"Type", "TYPE"},
                     {"TotalCount", "TOTAL"},
                     {"Active", "ACTIVE"},
                     {"Size", "SIZE"},
                     {"Reclaimable", "RECLAIMABLE"}}};
}

using Rows = std::vector<std::vector<std::string>>;

std::string first_name(const image::Listed& one) {
  return one.names.empty() ? "<none>:<none>" : image::familiar(one.names.front());
}

Rows image_rows(const engine::DiskReport& report) {
  Rows rows = {{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE",
                "CONTAINERS"}};
  for (const engine::ImageUse& one : report.each_image) {
    const std::string name = first_name(one.image);
    const std::size_t colon = name.rfind(':');
    rows.push_back({name.substr(0, colon), name.substr(colon + 1),
                    one.image.image.config_digest.substr(0, engine::kShortId),
                    format::ago(one.image.image.config.created, format::now()), sized(one.size),
                    sized(one.shared), sized(one.size - one.shared),
                    std::to_string(one.containers)});
  }
  return rows;
}

bool is_at_rest(const engine::Container& container) {
  return container.status == engine::Status::kCreated ||
         container.status == engine::Status::kExited;
}

Rows container_rows(const engine::DiskReport& report) {
  Rows rows = {{"CONTAINER ID", "IMAGE", "SIZE", "CREATED", "STATUS", "NAMES"}};
  for (const engine::ContainerUse& one : report.each_container) {
    const engine::Record& record = one.container.record;
    rows.push_back({record.id.substr(0, engine::kShortId), printable(record.image), sized(one.size),
                    format::ago(record.created, format::now()),
                    engine::status_name(one.container.status), record.name});
  }
  return rows;
}

void print_each(const engine::DiskReport& report) {
  std::puts("Images space usage:\n");
  print_table(image_rows(report));
  std::puts("\nContainers space usage:\n");
  print_table(container_rows(report));
  Rows volumes = {{"VOLUME NAME", "LINKS", "SIZE"}};
  for (const engine::VolumeUse& one : report.each_volume)
    volumes.push_back({one.name, std::to_string(one.links), sized(one.size)});
  std::puts("\nLocal Volumes space usage:\n");
  print_table(volumes);
}

struct PruneWords {
  bool all = false, volumes = false, force = false;
  std::vector<std::string> filters;
};

// What went, section by section, as docker prints it.
class Pruning {
 public:
  Pruning(const Global& global, const PruneWords& words) : global_(global), words_(words) {}

  Result<> run() {
    TRY_SET(const format::Filters filters,
            format::Filters::parse(words_.filters, {"until", "label", "label!"}));
    TRY_SET(const engine::Places places, engine::Places::open(global_.root, global_.runroot));
    TRY_SET(const image::Store store, image::Store::open(global_.root));
    TRY(containers(places, store, filters));
    TRY(networks(places, filters));
    if (words_.volumes) TRY(volumes(places, filters));
    TRY_SET(const image::Removed removed, image::prune_images(store, words_.all, filters, [&] {
              return engine::image_uses(places);
            }));
    engine::note_removed(places, removed);
    std::vector<std::string> lines;
    lines.reserve(removed.untagged.size() + removed.deleted.size());
    for (const std::string& name : removed.untagged) lines.push_back("untagged: " + name);
    for (const std::string& digest : removed.deleted) lines.push_back("deleted: " + digest);
    section("Deleted Images:", lines);
    bytes_ += removed.bytes;
    return {};
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static void section(const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    std::puts(title);
    for (const std::string& line : lines) std::puts(line.c_str());
    std::puts("");
  }

  Result<> containers(const engine::Places& places, const image::Store& store,
                      const format::Filters& filters) {
    TRY_SET(const auto until, filters.moment("until", format::now()));
    TRY_SET(const engine::DiskReport report, engine::disk_report(places, store));
    std::vector<std::string> gone;
    for (const engine::ContainerUse& one : report.each_container) {
      const engine::Record& record = one.container.record;
      const auto created = format::parse_rfc3339(record.created).value_or(0);
      const bool wanted = is_at_rest(one.container) && (!until || created < *until) &&
                          filters.labels_fit(record.labels);
      // One that is being started, or was started meanwhile, stays.
      if (!wanted || !engine::remove_container(places, one.container, false)) continue;
      gone.push_back(record.id);
      bytes_ += one.size;
    }
    section("Deleted Containers:", gone);
    return {};
  }

  Result<> networks(const engine::Places& places, const format::Filters& filters) {
    TRY_SET(const auto until, filters.moment("until", format::now()));
    TRY_SET(const std::vector<std::string> gone,
            engine::prune_networks(places, [&](const network::Network& network) {
              const auto created = format::parse_rfc3339(network.created).value_or(0);
              return (!until || created < *until) && filters.labels_fit(network.labels);
            }));
    section("Deleted Networks:", gone);
    return {};
  }

  Result<> volumes(const engine::Places& places, const format::Filters& filters) {
    TRY_SET(const engine::PrunedVolumes pruned,
            engine::prune_volumes(places, false, [&](const engine::VolumeInfo& volume) {
              return filters.labels_fit(volume.labels);
            }));
    section("Deleted Volumes:", pruned.names);
    bytes_ += pruned.bytes;
    return {};
  }

  const Global& global_;
  const PruneWords& words_;
  std::uint64_t bytes_ = 0;
};

// Pulls what a check found incomplete, and gives it its names back.
Result<> fetch_again(const Global& global, const image::Incomplete& one) {
  for (const std::string& repository : one.repositories) {
    const std::string name = repository + "@sha256:" + one.digest;
    if (pull_for_run(global, name) != 0) continue;
    TRY_SET(const image::Store store, image::Store::open(global.root));
    for (const std::string& old : one.names) TRY(image::tag_image(store, name, old));
    std::printf("image %s: pulled again from %s\n", one.digest.c_str(), repository.c_str());
    return {};
  }
  return fail(Code::kNotFound, "image " + one.digest + " could not be pulled again from " +
                                   join(one.repositories, ", "));
}

int print_report(const image::CheckReport& report, bool repair) {
  for (const image::Damage& one : report.damage)
    std::printf("%s (%s)\n", one.what.c_str(),
                repair ? one.remedy.c_str() : ("with --repair " + one.remedy).c_str());
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  std::printf("%zu images, %zu layers, %zu blobs: ", report.images, report.layers, report.blobs);
  if (report.damage.empty()) return std::puts("whole"), 0;
  std::printf("%zu damaged%s\n", report.damage.size(), repair ? ", mended" : "");
  return repair ? 0 : 1;
}

}  // namespace

int system_df_command(const Global& global, const std::vector<std::string>& args) {
  bool verbose = false;
  ListingWords words;
  CLI::App app("Shows what images, containers and volumes take of the disk.", "planet system df");
  add_listing_flags(app, words, {});
  app.add_flag("-v,--verbose", verbose, "each of them");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print([&]() -> Result<std::string> {
    TRY_SET(const format::Listing listing, plan_listing(df_layout(), words));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const image::Store store, image::Store::open(global.root));
    TRY_SET(const engine::DiskReport report, engine::disk_report(places, store));
    if (verbose && words.format.empty()) {
      print_each(report);
      return "";
    }
    return listing.text({df_row("Images", report.images), df_row("Containers", report.containers),
                         df_row("Local Volumes", report.volumes)});
  }());
}

int system_prune_command(const Global& global, const std::vector<std::string>& args) {
  PruneWords words;
  CLI::App app("Removes all that nothing needs.", "planet system prune");
  app.add_flag("-a,--all", words.all,
               "every image that no container has, not only those without a name");
  add_list(app, "--filter", words.filters, "until=, label=, label!=");
  app.add_flag("-f,--force", words.force, "do not ask");
  app.add_flag("--volumes", words.volumes, "volumes without a name, too, that no container has");
  int status = 0;
  if (!parse(app, args, status)) return status;
  std::string warning =
      "This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
      "container\n";
  if (words.volumes) warning += "  - all anonymous volumes not used by at least one container\n";
  warning += words.all ? "  - all images without at least one container associated to them\n"
                       : "  - all dangling images\n";
  Pruning pruning(global, words);
  if (words.force || confirmed(warning)) {
    const auto pruned = pruning.run();
    if (!pruned) return complain(pruned.error());
  }
  std::printf("Total reclaimed space: %s\n", sized(pruning.bytes()).c_str());
  return 0;
}

int system_check_command(const Global& global, const std::vector<std::string>& args) {
  bool repair = false;
  bool quiet = false;
  CLI::App app("Verifies every blob, image and unpacked layer.", "planet system check");
  app.add_flag("-q,--quiet", quiet, "no progress");
  app.add_flag("--repair", repair, "take away what is damaged; make anew or pull what can be");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const bool live = !quiet && ::isatty(2) == 1;
  const auto report = [&]() -> Result<image::CheckReport> {
    TRY_SET(const image::Store store, image::Store::open(global.root));
    return image::check_store(store, repair, [&](const std::string& what) {
      if (live) std::fprintf(stderr, "\r\033[K%s", what.c_str());
    });
  }();
  if (live) std::fputs("\r\033[K", stderr);
  if (!report) return complain(report.error());
  const int status_of_check = print_report(*report, repair);
  if (!repair) return status_of_check;
  std::fflush(stdout);
  for (const image::Incomplete& one : report->incomplete)
    if (const Result<> done = fetch_again(global, one); !done) status = complain(done.error());
  return status;
}

}  // namespace planet::cli
