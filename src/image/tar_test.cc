// What is read of archives, and which ones are refused because not every reader would read them so.
#include "image/tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/tar_audit.h"
#include "image/tar_builder.h"

namespace planet::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Hands out `bytes` in pieces of so many.
class Pieces : public ByteSource {
 public:
  Pieces(std::string bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}
  Result<std::string_view> next() override {
    const std::string_view piece = std::string_view(bytes_).substr(at_, size_);
    at_ += piece.size();
    return piece;
  }

 private:
  std::string bytes_;
  std::size_t size_;
  std::size_t at_ = 0;
};

Result<std::vector<TarEntry>> read(const std::string& bytes, std::size_t piece = 1000) {
  Pieces source(bytes, piece);
  TRY_SET(TarReader reader, TarReader::open(source));
  std::vector<TarEntry> entries;
  while (true) {
    TRY_SET(std::optional<TarEntry> entry, reader.next());
    if (!entry) return entries;
    while (true) {
      TRY_SET(const auto data, reader.data());
      if (!data) break;
    }
    entries.push_back(*std::move(entry));
  }
}

std::string error_of(const std::vector<Member>& members) {
  const auto entries = read(tar_of(members));
  return entries ? "" : entries.error().to_string();
}

std::vector<std::string> names_in(const std::string& bytes, std::size_t piece = 1000) {
  const auto entries = read(bytes, piece);
  EXPECT_TRUE(entries) << entries.error().to_string();
  std::vector<std::string> names;
  if (entries)
    for (const TarEntry& entry : *entries) names.push_back(entry.name);
  return names;
}

Member gnu(Member member) {
  member.patches.insert(member.patches.begin(), {257, std::string("ustar  \0", 8)});
  return member;
}

TEST(Tar, NamesAreBytesInEveryFormat) {
  const std::string utf8 = "\xc3\xa9/\xd1\x84.txt";
  const std::string bytes = "\xff\xfe";
  const std::string longer = std::string(300, 'n') + utf8;
  const std::vector<Member> members = {
      {.name = utf8},
      {.name = bytes},
      pax({{"path", utf8 + "x"}}),
      {.name = "short"},
      pax({{"path", bytes + "x"}, {"hdrcharset", "BINARY"}}),
      {.name = "short"},
      gnu({.name = "././@LongLink", .type = 'L', .content = longer + std::string(1, '\0')}),
      gnu({.name = longer}),
  };
  EXPECT_THAT(names_in(tar_of(members)), ElementsAre(utf8, bytes, utf8 + "x", bytes + "x", longer));
}

TEST(Tar, ALinksTargetAndAnOwnersNameMayBeUtf8) {
  const std::string utf8 = "\xc3\xa9";
  const auto entries =
      read(tar_of({pax({{"linkpath", utf8}, {"uname", utf8}}), {.name = "l", .type = '2'}}));
  ASSERT_TRUE(entries) << entries.error().to_string();
  EXPECT_EQ(entries->at(0).link, utf8);
}

