#include "commands.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/strings.h"
#include "engine/image_events.h"
#include "engine/interruptible.h"
#include "image/platform.h"
#include "image/pull.h"
#include "image/push.h"
#include "image/staging.h"
#include "image/store.h"
#include "pull_display.h"
#include "registry/login.h"
#include "registry/settings.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace planet::cli {
namespace {

Result<registry::Settings> own_settings() {
  return registry::settings_of([](const char* name) -> const char* { return std::getenv(name); });
}

struct PullWords {
  std::string name;
  std::optional<std::string> platform;
  std::string progress = "auto";
  bool quiet = false, all_tags = false;
};

// Where what is said goes, and how.
struct Shown {
  Form form;
  std::FILE* to;
};

// Where things go.
struct Kept {
  engine::Places places;
  image::Store store;

  static Result<Kept> open(const Global& global) {
    TRY_SET(engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(image::Store store, image::Store::open(global.root));
    return Kept{.places = std::move(places), .store = std::move(store)};
  }
};

Result<> pull_one(const Kept& kept, const registry::Settings& settings,
                  const image::Reference& reference, const image::PullOptions& options,
                  const Shown& shown) {
  const auto [form, to] = shown;
  LayerTable table(form, to);
  const image::Reference whole = image::with_default_host(reference);
  const std::string what = whole.digest ? whole.digest->text() : whole.tag;
  table.say(what, "Pulling from " + image::short_name(whole.name()));
  PullDisplay display(table);
  auto pulled = image::pull(kept.store, settings, whole, options, display);
  table.close();
  if (!pulled) return std::unexpected(std::move(pulled).error());
  engine::note_transfer(kept.places, "pull", pulled->name);
  table.say("", "Digest: " + pulled->digest.text());
  table.say("", std::string("Status: ") +
                    (pulled->is_new ? "Downloaded newer image for " : "Image is up to date for ") +
                    image::short_name(pulled->name));
  if (form != Form::kJson && to == stdout) std::puts(pulled->name.c_str());
  return {};
}

Result<> pull(const Global& global, const PullWords& words, std::FILE* to) {
  TRY_SET(const Form form, form_of(words.progress, words.quiet, to));
  TRY_SET(image::Reference reference, image::parse_reference(words.name));
  image::PullOptions options;
  if (words.platform) {
    TRY_SET(options.platform, image::parse_platform(*words.platform), "--platform");
  }
  TRY_SET(const registry::Settings settings, own_settings());
  TRY_SET(const Kept kept, Kept::open(global));
  if (!words.all_tags) {
    const bool is_default = !reference.digest && !words.name.ends_with(":" + reference.tag);
    if (is_default && form != Form::kQuiet && form != Form::kJson)
      std::fprintf(to, "Using default tag: %s\n", reference.tag.c_str());
    return pull_one(kept, settings, reference, options, {form, to});
  }
  if (reference.digest || words.name.ends_with(":" + reference.tag))
    return fail(Code::kInvalidArgument, "a tag or digest cannot be given together with --all-tags");
  TRY_SET(const std::vector<std::string> tags, image::remote_tags(settings, reference));
  for (const std::string& tag : tags) {
    TRY_SET(image::Reference one, image::parse_reference(reference.name() + ":" + tag));
    TRY(pull_one(kept, settings, one, options, {form, to}));
  }
  return {};
}

// A pull is work of a child: a signal ends it at once, and its memory is gone when a container starts.
int pull_interruptibly(const Global& global, const PullWords& words, std::FILE* to, int failed) {
  const auto work = [&] {
    const Result<> pulled = pull(global, words, to);
    return pulled
               ? 0
               : complain(Error(pulled.error()).while_doing("pull " + quote(words.name)), failed);
  };
  // To open a staging directory takes away those whose makers are gone.
  return engine::run_interruptibly(work, [&] {
    const auto store = image::Store::open(global.root);
    if (store) (void)image::Staging::open(store->dir());
  });
}

class PushDisplay : public image::PushWatcher {
 public:
  explicit PushDisplay(LayerTable& table) : table_(table) {}
  void found(const std::vector<image::PullLayer>& layers) override {
    table_.begin(layers, "Preparing");
  }
  void sent(std::size_t layer, std::uint64_t bytes) override {
    table_.moved(layer, bytes, "Pushing");
  }
  void complete(std::size_t layer, registry::Uploaded how, const std::string& from) override {
    if (how == registry::Uploaded::kWasThere) return table_.end(layer, "Layer already exists");
    table_.end(layer, how == registry::Uploaded::kMounted ? "Mounted from " + from : "Pushed");
  }

