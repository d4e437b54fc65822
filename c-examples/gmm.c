/* A mixture of normal distributions, fitted to a pinwheel by Newton's method with conjugate gradients and exact
 * products with the Hessian (ag_tree_minimize_newton_cg), which is never built. The parameters are a dict; products
 * over the axes of points, components and coordinates are written with einsum. At the end an independent test: a step
 * of expectation maximisation must change nothing. Draws gmm.svg. See --help. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { ARMS = 5, PER_ARM = 80, DATA = ARMS * PER_ARM, STEPS = 200, AROUND = 61 };

static const double PI = 3.14159265358979323846;

/* ---- the model: {"log proportions": (k,), "means": (k, 2), "roots": (k, 2, 2)} ---- */

static ag_array einsum(ag_context *cx, const char *subscripts, ag_array a, ag_array b) {
  return ag_einsum(cx, subscripts, (ag_array[]){a, b}, 2);
}

/* The matrices R that make R (x - mean) standard normal: upper triangles, with exp(...) on their diagonals. */
static ag_array roots(ag_context *cx, ag_tree params) {
  ag_array free = ag_tree_array_at(cx, params, "roots");
  return ag_add(cx, ag_triu(cx, free, 1), ag_mul(cx, ag_exp(cx, free), ag_eye(cx, AG_F64, 2, 2, 0)));
}

/* x - mean, of each point from each component: (n, k, 2) */
static ag_array centred(ag_context *cx, ag_tree params, ag_array points) {
  return ag_sub(cx, ag_expand_dims(cx, points, 1), ag_tree_array_at(cx, params, "means"));
}

static ag_array log_weights(ag_context *cx, ag_tree params) {
  ag_array free = ag_tree_array_at(cx, params, "log proportions");
  return ag_sub(cx, free, ag_logsumexp(cx, free));
}

/* log p(point, component), shape (n, k), of points (n, 2) */
static ag_array joint(ag_context *cx, ag_tree params, ag_array points) {
  ag_array z = einsum(cx, "kij,nkj->nki", roots(cx, params), centred(cx, params, points));
  ag_array squares = einsum(cx, "nki,nki->nk", z, z), free = ag_tree_array_at(cx, params, "roots");
  ag_array factor = ag_add(cx, ag_einsum(cx, "kii->k", &free, 1), log_weights(cx, params));
  return ag_add(cx, ag_mul_scalar(cx, squares, -0.5), ag_sub_scalar(cx, factor, log(2 * PI)));
}

/* The negative log-likelihood per point; `user` are the points. */
static ag_tree objective(ag_context *cx, const ag_tree *params, size_t nargs, void *user) {
  (void)nargs;
  ag_array log_p = ag_logsumexp_axis(cx, joint(cx, *params, *(const ag_array *)user), 1, false);
  return ag_tree_leaf(cx, ag_neg(cx, ag_mean(cx, log_p)));
}

/* Circles, near each other. */
static ag_tree init_params(ag_context *cx) {
  static const char *const keys[] = {"log proportions", "means", "roots"};
  double means[ARMS][2];
  for (int k = 0; k < ARMS; k++) means[k][0] = 0.5 * cos(2 * PI * k / ARMS), means[k][1] = 0.5 * sin(2 * PI * k / ARMS);
  const int64_t shape[] = {ARMS, 2, 2};
  ag_array arrays[] = {ag_zeros(cx, AG_F64, shape, 1), ag_matrix(cx, means[0], ARMS, 2),
                       ag_zeros(cx, AG_F64, shape, 3)};
  return ag_tree_dict_of(cx, keys, arrays, 3);
}

/* Arms that bend as they go out. */
static ag_array pinwheel(ag_context *cx, uint64_t seed) {
  static double points[DATA][2];
  ag_copy_to(cx, ag_random_normal(cx, seed, AG_F64, (int64_t[]){DATA, 2}, 2, 0, 1), points, sizeof points);
  for (int i = 0; i < DATA; i++) {
    double along = 2 + 0.6 * points[i][0], beside = 0.12 * points[i][1];
    double angle = 2 * PI * (i % ARMS) / ARMS + 0.35 * along;
    points[i][0] = along * cos(angle) - beside * sin(angle);
    points[i][1] = along * sin(angle) + beside * cos(angle);
  }
  return ag_matrix(cx, points[0], DATA, 2);
}

static int32_t show(ag_context *cx, const ag_iteration *now, void *user) {
  (void)cx;
  progress("step", (int)now->iteration, *(const int *)user, "value %.6f, gradient %.2e", now->value,
           now->gradient_norm);
  return 0;
}

/* ---- the test: a step of expectation maximisation must change nothing ---- */

