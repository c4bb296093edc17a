// Exchanges two names as fast as the kernel can: racer PATH-A PATH-B SECONDS. Prints how often it did.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const double end = now() + atof(argv[3]);
  unsigned long exchanged = 0;
  while (now() < end)
    for (int i = 0; i < 100; ++i)
      exchanged += renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0;
  printf("%lu\n", exchanged);
  return exchanged == 0;
}
