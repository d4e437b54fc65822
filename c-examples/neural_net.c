/* Autograd's neural net in C: tanh layers and a log-softmax, trained by Adam on mini-batches of handwritten digits. The
 * parameters are a tree, a list of dicts; so is their gradient, which is one call, and so is what Adam remembers. Net
 * and optimizer are saved together in neural_net.npz, which NumPy reads, and from which --continue goes on. See --help.
 */
#include "common/check.h"
#include "common/digits.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { LAYERS = 3, BATCH = 64, MOST_EPOCHS = 1000 };

static const double STEP_SIZE = 0.003, WEIGHT_DECAY = 1e-4, NOISE = 0.2;

/* ---- the model ---- */

/* [{"w": (pixels, 200), "b": (200,)}, ...]. Weights of variance 1 / fan-in, so that a layer neither swells nor fades
 * what passes through it. */
static ag_tree init_params(ag_context *cx, int64_t pixels, uint64_t seed) {
  static const char *const keys[] = {"w", "b"};
  const int64_t sizes[LAYERS + 1] = {pixels, 200, 100, 10};
  ag_tree layers[LAYERS];
  for (int l = 0; l < LAYERS; l++) {
    uint64_t stream = LAYERS * seed + (uint64_t)l;
    ag_array w = ag_random_normal(cx, stream, AG_F32, &sizes[l], 2, 0, 1 / sqrt((double)sizes[l]));
    ag_array b = ag_zeros(cx, AG_F32, &sizes[l + 1], 1);
    layers[l] = ag_tree_dict_of(cx, keys, (ag_array[]){w, b}, 2);
  }
  return ag_tree_list(cx, layers, LAYERS);
}

/* log p(class | image), shape (n, 10), for images of shape (n, pixels) */
static ag_array log_probabilities(ag_context *cx, ag_tree params, ag_array images) {
  ag_array h = images;
  for (int l = 0; l < LAYERS; l++) {
    ag_tree layer = ag_tree_item(cx, params, l);
    h = ag_add(cx, ag_dot(cx, h, ag_tree_array_at(cx, layer, "w")), ag_tree_array_at(cx, layer, "b"));
    if (l + 1 < LAYERS) h = ag_tanh(cx, h);
  }
  return ag_sub(cx, h, ag_logsumexp_axis(cx, h, 1, true));
}

/* Minus the logarithm of the posterior per example, by args[0], the parameters; args[1] is a batch (images, targets).
 * The prior says that weights are normally distributed: this is what L2 regularisation means. */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array images = ag_tree_array_at(cx, args[1], "0"), targets = ag_tree_array_at(cx, args[1], "1");
  ag_array of_label = ag_mul(cx, log_probabilities(cx, args[0], images), targets);
  ag_array log_likelihood = ag_mean(cx, ag_sum_axis(cx, of_label, 1, false));
  ag_array log_prior = ag_mul_scalar(cx, ag_tree_dot(cx, args[0], args[0]), -WEIGHT_DECAY);
  return ag_tree_leaf(cx, ag_neg(cx, ag_add(cx, log_prior, log_likelihood)));
}

/* ---- training ---- */

/* One pass over the digits in a new order; returns the mean loss. New noise lies on the pixels each time, so that the
 * net cannot learn the few digits by heart. */
static double train_epoch(ag_context *cx, ag_tree params, ag_tree state, const ag_optimizer_options *adam,
                          ag_array images, ag_array targets, uint64_t seed) {
  size_t count = (size_t)ag_shape(cx, images)[0];
  ag_array order = digits_order(cx, seed, count);
  double total = 0;
  for (size_t i = 0; i < count && !ag_error(cx); i += BATCH) {
    ag_scope step = ag_scope_enter(cx); /* everything a step makes is gone when it ends, but for params and state */
    ag_array batch[] = {digits_batch(cx, images, order, i, BATCH), digits_batch(cx, targets, order, i, BATCH)};
    size_t n = (size_t)ag_shape(cx, batch[0])[0];
    ag_array noise = ag_random_normal(cx, seed + i + 1, AG_F32, ag_shape(cx, batch[0]), 2, 0, NOISE);
    batch[0] = ag_add(cx, batch[0], noise);
    ag_tree args[] = {params, ag_tree_tuple_of(cx, batch, 2)}, gradient;
    ag_array loss = ag_tree_value_and_grad(cx, objective, NULL, args, 2, 0, &gradient);
    ag_optimizer_update(cx, params, gradient, state, adam);
    total += ag_item(cx, loss) * (double)n;
    ag_scope_leave(cx, step);
  }
  return total / (double)count;
}