 private:
  LayerTable& table_;
};

Result<> push(const Global& global, const std::string& name, const std::string& progress,
              bool quiet) {
  TRY_SET(const Form form, form_of(progress, quiet, stdout));
  TRY_SET(const image::Reference reference, image::parse_reference(name));
  TRY_SET(const registry::Settings settings, own_settings());
  TRY_SET(const Kept kept, Kept::open(global));
  const image::Reference whole = image::with_default_host(reference);
  LayerTable table(form, stdout);
  if (form != Form::kJson) table.say("", "The push refers to repository [" + whole.name() + "]");
  PushDisplay display(table);
  const auto pushed = image::push(kept.store, settings, reference, display);
  table.close();
  if (!pushed) return std::unexpected(pushed.error());
  engine::note_transfer(kept.places, "push", whole.text());
  table.say(whole.tag,
            "digest: " + pushed->digest.text() + " size: " + std::to_string(pushed->size));
  if (form == Form::kQuiet) std::puts(whole.text().c_str());
  return {};
}

// One line, without showing it if it is a password.
Result<std::string> ask(const char* question, bool hidden) {
  const BorrowedFd terminal(0);
  std::fputs(question, stdout);
  std::fflush(stdout);
  std::optional<termios> before;
  if (hidden) {
    TRY_SET(before, sys::set_no_echo(terminal));
  }
  std::string line;
  std::getline(std::cin, line);
  if (before) {
    TRY(sys::restore_modes(terminal, *before));
    std::puts("");
  }
  return line;
}

struct LoginWords {
  std::string server;
  std::optional<std::string> user, password;
  bool from_input = false;
};

Result<std::string> password_of(const LoginWords& words) {
  constexpr std::size_t kMostPassword = 65536;
  if (words.password) {
    std::fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
               stderr);
    return *words.password;
  }
  if (!words.from_input) return ask("Password: ", true);
  TRY_SET(std::string text, sys::read_all(BorrowedFd(0), kMostPassword), "--password-stdin");
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<> check_words(const LoginWords& words) {
  if (words.from_input && words.password)
    return fail(Code::kInvalidArgument, "--password and --password-stdin are mutually exclusive");
  if (words.from_input && !words.user)
    return fail(Code::kInvalidArgument,
                "--password-stdin needs the user name: give it with --username");
  const bool asks = !words.from_input && (!words.user || !words.password);
  if (asks && ::isatty(0) != 1)
    return fail(Code::kInvalidArgument,
                "a login without a terminal needs --username and --password-stdin");
  return {};
}

// What is kept already is tried where nothing is said, as docker does.
Result<bool> login_as_before(const registry::Settings& settings, const std::string& host,
                             const LoginWords& words) {
  if (words.user || words.password || words.from_input) return false;
  TRY_SET(const auto kept, registry::kept_login(settings, host));
  if (!kept) return false;
  std::puts("Authenticating with existing credentials...");
  return registry::try_login(settings, host, *kept).has_value();
}

Result<> log_in(const LoginWords& words) {
  TRY_SET(const registry::Settings settings, own_settings());
  TRY_SET(const std::string host, registry::login_host(words.server));
  TRY_SET(const bool again, login_as_before(settings, host, words));
  if (again) return {};
  TRY(check_words(words));
  registry::Credentials login;
  if (words.user) {
    login.username = *words.user;
  } else {
    TRY_SET(login.username, ask("Username: ", false));
  }
  TRY_SET(std::string password, password_of(words));
  if (login.username.empty() || password.empty())
    return fail(Code::kInvalidArgument, "a login needs a user name and a password");
  login.password = registry::Secret(std::move(password));
  TRY(registry::try_login(settings, host, login), "log in to " + quote(host));
  TRY_SET(const bool in_file, registry::keep_login(settings, host, login));
  if (in_file)
    std::fprintf(stderr,
                 "WARNING! Your password will be stored unencrypted in %s.\nConfigure a credential "
                 "helper to remove this warning.\n",
                 printable(settings.docker_config).c_str());
  return {};
}

}  // namespace

int pull_command(const Global& global, const std::vector<std::string>& args) {
  PullWords words;
  CLI::App app("Gets an image from a registry.", "planet pull");
  app.add_option("name", words.name, "NAME[:TAG|@DIGEST]")->required();
  app.add_flag("-a,--all-tags", words.all_tags, "all tags of the repository");
  app.add_flag("-q,--quiet", words.quiet, "only the name in the end");
  add_text(app, "--platform", words.platform,
           "OS/ARCHITECTURE[/VARIANT]; this machine's without it");
  app.add_option("--progress", words.progress, "auto, plain, tty, json or quiet");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return pull_interruptibly(global, words, stdout, 1);
}

int pull_for_run(const Global& global, const std::vector<std::string>& args) {
  PullWords words;
  words.name = args.at(0);
  return pull_interruptibly(global, words, stderr, kEngineFailed);
}

int push_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string progress = "auto";
  bool quiet = false;
  CLI::App app("Brings an image to a registry.", "planet push");
  app.add_option("image", name, "NAME[:TAG]")->required();
  app.add_flag("-q,--quiet", quiet, "only the name in the end");
  app.add_option("--progress", progress, "auto, plain, tty, json or quiet");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> pushed = push(global, name, progress, quiet);
  return pushed ? 0 : complain(Error(pushed.error()).while_doing("push " + quote(name)));
}

