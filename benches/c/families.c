/* One operation of every family at a time, for scripts/bench_families, which has the same in NumPy.
 *
 * Reads lines "CASE VIEW SIDE SECONDS" and answers each with "FORWARD BOTH CHECKSUM": the median time of the operation in
 * seconds, that of the operation recorded and swept (nan where there is no derivative), and the checksum of the result as
 * in inputs.h. With --list it prints "FAMILY CASE VIEW..." for each case. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <autograd.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* U and I as in benches/peers/workloads.md; x is an argument of the operation, everything else constant. */
struct inputs {
  int64_t side, n;
  ag_array x;      /* U(200, (side, side), 0.99, 1.01), its transpose, or its first row seen as so many */
  ag_array y;      /* U(201, (side, side)) */
  ag_array row;    /* U(202, (side,)) */
  ag_array column; /* U(203, (side, 1)) */
  ag_array v;      /* U(204, (n,)) */
  ag_array taps;   /* U(205, (101,)) */
  ag_array places; /* I(206, n, n) */
  ag_array lines;  /* I(207, side, side) */
  ag_array along;  /* I(208, n, side) as (side, side) */
  ag_array mask;   /* y > 0 */
};

enum { CONTIGUOUS = 1, VIEWS = 7 };
static const char *const VIEW_NAMES[] = {"contiguous", "transposed", "broadcast"};

static ag_array concatenated(ag_context *cx, ag_array x, ag_array y, int64_t axis) {
  return ag_concatenate(cx, (const ag_array[]){x, y}, 2, axis);
}

static ag_array stacked(ag_context *cx, ag_array x, ag_array y, int64_t axis) {
  return ag_stack(cx, (const ag_array[]){x, y}, 2, axis);
}

static ag_array added_at(ag_context *cx, ag_array x, ag_array places, ag_array values) {
  return ag_index_items_add(cx, x, &(ag_index_item){.kind = AG_INDEX_ARRAY, .array = places}, 1, values);
}

static ag_array padded(ag_context *cx, ag_array x, int32_t mode) {
  return ag_pad(cx, x, (const int64_t[]){5, 5}, 1, mode);
}

static ag_array product(ag_context *cx, const char *subscripts, ag_array x, ag_array y) {
  return ag_einsum(cx, subscripts, (const ag_array[]){x, y}, 2);
}

static ag_array blocks(ag_context *cx, ag_array x) {
  return ag_reshape(cx, x, (const int64_t[]){-1, 10, 10}, 3);
}

/* Four channels of images, and eight kernels for them. */
static ag_array convolved(ag_context *cx, ag_array images, ag_array kernels) {
  int64_t side = (int64_t)sqrt((double)ag_size(cx, images) / 4.0);
  images = ag_reshape(cx, images, (const int64_t[]){1, 4, side, side}, 4);
  kernels = ag_reshape(cx, ag_index(cx, ag_ravel(cx, kernels), ":288"), (const int64_t[]){8, 4, 3, 3}, 4);
  return ag_conv2d(cx, images, kernels, NULL, NULL, NULL, 1);
}

