#include "registry/base64.h"

#include <gtest/gtest.h>

namespace planet::registry {
namespace {

TEST(Base64, PassesTheVectorsOfTheRfc) {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {std::string("\0\xff\xfb\xf0", 4), "AP/78A=="}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, RefusesOtherTexts) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "A===", "Zm9v\n", "Zm9v Zm9v",
                          "Zg==Zg==", "Zm-_", "Z=9v"})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

}  // namespace
}  // namespace planet::registry
