// What a container's filter says to each system call, without executing any.
//
// A filter of our own below the container's hands every call that the container's allows to a tracer, which skips it:
// of two filters the more forbidding answer counts, and an errno forbids more than a tracer does (seccomp(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifdef __x86_64__

enum { kSkipped = EUCLEAN, kMost = 4096 };
static const unsigned long kDone = 0xd07e;

static long call_64(long number, long first) {
  long result = 0;
  // All other arguments are zero; what matters is the number.
  __asm__ volatile("xor %%esi, %%esi; xor %%edx, %%edx; xor %%r10d, %%r10d; syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first)
                   : "rsi", "rdx", "r10", "rcx", "r11", "memory");
  return result;
}

static long call_32(long number) {
  long result = 0;
  __asm__ volatile("xor %%ebx, %%ebx; xor %%ecx, %%ecx; xor %%edx, %%edx; int $0x80"
                   : "=a"(result)
                   : "a"(number)
                   : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
  return (int)result;
}

// uretprobe (Linux 6.11) and uprobe (6.18): the kernel asks no filter about them, and kills whoever calls them from
// elsewhere than its own page.
static int is_uprobe(const char* abi, long number) {
  return strcmp(abi, "x86_64") == 0 && (number == 335 || number == 336);
}

static void trace_everything(void) {
  struct sock_filter trace = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  struct sock_fprog program = {.len = 1, .filter = &trace};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
    _exit(1);
}

static void ask(const char* abi, long from, long to, int* results) {
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  trace_everything();
  for (long n = from; n < to; ++n) {
    long result = 0;
    if (is_uprobe(abi, n)) continue;
    if (strcmp(abi, "i386") == 0)
      result = call_32(n);
    else
      result = call_64(strcmp(abi, "x32") == 0 ? n | 0x40000000 : n, 0);
    results[n - from] = (int)result;
  }
  call_64(SYS_getpid, (long)kDone);
}

static int skip_until_done(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
  while (1) {
    ptrace(PTRACE_CONT, child, 0, 0);
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return 1;
    if (status >> 8 != (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))) return 1;
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    if (regs.orig_rax == SYS_getpid && regs.rdi == kDone) return 0;
    regs.orig_rax = (unsigned long)-1;
    regs.rax = (unsigned long)-kSkipped;
    ptrace(PTRACE_SETREGS, child, 0, &regs);
  }
}

int show_calls(const char* abi, long from, long to) {
  if (to - from > kMost) return 2;
  int* results = mmap(NULL, kMost * sizeof *results, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const pid_t child = fork();
  if (child == 0) {
    ask(abi, from, to, results);
    _exit(1);
  }
  const int failed = skip_until_done(child);
  kill(child, SIGKILL);
  if (failed) return 1;
  for (long n = from; n < to; ++n) {
    if (is_uprobe(abi, n)) continue;
    const int result = results[n - from];
    printf("%ld %s\n", n, result == -kSkipped ? "allow" : strerrorname_np(-result));
  }
  return 0;
}

#else

int show_calls(const char* abi, long from, long to) {
  fprintf(stderr, "probe: %s %ld %ld: only on x86_64\n", abi, from, to);
  return 2;
}

#endif
