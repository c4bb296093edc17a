#include "runtime/saved.h"

#include "base/strings.h"
#include "oci/json.h"
#include "oci/spec_json.h"
#include "runtime/gate.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

constexpr const char* kConfig = "config.json";
constexpr const char* kState = "state.json";

std::unexpected<Error> no_such(const std::string& id) {
  return fail(Code::kNotFound, "container " + quote(id) + " does not exist");
}

Result<> write_state_file(const Saved& container) {
  oci::json::array streams;
  for (const std::string& stream : container.streams) streams.emplace_back(stream);
  const oci::json::object object = {{"bundle", container.bundle},
                                    {"created", container.created},
                                    {"pid", container.init},
                                    {"sharesGroup", container.shares_group},
                                    {"startTicks", container.init_ticks},
                                    {"streams", std::move(streams)},
                                    {"unit", container.unit}};
  return sys::replace_file_at(container.dir.borrow(), kState, oci::to_text(object), 0600);
}

Result<> read_state_file(Saved& container) {
  TRY_SET(const std::string text, sys::read_file_at(container.dir.borrow(), kState));
  TRY_SET(const oci::json::value value, oci::parse_json(text, 1U << 20, oci::Strings::kAnyBytes));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  TRY(fields.read("bundle", container.bundle));
  TRY(fields.read("created", container.created));
  TRY(fields.read("pid", container.init));
  TRY(fields.read("sharesGroup", container.shares_group));
  TRY(fields.read("streams", container.streams));
  TRY(fields.read("unit", container.unit));
  return fields.read("startTicks", container.init_ticks);
}

bool is_alive(const Saved& container) {
  if (container.init == 0) return false;
  const auto ticks = sys::start_ticks(container.init);
  return ticks && *ticks == container.init_ticks;
}

}  // namespace

Result<> check_container_id(const std::string& id) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  constexpr std::size_t kMostLetters = 1024;
  if (!id.empty() && id.size() <= kMostLetters && id != "." && id != ".." &&
      id.find_first_not_of(kWord) == std::string::npos)
    return {};
  return fail(Code::kInvalidArgument, "container id " + quote(id.substr(0, 100)) +
                                          " must be letters, digits, '_', '+', '-' and '.'");
}

Result<SavedContainers> SavedContainers::open(const std::string& root) {
  TRY_SET(UniqueFd dir, sys::make_directories(sys::kCwd, root, 0700), "open " + root);
  return SavedContainers(root, std::move(dir));
}

Result<Saved> SavedContainers::add(const std::string& id, const std::string& bundle,
                                   oci::Spec spec) const {
  TRY(check_container_id(id));
  const Result<> made = sys::make_dir_at(root_.borrow(), id.c_str(), 0700);
  if (!made && made.error().code() == Code::kAlreadyExists)
    return fail(Code::kAlreadyExists, "container with id exists already: " + quote(id) +
                                          "; delete it first, or give another id");
  TRY(made);
  Saved container{.id = id,
                  .bundle = bundle,
                  .created = sys::now_text(),
                  .init = 0,
                  .init_ticks = 0,
                  .shares_group = false,
                  .unit = {},
                  .streams = {},
                  .spec = std::move(spec),
                  .dir = {}};
  const auto written = [&]() -> Result<> {
    TRY_SET(container.dir,
            sys::open_at(root_.borrow(), id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(sys::replace_file_at(container.dir.borrow(), kConfig, oci::write_spec(container.spec),
                             0600));
    return write_state_file(container);
  }();
  if (written) return container;
  (void)remove(id);
  return std::unexpected(written.error());
}

Result<Saved> SavedContainers::find(const std::string& id) const {
  TRY(check_container_id(id));
  Saved container;
  container.id = id;
  auto dir = sys::open_at(root_.borrow(), id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir && dir.error().code() == Code::kNotFound) return no_such(id);
  TRY_SET(container.dir, std::move(dir));
  const auto read = [&]() -> Result<> {
    TRY(read_state_file(container));
    TRY_SET(const std::string text,
            sys::read_file_at(container.dir.borrow(), kConfig, oci::kMostConfigBytes));
    TRY_SET(container.spec, oci::parse_spec(text));
    return {};
  }();
  // Its maker has not come so far, or its deleter is half through.
  if (!read && read.error().code() == Code::kNotFound) return no_such(id);
  TRY(read, "the files of container " + quote(id));
  return container;
}

Result<std::vector<std::string>> SavedContainers::ids() const {
  TRY_SET(std::vector<std::string> names, sys::list_dir(root_.borrow()));
  std::erase_if(names, [](const std::string& name) { return !check_container_id(name); });
  return names;
}

Result<> SavedContainers::remove(const std::string& id) const {
  return sys::remove_tree_at(root_.borrow(), id.c_str());
}

Result<> note_init(Saved& container, pid_t init) {
  container.init = init;
  container.init_ticks = sys::start_ticks(init).value_or(0);  // over already: stopped
  return write_state_file(container);
}

oci::Status status_of(const Saved& container) {
  if (container.init == 0) return oci::Status::kCreating;
  if (!is_alive(container)) return oci::Status::kStopped;
  return sys::exists_at(container.dir.borrow(), kGateName) ? oci::Status::kCreated
                                                           : oci::Status::kRunning;
}

Result<UniqueFd> open_init(const Saved& container) {
  // First the descriptor, then the check: it cannot come to mean another process in between.
  auto init = container.init == 0 ? Result<UniqueFd>(fail(Code::kWrongState, ""))
                                  : sys::open_pidfd(container.init);
  if (init && is_alive(container)) return init;
  return fail(Code::kWrongState, "container " + quote(container.id) + " is not running");
}

oci::State state_of(const Saved& container, oci::Status status) {
  return {.oci_version = container.spec.oci_version,
          .id = container.id,
          .status = status,
          .pid = status == oci::Status::kStopped ? 0 : container.init,
          .bundle = container.bundle,
          .annotations = container.spec.annotations};
}

}  // namespace planet::runtime
