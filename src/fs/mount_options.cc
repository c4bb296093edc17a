#include "fs/mount_options.h"

#include <linux/mount.h>

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace planet::fs {
namespace {

// Values of <sys/mount.h>, which clashes with <linux/mount.h>.
constexpr std::uint64_t kShared = 1U << 20;
constexpr std::uint64_t kPrivate = 1U << 18;
constexpr std::uint64_t kSlave = 1U << 19;
constexpr std::uint64_t kUnbindable = 1U << 17;

// One bit of the attributes. The access time policy is a field, not a bit: setting one clears the others.
struct Attribute {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};

constexpr Attribute kAttributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

struct Propagation {
  std::string_view name;
  std::uint64_t flag;
};

constexpr Propagation kPropagations[] = {
    {"private", kPrivate}, {"shared", kShared}, {"slave", kSlave}, {"unbindable", kUnbindable}};

constexpr std::string_view kRefused[] = {"move", "rmove"};
constexpr std::string_view kWithoutEffect[] = {"defaults", "silent", "loud", "iversion",
                                               "noiversion"};
// Flags of a file system that fsconfig(2) takes from all of them.
constexpr std::string_view kOfFileSystems[] = {"async",  "dirsync",    "lazytime", "mand",
                                               "nomand", "nolazytime", "sync"};

void apply(std::uint64_t& set, std::uint64_t& clear, const Attribute& attribute) {
  set = (set & ~(attribute.clear | attribute.set)) | attribute.set;
  clear = (clear & ~attribute.set) | attribute.clear;
}

bool take_attribute(MountOptions& out, std::string_view word) {
  for (const Attribute& attribute : kAttributes) {
    if (word == attribute.name) {
      apply(out.set, out.clear, attribute);
      return true;
    }
    if (word.starts_with('r') && word.substr(1) == attribute.name) {
      apply(out.recursive_set, out.recursive_clear, attribute);
      return true;
    }
  }
  return false;
}

bool take_propagation(MountOptions& out, std::string_view word) {
  for (const Propagation& propagation : kPropagations) {
    const bool recursive = word.starts_with('r') && word.substr(1) == propagation.name;
    if (word != propagation.name && !recursive) continue;
    out.propagation = propagation.flag;
    out.propagation_recursive = recursive;
    return true;
  }
  return false;
}

bool take_word(MountOptions& out, std::string_view word) {
  if (word == "bind" || word == "rbind") {
    out.bind = true;
    out.bind_recursive = out.bind_recursive || word == "rbind";
    return true;
  }
  if (word == "idmap" || word == "ridmap") {
    out.id_map = word == "idmap" ? IdMap::kThis : IdMap::kRecursive;
    return true;
  }
  bool* const flag = word == "tmpcopyup" ? &out.copy_up
                     : word == "remount" ? &out.remount
                                         : nullptr;
  if (flag != nullptr) {
    *flag = true;
    return true;
  }
  return word.empty() || std::ranges::find(kWithoutEffect, word) != std::end(kWithoutEffect);
}

}  // namespace

Result<MountOptions> parse_mount_options(const std::vector<std::string>& options) {
  MountOptions out;
  for (const std::string& option : options) {
    for (const std::string_view refused : kRefused)
      if (option == refused)
        return fail(Code::kInvalidArgument,
                    "mount option " + quote(option) + " does not describe a mount");
    if (take_attribute(out, option) || take_propagation(out, option) || take_word(out, option))
      continue;
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos)
      out.data.push_back({.key = option, .value = std::nullopt});
    else
      out.data.push_back({.key = option.substr(0, equals), .value = option.substr(equals + 1)});
  }
  return out;
}

bool is_file_system_flag(const DataOption& option) {
  return !option.value && std::ranges::find(kOfFileSystems, option.key) != std::end(kOfFileSystems);
}

std::vector<std::string> known_mount_options() {
  std::vector<std::string> words = {"bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup"};
  words.insert(words.end(), std::begin(kWithoutEffect), std::end(kWithoutEffect));
  words.insert(words.end(), std::begin(kOfFileSystems), std::end(kOfFileSystems));
  const auto add = [&](std::string_view name) {
    words.emplace_back(name);
    words.push_back("r" + std::string(name));
  };
  for (const Attribute& attribute : kAttributes) add(attribute.name);
  for (const Propagation& propagation : kPropagations) add(propagation.name);
  std::ranges::sort(words);
  return words;
}

}  // namespace planet::fs
