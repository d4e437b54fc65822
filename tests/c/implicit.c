/* Values that are defined by equations, from C: fixed points, roots, differential equations. */
#include "check.h"

#include <string.h>

#define UNUSED (void)nargs, (void)user

/* (x + a / x) / 2, whose fixed point is sqrt(a) */
static ag_array newton_step(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul_scalar(cx, ag_add(cx, args[0], ag_div(cx, args[1], args[0])), 0.5);
}

static ag_array sqrt_by_steps(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  const ag_array all[] = {ag_scalar(cx, 1.0), args[0]};
  return ag_fixed_point(cx, newton_step, NULL, NULL, all, 2, NULL);
}

/* x^2 - a */
static ag_array square_minus(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sub(cx, ag_square(cx, args[0]), args[1]);
}

static ag_array sqrt_by_root(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  const ag_array all[] = {ag_scalar(cx, 1.0), args[0]};
  return ag_root(cx, square_minus, NULL, NULL, all, 2, NULL);
}

static void square_roots(ag_context *cx) {
  ag_array two = ag_scalar(cx, 2.0);
  ag_function ways[] = {sqrt_by_steps, sqrt_by_root};
  for (int i = 0; i < 2; i++) {
    CHECK_CLOSE(ag_item(cx, ways[i](cx, &two, 1, NULL)), 1.4142135623730951, 1e-12);
    CHECK_CLOSE(ag_item(cx, ag_grad(cx, ways[i], NULL, &two, 1, 0)), 0.35355339059327373, 1e-10);
    CHECK_CLOSE(ag_item(cx, ag_hessian(cx, ways[i], NULL, &two, 1, 0)), -0.08838834764831843, 1e-9);
    CHECK(ag_check_grads(cx, ways[i], NULL, &two, 1, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
  }
  CHECK_OK(cx);
}

/* -args[2] y */
static ag_array decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  if (user) return ag_raise(cx, AG_ERR_USER + 1, "no slope here");
  return ag_neg(cx, ag_mul(cx, args[2], args[0]));
}

/* y(1) for y' = -k y, y(0) = args[0], k = args[1] */
static ag_array after_one(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const ag_odeint_options *how = (const ag_odeint_options *)user;
  ag_array y = ag_odeint(cx, decay, NULL, NULL, args[0], vector_of(cx, "0 0.5 1"), args + 1, 1, how);
  return ag_index(cx, y, "-1");
}

static void differential_equations(ag_context *cx) {
  const ag_array args[] = {ag_scalar(cx, 2.0), ag_scalar(cx, 0.5)};
  double truth = 2.0 * 0.60653065971263342; /* exp(-1/2) */
  ag_odeint_options ways[2];
  memset(ways, 0, sizeof ways);
  ways[0].struct_size = ways[1].struct_size = sizeof *ways;
  ways[0].rtol = ways[0].atol = 1e-11;
  ways[1].rk4_steps = 100;
  for (int i = 0; i < 2; i++) {
    CHECK_CLOSE(ag_item(cx, after_one(cx, args, 2, &ways[i])), truth, 1e-9);
    CHECK_CLOSE(ag_item(cx, ag_grad(cx, after_one, &ways[i], args, 2, 0)), truth / 2.0, 1e-8);
    CHECK_CLOSE(ag_item(cx, ag_grad(cx, after_one, &ways[i], args, 2, 1)), -truth, 1e-8);
    CHECK_CLOSE(ag_item(cx, ag_hessian(cx, after_one, &ways[i], args, 2, 1)), truth, 1e-7);
  }
  ag_array defaults = ag_odeint(cx, decay, NULL, NULL, args[0], vector_of(cx, "0 1"), args + 1, 1, NULL);
  CHECK_ARRAY_TO(cx, defaults, "2", "2 1.2130613194252668", 1e-6);
  CHECK_OK(cx);
}

/* Van der Pol's oscillator with mu = args[2]. */
static ag_array vdp(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = ag_index(cx, args[0], "0"), v = ag_index(cx, args[0], "1");
  ag_array damping = ag_mul(cx, args[2], ag_rsub_scalar(cx, ag_square(cx, y), 1.0));
  const ag_array slope[] = {v, ag_sub(cx, ag_mul(cx, damping, v), y)};
  return ag_stack(cx, slope, 2, 0);
}

/* the sum of its solution at three times, a function of mu */
static ag_array wanders(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const ag_odeint_options *how = (const ag_odeint_options *)user;
  ag_array y = ag_odeint(cx, vdp, NULL, NULL, vector_of(cx, "2 0"), vector_of(cx, "0 5 50"), args, 1, how);
  return ag_sum(cx, y);
}

/* Derivatives of the steps, of few states kept, and backwards, which doesn't lead back here. */
static void long_times(ag_context *cx) {
  ag_array mu = ag_scalar(cx, 1.0);
  ag_odeint_report report;
  ag_odeint_options how;
  memset(&report, 0, sizeof report);
  memset(&how, 0, sizeof how);
  report.struct_size = sizeof report;
  how.struct_size = sizeof how;
  double all = ag_item(cx, ag_grad(cx, wanders, &how, &mu, 1, 0));
  CHECK_CLOSE(all, -13.0704, 1e-4);
  ag_odeint_last_report(cx, &report);
  CHECK(report.steps > 500 && report.states == report.steps && report.stride == 1 && report.reached == 50.0);
  CHECK(report.bytes == 2 * sizeof(double) * report.states && report.steps_again == 0);
  CHECK(report.derivatives == 1 && report.derivative_steps == report.steps && report.derivative_reached == 0.0);
  CHECK(report.cotangent_error > 0.1 && report.cotangent_error < 1000.0);
  how.max_states = 50;
  CHECK(ag_item(cx, ag_grad(cx, wanders, &how, &mu, 1, 0)) == all);
  ag_odeint_last_report(cx, &report);
  CHECK(report.states <= 50 && report.stride >= 16 && report.steps_again > 0 && report.steps_again <= report.steps);
  ag_odeint_report old; /* as a program knows it that was built with fewer fields */
  memset(&old, 0, sizeof old);
  old.struct_size = 2 * sizeof(size_t);
  old.rejected = 77;
  ag_odeint_last_report(cx, &old);
  CHECK(old.steps == report.steps && old.rejected == 77);
  how.derivative = AG_ODEINT_BACKWARDS;
  ag_grad(cx, wanders, &how, &mu, 1, 0);
  ag_odeint_last_report(cx, &report); /* also now */
  CHECK(report.derivatives == 1 && report.states == 0 && report.reached == 50.0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "in the derivative");
  how.derivative = 7;
  ag_grad(cx, wanders, &how, &mu, 1, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "AG_ODEINT_STEPS or AG_ODEINT_BACKWARDS, found 7");
  ag_odeint_last_report(cx, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the argument report is NULL");
  report.struct_size = 0;
  ag_odeint_last_report(cx, &report);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is 0");
}

static void errors(ag_context *cx) {
  ag_array x = ag_scalar(cx, 1.0), t = vector_of(cx, "0 1");
  ag_fixed_point(cx, NULL, NULL, NULL, &x, 1, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "f is NULL");
  ag_root(cx, square_minus, NULL, NULL, NULL, 0, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "expected x as the first argument");
  ag_solve_options options = {sizeof options, -1.0, 0};
  ag_root(cx, square_minus, NULL, NULL, &x, 1, &options);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "must be finite and not negative");
  const ag_array never[] = {x, ag_scalar(cx, -1.0)};
  ag_root(cx, square_minus, NULL, NULL, never, 2, NULL);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_root: ");
  ag_odeint(cx, decay, NULL, NULL, x, x, &x, 1, NULL);
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected a vector of times");
  ag_odeint(cx, decay, cx, NULL, x, t, &x, 1, NULL);
  CHECK_ERROR(cx, AG_ERR_USER + 1, "no slope here");
  ag_odeint_options wrong;
  memset(&wrong, 0, sizeof wrong);
  ag_odeint(cx, decay, NULL, NULL, x, t, &x, 1, &wrong);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is 0");
  wrong.struct_size = sizeof wrong;
  wrong.rtol = -1.0;
  ag_odeint(cx, decay, NULL, NULL, x, t, &x, 1, &wrong);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "finite and not negative");
}

int main(void) {
  ag_context *cx = ag_context_new();
  square_roots(cx);
  differential_equations(cx);
  long_times(cx);
  errors(cx);
  return finish(cx);
}
