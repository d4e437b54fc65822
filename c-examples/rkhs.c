/* A gradient with respect to a function. The functions are those of a reproducing-kernel Hilbert space: sums of bells
 * k(., z) = exp(-(. - z)^2 / (2 l^2)) around centres z, the inner product of two bells being k(z, z'). As an array, a
 * function is its coefficients for a list of centres that grows, with room for those to come.
 *
 * The gradient of a number L(f) is the function g for which the derivative of L(f + t h) is <g, h>, whatever h is.
 * That of the evaluation f(x) is the bell at x, since f(x) = <k(., x), f>: a centre that f itself need not have. So
 * `evaluate` notes the places it is asked for, and its rule puts the cotangent there. Such gradients aren't those with
 * respect to the coefficients: descent along them is smooth, and doesn't depend on how a function is written down.
 * Where the centres are isn't recorded: a derivative of the gradient that would have to move them is refused
 * (AG_ERR_TRACED).
 *
 * Fits a curve by descent; compares with differences and with kernel ridge regression. Draws rkhs.svg.
 *
 * More than twice as long as the Python original, which has neither a rule for the place of an evaluation, nor rules
 * for forward mode, nor a norm, nor anything that tests its result. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { ROOM = 24, DATA = 7, GRID = 241, STEPS = 500, CURVES = 4 };

static const double LENGTH = 0.6, RIDGE = 0.05, RATE = 0.1;
static const double DATA_X[DATA] = {-2.5, -1.8, -1.1, 0.0, 0.6, 1.7, 2.4};
static const double DATA_Y[DATA] = {0.2, 1.0, 0.4, -0.9, -0.5, 0.8, 0.7};

static double kernel(double x, double z) { return exp(-(x - z) * (x - z) / (2 * LENGTH * LENGTH)); }

/* ---- the space ---- */

typedef struct space {
  double centres[ROOM];
  size_t count; /* the others have coefficients 0 */
  ag_primitive evaluate, inner;
} space;

/* The place of a centre in the list, which it joins if it is new; ROOM if there is no more room. */
static size_t place_of(space *s, double x) {
  size_t i = 0;
  while (i < s->count && s->centres[i] != x) i++;
  if (i == s->count && i < ROOM) s->centres[s->count++] = x;
  return i;
}

/* f(x), shape (n,), for coefficients args[0] and places args[1]; notes the places as centres. */
static ag_array evaluate(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  space *s = user;
  const double *f = ag_data_f64(cx, args[0]), *x = ag_data_f64(cx, args[1]);
  double values[ROOM] = {0};
  size_t n = ag_size(cx, args[1]);
  if (!f || !x) return (ag_array){0};
  for (size_t i = 0; i < n; i++)
    if (n > ROOM || place_of(s, x[i]) == ROOM) return ag_raise(cx, AG_ERR_VALUE, "rkhs: no room for more centres");
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < s->count; k++) values[i] += f[k] * kernel(x[i], s->centres[k]);
  return ag_vector(cx, values, n);
}

/* The cotangents become coefficients of the centres at the places. */
static ag_array evaluate_vjp_function(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                                      void *user) {
  (void)nargs, (void)ans;
  const double *x = ag_data_f64(cx, args[1]);
  double put[ROOM * ROOM] = {0}; /* row i: 1 at the centre of x[i] */
  size_t n = ag_size(cx, args[1]);
  for (size_t i = 0; x && i < n; i++) put[i * ROOM + place_of(user, x[i])] = 1;
  return ag_matmul(cx, g, ag_matrix(cx, put, n, ROOM));
}

/* f'(x), in the library's operations. */
static ag_array slope(ag_context *cx, const ag_array *args, const space *s) {
  ag_array apart = ag_sub(cx, ag_expand_dims(cx, args[1], 1), ag_vector(cx, s->centres, ROOM)); /* (n, ROOM) */
  ag_array bells = ag_exp(cx, ag_mul_scalar(cx, ag_square(cx, apart), -0.5 / (LENGTH * LENGTH)));
  return ag_matmul(cx, ag_mul(cx, bells, ag_mul_scalar(cx, apart, -1 / (LENGTH * LENGTH))), args[0]);
}

static ag_array evaluate_vjp_place(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                                   void *user) {
  (void)nargs, (void)ans;
  return ag_mul(cx, g, slope(cx, args, user));
}

/* Evaluation is linear in the function. */
static ag_array evaluate_jvp_function(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs,
                                      void *user) {
  (void)nargs, (void)ans;
  return ag_apply(cx, ((space *)user)->evaluate, (ag_array[]){t, args[1]}, 2);
}

