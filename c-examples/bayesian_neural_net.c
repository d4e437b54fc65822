/* A Bayesian neural net on a curve: not one net that fits the points, but a distribution of nets. Each weight has a
 * normal distribution of its own; their means and deviations are found by variational inference, as in black_box_svi.c.
 * Where there are points the nets agree, and in the gap between them they do not: the curve says how far it can be
 * trusted. (Beyond the last points all bumps end, and the nets are surer than they should be.) Ten nets
 * are one batch of matrix products. Draws nets, their mean, twice their deviation, and the points as
 * bayesian_neural_net.svg. See --help. */
#include "common/adam.h"
#include "common/check.h"
#include "common/density.h"
#include "common/options.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { HIDDEN = 16, POINTS = 40, GRID = 161, DRAWN = 8, LAYERS = 3, PARAMETERS = 2 };

static const double NOISE = 0.1, PRIOR_STD = 1.0, LOWEST = -7, HIGHEST = 7;

/* ---- nets ---- */

static const int64_t SIZES[LAYERS][2] = {{1, HIDDEN}, {HIDDEN, HIDDEN}, {HIDDEN, 1}};

static int64_t weights_of_net(void) {
  int64_t count = 0;
  for (int l = 0; l < LAYERS; l++) count += (SIZES[l][0] + 1) * SIZES[l][1];
  return count;
}

/* Columns of `weights` (nets, all) as matrices: (nets, rows, columns). */
static ag_array matrices(ag_context *cx, ag_array weights, int64_t *from, int64_t rows, int64_t columns) {
  const ag_index_item items[] = {{.kind = AG_INDEX_ELLIPSIS},
                                 {.kind = AG_INDEX_SLICE, .start = *from, .stop = *from + rows * columns, .step = 1}};
  const int64_t shape[3] = {-1, rows, columns};
  *from += rows * columns;
  return ag_reshape(cx, ag_index_items(cx, weights, items, 2), shape, 3);
}

/* What each net makes of the inputs (n, 1): (nets, n, 1). The bump exp(-z^2) as activation lets curves be smooth. */
static ag_array predict(ag_context *cx, ag_array weights, ag_array inputs) {
  ag_array h = inputs;
  int64_t from = 0;
  for (int l = 0; l < LAYERS; l++) {
    ag_array w = matrices(cx, weights, &from, SIZES[l][0], SIZES[l][1]);
    ag_array z = ag_add(cx, ag_matmul(cx, h, w), matrices(cx, weights, &from, 1, SIZES[l][1]));
    h = l + 1 < LAYERS ? ag_exp(cx, ag_neg(cx, ag_square(cx, z))) : z;
  }
  return h;
}

/* ---- inference ---- */

struct problem {
  ag_array inputs, targets; /* (POINTS, 1) */
  uint64_t seed;
  int64_t samples;
};

static ag_array draw_nets(ag_context *cx, const ag_array *parameters, uint64_t seed, int64_t samples) {
  const int64_t shape[2] = {samples, weights_of_net()};
  ag_array noise = ag_random_normal(cx, seed, AG_F64, shape, 2, 0, 1);
  return ag_add(cx, parameters[0], ag_mul(cx, ag_exp(cx, parameters[1]), noise));
}

/* args: the means and the logarithms of the deviations of the weights. Minus the ELBO: the prior's surprise and the
 * points', minus the entropy of the distribution. */
static ag_array objective(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct problem *p = user;
  ag_array nets = draw_nets(cx, args, p->seed, p->samples), zero = ag_scalar(cx, 0), noise = ag_scalar(cx, log(NOISE));
  ag_array prior = ag_sum(cx, density_normal(cx, nets, zero, ag_scalar(cx, log(PRIOR_STD))));
  ag_array likelihood = ag_sum(cx, density_normal(cx, p->targets, predict(cx, nets, p->inputs), noise));
  ag_array per_net = ag_div_scalar(cx, ag_add(cx, prior, likelihood), (double)p->samples);
  double constant = 0.5 * (1 + log(2 * acos(-1.0))) * (double)weights_of_net();
  ag_array entropy = ag_add_scalar(cx, ag_sum(cx, args[1]), constant);
  return ag_neg(cx, ag_add(cx, entropy, per_net));
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

static void summarize(ag_context *cx, const ag_array *parameters, struct curves *c) {
  enum { NETS = 200 };
  ag_scope scope = ag_scope_enter(cx);
  ag_array grid = ag_linspace(cx, LOWEST, HIGHEST, GRID);
  ag_array nets = draw_nets(cx, parameters, 1u << 30, NETS);
  ag_array values = predict(cx, nets, ag_expand_dims(cx, grid, 1));
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

static const char HELP[] =
    "usage: bayesian_neural_net [options] [FOLDER]\n"
    "\n"
    "Fits a distribution of neural nets to a curve. Writes bayesian_neural_net.svg into FOLDER.\n"
    "\n"
    "  --steps N      of Adam (10000)\n"
    "  --samples N    nets per step (10)\n"
    "  --threads N    of the library (1)\n"
    "  --permille N   the error of the curve's mean, in thousandths; from 1000 on nothing is asked of the nets (90)\n";

int main(int argc, char **argv) {
  static struct curves curves;
  static double x[POINTS], y[POINTS];
  int steps = 10000, samples = 10, threads = 1, permille = 90;
  const option options[] = {{"--steps", &steps, 1, 1000000},
                            {"--samples", &samples, 1, 100000},
                            {"--threads", &threads, 1, 1024},
                            {"--permille", &permille, 0, 1000000}};
  const char *folder = ".";
  int status = options_read(argc, argv, HELP, options, sizeof options / sizeof *options, &folder);
  if (status >= 0) return status;

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  make_points(cx, x, y);
  struct problem p = {ag_matrix(cx, x, POINTS, 1), ag_matrix(cx, y, POINTS, 1), 0, samples};
  const int64_t count = weights_of_net();
  ag_array parameters[PARAMETERS] = {ag_random_normal(cx, 1, AG_F64, &count, 1, 0, 0.5),
                                     ag_full(cx, AG_F64, &count, 1, -4)};
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, PARAMETERS);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    p.seed = 100 + (uint64_t)i;
    ag_array gradients[PARAMETERS];
    ag_array loss = ag_value_and_grads(cx, objective, &p, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    if (i % 1000 == 0) printf("step %5d  ELBO %10.2f\n", i, -ag_item(cx, loss)), fflush(stdout);
    adam_step(cx, &optimizer, parameters, gradients, 0.02 * (1 - 0.95 * i / steps));
    ag_scope_leave(cx, scope);
  }
  summarize(cx, parameters, &curves);
  if (!ag_error(cx)) {
    char path[4096];
    judge(&curves, permille);
    snprintf(path, sizeof path, "%s/bayesian_neural_net.svg", folder);
    if (check_that("the picture can be written", draw(&curves, x, y, path)))
      printf("%s: some of the nets, their mean and deviation, and the points\n", path);
  }
  return check_finish(cx);
}
