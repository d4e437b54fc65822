/* Autograd's convnet in C: two convolutions with pooling and a log-softmax, trained by Adam on handwritten digits.
 * See --help for what can be set. */
#include "common/adam.h"
#include "common/check.h"
#include "common/digits.h"
#include "common/png.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { FIRST = 12, SECOND = 24, KERNEL = 3, CLASSES = 10, PARAMETERS = 6, BATCH = 64, MOST_EPOCHS = 1000 };

static const double STEP_SIZE = 0.004, WEIGHT_DECAY = 1e-4, NOISE = 0.1;

/* ---- the model ---- */

/* Convolution, bias, rectifier, and the largest of each square of two by two. */
static ag_array layer(ag_context *cx, ag_array x, ag_array kernels, ag_array bias) {
  static const int64_t padding[2] = {1, 1}, window[2] = {2, 2};
  ag_array z = ag_add(cx, ag_conv2d(cx, x, kernels, NULL, padding, NULL, 1), bias);
  return ag_max_pool2d(cx, ag_maximum_scalar(cx, z, 0.0), window, NULL, NULL);
}

/* log p(class | image), shape (n, 10), for images of shape (n, 1, side, side). */
static ag_array log_probabilities(ag_context *cx, const ag_array *p, ag_array images) {
  ag_array h = layer(cx, layer(cx, images, p[0], p[1]), p[2], p[3]);
  const int64_t flat[2] = {ag_shape(cx, images)[0], -1};
  ag_array z = ag_add(cx, ag_dot(cx, ag_reshape(cx, h, flat, 2), p[4]), p[5]);
  return ag_sub(cx, z, ag_logsumexp_axis(cx, z, 1, true));
}

struct examples {
  ag_array images;  /* (n, 1, side, side), f32 */
  ag_array targets; /* (n, 10), f32: 1 at the right class */
};

/* What is minimised, as a function of the parameters: minus the mean log-likelihood, and the weights' squares. */
static ag_array objective(ag_context *cx, const ag_array *parameters, size_t nparameters, void *user) {
  const struct examples *batch = user;
  ag_array of_label = ag_mul(cx, log_probabilities(cx, parameters, batch->images), batch->targets);
  ag_array loss = ag_neg(cx, ag_mean(cx, ag_sum_axis(cx, of_label, 1, false)));
  for (size_t k = 0; k < nparameters; k += 2)
    loss = ag_add(cx, loss, ag_mul_scalar(cx, ag_sum(cx, ag_square(cx, parameters[k])), WEIGHT_DECAY));
  return loss;
}

/* Weights of variance 2 / fan-in: a rectifier lets half of what comes through. Biases zero. */
static void initialize(ag_context *cx, ag_array *p, size_t side, uint64_t seed) {
  const int64_t features = SECOND * (int64_t)(side / 4) * (int64_t)(side / 4);
  const int64_t kernels[2][4] = {{FIRST, 1, KERNEL, KERNEL}, {SECOND, FIRST, KERNEL, KERNEL}};
  const int64_t biases[2][3] = {{FIRST, 1, 1}, {SECOND, 1, 1}}, dense[2] = {features, CLASSES};
  for (int l = 0; l < 2; l++) {
    double fan_in = (double)(kernels[l][1] * KERNEL * KERNEL);
    p[2 * l] = ag_random_normal(cx, 3 * seed + (uint64_t)l, AG_F32, kernels[l], 4, 0.0, sqrt(2 / fan_in));
    p[2 * l + 1] = ag_zeros(cx, AG_F32, biases[l], 3);
  }
  p[4] = ag_random_normal(cx, 3 * seed + 2, AG_F32, dense, 2, 0.0, sqrt(1 / (double)features));
  p[5] = ag_zeros(cx, AG_F32, dense + 1, 1);
}

/* ---- training ---- */

struct options {
  const char *data, *output;
  int epochs, threads, limit, seed, expected;
};

