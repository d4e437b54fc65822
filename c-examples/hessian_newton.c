/* Rosenbrock's valley by Newton's method: the Hessian is never built, conjugate gradients only ask for its products
 * with vectors (ag_hvp), each about as dear as one more gradient. At the minimum the whole Hessian is compared. */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

enum { N = 10 };

/* sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 */
static ag_array rosenbrock(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array left = ag_index(cx, args[0], ":-1"), right = ag_index(cx, args[0], "1:");
  ag_array valley = ag_square(cx, ag_sub(cx, right, ag_square(cx, left)));
  ag_array slope = ag_square(cx, ag_rsub_scalar(cx, left, 1.0));
  return ag_sum(cx, ag_add(cx, ag_mul_scalar(cx, valley, 100.0), slope));
}

static double inner(ag_context *cx, ag_array a, ag_array b) { return ag_item(cx, ag_dot(cx, a, b)); }

static ag_array add_scaled(ag_context *cx, ag_array x, double factor, ag_array direction) {
  return ag_add(cx, x, ag_mul_scalar(cx, direction, factor));
}

/* Solves H p = -g by conjugate gradients, roughly far from the minimum and finely near it. Where the curvature is
 * negative, the quadratic model has no minimum: then the way so far must do. */
static ag_array newton_direction(ag_context *cx, ag_array x, ag_array g) {
  double norm = sqrt(inner(cx, g, g)), enough = norm * fmin(0.5, sqrt(norm));
  ag_array residual = ag_neg(cx, g), direction = residual, p = ag_zeros_like(cx, x);
  for (int k = 0; k < 2 * N; k++) {
    ag_array product = ag_hvp(cx, rosenbrock, NULL, &x, 1, 0, direction);
    double curvature = inner(cx, direction, product), square = inner(cx, residual, residual);
    if (!(curvature > 0)) return k ? p : residual;
    p = add_scaled(cx, p, square / curvature, direction);
    residual = add_scaled(cx, residual, -square / curvature, product);
    double left = inner(cx, residual, residual);
    if (!(sqrt(left) > enough)) return p;
    direction = add_scaled(cx, residual, left / square, direction);
  }
  return p;
}

int main(void) {
  ag_context *cx = ag_context_new();
  double start[N];
  for (int i = 0; i < N; i++) start[i] = i % 2 ? 1.0 : -1.2;
  ag_array x = ag_vector(cx, start, N);

  int steps = 0;
  double size = INFINITY, value = INFINITY;
  while (steps < 300) {
    ag_scope step = ag_scope_enter(cx);
    ag_array gradient;
    value = ag_item(cx, ag_value_and_grad(cx, rosenbrock, NULL, &x, 1, 0, &gradient));
    size = sqrt(inner(cx, gradient, gradient));
    if (size > 1e-9) {
      ag_array direction = newton_direction(cx, x, gradient), next;
      double length = 2, slope = inner(cx, gradient, direction), now;
      do { /* the whole step, or half of it, and so on, until the value falls enough (Armijo) */
        length /= 2;
        next = add_scaled(cx, x, length, direction);
        now = ag_item(cx, rosenbrock(cx, &next, 1, NULL));
      } while (now > value + 1e-4 * length * slope && length > 1e-12);
      ag_set(cx, x, next);
    }
    ag_scope_leave(cx, step);
    if (!(size > 1e-9)) break;
    if (steps++ % 20 == 0) printf("step %3d  value %.3e  gradient %.3e\n", steps, value, size);
  }
  printf("after %d steps: value %.3e, gradient %.3e\nx = %s\n", steps, value, size, ag_to_string(cx, x));

  /* at (1, ..., 1): 802 at the first place, then 1002, 200 at the last, -400 beside the diagonal */
  double hessian[N * N] = {0};
  for (int i = 0; i < N; i++) {
    hessian[i * N + i] = i == 0 ? 802 : i == N - 1 ? 200 : 1002;
    if (i) hessian[i * N + i - 1] = hessian[(i - 1) * N + i] = -400;
  }
  for (int i = 0; i < N; i++) start[i] = 1;
  check_array(cx, "minimum", x, start, N, 1e-8);
  check_array(cx, "Hessian", ag_hessian(cx, rosenbrock, NULL, &x, 1, 0), hessian, N * N, 1e-6);
  return check_finish(cx);
}
