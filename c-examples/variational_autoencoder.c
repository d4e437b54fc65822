/* A variational autoencoder (D. P. Kingma, M. Welling, 2014) on handwritten digits. The encoder says of each picture
 * which few normally distributed numbers it may stand for; the decoder makes of such numbers the chance of ink at each
 * pixel. Both are trained together by the evidence lower bound, the ELBO: how well the pictures come back, minus how
 * much the numbers tell; saying "perhaps" of each of 64 pixels would be worth -44. Then the decoder draws digits that
 * nobody wrote. Writes variational_autoencoder.png: test digits, each with its reconstruction below, and samples; and
 * the ELBO as variational_autoencoder.svg. See --help. */
#include "common/adam.h"
#include "common/check.h"
#include "common/digits.h"
#include "common/options.h"
#include "common/picture.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { LATENT = 10, HIDDEN = 128, BATCH = 64, MOST_EPOCHS = 1000, LAYERS = 4, PARAMETERS = 2 * LAYERS };

/* ---- the model ---- */

/* Two layers, the first one with tanh; p holds weights and biases. */
static ag_array net(ag_context *cx, const ag_array *p, ag_array x) {
  ag_array h = ag_tanh(cx, ag_add(cx, ag_dot(cx, x, p[0]), p[1]));
  return ag_add(cx, ag_dot(cx, h, p[2]), p[3]);
}

struct latent {
  ag_array mean, log_std;
};

static struct latent encode(ag_context *cx, const ag_array *p, ag_array images) {
  ag_array parts[2];
  ag_split(cx, net(cx, p, images), 2, 1, parts);
  return (struct latent){parts[0], parts[1]};
}

/* The logits of the chance of ink. */
static ag_array decode(ag_context *cx, const ag_array *p, ag_array z) { return net(cx, p + 4, z); }

struct batch {
  ag_array images;
  uint64_t seed;
};

/* Minus the ELBO of a picture, on average. */
static ag_array objective(ag_context *cx, const ag_array *p, size_t nargs, void *user) {
  (void)nargs;
  const struct batch *batch = user;
  struct latent q = encode(cx, p, batch->images);
  const int64_t shape[2] = {ag_shape(cx, batch->images)[0], LATENT};
  ag_array std = ag_exp(cx, q.log_std), noise = ag_random_normal(cx, batch->seed, AG_F32, shape, 2, 0, 1);
  ag_array logits = decode(cx, p, ag_add(cx, q.mean, ag_mul(cx, std, noise)));
  /* log p(x | z): each pixel is ink with its chance; grey counts as both, in proportion */
  ag_array normalizer = ag_logaddexp(cx, logits, ag_zeros(cx, AG_F32, NULL, 0));
  ag_array pixels = ag_sub(cx, ag_mul(cx, batch->images, logits), normalizer);
  /* the divergence of q from the standard normal distribution */
  ag_array squares = ag_add(cx, ag_square(cx, q.mean), ag_square(cx, std));
  ag_array divergence = ag_sub(cx, ag_mul_scalar(cx, ag_sub_scalar(cx, squares, 1), 0.5), q.log_std);
  ag_array total = ag_sub(cx, ag_sum(cx, divergence), ag_sum(cx, pixels));
  return ag_div_scalar(cx, total, (double)shape[0]);
}

static void initialize(ag_context *cx, ag_array *p, int64_t pixels, uint64_t seed) {
  const int64_t sizes[LAYERS][2] = {{pixels, HIDDEN}, {HIDDEN, 2 * LATENT}, {LATENT, HIDDEN}, {HIDDEN, pixels}};
  for (int l = 0; l < LAYERS; l++) {
    double std = 1 / sqrt((double)sizes[l][0]);
    p[2 * l] = ag_random_normal(cx, LAYERS * seed + (uint64_t)l, AG_F32, sizes[l], 2, 0, std);
    p[2 * l + 1] = ag_zeros(cx, AG_F32, sizes[l] + 1, 1);
  }
}

/* ---- training ---- */

static ag_array images_of(ag_context *cx, const digits *d) {
  const int64_t shape[2] = {(int64_t)d->count, (int64_t)(d->side * d->side)};
  return ag_array_new(cx, AG_F32, shape, 2, d->pixels);
}

/* One pass over the pictures in a new order. */
static void train_epoch(ag_context *cx, ag_array *parameters, adam *optimizer, ag_array images, int64_t *order,
                        double step_size, uint64_t *random) {
  int64_t count = ag_error(cx) ? 0 : ag_shape(cx, images)[0];
  digits_shuffle(order, (size_t)count, random);
  for (int64_t start = 0; start < count; start += BATCH) {
    const int64_t n = count - start < BATCH ? count - start : BATCH;
    ag_scope step = ag_scope_enter(cx);
    ag_array rows = ag_array_new(cx, AG_I64, &n, 1, order + start), gradients[PARAMETERS];
    struct batch batch = {ag_index_array(cx, images, rows), *random + (uint64_t)start};
    ag_value_and_grads(cx, objective, &batch, parameters, PARAMETERS, NULL, PARAMETERS, gradients);
    adam_step(cx, optimizer, parameters, gradients, step_size);
    ag_scope_leave(cx, step);
  }
}

static double elbo(ag_context *cx, const ag_array *parameters, ag_array images) {
  ag_scope scope = ag_scope_enter(cx);
  double value = -ag_item(cx, objective(cx, parameters, PARAMETERS, &(struct batch){images, 1}));
  ag_scope_leave(cx, scope);
  return value;
}

