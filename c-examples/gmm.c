/* A mixture of normal distributions, fitted to a pinwheel by Newton's method in a trust region: conjugate gradients
 * solve for the step with Hessian-vector products (ag_hvp), turn to the region's border where the curvature is negative
 * (Steihaug's method), and the Hessian is never built. At the end an independent test: a step of expectation
 * maximisation, in plain C, must change nothing. Draws gmm.svg. */
#include "common/check.h"
#include "common/options.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { ARMS = 5, PER_ARM = 80, DATA = ARMS * PER_ARM, PARAMETERS = 6 * ARMS, STEPS = 200, AROUND = 61 };

static const double PI = 3.14159265358979323846;

/* ---- the model: all parameters in one vector ---- */

/* Of each component: the logarithm of its weight, up to a constant; its mean; and the matrix R, upper triangular with
 * exp(...) on its diagonal, that makes R (x - mean) standard normal. */
enum { WEIGHTS = 0, MEANS = ARMS, DIAGONALS = 3 * ARMS, CORNERS = 5 * ARMS };

/* log p(point, component), shape (points, components), of points (n, 2) */
static ag_array joint(ag_context *cx, ag_array parameters, ag_array points) {
  ag_array part[6];
  ag_split(cx, parameters, 6, 0, part); /* weights; means, across and up; diagonals, first and second; corners */
  ag_array across = ag_sub(cx, ag_index(cx, points, ":, 0:1"), part[1]);
  ag_array up = ag_sub(cx, ag_index(cx, points, ":, 1:2"), part[2]);
  ag_array z0 = ag_add(cx, ag_mul(cx, across, ag_exp(cx, part[3])), ag_mul(cx, up, part[5]));
  ag_array z1 = ag_mul(cx, up, ag_exp(cx, part[4]));
  ag_array squares = ag_add(cx, ag_square(cx, z0), ag_square(cx, z1));
  ag_array log_weight = ag_sub(cx, part[0], ag_logsumexp(cx, part[0]));
  ag_array factor = ag_sub_scalar(cx, ag_add(cx, ag_add(cx, part[3], part[4]), log_weight), log(2 * PI));
  return ag_add(cx, ag_mul_scalar(cx, squares, -0.5), factor);
}

/* The negative log-likelihood per point. */
static ag_array objective(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_neg(cx, ag_mean(cx, ag_logsumexp_axis(cx, joint(cx, args[0], args[1]), 1, false)));
}

/* ---- data: arms that bend as they go out ---- */

static void pinwheel(ag_context *cx, double points[DATA][2], uint64_t seed) {
  static double noise[DATA][2];
  ag_copy_to(cx, ag_random_normal(cx, seed, AG_F64, (int64_t[]){DATA, 2}, 2, 0, 1), noise, sizeof noise);
  for (int i = 0; i < DATA; i++) {
    double along = 2 + 0.6 * noise[i][0], beside = 0.12 * noise[i][1];
    double angle = 2 * PI * (i % ARMS) / ARMS + 0.35 * along;
    points[i][0] = along * cos(angle) - beside * sin(angle);
    points[i][1] = along * sin(angle) + beside * cos(angle);
  }
}

/* ---- Newton's method in a trust region ---- */

typedef double vector[PARAMETERS];

static double inner(const double *a, const double *b) {
  double sum = 0;
  for (int i = 0; i < PARAMETERS; i++) sum += a[i] * b[i];
  return sum;
}

/* to = a + factor * b */
static void combine(double *to, const double *a, double factor, const double *b) {
  for (int i = 0; i < PARAMETERS; i++) to[i] = a[i] + factor * b[i];
}

static double value_at(ag_context *cx, const double *x, ag_array points, double *gradient) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array args[] = {ag_vector(cx, x, PARAMETERS), points}, slope;
  double value = ag_item(cx, ag_value_and_grad(cx, objective, NULL, args, 2, 0, &slope));
  ag_copy_to(cx, slope, gradient, sizeof(vector));
  ag_scope_leave(cx, scope);
  return value;
}

