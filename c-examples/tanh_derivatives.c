/* tanh and its first four derivatives, each the element-wise gradient of the one before; drawn as tanh.svg. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { DERIVATIVES = 4, POINTS = 281 };

static ag_array hyperbolic_tangent(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array e = ag_exp(cx, ag_mul_scalar(cx, args[0], -2.0));
  return ag_div(cx, ag_rsub_scalar(cx, e, 1.0), ag_add_scalar(cx, e, 1.0));
}

/* A function for the library is a C function and what it is to be called with. */
struct function {
  ag_function call;
  struct function *user;
};

static ag_array derivative(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  struct function *of = user;
  return ag_elementwise_grad(cx, of->call, of->user, args, nargs, 0);
}

/* The derivatives of t = tanh(x) as polynomials in t. */
static double expected(int order, double x) {
  double t = tanh(x), u = 1 - t * t;
  switch (order) {
  case 0:
    return t;
  case 1:
    return u;
  case 2:
    return -2 * t * u;
  case 3:
    return u * (6 * t * t - 2);
  default:
    return 8 * t * u * (2 - 3 * t * t);
  }
}

int main(int argc, char **argv) {
  static const char *const names[] = {"tanh x", "first derivative", "second", "third", "fourth"};
  static double x[POINTS], y[DERIVATIVES + 1][POINTS];
  options_read(argc, argv, "Draws tanh and its first four derivatives as tanh.svg.", NULL, 0);
  struct function functions[DERIVATIVES + 1] = {{hyperbolic_tangent, NULL}};
  svg_curve curves[DERIVATIVES + 1];

  ag_context *cx = ag_context_new();
  ag_array points = ag_linspace(cx, -3.5, 3.5, POINTS);
  ag_copy_to(cx, points, x, sizeof x);
  for (int order = 0; order <= DERIVATIVES; order++) {
    if (order) functions[order] = (struct function){derivative, &functions[order - 1]};
    ag_array values = functions[order].call(cx, &points, 1, functions[order].user);
    ag_copy_to(cx, values, y[order], sizeof y[order]);
    for (int i = 0; i < POINTS; i++) check_close(names[order], y[order][i], expected(order, x[i]), 1e-12);
    curves[order] = (svg_curve){names[order], x, y[order], POINTS};
  }
  out_written(svg_plot(out_path("tanh.svg"), "tanh and its derivatives", "x", "", curves, DERIVATIVES + 1), "all five");
  return check_finish(cx);
}
