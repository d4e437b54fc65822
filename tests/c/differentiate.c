/* Recording and differentiating: tapes by hand, functions, nesting to any order, and what it may cost. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

/* ---- functions to differentiate ---- */

/* sum of sin(x) x */
static ag_array sum_of_x_sin_x(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul(cx, ag_sin(cx, args[0]), args[0]));
}

/* sum of x^2 y */
static ag_array x_square_y(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul(cx, ag_square(cx, args[0]), args[1]));
}

static ag_array cube(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, args[0], ag_square(cx, args[0]));
}

/* (x0 x1, x0^2, sin x1) */
static ag_array two_to_three(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array a = ag_index(cx, args[0], "0"), b = ag_index(cx, args[0], "1"), parts[3];
  parts[0] = ag_mul(cx, a, b);
  parts[1] = ag_square(cx, a);
  parts[2] = ag_sin(cx, b);
  return ag_stack(cx, parts, 3, 0);
}

static ag_array rosenbrock(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array left = ag_index(cx, args[0], ":-1"), right = ag_index(cx, args[0], "1:");
  ag_array valley = ag_square(cx, ag_sub(cx, right, ag_square(cx, left)));
  return ag_sum(cx, ag_add(cx, ag_mul_scalar(cx, valley, 100.0), ag_square(cx, ag_rsub_scalar(cx, left, 1.0))));
}

/* ---- tapes by hand ---- */

static void by_hand(ag_context *cx) {
  ag_array x0 = vector_of(cx, "1 2 3"), y0 = vector_of(cx, "4 5 6");
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, x0), y = ag_box(cx, tape, y0);
  ag_array xy = ag_mul(cx, x, y), z = ag_sum(cx, ag_mul(cx, xy, x));
  CHECK(ag_tape_length(cx, tape) >= 5);
  CHECK_ARRAY(cx, z, "", "78");
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, z, x), "3", "8 20 36");
  CHECK(!ag_independent(cx));
  /* the same tape serves any number of questions, about inner values too */
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, z, xy), "3", "1 2 3");
  ag_array targets[2], gradients[2];
  targets[0] = y;
  targets[1] = x;
  ag_tape_grads(cx, tape, z, targets, 2, gradients);
  CHECK_ARRAY(cx, gradients[0], "3", "1 4 9");
  CHECK_ARRAY(cx, gradients[1], "3", "8 20 36");
  ag_tape_vjp(cx, tape, xy, vector_of(cx, "1 0 -1"), targets, 2, gradients);
  CHECK_ARRAY(cx, gradients[0], "3", "1 0 -3");
  CHECK_ARRAY(cx, gradients[1], "3", "4 0 -6");
  ag_tape_end(cx, tape);
  /* what was on the tape is plain now */
  CHECK(ag_level(cx, z) == 0);
  CHECK_ARRAY(cx, ag_add(cx, x, xy), "3", "5 12 21");
  CHECK_OK(cx);
}

/* Numbers that reach the result in several ways; numbers that do not reach it at all. */
static void fan_out_and_independence(ag_context *cx) {
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, ag_scalar(cx, 2.0)), unused = ag_box(cx, tape, vector_of(cx, "1 2 3"));
  ag_array y = ag_mul(cx, x, x);
  ag_array z = ag_add(cx, ag_mul(cx, y, y), ag_mul(cx, y, x)); /* x^4 + x^3 */
  CHECK_CLOSE(ag_item(cx, ag_tape_grad(cx, tape, z, x)), 32 + 12, 1e-14);
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, z, unused), "3", "0 0 0");
  CHECK(ag_independent(cx));
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, ag_scalar(cx, 5.0), x), "", "0");
  CHECK(ag_independent(cx));
  ag_tape_grad(cx, tape, z, x);
  CHECK(!ag_independent(cx));
  ag_tape_end(cx, tape);
  CHECK_OK(cx);
}

/* Releasing a handle, or leaving the scope it was made in, does not break a tape. */
static void handles_come_and_go(ag_context *cx) {
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, vector_of(cx, "1 2"));
  ag_scope scope = ag_scope_enter(cx);
  ag_array y = ag_keep(cx, scope, ag_sum(cx, ag_exp(cx, ag_mul(cx, x, x))));
  ag_scope_leave(cx, scope);
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, y, x), "2", "5.4365636569180902 218.39260013257694");
  ag_tape_end(cx, tape);
}