/* <f, h>; its gradients are the functions themselves. */
static ag_array inner(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const space *s = user;
  const double *f = ag_data_f64(cx, args[0]), *h = ag_data_f64(cx, args[1]);
  double sum = 0;
  for (size_t i = 0; f && h && i < s->count; i++)
    for (size_t k = 0; k < s->count; k++) sum += f[i] * h[k] * kernel(s->centres[i], s->centres[k]);
  return ag_scalar(cx, sum);
}

static ag_array inner_vjp_left(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                               void *user) {
  (void)nargs, (void)user, (void)ans;
  return ag_mul(cx, g, args[1]);
}

static ag_array inner_vjp_right(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                                void *user) {
  (void)nargs, (void)user, (void)ans;
  return ag_mul(cx, g, args[0]);
}

static ag_array inner_jvp_left(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs,
                               void *user) {
  (void)nargs, (void)ans;
  return ag_apply(cx, ((space *)user)->inner, (ag_array[]){t, args[1]}, 2);
}

static ag_array inner_jvp_right(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs,
                                void *user) {
  (void)nargs, (void)ans;
  return ag_apply(cx, ((space *)user)->inner, (ag_array[]){args[0], t}, 2);
}

static void space_begin(ag_context *cx, space *s) {
  static const ag_vjp_function evaluate_vjps[] = {evaluate_vjp_function, evaluate_vjp_place};
  static const ag_jvp_function evaluate_jvps[] = {evaluate_jvp_function, evaluate_vjp_place}; /* of a place: the same */
  static const ag_vjp_function inner_vjps[] = {inner_vjp_left, inner_vjp_right};
  static const ag_jvp_function inner_jvps[] = {inner_jvp_left, inner_jvp_right};
  *s = (space){.count = 0};
  ag_primitive_def def = {.struct_size = sizeof def, .name = "evaluate", .forward = evaluate, .user = s};
  def.vjps = evaluate_vjps, def.jvps = evaluate_jvps;
  def.nvjps = def.njvps = 2;
  s->evaluate = ag_primitive_new(cx, &def);
  def.name = "inner", def.forward = inner;
  def.vjps = inner_vjps, def.jvps = inner_jvps;
  s->inner = ag_primitive_new(cx, &def);
}

/* ---- functions of functions ---- */

/* The sum of the squares of f(x) - y, and RIDGE times the square of the norm of f. */
static ag_array loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const space *s = user;
  ag_array at_data = ag_apply(cx, s->evaluate, (ag_array[]){args[0], ag_vector(cx, DATA_X, DATA)}, 2);
  ag_array misses = ag_sum(cx, ag_square(cx, ag_sub(cx, at_data, ag_vector(cx, DATA_Y, DATA))));
  ag_array square = ag_apply(cx, s->inner, (ag_array[]){args[0], args[0]}, 2);
  return ag_add(cx, misses, ag_mul_scalar(cx, square, RIDGE));
}

/* f(f(x)) */
static ag_array twice(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const space *s = user;
  ag_array once = ag_apply(cx, s->evaluate, args, 2);
  return ag_sum(cx, ag_apply(cx, s->evaluate, (ag_array[]){args[0], once}, 2));
}

/* The change of a function of f in a direction h, by differences, and as <gradient, h>. */
static void compare(ag_context *cx, const char *what, ag_function call, space *s, const ag_array *args, size_t nargs) {
  ag_array gradient = ag_grad(cx, call, s, args, nargs, 0);
  double coefficients[ROOM] = {0}, values[2];
  for (size_t i = 0; i < s->count; i++) coefficients[i] = cos(3.0 * (double)i + 1);
  ag_array h = ag_vector(cx, coefficients, ROOM);
  for (int side = 0; side < 2; side++) {
    ag_array moved[2] = {ag_add(cx, args[0], ag_mul_scalar(cx, h, side ? 1e-5 : -1e-5)), args[nargs - 1]};
    values[side] = ag_item(cx, call(cx, moved, nargs, s));
  }
  double expected = (values[1] - values[0]) / 2e-5;
  double got = ag_item(cx, ag_apply(cx, s->inner, (ag_array[]){gradient, h}, 2));
  printf("%s: <gradient, h> %.9f, difference %.9f\n", what, got, expected);
  check_close(what, got, expected, 1e-7);
  double forward = ag_item(cx, ag_jvp(cx, call, s, args, nargs, 0, h, NULL));
  check_close("the same in forward mode", forward, got, 1e-12);
}

