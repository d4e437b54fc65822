/* Autograd's neural net in C: tanh layers and a log-softmax, trained by Adam on mini-batches of handwritten digits.
 * The loss is an ordinary function of arrays; its gradient is one call. See --help for what can be set. */
#include "common/adam.h"
#include "common/check.h"
#include "common/digits.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { LAYERS = 3, PARAMETERS = 2 * LAYERS, CLASSES = 10, BATCH = 64, MOST_EPOCHS = 1000 };

static const double STEP_SIZE = 0.003, WEIGHT_DECAY = 1e-4, NOISE = 0.2;

/* ---- the model ---- */

/* log p(class | image), shape (n, 10), for images of shape (n, pixels). The parameters are a weight matrix and a
 * bias for each layer, in turn. */
static ag_array log_probabilities(ag_context *cx, const ag_array *parameters, ag_array images) {
  ag_array h = images;
  for (int layer = 0; layer < LAYERS; layer++) {
    ag_array z = ag_add(cx, ag_dot(cx, h, parameters[2 * layer]), parameters[2 * layer + 1]);
    h = layer + 1 < LAYERS ? ag_tanh(cx, z) : ag_sub(cx, z, ag_logsumexp_axis(cx, z, 1, true));
  }
  return h;
}

/* Normally distributed weights, up to a constant: this is what L2 regularisation means. */
static ag_array log_prior(ag_context *cx, const ag_array *parameters) {
  ag_array total = ag_scalar(cx, 0.0);
  for (int k = 0; k < PARAMETERS; k++) total = ag_add(cx, total, ag_sum(cx, ag_square(cx, parameters[k])));
  return ag_mul_scalar(cx, total, -WEIGHT_DECAY);
}

struct examples {
  ag_array images;  /* (n, pixels), f32 */
  ag_array targets; /* (n, 10), f32: 1 at the right class */
};

/* The negative log-posterior per example: what is minimised, as a function of the parameters. */
static ag_array objective(ag_context *cx, const ag_array *parameters, size_t nparameters, void *user) {
  (void)nparameters;
  const struct examples *batch = user;
  ag_array of_label = ag_mul(cx, log_probabilities(cx, parameters, batch->images), batch->targets);
  ag_array log_likelihood = ag_mean(cx, ag_sum_axis(cx, of_label, 1, false));
  return ag_neg(cx, ag_add(cx, log_prior(cx, parameters), log_likelihood));
}

/* ---- data ---- */

struct options {
  const char *data, *output;
  int epochs, threads;
  uint64_t seed;
  double expected; /* per cent of the test digits */
};

static ag_array images_of(ag_context *cx, const digits *d) {
  const int64_t shape[] = {(int64_t)d->count, (int64_t)(d->side * d->side)};
  return ag_array_new(cx, AG_F32, shape, 2, d->pixels);
}

static ag_array labels_of(ag_context *cx, const digits *d) {
  const int64_t shape[] = {(int64_t)d->count};
  return ag_array_new(cx, AG_I64, shape, 1, d->labels);
}

static struct examples all_examples(ag_context *cx, const digits *d) {
  ag_array one_hot = ag_index_array(cx, ag_eye(cx, AG_F32, CLASSES, CLASSES, 0), labels_of(cx, d));
  return (struct examples){images_of(cx, d), one_hot};
}

/* The examples whose numbers are rows[0..n), with noise on their pixels: new noise in every epoch, so that the net
 * cannot learn the few training digits by heart. */
static struct examples take(ag_context *cx, struct examples all, const int64_t *rows, size_t n, uint64_t seed) {
  ag_array index = ag_array_new(cx, AG_I64, (int64_t[]){(int64_t)n}, 1, rows);
  ag_array images = ag_index_array(cx, all.images, index);
  ag_array noise = ag_random_normal(cx, seed, AG_F32, ag_shape(cx, images), 2, 0.0, NOISE);
  return (struct examples){ag_add(cx, images, noise), ag_index_array(cx, all.targets, index)};
}

/* ---- training ---- */

