#include "runtime/steps.h"

#include <array>

namespace planet::runtime {
namespace {

constexpr std::array<StepInfo, kLaunchSteps> kSteps = {{
    {"create the control group", "its share of memory, CPU, disk and processes, and no more",
     "mkdir, write pids.max, memory.max, ..."},
    {"create the namespaces",
     "a new process that sees its own processes, mounts, host name and users",
     "clone3(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS)"},
    {"map the user ids", "root inside becomes a number outside that owns nothing on this machine",
     "write /proc/PID/uid_map, gid_map"},
    {"mount the root filesystem",
     "the image's layers, read-only, under one writable directory that is this container's alone",
     "open_tree, mount_setattr(MOUNT_ATTR_IDMAP), fsopen(\"overlay\"), fsmount"},
    {"make the devices", "a /dev of its own with the few harmless devices every program expects",
     "fsopen(\"tmpfs\"), mknodat"},
    {"open the volumes", "files of this machine that were asked for, opened before init loses them",
     "open_tree(OPEN_TREE_CLONE), mount_setattr"},
    {"set the resource limits", "limits of single processes, as with ulimit", "prlimit64"},
    {"move the network devices", "they leave this machine's network and are the container's",
     "netlink RTM_NEWLINK, IFLA_NET_NS_FD"},
    {"run the hooks", "programs that the engine above wants run at this point", "execve"},
    {"enter the control group", "from here on, all that it uses is counted",
     "write tasks, or clone3(CLONE_INTO_CGROUP)"},
    {"create the network", "interfaces, addresses and ports that are nobody else's",
     "unshare(CLONE_NEWNET)"},
    {"separate the message queues", "System V and POSIX messages, shared memory and semaphores",
     "unshare(CLONE_NEWIPC)"},
    {"leave the host's mount tree", "what is mounted from here on is seen by nobody else",
     "mount_setattr(MS_PRIVATE, AT_RECURSIVE)"},
    {"join a new keyring", "the caller's keys stay with the caller",
     "keyctl(KEYCTL_JOIN_SESSION_KEYRING)"},
    {"prepare", "built where nobody can see it, attached when it is complete",
     "fsopen, fsconfig, fsmount"},
    {"set the host name", "a planet has its own name", "sethostname"},
    {"start the loopback interface", "127.0.0.1 inside is this container and nothing else",
     "ioctl(SIOCSIFFLAGS)"},
    {"set kernel parameters", "only those that belong to this container's namespaces",
     "write /proc/sys/..."},
    {"enter a cgroup namespace", "its control group looks like the top of the tree from inside",
     "unshare(CLONE_NEWCGROUP)"},
    {"attach the root filesystem", "the new root is in place, not yet entered", "move_mount"},
    {"mount", "each file system at its place, found without leaving the new root",
     "openat2(RESOLVE_IN_ROOT), move_mount"},
    {"mask", "kernel files that tell or change too much are covered by an empty file",
     "open_tree, move_mount"},
    {"make read-only", "kernel settings can be read, not changed",
     "mount_setattr(MOUNT_ATTR_RDONLY), move_mount"},
    {"open a terminal", "a pseudoterminal of its own; the caller's stays out of reach",
     "open /dev/ptmx, ioctl(TIOCGPTPEER)"},
    {"change the root", "the image's files are now all there is; the host's are gone",
     "pivot_root(\".\", \".\"), umount2(MNT_DETACH)"},
    {"find the user", "names are looked up in the container's own passwd file",
     "read /etc/passwd, /etc/group"},
    {"enter the working directory", "where the command starts", "fchdir"},
    {"set the labels", "what AppArmor and SELinux will hold the command to",
     "write /proc/self/attr/..."},
    {"drop privileges", "only the few capabilities and system calls that programs need remain",
     "capset, prctl, seccomp(SECCOMP_SET_MODE_FILTER)"},
    {"execute", "the container's command takes the place of this process", "execve"},
}};

}  // namespace

const StepInfo& info_of(LaunchStep step) {
  return kSteps[static_cast<std::size_t>(step)];
}

}  // namespace planet::runtime
