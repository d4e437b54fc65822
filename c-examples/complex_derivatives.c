/* Complex derivatives. For f(x + iy) = u + iv the gradient is du/dx - i du/dy. That one convention covers three cases:
 * the usual derivative of a holomorphic function, the direction of descent (conjugated) of a real loss of complex
 * parameters, and real functions that pass through complex numbers on their way. */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

/* ---- 1: holomorphic. sin(z^2) has the derivative 2 z cos(z^2) ---- */

static ag_array sine_of_square(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sin(cx, ag_square(cx, args[0]));
}

static void holomorphic(ag_context *cx) {
  double re, im, want_re, want_im;
  ag_array z = ag_scalar_complex(cx, 0.7, -0.4);
  ag_item_complex(cx, ag_holomorphic_grad(cx, sine_of_square, NULL, &z, 1, 0), &re, &im);
  ag_array by_hand = ag_mul_scalar(cx, ag_mul(cx, z, ag_cos(cx, ag_square(cx, z))), 2.0);
  ag_item_complex(cx, by_hand, &want_re, &want_im);
  printf("holomorphic:  d/dz sin(z^2) = %.6f%+.6fi\n", re, im);
  check_close("real part", re, want_re, 1e-14);
  check_close("imaginary part", im, want_im, 1e-14);
}

/* ---- 2: a real loss of a complex parameter. |z^2 - (3 + 4i)|^2 is least at 2 + i ---- */

static ag_array distance(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array miss = ag_sub(cx, ag_square(cx, args[0]), ag_scalar_complex(cx, 3.0, 4.0));
  return ag_square(cx, ag_abs(cx, miss));
}

static void descent(ag_context *cx) {
  double re, im;
  ag_array z = ag_scalar_complex(cx, 1.0, 0.25);
  for (int i = 0; i < 200; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array gradient = ag_grad(cx, distance, NULL, &z, 1, 0);
    ag_set(cx, z, ag_sub(cx, z, ag_mul_scalar(cx, ag_conj(cx, gradient), 0.01))); /* down along the conjugate */
    ag_scope_leave(cx, step);
  }
  ag_item_complex(cx, z, &re, &im);
  printf("real loss:    a root of 3 + 4i is %.6f%+.6fi\n", re, im);
  check_close("real part of the root", re, 2.0, 1e-9);
  check_close("imaginary part of the root", im, 1.0, 1e-9);
}

/* ---- 3: real to real by way of complex numbers. The gain of a low-pass filter, |1 / (1 + iw)|, is
 * 1 / sqrt(1 + w^2), and its derivative is the real -w / (1 + w^2)^(3/2) ---- */

static ag_array gain(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array iw = ag_mul(cx, args[0], ag_scalar_complex(cx, 0.0, 1.0));
  return ag_abs(cx, ag_reciprocal(cx, ag_add_scalar(cx, iw, 1.0)));
}

static void complex_on_the_way(ag_context *cx) {
  double w = 0.8;
  ag_array frequency = ag_scalar(cx, w), slope = ag_grad(cx, gain, NULL, &frequency, 1, 0);
  printf("on the way:   the filter's gain falls by %.6f per unit of frequency\n", -ag_item(cx, slope));
  check_that("a real argument has a real gradient", ag_dtype(cx, slope) == AG_F64);
  check_close("slope of the gain", ag_item(cx, slope), -w / pow(1 + w * w, 1.5), 1e-14);
}

int main(void) {
  ag_context *cx = ag_context_new();
  holomorphic(cx);
  descent(cx);
  complex_on_the_way(cx);
  return check_finish(cx);
}
