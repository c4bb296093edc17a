#include "image/check.h"

#include <gmock/gmock.h>

#include <fstream>

#include "image/image_list.h"
#include "image/load.h"
#include "image/remove.h"
#include "image/store_test.h"
#include "image/tar_builder.h"
#include "sys/file.h"
#include "sys/memory_file.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CheckTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "whiteouts are device nodes: needs root";
    const std::string lower = tar_of({{.name = "etc/", .type = '5', .mode = 0755},
                                      {.name = "etc/file", .content = "text"},
                                      {.name = "gone", .content = "x"},
                                      {.name = "hard", .type = '1', .link = "etc/file"}});
    const std::string upper =
        tar_of({{.name = ".wh.gone"}, {.name = "etc/more", .content = "more"}});
    const auto file = sys::sealed_memory_file("archive", docker_archive({lower, upper}));
    ASSERT_TRUE(sys::seek_to(file->borrow(), 0));
    const auto loaded = load_archive(*store_, file->borrow(), "", {});
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    image_ = *store_->resolve("t:1");
  }

  std::vector<std::string> damage(bool repair = false) {
    const auto report = check_store(*store_, repair, {});
    if (!report) return {report.error().to_string()};
    std::vector<std::string> all;
    for (const Damage& one : report->damage) all.push_back(one.what);
    EXPECT_TRUE(stdfs::is_empty(top_ / "store/staging"));
    return all;
  }
  // Repairs, and finds nothing then.
  void mend() {
    EXPECT_THAT(damage(true), testing::Not(IsEmpty()));
    EXPECT_THAT(damage(), IsEmpty());
  }
  stdfs::path layer(std::size_t from_top) {
    return top_ / "store/layers" / image_.chain[from_top] / "fs";
  }
  void write(const stdfs::path& file, const std::string& text) { std::ofstream(file) << text; }

  Image image_;
};

TEST_F(CheckTest, AWholeStore) {
  EXPECT_THAT(damage(), IsEmpty());
  EXPECT_THAT(damage(true), IsEmpty());
  const auto report = check_store(*store_, false, {});
  EXPECT_EQ(report->images, 1U);
  EXPECT_EQ(report->layers, 2U);
  EXPECT_EQ(report->blobs, 4U);
  EXPECT_THAT(report->notes, IsEmpty());
}

TEST_F(CheckTest, LayersThatAreNotWhatTheirBlobSays) {
  const auto say = HasSubstr("what is unpacked is not what its blob says");
  write(layer(1) / "etc/file", "test");
  EXPECT_THAT(damage(), ElementsAre(say));
  mend();
  EXPECT_EQ(*sys::read_file_at(sys::kCwd, (layer(1) / "etc/file").c_str()), "text");
  stdfs::permissions(layer(1) / "etc", stdfs::perms(0777));
  EXPECT_THAT(damage(), ElementsAre(say));
  mend();
  stdfs::remove(layer(0) / "gone");  // a whiteout
  EXPECT_THAT(damage(), ElementsAre(say));
  mend();
  write(layer(0) / "added", "");
  EXPECT_THAT(damage(), ElementsAre(say));
  mend();
  stdfs::remove_all(layer(1).parent_path());
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("it is not unpacked")))
      << "the one above it cannot be looked at without";
  mend();
  EXPECT_EQ(store_->resolve("t:1")->digest, image_.digest);
}

TEST_F(CheckTest, LayerRecords) {
  write(layer(0).parent_path() / "layer.json", "{}");
  mend();
  write(layer(0).parent_path() / "layer.json", R"({"size": 1)");
  mend();
}

TEST_F(CheckTest, BlobsAndImages) {
  const auto blobs = [&] { return top_ / "store/blobs/sha256"; };
  write(blobs() / std::string(64, 'a'), "something");
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("its bytes have digest sha256:")));
  mend();
  // A layer's blob is not needed to run the image.
  const std::string base = blobs_of(*store_, image_)->at(2);
  write(blobs() / base, "damaged");
  EXPECT_THAT(damage(true), ElementsAre(HasSubstr("blob " + base)));
  const auto report = check_store(*store_, false, {});
  EXPECT_THAT(report->damage, IsEmpty());
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_THAT(report->notes[0], HasSubstr("its blob is not here"));
  EXPECT_TRUE(store_->resolve("t:1"));
  // Its configuration is.
  write(blobs() / image_.config_digest, "damaged");
  EXPECT_THAT(damage(true), ElementsAre(HasSubstr("blob"), HasSubstr("its configuration")));
  EXPECT_FALSE(store_->resolve("t:1"));
  EXPECT_THAT(damage(), IsEmpty());
  EXPECT_THAT(*sys::read_file_at(store_->dir(), "index.json"), HasSubstr("\"manifests\":[]"));
}

TEST_F(CheckTest, NamesAndTheIndex) {
  ASSERT_TRUE(sys::symlink_at(std::string(64, 'b').c_str(), store_->dir(), "tags/stale:1"));
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("name stale:1 stands for an image")));
  mend();
  write(top_ / "store/index.json", "{");
  EXPECT_THAT(damage(), ElementsAre(HasSubstr("index.json: ")));
  mend();
  EXPECT_THAT(*sys::read_file_at(store_->dir(), "index.json"), HasSubstr(image_.digest));
  write(top_ / "store/images" / image_.digest, "{}");
  EXPECT_THAT(damage(true), ElementsAre(HasSubstr("image " + image_.digest)));
  EXPECT_THAT(damage(), IsEmpty());
}

}  // namespace
}  // namespace planet::image
