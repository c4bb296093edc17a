// What a runtime says of a container: the answer of `state`, a hook's standard input, and what the agent of a seccomp
// listener is sent.
//
// Source: OCI runtime-spec 1.3, runtime.md#state; config-linux.md#containerprocessstate.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/form.h"

namespace planet::oci {

enum class Status : std::uint8_t {
  kCreating,
  kCreated,
  kRunning,
  kStopped,
  kPaused  // not of the specification, which allows more; the word that other runtimes use
};

struct State {
  std::string oci_version = "1.2.0";
  std::string id;
  Status status = Status::kCreating;
  pid_t pid = 0;       // of init on the host; 0 when there is none
  std::string bundle;  // absolute
  std::map<std::string, std::string> annotations;
  bool operator==(const State&) const = default;
};

// The descriptors travel beside it, in the order of `fds`.
struct ContainerProcessState {
  std::string oci_version = "1.2.0";
  std::vector<std::string> fds;  // "seccompFd"
  pid_t pid = 0;                 // as the runtime sees it
  std::string metadata;          // linux.seccomp.listenerMetadata
  State state;
  bool operator==(const ContainerProcessState&) const = default;
};

// "running"
std::string_view status_name(Status status);

std::string write_state(const State& state, Form form = Form::kCompact);
std::string write_container_process_state(const ContainerProcessState& state);

// Errors: kInvalidArgument - not JSON, a wrong type or a field missing; a bundle that is not absolute; no process in a
// status that has one. Each names the field.
Result<State> parse_state(std::string_view text);
Result<ContainerProcessState> parse_container_process_state(std::string_view text);

}  // namespace planet::oci