static void tapes_nest(ag_context *cx) {
  ag_tape outer = ag_tape_begin(cx);
  ag_array a = ag_box(cx, outer, ag_scalar(cx, 2.0));
  ag_tape inner = ag_tape_begin(cx);
  ag_array b = ag_box(cx, inner, a);
  ag_array y = ag_mul(cx, ag_square(cx, b), ag_mul(cx, a, b)); /* b^3 a, where a is b's own value */
  ag_array dy = ag_tape_grad(cx, inner, y, b);                 /* 3 b^2 a = 3 a^3 */
  ag_tape_end(cx, inner);
  CHECK_CLOSE(ag_item(cx, dy), 24.0, 1e-14);
  CHECK_CLOSE(ag_item(cx, ag_tape_grad(cx, outer, dy, a)), 36.0, 1e-14); /* 9 a^2 */
  ag_tape_end(cx, outer);
  CHECK_OK(cx);
}

/* ---- functions ---- */

static void of_functions(ag_context *cx) {
  ag_array args[2], gradients[2], value = null_array(), tangent;
  args[0] = vector_of(cx, "1 2");
  args[1] = vector_of(cx, "3 -1");
  CHECK_ARRAY(cx, ag_grad(cx, x_square_y, NULL, args, 2, 0), "2", "6 -4");
  CHECK_ARRAY(cx, ag_grad(cx, x_square_y, NULL, args, 2, 1), "2", "1 4");
  CHECK_ARRAY(cx, ag_value_and_grad(cx, x_square_y, NULL, args, 2, 0, gradients), "", "-1");
  CHECK_ARRAY(cx, gradients[0], "2", "6 -4");
  CHECK_ARRAY(cx, ag_value_and_grads(cx, x_square_y, NULL, args, 2, NULL, 2, gradients), "", "-1");
  CHECK_ARRAY(cx, gradients[0], "2", "6 -4");
  CHECK_ARRAY(cx, gradients[1], "2", "1 4");
  const size_t only_second[] = {1};
  ag_value_and_grads(cx, x_square_y, NULL, args, 2, only_second, 1, gradients);
  CHECK_ARRAY(cx, gradients[0], "2", "1 4");
  CHECK_ARRAY(cx, ag_elementwise_grad(cx, cube, NULL, args, 1, 0), "2", "3 12");
  CHECK_ARRAY(cx, ag_jacobian(cx, two_to_three, NULL, args, 1, 0), "3,2", "2 1 2 0 0 -0.41614683654714241");

  ag_tape vjp = ag_make_vjp(cx, two_to_three, NULL, args, 1, 0, &value);
  CHECK_ARRAY(cx, value, "3", "2 1 0.90929742682568171");
  CHECK_ARRAY(cx, ag_vjp(cx, vjp, vector_of(cx, "1 0 0")), "2", "2 1");
  CHECK_ARRAY(cx, ag_vjp(cx, vjp, vector_of(cx, "1 10 0")), "2", "22 1");
  ag_tape_end(cx, vjp);

  tangent = ag_jvp(cx, two_to_three, NULL, args, 1, 0, vector_of(cx, "1 -1"), &value);
  CHECK_ARRAY(cx, tangent, "3", "1 2 0.41614683654714241");
  CHECK_ARRAY(cx, value, "3", "2 1 0.90929742682568171");
  CHECK_OK(cx);
}

static void second_order(ag_context *cx) {
  ag_array x = vector_of(cx, "-1 2 0.5"), v = vector_of(cx, "1 -2 3");
  const char *hessian = "402 400 0  400 4802 -800  0 -800 200";
  CHECK_ARRAY(cx, ag_hessian(cx, rosenbrock, NULL, &x, 1, 0), "3,3", hessian);
  CHECK_ARRAY(cx, ag_hvp(cx, rosenbrock, NULL, &x, 1, 0, v), "3", "-398 -11604 2200");
  /* over two arguments together: d^2 of x^2 y is (2y, 2x; 2x, 0) */
  ag_array args[2], vs[2], hvs[2];
  args[0] = vector_of(cx, "1 2");
  args[1] = vector_of(cx, "3 -1");
  vs[0] = vector_of(cx, "1 1");
  vs[1] = vector_of(cx, "10 0");
  ag_hvps(cx, x_square_y, NULL, args, 2, vs, hvs);
  CHECK_ARRAY(cx, hvs[0], "2", "26 -2");
  CHECK_ARRAY(cx, hvs[1], "2", "2 4");
  CHECK_OK(cx);
}

