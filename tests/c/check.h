/* What the test programs share. A program takes no arguments, prints one line per failure and exits with 1 if there
 * was any. Arrays are written as text, so that a case fits a line and compiles as C and as C++:
 *
 *     ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3  4 5 6");
 *     CHECK_ARRAY(cx, ag_sum_axis(cx, x, 0, false), "3", "5 7 9");
 */
#ifndef CHECK_H
#define CHECK_H

#include <autograd.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures = 0;

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)
/* within `tolerance`, relative to the larger of 1 and |want|; NaN equals NaN, infinities equal themselves */
#define CHECK_CLOSE(got, want, tolerance) check_close((got), (want), (tolerance), __FILE__, __LINE__, #got)
/* shape and elements (complex: two numbers each), to 1e-12, f32 and c64 to 1e-6 */
#define CHECK_ARRAY(cx, x, shape, values) check_array((cx), (x), (shape), (values), 0.0, __FILE__, __LINE__, #x)
#define CHECK_ARRAY_TO(cx, x, shape, values, tolerance) \
  check_array((cx), (x), (shape), (values), (tolerance), __FILE__, __LINE__, #x)
/* no error is pending; clears it if there is one */
#define CHECK_OK(cx) check_ok((cx), __FILE__, __LINE__)
/* this error is pending and its message holds `part`; clears it and checks that the context works again */
#define CHECK_ERROR(cx, code, part) check_error((cx), (code), (part), __FILE__, __LINE__)

static inline bool check_that(bool right, const char *file, int line, const char *what) {
  if (!right) {
    printf("%s:%d: %s\n", file, line, what);
    failures++;
  }
  return right;
}

static inline bool is_close(double got, double want, double tolerance) {
  if (isnan(want)) return isnan(got);
  if (isinf(want)) return got == want;
  return fabs(got - want) <= tolerance * fmax(1.0, fabs(want));
}

static inline void check_close(double got, double want, double tolerance, const char *file, int line,
                               const char *what) {
  if (is_close(got, want, tolerance)) return;
  printf("%s:%d: %s is %.17g, expected %.17g\n", file, line, what, got, want);
  failures++;
}

/* The path of a file for this process alone, which ends like this; it stays until the next one. */
static inline const char *temporary(const char *ending) {
  const char *folder = getenv("TMPDIR");
  static char text[300];
  snprintf(text, sizeof text, "%.200s/autograd-%ld%s", folder ? folder : "/tmp", (long)getpid(), ending);
  return text;
}

/* ---- arrays as text ---- */

enum { MOST_AXES = 8, MOST_NUMBERS = 256 };

/* The numbers of "1 2.5 -3" or "2,3"; how many there are. */
static inline size_t numbers_of(const char *text, double *numbers) {
  size_t n = 0;
  while (n < MOST_NUMBERS) {
    char *end;
    double number = strtod(text, &end);
    if (end == text) break;
    numbers[n++] = number;
    text = end + strspn(end, ", ");
  }
  return n;
}

static inline size_t shape_of(const char *text, int64_t *shape) {
  double numbers[MOST_NUMBERS];
  size_t n = numbers_of(text, numbers);
  for (size_t i = 0; i < n && i < MOST_AXES; i++) shape[i] = (int64_t)numbers[i];
  return n;
}

/* An array of any dtype from shape and elements; "" is the shape of rank 0. */
static inline ag_array array_of(ag_context *cx, int32_t dtype, const char *shape_text, const char *values) {
  union {
    uint8_t bools[MOST_NUMBERS];
    int64_t ints[MOST_NUMBERS];
    float floats[MOST_NUMBERS];
    double doubles[MOST_NUMBERS];
  } data;
  double numbers[MOST_NUMBERS];
  int64_t shape[MOST_AXES];
  size_t ndim = shape_of(shape_text, shape), n = numbers_of(values, numbers);
  for (size_t i = 0; i < n; i++) switch (dtype) {
      case AG_BOOL: data.bools[i] = numbers[i] != 0; break;
      case AG_I64: data.ints[i] = (int64_t)numbers[i]; break;
      case AG_F32:
      case AG_C64: data.floats[i] = (float)numbers[i]; break;
      default: data.doubles[i] = numbers[i]; break;
    }
  return ag_array_new(cx, dtype, shape, ndim, &data);
}

/* A vector of doubles. */
static inline ag_array vector_of(ag_context *cx, const char *values) {
  double numbers[MOST_NUMBERS];
  size_t n = numbers_of(values, numbers);
  return ag_vector(cx, numbers, n);
}

/* The i-th number stored in an array, real and imaginary parts counted apart. */
static inline double number_at(const void *data, int32_t dtype, size_t i) {
  switch (dtype) {
    case AG_BOOL: return ((const uint8_t *)data)[i];
    case AG_I64: return (double)((const int64_t *)data)[i];
    case AG_F32:
    case AG_C64: return ((const float *)data)[i];
    default: return ((const double *)data)[i];
  }
}

static inline void check_array(ag_context *cx, ag_array x, const char *shape_text, const char *values, double tolerance,
                               const char *file, int line, const char *what) {
  double want[MOST_NUMBERS];
  int64_t shape[MOST_AXES];
  size_t ndim = shape_of(shape_text, shape), n = numbers_of(values, want);
  int32_t dtype = ag_dtype(cx, x);
  size_t parts = dtype == AG_C64 || dtype == AG_C128 ? 2 : 1;
  const int64_t *got_shape = ag_shape(cx, x);
  bool right = ag_ndim(cx, x) == ndim && ag_size(cx, x) * parts == n && (ndim == 0 || got_shape != NULL);
  for (size_t i = 0; right && i < ndim; i++) right = got_shape[i] == shape[i];
  const void *data = ag_data(cx, x);
  right = right && (data != NULL || n == 0);
  if (tolerance == 0.0) tolerance = dtype == AG_F32 || dtype == AG_C64 ? 1e-6 : 1e-12;
  for (size_t i = 0; right && i < n; i++) right = is_close(number_at(data, dtype, i), want[i], tolerance);
  if (right) return;
  const char *got = ag_error(cx) ? ag_error_message(cx) : ag_to_string(cx, x);
  printf("%s:%d: %s is\n%s\nexpected shape (%s), elements %s\n", file, line, what, got ? got : "?", shape_text, values);
  failures++;
  ag_error_clear(cx);
}

/* ---- errors ---- */

static inline bool check_ok(ag_context *cx, const char *file, int line) {
  if (ag_error(cx) == AG_OK) return true;
  printf("%s:%d: error %d: %s\n", file, line, (int)ag_error(cx), ag_error_message(cx));
  failures++;
  ag_error_clear(cx);
  return false;
}

static inline void check_error(ag_context *cx, int32_t code, const char *part, const char *file, int line) {
  int32_t got = ag_error(cx);
  const char *message = ag_error_message(cx);
  if (got != code || !message || !strstr(message, part)) {
    printf("%s:%d: error %d: %s\nexpected error %d with \"%s\"\n", file, line, (int)got, message ? message : "(null)",
           (int)code, part);
    failures++;
  }
  ag_error_clear(cx);
  ag_scope scope = ag_scope_enter(cx);
  double two = ag_item(cx, ag_add_scalar(cx, ag_scalar(cx, 1.0), 1.0));
  ag_scope_leave(cx, scope);
  if (two != 2.0 || ag_error(cx) != AG_OK) {
    printf("%s:%d: the context does not work after ag_error_clear: %s\n", file, line, ag_error_message(cx));
    failures++;
    ag_error_clear(cx);
  }
}

/* ---- handles and structs that C and C++ write differently ---- */

static inline ag_array null_array(void) {
  ag_array x;
  x.bits = 0;
  return x;
}

static inline bool is_null(ag_array x) { return x.bits == 0; }

static inline ag_primitive_def primitive_def(const char *name, ag_function forward) {
  ag_primitive_def def;
  memset(&def, 0, sizeof def);
  def.struct_size = sizeof def;
  def.name = name;
  def.forward = forward;
  return def;
}

static inline ag_raw_primitive_def raw_primitive_def(const char *name, size_t nargs, ag_raw_function forward) {
  ag_raw_primitive_def def;
  memset(&def, 0, sizeof def);
  def.struct_size = sizeof def;
  def.name = name;
  def.nargs = nargs;
  def.forward = forward;
  return def;
}

static inline ag_memory_stats memory_of(ag_context *cx) {
  ag_memory_stats stats;
  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  ag_memory(cx, &stats);
  return stats;
}

/* Under a sanitizer or valgrind (which preloads a library of its own) programs run some fifty times slower: a test
 * whose point is a large number takes a smaller one there. */
static inline bool running_slowly(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  const char *preloaded = getenv("LD_PRELOAD");
  return preloaded && strstr(preloaded, "vgpreload");
#endif
}

/* Frees the context; the exit status of the program. */
static inline int finish(ag_context *cx) {
  CHECK_OK(cx);
  ag_context_free(cx);
  return failures != 0;
}

#endif
