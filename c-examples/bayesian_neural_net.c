/* A Bayesian neural net on a curve: not one net that fits the points, but a distribution of nets. Each weight has a
 * normal distribution of its own; their means and deviations are found by variational inference, as in black_box_svi.c.
 * Where there are points the nets agree, and in the gap between them they do not: the curve says how far it can be
 * trusted. (Beyond the last points all bumps end, and the nets are surer than they should be. How far they disagree in
 * the gap depends on where the search begins: deviations of 0.12 to 0.50 were seen, see --seed.) Means and deviations
 * are trees of the same form as a net; ten nets are a tree whose leaves have one axis more, over which einsum goes.
 * Draws nets, their mean, twice their deviation, and the points as bayesian_neural_net.svg. See --help. */
#include "common/check.h"
#include "common/density.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { HIDDEN = 16, POINTS = 40, GRID = 161, DRAWN = 8, LAYERS = 3 };

static const double NOISE = 0.1, PRIOR_STD = 1.0, LOWEST = -7, HIGHEST = 7;

/* ---- nets ---- */

/* [{"w": (in, out), "b": (1, out)}, ...]: means that are normally distributed for a seed, else a number everywhere. */
static ag_tree net_of(ag_context *cx, uint64_t seed, double number) {
  static const char *const keys[] = {"w", "b"};
  static const int64_t sizes[LAYERS][2] = {{1, HIDDEN}, {HIDDEN, HIDDEN}, {HIDDEN, 1}};
  ag_tree layers[LAYERS];
  for (uint64_t l = 0; l < LAYERS; l++) {
    const int64_t bias[] = {1, sizes[l][1]};
    ag_array w = seed ? ag_random_normal(cx, seed + 2 * l, AG_F64, sizes[l], 2, 0, 0.5)
                      : ag_full(cx, AG_F64, sizes[l], 2, number);
    ag_array b =
        seed ? ag_random_normal(cx, seed + 2 * l + 1, AG_F64, bias, 2, 0, 0.5) : ag_full(cx, AG_F64, bias, 2, number);
    layers[l] = ag_tree_dict_of(cx, keys, (ag_array[]){w, b}, 2);
  }
  return ag_tree_list(cx, layers, LAYERS);
}

/* What each net makes of the inputs (1, n, 1): (nets, n, 1). The bump exp(-z^2) as activation lets curves be smooth. */
static ag_array predict(ag_context *cx, ag_tree nets, ag_array inputs) {
  ag_array h = inputs;
  for (int l = 0; l < LAYERS; l++) {
    ag_tree layer = ag_tree_item(cx, nets, l);
    ag_array z = ag_einsum(cx, "mni,mio->mno", (ag_array[]){h, ag_tree_array_at(cx, layer, "w")}, 2);
    z = ag_add(cx, z, ag_tree_array_at(cx, layer, "b"));
    h = l + 1 < LAYERS ? ag_exp(cx, ag_neg(cx, ag_square(cx, z))) : z;
  }
  return h;
}

/* ---- inference ---- */

struct problem {
  ag_array inputs, targets; /* (1, POINTS, 1) */
  uint64_t seed;
  int64_t samples;
};

/* A leaf of `samples` nets, from its means args[0] and the logarithms of its deviations args[1]. */
static ag_array draw_leaf(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  struct problem *p = user;
  const int64_t *leaf = ag_shape(cx, args[0]), shape[3] = {p->samples, leaf[0], leaf[1]};
  ag_array noise = ag_random_normal(cx, p->seed++, AG_F64, shape, 3, 0, 1);
  return ag_add(cx, args[0], ag_mul(cx, ag_exp(cx, args[1]), noise));
}

static ag_tree draw_nets(ag_context *cx, ag_tree q, struct problem p) {
  ag_tree leaves[] = {ag_tree_get(cx, q, "mean"), ag_tree_get(cx, q, "log std")};
  return ag_tree_map(cx, draw_leaf, &p, leaves, 2);
}

/* Minus the ELBO, by args[0] = {"mean": net, "log std": net}: the prior's surprise and the points', minus the entropy.
 */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  const struct problem *p = user;
  ag_tree nets = draw_nets(cx, args[0], *p);
  ag_array prior = ag_sum(cx, density_normal_scalar(cx, ag_tree_flatten(cx, nets), 0, PRIOR_STD));
  ag_array misses = ag_sub(cx, p->targets, predict(cx, nets, p->inputs));
  ag_array likelihood = ag_sum(cx, density_normal_scalar(cx, misses, 0, NOISE));
  ag_array per_net = ag_div_scalar(cx, ag_add(cx, prior, likelihood), (double)p->samples);
  ag_array log_std = ag_tree_flatten(cx, ag_tree_get(cx, args[0], "log std"));
  ag_array entropy = ag_sum(cx, ag_add_scalar(cx, log_std, 0.5 * (1 + log(2 * acos(-1.0)))));
  return ag_tree_leaf(cx, ag_neg(cx, ag_add(cx, entropy, per_net)));
}

/* ---- the points: a cosine with noise, seen on two sides of a gap ---- */

static void make_points(ag_context *cx, double *x, double *y) {
  ag_array noise = ag_random_normal(cx, 11, AG_F64, &(int64_t){POINTS}, 1, 0, NOISE);
  const double *values = ag_data_f64(cx, noise);
  for (int i = 0; values && i < POINTS; i++) {
    int side = i < POINTS / 2, k = i % (POINTS / 2);
    x[i] = (side ? -5.0 : 1.5) + 3.5 * k / (POINTS / 2 - 1);
    y[i] = cos(x[i]) + values[i];
  }
}

