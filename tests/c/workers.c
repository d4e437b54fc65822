/* Worker threads and the program around them: they compute in the caller's floating-point environment of the moment, take
 * none of the program's signals, and are not waited for in a process that was forked. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
static unsigned long long control(void) { return _mm_getcsr(); }
static void set_control(unsigned long long bits) { _mm_setcsr((unsigned)bits); }
#define FLUSH_TO_ZERO 0x8040u
#elif defined(__aarch64__)
static unsigned long long control(void) {
  unsigned long long bits;
  __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
static void set_control(unsigned long long bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }
#define FLUSH_TO_ZERO (1u << 24)
#else
static unsigned long long control(void) { return 0; }
static void set_control(unsigned long long bits) { (void)bits; }
#define FLUSH_TO_ZERO 0u
#endif

enum { WORKERS = 3 };

static size_t rounds(void) { return running_slowly() ? 2 : 10; }

/* ---- the caller's environment ---- */

static ag_array waves(ag_context *cx, const int64_t *shape, size_t ndim, uint64_t seed) {
  return ag_random_uniform(cx, seed, AG_F64, shape, ndim, 0.1, 2.0);
}

static ag_array elements(ag_context *cx) {
  const int64_t shape[] = {running_slowly() ? 30000 : 300000};
  ag_array x = waves(cx, shape, 1, 3);
  return ag_div(cx, ag_mul(cx, ag_exp(cx, x), x), ag_sin(cx, x));
}

static ag_array total(ag_context *cx) { return ag_sum(cx, ag_square(cx, elements(cx))); }

static ag_array rows(ag_context *cx) {
  const int64_t shape[] = {300, running_slowly() ? 100 : 1000};
  return ag_sum_axis(cx, ag_div_scalar(cx, waves(cx, shape, 2, 5), 3.0), 0, false);
}

static ag_array columns(ag_context *cx) {
  const int64_t shape[] = {300, running_slowly() ? 100 : 1000};
  return ag_mean_axis(cx, ag_transpose(cx, waves(cx, shape, 2, 6)), 0, false);
}

static ag_array matrices(ag_context *cx) {
  const int64_t n = running_slowly() ? 60 : 150, shape[] = {n, n};
  return ag_matmul(cx, waves(cx, shape, 2, 7), waves(cx, shape, 2, 8));
}

static ag_array with_vector(ag_context *cx) {
  const int64_t n = running_slowly() ? 100 : 700, shape[] = {n, n};
  return ag_matmul(cx, waves(cx, shape, 2, 9), waves(cx, shape, 1, 10));
}

static ag_array filtered(ag_context *cx) {
  const int64_t signal[] = {running_slowly() ? 500 : 4000}, kernel[] = {300};
  return ag_convolve(cx, waves(cx, signal, 1, 11), waves(cx, kernel, 1, 12), "valid");
}

static ag_array sorted(ag_context *cx) {
  const int64_t shape[] = {200, running_slowly() ? 100 : 1000};
  return ag_div_scalar(cx, ag_sort_axis(cx, waves(cx, shape, 2, 13), 1), 7.0);
}

/* numbers so small that a product of two is subnormal, or 0 where those are flushed */
static ag_array tiny(ag_context *cx) {
  const int64_t shape[] = {running_slowly() ? 30000 : 300000};
  return ag_mul(cx, ag_mul_scalar(cx, waves(cx, shape, 1, 14), 1e-160), ag_full(cx, AG_F64, shape, 1, 1e-150));
}

/* what is an input already, subnormal, summed */
static ag_array tiny_inputs(ag_context *cx) {
  const int64_t shape[] = {running_slowly() ? 30000 : 300000};
  return ag_sum(cx, ag_mul_scalar(cx, ag_full(cx, AG_F64, shape, 1, 3e-310), 0.7));
}

typedef ag_array computation(ag_context *cx);
static const struct {
  const char *name;
  computation *run;
} COMPUTATIONS[] = {
    {"elements", elements}, {"total", total},       {"rows", rows},     {"columns", columns}, {"matrices", matrices},
    {"vector", with_vector}, {"filtered", filtered}, {"sorted", sorted}, {"tiny", tiny},       {"tiny inputs", tiny_inputs},
};
enum { COUNT = sizeof COMPUTATIONS / sizeof *COMPUTATIONS };

/* The bytes of a result, to be freed. */
static void *bytes_of(ag_context *cx, computation *run, size_t *size) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array x = run(cx);
  const void *data = ag_data(cx, x);
  *size = ag_size(cx, x) * sizeof(double);
  void *copy = malloc(*size + 1);
  if (data && copy) memcpy(copy, data, *size);
  ag_scope_leave(cx, scope);
  return copy;
}

static void upwards(void) { fesetround(FE_UPWARD); }
static void flushed(void) { set_control(control() | FLUSH_TO_ZERO); }
static void both(void) { upwards(), flushed(); }

