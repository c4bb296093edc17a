#include "engine/reserve.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "engine/container_dirs.h"
#include "sys/file.h"
#include "sys/random.h"

namespace planet::engine {
namespace {

constexpr std::uint32_t kFirstId = 1879048192;
constexpr std::uint32_t kIdsPerRange = 65536;
constexpr int kRanges = 4096;

constexpr std::array kMoods = {"amber",  "bright", "calm",  "distant", "frozen", "gentle",
                               "golden", "hidden", "icy",   "lonely",  "lucid",  "misty",
                               "molten", "nimble", "quiet", "ringed",  "rocky",  "silent",
                               "stormy", "swift",  "tidal", "twin",    "violet", "wandering",
                               "warm",   "wild",   "windy", "young"};
constexpr std::array kWorlds = {
    "ariel",     "callisto", "ceres",   "charon",  "deimos",   "dione",    "earth",
    "enceladus", "eris",     "europa",  "galileo", "ganymede", "herschel", "huygens",
    "iapetus",   "io",       "juno",    "jupiter", "kepler",   "leavitt",  "mars",
    "mercury",   "mimas",    "miranda", "neptune", "oberon",   "pallas",   "phobos",
    "pluto",     "proteus",  "rhea",    "saturn",  "sedna",    "tethys",   "titan",
    "titania",   "triton",   "umbriel", "uranus",  "venus",    "vesta"};

template <std::size_t kSize>
const char* pick(const std::array<const char*, kSize>& words, const std::string& random) {
  std::size_t number = 0;
  for (const char c : random) number = number * 31 + static_cast<unsigned char>(c);
  return words[number % kSize];
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// False if it is another container's.
bool release_link(const Places& places, const std::string& file, const std::string& id) {
  const BorrowedFd root = places.root_dir.borrow();
  const auto owner = sys::read_link_at(root, file.c_str());
  if (!owner || *owner != id) return false;
  // Where the container's files are to be removed it goes with them: another name is had at once, and a disk takes its time to
  // remove something.
  const std::string with_it = "containers/" + id + kRemoved + "/" + file.substr(0, file.find('/'));
  if (!sys::rename_at(root, file.c_str(), root, with_it.c_str()))
    (void)sys::unlink_at(root, file.c_str());
  return true;
}

std::string shared_dir(int range) {
  return "shared-ranges/" + std::to_string(range);
}

void leave_shared(const Places& places, int range, const std::string& id) {
  const BorrowedFd root = places.root_dir.borrow();
  const std::string dir = shared_dir(range);
  (void)sys::unlink_at(root, (dir + "/" + id).c_str());
  (void)sys::unlink_at(root, dir.c_str(), AT_REMOVEDIR);  // unless others are in it
}

// Its owner is gone, and others have its users still.
bool is_shared(const Places& places, int range) {
  const BorrowedFd root = places.root_dir.borrow();
  const std::string dir = shared_dir(range);
  return sys::exists_at(root, dir.c_str()) && !sys::unlink_at(root, dir.c_str(), AT_REMOVEDIR);
}

// A container that is gone (and was renamed while its keeper had another name in mind), or whose maker has died before it had
// a record. Names are taken under the lock of its directory.
bool is_abandoned(const Places& places, const std::string& id) {
  const std::string path = "containers/" + id;
  const auto has_record = [&] {
    return sys::exists_at(places.root_dir.borrow(), (path + "/record.json").c_str());
  };
  if (has_record()) return false;
  const auto dir = sys::open_at(places.root_dir.borrow(), path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!dir) return dir.error().code() == Code::kNotFound;
  return sys::try_lock_exclusive(dir->borrow()) && !has_record();
}

}  // namespace

Result<> check_name(const std::string& name) {
  constexpr std::size_t kMostName = 128;
  if (name.size() >= 2 && name.size() <= kMostName && is_word(name.front()) &&
      std::ranges::all_of(name,
                          [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; }))
    return {};
  return fail(Code::kInvalidArgument,
              "container name " + quote(name.substr(0, 200)) +
                  " must be 2 to 128 letters, digits, '_', '.' or '-', a letter or digit first");
}

Result<> take_name(const Places& places, const std::string& name, const std::string& id) {
  TRY(check_name(name));
  const BorrowedFd root = places.root_dir.borrow();
  const std::string file = "names/" + name;
  Result<> taken = sys::symlink_at(id.c_str(), root, file.c_str());
  if (taken || taken.error().code() != Code::kAlreadyExists) return taken;
  auto owner = sys::read_link_at(root, file.c_str());
  if (owner && is_abandoned(places, *owner)) {
    // Of several who want it, and who sweep, one at a time: it may be somebody's by now.
    TRY_SET(const UniqueFd names, sys::open_at(root, "names", O_RDONLY | O_DIRECTORY));
    TRY(sys::lock_exclusive(names.borrow()));
    owner = sys::read_link_at(root, file.c_str());
    if (owner && is_abandoned(places, *owner)) (void)sys::unlink_at(root, file.c_str());
    taken = sys::symlink_at(id.c_str(), root, file.c_str());
    if (taken || taken.error().code() != Code::kAlreadyExists) return taken;
  }
  return fail(Code::kAlreadyExists,
              "the container name \"" + name + "\" is already in use by container " +
                  owner.value_or("another") + "; remove that container, or choose another name");
}

Result<std::string> take_random_name(const Places& places, const std::string& id) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string random = sys::random_hex(16);
    std::string name =
        std::string(pick(kMoods, random.substr(0, 8))) + "_" + pick(kWorlds, random.substr(8));
    if (attempt > 2) name += "_" + random.substr(0, 6);
    const Result<> taken = take_name(places, name, id);
    if (taken) return name;
    if (taken.error().code() != Code::kAlreadyExists) return std::unexpected(taken.error());
  }
  return fail(Code::kSystem, "no free container name found; give one with --name");
}

