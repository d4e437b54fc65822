/* Variational inference: of all normal distributions with independent coordinates, the one that is nearest to a given
 * density by the Kullback-Leibler divergence. Nothing is known of the density but how to compute its logarithm. Random
 * points are made from the distribution's parameters (the "reparameterisation trick"), so that the gradient of an
 * average over them is an estimate of the gradient wanted. For this density the best parameters have a closed form,
 * with which the result is compared. Draws both as black_box_svi.png. See --help. */
#include "common/check.h"
#include "common/density.h"
#include "common/program.h"

#include <math.h>
#include <stdio.h>

struct draw {
  uint64_t seed;
  int64_t samples;
};

/* Minus the ELBO, the mean of log q - log p for points from q, by args[0] = {"mean", "log std"}. The entropy of q,
 * minus the mean of log q, is known exactly. */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  const struct draw *draw = user;
  ag_array mean = ag_tree_array_at(cx, args[0], "mean"), log_std = ag_tree_array_at(cx, args[0], "log std");
  ag_array noise = ag_random_normal(cx, draw->seed, AG_F64, (int64_t[]){draw->samples, 2}, 2, 0, 1);
  ag_array points = ag_add(cx, mean, ag_mul(cx, ag_exp(cx, log_std), noise));
  ag_array entropy = ag_add_scalar(cx, ag_sum(cx, log_std), 1 + log(2 * acos(-1.0)));
  return ag_tree_leaf(cx, ag_neg(cx, ag_add(cx, entropy, ag_mean(cx, density_banana(cx, points)))));
}

static ag_array exact(ag_context *cx, ag_array points, void *user) {
  (void)user;
  return density_banana(cx, points);
}

static ag_array approximation(ag_context *cx, ag_array points, void *user) {
  const ag_tree *q = user;
  ag_array mean = ag_tree_array_at(cx, *q, "mean"), log_std = ag_tree_array_at(cx, *q, "log std");
  return ag_sum_axis(cx, density_normal(cx, points, mean, log_std), 1, false);
}

int main(int argc, char **argv) {
  int steps = 600, samples = 500, width = 600, permille = 30;
  const option options[] = {NUMBER("--steps", &steps, 1, 1000000, "of Adam"),
                            NUMBER("--samples", &samples, 1, 1000000, "random points per step"),
                            NUMBER("--width", &width, 16, 4096, "of the picture, in pixels"),
                            NUMBER("--permille", &permille, 0, 1000000, "by how much a parameter may be wrong")};
  options_read(argc, argv, "Fits a normal distribution to a banana. Writes black_box_svi.png.", options,
               COUNT(options));

  static const char *const keys[] = {"mean", "log std"};
  ag_context *cx = ag_context_new();
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_array first[] = {ag_vector(cx, (double[]){-1, -1}, 2), ag_vector(cx, (double[]){-2, -2}, 2)};
  ag_tree q = ag_tree_dict_of(cx, keys, first, 2), state = ag_optimizer_init(cx, q, &adam);
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

  /* The ELBO of the normal distribution with means 0, m and deviations s, t is log(s t) - s^2 / (2 sigma^2)
   * - (t^2 + (m - b s^2)^2 + 2 b^2 s^4) / 2 + const. So m = b s^2, t = 1, and s^2 solves
   * 4 b^2 s^4 + s^2 / sigma^2 = 1. */
  double b = BANANA_BEND, a = 1.0 / (BANANA_STD * BANANA_STD);
  double square = (sqrt(a * a + 16 * b * b) - a) / (8 * b * b);
  double elbo = 1 + 0.5 * log(square) - log(BANANA_STD) - square * a / 2 - (1 + 2 * b * b * square * square) / 2;
  ag_tree last = objective(cx, &q, 1, &(struct draw){1u << 30, 200 * (int64_t)samples});
  double reached = -ag_item(cx, ag_tree_array(cx, last)), tolerance = permille / 1000.0;
  ag_array mean = ag_tree_array_at(cx, q, "mean"), log_std = ag_tree_array_at(cx, q, "log std");
  printf("ELBO %.4f, at best %.4f\n", reached, elbo);
  printf("means      %s\n", ag_to_string(cx, mean));
  printf("deviations %s, best %.4f and 1\n", ag_to_string(cx, ag_exp(cx, log_std)), sqrt(square));
  check_array(cx, "means", mean, (double[]){0, b * square}, 2, tolerance);
  check_array(cx, "logarithms of the deviations", log_std, (double[]){0.5 * log(square), 0}, 2, tolerance);
  check_close("ELBO", reached, elbo, tolerance);

  const window w = {-5, 5, -3.5, 9, width};
  out_written(density_draw(cx, out_path("black_box_svi.png"), w, exact, approximation, &q),
              "the density in blue, the normal distribution in red; lines at one, two and three deviations");
  return check_finish(cx);
}
