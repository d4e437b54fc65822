/* The square root as the fixed point of Newton's iteration, and its derivatives by the implicit function theorem: they
 * need neither the iterations nor memory for them, and so may be taken again. */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

/* (x + a / x) / 2 with args x, a */
static ag_array newton_step(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul_scalar(cx, ag_add(cx, args[0], ag_div(cx, args[1], args[0])), 0.5);
}

static ag_array square_root(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  const ag_array all[] = {ag_scalar(cx, 1.0), args[0]};
  return ag_fixed_point(cx, newton_step, NULL, NULL, all, 2, NULL);
}

static ag_array slope(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  return ag_grad(cx, square_root, NULL, args, nargs, 0);
}

static ag_array curvature(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  return ag_grad(cx, slope, NULL, args, nargs, 0);
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array two = ag_scalar(cx, 2.0);
  double root = ag_item(cx, square_root(cx, &two, 1, NULL)), first = ag_item(cx, slope(cx, &two, 1, NULL));
  double second = ag_item(cx, curvature(cx, &two, 1, NULL)),
         third = ag_item(cx, ag_grad(cx, curvature, NULL, &two, 1, 0));
  printf("sqrt(2) = %.15f, its derivatives %.15f, %.15f, %.15f\n", root, first, second, third);
  check_close("square root", root, sqrt(2), 1e-12);
  check_close("first derivative", first, 0.5 / sqrt(2), 1e-11);
  check_close("second derivative", second, -0.25 / pow(2, 1.5), 1e-10);
  check_close("third derivative", third, 0.375 / pow(2, 2.5), 1e-9);
  return check_finish(cx);
}
