// Every step of a launch, in the order in which it happens on its side.
#pragma once

#include <cstdint>

#include "runtime/step.h"

namespace planet::runtime {

enum class LaunchStep : std::uint8_t {
  // The parent's.
  kCgroup,
  kNamespaces,
  kIdMap,
  kRoot,
  kDevices,
  kVolumes,
  kLimits,
  kNetDevices,
  kHooks,
  // Init's.
  kEnterCgroup,
  kNetwork,
  kMessages,
  kOwnMounts,
  kKeyring,
  kFileSystem,
  kHostName,
  kLoopback,
  kSysctl,
  kCgroupNamespace,
  kAttachRoot,
  kAttach,
  kMask,
  kReadOnly,
  kTerminal,
  kChangeRoot,
  kUser,
  kWorkDir,
  kLabels,
  kPrivileges,
  kExecute,
};
inline constexpr int kLaunchSteps = static_cast<int>(LaunchStep::kExecute) + 1;

const StepInfo& info_of(LaunchStep step);

}  // namespace planet::runtime
