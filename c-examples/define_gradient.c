/* A function of one's own with its gradient: the logsumexp of autograd's tutorial, registered as a primitive. */
#include "common/check.h"

#include <stdio.h>

/* log(sum(exp(x))) without overflow. What happens in here is not recorded: the rules below stand for it. */
static ag_array logsumexp(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array largest = ag_max(cx, args[0]);
  return ag_add(cx, largest, ag_log(cx, ag_sum(cx, ag_exp(cx, ag_sub(cx, args[0], largest)))));
}

/* Reverse mode: from the cotangent g of the result to that of x. The rule is written in the library's own
 * operations and uses `ans`, the result, as the tracked value it is: so it can be differentiated in its turn. */
static ag_array logsumexp_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  (void)nargs, (void)user;
  return ag_mul(cx, g, ag_exp(cx, ag_sub(cx, args[0], ans)));
}

/* Forward mode: from the tangent of x to that of the result. Without this rule it would be derived from the other. */
static ag_array logsumexp_jvp(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_mul(cx, t, ag_exp(cx, ag_sub(cx, args[0], ans))));
}

/* logsumexp(y ** 2), with the new primitive among the built-in operations; `user` is the primitive's handle. */
static ag_array example(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array z = ag_square(cx, args[0]);
  return ag_apply(cx, *(ag_primitive *)user, &z, 1);
}

int main(void) {
  static const double y0[] = {0.1, -0.4, 1.3, 0.7, -1.1};
  ag_context *cx = ag_context_new();
  const ag_vjp_function vjps[] = {logsumexp_vjp};
  const ag_jvp_function jvps[] = {logsumexp_jvp};
  ag_primitive_def def = {.struct_size = sizeof def, .name = "logsumexp", .forward = logsumexp};
  def.vjps = vjps, def.nvjps = 1;
  def.jvps = jvps, def.njvps = 1;
  ag_primitive primitive = ag_primitive_new(cx, &def);

  ag_array y = ag_vector(cx, y0, 5), gradient;
  ag_array value = ag_value_and_grad(cx, example, &primitive, &y, 1, 0, &gradient);
  printf("value %.6f, gradient %s\n", ag_item(cx, value), ag_to_string(cx, gradient));

  /* both modes, and the derivatives of the derivatives: order 3 */
  if (ag_check_grads(cx, example, &primitive, &y, 1, 3, AG_REVERSE | AG_FORWARD) == AG_OK)
    printf("gradients to order 3 agree with differences, reverse and forward\n");

  /* from autograd 1.9.1 */
  static const double expected[] = {0.016046751840769986, -0.07457466309267874, 1.1192966870326275, 0.18152921421747042,
                                    -0.5860480157564373};
  check_close("value", ag_item(cx, value), 2.532810914975225, 1e-14);
  check_array(cx, "gradient", gradient, expected, 5, 1e-14);
  return check_finish(cx);
}
