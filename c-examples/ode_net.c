/* Learns the law of motion of a spiral from points on it. The law is a small neural net, the points are where it leads
 * to: the solution of a differential equation whose parameters are a tree, through which the gradient goes step by step
 * (ag_tree_odeint). It learns from short stretches first, which begin at every point at once: a state may hold many of
 * them. The loops of training are the library's (ag_optimize). Draws the points, where the net led at first, and where
 * it leads in the end, all the way from the first point, as ode_net.svg. See --help. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { TIMES = 40, SPAN = 10, STARTS = TIMES - SPAN, HIDDEN = 32 };

typedef struct problem {
  ag_array start, times; /* one state, or many: (STARTS, 2) */
  ag_array points;       /* after each of the times: (number of times,) + shape of the start */
} problem;

/* y^3 A: the truth; args are y, t, A */
static ag_array spiral(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_dot(cx, ag_pow_scalar(cx, args[0], 3.0), args[2]);
}

/* [{"w": (2, HIDDEN), "b": (HIDDEN,)}, {"w": (HIDDEN, 2), "b": (2,)}] */
static ag_tree init_params(ag_context *cx) {
  static const char *const keys[] = {"w", "b"};
  const int64_t sizes[] = {2, HIDDEN, 2};
  ag_tree layers[2];
  for (uint64_t l = 0; l < 2; l++) {
    ag_array w = ag_random_normal(cx, 1 + l, AG_F64, sizes + l, 2, 0, 0.3);
    layers[l] = ag_tree_dict_of(cx, keys, (ag_array[]){w, ag_zeros(cx, AG_F64, sizes + l + 1, 1)}, 2);
  }
  return ag_tree_list(cx, layers, 2);
}

/* tanh(y^3 W1 + b1) W2 + b2, with args y, t and the parameters */
static ag_tree net(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array h = ag_pow_scalar(cx, ag_tree_array(cx, args[0]), 3.0);
  h = ag_add(cx, ag_dot(cx, h, ag_tree_array_at(cx, args[2], "0/w")), ag_tree_array_at(cx, args[2], "0/b"));
  h = ag_dot(cx, ag_tanh(cx, h), ag_tree_array_at(cx, args[2], "1/w"));
  return ag_tree_leaf(cx, ag_add(cx, h, ag_tree_array_at(cx, args[2], "1/b")));
}

static ag_array led_to(ag_context *cx, const problem *p, ag_tree params) {
  ag_odeint_options options = {.struct_size = sizeof options, .rtol = 1e-5, .atol = 1e-5};
  ag_tree start = ag_tree_leaf(cx, p->start);
  return ag_tree_array(cx, ag_tree_odeint(cx, net, NULL, NULL, start, p->times, &params, 1, &options));
}

/* mean distance along the axes */
static ag_array loss(ag_context *cx, size_t i, ag_tree params, void *user) {
  (void)i;
  const problem *p = user;
  return ag_mean(cx, ag_abs(cx, ag_sub(cx, led_to(cx, p, params), p->points)));
}

static int32_t show(ag_context *cx, const ag_iteration *now, void *user) {
  const ag_optimizer_options *adam = user;
  (void)cx;
  progress("step", (int)now->iteration, (int)adam->num_iters, "mean distance %.4f", now->value);
  return 0;
}

/* The stretches of SPAN points that begin at each of the first points. */
static problem stretches(ag_context *cx, const problem *whole) {
  ag_array later[SPAN];
  for (int k = 0; k < SPAN; k++) {
    const ag_index_item rows = {.kind = AG_INDEX_SLICE, .start = k, .stop = k + STARTS, .step = 1};
    later[k] = ag_index_items(cx, whole->points, &rows, 1);
  }
  return (problem){later[0], ag_index(cx, whole->times, ":10"), ag_stack(cx, later, SPAN, 0)};
}

static void take(ag_context *cx, ag_array points, double (*xy)[TIMES]) {
  for (int k = 0; k < 2; k++) ag_copy_to(cx, ag_index(cx, points, k ? ":, 1" : ":, 0"), xy[k], sizeof xy[k]);
}

int main(int argc, char **argv) {
  static double truth[2][TIMES], before[2][TIMES], after[2][TIMES];
  int steps = 1000, expected = 120;
  const option options[] = {
      NUMBER("--steps", &steps, 4, 1000000, "of Adam, a quarter of them all the way"),
      NUMBER("--expect", &expected, 0, 1000000, "thousandths, above which the distance is wrong")};
  options_read(argc, argv, "Learns the law of motion of a spiral. Writes ode_net.svg.", options, COUNT(options));

  ag_context *cx = ag_context_new();
  problem whole = {ag_vector(cx, (double[]){2, 0}, 2), ag_linspace(cx, 0, 6, TIMES), {0}};
  ag_array law = ag_matrix(cx, (double[]){-0.1, 2.0, -2.0, -0.1}, 2, 2);
  whole.points = ag_odeint(cx, spiral, NULL, NULL, whole.start, whole.times, &law, 1, NULL);
  problem parts = stretches(cx, &whole);
  ag_tree params = init_params(cx);
  take(cx, whole.points, truth);
  take(cx, led_to(cx, &whole, params), before);

  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  adam.callback = show, adam.callback_user = &adam;
  adam.num_iters = (size_t)(steps * 3 / 4), adam.step_size = 0.01;
  printf("on short stretches\n");
  params = ag_optimize(cx, loss, &parts, params, &adam, NULL);
  adam.num_iters = (size_t)steps - adam.num_iters, adam.step_size = 0.0003;
  printf("all the way\n");
  params = ag_optimize(cx, loss, &whole, params, &adam, NULL);

  double value = ag_item(cx, loss(cx, 0, params, &whole));
  printf("after %d steps: mean distance %.4f all the way\n", steps, value);
  check_that("the net leads near the points", 1000 * value < expected);
  take(cx, led_to(cx, &whole, params), after);
  size_t near = 0; /* the untaught net leaves the picture soon */
  while (near < TIMES && fabs(before[0][near]) < 4 && fabs(before[1][near]) < 4) near++;
  const svg_curve curves[] = {{"points to be met", truth[0], truth[1], TIMES},
                              {"before learning", before[0], before[1], near},
                              {"after learning", after[0], after[1], TIMES}};
  out_written(svg_plot(out_path("ode_net.svg"), "Learning the law of a spiral", "x", "y", curves, 3),
              "the points, and where the net leads");
  return check_finish(cx);
}
