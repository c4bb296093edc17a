#include "oci/state.h"

#include "base/strings.h"
#include "oci/codec.h"

namespace planet::oci {

template <>
struct EnumNames<Status> {
  static constexpr std::pair<std::string_view, Status> kNames[] = {{"creating", Status::kCreating},
                                                                   {"created", Status::kCreated},
                                                                   {"running", Status::kRunning},
                                                                   {"stopped", Status::kStopped},
                                                                   {"paused", Status::kPaused}};
};

// Found by Reader and Writer through the types' namespace, so not in an unnamed one.

void describe(auto& v, Is<State> auto& state) {
  v.required("ociVersion", state.oci_version);
  v.required("id", state.id);
  v.required("status", state.status);
  v.always("pid", state.pid);
  v.required("bundle", state.bundle);
  v.optional("annotations", state.annotations);
}

void describe(auto& v, Is<ContainerProcessState> auto& state) {
  v.required("ociVersion", state.oci_version);
  v.optional("fds", state.fds);
  v.required("pid", state.pid);
  v.optional("metadata", state.metadata);
  v.required("state", state.state);
}

namespace {

constexpr std::size_t kMostStateBytes = 16U << 20;  // annotations may be as long as config.json

Result<> check(const State& state, const std::string& where) {
  if (!state.bundle.starts_with('/'))
    return fail(Code::kInvalidArgument, where + "bundle is " + quote(state.bundle.substr(0, 100)) +
                                            ", expected an absolute path");
  const bool alive = state.status == Status::kCreated || state.status == Status::kRunning ||
                     state.status == Status::kPaused;
  if (state.pid < 0 || (alive && state.pid == 0))
    return fail(Code::kInvalidArgument, where + "pid is " + std::to_string(state.pid) +
                                            ", expected that of a process as status is \"" +
                                            std::string(status_name(state.status)) + "\"");
  return {};
}

}  // namespace

std::string_view status_name(Status status) {
  return enum_name(status);
}

std::string write_state(const State& state, Form form) {
  return write_as(state, form);
}

std::string write_container_process_state(const ContainerProcessState& state) {
  return write_as(state, Form::kCompact);
}

Result<State> parse_state(std::string_view text) {
  TRY_SET(State state, parse_as<State>(text, kMostStateBytes));
  TRY(check(state, ""));
  return state;
}

Result<ContainerProcessState> parse_container_process_state(std::string_view text) {
  TRY_SET(ContainerProcessState state, parse_as<ContainerProcessState>(text, kMostStateBytes));
  TRY(check(state.state, "state."));
  return state;
}

}  // namespace planet::oci
