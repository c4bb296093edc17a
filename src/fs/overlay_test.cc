#include "fs/overlay.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace planet::fs {
namespace {

namespace stdfs = std::filesystem;

// A user namespace that maps 0..65535 to `base`, held by a descriptor alone.
UniqueFd user_namespace(unsigned base) {
  auto child = sys::clone_process({.flags = CLONE_NEWUSER, .cgroup = std::nullopt});
  if (!child) return {};
  if (!child->valid()) {
    ::pause();
    sys::exit_now(0);
  }
  const std::string proc = "/proc/" + std::to_string(child->pid());
  const std::string map = "0 " + std::to_string(base) + " 65536";
  if (!sys::write_at(sys::kCwd, (proc + "/uid_map").c_str(), map)) return {};
  if (!sys::write_at(sys::kCwd, (proc + "/gid_map").c_str(), map)) return {};
  auto fd = sys::open_at(sys::kCwd, (proc + "/ns/user").c_str(), O_RDONLY);
  return fd ? *std::move(fd) : UniqueFd();
}

class OverlayTest : public testing::TestWithParam<OverlayInterface> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting an overlay needs root";
    // Not below /tmp, which may be a tmpfs; and with the characters that split an option string.
    std::string path = "/var/tmp/planet,over:lay-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    for (const char* dir : {"low0", "low1", "upper", "work"}) stdfs::create_directory(top_ / dir);
    std::ofstream(top_ / "low0/file") << "top";
    std::ofstream(top_ / "low1/file") << "bottom";
    std::ofstream(top_ / "low1/only") << "below";
  }
  void TearDown() override {
    if (!top_.empty()) stdfs::remove_all(top_);
  }
  OverlayDirs dirs() const {
    return {
        .layers = {top_ / "low0", top_ / "low1"}, .upper = top_ / "upper", .work = top_ / "work"};
  }
  stdfs::path top_;
};

TEST_P(OverlayTest, StacksLayersTopmostFirstAndWritesToUpper) {
  auto mount = make_overlay(dirs(), std::nullopt, GetParam());
  ASSERT_TRUE(mount) << mount.error().to_string();
  EXPECT_EQ(*sys::read_file_at(mount->root(), "file"), "top");
  EXPECT_EQ(*sys::read_file_at(mount->root(), "only"), "below");
  ASSERT_TRUE(sys::replace_file_at(mount->root(), "new", "x", 0644));
  EXPECT_TRUE(stdfs::exists(top_ / "upper/new"));
}

TEST_P(OverlayTest, ShowsLayersThroughTheIdMap) {
  constexpr unsigned kBase = 1879048192;
  const UniqueFd user_ns = user_namespace(kBase);
  ASSERT_TRUE(user_ns.valid());
  auto mount = make_overlay(dirs(), user_ns.borrow(), GetParam());
  ASSERT_TRUE(mount) << mount.error().to_string();
  EXPECT_EQ(sys::lstat_at(mount->root(), "only")->st_uid, kBase);
}

TEST_P(OverlayTest, TakesAsManyLayersAsTheKernelDoes) {
  constexpr int kLayers = 500;
  OverlayDirs many = dirs();
  many.layers.clear();
  for (int i = 0; i < kLayers; ++i) {
    many.layers.push_back(top_ / ("layer" + std::to_string(i)));
    stdfs::create_directory(many.layers.back());
    std::ofstream(stdfs::path(many.layers.back()) / std::to_string(i)) << "x";
  }
  auto mount = make_overlay(many, std::nullopt, GetParam());
  ASSERT_TRUE(mount) << mount.error().to_string();
  EXPECT_TRUE(sys::exists_at(mount->root(), "0"));
  EXPECT_TRUE(sys::exists_at(mount->root(), std::to_string(kLayers - 1).c_str()));
}

// The mark by which overlayfs tells such a mount from others, and refuses the next.
TEST_P(OverlayTest, WhatIsVolatileIsMountedAgain) {
  OverlayDirs changes = dirs();
  changes.is_volatile = true;
  for (int time = 0; time < 2; ++time) {
    const auto mount = make_overlay(changes, std::nullopt, GetParam());
    ASSERT_TRUE(mount) << mount.error().to_string();
    EXPECT_TRUE(sys::exists_at(sys::kCwd, (changes.work + "/work/incompat/volatile").c_str()));
  }
  EXPECT_FALSE(make_overlay(dirs(), std::nullopt, GetParam()));
}

TEST_P(OverlayTest, AMissingLayerIsNamed) {
  OverlayDirs broken = dirs();
  broken.layers[1] = top_ / "none";
  const auto mount = make_overlay(broken, std::nullopt, GetParam());
  ASSERT_FALSE(mount);
  EXPECT_NE(mount.error().to_string().find("none: No such file"), std::string::npos);
}

TEST_P(OverlayTest, AFailureInTheKernelIsASentence) {
  OverlayDirs broken = dirs();
  broken.work = broken.upper;
  const auto mount = make_overlay(broken, std::nullopt, GetParam());
  ASSERT_FALSE(mount);
  EXPECT_EQ(mount.error().sys_errno(), EINVAL) << mount.error().to_string();
}

// In a child with a mount namespace of its own, whose mounts are all shared, as systemd makes them.
int exit_status_with_shared_mounts(const std::function<int()>& body) {
  auto child = sys::clone_process({.flags = CLONE_NEWNS, .cgroup = std::nullopt});
  if (!child) return -1;
  if (!child->valid()) {
    auto top = sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY);
    constexpr std::uint64_t kPrivate = 1U << 18, kShared = 1U << 20;  // MS_PRIVATE, MS_SHARED
    mount_attr attr{};
    for (const std::uint64_t propagation : {kPrivate, kShared}) {
      attr.propagation = propagation;
      if (!top || !sys::mount_set_attr(top->borrow(), attr, true)) sys::exit_now(100);
    }
    sys::exit_now(body());
  }
  auto ended = child->wait();
  return ended ? ended->shell_status() : -1;
}

std::string mounts() {
  std::ifstream file("/proc/self/mountinfo");
  return {std::istreambuf_iterator<char>(file), {}};
}

// What init mounts on a part, to take it along, is not seen on the host.
TEST_P(OverlayTest, WhatIsMountedOnAPartStaysThere) {
  const int status = exit_status_with_shared_mounts([&] {
    auto mount = make_overlay(dirs(), std::nullopt, GetParam());
    if (!mount) return 101;
    const std::string before = mounts();
    for (const DetachedMount& part : mount->parts()) {
      auto scratch = DetachedMount::make("tmpfs", "test", {});
      if (!scratch || !scratch->attach(part.root())) return 102;
    }
    return mounts() == before ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Interfaces, OverlayTest,
                         testing::Values(OverlayInterface::kProbe, OverlayInterface::kString),
                         [](const auto& tested) {
                           return tested.param == OverlayInterface::kString ? "String" : "Probe";
                         });

}  // namespace
}  // namespace planet::fs
