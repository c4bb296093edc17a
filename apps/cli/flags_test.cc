#include "cli/flags.h"

#include <gtest/gtest.h>

namespace planet::cli {
namespace {

struct Parsed {
  std::optional<std::string> name;
  std::vector<std::string> env;
  bool terminal = false, interactive = false;
  std::string explain;
  std::size_t known = 0;  // flags that the app has been told of, with its own --help
};

Parsed parse_words(const std::vector<std::string>& args) {
  Parsed parsed;
  CLI::App app("", "test");
  app.set_help_flag("--help", "");
  app.prefix_command();
  Flags flags(app, args);
  flags.add_text("--name", parsed.name, "");
  flags.add_list("-e,--env", parsed.env, "");
  flags.add_flag("-t,--tty", parsed.terminal, "");
  flags.add_flag("-i,--interactive", parsed.interactive, "");
  flags.add_flag("--explain{text}", parsed.explain, "");
  int status = 0;
  parsed.known = app.get_options().size();
  EXPECT_TRUE(parse(app, args, status));
  return parsed;
}

TEST(Flags, EveryWayToNameOneIsUnderstood) {
  EXPECT_EQ(parse_words({"--name", "a", "image"}).name, "a");
  EXPECT_EQ(parse_words({"--name=a", "image"}).name, "a");
  const std::vector<std::string> both{"A=1", "B=2"};
  EXPECT_EQ(parse_words({"-e", "A=1", "--env=B=2", "image"}).env, both);
  EXPECT_EQ(parse_words({"-eA=1", "--env", "B=2", "image"}).env, both);
  const Parsed cluster = parse_words({"-ti", "image"});
  EXPECT_TRUE(cluster.terminal && cluster.interactive);
  EXPECT_EQ(parse_words({"--explain=json", "image"}).explain, "json");
  EXPECT_EQ(parse_words({"--explain", "image"}).explain, "text");
}

TEST(Flags, TheAppIsToldOfThoseThatWordsMayName) {
  EXPECT_EQ(parse_words({"image", "true"}).known, 1U);
  EXPECT_EQ(parse_words({"--name", "a", "image"}).known, 2U);
  EXPECT_EQ(parse_words({"image", "ls", "-t"}).known, 2U);
  EXPECT_EQ(parse_words({"image", "ls", "--help"}).known, 6U);
}

}  // namespace
}  // namespace planet::cli
