#include "security/defaults.h"

namespace planet::security {

const std::vector<std::string>& masked_paths() {
  static const std::vector<std::string> kPaths = {
      "/proc/acpi",        "/proc/asound",
      "/proc/interrupts",  "/proc/kcore",
      "/proc/keys",        "/proc/latency_stats",
      "/proc/sched_debug", "/proc/scsi",
      "/proc/timer_list",  "/proc/timer_stats",
      "/sys/firmware",     "/sys/fs/selinux",
      "/sys/dev/block",    "/sys/devices/virtual/powercap"};
  return kPaths;
}

const std::vector<std::string>& read_only_paths() {
  static const std::vector<std::string> kPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                  "/proc/sysrq-trigger"};
  return kPaths;
}

}  // namespace planet::security
