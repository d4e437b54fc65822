/* A minimizer written by hand, for those who need another one than the library has (rosenbrock.c calls that): nonlinear
 * conjugate gradients (Polak and Ribiere's, never negative) down Rosenbrock's valley, with a line search that narrows
 * an interval until both of Wolfe's conditions hold. Each look is one call of ag_value_and_grad. Draws the way on top
 * of lines of equal height as conjugate_gradients.svg. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { MOST_STEPS = 500, HEIGHTS = 7, AROUND = 2001 };

/* (1 - x)^2 + 100 (y - x^2)^2 */
static ag_array rosenbrock(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = ag_index(cx, args[0], "0"), y = ag_index(cx, args[0], "1");
  ag_array slope = ag_square(cx, ag_rsub_scalar(cx, x, 1));
  ag_array valley = ag_square(cx, ag_sub(cx, y, ag_square(cx, x)));
  return ag_add(cx, slope, ag_mul_scalar(cx, valley, 100));
}

typedef struct place {
  double x[2], value, gradient[2];
} place;

static double inner(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1]; }

/* The place at from + length * direction, with value and gradient. */
static place look(ag_context *cx, const double *from, double length, const double *direction) {
  place at;
  ag_scope scope = ag_scope_enter(cx);
  for (int k = 0; k < 2; k++) at.x[k] = from[k] + length * direction[k];
  ag_array x = ag_vector(cx, at.x, 2), gradient;
  at.value = ag_item(cx, ag_value_and_grad(cx, rosenbrock, NULL, &x, 1, 0, &gradient));
  ag_copy_to(cx, gradient, at.gradient, sizeof at.gradient);
  ag_scope_leave(cx, scope);
  return at;
}

/* Too long if the value has not fallen enough, or rises again; too short if it still falls nearly as steeply as at the
 * beginning. Between two such lengths the next guess is where a straight line through the two slopes is zero. */
static place line_search(ag_context *cx, place from, const double *direction, double *length, int *looks) {
  double first = inner(from.gradient, direction), low = 0, low_slope = first, high = INFINITY, high_slope = 0;
  place at = from;
  for (int i = 0; i < 60 && !ag_error(cx); i++) {
    at = look(cx, from.x, *length, direction);
    ++*looks;
    double slope = inner(at.gradient, direction);
    if (!(at.value <= from.value + 1e-4 * *length * first) || slope > -0.1 * first) high = *length, high_slope = slope;
    else if (slope < 0.1 * first) low = *length, low_slope = slope;
    else break;
    double share = high_slope > 0 ? low_slope / (low_slope - high_slope) : 0.5;
    *length = isfinite(high) ? low + (high - low) * fmin(fmax(share, 0.1), 0.9) : 4 * *length;
  }
  return at;
}

/* f = c means 1 - x = -sqrt(c) cos t and y - x^2 = sqrt(c) / 10 sin t for some t. */
static void contour(double height, double *x, double *y) {
  for (int i = 0; i < AROUND; i++) {
    double t = 2 * acos(-1.0) * i / (AROUND - 1);
    x[i] = 1 + sqrt(height) * cos(t);
    y[i] = x[i] * x[i] + sqrt(height) / 10 * sin(t);
    if (fabs(x[i]) > 2 || y[i] > 3 || y[i] < -1) x[i] = NAN;
  }
}

int main(int argc, char **argv) {
  static const double heights[HEIGHTS] = {0.05, 0.25, 1, 3, 10, 40, 150};
  static double ways[2][MOST_STEPS + 1], lines_x[HEIGHTS][AROUND], lines_y[HEIGHTS][AROUND];
  options_read(argc, argv, "Goes down Rosenbrock's valley by conjugate gradients. Writes conjugate_gradients.svg.",
               NULL, 0);
  ag_context *cx = ag_context_new();

  place at = look(cx, (double[]){-1.2, 1}, 0, (double[]){0, 0});
  double direction[2] = {-at.gradient[0], -at.gradient[1]}, length = 0.001;
  int steps = 0, looks = 1;
  while (steps < MOST_STEPS && sqrt(inner(at.gradient, at.gradient)) > 1e-9 && !ag_error(cx)) {
    ways[0][steps] = at.x[0], ways[1][steps] = at.x[1];
    if (steps++ % 5 == 0) printf("step %3d  value %.3e at (%.6f, %.6f)\n", steps - 1, at.value, at.x[0], at.x[1]);
    place next = line_search(cx, at, direction, &length, &looks);
    check_that("the value falls", next.value < at.value);
    double beta =
        (inner(next.gradient, next.gradient) - inner(next.gradient, at.gradient)) / inner(at.gradient, at.gradient);
    double before = inner(at.gradient, direction);
    for (int k = 0; k < 2; k++) direction[k] = fmax(beta, 0) * direction[k] - next.gradient[k];
    at = next;
    if (inner(at.gradient, direction) >= 0) /* not downhill: begin anew */
      for (int k = 0; k < 2; k++) direction[k] = -at.gradient[k];
    length *= before / inner(at.gradient, direction); /* as if the value fell as much as in the step before */
  }
  ways[0][steps] = at.x[0], ways[1][steps] = at.x[1];
  printf("after %d steps and %d gradients: value %.3e at (%.9f, %.9f)\n", steps, looks, at.value, at.x[0], at.x[1]);
  check_close("x", at.x[0], 1, 1e-7);
  check_close("y", at.x[1], 1, 1e-7);

  svg_series series[HEIGHTS + 2];
  for (int i = 0; i < HEIGHTS; i++) {
    contour(heights[i], lines_x[i], lines_y[i]);
    const char *name = i ? NULL : "equal heights";
    series[i] = (svg_series){{name, lines_x[i], lines_y[i], AROUND}, SVG_THIN, SVG_GREY};
  }
  series[HEIGHTS] = (svg_series){{NULL, ways[0], ways[1], (size_t)steps + 1}, SVG_LINE, 0};
  series[HEIGHTS + 1] = (svg_series){{"steps", ways[0], ways[1], (size_t)steps + 1}, SVG_DOTS, 0};
  out_written(
      svg_draw(out_path("conjugate_gradients.svg"), "Down Rosenbrock's valley", "x", "y", false, series, HEIGHTS + 2),
      "the way down");
  return check_finish(cx);
}
