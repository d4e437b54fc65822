/* Operators made of others: checkpoints and what they save, products with tensors, forward mode. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

enum { N = 2000, STEPS = 400 };

/* ---- checkpoints ---- */

/* sin(x) exp(y) x */
static ag_array wave(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_mul(cx, ag_sin(cx, args[0]), ag_exp(cx, args[1])), args[0]);
}

static ag_array sum_of_waves(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_square(cx, user ? ag_checkpoint(cx, wave, NULL, NULL, args, nargs) : wave(cx, args, nargs, NULL)));
}

/* x + sin(x y + i) / 100 */
static ag_array step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array phase = ag_add_scalar(cx, ag_mul(cx, args[0], args[1]), (double)i);
  return ag_add(cx, args[0], ag_div_scalar(cx, ag_sin(cx, phase), 100.0));
}

static ag_array loop(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array state[2];
  if (user) return ag_sum(cx, ag_square(cx, ag_checkpoint_loop(cx, step, NULL, NULL, args, nargs, STEPS)));
  state[0] = args[0], state[1] = args[1];
  for (size_t i = 0; i < STEPS; i++) state[0] = step(cx, i, state, nargs, NULL);
  return ag_sum(cx, ag_square(cx, state[0]));
}

/* the function that a checkpoint calls reads values: it decides by them */
static ag_array branching(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_item(cx, args[0]) > 0 ? ag_square(cx, args[0]) : ag_neg(cx, args[0]);
}

static ag_array checked_branching(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_checkpoint(cx, branching, NULL, NULL, args, nargs);
}

static ag_array second(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_grad(cx, checked_branching, user, args, nargs, 0);
}

/* depends on what is not an argument */
static ag_array times_user(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_mul(cx, args[0], *(const ag_array *)user);
}

static ag_array closing_over(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  static ag_array x; /* which outlives the derivative */
  x = args[0];
  return ag_sum(cx, ag_checkpoint(cx, times_user, &x, NULL, args, 1));
}

static ag_array failing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  ag_raise(cx, AG_ERR_USER + 7, "not today");
  return null_array();
}

static ag_array around_failing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_checkpoint(cx, failing, NULL, NULL, args, nargs);
}

static ag_array failing_step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  return i == 5 ? failing(cx, args, nargs, user) : args[0];
}

