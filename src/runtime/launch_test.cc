// Launches real containers on a root filesystem of busybox: needs root and Debian's busybox-static.
#include "runtime/launch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "cgroup/group.h"
#include "cgroup/resources.h"
#include "runtime/relay.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

namespace stdfs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint32_t kBase = 1879048192;

class Tap : public OutputTap {
 public:
  void output(Stream stream, std::string_view bytes) override {
    (stream == Stream::kOut ? out : err) += bytes;
  }
  std::string out, err;
};

struct Outcome {
  int status = -1;
  std::string out, err;
};

class LaunchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a launch needs root";
    std::string path = "/var/tmp/planet-launch-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::permissions(top_, stdfs::perms(0711));
    for (const char* dir : {"layer/bin", "layer/etc", "upper", "work"})
      stdfs::create_directories(top_ / dir);
    stdfs::copy_file("/bin/busybox", top_ / "layer/bin/busybox");
    stdfs::create_symlink("busybox", top_ / "layer/bin/sh");
    std::ofstream(top_ / "layer/etc/passwd")
        << "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n";
    std::ofstream(top_ / "layer/etc/group") << "root:x:0:\nadm:x:4:web\n";
    std::ofstream(top_ / "layer/etc/text") << "not a program\n";
    for (const char* dir : {"upper", "work"}) own(top_ / dir);
    mounts_before_ = *sys::read_file_at(sys::kCwd, "/proc/self/mountinfo");
    fds_before_ = open_files();
    spec_ = make_spec();
  }
  void TearDown() override {
    if (top_.empty()) return;
    EXPECT_EQ(*sys::read_file_at(sys::kCwd, "/proc/self/mountinfo"), mounts_before_);
    EXPECT_EQ(open_files(), fds_before_);
    stdfs::remove_all(top_);
  }

  static std::size_t open_files() {
    auto dir = sys::open_at(sys::kCwd, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
    return sys::list_dir(dir->borrow())->size();
  }
  static void own(const stdfs::path& path) {
    auto fd = sys::open_at(sys::kCwd, path.c_str(), O_PATH);
    ASSERT_TRUE(sys::change_owner(fd->borrow(), kBase, kBase));
  }

  static oci::Spec make_spec() {
    oci::Spec spec;
    spec.process.emplace();
    spec.process->env = {"PATH=/bin", "TERM=dumb"};
    spec.hostname = "mars";
    for (const auto type :
         {oci::NamespaceType::kMount, oci::NamespaceType::kPid, oci::NamespaceType::kUts,
          oci::NamespaceType::kIpc, oci::NamespaceType::kNetwork, oci::NamespaceType::kUser})
      spec.linux_.namespaces.push_back({.type = type, .path = ""});
    spec.linux_.uid_mappings = {{.container_id = 0, .host_id = kBase, .size = 65536}};
    spec.linux_.gid_mappings = spec.linux_.uid_mappings;
    spec.mounts = {
        {.destination = "/proc",
         .type = "proc",
         .source = "proc",
         .options = {"nosuid", "noexec", "nodev"}},
        {.destination = "/dev",
         .type = "tmpfs",
         .source = "tmpfs",
         .options = {"nosuid", "strictatime", "mode=755", "size=65536k"}},
        {.destination = "/dev/pts",
         .type = "devpts",
         .source = "devpts",
         .options = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
        {.destination = "/dev/shm",
         .type = "tmpfs",
         .source = "shm",
         .options = {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
        {.destination = "/dev/mqueue",
         .type = "mqueue",
         .source = "mqueue",
         .options = {"nosuid", "noexec", "nodev"}},
        {.destination = "/sys",
         .type = "sysfs",
         .source = "sysfs",
         .options = {"nosuid", "noexec", "nodev", "ro"}},
    };
    spec.linux_.masked_paths = {"/proc/kcore", "/proc/timer_list", "/sys/firmware", "/proc/none"};
    spec.linux_.readonly_paths = {"/proc/sys", "/proc/bus"};
    return spec;
  }

  void without_user_namespace() {
    std::erase_if(spec_.linux_.namespaces,
                  [](const auto& ns) { return ns.type == oci::NamespaceType::kUser; });
    spec_.linux_.uid_mappings.clear();
    spec_.linux_.gid_mappings.clear();
  }

  Result<Outcome> run(std::vector<std::string> args) {
    spec_.process->args = std::move(args);
    auto signals = sys::SignalFd::open();
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    EXPECT_EQ(::pipe2(out, O_CLOEXEC) + ::pipe2(err, O_CLOEXEC), 0);
    UniqueFd out_write(out[1]);
    UniqueFd err_write(err[1]);
    Connections ends;
    ends.container_out = UniqueFd(out[0]);
    ends.container_err = UniqueFd(err[0]);
    TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDONLY));
    LaunchRequest request{.spec = spec_, .root = root()};
    request.user = user_;
    request.init_reaper = reaper_;
    request.network = network_;
    request.log = log_;
    if (!spec_.process->terminal)
      request.stdio = Stdio{null.borrow(), out_write.borrow(), err_write.borrow()};
    TRY_SET(Running running, launch(request));
    out_write.reset();
    err_write.reset();
    Tap tap;
    ends.tap = &tap;
    ends.terminal = std::move(running.terminal);
    TRY_SET(const sys::ExitStatus status, relay(running.init, std::move(ends), *signals));
    return Outcome{.status = status.shell_status(), .out = tap.out, .err = tap.err};
  }
  // One that sleeps, for others to join.
  Result<Running> start_sleeper() {
    spec_.process->args = {"/bin/busybox", "sleep", "100"};
    TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDWR));
    LaunchRequest request{.spec = spec_, .root = root()};
    request.stdio = Stdio{null.borrow(), null.borrow(), null.borrow()};
    return launch(request);
  }
  static std::string namespace_of(const Running& running, const char* name) {
    return "/proc/" + std::to_string(running.init.pid()) + "/ns/" + name;
  }
  void join(oci::NamespaceType type, std::string path) {
    std::erase_if(spec_.linux_.namespaces, [&](const auto& ns) { return ns.type == type; });
    spec_.linux_.namespaces.push_back({.type = type, .path = std::move(path)});
  }
  Outcome shell(const std::string& command) {
    auto outcome = run({"/bin/busybox", "sh", "-c", command});
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    return outcome ? *outcome : Outcome{};
  }
  RootSource root() const {
    return OverlayRoot{.layers = {top_ / "layer"}, .upper = top_ / "upper", .work = top_ / "work"};
  }

  stdfs::path top_;
  oci::Spec spec_;
  std::optional<std::string> user_;
  bool reaper_ = false;
  std::optional<NetworkWork> network_;
  StepLog* log_ = nullptr;
  std::string mounts_before_;
  std::size_t fds_before_ = 0;
};

