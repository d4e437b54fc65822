/* The sine by its Taylor series: ordinary C, whose loop ends when the terms are small enough, and its derivatives. */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

static ag_array taylor_sine(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0], term = x, sum = x;
  for (int i = 0; fabs(ag_item(cx, term)) > 0.001; i++) {
    double denominator = (2 * i + 3) * (2 * i + 2);
    term = ag_div_scalar(cx, ag_neg(cx, ag_mul(cx, term, ag_square(cx, x))), denominator);
    sum = ag_add(cx, sum, term);
  }
  return sum;
}

/* Gradients nest: this is an ordinary function of x as well. */
static ag_array derivative(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  return ag_grad(cx, taylor_sine, NULL, args, nargs, 0);
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array x = ag_scalar(cx, acos(-1.0));

  double value = ag_item(cx, taylor_sine(cx, &x, 1, NULL));
  double first = ag_item(cx, ag_grad(cx, taylor_sine, NULL, &x, 1, 0));
  double second = ag_item(cx, ag_grad(cx, derivative, NULL, &x, 1, 0));
  printf("at pi: sin = %.6f, sin' = %.6f, sin'' = %.6f\n", value, first, second);

  /* the same series in autograd 1.9.1: near 0, -1 and 0, and as far from them as its seven terms are */
  check_close("sin(pi)", value, 2.1142567558314672e-05, 1e-14);
  check_close("sin'(pi)", first, -0.9998995297042174, 1e-14);
  check_close("sin''(pi)", second, 0.0004451602382100628, 1e-14);
  return check_finish(cx);
}
