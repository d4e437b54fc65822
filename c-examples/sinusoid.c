/* The sine and its first two derivatives, each the element-wise gradient of the one before; drawn as sinusoid.svg. A
 * derivative is a function like any other, so the second one is the derivative of the derivative. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { POINTS = 281 };

static ag_array sine(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sin(cx, args[0]);
}

static ag_array first(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_elementwise_grad(cx, sine, user, args, nargs, 0);
}

static ag_array second(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_elementwise_grad(cx, first, user, args, nargs, 0);
}

int main(int argc, char **argv) {
  static double x[POINTS], y[3][POINTS];
  static const ag_function functions[] = {sine, first, second};
  static const char *const names[] = {"sin x", "first derivative", "second derivative"};
  options_read(argc, argv, "Draws the sine and its first two derivatives as sinusoid.svg.", NULL, 0);
  svg_curve curves[3];

  ag_context *cx = ag_context_new();
  ag_array points = ag_linspace(cx, -7, 7, POINTS);
  ag_copy_to(cx, points, x, sizeof x);
  for (int order = 0; order < 3; order++) {
    ag_copy_to(cx, functions[order](cx, &points, 1, NULL), y[order], sizeof y[order]);
    for (int i = 0; i < POINTS; i++) {
      double expected = order == 0 ? sin(x[i]) : order == 1 ? cos(x[i]) : -sin(x[i]);
      check_close(names[order], y[order][i], expected, 1e-15);
    }
    curves[order] = (svg_curve){names[order], x, y[order], POINTS};
  }
  out_written(svg_plot(out_path("sinusoid.svg"), "The sine and its derivatives", "x", "", curves, 3), "all three");
  return check_finish(cx);
}
