#include "adam.h"

#include <math.h>

void adam_begin(ag_context *cx, adam *a, const ag_array *parameters, size_t count) {
  a->count = count < ADAM_MOST ? count : ADAM_MOST;
  a->steps = 0;
  for (size_t k = 0; k < a->count; k++) {
    a->mean[k] = ag_zeros_like(cx, parameters[k]);
    a->square[k] = ag_zeros_like(cx, parameters[k]);
  }
}

void adam_step(ag_context *cx, adam *a, const ag_array *parameters, const ag_array *gradients, double step_size) {
  static const double b1 = 0.9, b2 = 0.999, epsilon = 1e-8;
  a->steps++;
  double mean_bias = 1 - pow(b1, a->steps), square_bias = 1 - pow(b2, a->steps);
  for (size_t k = 0; k < a->count; k++) {
    ag_array g = gradients[k], m = a->mean[k], v = a->square[k];
    ag_set(cx, m, ag_add(cx, ag_mul_scalar(cx, m, b1), ag_mul_scalar(cx, g, 1 - b1)));
    ag_set(cx, v, ag_add(cx, ag_mul_scalar(cx, v, b2), ag_mul_scalar(cx, ag_square(cx, g), 1 - b2)));
    ag_array scale = ag_add_scalar(cx, ag_sqrt(cx, ag_div_scalar(cx, v, square_bias)), epsilon);
    ag_array step = ag_mul_scalar(cx, ag_div(cx, m, scale), step_size / mean_bias);
    ag_set(cx, parameters[k], ag_sub(cx, parameters[k], step));
  }
}