/* ---- the results ---- */

struct curves {
  double x[GRID], drawn[DRAWN][GRID], mean[GRID], low[GRID], high[GRID];
};

static void summarize(ag_context *cx, ag_tree q, struct curves *c) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array grid = ag_linspace(cx, LOWEST, HIGHEST, GRID);
  ag_tree nets = draw_nets(cx, q, (struct problem){.seed = 1u << 30, .samples = 200});
  ag_array values = predict(cx, nets, ag_reshape(cx, grid, (int64_t[]){1, GRID, 1}, 3));
  ag_copy_to(cx, grid, c->x, sizeof c->x);
  ag_copy_to(cx, ag_index(cx, values, ":8, :, 0"), c->drawn, sizeof c->drawn);
  ag_array mean = ag_mean_axis(cx, ag_index(cx, values, "..., 0"), 0, false);
  ag_array twice = ag_mul_scalar(cx, ag_std_axis(cx, ag_index(cx, values, "..., 0"), 0, 0, false), 2);
  ag_copy_to(cx, mean, c->mean, sizeof c->mean);
  ag_copy_to(cx, ag_sub(cx, mean, twice), c->low, sizeof c->low);
  ag_copy_to(cx, ag_add(cx, mean, twice), c->high, sizeof c->high);
  ag_scope_leave(cx, scope);
}

static bool draw(const struct curves *c, const double *x, const double *y, const char *path) {
  svg_series series[DRAWN + 4];
  for (int i = 0; i < DRAWN; i++)
    series[i] = (svg_series){{i ? NULL : "nets", c->x, c->drawn[i], GRID}, SVG_THIN, SVG_GREY};
  series[DRAWN] = (svg_series){{"two deviations", c->x, c->low, GRID}, SVG_DASHES, 0};
  series[DRAWN + 1] = (svg_series){{NULL, c->x, c->high, GRID}, SVG_DASHES, 0};
  series[DRAWN + 2] = (svg_series){{"mean", c->x, c->mean, GRID}, SVG_LINE, 0};
  series[DRAWN + 3] = (svg_series){{"points", x, y, POINTS}, SVG_DOTS, 1};
  return svg_draw(path, "A distribution of neural nets", "x", "y", false, series, DRAWN + 4);
}

/* The nets' deviation, on average over a part of the axis. */
static double deviation(const struct curves *c, double from, double to) {
  double sum = 0;
  int count = 0;
  for (int i = 0; i < GRID; i++)
    if (c->x[i] >= from && c->x[i] <= to) sum += (c->high[i] - c->low[i]) / 4, count++;
  return sum / count;
}

static void judge(const struct curves *c, int permille) {
  double square = 0;
  int count = 0;
  for (int i = 0; i < GRID; i++)
    if ((c->x[i] >= -5 && c->x[i] <= -1.5) || (c->x[i] >= 1.5 && c->x[i] <= 5))
      square += pow(c->mean[i] - cos(c->x[i]), 2), count++;
  double error = sqrt(square / count), seen = (deviation(c, -5, -1.5) + deviation(c, 1.5, 5)) / 2;
  double gap = deviation(c, -1, 1);
  printf("error %.3f where there are points; deviation %.3f there, %.3f in the gap\n", error, seen, gap);
  check_that("the mean is near the cosine", 1000 * error <= permille);
  if (permille < 1000) check_that("the nets disagree in the gap", gap > 2 * seen);
}

int main(int argc, char **argv) {
  static struct curves curves;
  static double x[POINTS], y[POINTS];
  int steps = 8000, samples = 10, seed = 5, threads = 1, permille = 90;
  const option options[] = {NUMBER("--steps", &steps, 1, 1000000, "of Adam"),
                            NUMBER("--samples", &samples, 1, 100000, "nets per step"),
                            NUMBER("--seed", &seed, 0, 1 << 20, "of the weights it begins with"),
                            NUMBER("--threads", &threads, 1, 1024, "of the library"),
                            NUMBER("--permille", &permille, 0, 1000000,
                                   "the error of the curve's mean; from 1000 on nothing is asked of the nets")};
  options_read(argc, argv, "Fits a distribution of neural nets to a curve. Writes bayesian_neural_net.svg.", options,
               COUNT(options));

  static const char *const keys[] = {"mean", "log std"};
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  make_points(cx, x, y);
  const int64_t shape[] = {1, POINTS, 1};
  struct problem p = {ag_array_new(cx, AG_F64, shape, 3, x), ag_array_new(cx, AG_F64, shape, 3, y), 0, samples};
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree q = ag_tree_dict(cx, keys, (ag_tree[]){net_of(cx, 1 + 10 * (uint64_t)seed, 0), net_of(cx, 0, -4)}, 2);
  ag_tree state = ag_optimizer_init(cx, q, &adam);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    p.seed = 100 + 2 * LAYERS * (uint64_t)i;
    ag_tree gradient;
    ag_array loss = ag_tree_value_and_grad(cx, objective, &p, &q, 1, 0, &gradient);
    progress("step", i, steps, "ELBO %10.2f", -ag_item(cx, loss));
    adam.step_size = 0.02 * (1 - 0.95 * i / steps);
    ag_optimizer_update(cx, q, gradient, state, &adam);
    ag_scope_leave(cx, scope);
  }
  summarize(cx, q, &curves);
  judge(&curves, permille);
  out_written(draw(&curves, x, y, out_path("bayesian_neural_net.svg")),
              "some of the nets, their mean and deviation, and the points");
  return check_finish(cx);
}
