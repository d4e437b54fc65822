/* The logistic regression of autograd's tutorial: data, loss and training by gradient descent. */
#include "common/check.h"

#include <stdio.h>

struct data {
  ag_array inputs;  /* (4, 3) */
  ag_array targets; /* (4,), bool */
};

/* The negative logarithm of the probability that the model gives to the labels. */
static ag_array training_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct data *data = user;
  ag_array p = ag_expit(cx, ag_dot(cx, data->inputs, args[0]));
  ag_array of_label = ag_where(cx, data->targets, p, ag_rsub_scalar(cx, p, 1.0));
  return ag_neg(cx, ag_sum(cx, ag_log(cx, of_label)));
}

int main(void) {
  static const double inputs[4][3] = {
      {0.52, 1.12, 0.77}, {0.88, -1.08, 0.15}, {0.52, 0.06, -1.30}, {0.74, -2.49, 1.39}};
  static const uint8_t targets[4] = {true, true, false, true};

  ag_context *cx = ag_context_new();
  struct data data = {ag_matrix(cx, inputs[0], 4, 3), ag_array_new(cx, AG_BOOL, (int64_t[]){4}, 1, targets)};
  ag_array weights = ag_zeros(cx, AG_F64, (int64_t[]){3}, 1);

  if (ag_check_grads(cx, training_loss, &data, &weights, 1, 2, 0) == AG_OK)
    printf("gradients agree with differences\n");
  double initial = ag_item(cx, training_loss(cx, &weights, 1, &data));
  for (int i = 0; i < 100; i++) {
    ag_scope step = ag_scope_enter(cx); /* what a step makes goes when it ends; weights only change their value */
    ag_array gradient = ag_grad(cx, training_loss, &data, &weights, 1, 0);
    ag_set(cx, weights, ag_sub(cx, weights, ag_mul_scalar(cx, gradient, 0.01)));
    ag_scope_leave(cx, step);
  }
  double trained = ag_item(cx, training_loss(cx, &weights, 1, &data));
  printf("initial loss %.6f, trained loss %.6f\nweights %s\n", initial, trained, ag_to_string(cx, weights));

  /* from autograd 1.9.1 with sigmoid(x) = (tanh(x / 2) + 1) / 2 */
  static const double expected[] = {0.4830736619199681, -0.3705721743179022, 1.0693739506125794};
  check_close("initial loss", initial, 2.772588722239781, 1e-13);
  check_close("trained loss", trained, 1.0672706757870163, 1e-13);
  check_array(cx, "weights", weights, expected, 3, 1e-13);
  return check_finish(cx);
}
