#include "oci/sysctl.h"

#include <algorithm>

#include "base/strings.h"
#include "oci/names.h"

namespace planet::oci {
namespace {

constexpr std::string_view kIpcParameters[] = {
    "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",          "kernel/sem",
    "kernel/shmall", "kernel/shmmax", "kernel/shm_rmid_forced", "kernel/shmmni"};
constexpr std::string_view kUtsParameters[] = {"kernel/domainname", "kernel/hostname"};

char swapped(char c) {
  return c == '.' ? '/' : c == '/' ? '.' : c;
}

}  // namespace

std::string parameter_path(std::string_view name) {
  std::string path(name);
  const std::size_t separator = path.find_first_of("./");
  if (separator != std::string::npos && path[separator] == '.')
    std::ranges::transform(path, path.begin(), swapped);
  return path;
}

bool is_parameter_name(std::string_view name) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const std::string path = parameter_path(name);
  return std::ranges::all_of(split(path, '/'), [&](std::string_view part) {
    return !part.empty() && part.front() != '.' &&
           part.find_first_not_of(kWord) == std::string_view::npos;
  });
}

std::optional<NamespaceType> namespace_of_parameter(std::string_view name) {
  const std::string path = parameter_path(name);
  if (is_one_of(kIpcParameters, path) || path.starts_with("fs/mqueue/")) return NamespaceType::kIpc;
  if (is_one_of(kUtsParameters, path)) return NamespaceType::kUts;
  if (path.starts_with("net/")) return NamespaceType::kNetwork;
  return std::nullopt;
}

}  // namespace planet::oci