/* Weight, mean and covariance of each component are those of the points, weighted by how probably they are its own. */
static void check_fixed_point(ag_context *cx, ag_tree params, ag_array points, ag_array responsibility) {
  ag_array sums = ag_sum_axis(cx, responsibility, 0, false), apart = centred(cx, params, points);
  ag_array shares = ag_div(cx, responsibility, sums), r = roots(cx, params);
  ag_array covariances = ag_einsum(cx, "nk,nki,nkj->kij", (ag_array[]){shares, apart, apart}, 3);
  ag_array whitened = ag_einsum(cx, "kab,kbc,kdc->kad", (ag_array[]){r, covariances, r}, 3);
  ag_array weights = ag_div_scalar(cx, sums, DATA), means = einsum(cx, "nk,ni->ki", shares, points);
  check_that("weights", ag_allclose(cx, ag_exp(cx, log_weights(cx, params)), weights, 1e-6, 1e-6, false));
  check_that("means", ag_allclose(cx, ag_tree_array_at(cx, params, "means"), means, 1e-6, 1e-6, false));
  check_that("covariances", ag_allclose(cx, whitened, ag_eye(cx, AG_F64, 2, 2, 0), 1e-6, 1e-6, false));
}

/* The points by their most probable component, and two standard deviations around: R (x - mean) on a circle of
 * radius 2. */
static void draw(ag_context *cx, ag_tree params, ag_array points, ag_array responsibility) {
  static double x[ARMS][DATA], y[ARMS][DATA], around_x[ARMS][AROUND], around_y[ARMS][AROUND];
  svg_series series[2 * ARMS];
  const int64_t *best = ag_data(cx, ag_argmax_axis(cx, responsibility, 1, false));
  const double *p = ag_data_f64(cx, points), *mean = ag_data_f64(cx, ag_tree_array_at(cx, params, "means"));
  const double *r = ag_data_f64(cx, roots(cx, params));
  if (!best || !p || !mean || !r) return;
  for (int k = 0; k < ARMS; k++, mean += 2, r += 4) {
    size_t n = 0;
    for (int i = 0; i < DATA; i++)
      if (best[i] == k) x[k][n] = p[2 * i], y[k][n++] = p[2 * i + 1];
    for (int i = 0; i < AROUND; i++) {
      double angle = 2 * PI * i / (AROUND - 1), up = 2 * sin(angle) / r[3];
      around_x[k][i] = mean[0] + (2 * cos(angle) - r[1] * up) / r[0];
      around_y[k][i] = mean[1] + up;
    }
    series[k] = (svg_series){{NULL, x[k], y[k], n}, SVG_DOTS, k};
    series[ARMS + k] = (svg_series){{NULL, around_x[k], around_y[k], AROUND}, SVG_LINE, k};
  }
  const char *title = "Five normal distributions, two deviations around";
  out_written(svg_draw(out_path("gmm.svg"), title, "", "", true, series, 2 * ARMS),
              "the points and their distributions");
}

int main(int argc, char **argv) {
  int steps = STEPS, seed = 0;
  const option options[] = {NUMBER("--steps", &steps, 1, 1 << 30, "of Newton's method at most; fewer need not succeed"),
                            NUMBER("--seed", &seed, 0, 1 << 30, "of the points")};
  options_read(argc, argv, "Fits a mixture of normal distributions to a pinwheel. Writes gmm.svg.", options,
               COUNT(options));

  ag_context *cx = ag_context_new();
  ag_array points = pinwheel(cx, (uint64_t)seed);
  ag_tree first = init_params(cx);
  ag_minimize_options o = {.struct_size = sizeof o, .max_iterations = (size_t)steps, .gtol = 1e-7, .xtol = -1};
  ag_minimize_result result = {.struct_size = sizeof result};
  o.callback = show, o.callback_user = &steps;
  ag_tree params = ag_tree_minimize_newton_cg(cx, objective, &points, first, &o, &result);
  printf("%s after %zu steps with %zu products: %.9f, gradient %.2e\n", result.message, result.iterations,
         result.products, result.value, result.gradient_norm);
  double before = ag_item(cx, ag_tree_array(cx, objective(cx, &first, 1, &points)));
  check_that("the objective falls", result.value < before);

  ag_array log_joint = joint(cx, params, points);
  ag_array responsibility = ag_exp(cx, ag_sub(cx, log_joint, ag_logsumexp_axis(cx, log_joint, 1, true)));
  if (steps >= STEPS) {
    check_that("converged", result.status == AG_STOP_GRADIENT);
    check_fixed_point(cx, params, points, responsibility);
  }
  draw(cx, params, points, responsibility);
  return check_finish(cx);
}
