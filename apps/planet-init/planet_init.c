/* planet-init: process 1 of a container started with --init. Starts the command as its child, passes signals on to
 * it, reaps whatever is orphaned, and ends as the command ended.
 *
 *   planet-init -- COMMAND [ARG...]
 *
 * A program of its own, not a part of planet: it runs inside the container, where all of its memory may be read.
 * Plain C and no library but libc, so that it is small enough to be carried in a sealed memory file.
 *
 * Source: pid_namespaces(7), "The namespace init process"; signal(7).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kNotRunnable = 126, kNotFound = 127, kUsage = 125 };

static void run_command(char **argv) {
	/* Its own process group in the foreground: the terminal's signals reach the command, not us. */
	setpgid(0, 0);
	if (isatty(STDIN_FILENO)) {
		pid_t group = getpgrp();
		ioctl(STDIN_FILENO, TIOCSPGRP, &group); /* SIGTTOU is still blocked */
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	const int err = errno;
	fprintf(stderr, "planet: execute \"%s\": %s\n", argv[0], strerror(err));
	_exit(err == ENOENT || err == ENOTDIR ? kNotFound : kNotRunnable);
}

/* Reaps all that is dead; the command's status, as a shell counts it, or -1 while it runs. */
static int reap(pid_t command) {
	for (;;) {
		int status = 0;
		const pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0) return -1;
		if (pid == command) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

int main(int argc, char **argv) {
	if (argc < 3 || strcmp(argv[1], "--") != 0) {
		fprintf(stderr, "usage: planet-init -- COMMAND [ARG...]\n");
		return kUsage;
	}
	prctl(PR_SET_NAME, "planet-init"); /* not the name of the memory file it came from */
	/* They are blocked since before this program was executed, so that none is lost. */
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	const pid_t command = fork();
	if (command < 0) {
		perror("planet: fork");
		return kNotRunnable;
	}
	if (command == 0) run_command(argv + 2);
	for (;;) {
		const int signal = sigwaitinfo(&all, NULL);
		if (signal == SIGCHLD) {
			const int status = reap(command);
			if (status >= 0) return status;
		} else if (signal > 0) {
			kill(command, signal);
		}
	}
}
