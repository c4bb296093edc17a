// The floor: what a default container start asks of the kernel, by bare system calls, with nothing else.
//
//   g++ -O2 -static -std=c++20 -o floor floor.cpp
//   floor ROOTFS [--cgroup] [--net none|BRIDGE] [--verbose]   (root; ROOTFS holds a static /bin/true)
//
// Namespaces, overlay root, proc, tmpfs, devpts, shm, mqueue, sysfs, device nodes, masked and read-only
// paths, pivot_root, optionally one cgroup in each v1 hierarchy (or the v2 tree) and a veth pair on BRIDGE
// ("none": a network namespace with loopback alone), a seccomp filter, exec, wait, and taking all of it down. No error recovery, no user namespace, no state,
// no log: a real engine does more, and is judged by how little it adds.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  _exit(1);
}
void must(long r, const char* what) {
  if (r < 0) die(what);
}
double now_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}
void write_file(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  must(fd, path.c_str());
  must(write(fd, text.data(), text.size()), path.c_str());
  close(fd);
}
std::string read_file(const std::string& path) {
  char b[256];
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  must(fd, path.c_str());
  const ssize_t n = read(fd, b, sizeof b);
  close(fd);
  return {b, std::size_t(n > 0 ? n : 0)};
}

// One request to the kernel's routing socket, and its answer's error.
struct Netlink {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  char buf[1024] = {};
  char* end = buf;
  nlmsghdr* begin(int type, int flags) {
    std::memset(buf, 0, sizeof buf);
    auto* h = reinterpret_cast<nlmsghdr*>(buf);
    h->nlmsg_type = std::uint16_t(type);
    h->nlmsg_flags = std::uint16_t(NLM_F_REQUEST | NLM_F_ACK | flags);
    end = buf + NLMSG_HDRLEN;
    return h;
  }
  template <class T>
  T* body() {
    T* t = reinterpret_cast<T*>(end);
    end += NLMSG_ALIGN(sizeof(T));
    return t;
  }
  rtattr* open_attr(int type) {
    auto* a = reinterpret_cast<rtattr*>(end);
    a->rta_type = std::uint16_t(type);
    end += RTA_LENGTH(0);
    return a;
  }
  void close_attr(rtattr* a) { a->rta_len = std::uint16_t(end - reinterpret_cast<char*>(a)); }
  void attr(int type, const void* data, std::size_t n) {
    auto* a = open_attr(type);
    std::memcpy(end, data, n);
    a->rta_len = std::uint16_t(RTA_LENGTH(n));
    end = reinterpret_cast<char*>(a) + RTA_ALIGN(a->rta_len);
  }
  void talk(const char* what) {
    auto* h = reinterpret_cast<nlmsghdr*>(buf);
    h->nlmsg_len = std::uint32_t(end - buf);
    must(send(fd, buf, h->nlmsg_len, 0), what);
    char r[1024];
    must(recv(fd, r, sizeof r, 0), what);
    const auto* e = static_cast<nlmsgerr*>(NLMSG_DATA(reinterpret_cast<nlmsghdr*>(r)));
    if (e->error) {
      errno = -e->error;
      die(what);
    }
  }
};

void make_veth(pid_t child, const char* bridge) {
  Netlink nl;
  nl.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  auto* i = nl.body<ifinfomsg>();
  i->ifi_change = i->ifi_flags = IFF_UP;
  const std::string name = "fl" + std::to_string(getpid());
  nl.attr(IFLA_IFNAME, name.c_str(), name.size() + 1);
  const unsigned master = if_nametoindex(bridge);
  if (master) nl.attr(IFLA_MASTER, &master, 4);
  auto* info = nl.open_attr(IFLA_LINKINFO);
  nl.attr(IFLA_INFO_KIND, "veth", 5);
  auto* data = nl.open_attr(IFLA_INFO_DATA);
  auto* peer = nl.open_attr(1 /* VETH_INFO_PEER */);
  nl.body<ifinfomsg>();
  nl.attr(IFLA_IFNAME, "eth0", 5);
  nl.attr(IFLA_NET_NS_PID, &child, 4);
  nl.close_attr(peer);
  nl.close_attr(data);
  nl.close_attr(info);
  nl.talk("veth");
  close(nl.fd);
}

void configure_links() {
  Netlink nl;
  for (const char* name : {"lo", "eth0"}) {
    if (if_nametoindex(name) == 0) continue;  // --net none has no eth0
    nl.begin(RTM_NEWLINK, 0);
    auto* i = nl.body<ifinfomsg>();
    i->ifi_index = int(if_nametoindex(name));
    i->ifi_change = i->ifi_flags = IFF_UP;
    nl.talk(name);
  }
  if (if_nametoindex("eth0") == 0) return;
  nl.begin(RTM_NEWADDR, NLM_F_CREATE);
  auto* a = nl.body<ifaddrmsg>();
  a->ifa_family = AF_INET;
  a->ifa_prefixlen = 16;
  a->ifa_index = if_nametoindex("eth0");
  const std::uint32_t ip = htonl(0x0a580002);
  nl.attr(IFA_LOCAL, &ip, 4);
  nl.attr(IFA_ADDRESS, &ip, 4);
  nl.talk("address");
  close(nl.fd);
}