/* ---- nesting ---- */

/* the k-th derivative of a function, as a function */
struct derivative {
  ag_function f;
  struct derivative *of;
};

static ag_array derivative(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  struct derivative *d = (struct derivative *)user;
  return ag_elementwise_grad(cx, d->f, d->of, args, nargs, 0);
}

static ag_array sine(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sin(cx, args[0]);
}

static void to_order_six(ag_context *cx) {
  enum { ORDER = 6 };
  struct derivative d[ORDER + 1];
  ag_array x = vector_of(cx, "0.3 2");
  d[0].f = sine;
  d[0].of = NULL;
  for (int k = 1; k <= ORDER; k++) {
    d[k].f = derivative;
    d[k].of = &d[k - 1];
  }
  ag_array y = d[ORDER].f(cx, &x, 1, d[ORDER].of);
  CHECK_ARRAY(cx, ag_add(cx, y, ag_sin(cx, x)), "2", "0 0");
}

/* d/dx of x (d/dy (x + y)) is 1: the inner derivative must not mistake x's perturbation for its own. */
static ag_array x_plus_y(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_add(cx, *(ag_array *)user, args[0]);
}

static ag_array confusing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array x = args[0], y = ag_scalar(cx, 1.0);
  return ag_mul(cx, x, ag_grad(cx, x_plus_y, &x, &y, 1, 0));
}

static ag_array confusing_forward(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array x = args[0], y = ag_scalar(cx, 1.0), value;
  return ag_mul(cx, x, ag_jvp(cx, x_plus_y, &x, &y, 1, 0, ag_scalar(cx, 1.0), &value));
}

static void no_perturbation_confusion(ag_context *cx) {
  ag_array x = ag_scalar(cx, 1.0), one = ag_scalar(cx, 1.0), value;
  CHECK_ARRAY(cx, ag_grad(cx, confusing, NULL, &x, 1, 0), "", "1");
  CHECK_ARRAY(cx, ag_grad(cx, confusing_forward, NULL, &x, 1, 0), "", "1");
  CHECK_ARRAY(cx, ag_jvp(cx, confusing, NULL, &x, 1, 0, one, &value), "", "1");
  CHECK_ARRAY(cx, ag_jvp(cx, confusing_forward, NULL, &x, 1, 0, one, &value), "", "1");
}

/* An inner function sees the outer one's variables through `user`: d/dx of d/dy (x y^2) at y = 3x is 6x. */
static ag_array x_y_square(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_mul(cx, *(ag_array *)user, ag_square(cx, args[0]));
}

static ag_array closure(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array x = args[0], y = ag_scalar(cx, 3.0);
  return ag_grad(cx, x_y_square, &x, &y, 1, 0);
}

static void closures(ag_context *cx) {
  ag_array x = ag_scalar(cx, 2.0);
  CHECK_ARRAY(cx, closure(cx, &x, 1, NULL), "", "12");
  CHECK_ARRAY(cx, ag_grad(cx, closure, NULL, &x, 1, 0), "", "6");
}

static ag_array gradient_of_x_sin_x(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  return ag_grad(cx, sum_of_x_sin_x, NULL, args, nargs, 0);
}

static ag_array tangent_of_x_sin_x(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array value;
  return ag_jvp(cx, sum_of_x_sin_x, NULL, args, nargs, 0, *(ag_array *)user, &value);
}