TEST_F(LaunchTest, ItsOwnProcessesNameAndUsers) {
  EXPECT_EQ(shell("echo $$; hostname; busybox id -u; cat /proc/self/uid_map").out,
            "1\nmars\n0\n         0 1879048192      65536\n");
}

TEST_F(LaunchTest, StatusAndStreamsArePassedOn) {
  const Outcome outcome = shell("echo out; echo err >&2; exit 42");
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.status, 42);
  EXPECT_EQ(shell("kill -TERM $$; busybox kill -KILL 1; exit 3").status, 3)
      << "process 1 is protected from signals it does not handle";
}

TEST_F(LaunchTest, ItsNetworkIsReadyBeforeTheCommand) {
  std::string named;
  network_ = NetworkWork{
      .inside = []() -> Result<std::vector<UniqueFd>> {
        TRY_SET(UniqueFd ns, sys::open_at(sys::kCwd, "/proc/self/ns/net", O_RDONLY));
        std::vector<UniqueFd> made;
        made.push_back(std::move(ns));
        return made;
      },
      .outside = [&](const Steps&, pid_t init, const std::vector<UniqueFd>& made) -> Result<> {
        // What came is of the container's namespace, and the command has not begun.
        struct stat inside{}, own{};
        EXPECT_EQ(made.size(), 1U);
        EXPECT_EQ(::fstat(made.at(0).borrow().get(), &inside), 0);
        EXPECT_EQ(::stat("/proc/self/ns/net", &own), 0);
        EXPECT_NE(inside.st_ino, own.st_ino);
        ::usleep(20'000);
        named = *sys::read_file_at(sys::kCwd, ("/proc/" + std::to_string(init) + "/comm").c_str());
        return {};
      }};
  EXPECT_EQ(shell("exit 3").status, 3);
  EXPECT_EQ(named, "planet:[init]\n");

  network_->outside = [](const Steps&, pid_t, const std::vector<UniqueFd>&) -> Result<> {
    return fail(Code::kSystem, "no air");
  };
  const auto refused = run({"/bin/sh", "-c", "exit 3"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("no air"));
}

TEST_F(LaunchTest, SeesNothingOfTheHost) {
  const std::string mounts = shell("busybox cat /proc/self/mountinfo").out;
  EXPECT_EQ(mounts.find(" / / "), mounts.rfind(" / / ")) << "one root and nothing over it:\n"
                                                         << mounts;
  EXPECT_THAT(mounts, testing::Not(HasSubstr("/old_root")));
  EXPECT_EQ(shell("busybox ls /proc/self/fd | busybox wc -l").out, "4\n") << "0, 1, 2 and ls's own";
  EXPECT_EQ(shell("busybox ls /sys/class/net").out, "lo\n");
  EXPECT_EQ(shell("busybox ifconfig lo | busybox grep -c UP").out, "1\n");
}

TEST_F(LaunchTest, WhoEntersItsMountNamespaceIsInsideToo) {
  stdfs::create_directories(top_ / "layer/only-here");
  auto running = start_sleeper();
  ASSERT_TRUE(running) << running.error().to_string();
  auto visitor = sys::clone_process({});
  if (!visitor->valid()) {
    const bool joined = sys::set_ns(running->init.pidfd(), CLONE_NEWUSER | CLONE_NEWNS).has_value();
    sys::exit_now(joined && sys::exists_at(sys::kCwd, "/only-here") ? 0 : 1);
  }
  EXPECT_EQ(visitor->wait()->value, 0);
}

TEST_F(LaunchTest, DevicesWork) {
  EXPECT_EQ(shell("echo x > /dev/null; busybox head -c 3 /dev/zero | busybox wc -c; "
                  "busybox ls -l /dev/fd /dev/ptmx | busybox wc -l; test -c /dev/tty; echo $?")
                .out,
            "3\n2\n0\n");
}

TEST_F(LaunchTest, DevicesThatAnImageBringsAreDead) {
  ASSERT_EQ(::mknod((top_ / "layer/zero").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
  EXPECT_THAT(shell("busybox head -c 1 /zero").err, HasSubstr("Permission denied"));
}

TEST_F(LaunchTest, MaskedAndReadOnlyPathsHold) {
  EXPECT_EQ(
      shell("busybox cat /proc/kcore | busybox wc -c; busybox ls /sys/firmware | busybox wc -l")
          .out,
      "0\n0\n");
  EXPECT_NE(shell("echo 1 > /proc/sys/kernel/domainname").status, 0);
  EXPECT_THAT(shell("echo 1 > /proc/sys/kernel/domainname").err,
              HasSubstr("Read-only file system"));
}

TEST_F(LaunchTest, WritesGoToTheUpperDirectoryAndBelongToTheRange) {
  EXPECT_EQ(shell("echo x > /new").status, 0);
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (top_ / "upper/new").c_str())->st_uid, kBase);
  EXPECT_FALSE(stdfs::exists(top_ / "layer/new"));
}

TEST_F(LaunchTest, AReadOnlyRootIsReadOnly) {
  spec_.root = oci::RootFs{.path = "", .readonly = true};
  EXPECT_THAT(shell("echo x > /new").err, HasSubstr("Read-only file system"));
}

TEST_F(LaunchTest, ACommandThatIsMissingOrNoProgramSaysSo) {
  const auto missing = run({"nothing-here"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kCommandNotFound);
  EXPECT_EQ(missing.error().to_string(),
            "execute: \"nothing-here\": executable file not found in $PATH");
  const auto text = run({"/etc/text"});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kCommandNotRunnable);
  EXPECT_EQ(text.error().to_string(), "execute: \"/etc/text\": permission denied");
}

TEST_F(LaunchTest, AnErrorInInitNamesItsStep) {
  spec_.mounts.push_back({.destination = "/x", .type = "nosuchfs", .source = "x", .options = {}});
  const auto outcome = run({"/bin/sh"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().to_string(), "prepare /x: fsopen nosuchfs: No such device");
}

TEST_F(LaunchTest, UserIsLookedUpInside) {
  user_ = "web";
  EXPECT_EQ(shell("busybox id; echo $HOME; busybox grep CapEff /proc/self/status").out,
            "uid=33(web) gid=33 groups=4(adm),33\n/srv\nCapEff:\t0000000000000000\n");
  user_ = "nobody";
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(),
              StartsWith("find the user nobody: no user \"nobody\""));
}

TEST_F(LaunchTest, ADirectoryOfTheHostBoundWithTheIdMapBelongsToRootInside) {
  stdfs::create_directory(top_ / "volume");
  spec_.mounts.push_back({.destination = "/volume",
                          .type = "bind",
                          .source = top_ / "volume",
                          .options = {"rbind"},
                          .uid_mappings = spec_.linux_.uid_mappings,
                          .gid_mappings = spec_.linux_.gid_mappings});
  EXPECT_EQ(shell("echo x > /volume/f; busybox stat -c %u /volume").out, "0\n");
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (top_ / "volume/f").c_str())->st_uid, 0U);
}