static ag_array images_of(ag_context *cx, const digits *d) {
  const int64_t shape[] = {(int64_t)d->count, 1, (int64_t)d->side, (int64_t)d->side};
  return ag_array_new(cx, AG_F32, shape, 4, d->pixels);
}

static struct examples all_examples(ag_context *cx, const digits *d) {
  const int64_t count[] = {(int64_t)d->count};
  ag_array labels = ag_array_new(cx, AG_I64, count, 1, d->labels);
  return (struct examples){images_of(cx, d), ag_index_array(cx, ag_eye(cx, AG_F32, CLASSES, CLASSES, 0), labels)};
}

/* One pass over the digits in the given order, with new noise on their pixels; returns the mean loss. */
static double train_epoch(ag_context *cx, ag_array *parameters, adam *optimizer, struct examples all,
                          const int64_t *order, size_t count, double step_size, uint64_t seed) {
  double total = 0;
  for (size_t start = 0; start < count; start += BATCH) {
    size_t n = count - start < BATCH ? count - start : BATCH;
    ag_scope step = ag_scope_enter(cx);
    ag_array rows = ag_array_new(cx, AG_I64, (int64_t[]){(int64_t)n}, 1, order + start), gradients[PARAMETERS];
    struct examples batch = {ag_index_array(cx, all.images, rows), ag_index_array(cx, all.targets, rows)};
    ag_array noise = ag_random_normal(cx, seed + start, AG_F32, ag_shape(cx, batch.images), 4, 0.0, NOISE);
    batch.images = ag_add(cx, batch.images, noise);
    ag_array loss = ag_value_and_grads(cx, objective, &batch, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    adam_step(cx, optimizer, parameters, gradients, step_size);
    total += ag_item(cx, loss) * (double)n;
    ag_scope_leave(cx, step);
  }
  return total / (double)count;
}

/* The share of right predictions, which go to `predicted`. */
static double accuracy(ag_context *cx, const ag_array *parameters, ag_array images, const digits *d,
                       int64_t *predicted) {
  ag_scope scope = ag_scope_enter(cx);
  const int64_t *best = ag_data(cx, ag_argmax_axis(cx, log_probabilities(cx, parameters, images), 1, false));
  size_t right = 0;
  for (size_t i = 0; best && i < d->count; i++) right += (predicted[i] = best[i]) == d->labels[i];
  ag_scope_leave(cx, scope);
  return (double)right / (double)d->count;
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

static void write_pictures(ag_context *cx, const struct options *options, ag_array kernels, const double *loss,
                           const double *error, const digits *test, const int64_t *predicted) {
  static double epochs[MOST_EPOCHS];
  char path[4096];
  for (int i = 0; i < options->epochs; i++) epochs[i] = i + 1;
  svg_curve curves[] = {{"training loss", epochs, loss, (size_t)options->epochs},
                        {"test error", epochs, error, (size_t)options->epochs}};
  snprintf(path, sizeof path, "%s/convnet_loss.svg", options->output);
  if (check_that("convnet_loss.svg can be written", svg_plot(path, "Convnet on digits", "epoch", "", curves, 2)))
    printf("%s: the loss, and the share of test digits that are wrong\n", path);
  snprintf(path, sizeof path, "%s/convnet_digits.png", options->output);
  if (check_that("convnet_digits.png can be written", digits_sheet(path, test, predicted)))
    printf("%s: test digits with their predictions, wrong ones on red\n", path);
  snprintf(path, sizeof path, "%s/convnet_kernels.png", options->output);
  if (check_that("convnet_kernels.png can be written", draw_kernels(cx, kernels, path)))
    printf("%s: the kernels of the first layer\n", path);
}

static int run(const struct options *options, const digits *train, const digits *test, int64_t *order,
               int64_t *predicted) {
  static double loss[MOST_EPOCHS], error[MOST_EPOCHS];
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)options->threads);
  struct examples all = all_examples(cx, train);
  ag_array test_images = images_of(cx, test), parameters[PARAMETERS];
  initialize(cx, parameters, train->side, (uint64_t)options->seed);
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, PARAMETERS);

  uint64_t random = (uint64_t)options->seed;
  size_t count = options->limit && (size_t)options->limit < train->count ? (size_t)options->limit : train->count;
  for (size_t i = 0; i < train->count; i++) order[i] = (int64_t)i;
  printf("%zu training digits, %zu test digits of %zux%zu\n", count, test->count, train->side, train->side);
  printf("epoch      loss   test accuracy\n");
  for (int epoch = 0; epoch < options->epochs && !ag_error(cx); epoch++) {
    double step_size = STEP_SIZE * (1 - (double)epoch / options->epochs);
    digits_shuffle(order, count, &random);
    loss[epoch] = train_epoch(cx, parameters, &optimizer, all, order, count, step_size, random);
    error[epoch] = 1 - accuracy(cx, parameters, test_images, test, predicted);
    printf("%5d %9.4f %13.2f %%\n", epoch + 1, loss[epoch], 100 * (1 - error[epoch]));
    fflush(stdout);
  }
  if (!ag_error(cx)) {
    write_pictures(cx, options, parameters[0], loss, error, test, predicted);
    char what[80];
    snprintf(what, sizeof what, "at least %d %% of the test digits are read", options->expected);
    check_that(what, 100 * (1 - error[options->epochs - 1]) >= options->expected);
  }
  return check_finish(cx);
}

