/* Complex derivatives. For f(x + iy) = u + iv the gradient is du/dx - i du/dy; a real argument has a real gradient. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_array modulus_squared(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_square(cx, ag_abs(cx, args[0])));
}

static ag_array modulus(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_abs(cx, args[0]));
}

static ag_array phase(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_angle(cx, args[0]));
}

static ag_array real_part(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_real(cx, args[0]));
}

static ag_array imaginary_part(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_imag(cx, args[0]));
}

static ag_array exp_of_square(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_exp(cx, ag_square(cx, args[0]));
}

static ag_array conjugate(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_conj(cx, args[0]);
}

/* Re(exp(i x)), which is cos x */
static ag_array cosine_by_exp(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_real(cx, ag_exp(cx, ag_mul(cx, args[0], ag_scalar_complex(cx, 0.0, 1.0)))));
}

/* |A z - b|^2, the least squares of a complex system */
struct system {
  ag_array a, b;
};

static ag_array residual(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct system *s = (const struct system *)user;
  return ag_sum(cx, ag_square(cx, ag_abs(cx, ag_sub(cx, ag_dot(cx, s->a, args[0]), s->b))));
}

static void the_convention(ag_context *cx) {
  ag_array z = array_of(cx, AG_C128, "2", "3 4  -1 0.5");
  CHECK_ARRAY(cx, ag_grad(cx, modulus_squared, NULL, &z, 1, 0), "2", "6 -8  -2 -1");
  CHECK_ARRAY(cx, ag_grad(cx, real_part, NULL, &z, 1, 0), "2", "1 0  1 0");
  CHECK_ARRAY(cx, ag_grad(cx, imaginary_part, NULL, &z, 1, 0), "2", "0 -1  0 -1");
  ag_array w = array_of(cx, AG_C128, "", "3 4");
  CHECK_ARRAY(cx, ag_grad(cx, modulus, NULL, &w, 1, 0), "", "0.6 -0.8");
  /* atan2(y, x): -y / r^2 - i x / r^2 */
  CHECK_ARRAY(cx, ag_grad(cx, phase, NULL, &w, 1, 0), "", "-0.16 -0.12");
}

static void holomorphic(ag_context *cx) {
  ag_array z = array_of(cx, AG_C128, "2", "0.3 0.4  -0.1 0.2");
  ag_array want = ag_mul(cx, ag_mul_scalar(cx, z, 2.0), ag_exp(cx, ag_square(cx, z)));
  /* element by element: the pullback of ones */
  ag_array y;
  ag_tape pullback = ag_make_vjp(cx, exp_of_square, NULL, &z, 1, 0, &y);
  ag_array miss = ag_abs(cx, ag_sub(cx, ag_vjp(cx, pullback, ag_ones_like(cx, y)), want));
  CHECK_ARRAY(cx, miss, "2", "0 0");
  ag_tape_end(cx, pullback);
  ag_array w = array_of(cx, AG_C128, "", "0.3 0.4"), value;
  CHECK_ARRAY(cx, ag_holomorphic_grad(cx, exp_of_square, NULL, &w, 1, 0), "", "0.36609574699033687 0.8575150957472369");
  /* forward mode agrees: a tangent is multiplied by the derivative */
  ag_array tangent = ag_jvp(cx, exp_of_square, NULL, &w, 1, 0, array_of(cx, AG_C128, "", "0 1"), &value);
  CHECK_ARRAY(cx, tangent, "", "-0.8575150957472369 0.36609574699033687");
  CHECK_ARRAY(cx, ag_jvp(cx, conjugate, NULL, &w, 1, 0, array_of(cx, AG_C128, "", "2 3"), &value), "", "2 -3");
}

static void real_through_complex(ag_context *cx) {
  ag_array x = vector_of(cx, "0.5 -2");
  ag_array gradient = ag_grad(cx, cosine_by_exp, NULL, &x, 1, 0);
  CHECK(ag_dtype(cx, gradient) == AG_F64);
  CHECK_ARRAY(cx, gradient, "2", "-0.47942553860420301 0.90929742682568171");
  ag_array single = ag_astype(cx, x, AG_F32);
  CHECK(ag_dtype(cx, ag_grad(cx, cosine_by_exp, NULL, &single, 1, 0)) == AG_F32);
}

/* Steps along the conjugate of the gradient lead down. */
static void descent(ag_context *cx) {
  struct system s;
  s.a = array_of(cx, AG_C128, "2,2", "2 0 0 1  0 -1 1 1");
  s.b = array_of(cx, AG_C128, "2", "1 2  3 -1");
  ag_array z = ag_zeros(cx, AG_C128, ag_shape(cx, s.b), 1);
  CHECK(ag_check_grads(cx, residual, &s, &z, 1, 2, 0) == AG_OK);
  for (int i = 0; i < 2000; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array g = ag_grad(cx, residual, &s, &z, 1, 0);
    ag_set(cx, z, ag_sub(cx, z, ag_mul_scalar(cx, ag_conj(cx, g), 0.05)));
    ag_scope_leave(cx, step);
  }
  ag_array miss = ag_abs(cx, ag_sub(cx, ag_dot(cx, s.a, z), s.b));
  CHECK_ARRAY_TO(cx, miss, "2", "0 0", 1e-9);
}

static void differences_agree(ag_context *cx) {
  static const ag_function functions[] = {modulus_squared, modulus, phase, real_part, exp_of_square, conjugate};
  ag_array z = array_of(cx, AG_C128, "3", "0.3 0.4  -1 0.2  0.5 -0.7");
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    CHECK(ag_check_grads(cx, functions[i], NULL, &z, 1, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
}

static void single_precision_stays(ag_context *cx) {
  ag_array z = array_of(cx, AG_C64, "2", "3 4  -1 0.5");
  ag_array gradient = ag_grad(cx, modulus_squared, NULL, &z, 1, 0);
  CHECK(ag_dtype(cx, gradient) == AG_C64);
  CHECK_ARRAY(cx, gradient, "2", "6 -8  -2 -1");
}

static void refusals(ag_context *cx) {
  ag_array z = array_of(cx, AG_C128, "", "1 2");
  ag_grad(cx, exp_of_square, NULL, &z, 1, 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "holomorphic");
  ag_item(cx, z);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "complex");
  ag_data_f64(cx, z);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "");
  ag_floor(cx, z);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_floor");
  ag_arctan2(cx, z, z);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_arctan2");
}

int main(void) {
  ag_context *cx = ag_context_new();
  the_convention(cx);
  holomorphic(cx);
  real_through_complex(cx);
  descent(cx);
  differences_agree(cx);
  single_precision_stays(cx);
  refusals(cx);
  return finish(cx);
}