TEST_F(LaunchTest, WithoutAUserNamespaceRootIsTheHostsRoot) {
  without_user_namespace();
  EXPECT_EQ(shell("busybox cat /proc/self/uid_map; echo x > /new").out,
            "         0          0 4294967295\n");
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (top_ / "upper/new").c_str())->st_uid, 0U);
}

TEST_F(LaunchTest, ATerminalIsItsOwn) {
  spec_.process->terminal = true;
  EXPECT_EQ(shell("busybox tty; test -t 1 && echo yes; test -c /dev/console && echo console").out,
            "/dev/pts/0\r\nyes\r\nconsole\r\n");
}

TEST_F(LaunchTest, TheReaperIsProcessOneAndPassesTheStatusOn) {
  reaper_ = true;
  EXPECT_EQ(shell("echo $$; busybox cat /proc/1/comm; exit 5").out, "2\nplanet-init\n");
  EXPECT_EQ(shell("exit 5").status, 5);
  EXPECT_EQ(run({"/bin/missing"})->status, 127);
}

TEST_F(LaunchTest, ALinkInTheImageCannotSendAMountElsewhere) {
  stdfs::create_directory(top_ / "canary");
  stdfs::create_symlink(top_ / "canary", top_ / "layer/escape");
  spec_.mounts.push_back(
      {.destination = "/escape/in", .type = "tmpfs", .source = "x", .options = {}});
  EXPECT_FALSE(run({"/bin/sh"}));
  EXPECT_TRUE(stdfs::is_empty(top_ / "canary"));
}