/* ---- the command line ---- */

static const char HELP[] =
    "usage: convnet [options] [FOLDER]\n"
    "\n"
    "Trains a convolutional net on the 1,797 handwritten digits that come with it, or on MNIST's IDX files in\n"
    "FOLDER. Writes convnet_loss.svg, convnet_digits.png and convnet_kernels.png.\n"
    "\n"
    "  --epochs N     passes over the training digits (25)\n"
    "  --limit N      training digits used, 0 for all (0)\n"
    "  --seed N       of the initial weights and of the order of the digits (0)\n"
    "  --threads N    of the library (1)\n"
    "  --out FOLDER   an existing folder for the pictures (.)\n"
    "  --expect P     exit with 1 if fewer than P per cent of the test digits are right at the end (97)\n";

static bool read_options(int argc, char **argv, struct options *o) {
  *o = (struct options){DIGITS_CSV, ".", 25, 1, 0, 0, 97};
  const struct {
    const char *name;
    int *value, low, high;
  } numbers[] = {{"--epochs", &o->epochs, 1, MOST_EPOCHS}, {"--limit", &o->limit, 0, 1 << 30},
                 {"--seed", &o->seed, 0, 1 << 30},         {"--threads", &o->threads, 1, 1024},
                 {"--expect", &o->expected, 0, 100}};
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i], *text = i + 1 < argc ? argv[i + 1] : "";
    bool right = false;
    if (name[0] != '-') {
      o->data = name;
      continue;
    }
    i++;
    if (!strcmp(name, "--out")) o->output = text, right = *text != '\0';
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
      char *end;
      long number = strtol(text, &end, 10);
      if (strcmp(name, numbers[k].name) || *text == '\0' || *end != '\0') continue;
      right = number >= numbers[k].low && number <= numbers[k].high;
      *numbers[k].value = (int)number;
    }
    if (!right) {
      fprintf(stderr, "convnet: %s %s: see --help\n", name, text);
      return false;
    }
  }
  return true;
}

int main(int argc, char **argv) {
  struct options options;
  if (argc > 1 && !strcmp(argv[1], "--help")) return fputs(HELP, stdout) == EOF;
  if (!read_options(argc, argv, &options)) return 2;

  digits train = {0}, test = {0};
  int status = 1;
  if (digits_read(options.data, &train, &test)) {
    int64_t *order = malloc(train.count * sizeof *order), *predicted = malloc(test.count * sizeof *predicted);
    if (order && predicted) status = run(&options, &train, &test, order, predicted);
    free(order);
    free(predicted);
  }
  digits_free(&train);
  digits_free(&test);
  return status;
}