/* Solves (K + RIDGE) c = y by elimination; the matrix is positive definite. */
static void ridge_regression(double *c) {
  double rows[DATA][DATA + 1];
  for (int i = 0; i < DATA; i++) {
    for (int j = 0; j < DATA; j++) rows[i][j] = kernel(DATA_X[i], DATA_X[j]) + (i == j ? RIDGE : 0);
    rows[i][DATA] = DATA_Y[i];
  }
  for (int i = 0; i < DATA; i++)
    for (int k = i + 1; k < DATA; k++) {
      double factor = rows[k][i] / rows[i][i];
      for (int j = i; j <= DATA; j++) rows[k][j] -= factor * rows[i][j];
    }
  for (int i = DATA - 1; i >= 0; i--) {
    c[i] = rows[i][DATA];
    for (int j = i + 1; j < DATA; j++) c[i] -= rows[i][j] * c[j];
    c[i] /= rows[i][i];
  }
}

int main(int argc, char **argv) {
  static const int shown[CURVES] = {1, 3, 10, STEPS};
  static const char *const names[CURVES] = {"after 1 step", "3 steps", "10 steps", "500 steps"};
  static double x[GRID], y[CURVES][GRID];
  options_read(argc, argv, "Fits a curve by descent in a space of functions. Writes rkhs.svg.", NULL, 0);
  ag_context *cx = ag_context_new();
  space s;
  space_begin(cx, &s);
  ag_array f = ag_zeros(cx, AG_F64, (int64_t[]){ROOM}, 1); /* zero, without centres */
  svg_series series[CURVES + 1] = {[CURVES] = {{"data", DATA_X, DATA_Y, DATA}, SVG_DOTS, 4}};
  for (int i = 0; i < GRID; i++) x[i] = -4 + 8.0 * i / (GRID - 1);

  for (int step = 1, drawn = 0; step <= STEPS && !ag_error(cx); step++) {
    ag_scope scope = ag_scope_enter(cx);
    ag_array gradient, value = ag_value_and_grad(cx, loss, &s, &f, 1, 0, &gradient);
    if (step % 100 == 1) printf("step %4d  loss %.6f  centres %zu\n", step, ag_item(cx, value), s.count);
    ag_set(cx, f, ag_sub(cx, f, ag_mul_scalar(cx, gradient, RATE)));
    if (step == shown[drawn]) {
      const double *c = ag_data_f64(cx, f);
      for (int i = 0; c && i < GRID; i++)
        for (size_t k = 0; k < s.count; k++) y[drawn][i] += c[k] * kernel(x[i], s.centres[k]);
      series[drawn] = (svg_series){{names[drawn], x, y[drawn], GRID}, SVG_LINE, drawn};
      if (drawn + 1 < CURVES) drawn++;
    }
    ag_scope_leave(cx, scope);
  }
  double expected[ROOM] = {0};
  ridge_regression(expected);
  check_array(cx, "coefficients", f, expected, ROOM, 1e-6);
  check_that("the data became centres, no others", s.count == DATA);

  /* d f(f(x)): the bell at f(x), and f'(f(x)) times the bell at x */
  const double place = 0.25;
  ag_array both[] = {f, ag_vector(cx, &place, 1)};
  ag_array half = ag_mul_scalar(cx, f, 0.5); /* at the minimum both were zero */
  compare(cx, "loss", loss, &s, &half, 1);
  ag_array gradient = ag_grad(cx, twice, &s, both, 2, 0);
  check_that("two more centres", s.count == DATA + 2);
  const double *g = ag_data_f64(cx, gradient);
  if (check_that("there is a gradient", g != NULL)) {
    ag_array once[] = {f, ag_vector(cx, &s.centres[DATA + 1], 1)};
    check_close("coefficient at x", g[DATA], ag_item(cx, slope(cx, once, &s)), 1e-12);
    check_close("coefficient at f(x)", g[DATA + 1], 1, 1e-12);
  }
  compare(cx, "f(f(x))", twice, &s, both, 2);

  /* as f moves, so does f(x), a centre of that gradient */
  ag_hvp(cx, twice, &s, both, 2, 0, f);
  check_that("moving centres are refused", ag_error(cx) == AG_ERR_TRACED);
  ag_error_clear(cx);

  out_written(svg_draw(out_path("rkhs.svg"), "Descent in a space of functions", "x", "f(x)", false, series, CURVES + 1),
              "the data, and the curve on its way to them");
  return check_finish(cx);
}
