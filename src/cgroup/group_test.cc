// Groups on this host's real control groups, below /planet/test-PID, all gone at the end. Needs root.
#include "cgroup/group.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "cgroup/device_program.h"
#include "cgroup/tree.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cgroup {
namespace {

class GroupTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "control groups need root";
    auto host = Host::open();
    ASSERT_TRUE(host) << host.error().to_string();
    host_.emplace(*std::move(host));
  }
  void TearDown() override {
    if (!host_) return;
    EXPECT_TRUE(Group::open(*host_, top()).value().remove());
  }
  static std::string top() { return "/planet/test-" + std::to_string(::getpid()); }
  static std::string path(const char* name) { return top() + "/" + name; }

  Group create(const char* name, const oci::Resources& resources = {}) {
    auto group = Group::create(*host_, path(name), resources);
    EXPECT_TRUE(group) << group.error().to_string();
    return *std::move(group);
  }

  // A child that waits for its place in the group, then runs `body` and exits with its value.
  template <class F>
  sys::ExitStatus run_in(const Group& group, F body) {
    int gate[2] = {-1, -1};
    EXPECT_EQ(::pipe2(gate, O_CLOEXEC), 0);
    auto child = sys::clone_process({});
    if (!child->valid()) {
      char go = 0;
      ::close(gate[1]);
      (void)!::read(gate[0], &go, 1);
      sys::exit_now(body());
    }
    EXPECT_TRUE(group.add(child->pid()));
    ::close(gate[0]);
    ::close(gate[1]);
    return *child->wait();
  }

  std::optional<Host> host_;
};

TEST_F(GroupTest, IsMadeOnceAndGoneAfterwards) {
  Group group = create("once");
  EXPECT_EQ(Group::create(*host_, path("once"), {}).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(run_in(group, [] { return 7; }).value, 7);
  EXPECT_TRUE(group.remove());
  Group again = create("once");
  EXPECT_TRUE(again.remove());
}

TEST_F(GroupTest, ItsPathIsBounded) {
  std::string deep = path("deep");
  for (int i = 0; i < 64; ++i) deep += "/d";
  EXPECT_EQ(Group::create(*host_, deep, {}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(Group::create(*host_, path(std::string(256, 'x').c_str()), {}).error().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(Group::create(*host_, path("../up"), {}).error().code(), Code::kInvalidArgument);
}

TEST_F(GroupTest, AProcessEntersByItself) {
  Group group = create("doors");
  const auto doors = group.doors();
  ASSERT_TRUE(doors) << doors.error().to_string();
  const std::string inside_path = path("doors");  // it has our pid in it
  auto child = sys::clone_process({.flags = 0,
                                   .cgroup = doors->birthplace.valid()
                                                 ? std::optional(doors->birthplace.borrow())
                                                 : std::nullopt});
  ASSERT_TRUE(child) << child.error().to_string();
  if (!child->valid()) {
    const auto own = doors->enter() ? sys::read_file_at(sys::kCwd, "/proc/self/cgroup")
                                    : Result<std::string>(fail(Code::kInternal, "did not enter"));
    std::size_t inside = 0;
    for (const std::string_view line : split(own.value_or(""), '\n'))
      if (line.ends_with(inside_path)) ++inside;
    sys::exit_now(static_cast<int>(inside));
  }
  EXPECT_EQ(child->wait()->value, host_->layout() == Layout::kUnified ? 1 : 4);
  EXPECT_TRUE(group.remove());
}

TEST_F(GroupTest, IsFrozenAndThawed) {
  auto group = Group::create(*host_, path("freeze"), {}, Width::kAll);
  ASSERT_TRUE(group) << group.error().to_string();
  auto child = sys::clone_process({});
  if (!child->valid())
    while (true) ::usleep(1000);
  ASSERT_TRUE(group->add(child->pid()));
  EXPECT_EQ(*group->processes(), std::vector<pid_t>{child->pid()});
  EXPECT_FALSE(group->frozen());
  ASSERT_TRUE(group->freeze());
  EXPECT_TRUE(group->frozen());
  ASSERT_TRUE(group->thaw());
  EXPECT_FALSE(group->frozen());
  *child = sys::Child();
  EXPECT_TRUE(group->processes()->empty());
  EXPECT_TRUE(group->remove());
}

TEST_F(GroupTest, LimitsChangeInUse) {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 64 << 20, .swap = 64 << 20};
  Group group = create("update", resources);
  // Both up, then both down: on v1 one bounds the other.
  for (const std::int64_t limit : {256 << 20, 32 << 20}) {
    resources.memory = oci::Memory{.limit = limit, .swap = limit};
    const auto updated = group.update(resources);
    EXPECT_TRUE(updated) << updated.error().to_string();
    const bool v2 = host_->layout() == Layout::kUnified;
    const auto hierarchy = host_->hierarchy(v2 ? "" : "memory");
    const std::string file =
        path("update").substr(1) + (v2 ? "/memory.max" : "/memory.limit_in_bytes");
    EXPECT_EQ(trim(*sys::read_file_at(hierarchy->root.borrow(), file.c_str())),
              std::to_string(limit));
  }
  EXPECT_TRUE(group.remove());
}

TEST_F(GroupTest, AProcessLimitHolds) {
  oci::Resources resources;
  resources.pids_limit = 5;
  Group group = create("pids", resources);
  const auto status = run_in(group, [] {
    for (int i = 0; i < 10; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        ::pause();
        sys::exit_now(0);
      }
      if (pid < 0) return errno == EAGAIN ? i : 99;
    }
    return 100;
  });
  EXPECT_EQ(status.value, 4) << "itself and four children";
  EXPECT_TRUE(group.kill_all());
  EXPECT_TRUE(group.remove());
}

TEST_F(GroupTest, AMemoryLimitKillsAndSaysSo) {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 16 << 20, .swap = 16 << 20};
  Group group = create("memory", resources);
  EXPECT_EQ(group.oom_kills(), 0U);
  const auto status = run_in(group, [] {
    std::string hog;
    for (int i = 0; i < 64; ++i) hog += std::string(1 << 20, 'x');
    return hog.size() > 1 ? 0 : 1;
  });
  EXPECT_TRUE(status.signalled);
  EXPECT_EQ(status.value, SIGKILL);
  EXPECT_GT(group.oom_kills(), 0U);
  EXPECT_TRUE(group.remove());
}

TEST_F(GroupTest, AQuotaHoldsBackASpinningProcess) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = 20000, .period = 100000};
  Group group = create("cpu", resources);
  const auto status = run_in(group, [] {
    const std::int64_t begin = sys::monotonic_ns();
    while (sys::monotonic_ns() - begin < 500'000'000) {
    }
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<int>(used.tv_nsec / 10'000'000);  // hundredths of a second
  });
  EXPECT_LE(status.value, 25) << "half a second at a fifth of a processor, and one period's slack";
  EXPECT_TRUE(group.remove());
}