int login_command(const Global& /*global*/, const std::vector<std::string>& args) {
  LoginWords words;
  CLI::App app("Logs in to a registry; docker.io without one.", "planet login");
  app.add_option("server", words.server, "HOST[:PORT]");
  add_text(app, "-u,--username", words.user, "the user name");
  add_text(app, "-p,--password", words.password,
           "the password, which other users can see in the list of processes");
  app.add_flag("--password-stdin", words.from_input, "the password is what standard input says");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const BorrowedFd terminal(0);
  const auto modes = sys::terminal_modes(terminal);
  return engine::run_interruptibly(
      [&] {
        if (const Result<> done = log_in(words); !done) return complain(done.error());
        std::puts("Login Succeeded");
        return 0;
      },
      // Whoever gives up while asked for a password sees again what is typed.
      [&] {
        if (modes) (void)sys::restore_modes(terminal, *modes);
      });
}

int logout_command(const Global& /*global*/, const std::vector<std::string>& args) {
  std::string server;
  CLI::App app("Forgets the login for a registry; docker.io without one.", "planet logout");
  app.add_option("server", server, "HOST[:PORT]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto done = [&]() -> Result<std::pair<std::string, bool>> {
    TRY_SET(const registry::Settings settings, own_settings());
    TRY_SET(std::string host, registry::login_host(server));
    TRY_SET(const bool was_there, registry::forget_login(settings, host));
    return std::pair(std::move(host), was_there);
  }();
  if (!done) return complain(done.error());
  std::printf(done->second ? "Removing login credentials for %s\n" : "Not logged in to %s\n",
              done->first.c_str());
  return 0;
}

}  // namespace planet::cli