/* X(family, case, views, whether it has a derivative, the operation on x) */
/* clang-format off */
#define CASES(X)                                                                                                       \
  X(reductions, sum, VIEWS, true, ag_sum(cx, x))                                                                       \
  X(reductions, sum_axis_0, VIEWS, true, ag_sum_axis(cx, x, 0, false))                                                 \
  X(reductions, sum_axis_1, VIEWS, true, ag_sum_axis(cx, x, 1, false))                                                 \
  X(reductions, prod, VIEWS, true, ag_prod(cx, x))                                                                     \
  X(reductions, max, VIEWS, true, ag_max(cx, x))                                                                       \
  X(reductions, max_axis_0, VIEWS, true, ag_max_axis(cx, x, 0, false))                                                 \
  X(reductions, max_axis_1, VIEWS, true, ag_max_axis(cx, x, 1, false))                                                 \
  X(reductions, argmax, VIEWS, false, ag_argmax(cx, x))                                                                \
  X(reductions, argmax_axis_0, VIEWS, false, ag_argmax_axis(cx, x, 0, false))                                          \
  X(reductions, argmax_axis_1, VIEWS, false, ag_argmax_axis(cx, x, 1, false))                                          \
  X(reductions, var, VIEWS, true, ag_var(cx, x))                                                                       \
  X(reductions, var_axis_0, VIEWS, true, ag_var_axis(cx, x, 0, 0.0, false))                                            \
  X(reductions, var_axis_1, VIEWS, true, ag_var_axis(cx, x, 1, 0.0, false))                                            \
  X(scans, cumsum, VIEWS, true, ag_cumsum(cx, x))                                                                      \
  X(scans, cumsum_axis_0, VIEWS, true, ag_cumsum_axis(cx, x, 0))                                                       \
  X(scans, cumsum_axis_1, VIEWS, true, ag_cumsum_axis(cx, x, 1))                                                       \
  X(scans, cumprod, VIEWS, true, ag_cumprod(cx, x))                                                                    \
  X(scans, cumprod_axis_0, VIEWS, true, ag_cumprod_axis(cx, x, 0))                                                     \
  X(scans, cumprod_axis_1, VIEWS, true, ag_cumprod_axis(cx, x, 1))                                                     \
  X(scans, diff_axis_0, VIEWS, true, ag_diff(cx, x, 1, 0))                                                             \
  X(scans, diff_axis_1, VIEWS, true, ag_diff(cx, x, 1, 1))                                                             \
  X(order, sort, CONTIGUOUS, true, ag_sort(cx, x))                                                                     \
  X(order, sort_axis_0, VIEWS, true, ag_sort_axis(cx, x, 0))                                                           \
  X(order, sort_axis_1, VIEWS, true, ag_sort_axis(cx, x, 1))                                                           \
  X(order, argsort, CONTIGUOUS, false, ag_argsort(cx, x))                                                              \
  X(order, argsort_axis_1, VIEWS, false, ag_argsort_axis(cx, x, 1))                                                    \
  X(order, partition, CONTIGUOUS, true, ag_partition(cx, x, &(int64_t){in->n / 2}, 1))                                 \
  X(order, partition_axis_1, VIEWS, true, ag_partition_axis(cx, x, &(int64_t){in->side / 2}, 1, 1))                    \
  X(order, median, CONTIGUOUS, true, ag_median(cx, x))                                                                 \
  X(order, median_axis_0, VIEWS, true, ag_median_axis(cx, x, 0, false))                                                \
  X(order, median_axis_1, VIEWS, true, ag_median_axis(cx, x, 1, false))                                                \
  X(gathers, take, VIEWS, true, ag_take(cx, x, in->places, AG_TAKE_RAISE))                                             \
  X(gathers, take_axis_0, VIEWS, true, ag_take_axis(cx, x, in->lines, 0, AG_TAKE_RAISE))                               \
  X(gathers, take_axis_1, VIEWS, true, ag_take_axis(cx, x, in->lines, 1, AG_TAKE_RAISE))                               \
  X(gathers, take_along_axis_0, VIEWS, true, ag_take_along_axis(cx, x, in->along, 0))                                  \
  X(gathers, take_along_axis_1, VIEWS, true, ag_take_along_axis(cx, x, in->along, 1))                                  \
  X(gathers, mask, VIEWS, true, ag_index_array(cx, x, in->mask))                                                       \
  X(gathers, add_at, CONTIGUOUS, true, added_at(cx, ag_ravel(cx, x), in->places, in->v))                               \
  X(gathers, add_at_rows, CONTIGUOUS, true, added_at(cx, x, in->lines, in->y))                                         \
  X(shapes, concatenate_axis_0, VIEWS, true, concatenated(cx, x, in->y, 0))                                            \
  X(shapes, concatenate_axis_1, VIEWS, true, concatenated(cx, x, in->y, 1))                                            \
  X(shapes, stack_axis_0, VIEWS, true, stacked(cx, x, in->y, 0))                                                       \
  X(shapes, stack_axis_last, VIEWS, true, stacked(cx, x, in->y, -1))                                                   \
  X(shapes, transposed_copy, CONTIGUOUS, true, ag_transpose(cx, x))                                                    \
  X(shapes, flip, VIEWS, true, ag_flip(cx, x))                                                                         \
  X(shapes, flip_axis_0, VIEWS, true, ag_flip_axis(cx, x, 0))                                                          \
  X(shapes, flip_axis_1, VIEWS, true, ag_flip_axis(cx, x, 1))                                                          \
  X(shapes, roll, VIEWS, true, ag_roll(cx, x, 3))                                                                      \
  X(shapes, roll_axis_0, VIEWS, true, ag_roll_axis(cx, x, 3, 0))                                                       \
  X(shapes, roll_axis_1, VIEWS, true, ag_roll_axis(cx, x, 3, 1))                                                       \
  X(shapes, tile, VIEWS, true, ag_tile(cx, x, (const int64_t[]){2, 2}, 2))                                             \
  X(shapes, repeat, VIEWS, true, ag_repeat(cx, x, 2))                                                                  \
  X(shapes, repeat_axis_0, VIEWS, true, ag_repeat_axis(cx, x, 2, 0))                                                   \
  X(shapes, repeat_axis_1, VIEWS, true, ag_repeat_axis(cx, x, 2, 1))                                                   \
  X(shapes, pad_zeros, VIEWS, true, padded(cx, x, AG_PAD_ZEROS))                                                       \
  X(shapes, pad_edge, VIEWS, true, padded(cx, x, AG_PAD_EDGE))                                                         \
  X(shapes, pad_wrap, VIEWS, true, padded(cx, x, AG_PAD_WRAP))                                                         \
  X(shapes, triu, VIEWS, true, ag_triu(cx, x, 0))                                                                      \
  X(products, einsum_rows, VIEWS, true, product(cx, "ij,ij->i", x, in->y))                                             \
  X(products, einsum_outer, CONTIGUOUS, true, product(cx, "i,j->ij", ag_index(cx, x, "0"), in->row))                   \
  X(products, einsum_sum, VIEWS, true, product(cx, "ij,j->", x, in->row))                                              \
  X(products, einsum_blocks, CONTIGUOUS, true, product(cx, "bij,bjk->bik", blocks(cx, x), blocks(cx, in->y)))          \
  X(products, convolve, CONTIGUOUS, true, ag_convolve(cx, ag_ravel(cx, x), in->taps, "same"))                          \
  X(products, conv2d_images, CONTIGUOUS, true, convolved(cx, x, in->y))                                                \
  X(products, conv2d_kernels, CONTIGUOUS, true, convolved(cx, in->y, x))                                               \
  X(elementwise, add, VIEWS, true, ag_add(cx, x, in->y))                                                               \
  X(elementwise, add_row, VIEWS, true, ag_add(cx, x, in->row))                                                         \
  X(elementwise, add_column, VIEWS, true, ag_add(cx, x, in->column))                                                   \
  X(elementwise, row_times_column, CONTIGUOUS, true, ag_mul(cx, ag_index(cx, x, "0"), in->column))                     \
  X(elementwise, exp, VIEWS, true, ag_exp(cx, x))                                                                      \
  X(elementwise, where, VIEWS, true, ag_where(cx, in->mask, x, in->y))                                                 \
  X(elementwise, greater, VIEWS, false, ag_greater(cx, x, in->y))
