#include "engine/device.h"

#include <algorithm>

#include "base/strings.h"
#include "sys/device.h"

namespace planet::engine {
namespace {

constexpr std::string_view kDev = "/dev/";

std::unexpected<Error> bad(std::string_view text, const std::string& why) {
  return fail(Code::kInvalidArgument, "--device " + quote(text.substr(0, 300)) + ": " + why);
}

bool is_access(std::string_view text) {
  return !text.empty() && text.find_first_not_of("rwm") == std::string_view::npos &&
         std::ranges::all_of(text, [&](char c) { return std::ranges::count(text, c) == 1; });
}

// A name below /dev, said the short way: it says itself that it leads nowhere else.
bool is_below_dev(std::string_view path) {
  if (!path.starts_with(kDev)) return false;
  return std::ranges::none_of(split(path.substr(kDev.size()), '/'), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
}

}  // namespace

Result<DeviceWords> parse_device(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() > 3) return bad(text, "expected HOST[:CONTAINER][:rwm]");
  DeviceWords words{.host = std::string(parts[0]), .container = std::string(parts[0])};
  const bool two_are_access = parts.size() == 2 && is_access(parts[1]);
  if (parts.size() > 1 && !two_are_access) words.container = parts[1];
  if (two_are_access || parts.size() == 3) words.access = parts.back();
  if (!is_access(words.access))
    return bad(text, "the access is made of r (read), w (write) and m (mknod)");
  // A link elsewhere may be anybody's, and lead to any device.
  if (!is_below_dev(words.host))
    return bad(text, "the device on this machine must be named by its path below /dev");
  if (!is_below_dev(words.container))
    return bad(text, "the path in the container must be below /dev");
  return words;
}

Result<GrantedDevice> find_device(std::string_view text) {
  TRY_SET(const DeviceWords words, parse_device(text));
  TRY_SET(const sys::DeviceNode node, sys::find_device_node(words.host), "--device");
  if (node.type == '\0') return bad(text, node.path + " is neither a character nor a block device");
  if (!node.path.starts_with(kDev)) return bad(text, "it leads to " + printable(node.path));
  return GrantedDevice{.node = {.type = std::string(1, node.type),
                                .path = words.container,
                                .major = node.number.major,
                                .minor = node.number.minor,
                                .file_mode = node.mode,
                                .uid = node.uid,
                                .gid = node.gid},
                       .access = words.access};
}

}  // namespace planet::engine
