// planet images, load
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/interruptible.h"
#include "engine/record.h"
#include "image/load.h"
#include "image/staging.h"
#include "image/store.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::cli {
namespace {

// "4.2MB": powers of 1000, as docker shows images.
std::string size_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < std::size(kUnits); ++unit) size /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g%s", size, kUnits[unit]);
  return text;
}

// The name's two halves as docker shows them: Docker Hub's host and "library/" are understood.
std::pair<std::string, std::string> shown_name(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  const bool tagged = colon != std::string::npos && name.find('/', colon) == std::string::npos;
  std::string repository = name.substr(0, tagged ? colon : std::string::npos);
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (repository.starts_with(prefix)) {
      repository.erase(0, prefix.size());
      break;
    }
  return {repository, tagged ? name.substr(colon + 1) : "<none>"};
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
    return images;
  }();
  if (words.live) std::fputs("\r\033[K", stderr);
  if (!loaded) return complain(loaded.error());
  for (const image::Loaded& image : *loaded) {
    if (image.names.empty()) std::printf("Loaded image ID: sha256:%s\n", image.digest.c_str());
    for (const std::string& one : image.names) {
      const auto [repository, tag] = shown_name(one);
      std::printf("Loaded image: %s:%s\n", repository.c_str(), tag.c_str());
    }
  }
  return 0;
}

}  // namespace

int images_command(const Global& global, const std::vector<std::string>& args) {
  bool quiet = false;
  bool whole = false;
  std::string format;
  CLI::App app("Lists images.", "planet images");
  app.add_flag("-q,--quiet", quiet, "ids only");
  app.add_flag("--no-trunc", whole, "whole ids");
  app.add_option("--format", format, "json: one object a line")
      ->check(CLI::IsMember({"json", "table"}));
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto listed = [&]() -> Result<std::vector<image::Listed>> {
    TRY_SET(const image::Store store, image::Store::open(global.root));
    return store.list();
  }();
  if (!listed) return complain(listed.error());
  std::vector<std::vector<std::string>> rows = {{"REPOSITORY", "TAG", "IMAGE ID", "SIZE"}};
  for (const image::Listed& one : *listed) {
    const std::string id = whole ? "sha256:" + one.image.config_digest
                                 : one.image.config_digest.substr(0, engine::kShortId);
    const auto [repository, tag] = shown_name(one.name);
    if (quiet) {
      std::puts(id.c_str());
    } else if (format == "json") {
      const oci::json::object object = {{"Repository", repository},
                                        {"Tag", tag},
                                        {"ID", id},
                                        {"Size", size_text(one.image.size)}};
      std::puts(oci::to_text(object).c_str());
    } else {
      rows.push_back({repository, tag, id, size_text(one.image.size)});
    }
  }
  if (!quiet && format != "json") print_table(rows);
  return 0;
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
