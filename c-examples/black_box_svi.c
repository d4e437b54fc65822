/* Variational inference: of all normal distributions with independent coordinates, the one that is nearest to a given
 * density by the Kullback-Leibler divergence. Nothing is known of the density but how to compute its logarithm. Random
 * points are made from the distribution's parameters (the "reparameterisation trick"), so that the gradient of an
 * average over them is an estimate of the gradient wanted. For this density the best parameters have a closed form,
 * with which the result is compared. Draws both as black_box_svi.png. See --help. */
#include "common/adam.h"
#include "common/check.h"
#include "common/density.h"
#include "common/options.h"

#include <math.h>
#include <stdio.h>

struct draw {
  uint64_t seed;
  int64_t samples;
};

/* args: the means and the logarithms of the standard deviations. Minus the ELBO: the mean of log q - log p for points
 * from q. The entropy of q, minus the mean of log q, is known exactly. */
static ag_array objective(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct draw *draw = user;
  const int64_t shape[2] = {draw->samples, 2};
  ag_array noise = ag_random_normal(cx, draw->seed, AG_F64, shape, 2, 0, 1);
  ag_array points = ag_add(cx, args[0], ag_mul(cx, ag_exp(cx, args[1]), noise));
  ag_array entropy = ag_add_scalar(cx, ag_sum(cx, args[1]), 1 + log(2 * acos(-1.0)));
  return ag_neg(cx, ag_add(cx, entropy, ag_mean(cx, density_banana(cx, points))));
}

static ag_array exact(ag_context *cx, ag_array points, void *user) {
  (void)user;
  return density_banana(cx, points);
}

static ag_array approximation(ag_context *cx, ag_array points, void *user) {
  const ag_array *parameters = user;
  return ag_sum_axis(cx, density_normal(cx, points, parameters[0], parameters[1]), 1, false);
}

static const char HELP[] =
    "usage: black_box_svi [options] [FOLDER]\n"
    "\n"
    "Fits a normal distribution to a banana. Writes black_box_svi.png into FOLDER.\n"
    "\n"
    "  --steps N      of Adam (600)\n"
    "  --samples N    random points per step (500)\n"
    "  --width N      of the picture, in pixels (600)\n"
    "  --permille N   by how much a parameter may be wrong, in thousandths (30)\n";

int main(int argc, char **argv) {
  int steps = 600, samples = 500, width = 600, permille = 30;
  const option options[] = {{"--steps", &steps, 1, 1000000},
                            {"--samples", &samples, 1, 1000000},
                            {"--width", &width, 16, 4096},
                            {"--permille", &permille, 0, 1000000}};
  const char *folder = ".";
  int status = options_read(argc, argv, HELP, options, sizeof options / sizeof *options, &folder);
  if (status >= 0) return status;

  ag_context *cx = ag_context_new();
  ag_array parameters[2] = {ag_vector(cx, (double[]){-1, -1}, 2), ag_vector(cx, (double[]){-2, -2}, 2)};
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, 2);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    struct draw draw = {(uint64_t)i, samples};
    ag_array gradients[2], loss = ag_value_and_grads(cx, objective, &draw, parameters, 2, NULL, 2, gradients);
    if (i % 100 == 0) printf("step %4d  ELBO %8.4f\n", i, -ag_item(cx, loss)), fflush(stdout);
    adam_step(cx, &optimizer, parameters, gradients, 0.05 * (1 - 0.99 * i / steps));
    ag_scope_leave(cx, scope);
  }

  /* The ELBO of the normal distribution with means 0, m and deviations s, t is log(s t) - s^2 / (2 sigma^2)
   * - (t^2 + (m - b s^2)^2 + 2 b^2 s^4) / 2 + const. So m = b s^2, t = 1, and s^2 solves
   * 4 b^2 s^4 + s^2 / sigma^2 = 1. */
  double b = BANANA_BEND, a = 1.0 / (BANANA_STD * BANANA_STD);
  double square = (sqrt(a * a + 16 * b * b) - a) / (8 * b * b);
  double elbo = 1 + 0.5 * log(square) - log(BANANA_STD) - square * a / 2 - (1 + 2 * b * b * square * square) / 2;
  ag_array final = objective(cx, parameters, 2, &(struct draw){1u << 30, 200 * (int64_t)samples});
  double reached = -ag_item(cx, final), tolerance = permille / 1000.0;
  printf("ELBO %.4f, at best %.4f\n", reached, elbo);
  printf("means      %s\n", ag_to_string(cx, parameters[0]));
  printf("deviations %s, best %.4f and 1\n", ag_to_string(cx, ag_exp(cx, parameters[1])), sqrt(square));
  check_array(cx, "means", parameters[0], (double[]){0, b * square}, 2, tolerance);
  check_array(cx, "logarithms of the deviations", parameters[1], (double[]){0.5 * log(square), 0}, 2, tolerance);
  check_close("ELBO", reached, elbo, tolerance);

  char path[4096];
  snprintf(path, sizeof path, "%s/black_box_svi.png", folder);
  const window w = {-5, 5, -3.5, 9, width};
  if (check_that("black_box_svi.png can be written", density_draw(cx, path, w, exact, approximation, parameters)))
    printf("%s: the density in blue, the normal distribution in red; lines at one, two and three deviations\n", path);
  return check_finish(cx);
}
