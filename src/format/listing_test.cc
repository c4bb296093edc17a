#include "format/listing.h"

#include <gtest/gtest.h>

namespace planet::format {
namespace {

const Layout& layout() {
  static const Layout kLayout = {
      .table = "table {{.ID}}\t{{.Names}}",
      .quiet = "{{.ID}}",
      .titles = {
          {"ID", "CONTAINER ID"}, {"Names", "NAMES"}, {"Labels", "LABELS"}, {"Label", "LABEL"}}};
  return kLayout;
}

std::string listed(std::string_view format, bool quiet = false) {
  const std::vector<oci::json::object> rows = {
      {{"ID", "1"}, {"Names", "a\tb"}, {"Labels", "x=y"}, {"Label", {{"x", "y"}}}},
      {{"ID", "22"}, {"Names", "\x1b\u0085"}, {"Labels", ""}, {"Label", oci::json::object()}}};
  const auto listing = Listing::plan(layout(), format, quiet, false);
  if (!listing) return listing.error().to_string();
  const auto text = listing->text(rows);
  return text ? *text : text.error().to_string();
}

TEST(ListingTest, Tables) {
  EXPECT_EQ(listed(""),
            "CONTAINER ID   NAMES\n1              a\\x09b\n22             \\x1b\\xc2\\x85\n");
  EXPECT_EQ(listed("table"), listed(""));
  EXPECT_EQ(listed("table {{.ID}}\\t{{.Label \"com.x-y\"}}\\t{{upper .Labels}}\\t"),
            "CONTAINER ID   X Y       LABELS    \n1                        X=Y       \n22          "
            "                       \n");
}

TEST(ListingTest, QuietJsonAndTemplates) {
  EXPECT_EQ(listed("", true), "1\n22\n");
  EXPECT_EQ(listed("table", true), listed(""));
  EXPECT_EQ(listed("{{.ID}}\\t{{.Label \"x\"}}", true), "1\ty\n22\t\n");
  EXPECT_EQ(listed("json"),
            "{\"ID\":\"1\",\"Names\":\"a\\tb\",\"Labels\":\"x=y\"}\n"
            "{\"ID\":\"22\",\"Names\":\"\\u001b\\u0085\",\"Labels\":\"\"}\n");
}

TEST(ListingTest, AFormatThatFitsNothingIsRefusedBeforeAnythingIsListed) {
  EXPECT_EQ(listed("table {{.Nope}}"),
            "the format wants a field \"Nope\", and there is ID, Names, Labels, Label");
  EXPECT_EQ(listed("{{.ID"), "the format has a {{ without its }}");
}

TEST(ListingTest, OneThing) {
  const oci::json::value value = {{"Id", "x"}, {"List", {1, 2}}};
  EXPECT_EQ(render_one(value, "json", false).value(), "{\"Id\":\"x\",\"List\":[1,2]}\n");
  EXPECT_EQ(render_one(value, "{{.Id}}", false).value(), "x\n");
  EXPECT_TRUE(render_one(value, "", false)->starts_with("{\n    \"Id\": \"x\","));
}

}  // namespace
}  // namespace planet::format
