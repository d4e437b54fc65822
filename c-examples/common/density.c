#include "density.h"
#include "picture.h"

#include <math.h>
#include <stdlib.h>

static const double LOG_SQRT_2PI = 0.918938533204672741780;

ag_array density_normal(ag_context *cx, ag_array x, ag_array mean, ag_array log_std) {
  ag_array z = ag_mul(cx, ag_sub(cx, x, mean), ag_exp(cx, ag_neg(cx, log_std)));
  ag_array exponent = ag_add_scalar(cx, ag_mul_scalar(cx, ag_square(cx, z), 0.5), LOG_SQRT_2PI);
  return ag_neg(cx, ag_add(cx, exponent, log_std));
}

ag_array density_normal_scalar(ag_context *cx, ag_array x, double mean, double std) {
  ag_array z = ag_div_scalar(cx, ag_sub_scalar(cx, x, mean), std);
  return ag_rsub_scalar(cx, ag_mul_scalar(cx, ag_square(cx, z), 0.5), -LOG_SQRT_2PI - log(std));
}

ag_array density_banana(ag_context *cx, ag_array points) {
  ag_array x = ag_index(cx, points, "..., 0"), y = ag_index(cx, points, "..., 1");
  ag_array from_ridge = ag_sub(cx, y, ag_mul_scalar(cx, ag_square(cx, x), BANANA_BEND));
  return ag_add(cx, density_normal_scalar(cx, x, 0, BANANA_STD), density_normal_scalar(cx, from_ridge, 0, 1));
}

bool density_draw(ag_context *cx, const char *path, window w, log_density exact, log_density approximation,
                  void *user) {
  static const colour ramp[] = {{{255, 255, 255}}, {{198, 219, 239}}, {{107, 174, 214}}, {{8, 81, 156}}};
  static const colour red = {{205, 75, 0}}, grey = {{150, 160, 170}};
  double per_unit = w.pixels / (w.right - w.left);
  size_t width = (size_t)w.pixels, height = (size_t)ceil((w.top - w.bottom) * per_unit), count = width * height;
  picture p;
  double *values = malloc(2 * count * sizeof *values);
  bool written = values && picture_begin(&p, width, height);
  if (written) {
    ag_scope scope = ag_scope_enter(cx);
    for (size_t i = 0; i < count; i++) {
      values[2 * i] = w.left + ((double)(i % width) + 0.5) / per_unit;
      values[2 * i + 1] = w.top - ((double)(i / width) + 0.5) / per_unit;
    }
    ag_array points = ag_matrix(cx, values, count, 2);
    ag_copy_to(cx, ag_exp(cx, exact(cx, points, user)), values, count * sizeof *values);
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, values[i]);
    picture_field(&p, 0, 0, values, height, width, 1, 0, most, ramp, sizeof ramp / sizeof *ramp);
    for (int k = 1; k <= 3; k++) picture_contour(&p, values, most * exp(-0.5 * k * k), 1, grey);
    ag_copy_to(cx, ag_exp(cx, approximation(cx, points, user)), values, count * sizeof *values);
    most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, values[i]);
    for (int k = 1; k <= 3; k++) picture_contour(&p, values, most * exp(-0.5 * k * k), 2.5, red);
    ag_scope_leave(cx, scope);
    written = picture_write(path, &p) && !ag_error(cx);
    picture_free(&p);
  }
  free(values);
  return written;
}
