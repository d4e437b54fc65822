/* Variational inference with a mixture: several normal distributions with independent coordinates lie down along the
 * banana that a single one (black_box_svi.c) covers badly. Which of them a point comes from cannot be differentiated;
 * so there are points from each of them, and the average takes them with the weights of the mixture. Draws the result
 * as mixture_variational_inference.png. See --help. */
#include "common/adam.h"
#include "common/check.h"
#include "common/density.h"
#include "common/options.h"

#include <stdio.h>

enum { MEANS, LOG_STDS, LOG_WEIGHTS, PARAMETERS };

struct draw {
  uint64_t seed;
  int64_t samples;
};

static ag_array log_weights(ag_context *cx, const ag_array *parameters) {
  return ag_sub(cx, parameters[LOG_WEIGHTS], ag_logsumexp(cx, parameters[LOG_WEIGHTS]));
}

/* The logarithm of the mixture's density at points (..., 2). */
static ag_array log_mixture(ag_context *cx, ag_array points, const ag_array *parameters) {
  ag_array each = ag_expand_dims(cx, points, -2);
  ag_array coordinates = density_normal(cx, each, parameters[MEANS], parameters[LOG_STDS]);
  ag_array components = ag_add(cx, ag_sum_axis(cx, coordinates, -1, false), log_weights(cx, parameters));
  return ag_logsumexp_axis(cx, components, -1, false);
}

/* Minus the ELBO. */
static ag_array objective(ag_context *cx, const ag_array *parameters, size_t nargs, void *user) {
  (void)nargs;
  const struct draw *draw = user;
  const int64_t shape[3] = {draw->samples, ag_shape(cx, parameters[MEANS])[0], 2};
  ag_array noise = ag_random_normal(cx, draw->seed, AG_F64, shape, 3, 0, 1);
  ag_array points = ag_add(cx, parameters[MEANS], ag_mul(cx, ag_exp(cx, parameters[LOG_STDS]), noise));
  ag_array difference = ag_sub(cx, log_mixture(cx, points, parameters), density_banana(cx, points));
  ag_array per_component = ag_mean_axis(cx, difference, 0, false);
  return ag_sum(cx, ag_mul(cx, ag_exp(cx, log_weights(cx, parameters)), per_component));
}

static ag_array exact(ag_context *cx, ag_array points, void *user) {
  (void)user;
  return density_banana(cx, points);
}

static ag_array approximation(ag_context *cx, ag_array points, void *user) { return log_mixture(cx, points, user); }

static const char HELP[] =
    "usage: mixture_variational_inference [options] [FOLDER]\n"
    "\n"
    "Fits a mixture of normal distributions to a banana. Writes mixture_variational_inference.png into FOLDER.\n"
    "\n"
    "  --components N  of the mixture (10)\n"
    "  --steps N       of Adam (800)\n"
    "  --samples N     random points per step and component (40)\n"
    "  --width N       of the picture, in pixels (600)\n"
    "  --expect N      exit with 1 if the divergence is larger, in thousandths (100)\n";

int main(int argc, char **argv) {
  int components = 10, steps = 800, samples = 40, width = 600, expected = 100;
  const option options[] = {{"--components", &components, 1, 1000},
                            {"--steps", &steps, 1, 1000000},
                            {"--samples", &samples, 1, 1000000},
                            {"--width", &width, 16, 4096},
                            {"--expect", &expected, 0, 1000000}};
  const char *folder = ".";
  int status = options_read(argc, argv, HELP, options, sizeof options / sizeof *options, &folder);
  if (status >= 0) return status;

  ag_context *cx = ag_context_new();
  const int64_t shape[2] = {components, 2};
  ag_array parameters[PARAMETERS] = {ag_random_normal(cx, 0, AG_F64, shape, 2, 0, 1),
                                     ag_zeros(cx, AG_F64, shape, 2), ag_zeros(cx, AG_F64, shape, 1)};
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, PARAMETERS);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    struct draw draw = {(uint64_t)i, samples};
    ag_array gradients[PARAMETERS];
    ag_array loss = ag_value_and_grads(cx, objective, &draw, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    if (i % 100 == 0) printf("step %4d  ELBO %8.4f\n", i, -ag_item(cx, loss)), fflush(stdout);
    adam_step(cx, &optimizer, parameters, gradients, 0.05 * (1 - 0.99 * i / steps));
    ag_scope_leave(cx, scope);
  }

  /* The banana's density is normalised, so that minus the ELBO is the divergence: never negative, and 0.5607 for the
   * best single normal distribution (see black_box_svi.c). */
  ag_array divergence = objective(cx, parameters, PARAMETERS, &(struct draw){1u << 30, 100 * (int64_t)samples});
  double reached = ag_item(cx, divergence);
  printf("divergence %.4f; of a single normal distribution 0.5607 at best\n", reached);
  printf("weights %s\n", ag_to_string(cx, ag_exp(cx, log_weights(cx, parameters))));
  check_that("the divergence is positive", reached > 0);
  check_that("the divergence is as small as expected", 1000 * reached <= expected);

  char path[4096];
  snprintf(path, sizeof path, "%s/mixture_variational_inference.png", folder);
  const window w = {-5, 5, -3.5, 9, width};
  if (check_that("the picture can be written", density_draw(cx, path, w, exact, approximation, parameters)))
    printf("%s: the density in blue, the mixture in red\n", path);
  return check_finish(cx);
}