TEST_F(LaunchTest, ProcMustBeAnOrdinaryDirectory) {
  stdfs::create_symlink("/etc", top_ / "layer/proc");
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(), HasSubstr("not an ordinary directory"));
}

TEST_F(LaunchTest, SysctlsOfItsNamespacesAreSetAndOthersRefused) {
  spec_.linux_.sysctl["net.ipv4.ip_unprivileged_port_start"] = "0";
  EXPECT_EQ(shell("busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start").out, "0\n");
  spec_.linux_.sysctl["kernel.core_pattern"] = "|/evil";
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(), HasSubstr("would change the host"));
}

TEST_F(LaunchTest, AControlGroupLimitsItAndIsAllItSees) {
  const std::string path = "/planet/test-launch-" + std::to_string(::getpid());
  spec_.linux_.cgroups_path = path;
  spec_.linux_.namespaces.push_back({.type = oci::NamespaceType::kCgroup, .path = ""});
  spec_.linux_.resources.emplace();
  spec_.linux_.resources->pids_limit = 20;
  spec_.linux_.resources->devices = cgroup::default_device_rules();
  spec_.mounts.push_back({.destination = "/sys/fs/cgroup",
                          .type = "cgroup",
                          .source = "cgroup",
                          .options = {"nosuid", "noexec", "nodev", "relatime", "ro"}});
  const Outcome seen = shell(
      "busybox grep -h -E '(pids|::)' /proc/self/cgroup | busybox cut -d: -f3 | busybox sort -u;"
      "busybox cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null;"
      "busybox mkdir /sys/fs/cgroup/x 2>/dev/null || echo read-only");
  EXPECT_THAT(seen.out, HasSubstr("/\n20\nread-only\n"));
  auto group = cgroup::Group::open(*cgroup::Host::open(), path);
  ASSERT_TRUE(group);
  EXPECT_TRUE(group->remove());
}

