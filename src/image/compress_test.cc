#include "image/compress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace planet::image {
namespace {

class Pieces : public ByteSource {
 public:
  explicit Pieces(std::string text, std::size_t size = 10'000)
      : text_(std::move(text)), size_(size) {}
  Result<std::string_view> next() override {
    const std::string_view piece =
        std::string_view(text_).substr(std::min(at_, text_.size()), size_);
    at_ += piece.size();
    return piece;
  }

 private:
  std::string text_;
  std::size_t size_;
  std::size_t at_ = 0;
};

std::string whole(ByteSource& from) {
  std::string text;
  while (true) {
    const auto piece = from.next();
    EXPECT_TRUE(piece.has_value());
    if (!piece || piece->empty()) return text;
    text += *piece;
  }
}

class CompressTest : public testing::TestWithParam<Compression> {};

TEST_P(CompressTest, ComesBackAndIsTheSameEachTime) {
  std::string mixed;
  for (unsigned i = 0; i < 300'000; ++i) mixed += static_cast<char>((i * i >> 7) & 0xff);
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(500'000, 'a'), mixed}) {
    Pieces once(text);
    Pieces twice(text);
    const std::string packed = whole(*compress(once, GetParam()));
    EXPECT_EQ(packed, whole(*compress(twice, GetParam())));
    Pieces again(packed);
    const auto plain = decompress(again);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(whole(**plain), text);
  }
}

TEST_P(CompressTest, WhatComesByteByByteIsKnownForWhatItIs) {
  const std::string text(100, 'a');
  Pieces plain(text);
  const std::string packed = whole(*compress(plain, GetParam()));
  Pieces slow(packed, 1);
  const auto unpacked = decompress(slow);
  ASSERT_TRUE(unpacked.has_value());
  EXPECT_EQ(whole(**unpacked), text);
}

TEST_P(CompressTest, AFailureOfTheSourceIsSaid) {
  class Broken : public ByteSource {
   public:
    Result<std::string_view> next() override { return fail(Code::kSystem, "broken"); }
  };
  Broken source;
  EXPECT_EQ(compress(source, GetParam())->next().error().what(), "broken");
}

INSTANTIATE_TEST_SUITE_P(Ways, CompressTest,
                         testing::Values(Compression::kGzip, Compression::kZstd));

}  // namespace
}  // namespace planet::image