void prepare_root(const char* rootfs, const std::string& work) {
  must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
  const std::string opts =
      std::string("lowerdir=") + rootfs + ",upperdir=" + work + "/u,workdir=" + work + "/w";
  must(mount("overlay", (work + "/m").c_str(), "overlay", 0, opts.c_str()), "overlay");
  must(chdir((work + "/m").c_str()), "chdir");
  for (const char* d : {"proc", "sys", "dev"}) mkdir(d, 0755);
  constexpr unsigned kSafe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  must(mount("proc", "proc", "proc", kSafe, nullptr), "proc");
  must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k"), "dev");
  for (const char* d : {"dev/pts", "dev/shm", "dev/mqueue"}) mkdir(d, 0755);
  must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=0620"), "devpts");
  must(mount("shm", "dev/shm", "tmpfs", kSafe, "mode=1777,size=65536k"), "shm");
  must(mount("mqueue", "dev/mqueue", "mqueue", kSafe, nullptr), "mqueue");
  must(mount("sysfs", "sys", "sysfs", kSafe | MS_RDONLY, nullptr), "sysfs");
  const struct { const char* name; unsigned major, minor; } nodes[] = {
      {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
      {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  for (const auto& n : nodes) must(mknod(n.name, S_IFCHR | 0666, n.major << 8 | n.minor), n.name);
  for (auto [to, at] : {std::pair{"/proc/self/fd", "dev/fd"}, {"pts/ptmx", "dev/ptmx"}})
    must(symlink(to, at), at);
  for (const char* p : {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"}) {
    if (access(p, F_OK)) continue;
    must(mount(p, p, nullptr, MS_BIND | MS_REC, nullptr), p);
    must(mount(nullptr, p, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), p);
  }
  for (const char* p : {"proc/kcore", "proc/keys", "proc/timer_list", "proc/acpi", "sys/firmware"}) {
    struct stat st{};
    if (stat(p, &st)) continue;
    if (S_ISDIR(st.st_mode)) must(mount("tmpfs", p, "tmpfs", MS_RDONLY, nullptr), p);
    else must(mount("dev/null", p, nullptr, MS_BIND, nullptr), p);
  }
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount");
  must(chdir("/"), "chdir");
  must(sethostname("floor", 5), "sethostname");
}

void filter_system_calls() {
  std::vector<sock_filter> f{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
  for (unsigned nr = 1000; nr < 1060; ++nr) {
    f.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1));
    f.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1));
  }
  f.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog prog{std::uint16_t(f.size()), f.data()};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog), "seccomp");
}

std::vector<std::string> cgroup_roots() {
  if (!access("/sys/fs/cgroup/cgroup.controllers", F_OK)) return {"/sys/fs/cgroup"};
  std::vector<std::string> v;
  for (const char* c : {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"})
    v.push_back(std::string("/sys/fs/cgroup/") + c);
  return v;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: floor ROOTFS [--cgroup] [--net none|BRIDGE] [--verbose]\n"), 2;
  bool cgroup = false, verbose = false;
  const char* bridge = nullptr;
  for (int i = 2; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--cgroup")) cgroup = true;
    else if (!std::strcmp(argv[i], "--verbose")) verbose = true;
    else if (!std::strcmp(argv[i], "--net") && i + 1 < argc) bridge = argv[++i];
    else return std::fprintf(stderr, "floor: unknown option %s\n", argv[i]), 2;
  }
  const double t0 = now_ms();
  const std::string id = "floor" + std::to_string(getpid());
  std::string work = "/var/tmp/" + id;  // overlay wants its upper on a disk file system
  mkdir(work.c_str(), 0700);
  for (const char* d : {"/u", "/w", "/m"}) mkdir((work + d).c_str(), 0755);
  std::vector<std::string> groups;
  if (cgroup)
    for (const auto& root : cgroup_roots()) {
      groups.push_back(root + "/" + id);
      must(mkdir(groups.back().c_str(), 0755), "mkdir cgroup");
      if (root.ends_with("cpuset"))
        for (const char* f : {"/cpuset.cpus", "/cpuset.mems"})
          write_file(groups.back() + f, read_file(root + f));
    }
  const double t1 = now_ms();
  int gate[2];
  must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate), "socketpair");
  clone_args ca{};
  ca.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP |
             (bridge ? CLONE_NEWNET : 0);
  ca.exit_signal = SIGCHLD;
  const long child = syscall(SYS_clone3, &ca, sizeof ca);
  must(child, "clone3");
  if (child == 0) {
    prepare_root(argv[1], work);
    char go;
    must(read(gate[1], &go, 1), "gate");
    if (bridge) configure_links();
    filter_system_calls();
    execl("/bin/true", "true", nullptr);
    die("exec");
  }
  for (const auto& g : groups) write_file(g + "/cgroup.procs", std::to_string(child));
  if (bridge && std::strcmp(bridge, "none") != 0) make_veth(pid_t(child), bridge);
  must(write(gate[0], "x", 1), "gate");
  const double t2 = now_ms();
  int status = 0;
  must(waitpid(pid_t(child), &status, 0), "wait");
  const double t3 = now_ms();
  for (const auto& g : groups) must(rmdir(g.c_str()), "rmdir cgroup");
  for (const char* d : {"/w/work", "/w", "/u", "/m", ""}) rmdir((work + d).c_str());
  if (verbose)
    std::fprintf(stderr, "before %.2f  clone, cgroup and link %.2f  child %.2f  after %.2f  all %.2f ms\n",
                 t1 - t0, t2 - t1, t3 - t2, now_ms() - t3, now_ms() - t0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