static ag_array predict(ag_context *cx, ag_tree params, ag_array images) {
  return ag_argmax_axis(cx, log_probabilities(cx, params, images), 1, false);
}

static double accuracy(ag_context *cx, ag_tree params, ag_array images, ag_array labels) {
  return 100 * ag_item(cx, ag_mean(cx, ag_equal(cx, predict(cx, params, images), labels)));
}

int main(int argc, char **argv) {
  static double number[MOST_EPOCHS], loss[MOST_EPOCHS], wrong[MOST_EPOCHS];
  int epochs = 40, threads = 1, limit = 0, seed = 0, expected = 97;
  const char *data = DIGITS_CSV, *from = NULL;
  const option options[] = {NUMBER("--epochs", &epochs, 1, MOST_EPOCHS, "passes over the training digits"),
                            NUMBER("--limit", &limit, 0, 1 << 30, "training digits used, 0 for all"),
                            NUMBER("--seed", &seed, 0, 1 << 30, "of the initial weights and of the digits' order"),
                            NUMBER("--threads", &threads, 1, 1024, "of the library"),
                            NUMBER("--expect", &expected, 0, 100, "per cent of the test digits to be right at the end"),
                            TEXT("--continue", &from, "a neural_net.npz to go on from"),
                            TEXT("DATA", &data, "digits as CSV, or a folder with MNIST's four IDX files")};
  options_read(argc, argv, "Trains a neural net on handwritten digits. Writes neural_net.npz, loss.svg and digits.png.",
               options, COUNT(options));
  digits train = {0}, test = {0};
  if (!digits_read(data, &train, &test)) return 1;
  if (limit && (size_t)limit < train.count) train.count = (size_t)limit;

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  ag_array images = digits_images(cx, &train), targets = digits_one_hot(cx, &train), labels = digits_labels(cx, &train);
  ag_array test_images = digits_images(cx, &test), test_labels = digits_labels(cx, &test);
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = init_params(cx, (int64_t)(train.side * train.side), (uint64_t)seed);
  ag_tree state = ag_optimizer_init(cx, params, &adam);
  static const char *const keys[] = {"net", "adam"};
  if (from) {
    ag_tree saved = ag_tree_load_like(cx, from, ag_tree_dict(cx, keys, (ag_tree[]){params, state}, 2));
    params = ag_tree_get(cx, saved, "net"), state = ag_tree_get(cx, saved, "adam");
    if (!ag_error(cx)) printf("goes on after %.0f steps\n", ag_item(cx, ag_tree_array_at(cx, state, "iteration")));
  }

  printf("%zu training digits, %zu test digits of %zux%zu\n", train.count, test.count, train.side, train.side);
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    ag_scope epoch = ag_scope_enter(cx);
    adam.step_size = STEP_SIZE * (1 - (double)i / epochs);
    uint64_t stream = ((uint64_t)(seed + 1) << 32) + (uint64_t)i * train.count; /* of random numbers */
    number[i] = i + 1, loss[i] = train_epoch(cx, params, state, &adam, images, targets, stream);
    wrong[i] = 1 - accuracy(cx, params, test_images, test_labels) / 100;
    progress("epoch", i, epochs, "loss %.4f, right: %.2f %% of the training digits, %.2f %% of the test digits",
             loss[i], accuracy(cx, params, images, labels), 100 - 100 * wrong[i]);
    ag_scope_leave(cx, epoch);
  }

  /* what NumPy reads as numpy.load("neural_net.npz")["net/0/w"], and --continue */
  ag_tree_save(cx, out_path("neural_net.npz"), ag_tree_dict(cx, keys, (ag_tree[]){params, state}, 2));
  out_written(!ag_error(cx), "the net, and what Adam knows");
  ag_tree again = ag_tree_get(cx, ag_tree_load(cx, out_path("neural_net.npz")), "net");
  check_that("what is read is what was written", ag_item(cx, ag_tree_norm(cx, ag_tree_sub(cx, again, params))) == 0);
  svg_curve curves[] = {{"training loss", number, loss, (size_t)epochs}, {"test error", number, wrong, (size_t)epochs}};
  out_written(svg_plot(out_path("loss.svg"), "Neural net on digits", "epoch", "", curves, 2),
              "the loss, and the share of test digits that are wrong");
  const int64_t *predicted = ag_data(cx, predict(cx, params, test_images));
  if (predicted)
    out_written(digits_sheet(out_path("digits.png"), &test, predicted),
                "test digits with their predictions, wrong ones on red");
  check_that("as many test digits are read as expected", 100 - 100 * wrong[epochs - 1] >= expected);
  digits_free(&train);
  digits_free(&test);
  return check_finish(cx);
}
