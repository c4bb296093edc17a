#include "image/platform.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace planet::image {
namespace {

constexpr int kExactly = 100;

// Other names of the same.
std::string architecture_of(std::string_view name) {
  if (name == "x86_64" || name == "x86-64") return "amd64";
  if (name == "aarch64") return "arm64";
  if (name == "armhf") return "arm";
  if (name == "i386") return "386";
  return std::string(name);
}

// The number of a variant; where none is said, what everybody means. None for a word that is no number.
std::optional<int> level(const oci::Platform& platform) {
  std::string_view variant = platform.variant;
  if (variant.empty()) {
    if (platform.architecture == "amd64") return 1;
    return platform.architecture == "arm" ? 7 : 8;
  }
  if (variant.starts_with('v')) variant.remove_prefix(1);
  const auto number = parse_number<int>(variant, "variant");
  return number ? std::optional<int>(*number) : std::nullopt;
}

bool has_levels(const std::string& architecture) {
  return architecture == "amd64" || architecture == "arm" || architecture == "arm64";
}

#if defined(__x86_64__)
std::string host_variant() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "v4";
  if (__builtin_cpu_supports("x86-64-v3")) return "v3";
  return __builtin_cpu_supports("x86-64-v2") ? "v2" : "";
}
constexpr const char* kHost = "amd64";
#elif defined(__aarch64__)
std::string host_variant() {
  return "v8";
}
constexpr const char* kHost = "arm64";
#else
#error "add this processor's name in the image specification's terms"
#endif

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

oci::Platform host_platform() {
  return {.architecture = kHost, .os = "linux", .variant = host_variant()};
}

Result<oci::Platform> parse_platform(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() > 3 || !std::ranges::all_of(parts, is_word))
    return fail(
        Code::kInvalidArgument,
        quote(text) + " is not a platform: expected OS/ARCHITECTURE[/VARIANT], as in linux/arm64");
  oci::Platform platform;
  if (parts.size() == 1) {
    const bool is_os = parts[0] == "linux";
    if (is_os) return host_platform();
    platform.os = "linux";
    platform.architecture = architecture_of(parts[0]);
  } else {
    platform.os = parts[0];
    platform.architecture = architecture_of(parts[1]);
    if (parts.size() == 3) platform.variant = parts[2];
  }
  if (platform.architecture == kHost && platform.os == "linux" && platform.variant.empty())
    return host_platform();
  return platform;
}

std::string platform_text(const oci::Platform& platform) {
  return platform.os + "/" + platform.architecture +
         (platform.variant.empty() ? "" : "/" + platform.variant);
}

std::optional<int> suits(const oci::Platform& wanted, const oci::Platform& named) {
  oci::Platform offered = named;
  offered.architecture = architecture_of(named.architecture);
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return std::nullopt;
  if (!has_levels(wanted.architecture))
    return wanted.variant.empty() || wanted.variant == offered.variant ? std::optional(kExactly)
                                                                       : std::nullopt;
  const auto most = level(wanted);
  const auto has = level(offered);
  if (!most || !has)
    return wanted.variant == offered.variant ? std::optional(kExactly) : std::nullopt;
  if (*has > *most) return std::nullopt;
  return kExactly - (*most - *has);
}

}  // namespace planet::image
