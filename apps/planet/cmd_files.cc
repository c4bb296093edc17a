// planet commit, cp, diff, export: files of a container.
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "base/strings.h"
#include "cli.h"
#include "engine/commit.h"
#include "engine/copy.h"
#include "engine/diff.h"
#include "engine/interruptible.h"
#include "format/human.h"
#include "image/staging.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

struct CopyWords {
  std::string from, to;
  bool quiet = false;
};

Result<> copy(const Global& global, const CopyWords& words, engine::CopyOptions options) {
  TRY_SET(const engine::CopyPlace from, engine::parse_copy_place(words.from));
  TRY_SET(const engine::CopyPlace to, engine::parse_copy_place(words.to));
  if (to.is_stream() && ::isatty(1) == 1)
    return fail(Code::kInvalidArgument,
                "the archive would go to a terminal; send it to a file or a command");
  if (from.is_stream() && ::isatty(0) == 1)
    return fail(Code::kInvalidArgument,
                "cp - reads an archive, and standard input is a terminal; give it one");
  options.here = current_directory();
  options.warn = say;
  TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
  const BorrowedFd stream(from.is_stream() ? 0 : 1);
  TRY_SET(const std::uint64_t bytes, engine::copy(engine, from, to, stream, options));
  if (!words.quiet && !to.is_stream())
    std::fprintf(stderr, "Successfully copied %s to %s\n", format::size_text(bytes).c_str(),
                 printable(words.to).c_str());
  return {};
}

// Whole or not at all: what is not finished never has the file's name.
Result<> write_file(const std::string& path, const std::function<Result<>(BorrowedFd to)>& write) {
  const auto there = sys::stat_at(sys::kCwd, path.c_str());
  if (there && !S_ISREG(there->st_mode)) {
    TRY_SET(const UniqueFd file, sys::open_at(sys::kCwd, path.c_str(), O_WRONLY | O_NOCTTY));
    return write(file.borrow());
  }
  const std::string temporary = path + ".new." + std::to_string(sys::own_pid());
  TRY_SET(const UniqueFd file, sys::open_at(sys::kCwd, temporary.c_str(),
                                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  Result<> written = write(file.borrow());
  if (written) written = sys::rename_at(sys::kCwd, temporary.c_str(), sys::kCwd, path.c_str());
  if (!written) (void)sys::unlink_at(sys::kCwd, temporary.c_str());
  return written;
}

}  // namespace

int cp_command(const Global& global, const std::vector<std::string>& args) {
  CopyWords words;
  engine::CopyOptions options;
  CLI::App app("Copies files out of a container, or into it.", "planet cp");
  app.footer("planet cp [FLAGS] CONTAINER:PATH PATH|-\nplanet cp [FLAGS] PATH|- CONTAINER:PATH");
  app.add_flag("-a,--archive", options.keep_owners, "keep user and group ids of what comes out");
  app.add_flag("-L,--follow-link", options.follow_link, "of a link, copy what it points to");
  app.add_flag("-q,--quiet", words.quiet, "say nothing of what was done");
  app.add_option("source", words.from, "CONTAINER:PATH, a path, or - for an archive")->required();
  app.add_option("destination", words.to, "CONTAINER:PATH, a path, or - for an archive")
      ->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> done = copy(global, words, std::move(options));
  return done ? 0 : complain(done.error());
}

int diff_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  CLI::App app(
      "Shows what a container has changed in its image's files: A added, C changed, D deleted.",
      "planet diff");
  app.add_option("container", name, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto changes = [&]() -> Result<std::vector<engine::Change>> {
    TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(engine.places, name));
    return engine::diff_container(engine, id);
  }();
  if (!changes) return complain(changes.error());
  const bool terminal = ::isatty(1) == 1;
  for (const engine::Change& change : *changes)
    std::printf("%c %s\n", static_cast<char>(change.kind),
                terminal ? format::terminal_text(change.path, false).c_str() : change.path.c_str());
  return 0;
}

int commit_command(const Global& global, const std::vector<std::string>& args) {
  std::string container;
  engine::CommitOptions options;
  CLI::App app("Makes an image of what a container has become.", "planet commit");
  app.add_option("-a,--author", options.author, "who made it");
  app.add_option("-m,--message", options.message, "a word on it");
  add_list(app, "-c,--change", options.changes,
           "an instruction of Dockerfiles, such as CMD or ENV");
  app.add_flag("-p,--pause", options.pause, "pause a running one meanwhile; the default");
  app.add_option("container", container, "name or id")->required();
  app.add_option("repository", options.name, "REPOSITORY[:TAG]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  options.say = say;
  return engine::run_interruptibly(
      [&] {
        const auto made = [&]() -> Result<std::string> {
          TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
          TRY_SET(const std::string id, engine::find_container(engine.places, container));
          return engine::commit(engine, id, options);
        }();
        if (!made) return complain(made.error());
        std::printf("sha256:%s\n", made->c_str());
        return 0;
      },
      [&] {
        const auto store = image::Store::open(global.root);
        if (store) (void)image::Staging::open(store->dir());
      });
}

int export_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string output;
  CLI::App app("Writes a container's files as a tar archive.", "planet export");
  app.add_option("-o,--output", output, "a file instead of standard output");
  app.add_option("container", name, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (output.empty() && ::isatty(1) == 1)
    return complain("the archive would go to a terminal; send it to a file with -o");
  const auto done = [&]() -> Result<> {
    TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(engine.places, name));
    if (output.empty()) return engine::export_container(engine, id, BorrowedFd(1));
    return write_file(output,
                      [&](BorrowedFd to) { return engine::export_container(engine, id, to); });
  }();
  return done ? 0 : complain(done.error());
}

}  // namespace planet::cli