std::uint32_t range_base(int range) {
  return kFirstId + static_cast<std::uint32_t>(range) * kIdsPerRange;
}

Result<int> take_range(const Places& places, const std::string& id) {
  // Started from the id, so that containers made side by side do not meet.
  TRY_SET(const int start, parse_number<int>(std::string_view(id).substr(0, 3), "id", 16));
  for (int i = 0; i < kRanges; ++i) {
    const int range = (start + i) % kRanges;
    const std::string file = "ranges/" + std::to_string(range);
    const Result<> taken = sys::symlink_at(id.c_str(), places.root_dir.borrow(), file.c_str());
    if (taken && !is_shared(places, range)) return range;
    if (taken) (void)release_link(places, file, id);
    if (!taken && taken.error().code() != Code::kAlreadyExists)
      return std::unexpected(taken.error());
  }
  return fail(
      Code::kSystem,
      "all 4096 private id ranges are taken; remove stopped containers, or use --userns host");
}

void release_name(const Places& places, const std::string& name, const std::string& id) {
  (void)release_link(places, "names/" + name, id);
}

void release_range(const Places& places, int range, const std::string& id) {
  if (!release_link(places, "ranges/" + std::to_string(range), id)) leave_shared(places, range, id);
}

Result<> share_range(const Places& places, int range, const std::string& owner,
                     const std::string& id) {
  const BorrowedFd root = places.root_dir.borrow();
  for (const std::string& dir : {std::string("shared-ranges"), shared_dir(range)}) {
    const Result<> made = sys::make_dir_at(root, dir.c_str(), 0700);
    if (!made && made.error().code() != Code::kAlreadyExists) return made;
  }
  TRY(sys::symlink_at(owner.c_str(), root, (shared_dir(range) + "/" + id).c_str()));
  // First said, then looked: whoever takes the range from now on sees that it is shared. One that shares may be the owner
  // of nothing but its share.
  const std::string file = "ranges/" + std::to_string(range);
  const auto now = sys::read_link_at(root, file.c_str());
  const bool shares = sys::exists_at(root, (shared_dir(range) + "/" + owner).c_str());
  if (shares || (now && *now == owner)) return {};
  leave_shared(places, range, id);
  return fail(Code::kNotFound, "container " + owner.substr(0, 12) + " has just been removed");
}

void sweep_shared_ranges(const Places& places) {
  const BorrowedFd root = places.root_dir.borrow();
  const auto dir = sys::open_at(root, "shared-ranges", O_RDONLY | O_DIRECTORY);
  if (!dir) return;
  const auto ranges = sys::list_dir(dir->borrow());
  for (const std::string& range : ranges ? *ranges : std::vector<std::string>{}) {
    const auto number = parse_number<int>(range, "range");
    const auto one = sys::open_at(dir->borrow(), range.c_str(), O_RDONLY | O_DIRECTORY);
    const auto ids = one ? sys::list_dir(one->borrow()) : Result<std::vector<std::string>>();
    if (!number || !ids) continue;
    for (const std::string& id : *ids)
      if (!sys::exists_at(root, ("containers/" + id).c_str())) leave_shared(places, *number, id);
  }
}

}  // namespace planet::engine
