#include "engine/log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "sys/file.h"

namespace planet::engine {
namespace {

TEST(LogLine, ComesBackExactly) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  for (const std::string& text : {std::string("plain\n"), std::string("\"quoted\" \\ back"),
                                  std::string("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xaa\x90"), every,
                                  std::string("\xed\xb2\x80 surrogate"), std::string()}) {
    const std::string line =
        encode_log_line({.stream = runtime::Stream::kErr, .text = text, .time = "t"});
    ASSERT_TRUE(line.ends_with("}\n"));
    ASSERT_EQ(line.find('\n'), line.size() - 1) << "one line, whatever is in it";
    const auto back = decode_log_line(std::string_view(line).substr(0, line.size() - 1));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->text, text);
    EXPECT_EQ(back->stream, runtime::Stream::kErr);
  }
}

TEST(LogLine, RefusesWhatIsNone) {
  for (const char* bad : {"", "{}", "{\"log\":\"x", "{\"log\":\"x\"}",
                          "{\"log\":\"\\u12\",\"stream\":\"\",\"time\":\"\"}",
                          "{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"t\"} more"})
    EXPECT_FALSE(decode_log_line(bad)) << bad;
}

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-log-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    auto places = Places::open(path + "/root", path + "/run");
    ASSERT_TRUE(places);
    places_.emplace(*std::move(places));
    ASSERT_TRUE(sys::make_dir_at(places_->root_dir.borrow(), "containers/c", 0700));
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  std::string read(const LogQuery& query = {}) {
    std::string text;
    EXPECT_TRUE(read_log(
        *places_, "c", query, [&](const LogLine& line) { text += line.text; },
        [] { return true; }));
    return text;
  }
  Record record_ = [] {
    Record record;
    record.id = "c";
    return record;
  }();
  std::string top_;
  std::optional<Places> places_;
};

TEST_F(LogTest, KeepsLinesApartAndLosesNothing) {
  LogWriter writer(*places_, record_);
  writer.output(runtime::Stream::kOut, "one\ntw");
  writer.output(runtime::Stream::kErr, "error\n");
  writer.output(runtime::Stream::kOut, "o\n");
  writer.output(runtime::Stream::kOut, std::string(40000, 'x') + "\nlast");
  writer.flush();
  EXPECT_EQ(read(), "one\nerror\ntwo\n" + std::string(40000, 'x') + "\nlast");
  EXPECT_EQ(read({.tail = 1}), "last");
  EXPECT_EQ(read({.follow = true}).size(), read().size());
}

TEST_F(LogTest, FollowingEndsWhereTheTimeAskedForEnds) {
  LogWriter writer(*places_, record_);
  writer.output(runtime::Stream::kOut, "one\n");
  const format::Moment soon = format::now() + 300'000'000;
  std::string text;
  ASSERT_TRUE(read_log(
      *places_, "c", {.until = soon, .follow = true},
      [&](const LogLine& line) { text += line.text; }, [] { return false; }));
  EXPECT_EQ(text, "one\n");
  EXPECT_GE(format::now(), soon);
}

TEST_F(LogTest, ASilentContainerHasNoFile) {
  {
    LogWriter writer(*places_, record_);
  }
  EXPECT_FALSE(sys::exists_at(places_->root_dir.borrow(), "containers/c/log"));
  EXPECT_EQ(read(), "");
}

TEST_F(LogTest, IsBounded) {
  LogWriter writer(*places_, record_);
  const std::string line = std::string(16000, 'y') + "\n";
  for (int i = 0; i < 3000; ++i) writer.output(runtime::Stream::kOut, line);
  std::uintmax_t total = 0;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(top_ + "/root/containers/c")) {
    total += entry.file_size();
    ++files;
  }
  EXPECT_EQ(files, LogSettings().files);
  EXPECT_LT(total, LogSettings().files * (LogSettings().most_bytes + 20000));
}

}  // namespace
}  // namespace planet::engine
