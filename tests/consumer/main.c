/* What somebody else's program looks like: one header, one library. */
#include <autograd.h>
#include <math.h>
#include <stdio.h>

static ag_array f(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_mul(cx, args[0], ag_exp(cx, args[0])));
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array x = ag_scalar(cx, 1.0);
  double slope = ag_item(cx, ag_grad(cx, f, NULL, &x, 1, 0));
  printf("libautograd %s: d/dx x exp(x) = %.12f at 1\n", ag_version(), slope);
  int right = ag_error(cx) == AG_OK && fabs(slope - 2 * exp(1.0)) < 1e-12;
  ag_context_free(cx);
  return right ? 0 : 1;
}