static void the_callers_environment(void) {
  static const struct {
    const char *name;
    void (*set)(void);
  } environments[] = {{"upwards", upwards}, {"flushed", flushed}, {"both", both}};
  const int rounding = fegetround();
  const unsigned long long before = control();
  /* the workers are made in the environment that a program begins with */
  ag_context *one = ag_context_new(), *many = ag_context_new();
  ag_set_threads(many, WORKERS);
  for (size_t e = 0; e < sizeof environments / sizeof *environments; e++) {
    for (size_t i = 0; i < COUNT; i++) {
      size_t size, size_of_many;
      environments[e].set();
      void *want = bytes_of(one, COMPUTATIONS[i].run, &size);
      for (size_t round = 0; round < rounds(); round++) {
        void *got = bytes_of(many, COMPUTATIONS[i].run, &size_of_many);
        bool same = size == size_of_many && memcmp(want, got, size) == 0;
        free(got);
        if (!same) {
          printf("%s, %s: other bits with %d threads, in round %d\n", COMPUTATIONS[i].name, environments[e].name,
                 (int)WORKERS, (int)round);
          failures++;
          break;
        }
      }
      free(want);
      set_control(before), fesetround(rounding);
    }
  }
  /* and back again: what a worker was told for one task is not kept for the next */
  for (size_t i = 0; i < COUNT; i++) {
    size_t size, size_of_many;
    void *want = bytes_of(one, COMPUTATIONS[i].run, &size);
    void *got = bytes_of(many, COMPUTATIONS[i].run, &size_of_many);
    CHECK(size == size_of_many && memcmp(want, got, size) == 0);
    free(want), free(got);
  }
  CHECK_OK(one), CHECK_OK(many);
  ag_context_free(one), ag_context_free(many);
}

/* The environment changes bits at all, so that the comparison says something. */
static void environments_matter(ag_context *cx) {
#if defined(__x86_64__) || defined(__aarch64__)
  if (running_slowly()) return; /* valgrind knows neither of them */
  const int rounding = fegetround();
  const unsigned long long before = control();
  size_t size;
  double *near = (double *)bytes_of(cx, total, &size), *small = (double *)bytes_of(cx, tiny, &size);
  both();
  double *up = (double *)bytes_of(cx, total, &size), *none = (double *)bytes_of(cx, tiny, &size);
  set_control(before), fesetround(rounding);
  CHECK(*up != *near);
  CHECK(*small > 0.0 && *none == 0.0);
  free(near), free(up), free(small), free(none);
#endif
  CHECK_OK(cx);
}

/* An exception in a worker's part is the caller's, as if it had done all. */
static void exceptions_come_back(void) {
  if (running_slowly()) return; /* valgrind knows no exceptions */
  enum { N = 300000 };
  static double numbers[N];
  const int64_t shape[] = {N};
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, WORKERS);
  for (size_t round = 0; round < 60; round++) {
    const size_t where = round * (N / 60);
    for (size_t i = 0; i < N; i++) numbers[i] = 1.5;
    numbers[where] = 0.0;
    ag_scope scope = ag_scope_enter(cx);
    ag_array x = ag_array_new(cx, AG_F64, shape, 1, numbers);
    feclearexcept(FE_ALL_EXCEPT);
    ag_array y = ag_div(cx, ag_full(cx, AG_F64, shape, 1, 1.0), x);
    const double *data = (const double *)ag_data(cx, y);
    bool raised = fetestexcept(FE_DIVBYZERO) != 0;
    CHECK(data && isinf(data[where]));
    if (!CHECK(raised)) break;
    ag_scope_leave(cx, scope);
  }
  feclearexcept(FE_ALL_EXCEPT);
  CHECK_OK(cx);
  ag_context_free(cx);
}

/* ---- signals ---- */

static void keep_busy(ag_context *cx) {
  const int64_t shape[] = {20000};
  ag_scope scope = ag_scope_enter(cx);
  ag_item(cx, ag_sum(cx, ag_exp(cx, waves(cx, shape, 1, 1))));
  ag_scope_leave(cx, scope);
}

static volatile sig_atomic_t taken = 0;
static pthread_t main_thread;
static volatile sig_atomic_t elsewhere = 0;

static void take(int signal) {
  (void)signal;
  taken++;
  if (!pthread_equal(pthread_self(), main_thread)) elsewhere++;
}

static void signals_are_the_programs(void) {
  main_thread = pthread_self();
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, WORKERS);
  keep_busy(cx);

  /* blocked after the workers were made, and waited for */
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  CHECK(pthread_sigmask(SIG_BLOCK, &set, &before) == 0);
  CHECK(!sigismember(&before, SIGTERM) && !sigismember(&before, SIGINT)); /* making workers left our mask alone */
  const int times = running_slowly() ? 20 : 2000;
  const struct timespec second = {5, 0};
  for (int i = 0; i < times; i++) {
    int signal = i % 2 ? SIGTERM : SIGUSR1;
    CHECK(kill(getpid(), signal) == 0);
    if (i % 16 == 0) keep_busy(cx);
    if (!CHECK(sigtimedwait(&set, NULL, &second) == signal)) break;
  }
  CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);

  /* a handler runs on the program's threads only, also while those are at work */
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = take;
  CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (int i = 0; i < times; i++) {
    CHECK(pthread_sigmask(SIG_BLOCK, &set, &before) == 0);
    CHECK(kill(getpid(), SIGUSR2) == 0);
    if (i % 16 == 0) keep_busy(cx);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
  }
  CHECK(taken == times);
  CHECK(elsewhere == 0);
  CHECK_OK(cx);
  ag_context_free(cx);
}

/* ---- a forked process ---- */

static void forked(void) {
#if !defined(__SANITIZE_ADDRESS__)
  if (running_slowly()) return; /* what the system's thread handles hold is lost in the child, says valgrind */
#endif
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, WORKERS);
  size_t size;
  double *want = (double *)bytes_of(cx, total, &size);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    double *got = (double *)bytes_of(cx, total, &size);
    bool right = got && *got == *want && ag_error(cx) == AG_OK;
    ag_context_free(cx);
    free(got), free(want);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  free(want);
  CHECK_OK(cx);
  ag_context_free(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  the_callers_environment();
  environments_matter(cx);
  exceptions_come_back();
  signals_are_the_programs();
  forked();
  return finish(cx);
}
