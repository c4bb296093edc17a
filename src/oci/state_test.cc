#include "oci/state.h"

#include <gtest/gtest.h>

namespace planet::oci {
namespace {

State example() {
  return {.oci_version = "1.2.0",
          .id = "web",
          .status = Status::kRunning,
          .pid = 4422,
          .bundle = "/containers/web",
          .annotations = {{"key", "value"}}};
}

TEST(WriteState, IsTheSpecificationsPattern) {
  EXPECT_EQ(write_state(example()),
            R"({"ociVersion":"1.2.0","id":"web","status":"running","pid":4422,)"
            R"("bundle":"/containers/web","annotations":{"key":"value"}})");
  EXPECT_EQ(write_state({.id = "x", .status = Status::kStopped, .bundle = "/b"}),
            R"({"ociVersion":"1.2.0","id":"x","status":"stopped","pid":0,"bundle":"/b"})");
}

TEST(ParseState, ReadsWhatWasWritten) {
  for (const Status status :
       {Status::kCreating, Status::kCreated, Status::kRunning, Status::kStopped, Status::kPaused}) {
    State state = example();
    state.status = status;
    for (const Form form : {Form::kCompact, Form::kPretty}) {
      const auto again = parse_state(write_state(state, form));
      ASSERT_TRUE(again) << again.error().to_string();
      EXPECT_EQ(*again, state);
    }
  }
}

TEST(ParseState, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"id": "x", "status": "running", "pid": 1, "bundle": "/b"})", "ociVersion is missing"},
      {R"({"ociVersion": "1.0.0", "status": "running", "pid": 1, "bundle": "/b"})",
       "id is missing"},
      {R"({"ociVersion": "1.0.0", "id": "", "status": "running", "pid": 1, "bundle": "/b"})",
       "id is empty"},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "dead", "pid": 1, "bundle": "/b"})",
       "status is \"dead\", expected one of creating, created, running, stopped, paused"},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": 1, "pid": 1, "bundle": "/b"})",
       "status is 1, expected one of creating, created, running, stopped, paused"},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "running", "bundle": "/b"})",
       "pid is 0, expected that of a process as status is \"running\""},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "stopped", "pid": -1, "bundle": "/b"})",
       "pid is -1, expected that of a process as status is \"stopped\""},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "stopped", "pid": 3000000000,
           "bundle": "/b"})",
       "pid is 3000000000, expected a whole number in -2147483648..2147483647"},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "stopped", "bundle": "b"})",
       "bundle is \"b\", expected an absolute path"},
      {R"({"ociVersion": "1.0.0", "id": "x", "status": "stopped", "bundle": "/b",
           "annotations": []})",
       "annotations is a list, expected an object"},
      {"[]", "the document is a list, expected an object"},
  };
  for (const auto& [text, want] : cases) {
    const auto state = parse_state(text);
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().to_string(), want);
  }
}

TEST(ContainerProcessState, IsTheSpecificationsPattern) {
  const ContainerProcessState state{
      .fds = {"seccompFd"}, .pid = 4422, .metadata = "MKNOD=/dev/null", .state = example()};
  const std::string text = write_container_process_state(state);
  EXPECT_EQ(text, R"({"ociVersion":"1.2.0","fds":["seccompFd"],"pid":4422,)"
                  R"("metadata":"MKNOD=/dev/null","state":)" +
                      write_state(example()) + "}");
  const auto again = parse_container_process_state(text);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, state);
  EXPECT_EQ(
      parse_container_process_state(R"({"ociVersion": "1.2.0", "pid": 1})").error().to_string(),
      "state is missing");
  EXPECT_EQ(parse_container_process_state(
                R"({"ociVersion": "1.2.0", "pid": 1, "state": {"ociVersion": "1.2.0", "id": "x",
                    "status": "creating", "bundle": ""}})")
                .error()
                .to_string(),
            "state.bundle is empty");
}

}  // namespace
}  // namespace planet::oci
