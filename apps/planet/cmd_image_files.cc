// planet save, import
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/events.h"
#include "engine/import.h"
#include "engine/interruptible.h"
#include "image/save.h"
#include "image/staging.h"
#include "image/store.h"
#include "sys/file.h"
#include "sys/random.h"

namespace planet::cli {
namespace {

struct SaveWords {
  std::vector<std::string> names;
  std::string output, format = "docker-archive";
};

// Into a file beside `path`, which takes its place when it is whole. What is no regular file is written to as it is.
Result<> save_to(const std::string& path, const std::function<Result<>(BorrowedFd out)>& write) {
  const auto st = sys::stat_at(sys::kCwd, path.c_str());
  if (st && !S_ISREG(st->st_mode)) {
    TRY_SET(const UniqueFd out, sys::open_at(sys::kCwd, path.c_str(), O_WRONLY));
    return write(out.borrow());
  }
  const std::string beside = path + ".part-" + sys::random_hex(8);
  TRY_SET(const UniqueFd out,
          sys::open_at(sys::kCwd, beside.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  Result<> written = write(out.borrow());
  if (written) written = sys::rename_at(sys::kCwd, beside.c_str(), sys::kCwd, path.c_str());
  if (!written) (void)sys::unlink_at(sys::kCwd, beside.c_str());
  return written;
}

Result<> save(const Global& global, const SaveWords& words) {
  TRY_SET(const image::SaveFormat format, image::parse_save_format(words.format));
  TRY_SET(const image::Store store, image::Store::open(global.root));
  const auto write = [&](BorrowedFd out) {
    return image::save_images(store, words.names, format, out);
  };
  if (words.output.empty()) return write(BorrowedFd(STDOUT_FILENO));
  return save_to(words.output, write);
}

Result<UniqueFd> open_archive(const std::string& input) {
  if (input == "-") return sys::duplicate(BorrowedFd(STDIN_FILENO));
  TRY_SET(UniqueFd file, sys::open_at(sys::kCwd, input.c_str(), O_RDONLY));
  TRY_SET(const struct stat st, sys::stat_fd(file.borrow()));
  if (S_ISDIR(st.st_mode))
    return fail(Code::kInvalidArgument, "it is a directory, and no archive; pack it: tar -C " +
                                            printable(input) + " -c . | planet import -");
  return file;
}

int import(const Global& global, const std::string& input, const engine::ImportOptions& options) {
  const auto made = [&]() -> Result<std::string> {
    TRY_SET(const UniqueFd archive, open_archive(input));
    TRY_SET(const image::Store store, image::Store::open(global.root));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(std::string id, engine::import_archive(store, archive.borrow(), options));
    engine::note_event(places, engine::image_event("import", "sha256:" + id,
                                                   options.name.empty() ? id : options.name));
    return id;
  }();
  if (!made)
    return complain(
        Error(made.error())
            .while_doing("import " + printable(input == "-" ? "standard input" : input)));
  std::printf("sha256:%s\n", made->c_str());
  return 0;
}

}  // namespace

int save_command(const Global& global, const std::vector<std::string>& args) {
  SaveWords words;
  CLI::App app("Writes images into an archive.", "planet save");
  app.add_option("--format", words.format, "docker-archive or oci-archive");
  app.add_option("-o,--output", words.output, "the archive; standard output without it");
  app.add_option("image", words.names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (words.output.empty() && ::isatty(STDOUT_FILENO) == 1)
    return complain(
        "save writes an archive, and standard output is a terminal; name a file with -o FILE, or "
        "redirect it");
  const auto saved = save(global, words);
  return saved ? 0 : complain(saved.error());
}

int import_command(const Global& global, const std::vector<std::string>& args) {
  std::string input;
  engine::ImportOptions options;
  CLI::App app("Makes an image of a tar archive of files (plain, gzip or zstd).", "planet import");
  add_list(app, "-c,--change", options.changes,
           "an instruction of Dockerfiles, such as CMD or ENV");
  app.add_option("-m,--message", options.message, "a word on it");
  app.add_option("--platform", options.platform, "what it is for: OS/ARCHITECTURE[/VARIANT]");
  app.add_option("file", input, "the archive; - is standard input")->required();
  app.add_option("repository", options.name, "REPOSITORY[:TAG]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (input.starts_with("http://") || input.starts_with("https://"))
    return complain("import reads files and standard input; fetch it first: curl -fL " +
                    printable(input) + " | planet import -");
  if (input == "-" && ::isatty(STDIN_FILENO) == 1)
    return complain("import reads an archive, and standard input is a terminal; name a file");
  return engine::run_interruptibly([&] { return import(global, input, options); },
                                   [&] {
                                     const auto store = image::Store::open(global.root);
                                     if (store) (void)image::Staging::open(store->dir());
                                   });
}

}  // namespace planet::cli
