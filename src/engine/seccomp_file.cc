#include "engine/seccomp_file.h"

#include "base/strings.h"
#include "sys/file.h"
#include "sys/kernel.h"

namespace planet::engine {
namespace {

#if defined(__x86_64__)
constexpr std::string_view kArch = "amd64";
constexpr std::string_view kSeccompArch = "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
constexpr std::string_view kArch = "arm64";
constexpr std::string_view kSeccompArch = "SCMP_ARCH_AARCH64";
#else
#error "add this processor's names"
#endif

std::string kept_file(const std::string& id) {
  return "containers/" + id + "/seccomp.json";
}

}  // namespace

Result<oci::SeccompProfile> read_seccomp_profile(const std::string& file) {
  const std::string flag = "--security-opt seccomp=" + printable(file);
  TRY_SET(const std::string text,
          sys::read_file_at(sys::kCwd, file.c_str(), oci::kMostProfileBytes), flag);
  TRY_SET(oci::SeccompProfile profile, oci::parse_seccomp_profile(text), flag);
  return profile;
}

// "6.1.0-13-amd64", "6.18.5": the first two numbers.
Result<oci::Machine> this_machine() {
  const std::string release = sys::kernel_release();
  const auto words = split(release, '.');
  oci::Machine machine{.arch = kArch, .seccomp_arch = kSeccompArch, .kernel = {}};
  if (words.size() < 2) return fail(Code::kUnsupported, "kernel release " + quote(release));
  const std::string_view minor = words[1].substr(0, words[1].find_first_not_of("0123456789"));
  TRY_SET(machine.kernel.major, parse_number<unsigned>(words[0], "kernel release"));
  TRY_SET(machine.kernel.minor, parse_number<unsigned>(minor, "kernel release"));
  return machine;
}

Result<> keep_seccomp(const Places& places, const std::string& id, const oci::Seccomp& seccomp) {
  return sys::replace_file_at(places.root_dir.borrow(), kept_file(id).c_str(),
                              oci::write_seccomp(seccomp), 0600);
}

Result<oci::Seccomp> kept_seccomp(const Places& places, const std::string& id) {
  constexpr std::size_t kMostKept = 2 * oci::kMostProfileBytes;
  TRY_SET(const std::string text,
          sys::read_file_at(places.root_dir.borrow(), kept_file(id).c_str(), kMostKept));
  return oci::parse_seccomp(text);
}

}  // namespace planet::engine