/* (x sin x)'' is 2 cos x - x sin x, by each mode over each mode. */
static void mixed_modes(ag_context *cx) {
  ag_array x = vector_of(cx, "0.5 -1"), v = vector_of(cx, "1 2"), value;
  const char *want = "1.515452354478644 0.47826725385676605";
  CHECK_ARRAY(cx, ag_hvp(cx, sum_of_x_sin_x, NULL, &x, 1, 0, v), "2", want);
  CHECK_ARRAY(cx, ag_jvp(cx, gradient_of_x_sin_x, NULL, &x, 1, 0, v, &value), "2", want);
  CHECK_ARRAY(cx, ag_grad(cx, tangent_of_x_sin_x, &v, &x, 1, 0), "2", want);
  ag_array w = vector_of(cx, "1 0");
  CHECK_ARRAY(cx, ag_jvp(cx, tangent_of_x_sin_x, &v, &x, 1, 0, w, &value), "", "1.515452354478644");
}

static void differences_agree(ag_context *cx) {
  ag_array args[2];
  args[0] = vector_of(cx, "0.7 -1.2");
  args[1] = vector_of(cx, "2 0.3");
  CHECK(ag_check_grads(cx, x_square_y, NULL, args, 2, 3, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK(ag_check_grads(cx, two_to_three, NULL, args, 1, 2, 0) == AG_OK);
  CHECK(ag_check_grads(cx, gradient_of_x_sin_x, NULL, args, 1, 2, AG_REVERSE) == AG_OK);
  CHECK_OK(cx);
}

/* ---- what it costs ---- */

/* Ten million operations recorded, swept and freed: nothing recurses along the graph. */
static void a_long_chain(ag_context *cx) {
  const int length = running_slowly() ? 20000 : 10000000;
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, ag_scalar(cx, 0.5)), y = ag_dup(cx, x);
  for (int i = 0; i < length; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_set(cx, y, ag_mul_scalar(cx, y, 1.0000001));
    ag_scope_leave(cx, step);
  }
  CHECK(ag_tape_length(cx, tape) >= (size_t)length);
  double want = exp(length * log(1.0000001));
  CHECK_CLOSE(ag_item(cx, y), 0.5 * want, 1e-8);
  CHECK_CLOSE(ag_item(cx, ag_tape_grad(cx, tape, y, x)), want, 1e-8);
  ag_tape_end(cx, tape);
  CHECK_OK(cx);
}

/* A tape keeps only what its rules use, and adding a number uses nothing. */
static void adding_keeps_no_copies(void) {
  enum { ADDITIONS = 100, BYTES = 8 * 1000 * 1000 };
  ag_context *cx = ag_context_new();
  const int64_t shape[] = {1000, 1000};
  ag_array x0 = ag_random_uniform(cx, 3, AG_F64, shape, 2, 0.0, 1.0);
  double sum = ag_item(cx, ag_sum(cx, x0));
  size_t before = memory_of(cx).in_use;
  ag_scope scope = ag_scope_enter(cx);
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, x0), y = ag_dup(cx, x);
  for (int i = 0; i < ADDITIONS; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_set(cx, y, ag_add_scalar(cx, y, 1.0));
    ag_scope_leave(cx, step);
  }
  ag_data(cx, y);
  CHECK(memory_of(cx).in_use <= before + 2 * BYTES);
  CHECK(memory_of(cx).peak <= before + 4 * BYTES);
  ag_array total = ag_sum(cx, y);
  CHECK_CLOSE(ag_item(cx, total), sum + 1e6 * ADDITIONS, 1e-12);
  ag_array gradient = ag_tape_grad(cx, tape, total, x);
  CHECK(ag_item(cx, ag_min(cx, gradient)) == 1.0 && ag_item(cx, ag_max(cx, gradient)) == 1.0);
  ag_tape_end(cx, tape);
  ag_scope_leave(cx, scope);
  CHECK(memory_of(cx).in_use <= before);
  CHECK_OK(cx);
  ag_context_free(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  by_hand(cx);
  fan_out_and_independence(cx);
  handles_come_and_go(cx);
  tapes_nest(cx);
  of_functions(cx);
  second_order(cx);
  to_order_six(cx);
  no_perturbation_confusion(cx);
  closures(cx);
  mixed_modes(cx);
  differences_agree(cx);
  a_long_chain(cx);
  adding_keeps_no_copies();
  return finish(cx);
}