TEST_F(GroupTest, ErrorsSayWhatWasAsked) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{};
  resources.cpu->cpus = "7777";
  const auto group = Group::create(*host_, path("bad"), resources);
  ASSERT_FALSE(group);
  EXPECT_TRUE(group.error().to_string().starts_with("set processors \"7777\": "))
      << group.error().to_string();
  EXPECT_EQ(Group::create(*host_, "/planet/../x", {}).error().code(), Code::kInvalidArgument);
  Group left = *Group::open(*host_, path("bad"));
  EXPECT_TRUE(create("bad").remove()) << "nothing is left of the failure";
}

TEST_F(GroupTest, IsFoundAgainByItsPath) {
  (void)create("crashed");
  auto found = Group::open(*host_, path("crashed"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->remove());
}

// The v2 device program needs a v2 tree: a hybrid host has one without controllers, which is enough.
TEST_F(GroupTest, TheDeviceProgramAllowsTheHarmlessOnes) {
  UniqueFd tree = host_->layout() == Layout::kUnified ? std::move(host_->hierarchy("")->root)
                                                      : host_->unified_of_hybrid();
  if (!tree.valid()) GTEST_SKIP() << "this host has no cgroup v2 tree";
  const std::string name = "planet-test-" + std::to_string(::getpid());
  ASSERT_TRUE(sys::make_dir_at(tree.borrow(), name.c_str(), 0755));
  const auto dir = sys::open_at(tree.borrow(), name.c_str(), O_RDONLY | O_DIRECTORY);
  const Result<> attached = attach_device_program(dir->borrow(), default_device_rules());
  EXPECT_TRUE(attached) << attached.error().to_string();
  const std::string node = testing::TempDir() + "/" + name;
  ASSERT_EQ(::mknod(node.c_str(), S_IFCHR | 0600, makedev(1, 1)), 0);  // /dev/mem
  auto child = sys::clone_process({});
  if (!child->valid()) {
    (void)sys::write_at(dir->borrow(), "cgroup.procs", "0");
    const bool null_opens = sys::open_at(sys::kCwd, "/dev/null", O_RDWR).has_value();
    const auto memory = sys::open_at(sys::kCwd, node.c_str(), O_RDONLY);
    sys::exit_now(null_opens && !memory && memory.error().sys_errno() == EPERM ? 0 : 1);
  }
  EXPECT_EQ(child->wait()->value, 0);
  ::unlink(node.c_str());
  EXPECT_TRUE(sys::unlink_at(tree.borrow(), name.c_str(), AT_REMOVEDIR));
}

// A rule for both types of device says no more than its numbers and its access.
TEST(CompileDeviceRules, ForAllTypesTestsTheRest) {
  const auto size = [](const oci::DeviceRule& rule) {
    return compile_device_rules({rule})->size();
  };
  oci::DeviceRule rule{.allow = true, .type = "c", .major = 1, .minor = 3, .access = "r"};
  const std::size_t of_one_type = size(rule);
  rule.type = "a";
  EXPECT_EQ(size(rule), of_one_type - 1) << "but the test of the type";
  const auto code = compile_device_rules(
      {{.allow = true, .type = "c", .access = "r"}, {.allow = false, .type = "a", .access = "m"}});
  EXPECT_GT(code->size(), 8U) << "the first rule can still be reached";
}

TEST_F(GroupTest, TheDeviceProgramOpensWhatARuleForAllTypesNames) {
  UniqueFd tree = host_->layout() == Layout::kUnified ? std::move(host_->hierarchy("")->root)
                                                      : host_->unified_of_hybrid();
  if (!tree.valid()) GTEST_SKIP() << "this host has no cgroup v2 tree";
  const std::string name = "planet-test-" + std::to_string(::getpid());
  ASSERT_TRUE(sys::make_dir_at(tree.borrow(), name.c_str(), 0755));
  const auto dir = sys::open_at(tree.borrow(), name.c_str(), O_RDONLY | O_DIRECTORY);
  const Result<> attached = attach_device_program(
      dir->borrow(), {{.allow = false, .type = "a", .access = "rwm"},
                      {.allow = true, .type = "a", .major = 1, .minor = 3, .access = "r"}});
  EXPECT_TRUE(attached) << attached.error().to_string();
  auto child = sys::clone_process({});
  if (!child->valid()) {
    (void)sys::write_at(dir->borrow(), "cgroup.procs", "0");
    const auto opens = [](const char* path, int flags) {
      return sys::open_at(sys::kCwd, path, flags).has_value();
    };
    const bool right = opens("/dev/null", O_RDONLY) && !opens("/dev/null", O_RDWR) &&
                       !opens("/dev/zero", O_RDONLY);
    sys::exit_now(right ? 0 : 1);
  }
  EXPECT_EQ(child->wait()->value, 0);
  EXPECT_TRUE(sys::unlink_at(tree.borrow(), name.c_str(), AT_REMOVEDIR));
}

TEST(CompileDeviceRules, StopsAtARuleForAll) {
  const auto code = compile_device_rules({{.allow = true, .type = "c", .access = "r"},
                                          {.allow = false, .type = "a", .access = "rwm"}});
  ASSERT_TRUE(code);
  EXPECT_EQ(code->size(), 8U) << "the head and one answer";
  EXPECT_FALSE(compile_device_rules({{.allow = true, .type = "z", .access = "r"}}));
}

TEST(PlanTree, NamesEveryHierarchy) {
  const Tree tree = plan_tree(Layout::kLegacy, "3:cpu,cpuacct:/x\n2:name=systemd:/\n0::/\n", "");
  ASSERT_EQ(tree.mounts.size(), 2U);
  EXPECT_EQ(tree.mounts[0].name, "cpu,cpuacct");
  EXPECT_EQ(tree.mounts[0].controllers.size(), 2U);
  EXPECT_EQ(tree.mounts[1].name, "systemd");
  EXPECT_EQ(tree.mounts[1].controllers[0], "name=systemd");
  const Tree own = plan_tree(Layout::kLegacy, "4:pids:/a/x\n3:memory:/x\n2:freezer:/\n", "/x");
  ASSERT_EQ(own.mounts.size(), 2U) << "none of a hierarchy where the container has no group";
  EXPECT_EQ(own.mounts[0].name, "pids");
  EXPECT_EQ(own.mounts[0].own, "/a/x");
  EXPECT_EQ(plan_tree(Layout::kLegacy, "4:pids:/a:b/x\n", "/x").mounts[0].own, "/a:b/x");
  EXPECT_EQ(plan_tree(Layout::kUnified, "0::/\n", "/x").mounts.at(0).own, "/");
  EXPECT_EQ(plan_tree(Layout::kUnified, "1:name=a:/\n0::/a:b/x\n", "/x").mounts.at(0).own,
            "/a:b/x");
}

}  // namespace
}  // namespace planet::cgroup
