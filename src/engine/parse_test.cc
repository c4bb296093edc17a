#include "engine/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using testing::ElementsAre;

TEST(ParseSize, TakesDockersUnits) {
  const std::pair<const char*, std::int64_t> good[] = {
      {"0", 0},         {"1024", 1024},      {"1b", 1},
      {"1k", 1024},     {"512m", 512 << 20}, {"1.5g", 3LL << 29},
      {"1GB", 1 << 30}, {"64MiB", 64 << 20}, {"2T", 2LL << 40},
      {".5k", 512}};
  for (const auto& [text, want] : good) EXPECT_EQ(*parse_size("--memory", text), want) << text;
  for (const char* bad : {"", "m", "-1", "1x", "1mm", "1 m", "1e3", "1.", ".", "0x1", "9999999999p",
                          "1bb", "12345678901234567890"})
    EXPECT_FALSE(parse_size("--memory", bad)) << bad;
  EXPECT_EQ(parse_size("--memory", "12q").error().to_string(),
            "--memory \"12q\": expected a size such as 512m, 1.5g or 1048576");
}

TEST(ParseCpus, IsExact) {
  EXPECT_EQ(*parse_cpus("0.5"), 50000);
  EXPECT_EQ(*parse_cpus("2"), 200000);
  EXPECT_EQ(*parse_cpus("0.01"), 1000);
  for (const char* bad : {"", "0", "0.001", "-1", "x", "1,5", "1e2"})
    EXPECT_FALSE(parse_cpus(bad)) << bad;
}

TEST(ParseWhole, IsStrictAndBounded) {
  EXPECT_EQ(*parse_whole("--pids-limit", "-1", -1, 100), -1);
  EXPECT_EQ(*parse_whole("--pids-limit", "100", -1, 100), 100);
  for (const char* bad : {"", "x", "101", "-2", "1.5", "+1", " 1", "99999999999999999999"})
    EXPECT_FALSE(parse_whole("--pids-limit", bad, -1, 100)) << bad;
  EXPECT_EQ(parse_whole("--pids-limit", "x", -1, 100).error().to_string(),
            "--pids-limit \"x\": expected a whole number from -1 to 100");
}

TEST(CheckNumberList, TakesRanges) {
  for (const char* good : {"0", "0-3", "0-1,5,7-7"})
    EXPECT_TRUE(check_number_list("--cpuset-cpus", good)) << good;
  for (const char* bad : {"", " ", "x", "0,", "0,,1", "1-0", "0-x", "-1", "0-1-2", "99999"})
    EXPECT_FALSE(check_number_list("--cpuset-cpus", bad)) << bad;
}

TEST(ParseRate, NeedsADevice) {
  EXPECT_EQ(parse_rate("--device-read-bps", "/dev/sda:1mb", true)->second, 1048576U);
  EXPECT_EQ(parse_rate("--device-read-iops", "/dev/sda:10", false)->second, 10U);
  EXPECT_FALSE(parse_rate("--device-read-iops", "/dev/sda:10k", false));
  EXPECT_FALSE(parse_rate("--device-read-bps", "sda:1mb", true));
  EXPECT_EQ(parse_rate("--device-read-bps", "/dev/sda:", true).error().to_string(),
            "--device-read-bps \"/dev/sda:\": the rate is a size such as 1mb");
}

TEST(ParseSecurityOption, RefusesWhatItDoesNotKnow) {
  RunRequest request;
  EXPECT_TRUE(parse_security_option("no-new-privileges", request));
  EXPECT_TRUE(request.no_new_privileges);
  EXPECT_TRUE(parse_security_option("seccomp=unconfined", request));
  EXPECT_TRUE(request.seccomp_off);
  EXPECT_TRUE(parse_security_option("seccomp=./profile.json", request));
  EXPECT_FALSE(request.seccomp_off);
  EXPECT_EQ(request.seccomp_file, "./profile.json");
  EXPECT_TRUE(parse_security_option("seccomp=builtin", request));
  EXPECT_EQ(request.seccomp_file, "");
  EXPECT_TRUE(parse_security_option("label=disable", request));
  EXPECT_EQ(request.apparmor_profile, "");
  EXPECT_TRUE(parse_security_option("apparmor=planet-a//b", request));
  EXPECT_EQ(request.apparmor_profile, "planet-a//b");
  EXPECT_TRUE(parse_security_option("apparmor:unconfined", request));
  EXPECT_EQ(request.apparmor_profile, "unconfined");
  for (const char* bad : {"", "seccomp", "apparmor", "apparmor=", "seccomp=", "label",
                          "label=", "label=type:x", "label=unconfined", "no-new-privileges=maybe"})
    EXPECT_FALSE(parse_security_option(bad, request)) << bad;
}

TEST(ParseCgroupParent, IsAPathBelowTheRoot) {
  for (const char* text : {"/a/b", "a/b", "//a//b/"}) {
    const auto path = parse_cgroup_parent(text);
    ASSERT_TRUE(path) << text;
    EXPECT_EQ(*path, "/a/b");
  }
  for (const char* bad : {"", "/", "..", "/a/../b", "./a", "a\nb"})
    EXPECT_FALSE(parse_cgroup_parent(bad)) << bad;
}

TEST(CheckHostname, IsStrict) {
  EXPECT_TRUE(check_hostname("--hostname", "web-1.local"));
  for (const std::string& bad :
       {std::string(), std::string("-x"), std::string(".x"), std::string("_x"), std::string("a b"),
        std::string("a\n"), std::string(65, 'a')})
    EXPECT_FALSE(check_hostname("--domainname", bad)) << bad;
}

TEST(ParseLog, DriversAndTheirOptions) {
  LogSettings log;
  EXPECT_TRUE(parse_log_driver("local", log));
  EXPECT_EQ(log.driver, LogDriver::kLocal);
  EXPECT_TRUE(parse_log_option("max-size=20k", log));
  EXPECT_TRUE(parse_log_option("max-file=5", log));
  EXPECT_EQ(log.most_bytes, 20U << 10);
  EXPECT_EQ(log.files, 5);
  EXPECT_TRUE(parse_log_option("max-size=-1", log));
  EXPECT_GT(log.most_bytes, 1ULL << 60);
  for (const char* bad : {"", "syslog", "JSON-FILE", "none "})
    EXPECT_FALSE(parse_log_driver(bad, log)) << bad;
  for (const char* bad : {"", "max-size", "max-size=", "max-size=1", "max-size=-2", "max-file=0",
                          "max-file=1001", "max-file=x", "tag=a", "=1"})
    EXPECT_FALSE(parse_log_option(bad, log)) << bad;
}

}  // namespace
}  // namespace planet::engine