TEST_F(LaunchTest, JoinsNamespacesByPath) {
  without_user_namespace();
  auto other = start_sleeper();
  ASSERT_TRUE(other) << other.error().to_string();
  spec_.hostname.clear();
  using oci::NamespaceType;
  for (const auto& [type, name] : {std::pair{NamespaceType::kNetwork, "net"},
                                   {NamespaceType::kIpc, "ipc"},
                                   {NamespaceType::kUts, "uts"},
                                   {NamespaceType::kPid, "pid"}})
    join(type, namespace_of(*other, name));
  std::string want = "mars\n1\n";
  for (const char* name : {"net", "ipc", "uts", "pid"})
    want += stdfs::read_symlink(namespace_of(*other, name)).string() + "\n";
  EXPECT_EQ(shell("hostname; busybox grep -c sleep /proc/1/cmdline; cd /proc/self/ns;"
                  "for n in net ipc uts pid; do busybox readlink $n; done")
                .out,
            want);
}

TEST_F(LaunchTest, JoinsAUserNamespaceWithNewOnesBeside) {
  auto other = start_sleeper();
  ASSERT_TRUE(other) << other.error().to_string();
  join(oci::NamespaceType::kUser, namespace_of(*other, "user"));
  join(oci::NamespaceType::kNetwork, namespace_of(*other, "net"));
  const std::string path = "/planet/test-join-" + std::to_string(::getpid());
  spec_.linux_.cgroups_path = path;
  for (const bool own_map : {true, false}) {
    EXPECT_EQ(
        shell("echo $$; busybox id -u; cat /proc/self/uid_map; echo x > /dev/shm/x;"
              "busybox stat -c %u /dev/null; busybox readlink /proc/self/ns/net;"
              "busybox grep -c test-join /proc/self/cgroup")
            .out,
        "1\n0\n         0 1879048192      65536\n0\n" +
            stdfs::read_symlink(namespace_of(*other, "net")).string() + "\n" +
            std::to_string(cgroup::Host::open()->layout() == cgroup::Layout::kUnified ? 1 : 4) +
            "\n")
        << "with the map in the spec: " << own_map;
    EXPECT_TRUE(cgroup::Group::open(*cgroup::Host::open(), path)->remove());
    spec_.linux_.uid_mappings.clear();
    spec_.linux_.gid_mappings.clear();
  }
}

TEST_F(LaunchTest, ANamespaceThatIsNoneOrTheHostsIsNotTakenForIts) {
  join(oci::NamespaceType::kUts, "/proc/self/ns/net");
  EXPECT_EQ(run({"/bin/sh"}).error().to_string(),
            "linux.namespaces: uts: \"/proc/self/ns/net\" is not a namespace of this type");
  join(oci::NamespaceType::kUts, "/etc/passwd");
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(), HasSubstr("not a namespace of this type"));
  join(oci::NamespaceType::kUts, "/proc/self/ns/uts");
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(), HasSubstr("would rename the host"));
  spec_.hostname.clear();
  std::array<char, 65> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size()), 0);
  EXPECT_EQ(shell("hostname").out, std::string(host.data()) + "\n");
  spec_.linux_.sysctl["kernel.domainname"] = "x";
  EXPECT_THAT(run({"/bin/sh"}).error().to_string(),
              HasSubstr("\"kernel.domainname\" needs a uts namespace of its own"));
}

TEST_F(LaunchTest, ATimeNamespaceHasItsOwnClocks) {
  spec_.linux_.namespaces.push_back({.type = oci::NamespaceType::kTime, .path = ""});
  spec_.linux_.time_offsets["boottime"] = {.secs = 1'000'000'000, .nanosecs = 5};
  const Outcome outcome = shell(
      "echo $$; busybox id -u; busybox cut -d. -f1 /proc/uptime; busybox cat "
      "/proc/self/timens_offsets");
  EXPECT_THAT(outcome.out,
              testing::MatchesRegex("1\n0\n1[0-9]{9}\nmonotonic +0 +0\nboottime +1000000000 +5\n"));
}

class CountSteps : public StepLog {
 public:
  void step(const StepInfo& info, Side side, std::string_view detail, std::int64_t begin_ns,
            std::int64_t end_ns) override {
    EXPECT_LE(begin_ns, end_ns);
    lines.push_back(std::string(side == Side::kInit ? "init " : "parent ") + info.name +
                    (detail.empty() ? "" : " ") + std::string(detail));
  }
  std::vector<std::string> lines;
};

TEST_F(LaunchTest, StepsOfBothSidesAreHeard) {
  CountSteps steps;
  log_ = &steps;
  shell("true");
  EXPECT_THAT(steps.lines, testing::Contains("parent create the namespaces"));
  EXPECT_THAT(steps.lines, testing::Contains("init prepare /proc"));
  EXPECT_THAT(steps.lines, testing::Contains("init change the root"));
}

}  // namespace
}  // namespace planet::runtime