TEST(Tar, PiecesOfAnySizeSayTheSame) {
  const std::string tar = tar_of({pax({{"path", "a"}, {"size", "3"}}),
                                  {.name = "x", .content = "abc"},
                                  {.name = "d/", .type = '5'},
                                  pax({{"comment", "c"}}, 'g'),
                                  {.name = "b", .content = std::string(5000, 'b')}});
  for (const std::size_t piece : {1U, 7U, 511U, 512U, 513U, 100'000U})
    EXPECT_THAT(names_in(tar, piece), ElementsAre("a", "d/", "b")) << piece;
}

TEST(Tar, ThePrefixOfUstarIsAPartOfTheName) {
  EXPECT_THAT(names_in(tar_of({{.name = "leaf", .patches = {{345, "some/where"}}}})),
              ElementsAre("some/where/leaf"));
}

TEST(Tar, WhatFollowsTheEndIsNotRead) {
  const std::string two = tar_of({{.name = "a"}}) + tar_of({{.name = "hidden"}});
  EXPECT_THAT(names_in(two), ElementsAre("a"));
  EXPECT_THAT(names_in(tar_member({.name = "no end at all"})), ElementsAre("no end at all"));
  EXPECT_THAT(names_in(""), ElementsAre());
}

struct Refused {
  const char* want;
  std::vector<Member> members;
};

const std::string kData(512, 'd');

TEST(TarAudit, RefusesWhatReadersReadDifferently) {
  const std::vector<Refused> archives = {
      // Numbers.
      {"whose size is no number", {{.name = "f", .patches = {{124, "12x"}}}}},
      {"whose size is no number", {{.name = "f", .patches = {{124, std::string("\0001", 2)}}}}},
      {"whose size is no number", {{.name = "f", .patches = {{124, "\x81"}}}}},
      {"whose size is no number", {{.name = "f", .patches = {{124, std::string(12, '\xff')}}}}},
      {"whose size is no number", {{.name = "f", .patches = {{124, "\x80\x7f\xff\xff\xff\xff"}}}}},
      {"whose uid is no number", {{.name = "f", .patches = {{108, "-1"}}}}},
      {"whose mode is no number", {{.name = "f", .patches = {{100, "0999"}}}}},
      {"whose size is no number", {pax({{"size", "-1"}}), {.name = "f"}}},
      {"whose size is no number", {pax({{"size", "0x10"}}), {.name = "f"}}},
      {"whose uid is no number", {pax({{"uid", "1e3"}}), {.name = "f"}}},
      // Sizes of what has no data.
      {"is no file, but has a size", {{.name = "l", .type = '2', .content = kData, .link = "x"}}},
      {"is no file, but has a size",
       {{.name = "f"}, {.name = "h", .type = '1', .content = kData, .link = "f"}}},
      {"is no file, but has a size", {{.name = "d", .type = '5', .content = kData}}},
      {"is no file, but has a size", {pax({{"size", "512"}}), {.name = "d", .type = '5'}}},
      {"is a directory, but has a size", {{.name = "d/", .content = kData}}},
      // Names said twice.
      {"two names",
       {gnu({.name = "x", .type = 'L', .content = std::string("one\0", 4)}),
        pax({{"path", "two"}}),
        {.name = "f"}}},
      {"two long names",
       {gnu({.name = "x", .type = 'L', .content = "one"}),
        gnu({.name = "x", .type = 'L', .content = "two"}),
        {.name = "f"}}},
      {"two pax headers", {pax({{"path", "a"}}), pax({{"path", "b"}}), {.name = "f"}}},
      {"sets \"path\" twice", {pax({{"path", "a"}, {"path", "b"}}), {.name = "f"}}},
      {"zero byte", {pax({{"path", std::string("a\0b", 3)}}), {.name = "f"}}},
      {"zero byte",
       {gnu({.name = "x", .type = 'L', .content = std::string("a\0b", 3)}), {.name = "f"}}},
      {"empty path", {pax({{"path", ""}}), {.name = "f"}}},
      {"global pax header that sets \"path\"", {pax({{"path", "a"}}, 'g'), {.name = "f"}}},
      {"two link targets",
       {gnu({.name = "x", .type = 'K', .content = "one"}),
        pax({{"linkpath", "two"}}),
        {.name = "l", .type = '2'}}},
      // Headers that are none.
      {"damaged pax header", {{.name = "p", .type = 'x', .content = "9 path\n"}, {.name = "f"}}},
      {"damaged pax header", {{.name = "p", .type = 'x', .content = "99 path=a\n"}, {.name = "f"}}},
      {"damaged pax header", {{.name = "p", .type = 'x', .content = "4 a=b\n"}, {.name = "f"}}},
      {"describes nothing", {pax({{"path", "a"}})}},
      {"unknown format", {{.name = "a"}, {.name = "f", .patches = {{257, "other"}}}}},
      {"format of star",
       {{.name = "a"}, {.name = "f", .patches = {{508, std::string("tar\0", 4)}}}}},
      {"of an unknown kind", {{.name = "v", .type = 'V'}}},
      {"of an unknown kind", {{.name = "v", .type = '9'}}},
      {"SCHILY.realsize", {pax({{"SCHILY.realsize", "9"}}), {.name = "f"}}},
      {"map does not fit",
       {gnu({.name = "s", .type = 'S', .content = kData, .patches = {{483, octal(512, 11)}}})}},
      {"has no map", {pax({{"GNU.sparse.name", "other"}}), {.name = "f"}}},
  };
  for (const Refused& archive : archives)
    EXPECT_THAT(error_of(archive.members), HasSubstr(archive.want));
}

TEST(TarAudit, RefusesWhatIsCutOffOrHasALoneZeroBlock) {
  const std::string file = tar_member({.name = "f", .content = kData});
  const std::string zero(512, '\0');
  const auto error = [](const std::string& bytes) {
    const auto entries = read(bytes);
    return entries ? "" : entries.error().to_string();
  };
  EXPECT_THAT(error(file + zero + file + zero + zero), HasSubstr("a lone block of zeros"));
  EXPECT_THAT(error(file.substr(0, 700)), HasSubstr("cut off"));
  EXPECT_THAT(error(file + file.substr(0, 100)), HasSubstr("cut off"));
  EXPECT_THAT(error(file.substr(0, 100)), HasSubstr("neither a tar archive"));
  std::string bad = file + file;
  bad[1024] = 'g';
  EXPECT_THAT(error(bad), HasSubstr("checksum is wrong"));
}

// A sparse map of a million stretches is no long archive, but much memory (CVE-2025-58183).
TEST(Tar, SparseMapsAreBounded) {
  std::string map;
  constexpr int kStretches = 100'000;
  for (int i = 0; i < kStretches; ++i) map += std::to_string(i * 2) + "\n0\n";
  map = std::to_string(kStretches) + "\n" + map;
  map.resize((map.size() + 511) / 512 * 512);
  EXPECT_THAT(error_of({pax({{"GNU.sparse.major", "1"},
                             {"GNU.sparse.minor", "0"},
                             {"GNU.sparse.name", "f"},
                             {"GNU.sparse.realsize", "1000000"}}),
                        {.name = "f", .content = map}}),
              HasSubstr("more than 65536 stretches"));
  const auto stretch = [](std::uint64_t i) {
    return octal(i * 512, 11) + std::string(1, '\0') + octal(0, 11) + std::string(1, '\0');
  };
  const std::string first = stretch(0) + stretch(1) + stretch(2) + stretch(3) + "\1";
  std::string old =
      tar_member(gnu({.name = "f", .type = 'S', .patches = {{386, first + octal(1U << 30, 11)}}}));
  for (std::uint64_t i = 0; i < 4000; ++i) {
    for (std::uint64_t j = 0; j < 21; ++j) old += stretch(4 + i * 21 + j);
    old += "\1" + std::string(7, '\0');
  }
  Pieces source(old, old.size());
  TarAudit audit(source);
  const auto passed = audit.next();
  ASSERT_FALSE(passed);
  EXPECT_THAT(passed.error().to_string(), HasSubstr("more than 65536 stretches"));
}

TEST(Tar, AnExtensionIsBounded) {
  EXPECT_THAT(error_of({{.name = "p", .type = 'x', .content = std::string(5U << 20, 'x')}}),
              HasSubstr("header of more than 4 MiB"));
}

}  // namespace
}  // namespace planet::image