static void hessian_product(ag_context *cx, const double *x, ag_array points, const double *v, double *product) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array args[] = {ag_vector(cx, x, PARAMETERS), points};
  ag_copy_to(cx, ag_hvp(cx, objective, NULL, args, 2, 0, ag_vector(cx, v, PARAMETERS)), product, sizeof(vector));
  ag_scope_leave(cx, scope);
}

/* The t > 0 for which p + t d has length `radius`. */
static double to_border(const double *p, const double *d, double radius) {
  double a = inner(d, d), b = inner(p, d), c = inner(p, p) - radius * radius;
  return (-b + sqrt(b * b - a * c)) / a;
}

/* About the smallest value of the quadratic model within the radius; returns by how much the model falls. */
static double newton_step(ag_context *cx, const double *x, ag_array points, const double *gradient, double radius,
                          double *p) {
  vector residual, direction, product, next, zero = {0};
  double norm = sqrt(inner(gradient, gradient)), enough = norm * fmin(0.5, sqrt(norm)), fall = 0;
  combine(p, zero, 0, zero);
  combine(residual, zero, -1, gradient);
  combine(direction, zero, -1, gradient);
  for (int k = 0; k < 2 * PARAMETERS && !ag_error(cx); k++) {
    hessian_product(cx, x, points, direction, product);
    double curvature = inner(direction, product), square = inner(residual, residual), length = square / curvature;
    combine(next, p, length, direction);
    bool border = !(curvature > 0) || inner(next, next) >= radius * radius;
    if (border) length = to_border(p, direction, radius);
    fall += length * inner(residual, direction) - 0.5 * length * length * curvature;
    combine(p, p, length, direction);
    if (border) break;
    combine(residual, residual, -length, product);
    double left = inner(residual, residual);
    if (sqrt(left) < enough) break;
    combine(direction, residual, left / square, direction);
  }
  return fall;
}

/* ---- the test: a step of expectation maximisation must change nothing ---- */

/* Compares weight, mean and covariance of each component with those of the points, weighted by how probably they are
 * its own. `responsibility` has shape (DATA, ARMS). */
static void check_fixed_point(const double *x, double points[DATA][2], const double *responsibility) {
  double all = 0;
  for (int k = 0; k < ARMS; k++) all += exp(x[WEIGHTS + k]);
  for (int k = 0; k < ARMS; k++) {
    double sum = 0, mean[2] = {0}, covariance[3] = {0};
    for (int i = 0; i < DATA; i++) {
      double r = responsibility[i * ARMS + k];
      sum += r, mean[0] += r * points[i][0], mean[1] += r * points[i][1];
    }
    mean[0] /= sum, mean[1] /= sum;
    for (int i = 0; i < DATA; i++) {
      double r = responsibility[i * ARMS + k] / sum, dx = points[i][0] - mean[0], dy = points[i][1] - mean[1];
      covariance[0] += r * dx * dx, covariance[1] += r * dx * dy, covariance[2] += r * dy * dy;
    }
    /* R S R^T must be the identity: R = (a o; 0 b) */
    double a = exp(x[DIAGONALS + k]), b = exp(x[DIAGONALS + ARMS + k]), o = x[CORNERS + k];
    check_close("weight", exp(x[WEIGHTS + k]) / all, sum / DATA, 1e-6);
    check_close("mean, across", x[MEANS + k], mean[0], 1e-6);
    check_close("mean, up", x[MEANS + ARMS + k], mean[1], 1e-6);
    check_close("covariance", a * a * covariance[0] + 2 * a * o * covariance[1] + o * o * covariance[2], 1, 1e-6);
    check_close("covariance, aside", b * (a * covariance[1] + o * covariance[2]), 0, 1e-6);
    check_close("covariance, up", b * b * covariance[2], 1, 1e-6);
  }
}

