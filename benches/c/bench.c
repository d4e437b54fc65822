/* Times one workload and prints the lines of benches/peers/workloads.md:
 *
 *     peer,workload,dtype,size,median_s,min_s,n,checksum
 *
 * once for the first call (WORKLOAD:first) and once for the steady state. scripts/bench_peers runs it. */
#define _POSIX_C_SOURCE 200809L
#include "fused.h"
#include "inputs.h"
#include "workloads.h"

#include "../../tests/c/count_malloc.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_CALLS = 3000, FEWEST_CALLS = 5, STEPS_COUNTED = 10 };

static const char HELP[] =
    "usage: bench [options] WORKLOAD DTYPE SIZE\n"
    "       bench --list\n"
    "\n"
    "  --mode libautograd|fused   the library, or the loop fused by hand (elementwise only)\n"
    "  --threads N                (1)\n"
    "  --min-time SECONDS         timed at least so long (1)\n"
    "  --count-malloc             print the calls of malloc and its kin per step instead\n";

struct options {
  const char *mode, *workload, *dtype, *size;
  int threads;
  double min_time;
  bool count_malloc;
};

/* What is timed: value and gradient from inputs that are arrays to outputs that are fully computed. */
struct subject {
  void (*step)(struct subject *s);
  double value, check;
  bool want_check;
  /* the library */
  problem *problem;
  /* the loop fused by hand */
  double *x, *g;
  long n;
  int threads;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the subjects ---- */

static double checksum_of(ag_context *cx, ag_array gradient) {
  ag_array doubles = ag_astype(cx, gradient, AG_F64);
  const double *g = ag_data_f64(cx, doubles);
  return g ? checksum(g, ag_size(cx, doubles)) : NAN;
}

static void library_step(struct subject *s) {
  problem *p = s->problem;
  ag_array results[MOST_PARAMETERS];
  ag_scope scope = ag_scope_enter(p->cx);
  ag_array value = p->step(p, results);
  s->value = ag_item(p->cx, value);
  for (size_t k = 0; k < p->nparameters; k++) ag_data(p->cx, results[k]);
  if (s->want_check) {
    s->check = 0;
    for (size_t k = 0; k < p->nparameters; k++) s->check += checksum_of(p->cx, results[k]);
  }
  ag_scope_leave(p->cx, scope);
}

static void fused_step(struct subject *s) {
  s->value = fused_elementwise(s->x, s->g, s->n, s->threads);
  if (s->want_check) s->check = checksum(s->g, (size_t)s->n);
}

/* ---- the measurement: as measure() of benches/peers/common.py ---- */

struct timing {
  double first, median, min;
  int n;
};

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static struct timing measure(struct subject *s, double min_time) {
  static double times[MOST_CALLS];
  const double cap = 20.0;
  struct timing t = {0};
  double begun = now();
  s->step(s);
  t.first = now() - begun;
  double warm_until = now() + 0.3;
  for (int i = 0; i < 3 && now() <= warm_until; i++) s->step(s);
  double start = now(), spent = 0;
  do {
    begun = now();
    s->step(s);
    double ended = now();
    times[t.n++] = ended - begun;
    spent = ended - start;
  } while (t.n < MOST_CALLS && (spent < min_time || t.n < FEWEST_CALLS) && (spent < cap || t.n < 2));
  qsort(times, (size_t)t.n, sizeof *times, ascending);
  t.min = times[0];
  t.median = t.n % 2 ? times[t.n / 2] : 0.5 * (times[t.n / 2 - 1] + times[t.n / 2]);
  return t;
}

static void count_malloc(struct subject *s, const struct options *o) {
  for (int i = 0; i < STEPS_COUNTED; i++) s->step(s);
  long before = memory_calls;
  for (int i = 0; i < STEPS_COUNTED; i++) s->step(s);
  printf("%s@%dt,%s,%s,%s,%g calls of malloc and its kin per step%s\n", o->mode, o->threads, o->workload, o->dtype,
         o->size, (double)(memory_calls - before) / STEPS_COUNTED, memory_calls_counted ? "" : " (not counted here)");
}

static void report(struct subject *s, const struct options *o) {
  struct timing t = measure(s, o->min_time);
  s->want_check = true;
  s->step(s);
  printf("%s@%dt,%s:first,%s,%s,%.6e,%.6e,1,%.12e\n", o->mode, o->threads, o->workload, o->dtype, o->size, t.first,
         t.first, s->check);
  printf("%s@%dt,%s,%s,%s,%.6e,%.6e,%d,%.12e\n", o->mode, o->threads, o->workload, o->dtype, o->size, t.median, t.min,
         t.n, s->check);
  fprintf(stderr, "# %s@%dt %s %s %s: value=%.15e\n", o->mode, o->threads, o->workload, o->dtype, o->size, s->value);
}

static void run(struct subject *s, const struct options *o) {
  if (o->count_malloc) count_malloc(s, o);
  else report(s, o);
}

/* ---- the two modes; the exit status 3 means that a workload is not offered, as with the other peers ---- */

static int run_library(const struct options *o) {
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)o->threads);
  problem p;
  struct subject s = {.step = library_step, .problem = &p};
  int status = 0;
  if (problem_new(&p, cx, o->workload, o->dtype, o->size)) run(&s, o);
  else status = 3;
  if (ag_error(cx)) {
    fprintf(stderr, "%s %s %s: %s\n", o->workload, o->dtype, o->size, ag_error_message(cx));
    status = 3;
  }
  ag_context_free(cx);
  return status;
}

static int run_fused(const struct options *o) {
  if (strcmp(o->workload, "elementwise")) return 3;
  struct subject s = {.step = fused_step, .n = strtol(o->size, NULL, 10), .threads = o->threads};
  s.x = malloc((size_t)s.n * sizeof *s.x);
  s.g = malloc((size_t)s.n * sizeof *s.g);
  if (!s.x || !s.g) abort();
  uniform(s.x, (size_t)s.n, 5, -2.0, 2.0);
  run(&s, o);
  free(s.x);
  free(s.g);
  return 0;
}

/* ---- the command line ---- */

static void print_workload(const char *workload, const char *dtype, const char *size) {
  printf("%s %s %s\n", workload, dtype, size);
}

int main(int argc, char **argv) {
  struct options o = {.mode = "libautograd", .threads = 1, .min_time = 1.0};
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (!strcmp(argv[i], "--list")) return problem_list(print_workload), 0;
    else if (!strcmp(argv[i], "--count-malloc")) o.count_malloc = true;
    else if (!strcmp(argv[i], "--mode")) o.mode = value, i++;
    else if (!strcmp(argv[i], "--threads")) o.threads = (int)strtol(value, NULL, 10), i++;
    else if (!strcmp(argv[i], "--min-time")) o.min_time = strtod(value, NULL), i++;
    else break;
  }
  if (argc - i != 3 || o.threads < 1) return fputs(HELP, stderr), 2;
  o.workload = argv[i], o.dtype = argv[i + 1], o.size = argv[i + 2];
  return strcmp(o.mode, "fused") ? run_library(&o) : run_fused(&o);
}
