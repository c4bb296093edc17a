#include "runtime/criu_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CriuOptions plain() {
  CriuOptions options;
  options.images = "/c/image";
  options.work = "/c/work";
  return options;
}

TEST(DumpArguments, Plain) {
  EXPECT_THAT(dump_arguments({.options = plain(), .init = 77}),
              ElementsAre("criu", "dump", "--tree", "77", "--images-dir", "/c/image", "--work-dir",
                          "/c/work", "--log-file", "dump.log", "-v4", "--manage-cgroups=soft"));
}

TEST(DumpArguments, Everything) {
  CriuOptions options = plain();
  options.tcp_established = options.ext_unix_sk = options.shell_job = true;
  options.file_locks = options.auto_dedup = options.empty_network = true;
  options.manage_cgroups = "strict";
  EXPECT_THAT(
      dump_arguments({.options = options,
                      .init = 1,
                      .leave_running = true,
                      .pre_dump = false,
                      .parent = "../first",
                      .freezer = "/sys/fs/cgroup/planet/a",
                      .external = {"mnt[/data]:/data", "file[1f:2b]"}}),
      ElementsAre("criu", "dump", "--tree", "1", "--images-dir", "/c/image", "--work-dir",
                  "/c/work", "--log-file", "dump.log", "-v4", "--tcp-established", "--ext-unix-sk",
                  "--shell-job", "--file-locks", "--auto-dedup", "--empty-ns", "net",
                  "--manage-cgroups=strict", "--leave-running", "--track-mem", "--prev-images-dir",
                  "../first", "--freeze-cgroup", "/sys/fs/cgroup/planet/a", "--external",
                  "mnt[/data]:/data", "--external", "file[1f:2b]"));
}

TEST(DumpArguments, PreDumpTracksMemory) {
  const auto arguments = dump_arguments({.options = plain(), .init = 1, .pre_dump = true});
  EXPECT_EQ(arguments[1], "pre-dump");
  EXPECT_THAT(arguments, testing::Contains("--track-mem"));
}

TEST(RestoreArguments, AllOfIt) {
  EXPECT_THAT(
      restore_arguments({.options = plain(),
                         .root = "/s/root",
                         .pid_file = "/s/pid",
                         .leave_stopped = true,
                         .lsm_profile = "apparmor:p",
                         .lsm_context = "c",
                         .external = {"mnt[/data]:/s/bind0"},
                         .inherited = {"fd[1]:pipe:[7]"},
                         .joined = {"uts:/proc/9/ns/uts"},
                         .cgroup_roots = {"/planet/b"}}),
      ElementsAre("criu", "restore", "--images-dir", "/c/image", "--work-dir", "/c/work",
                  "--log-file", "restore.log", "-v4", "--manage-cgroups=soft", "--restore-detached",
                  "--restore-sibling", "--evasive-devices", "--root", "/s/root", "--pidfile",
                  "/s/pid", "--leave-stopped", "--lsm-profile", "apparmor:p", "--lsm-mount-context",
                  "c", "--external", "mnt[/data]:/s/bind0", "--inherit-fd", "fd[1]:pipe:[7]",
                  "--join-ns", "uts:/proc/9/ns/uts", "--cgroup-root", "/planet/b"));
}

TEST(CgroupsMode, OnlyItsWords) {
  for (const char* word : {"soft", "full", "strict", "ignore"})
    EXPECT_TRUE(check_cgroups_mode(word));
  for (const char* word : {"", "none", "props", "SOFT", "soft "})
    EXPECT_EQ(check_cgroups_mode(word).error().code(), Code::kInvalidArgument) << word;
}

TEST(CgroupRoots, EveryHierarchyOfV1AndV2) {
  EXPECT_THAT(cgroup_roots("0::/planet/a\n"), ElementsAre("/planet/a"));
  EXPECT_THAT(cgroup_roots("3:cpu,cpuacct:/planet/a\n2:name=systemd:/a:b\n0::/\n"),
              ElementsAre("cpu,cpuacct:/planet/a", "name=systemd:/a:b", "/"));
  EXPECT_THAT(cgroup_roots("rubbish\n1:x\n"), IsEmpty());
}

TEST(FirstErrorLine, WhatWentWrong) {
  EXPECT_EQ(first_error_line("(00.01) fine\n"
                             "(00.02)      1: Error (criu/a.c:1): first\n"
                             "(00.03) Error (criu/b.c:2): second\n"
                             "(00.04) Error (criu/c.c:3): Dumping FAILED.\n"),
            "Error (criu/a.c:1): first");
  EXPECT_EQ(first_error_line("(00.01) all is well\n"), "");
  EXPECT_EQ(first_error_line("Error (criu/a.c:1): \x1b[31mred"),
            R"(Error (criu/a.c:1): \x1b[31mred)");
}

TEST(Streams, ThereAndBack) {
  const std::vector<std::string> streams = {"file[1f:2b]", "pipe:[7]", "/dev/\xffnull"};
  const auto read = parse_streams(write_streams(streams));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, streams);
}

TEST(Streams, AsRuncWritesThem) {
  const auto read = parse_streams(R"(["/dev/null","pipe:[1]","pipe:[2]"])");
  ASSERT_TRUE(read);
  EXPECT_THAT(inherited_streams(*read), ElementsAre("fd[1]:pipe:[1]", "fd[2]:pipe:[2]"));
}

TEST(Streams, OfSomebodyElse) {
  for (const char* text : {"", "{}", "[1]", "[\"a\",\"b\",\"c\",\"d\"]", "[\"a\"", "[[\"a\"]]"})
    EXPECT_EQ(parse_streams(text).error().code(), Code::kInvalidArgument) << text;
  const std::string long_one = "[\"" + std::string(1U << 17, 'a') + "\"]";
  EXPECT_EQ(parse_streams(long_one).error().code(), Code::kInvalidArgument);
}

TEST(Mountinfo, PlaceTypeAndSource) {
  const auto lines = parse_mountinfo(
      "51 48 0:23 /a\\040b /d\\134e rw,nosuid shared:1 master:2 - tmpfs mask rw,size=4k\n"
      "52 48 0:30 / /proc rw - proc proc rw\n"
      "\n53 48 0:30 / /proc\n54 1 2 3 4 5 6 7\n");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].id, 51U);
  EXPECT_EQ(lines[0].root, "/a b");
  EXPECT_EQ(lines[0].place, "/d\\e");
  EXPECT_EQ(lines[0].type, "tmpfs");
  EXPECT_EQ(lines[0].source, "mask");
  EXPECT_EQ(lines[0].options, "rw,size=4k");
  EXPECT_EQ(lines[1].place, "/proc");
}

}  // namespace
}  // namespace planet::runtime