/* clang-format on */

#define FUNCTION(family, name, views, smooth, ...)                                                                     \
  static ag_array family##_##name(ag_context *cx, const ag_array *args, size_t nargs, void *user) {                    \
    const struct inputs *in = user;                                                                                    \
    ag_array x = args[0];                                                                                              \
    (void)nargs, (void)in;                                                                                             \
    return __VA_ARGS__;                                                                                                \
  }
CASES(FUNCTION)

#define ROW(family, name, views, smooth, ...) {#family, #name, views, smooth, family##_##name},
static const struct subject {
  const char *family, *name;
  unsigned views;
  bool smooth;
  ag_function f;
} SUBJECTS[] = {CASES(ROW)};
enum { NSUBJECTS = sizeof SUBJECTS / sizeof *SUBJECTS };

/* ---- inputs ---- */

static ag_array U(ag_context *cx, uint64_t seed, const int64_t *shape, size_t ndim, double low, double high) {
  ag_array made = ag_zeros(cx, AG_F64, shape, ndim);
  size_t n = ag_size(cx, made);
  double *x = malloc(n * sizeof *x);
  if (!x) abort();
  uniform(x, n, seed, low, high);
  made = ag_array_new(cx, AG_F64, shape, ndim, x);
  free(x);
  return made;
}

static ag_array I(ag_context *cx, uint64_t seed, int64_t n, int64_t below) {
  int64_t *x = malloc((size_t)n * sizeof *x);
  if (!x) abort();
  integers(x, (size_t)n, seed, (double)below);
  ag_array made = ag_array_new(cx, AG_I64, &n, 1, x);
  free(x);
  return made;
}

