/* Which edges of the library's code were taken. Linked into the library that scripts/measure_coverage builds, whose code calls
 * what is defined here: the compiler's interface to its pass "sancov".
 *
 * COVERAGE names a file with one byte for each edge, 1 where it was taken; all processes of a run share it as memory, so that it
 * holds what crashed and forked processes did, too. COVERAGE.places gets the place of each edge in the library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint8_t *taken;
static uint32_t *guards;
static size_t edges;

/* Once for each part of the library, with the same guards each time. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
  const char *path = getenv("COVERAGE");
  if (guards || start == stop || !path) return;
  guards = start;
  edges = (size_t)(stop - start);
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0 || ftruncate(file, (off_t)edges) != 0) {
    perror(path);
    _exit(120);
  }
  void *bytes = mmap(NULL, edges, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (bytes == MAP_FAILED) {
    perror(path);
    _exit(120);
  }
  taken = (uint8_t *)bytes;
  for (size_t i = 0; i < edges; i++) start[i] = 1;
}

/* A guard is 0 once its edge was taken. Several threads may write the same there. */
void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  if (!__atomic_load_n(guard, __ATOMIC_RELAXED)) return;
  __atomic_store_n(guard, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&taken[guard - guards], 1, __ATOMIC_RELAXED);
}

/* Pairs of an address and what stands there (1 for the beginning of a function), in the order of the guards. */
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop) {
  static int written;
  const char *path = getenv("COVERAGE");
  Dl_info library;
  if (written || start == stop || !path || !dladdr((void *)start, &library)) return;
  written = 1;
  char places[4096], unfinished[4096];
  snprintf(places, sizeof places, "%s.places", path);
  if (access(places, F_OK) == 0) return;
  snprintf(unfinished, sizeof unfinished, "%s.%ld", path, (long)getpid());
  FILE *file = fopen(unfinished, "w");
  if (!file) {
    perror(unfinished);
    _exit(120);
  }
  for (const uintptr_t *pair = start; pair < stop; pair += 2)
    fprintf(file, "%lx\n", (unsigned long)(pair[0] - (uintptr_t)library.dli_fbase));
  if (fclose(file) != 0 || rename(unfinished, places) != 0) _exit(120);
}
