/* A curve through noisy points: a neural net of one number, whose weights have a normal prior and whose errors a normal
 * density. Adam looks for the most probable weights together with the size of the noise, which the program is not told:
 * both are in one tree, {"net": ..., "log noise": ...}. Draws data, fit and two standard deviations as regression.svg.
 */
#include "common/check.h"
#include "common/density.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { LAYERS = 3, DATA = 120, GRID = 201, STEPS = 1500 };

static const double NOISE = 0.1, WEIGHT_STD = 2;

static double truth(double x) { return sin(5 * x) / (1 + x * x) + 0.4 * x; }

/* ---- the model ---- */

static ag_tree init_params(ag_context *cx, uint64_t seed) {
  static const int64_t sizes[LAYERS + 1] = {1, 20, 20, 1};
  static const char *const layer_keys[] = {"w", "b"}, *const keys[] = {"net", "log noise"};
  ag_tree layers[LAYERS];
  for (int l = 0; l < LAYERS; l++) {
    double std = 1 / sqrt((double)sizes[l]);
    uint64_t stream = 1000 + seed * 7 + 2 * (uint64_t)l;
    ag_array w = ag_random_normal(cx, stream, AG_F64, &sizes[l], 2, 0, std);
    ag_array b = ag_random_normal(cx, stream + 1, AG_F64, &sizes[l + 1], 1, 0, std);
    layers[l] = ag_tree_dict_of(cx, layer_keys, (ag_array[]){w, b}, 2);
  }
  ag_tree items[] = {ag_tree_list(cx, layers, LAYERS), ag_tree_leaf(cx, ag_scalar(cx, 0))};
  return ag_tree_dict(cx, keys, items, 2);
}

/* The mean of y at each x, shape (n, 1). */
static ag_array predict(ag_context *cx, ag_tree params, ag_array x) {
  ag_array h = x;
  for (int l = 0; l < LAYERS; l++) {
    ag_tree layer = ag_tree_item(cx, ag_tree_get(cx, params, "net"), l);
    h = ag_add(cx, ag_dot(cx, h, ag_tree_array_at(cx, layer, "w")), ag_tree_array_at(cx, layer, "b"));
    if (l + 1 < LAYERS) h = ag_tanh(cx, h);
  }
  return h;
}

/* The negative logarithm of prior times likelihood, per point, by args[0], the parameters; args[1] is the data (x, y).
 */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array mean = predict(cx, args[0], ag_tree_array_at(cx, args[1], "0")), y = ag_tree_array_at(cx, args[1], "1");
  ag_array likelihood = ag_sum(cx, density_normal(cx, y, mean, ag_tree_array_at(cx, args[0], "log noise")));
  ag_array weights = ag_tree_flatten(cx, ag_tree_get(cx, args[0], "net"));
  ag_array prior = ag_sum(cx, density_normal_scalar(cx, weights, 0, WEIGHT_STD));
  return ag_tree_leaf(cx, ag_div_scalar(cx, ag_add(cx, prior, likelihood), -(double)DATA));
}

/* ---- data and picture ---- */

static void generate(ag_context *cx, uint64_t seed, double *x, double *y) {
  ag_copy_to(cx, ag_random_normal(cx, seed, AG_F64, (int64_t[]){DATA}, 1, 0, NOISE), y, DATA * sizeof *y);
  for (int i = 0; i < DATA; i++) {
    x[i] = -2 + 4 * (i + 0.5) / DATA;
    y[i] += truth(x[i]);
  }
}

/* Returns the root mean square of the distance between fit and truth. */
static double draw(ag_context *cx, ag_tree params, const double *data_x, const double *data_y) {
  static double x[GRID], fit[GRID], low[GRID], high[GRID], real[GRID];
  double squares = 0, twice = 2 * exp(ag_item(cx, ag_tree_array_at(cx, params, "log noise")));
  for (int i = 0; i < GRID; i++) x[i] = -2 + 4.0 * i / (GRID - 1);
  ag_copy_to(cx, predict(cx, params, ag_matrix(cx, x, GRID, 1)), fit, sizeof fit);
  for (int i = 0; i < GRID; i++) {
    real[i] = truth(x[i]), low[i] = fit[i] - twice, high[i] = fit[i] + twice;
    squares += (fit[i] - real[i]) * (fit[i] - real[i]);
  }
  const svg_series series[] = {{{"data", data_x, data_y, DATA}, SVG_DOTS, 5},
                               {{"without noise", x, real, GRID}, SVG_DASHES, SVG_GREY},
                               {{"2 deviations", x, low, GRID}, SVG_THIN, 0},
                               {{NULL, x, high, GRID}, SVG_THIN, 0},
                               {{"fit", x, fit, GRID}, SVG_LINE, 1}};
  out_written(svg_draw(out_path("regression.svg"), "The most probable curve", "x", "y", false, series, COUNT(series)),
              "the data, the fit, and two deviations around it");
  return sqrt(squares / GRID);
}

int main(int argc, char **argv) {
  static double x[DATA], y[DATA];
  int steps = STEPS, seed = 0;
  const option options[] = {
      NUMBER("--steps", &steps, 1, 1 << 30, "of Adam; with fewer, the fit isn't expected to be good"),
      NUMBER("--seed", &seed, 0, 1 << 30, "of noise and initial weights")};
  options_read(argc, argv, "Fits a neural net to noisy points. Writes regression.svg.", options, COUNT(options));

  ag_context *cx = ag_context_new();
  generate(cx, (uint64_t)seed, x, y);
  ag_array data[] = {ag_matrix(cx, x, DATA, 1), ag_matrix(cx, y, DATA, 1)};
  ag_tree args[] = {init_params(cx, (uint64_t)seed), ag_tree_tuple_of(cx, data, 2)};
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree state = ag_optimizer_init(cx, args[0], &adam);
  double first = 0, last = 0;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_tree gradient;
    last = ag_item(cx, ag_tree_value_and_grad(cx, objective, NULL, args, 2, 0, &gradient));
    if (i == 0) first = last;
    adam.step_size = 0.02 * (1 - (double)i / steps);
    ag_optimizer_update(cx, args[0], gradient, state, &adam);
    progress("step", i, steps, "negative log-posterior per point %.4f", last);
    ag_scope_leave(cx, step);
  }
  double noise = exp(ag_item(cx, ag_tree_array_at(cx, args[0], "log noise"))), distance = draw(cx, args[0], x, y);
  printf("at the end %.4f; noise %.4f (really %.1f); the fit is %.4f from the curve\n", last, noise, NOISE, distance);
  check_that("the objective falls", last < first);
  if (steps >= STEPS) {
    check_close("noise", noise, NOISE, 0.02);
    check_that("the fit is nearer to the curve than the data are", distance < NOISE / 2);
  }
  return check_finish(cx);
}
