/* A curve through noisy points: a neural net of one number, whose weights have a normal prior and whose errors a normal
 * density, written out below. Adam looks for the most probable weights together with the size of the noise, which the
 * program is not told. Draws data, fit and two standard deviations as regression.svg. */
#include "common/adam.h"
#include "common/check.h"
#include "common/options.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { LAYERS = 3, PARAMETERS = 2 * LAYERS + 1, DATA = 120, GRID = 201 };

static const double NOISE = 0.1, WEIGHT_VARIANCE = 4, PI = 3.14159265358979323846;

static double truth(double x) { return sin(5 * x) / (1 + x * x) + 0.4 * x; }

/* ---- the model ---- */

/* The mean of y at each x, shape (n, 1). The parameters are weights and biases in turn, then the logarithm of the
 * noise's standard deviation. */
static ag_array predict(ag_context *cx, const ag_array *parameters, ag_array x) {
  ag_array h = x;
  for (int layer = 0; layer < LAYERS; layer++) {
    h = ag_add(cx, ag_matmul(cx, h, parameters[2 * layer]), parameters[2 * layer + 1]);
    if (layer + 1 < LAYERS) h = ag_tanh(cx, h);
  }
  return h;
}

/* The sum of log N(x; mean, exp(log_deviation)^2). */
static ag_array normal_log_density(ag_context *cx, ag_array x, ag_array mean, ag_array log_deviation) {
  ag_array z = ag_div(cx, ag_sub(cx, x, mean), ag_exp(cx, log_deviation));
  ag_array each = ag_sub(cx, ag_mul_scalar(cx, ag_square(cx, z), -0.5), log_deviation);
  return ag_sum(cx, ag_sub_scalar(cx, each, 0.5 * log(2 * PI)));
}

struct points {
  ag_array x, y; /* (n, 1) */
};

/* The negative logarithm of prior times likelihood, per point. */
static ag_array objective(ag_context *cx, const ag_array *parameters, size_t nparameters, void *user) {
  const struct points *data = user;
  ag_array mean = predict(cx, parameters, data->x), zero = ag_scalar(cx, 0);
  ag_array total = normal_log_density(cx, data->y, mean, parameters[nparameters - 1]);
  ag_array spread = ag_scalar(cx, 0.5 * log(WEIGHT_VARIANCE));
  for (size_t k = 0; k + 1 < nparameters; k++)
    total = ag_add(cx, total, normal_log_density(cx, parameters[k], zero, spread));
  return ag_div_scalar(cx, total, -(double)DATA);
}

/* ---- data, start, picture ---- */

static struct points generate(ag_context *cx, uint64_t seed) {
  double x[DATA], y[DATA];
  ag_array noise = ag_random_normal(cx, seed, AG_F64, (int64_t[]){DATA}, 1, 0, NOISE);
  ag_copy_to(cx, noise, y, sizeof y);
  for (int i = 0; i < DATA; i++) {
    x[i] = -2 + 4 * (i + 0.5) / DATA;
    y[i] += truth(x[i]);
  }
  return (struct points){ag_matrix(cx, x, DATA, 1), ag_matrix(cx, y, DATA, 1)};
}

static void initialize(ag_context *cx, ag_array *parameters, uint64_t seed) {
  static const int64_t sizes[LAYERS + 1] = {1, 20, 20, 1};
  for (int layer = 0; layer < LAYERS; layer++) {
    double deviation = 1 / sqrt((double)sizes[layer]);
    uint64_t stream = 1000 + seed * PARAMETERS + 2 * (uint64_t)layer;
    parameters[2 * layer] = ag_random_normal(cx, stream, AG_F64, &sizes[layer], 2, 0, deviation);
    parameters[2 * layer + 1] = ag_random_normal(cx, stream + 1, AG_F64, &sizes[layer + 1], 1, 0, deviation);
  }
  parameters[PARAMETERS - 1] = ag_scalar(cx, 0);
}

/* Returns the root mean square of the distance between fit and truth. */
static double draw(ag_context *cx, const char *path, const ag_array *parameters, struct points data) {
  static double x[GRID], fit[GRID], low[GRID], high[GRID], real[GRID], data_x[DATA], data_y[DATA];
  double squares = 0, deviation = exp(ag_item(cx, parameters[PARAMETERS - 1]));
  for (int i = 0; i < GRID; i++) x[i] = -2 + 4.0 * i / (GRID - 1);
  ag_copy_to(cx, predict(cx, parameters, ag_matrix(cx, x, GRID, 1)), fit, sizeof fit);
  ag_copy_to(cx, data.x, data_x, sizeof data_x);
  ag_copy_to(cx, data.y, data_y, sizeof data_y);
  for (int i = 0; i < GRID; i++) {
    real[i] = truth(x[i]);
    squares += (fit[i] - real[i]) * (fit[i] - real[i]);
    low[i] = fit[i] - 2 * deviation, high[i] = fit[i] + 2 * deviation;
  }
  const svg_series series[] = {{{"data", data_x, data_y, DATA}, SVG_DOTS, 5},
                               {{"without noise", x, real, GRID}, SVG_DASHES, SVG_GREY},
                               {{"2 deviations", x, low, GRID}, SVG_THIN, 0},
                               {{NULL, x, high, GRID}, SVG_THIN, 0},
                               {{"fit", x, fit, GRID}, SVG_LINE, 1}};
  if (check_that("the picture can be written",
                 svg_draw(path, "The most probable curve", "x", "y", false, series, 5)))
    printf("%s\n", path);
  return sqrt(squares / GRID);
}

static const char HELP[] =
    "usage: neural_net_regression [--steps N] [--seed N] [FILE]\n"
    "\n"
    "Fits a neural net to noisy points and draws it as FILE (regression.svg).\n"
    "\n"
    "  --steps N   of Adam (1500); with fewer, the fit isn't expected to be good\n"
    "  --seed N    of noise and initial weights (0)\n";

int main(int argc, char **argv) {
  enum { STEPS = 1500 };
  int steps = STEPS, seed = 0;
  const char *path = "regression.svg";
  const option options[] = {{"--steps", &steps, 1, 1 << 30}, {"--seed", &seed, 0, 1 << 30}};
  int status = options_read(argc, argv, HELP, options, 2, &path);
  if (status >= 0) return status;

  ag_context *cx = ag_context_new();
  struct points data = generate(cx, (uint64_t)seed);
  ag_array parameters[PARAMETERS], gradients[PARAMETERS];
  initialize(cx, parameters, (uint64_t)seed);
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, PARAMETERS);

  double first = 0, last = 0;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array loss = ag_value_and_grads(cx, objective, &data, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    adam_step(cx, &optimizer, parameters, gradients, 0.02 * (1 - (double)i / steps));
    last = ag_item(cx, loss);
    if (i == 0) first = last;
    ag_scope_leave(cx, step);
    if (i % 250 == 0) printf("step %5d  negative log-posterior per point %.4f\n", i, last);
  }
  double noise = exp(ag_item(cx, parameters[PARAMETERS - 1])), distance = draw(cx, path, parameters, data);
  printf("at the end %.4f; noise %.4f (really %.1f); the fit is %.4f from the curve\n", last, noise, NOISE, distance);
  check_that("the objective falls", last < first);
  if (steps >= STEPS) {
    check_close("noise", noise, NOISE, 0.02);
    check_that("the fit is nearer to the curve than the data are", distance < NOISE / 2);
  }
  return check_finish(cx);
}
