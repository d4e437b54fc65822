/* Autograd's convnet in C: two convolutions with pooling and a log-softmax, trained by Adam on handwritten digits. The
 * parameters of its layers are a tree, from which the gradient has its form. See --help. */
#include "common/check.h"
#include "common/digits.h"
#include "common/png.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { FIRST = 12, SECOND = 24, KERNEL = 3, CLASSES = 10, LAYERS = 3, BATCH = 64, MOST_EPOCHS = 1000 };

static const double STEP_SIZE = 0.004, WEIGHT_DECAY = 1e-4, NOISE = 0.1;

/* ---- the model ---- */

/* A layer: {"w": normally distributed, "b": zeros}. */
static ag_tree weights(ag_context *cx, uint64_t seed, const int64_t *shape, size_t ndim, double std,
                       const int64_t *bias_shape, size_t bias_ndim) {
  static const char *const keys[] = {"w", "b"};
  ag_array w = ag_random_normal(cx, seed, AG_F32, shape, ndim, 0, std);
  return ag_tree_dict_of(cx, keys, (ag_array[]){w, ag_zeros(cx, AG_F32, bias_shape, bias_ndim)}, 2);
}

/* [convolution, convolution, dense]. Variance 2 / fan-in: a rectifier lets half of what comes through. */
static ag_tree init_params(ag_context *cx, int64_t side, uint64_t seed) {
  const int64_t features = SECOND * (side / 4) * (side / 4), dense[] = {features, CLASSES};
  const int64_t first[] = {FIRST, 1, KERNEL, KERNEL}, second[] = {SECOND, FIRST, KERNEL, KERNEL};
  const int64_t first_bias[] = {FIRST, 1, 1}, second_bias[] = {SECOND, 1, 1};
  ag_tree layers[LAYERS] = {weights(cx, 3 * seed, first, 4, sqrt(2.0 / (KERNEL * KERNEL)), first_bias, 3),
                            weights(cx, 3 * seed + 1, second, 4, sqrt(2.0 / (FIRST * KERNEL * KERNEL)), second_bias, 3),
                            weights(cx, 3 * seed + 2, dense, 2, sqrt(1 / (double)features), &dense[1], 1)};
  return ag_tree_list(cx, layers, LAYERS);
}

/* Convolution, bias, rectifier, and the largest of each square of two by two. */
static ag_array convolution(ag_context *cx, ag_tree layer, ag_array x) {
  static const int64_t padding[2] = {1, 1}, window[2] = {2, 2};
  ag_array z = ag_conv2d(cx, x, ag_tree_array_at(cx, layer, "w"), NULL, padding, NULL, 1);
  z = ag_add(cx, z, ag_tree_array_at(cx, layer, "b"));
  return ag_max_pool2d(cx, ag_maximum_scalar(cx, z, 0), window, NULL, NULL);
}

/* log p(class | image), shape (n, 10), for images of shape (n, 1, side, side) */
static ag_array log_probabilities(ag_context *cx, ag_tree params, ag_array images) {
  ag_array h = convolution(cx, ag_tree_item(cx, params, 0), images);
  h = convolution(cx, ag_tree_item(cx, params, 1), h);
  h = ag_reshape(cx, h, (int64_t[]){ag_shape(cx, images)[0], -1}, 2);
  ag_array z = ag_add(cx, ag_dot(cx, h, ag_tree_array_at(cx, params, "2/w")), ag_tree_array_at(cx, params, "2/b"));
  return ag_sub(cx, z, ag_logsumexp_axis(cx, z, 1, true));
}

/* What is minimised, as a function of the parameters args[0]: minus the mean log-likelihood of the batch args[1], which
 * is (images, targets), and the weights' squares. */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array images = ag_tree_array_at(cx, args[1], "0"), targets = ag_tree_array_at(cx, args[1], "1");
  ag_array of_label = ag_mul(cx, log_probabilities(cx, args[0], images), targets);
  ag_array loss = ag_neg(cx, ag_mean(cx, ag_sum_axis(cx, of_label, 1, false)));
  for (int l = 0; l < LAYERS; l++) {
    ag_array w = ag_tree_array_at(cx, ag_tree_item(cx, args[0], l), "w");
    loss = ag_add(cx, loss, ag_mul_scalar(cx, ag_sum(cx, ag_square(cx, w)), WEIGHT_DECAY));
  }
  return ag_tree_leaf(cx, loss);
}

/* ---- training ---- */

