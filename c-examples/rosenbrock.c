/* Down Rosenbrock's valley with L-BFGS (ag_minimize_lbfgs). conjugate_gradients.c goes the same way by hand, and draws
 * it. */
#include "common/check.h"

#include <stdio.h>

/* (1 - x)^2 + 100 (y - x^2)^2 */
static ag_array rosenbrock(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = ag_index(cx, args[0], "0"), y = ag_index(cx, args[0], "1");
  ag_array slope = ag_square(cx, ag_rsub_scalar(cx, x, 1));
  return ag_add(cx, slope, ag_mul_scalar(cx, ag_square(cx, ag_sub(cx, y, ag_square(cx, x))), 100));
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_minimize_options options = {.struct_size = sizeof options, .gtol = 1e-9, .ftol = -1};
  ag_minimize_result result = {.struct_size = sizeof result};
  ag_array start = ag_vector(cx, (double[]){-1.2, 1}, 2);
  ag_array x = ag_minimize_lbfgs(cx, rosenbrock, NULL, start, (ag_array){0}, (ag_array){0}, &options, &result);
  printf("%s after %zu steps and %zu gradients: value %.3e at %s\n", result.message, result.iterations,
         result.evaluations, result.value, ag_to_string(cx, x));
  check_that("the gradient is as small as wanted", result.status == AG_STOP_GRADIENT);
  check_array(cx, "minimizer", x, (double[]){1, 1}, 2, 1e-9);
  return check_finish(cx);
}
