// planet save
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "cli.h"
#include "image/save.h"
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

}  // namespace planet::cli