/* One pass over the digits in a new order, with new noise on their pixels; returns the mean loss. */
static double train_epoch(ag_context *cx, ag_tree params, ag_tree state, const ag_optimizer_options *adam,
                          ag_array images, ag_array targets, size_t count, uint64_t seed) {
  ag_array order = digits_order(cx, seed, count);
  double total = 0;
  for (size_t i = 0; i < count && !ag_error(cx); i += BATCH) {
    ag_scope step = ag_scope_enter(cx);
    ag_array batch[] = {digits_batch(cx, images, order, i, BATCH), digits_batch(cx, targets, order, i, BATCH)};
    size_t n = (size_t)ag_shape(cx, batch[0])[0];
    ag_array noise = ag_random_normal(cx, seed + i + 1, AG_F32, ag_shape(cx, batch[0]), 4, 0, NOISE);
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

/* The kernels of the first layer side by side: what the net looks for in the ink. White attracts, black repels. */
static bool draw_kernels(ag_context *cx, ag_array kernels, const char *path) {
  enum { PIXEL = 16, GAP = 8, CELL = KERNEL * PIXEL + GAP, WIDTH = FIRST * CELL + GAP, HEIGHT = CELL + GAP };
  static uint8_t picture[HEIGHT * WIDTH * 3];
  const float *k = ag_data(cx, kernels);
  float largest = (float)ag_item(cx, ag_max(cx, ag_abs(cx, kernels)));
  if (!k || !(largest > 0)) return false;
  memset(picture, 96, sizeof picture);
  for (int f = 0; f < FIRST; f++)
    for (int y = 0; y < KERNEL * PIXEL; y++)
      for (int x = 0; x < KERNEL * PIXEL; x++) {
        float value = k[(f * KERNEL + y / PIXEL) * KERNEL + x / PIXEL] / largest;
        memset(picture + ((GAP + y) * WIDTH + GAP + f * CELL + x) * 3, (int)(127.5f * (1 + value)), 3);
      }
  return png_write(path, picture, WIDTH, HEIGHT);
}

/* (n, 1, side, side) */
static ag_array images_of(ag_context *cx, const digits *d) {
  return ag_reshape(cx, digits_images(cx, d), (int64_t[]){(int64_t)d->count, 1, (int64_t)d->side, -1}, 4);
}

int main(int argc, char **argv) {
  static double number[MOST_EPOCHS], loss[MOST_EPOCHS], wrong[MOST_EPOCHS];
  int epochs = 25, threads = 1, limit = 0, seed = 0, expected = 97;
  const char *data = DIGITS_CSV;
  const option options[] = {NUMBER("--epochs", &epochs, 1, MOST_EPOCHS, "passes over the training digits"),
                            NUMBER("--limit", &limit, 0, 1 << 30, "training digits used, 0 for all"),
                            NUMBER("--seed", &seed, 0, 1 << 30, "of the initial weights and of the digits' order"),
                            NUMBER("--threads", &threads, 1, 1024, "of the library"),
                            NUMBER("--expect", &expected, 0, 100, "per cent of the test digits to be right at the end"),
                            TEXT("DATA", &data, "digits as CSV, or a folder with MNIST's four IDX files")};
  options_read(argc, argv,
               "Trains a convolutional net on handwritten digits. Writes convnet_loss.svg, convnet_digits.png and\n"
               "convnet_kernels.png.",
               options, COUNT(options));
  digits train = {0}, test = {0};
  if (!digits_read(data, &train, &test)) return 1;
  size_t count = limit && (size_t)limit < train.count ? (size_t)limit : train.count;

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  ag_array images = images_of(cx, &train), targets = digits_one_hot(cx, &train), test_images = images_of(cx, &test);
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = init_params(cx, (int64_t)train.side, (uint64_t)seed), state = ag_optimizer_init(cx, params, &adam);
  printf("%zu training digits, %zu test digits of %zux%zu\n", count, test.count, train.side, train.side);
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    ag_scope epoch = ag_scope_enter(cx);
    adam.step_size = STEP_SIZE * (1 - (double)i / epochs);
    number[i] = i + 1;
    uint64_t stream = ((uint64_t)(seed + 1) << 32) + (uint64_t)i * train.count; /* of random numbers */
    loss[i] = train_epoch(cx, params, state, &adam, images, targets, count, stream);
    ag_array right = ag_equal(cx, predict(cx, params, test_images), digits_labels(cx, &test));
    wrong[i] = 1 - ag_item(cx, ag_mean(cx, right));
    progress("epoch", i, epochs, "loss %.4f, right: %.2f %% of the test digits", loss[i], 100 - 100 * wrong[i]);
    ag_scope_leave(cx, epoch);
  }

  svg_curve curves[] = {{"training loss", number, loss, (size_t)epochs}, {"test error", number, wrong, (size_t)epochs}};
  out_written(svg_plot(out_path("convnet_loss.svg"), "Convnet on digits", "epoch", "", curves, 2),
              "the loss, and the share of test digits that are wrong");
  const int64_t *predicted = ag_data(cx, predict(cx, params, test_images));
  if (predicted)
    out_written(digits_sheet(out_path("convnet_digits.png"), &test, predicted),
                "test digits with their predictions, wrong ones on red");
  out_written(draw_kernels(cx, ag_tree_array_at(cx, params, "0/w"), out_path("convnet_kernels.png")),
              "the kernels of the first layer");
  check_that("as many test digits are read as expected", 100 - 100 * wrong[epochs - 1] >= expected);
  digits_free(&train);
  digits_free(&test);
  return check_finish(cx);
}
