/* Variational inference with a mixture: several normal distributions with independent coordinates lie down along the
 * banana that a single one (black_box_svi.c) covers badly. Which of them a point comes from cannot be differentiated;
 * so there are points from each of them, and the average takes them with the weights of the mixture. Draws the result
 * as mixture_variational_inference.png. See --help. */
#include "common/check.h"
#include "common/density.h"
#include "common/program.h"

#include <stdio.h>

struct draw {
  uint64_t seed;
  int64_t samples;
};

static ag_array log_weights(ag_context *cx, ag_tree q) {
  ag_array free = ag_tree_array_at(cx, q, "log weights");
  return ag_sub(cx, free, ag_logsumexp(cx, free));
}

/* The logarithm of the mixture's density at points (..., 2). */
static ag_array log_mixture(ag_context *cx, ag_array points, ag_tree q) {
  ag_array each = ag_expand_dims(cx, points, -2);
  ag_array means = ag_tree_array_at(cx, q, "means"), log_stds = ag_tree_array_at(cx, q, "log stds");
  ag_array coordinates = density_normal(cx, each, means, log_stds);
  ag_array components = ag_add(cx, ag_sum_axis(cx, coordinates, -1, false), log_weights(cx, q));
  return ag_logsumexp_axis(cx, components, -1, false);
}

/* Minus the ELBO, by args[0] = {"means", "log stds", "log weights"}. */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  const struct draw *draw = user;
  ag_array means = ag_tree_array_at(cx, args[0], "means"), log_stds = ag_tree_array_at(cx, args[0], "log stds");
  const int64_t shape[3] = {draw->samples, ag_shape(cx, means)[0], 2};
  ag_array noise = ag_random_normal(cx, draw->seed, AG_F64, shape, 3, 0, 1);
  ag_array points = ag_add(cx, means, ag_mul(cx, ag_exp(cx, log_stds), noise));
  ag_array difference = ag_sub(cx, log_mixture(cx, points, args[0]), density_banana(cx, points));
  ag_array per_component = ag_mean_axis(cx, difference, 0, false);
  return ag_tree_leaf(cx, ag_dot(cx, ag_exp(cx, log_weights(cx, args[0])), per_component));
}

static ag_array exact(ag_context *cx, ag_array points, void *user) {
  (void)user;
  return density_banana(cx, points);
}

static ag_array approximation(ag_context *cx, ag_array points, void *user) {
  return log_mixture(cx, points, *(const ag_tree *)user);
}

int main(int argc, char **argv) {
  int components = 10, steps = 800, samples = 40, width = 600, expected = 100;
  const option options[] = {
      NUMBER("--components", &components, 1, 1000, "of the mixture"), NUMBER("--steps", &steps, 1, 1000000, "of Adam"),
      NUMBER("--samples", &samples, 1, 1000000, "random points per step and component"),
      NUMBER("--width", &width, 16, 4096, "of the picture, in pixels"),
      NUMBER("--expect", &expected, 0, 1000000, "thousandths, above which the divergence is wrong")};
  options_read(argc, argv,
               "Fits a mixture of normal distributions to a banana. Writes mixture_variational_inference.png.", options,
               COUNT(options));

  static const char *const keys[] = {"means", "log stds", "log weights"};
  ag_context *cx = ag_context_new();
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  const int64_t shape[2] = {components, 2};
  ag_array first[] = {ag_random_normal(cx, 0, AG_F64, shape, 2, 0, 1), ag_zeros(cx, AG_F64, shape, 2),
                      ag_zeros(cx, AG_F64, shape, 1)};
  ag_tree q = ag_tree_dict_of(cx, keys, first, 3), state = ag_optimizer_init(cx, q, &adam);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    struct draw draw = {(uint64_t)i, samples};
    ag_tree gradient;
    ag_array loss = ag_tree_value_and_grad(cx, objective, &draw, &q, 1, 0, &gradient);
    progress("step", i, steps, "ELBO %8.4f", -ag_item(cx, loss));
    adam.step_size = 0.05 * (1 - 0.99 * i / steps);
    ag_optimizer_update(cx, q, gradient, state, &adam);
    ag_scope_leave(cx, scope);
  }

  /* The banana's density is normalised, so that minus the ELBO is the divergence: never negative, and 0.5607 for the
   * best single normal distribution (see black_box_svi.c). */
  ag_tree divergence = objective(cx, &q, 1, &(struct draw){1u << 30, 100 * (int64_t)samples});
  double reached = ag_item(cx, ag_tree_array(cx, divergence));
  printf("divergence %.4f; of a single normal distribution 0.5607 at best\n", reached);
  printf("weights %s\n", ag_to_string(cx, ag_exp(cx, log_weights(cx, q))));
  check_that("the divergence is positive", reached > 0);
  check_that("the divergence is as small as expected", 1000 * reached <= expected);
  const window w = {-5, 5, -3.5, 9, width};
  out_written(density_draw(cx, out_path("mixture_variational_inference.png"), w, exact, approximation, &q),
              "the density in blue, the mixture in red");
  return check_finish(cx);
}