static void draw(const char *path, const double *x, double points[DATA][2], const double *responsibility) {
  static double px[ARMS][DATA], py[ARMS][DATA], ex[ARMS][AROUND], ey[ARMS][AROUND];
  svg_series series[2 * ARMS];
  for (int k = 0; k < ARMS; k++) {
    size_t n = 0;
    for (int i = 0; i < DATA; i++) {
      int best = 0;
      for (int j = 1; j < ARMS; j++)
        if (responsibility[i * ARMS + j] > responsibility[i * ARMS + best]) best = j;
      if (best == k) px[k][n] = points[i][0], py[k][n++] = points[i][1];
    }
    for (int i = 0; i < AROUND; i++) { /* two standard deviations around: R (x - mean) on a circle of radius 2 */
      double angle = 2 * PI * i / (AROUND - 1), up = 2 * sin(angle) / exp(x[DIAGONALS + ARMS + k]);
      ex[k][i] = x[MEANS + k] + (2 * cos(angle) - x[CORNERS + k] * up) / exp(x[DIAGONALS + k]);
      ey[k][i] = x[MEANS + ARMS + k] + up;
    }
    series[k] = (svg_series){{NULL, px[k], py[k], n}, SVG_DOTS, k};
    series[ARMS + k] = (svg_series){{NULL, ex[k], ey[k], AROUND}, SVG_LINE, k};
  }
  if (check_that("the picture can be written",
                 svg_draw(path, "Five normal distributions, two deviations around", "", "", true, series, 2 * ARMS)))
    printf("%s\n", path);
}

static const char HELP[] =
    "usage: gmm [--steps N] [--seed N] [FILE]\n"
    "\n"
    "Fits a mixture of normal distributions to a pinwheel and draws it as FILE (gmm.svg).\n"
    "\n"
    "  --steps N   of Newton's method, at most (200); with fewer, no success is expected\n"
    "  --seed N    of the points (0)\n";

int main(int argc, char **argv) {
  static double points[DATA][2];
  int steps = STEPS, seed = 0;
  const char *path = "gmm.svg";
  const option options[] = {{"--steps", &steps, 1, 1 << 30}, {"--seed", &seed, 0, 1 << 30}};
  int status = options_read(argc, argv, HELP, options, 2, &path);
  if (status >= 0) return status;

  ag_context *cx = ag_context_new();
  pinwheel(cx, points, (uint64_t)seed);
  ag_array data = ag_matrix(cx, points[0], DATA, 2);
  vector x = {0}, gradient, p, next, next_gradient; /* five circles, near each other */
  for (int k = 0; k < ARMS; k++) {
    x[MEANS + k] = 0.5 * cos(2 * PI * k / ARMS);
    x[MEANS + ARMS + k] = 0.5 * sin(2 * PI * k / ARMS);
  }
  double value = value_at(cx, x, data, gradient), first = value, radius = 1, size = INFINITY;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    size = sqrt(inner(gradient, gradient));
    if (i % 10 == 0) printf("step %3d  value %.6f  gradient %.2e  radius %.3f\n", i, value, size, radius);
    if (size < 1e-9) break;
    double promised = newton_step(cx, x, data, gradient, radius, p);
    combine(next, x, 1, p);
    double now = value_at(cx, next, data, next_gradient);
    /* near the minimum the values differ by rounding only: there the gradients decide */
    bool rounding = promised < 1e-12 && inner(next_gradient, next_gradient) < inner(gradient, gradient);
    double kept = rounding ? 1 : (value - now) / promised;
    if (!(kept > 0.25)) radius = 0.25 * sqrt(inner(p, p));
    else if (kept > 0.75 && inner(p, p) > 0.8 * radius * radius) radius *= 2;
    if (!(kept > 0.05)) continue;
    value = now;
    combine(x, next, 0, next);
    combine(gradient, next_gradient, 0, next);
  }
  printf("at the end %.9f, gradient %.2e\n", value, size);
  check_that("the objective falls", value < first);

  ag_array log_joint = joint(cx, ag_vector(cx, x, PARAMETERS), data);
  ag_array responsibility = ag_exp(cx, ag_sub(cx, log_joint, ag_logsumexp_axis(cx, log_joint, 1, true)));
  const double *r = ag_data_f64(cx, responsibility);
  if (check_that("there are responsibilities", r != NULL)) {
    if (steps >= STEPS) {
      check_that("converged", size < 1e-9);
      check_fixed_point(x, points, r);
    }
    draw(path, x, points, r);
  }
  return check_finish(cx);
}