static void checkpoints(ag_context *cx) {
  int on = 1;
  ag_array args[2], plain[2], checked[2];
  args[0] = vector_of(cx, "0.5 -1 2"), args[1] = vector_of(cx, "0.1 0.2 -0.3");
  ag_array value = ag_value_and_grads(cx, sum_of_waves, NULL, args, 2, NULL, 2, plain);
  CHECK_CLOSE(ag_item(cx, ag_value_and_grads(cx, sum_of_waves, &on, args, 2, NULL, 2, checked)), ag_item(cx, value), 1e-15);
  for (int k = 0; k < 2; k++) CHECK(ag_item(cx, ag_max(cx, ag_abs(cx, ag_sub(cx, plain[k], checked[k])))) < 1e-14);
  /* any order, both modes */
  CHECK(ag_check_grads(cx, sum_of_waves, &on, args, 2, 2, 0) == AG_OK);
  ag_array x = ag_scalar(cx, 3.0);
  CHECK_ARRAY(cx, ag_grad(cx, checked_branching, NULL, &x, 1, 0), "", "6");
  CHECK_ARRAY(cx, ag_grad(cx, second, NULL, &x, 1, 0), "", "2");
  x = ag_scalar(cx, -3.0);
  CHECK_ARRAY(cx, ag_grad(cx, checked_branching, NULL, &x, 1, 0), "", "-1");
  CHECK_OK(cx);

  CHECK(is_null(ag_grad(cx, closing_over, NULL, args, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "none of its arguments");
  CHECK(is_null(ag_grad(cx, around_failing, NULL, args, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_USER + 7, "not today");
  CHECK(is_null(ag_checkpoint(cx, NULL, NULL, NULL, args, 2)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_checkpoint");
  CHECK(is_null(ag_checkpoint_loop(cx, NULL, NULL, NULL, args, 2, 3)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "step is NULL");
  CHECK(is_null(ag_checkpoint_loop(cx, step, NULL, NULL, args, 0, 3)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "state");
  CHECK(is_null(ag_checkpoint_loop(cx, failing_step, NULL, NULL, args, 2, 9)));
  CHECK_ERROR(cx, AG_ERR_USER + 7, "not today");
  CHECK_ARRAY(cx, ag_checkpoint_loop(cx, step, NULL, NULL, args, 2, 0), "3", "0.5 -1 2");
}

/* States that differentiating the loop takes room for at most; the gradients go to `gradients`, one after the other. */
static double peak_of(void *user, double *gradients) {
  ag_context *cx = ag_context_new();
  ag_array args[2], results[2];
  const int64_t n = N;
  args[0] = ag_linspace(cx, -1.0, 2.0, n), args[1] = ag_full(cx, AG_F64, &n, 1, 0.7);
  ag_value_and_grads(cx, loop, user, args, 2, NULL, 2, results);
  for (int k = 0; k < 2; k++) ag_copy_to(cx, results[k], gradients + k * N, N * sizeof(double));
  CHECK_OK(cx);
  double peak = (double)memory_of(cx).peak / (8.0 * N);
  ag_context_free(cx);
  return peak;
}

static void what_a_loop_keeps(void) {
  static double all[2 * N], rest[2 * N];
  int on = 1;
  double without = peak_of(NULL, all), with = peak_of(&on, rest);
  for (int i = 0; i < 2 * N; i++) CHECK_CLOSE(rest[i], all[i], 1e-12);
  /* each step keeps an array or two: 400 of them, or those of 20 states and of the 20 steps of a piece */
  printf("peak: room for %.0f states without checkpoints, for %.0f with them\n", without, with);
  CHECK(without > STEPS);
  CHECK(with < 100.0);
}

/* ---- tensors ---- */

/* rows of x times their sums: (2, 3) to (2, 3) */
static ag_array rows(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, args[0], ag_sum_axis(cx, args[0], 1, true));
}

static ag_array cubes(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul(cx, ag_square(cx, args[0]), ag_mul(cx, args[0], ag_sum(cx, args[0]))));
}

static ag_array quartics(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_square(cx, ag_square(cx, args[0])));
}

static double largest_difference(ag_context *cx, ag_array a, ag_array b) {
  CHECK(ag_ndim(cx, a) == ag_ndim(cx, b));
  return ag_item(cx, ag_max(cx, ag_abs(cx, ag_sub(cx, a, b))));
}

static void tensors(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 -1 0.5 3 1"), v = array_of(cx, AG_F64, "2,3", "1 0 2 -1 1 0.5");
  ag_array w = vector_of(cx, "2 -1"), j = ag_jacobian(cx, rows, NULL, &x, 1, 0), h = ag_hessian(cx, cubes, NULL, &x, 1, 0);
  CHECK(largest_difference(cx, ag_jacobian_forward(cx, rows, NULL, &x, 1, 0), j) < 1e-13);
  ag_array product = ag_tensor_jacobian_product(cx, rows, NULL, &x, 1, 0, v);
  CHECK(largest_difference(cx, product, ag_tensordot(cx, v, j, 2)) < 1e-13);
  product = ag_tensor_jacobian_product(cx, rows, NULL, &x, 1, 0, w);
  CHECK(largest_difference(cx, product, ag_tensordot(cx, w, j, 1)) < 1e-13);
  product = ag_hessian_tensor_product(cx, cubes, NULL, &x, 1, 0, v);
  CHECK(largest_difference(cx, product, ag_tensordot(cx, v, h, 2)) < 1e-12);
  product = ag_hessian_tensor_product(cx, cubes, NULL, &x, 1, 0, w);
  CHECK(largest_difference(cx, product, ag_tensordot(cx, w, h, 1)) < 1e-12);
  CHECK_ARRAY(cx, ag_deriv(cx, quartics, NULL, &w, 1, 0), "", "28");
  /* J^T H J v */
  ag_array y = rows(cx, &x, 1, NULL), hy = ag_hessian(cx, quartics, NULL, &y, 1, 0);
  ag_array jv = ag_tensordot(cx, j, v, 2), want = ag_tensordot(cx, ag_tensordot(cx, hy, jv, 2), j, 2);
  CHECK(largest_difference(cx, ag_ggnvp(cx, rows, quartics, NULL, &x, 1, 0, v), want) < 1e-9);
  CHECK_OK(cx);

  CHECK(is_null(ag_tensor_jacobian_product(cx, rows, NULL, &x, 1, 0, vector_of(cx, "1 2 3"))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tensor_jacobian_product");
  CHECK(is_null(ag_hessian_tensor_product(cx, cubes, NULL, &x, 1, 0, vector_of(cx, "1 2 3"))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_hessian_tensor_product");
  CHECK(is_null(ag_ggnvp(cx, rows, NULL, NULL, &x, 1, 0, v)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_ggnvp");
  CHECK(is_null(ag_ggnvp(cx, rows, rows, NULL, &x, 1, 0, v)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "scalar");
  CHECK(is_null(ag_jacobian_forward(cx, rows, NULL, &x, 1, 1)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum");
  CHECK(is_null(ag_deriv(cx, NULL, NULL, &x, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_deriv");
}

int main(void) {
  ag_context *cx = ag_context_new();
  checkpoints(cx);
  what_a_loop_keeps();
  tensors(cx);
  return finish(cx);
}
