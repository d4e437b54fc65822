/* Learns the law of motion of a spiral from points on it. The law is a small neural net, the points are where it leads to:
 * the solution of a differential equation, through which the gradient goes step by step (ag_odeint). It learns from short
 * stretches first, which begin at every point at once: a state may hold many of them. Draws the points, where the net led at
 * first, and where it leads in the end, all the way from the first point, as ode_net.svg.
 *
 *   ode_net [--steps N] [--expect ERROR] [--out FOLDER] */
#include "common/adam.h"
#include "common/check.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 40, SPAN = 10, STARTS = TIMES - SPAN, HIDDEN = 32, PARAMETERS = 4 };

typedef struct problem {
  ag_array start, times; /* one state, or many: (STARTS, 2) */
  ag_array points;       /* after each of the times: (number of times,) + shape of the start */
} problem;

/* y^3 A: the truth */
static ag_array spiral(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_dot(cx, ag_pow_scalar(cx, args[0], 3.0), args[2]);
}

/* tanh(y^3 W1 + b1) W2 + b2, with args y, t, W1, b1, W2, b2 */
static ag_array net(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array hidden = ag_tanh(cx, ag_add(cx, ag_dot(cx, ag_pow_scalar(cx, args[0], 3.0), args[2]), args[3]));
  return ag_add(cx, ag_dot(cx, hidden, args[4]), args[5]);
}

static ag_array led_to(ag_context *cx, const problem *p, const ag_array *parameters) {
  ag_odeint_options options = {.struct_size = sizeof options, .rtol = 1e-5, .atol = 1e-5};
  return ag_odeint(cx, net, NULL, NULL, p->start, p->times, parameters, PARAMETERS, &options);
}

/* mean distance along the axes */
static ag_array loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const problem *p = user;
  return ag_mean(cx, ag_abs(cx, ag_sub(cx, led_to(cx, p, args), p->points)));
}

static void take(ag_context *cx, ag_array points, double (*xy)[TIMES]) {
  double both[TIMES][2];
  ag_copy_to(cx, points, both, sizeof both);
  for (int i = 0; i < TIMES; i++) xy[0][i] = both[i][0], xy[1][i] = both[i][1];
}

int main(int argc, char **argv) {
  int steps = 1200;
  double expect = 0.12;
  const char *out = ".";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--steps")) steps = atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--expect")) expect = atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--out")) out = argv[i + 1];
    else return fprintf(stderr, "ode_net [--steps N] [--expect ERROR] [--out FOLDER]\n"), 2;
  }
  ag_context *cx = ag_context_new();
  problem whole, p;
  whole.start = ag_vector(cx, (double[]){2.0, 0.0}, 2);
  double times[TIMES];
  for (int i = 0; i < TIMES; i++) times[i] = 6.0 * i / (TIMES - 1);
  whole.times = ag_vector(cx, times, TIMES);
  ag_array law = ag_matrix(cx, (double[]){-0.1, 2.0, -2.0, -0.1}, 2, 2);
  whole.points = ag_odeint(cx, spiral, NULL, NULL, whole.start, whole.times, &law, 1, NULL);
  ag_array later[SPAN];
  for (int k = 0; k < SPAN; k++) {
    char range[32];
    snprintf(range, sizeof range, "%d:%d", k, k + STARTS);
    later[k] = ag_index(cx, whole.points, range);
  }
  p.start = later[0];
  p.times = ag_vector(cx, times, SPAN);
  p.points = ag_stack(cx, later, SPAN, 0);

  ag_array parameters[PARAMETERS] = {
      ag_random_normal(cx, 1, AG_F64, (int64_t[]){2, HIDDEN}, 2, 0.0, 0.3), ag_zeros(cx, AG_F64, (int64_t[]){HIDDEN}, 1),
      ag_random_normal(cx, 2, AG_F64, (int64_t[]){HIDDEN, 2}, 2, 0.0, 0.3), ag_zeros(cx, AG_F64, (int64_t[]){2}, 1)};
  double truth[2][TIMES], before[2][TIMES], after[2][TIMES], value = 0;
  take(cx, whole.points, truth);
  take(cx, led_to(cx, &whole, parameters), before);
  adam state;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    bool rough = i < steps * 3 / 4; /* short stretches first, then all the way */
    if (i == 0 || i == steps * 3 / 4) adam_begin(cx, &state, parameters, PARAMETERS);
    ag_scope step = ag_scope_enter(cx);
    ag_array gradients[PARAMETERS];
    const size_t argnums[PARAMETERS] = {0, 1, 2, 3};
    value = ag_item(cx, ag_value_and_grads(cx, loss, rough ? &p : &whole, parameters, PARAMETERS, argnums, PARAMETERS, gradients));
    if (i % 100 == 0) printf("step %4d  mean distance %.4f %s\n", i, value, rough ? "on short stretches" : "all the way");
    adam_step(cx, &state, parameters, gradients, rough ? 0.01 : 0.001);
    ag_scope_leave(cx, step);
  }
  value = ag_item(cx, loss(cx, parameters, PARAMETERS, &whole));
  printf("after %d steps: mean distance %.4f all the way\n", steps, value);
  take(cx, led_to(cx, &whole, parameters), after);
  size_t near = 0; /* the untaught net leaves the picture soon */
  while (near < TIMES && fabs(before[0][near]) < 4 && fabs(before[1][near]) < 4) near++;
  char path[1024];
  snprintf(path, sizeof path, "%s/ode_net.svg", out);
  const svg_curve curves[] = {{"points to be met", truth[0], truth[1], TIMES},
                              {"before learning", before[0], before[1], near},
                              {"after learning", after[0], after[1], TIMES}};
  check_that("the picture is written", svg_plot(path, "Learning the law of a spiral", "x", "y", curves, 3));
  check_that("the net leads near the points", value < expect);
  return check_finish(cx);
}
