/* Counts the calls to the system's memory functions, of the program and of every library it is linked with: the
 * program's own definitions of malloc and its kin come before the C library's. Include it in one file of a program. Calls
 * that ask for memory can be refused, as a system does that has none left.
 *
 * Only with glibc, and not under a sanitizer, which has definitions of its own: then memory_calls_counted is 0. */
#ifndef COUNT_MALLOC_H
#define COUNT_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNT_MALLOC_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNT_MALLOC_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(COUNT_MALLOC_SANITIZED)

#include <sys/syscall.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#define COUNT_MALLOC_NOTHROW noexcept
#else
#define COUNT_MALLOC_NOTHROW
#endif

static volatile long memory_calls;
enum { memory_calls_counted = 1 };
/* While memory_watched, requests are counted; that of this number is refused, and if memory_gone all after it. */
static volatile bool memory_watched, memory_gone;
static volatile long memory_requests, memory_refused_at = -1, memory_refusals;
/* Blocks of malloc and its kin that were not given back. */
static volatile long memory_blocks;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
long syscall(long, ...) COUNT_MALLOC_NOTHROW;

static void count_call(void) { __atomic_fetch_add(&memory_calls, 1, __ATOMIC_RELAXED); }

/* Whether a request is to be refused. */
static bool refused(void) {
  count_call();
  if (!memory_watched) return false;
  long k = __atomic_fetch_add(&memory_requests, 1, __ATOMIC_RELAXED);
  bool refuse = memory_refused_at >= 0 && (k == memory_refused_at || (memory_gone && k > memory_refused_at));
  if (refuse) {
    __atomic_fetch_add(&memory_refusals, 1, __ATOMIC_RELAXED);
    errno = ENOMEM;
  }
  return refuse;
}

static void *counted(void *p) {
  if (p) __atomic_fetch_add(&memory_blocks, 1, __ATOMIC_RELAXED);
  return p;
}

void *malloc(size_t n) COUNT_MALLOC_NOTHROW {
  return refused() ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size) COUNT_MALLOC_NOTHROW {
  return refused() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n) COUNT_MALLOC_NOTHROW {
  if (refused()) return NULL;
  return p ? __libc_realloc(p, n) : counted(__libc_realloc(p, n));
}

void free(void *p) COUNT_MALLOC_NOTHROW {
  if (p) {
    count_call();
    __atomic_fetch_sub(&memory_blocks, 1, __ATOMIC_RELAXED);
  }
  __libc_free(p);
}

void *memalign(size_t alignment, size_t n) COUNT_MALLOC_NOTHROW {
  return refused() ? NULL : counted(__libc_memalign(alignment, n));
}

void *aligned_alloc(size_t alignment, size_t n) COUNT_MALLOC_NOTHROW {
  return refused() ? NULL : counted(__libc_memalign(alignment, n));
}

int posix_memalign(void **p, size_t alignment, size_t n) COUNT_MALLOC_NOTHROW {
  void *made = refused() ? NULL : counted(__libc_memalign(alignment, n));
  if (!made) return ENOMEM;
  *p = made;
  return 0;
}

void *mmap(void *p, size_t n, int protection, int flags, int fd, long offset) COUNT_MALLOC_NOTHROW {
  if (refused()) return (void *)-1;
  return (void *)syscall(SYS_mmap, p, n, protection, flags, fd, offset);
}

void *mmap64(void *p, size_t n, int protection, int flags, int fd, long offset) COUNT_MALLOC_NOTHROW {
  return mmap(p, n, protection, flags, fd, offset);
}

#ifdef __cplusplus
}
#endif

#else

static volatile long memory_calls;
enum { memory_calls_counted = 0 };
static volatile bool memory_watched, memory_gone;
static volatile long memory_requests, memory_refused_at = -1, memory_refusals, memory_blocks;

#endif

#endif