static double now(void) {
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Weights of variance 1 / fan-in, so that a layer neither swells nor fades what passes through it; biases zero. */
static void initialize(ag_context *cx, ag_array *parameters, adam *optimizer, size_t pixels, uint64_t seed) {
  const int64_t sizes[LAYERS + 1] = {(int64_t)pixels, 200, 100, CLASSES};
  for (int layer = 0; layer < LAYERS; layer++) {
    double deviation = 1 / sqrt((double)sizes[layer]);
    uint64_t stream = seed * LAYERS + (uint64_t)layer;
    parameters[2 * layer] = ag_random_normal(cx, stream, AG_F32, &sizes[layer], 2, 0.0, deviation);
    parameters[2 * layer + 1] = ag_zeros(cx, AG_F32, &sizes[layer + 1], 1);
  }
  adam_begin(cx, optimizer, parameters, PARAMETERS);
}

/* One pass over the training set in the given order; returns the mean loss. */
static double train_epoch(ag_context *cx, ag_array *parameters, adam *optimizer, struct examples all,
                          const int64_t *order, size_t count, double step_size, uint64_t seed) {
  double total = 0;
  for (size_t start = 0; start < count; start += BATCH) {
    size_t n = count - start < BATCH ? count - start : BATCH;
    ag_scope step = ag_scope_enter(cx); /* everything a step makes is gone when it ends */
    struct examples batch = take(cx, all, order + start, n, seed + start);
    ag_array gradients[PARAMETERS];
    ag_array loss = ag_value_and_grads(cx, objective, &batch, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    adam_step(cx, optimizer, parameters, gradients, step_size);
    total += ag_item(cx, loss) * (double)n;
    ag_scope_leave(cx, step);
  }
  return total / (double)count;
}

/* The share of right predictions; `predicted` may be NULL. */
static double accuracy(ag_context *cx, const ag_array *parameters, ag_array images, const digits *d,
                       int64_t *predicted) {
  ag_scope scope = ag_scope_enter(cx);
  const int64_t *best = ag_data(cx, ag_argmax_axis(cx, log_probabilities(cx, parameters, images), 1, false));
  size_t right = 0;
  for (size_t i = 0; best && i < d->count; i++) {
    right += best[i] == d->labels[i];
    if (predicted) predicted[i] = best[i];
  }
  ag_scope_leave(cx, scope);
  return (double)right / (double)d->count;
}

static void write_pictures(const struct options *options, const double *loss, const double *tested, const digits *test,
                           const int64_t *predicted) {
  static double epochs[MOST_EPOCHS];
  char path[4096];
  for (int i = 0; i < options->epochs; i++) epochs[i] = i + 1;
  svg_curve curves[] = {{"training loss", epochs, loss, (size_t)options->epochs},
                        {"test error", epochs, tested, (size_t)options->epochs}};
  snprintf(path, sizeof path, "%s/loss.svg", options->output);
  if (check_that("loss.svg can be written", svg_plot(path, "Neural net on digits", "epoch", "", curves, 2)))
    printf("%s: the loss, and the share of test digits that are wrong\n", path);
  snprintf(path, sizeof path, "%s/digits.png", options->output);
  if (check_that("digits.png can be written", digits_sheet(path, test, predicted)))
    printf("%s: test digits with their predictions, wrong ones on red\n", path);
}

/* Trains, shows the progress, draws; the exit status says whether the test digits were read well enough. */
static int run(const struct options *options, const digits *train, const digits *test, int64_t *order,
               int64_t *predicted) {
  static double loss[MOST_EPOCHS], error[MOST_EPOCHS];
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)options->threads);
  struct examples all = all_examples(cx, train);
  ag_array test_images = images_of(cx, test), parameters[PARAMETERS];
  adam optimizer;
  initialize(cx, parameters, &optimizer, train->side * train->side, options->seed);

  uint64_t random = options->seed;
  for (size_t i = 0; i < train->count; i++) order[i] = (int64_t)i;
  printf("%zu training digits, %zu test digits of %zux%zu\n", train->count, test->count, train->side, train->side);
  printf("epoch      loss   train accuracy   test accuracy   seconds\n");
  for (int epoch = 0; epoch < options->epochs && !ag_error(cx); epoch++) {
    double begun = now(), step_size = STEP_SIZE * (1 - (double)epoch / options->epochs);
    digits_shuffle(order, train->count, &random);
    loss[epoch] = train_epoch(cx, parameters, &optimizer, all, order, train->count, step_size, random);
    double seconds = now() - begun;
    double on_train = accuracy(cx, parameters, all.images, train, NULL);
    double on_test = accuracy(cx, parameters, test_images, test, predicted);
    error[epoch] = 1 - on_test;
    printf("%5d %9.4f %14.2f %% %13.2f %% %9.3f\n", epoch + 1, loss[epoch], 100 * on_train, 100 * on_test, seconds);
    fflush(stdout);
  }
  if (!ag_error(cx)) {
    write_pictures(options, loss, error, test, predicted);
    char what[80];
    snprintf(what, sizeof what, "at least %g %% of the test digits are read", options->expected);
    check_that(what, 100 * (1 - error[options->epochs - 1]) >= options->expected);
  }
  return check_finish(cx);
}

/* ---- the command line ---- */

static const char HELP[] =
    "usage: neural_net [options] [FOLDER]\n"
    "\n"
    "Trains a neural net on the 1,797 handwritten digits that come with it, or on MNIST: FOLDER then holds\n"
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte.\n"
    "Writes loss.svg and digits.png.\n"
    "\n"
    "  --epochs N     passes over the training digits (40)\n"
    "  --seed N       of the initial weights and of the order of the digits (0)\n"
    "  --threads N    of the library (1)\n"
    "  --out FOLDER   an existing folder for the pictures (.)\n"
    "  --expect P     exit with 1 if fewer than P per cent of the test digits are right at the end (97)\n";

static bool whole_number(const char *text, int low, int high, int *value) {
  char *end;
  long number = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || number < low || number > high) return false;
  *value = (int)number;
  return true;
}

static bool read_options(int argc, char **argv, struct options *options) {
  *options = (struct options){.data = DIGITS_CSV, .output = ".", .epochs = 40, .threads = 1, .expected = 97};
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
    bool right = true;
    int number = 0;
    if (name[0] != '-') {
      options->data = name;
      continue;
    }
    i++;
    if (!strcmp(name, "--epochs")) right = whole_number(value, 1, MOST_EPOCHS, &options->epochs);
    else if (!strcmp(name, "--threads")) right = whole_number(value, 1, 1024, &options->threads);
    else if (!strcmp(name, "--seed"))
      right = whole_number(value, 0, 1 << 30, &number), options->seed = (uint64_t)number;
    else if (!strcmp(name, "--expect")) right = whole_number(value, 0, 100, &number), options->expected = number;
    else if (!strcmp(name, "--out")) options->output = value, right = *value != '\0';
    else right = false;
    if (!right) {
      fprintf(stderr, "neural_net: %s %s: see --help\n", name, value);
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