static struct inputs inputs_new(ag_context *cx, int64_t side, const char *view) {
  const int64_t n = side * side, taps = 101, square[] = {side, side}, column[] = {side, 1};
  struct inputs in = {.side = side, .n = n};
  in.x = U(cx, 200, square, 2, 0.99, 1.01);
  if (!strcmp(view, "transposed")) in.x = ag_transpose(cx, in.x);
  if (!strcmp(view, "broadcast")) in.x = ag_broadcast_to(cx, ag_index(cx, in.x, "0"), square, 2);
  in.y = U(cx, 201, square, 2, -1.0, 1.0);
  in.row = U(cx, 202, square, 1, -1.0, 1.0);
  in.column = U(cx, 203, column, 2, -1.0, 1.0);
  in.v = U(cx, 204, &n, 1, -1.0, 1.0);
  in.taps = U(cx, 205, &taps, 1, -1.0, 1.0);
  in.places = I(cx, 206, n, n);
  in.lines = I(cx, 207, side, side);
  in.along = ag_reshape(cx, I(cx, 208, n, side), square, 2);
  in.mask = ag_greater_scalar(cx, in.y, 0.0);
  return in;
}

/* ---- what is timed ---- */

static void forward(ag_context *cx, const struct subject *s, struct inputs *in, ag_array cotangent) {
  (void)cotangent;
  ag_data(cx, s->f(cx, &in->x, 1, in));
}

static void both(ag_context *cx, const struct subject *s, struct inputs *in, ag_array cotangent) {
  ag_array value;
  ag_tape tape = ag_make_vjp(cx, s->f, in, &in->x, 1, 0, &value);
  ag_array gradient = ag_vjp(cx, tape, cotangent);
  ag_data(cx, value);
  ag_data(cx, gradient);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of calls that take so many seconds together, three at least; the first one is not counted. */
static double median_time(ag_context *cx, const struct subject *s, struct inputs *in, ag_array cotangent, double seconds,
                          void (*step)(ag_context *, const struct subject *, struct inputs *, ag_array)) {
  enum { MOST = 1000 };
  static double times[MOST];
  double start = 0.0;
  int n = -1;
  do {
    ag_scope scope = ag_scope_enter(cx);
    double begun = now();
    step(cx, s, in, cotangent);
    if (n < 0) start = now();
    else times[n] = now() - begun;
    ag_scope_leave(cx, scope);
  } while (++n < 3 || (n < MOST && now() - start < seconds));
  qsort(times, (size_t)n, sizeof *times, ascending);
  return times[n / 2];
}

static double checksum_of(ag_context *cx, ag_array result) {
  ag_array doubles = ag_astype(cx, result, AG_F64);
  const double *x = ag_data_f64(cx, doubles);
  return x ? checksum(x, ag_size(cx, doubles)) : NAN;
}

static void run(ag_context *cx, const struct subject *s, const char *view, int64_t side, double seconds) {
  struct inputs in = inputs_new(cx, side, view);
  ag_array result = s->f(cx, &in.x, 1, &in);
  double check = checksum_of(cx, result), both_time = NAN;
  double forward_time = median_time(cx, s, &in, result, seconds, forward);
  if (s->smooth) {
    ag_array cotangent = U(cx, 209, ag_shape(cx, result), ag_ndim(cx, result), -1.0, 1.0);
    both_time = median_time(cx, s, &in, cotangent, seconds, both);
  }
  printf("%.6e %.6e %.12e\n", forward_time, both_time, check);
  fflush(stdout);
}

static void list(void) {
  for (size_t i = 0; i < NSUBJECTS; i++) {
    printf("%s %s", SUBJECTS[i].family, SUBJECTS[i].name);
    for (unsigned v = 0; v < 3; v++)
      if (SUBJECTS[i].views >> v & 1) printf(" %s", VIEW_NAMES[v]);
    printf("\n");
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--list")) return list(), 0;
  ag_context *cx = ag_context_new();
  char name[64], view[16];
  long side;
  double seconds;
  while (!ag_error(cx) && scanf("%63s %15s %ld %lf", name, view, &side, &seconds) == 4) {
    ag_scope scope = ag_scope_enter(cx);
    for (size_t i = 0; i < NSUBJECTS; i++)
      if (!strcmp(name, SUBJECTS[i].name)) run(cx, &SUBJECTS[i], view, side, seconds);
    ag_scope_leave(cx, scope);
  }
  int status = ag_error(cx) != AG_OK;
  if (status) fprintf(stderr, "%s: %s\n", name, ag_error_message(cx));
  ag_context_free(cx);
  return status;
}