/* ---- the picture ---- */

/* Two rows of test digits, each with the reconstructions below, and eight rows of samples. */
static bool draw(ag_context *cx, const ag_array *p, ag_array images, size_t side, const char *path) {
  enum { COLUMNS = 16, ROWS = 8, SCALE = 4, MARGIN = 12 };
  ag_scope scope = ag_scope_enter(cx);
  size_t row = picture_sheet_size(1, side, SCALE);
  picture picture;
  bool written = picture_begin(&picture, 2 * MARGIN + COLUMNS * row, 3 * MARGIN + (ROWS + 4) * row);
  const int64_t shape[2] = {COLUMNS * ROWS, LATENT};
  ag_array back = ag_expit(cx, decode(cx, p, encode(cx, p, images).mean));
  ag_array samples = ag_expit(cx, decode(cx, p, ag_random_normal(cx, 7, AG_F32, shape, 2, 0, 1)));
  const float *original = ag_data(cx, images), *again = ag_data(cx, back), *new = ag_data(cx, samples);
  if (written && original && again && new) {
    for (size_t i = 0; i < 2; i++) {
      size_t y = MARGIN + 2 * i * row, from = i * COLUMNS * side * side;
      picture_sheet(&picture, MARGIN, y, original + from, COLUMNS, COLUMNS, side, SCALE);
      picture_sheet(&picture, MARGIN, y + row - 3, again + from, COLUMNS, COLUMNS, side, SCALE);
    }
    picture_sheet(&picture, MARGIN, 2 * MARGIN + 4 * row, new, COLUMNS * ROWS, COLUMNS, side, SCALE);
    written = picture_write(path, &picture);
  }
  picture_free(&picture);
  ag_scope_leave(cx, scope);
  return written && !ag_error(cx);
}

static int run(const digits *train, const digits *test, int64_t *order, int epochs, int threads, int expected,
               const char *folder) {
  static double epoch[MOST_EPOCHS], on_train[MOST_EPOCHS], on_test[MOST_EPOCHS];
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  ag_array images = images_of(cx, train), test_images = images_of(cx, test), parameters[PARAMETERS];
  initialize(cx, parameters, (int64_t)(train->side * train->side), 0);
  adam optimizer;
  adam_begin(cx, &optimizer, parameters, PARAMETERS);
  uint64_t random = 0;
  for (size_t i = 0; i < train->count; i++) order[i] = (int64_t)i;
  printf("epoch   ELBO: training      test\n");
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    train_epoch(cx, parameters, &optimizer, images, order, 0.004 * (1 - 0.95 * i / epochs), &random);
    epoch[i] = i + 1;
    on_train[i] = elbo(cx, parameters, images), on_test[i] = elbo(cx, parameters, test_images);
    if ((i + 1) % 5 == 0 || i + 1 == epochs) printf("%5d %16.3f %9.3f\n", i + 1, on_train[i], on_test[i]);
    fflush(stdout);
  }
  if (!ag_error(cx)) {
    char path[4096], what[80];
    snprintf(what, sizeof what, "the ELBO of the test digits is at least %d", expected);
    check_that(what, on_test[epochs - 1] >= expected);
    snprintf(path, sizeof path, "%s/variational_autoencoder.png", folder);
    if (check_that("the picture can be written", draw(cx, parameters, test_images, test->side, path)))
      printf("%s: test digits with their reconstructions, and samples\n", path);
    svg_curve curves[] = {{"training", epoch, on_train, (size_t)epochs}, {"test", epoch, on_test, (size_t)epochs}};
    snprintf(path, sizeof path, "%s/variational_autoencoder.svg", folder);
    if (check_that("the curve can be written", svg_plot(path, "Evidence lower bound", "epoch", "nats", curves, 2)))
      printf("%s: the ELBO of training and test digits\n", path);
  }
  return check_finish(cx);
}

static const char HELP[] =
    "usage: variational_autoencoder [options] [FOLDER]\n"
    "\n"
    "Trains a variational autoencoder on handwritten digits. Writes variational_autoencoder.png and\n"
    "variational_autoencoder.svg into FOLDER.\n"
    "\n"
    "  --epochs N     passes over the training digits (80)\n"
    "  --limit N      training digits used, 0 for all (0)\n"
    "  --threads N    of the library (1)\n"
    "  --expect N     exit with 1 if the ELBO of the test digits is less (-25)\n";

int main(int argc, char **argv) {
  int epochs = 80, threads = 1, expected = -25, limit = 0;
  const option options[] = {{"--epochs", &epochs, 1, MOST_EPOCHS},
                            {"--limit", &limit, 0, 1 << 30},
                            {"--threads", &threads, 1, 1024},
                            {"--expect", &expected, -1000, 0}};
  const char *folder = ".";
  int status = options_read(argc, argv, HELP, options, sizeof options / sizeof *options, &folder);
  if (status >= 0) return status;

  digits train = {0}, test = {0};
  status = 1;
  if (digits_read(DIGITS_CSV, &train, &test)) {
    if (limit && (size_t)limit < train.count) train.count = (size_t)limit;
    int64_t *order = malloc(train.count * sizeof *order);
    if (order) status = run(&train, &test, order, epochs, threads, expected, folder);
    free(order);
  }
  digits_free(&train);
  digits_free(&test);
  return status;
}
