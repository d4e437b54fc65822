/* A generative adversarial net (I. Goodfellow et al., 2014) on handwritten digits. One net makes pictures of noise, the
 * other one tells them from real ones, and each learns from the other's mistakes: two losses, two sets of parameters,
 * and each loss is differentiated with respect to its own ones only (`argnums`). Writes samples, beside real digits, as
 * generative_adversarial_net.png and both losses as generative_adversarial_net.svg. See --help. */
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

enum { NOISE = 16, HIDDEN = 128, BATCH = 64, MOST_EPOCHS = 2000, HALF = 4, PARAMETERS = 2 * HALF };

/* ---- the two nets ---- */

static ag_array dense(ag_context *cx, const ag_array *p, ag_array x) {
  return ag_add(cx, ag_dot(cx, x, p[0]), p[1]);
}

/* Mean 0 and variance 1 of each column, so that the samples of a batch have to differ. */
static ag_array normalize(ag_context *cx, ag_array x) {
  ag_array centred = ag_sub(cx, x, ag_mean_axis(cx, x, 0, true));
  ag_array variance = ag_mean_axis(cx, ag_square(cx, centred), 0, true);
  return ag_div(cx, centred, ag_sqrt(cx, ag_add_scalar(cx, variance, 1e-3)));
}

/* x where it is positive, else a fifth of it */
static ag_array leaky(ag_context *cx, ag_array x) { return ag_maximum(cx, x, ag_mul_scalar(cx, x, 0.2)); }

static ag_array generate(ag_context *cx, const ag_array *generator, uint64_t seed, int64_t count) {
  const int64_t shape[2] = {count, NOISE};
  ag_array noise = ag_random_normal(cx, seed, AG_F32, shape, 2, 0, 1);
  ag_array h = ag_maximum_scalar(cx, normalize(cx, dense(cx, generator, noise)), 0);
  return ag_expit(cx, dense(cx, generator + 2, h));
}

/* The logits of the chance that pictures are real. */
static ag_array judge(ag_context *cx, const ag_array *discriminator, ag_array images) {
  return dense(cx, discriminator + 2, leaky(cx, dense(cx, discriminator, images)));
}

/* ---- the two losses ---- */

struct batch {
  ag_array images, noise; /* noise is added to all pictures, lest single pixels give them away */
  uint64_t seed;
};

/* the mean of -log(expit(x)) */
static ag_array surprise(ag_context *cx, ag_array x) {
  return ag_mean(cx, ag_logaddexp(cx, ag_neg(cx, x), ag_zeros(cx, AG_F32, NULL, 0)));
}

/* args: the generator's parameters, then the discriminator's. */
static ag_array discriminator_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct batch *batch = user;
  ag_array made = generate(cx, args, batch->seed, ag_shape(cx, batch->images)[0]);
  ag_array of_made = judge(cx, args + HALF, ag_add(cx, made, batch->noise));
  ag_array of_real = judge(cx, args + HALF, ag_add(cx, batch->images, batch->noise));
  return ag_add(cx, surprise(cx, of_real), surprise(cx, ag_neg(cx, of_made)));
}

static ag_array generator_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct batch *batch = user;
  ag_array made = generate(cx, args, batch->seed + 1, ag_shape(cx, batch->images)[0]);
  return surprise(cx, judge(cx, args + HALF, ag_add(cx, made, batch->noise)));
}

static void initialize(ag_context *cx, ag_array *p, int64_t pixels) {
  const int64_t sizes[HALF][2] = {{NOISE, HIDDEN}, {HIDDEN, pixels}, {pixels, HIDDEN}, {HIDDEN, 1}};
  for (int l = 0; l < HALF; l++) {
    p[2 * l] = ag_random_normal(cx, (uint64_t)l, AG_F32, sizes[l], 2, 0, 1 / sqrt((double)sizes[l][0]));
    p[2 * l + 1] = ag_zeros(cx, AG_F32, sizes[l] + 1, 1);
  }
}

/* ---- training ---- */

struct players {
  ag_array parameters[PARAMETERS];
  adam generator, discriminator;
};

static ag_array images_of(ag_context *cx, const digits *d) {
  const int64_t shape[2] = {(int64_t)d->count, (int64_t)(d->side * d->side)};
  return ag_array_new(cx, AG_F32, shape, 2, d->pixels);
}

/* One step of each player per batch; `losses` are the means, of the generator and of the discriminator. */
static void train_epoch(ag_context *cx, struct players *players, ag_array images, int64_t *order, double step_size,
                        uint64_t *random, double losses[2]) {
  static const size_t first[] = {0, 1, 2, 3}, second[] = {4, 5, 6, 7};
  ag_array *p = players->parameters;
  int64_t count = ag_shape(cx, images)[0], batches = (count + BATCH - 1) / BATCH;
  digits_shuffle(order, (size_t)count, random);
  losses[0] = losses[1] = 0;
  for (int64_t i = 0; i < batches; i++) {
    ag_scope step = ag_scope_enter(cx);
    const int64_t n = count - i * BATCH < BATCH ? count - i * BATCH : BATCH;
    ag_array rows = ag_array_new(cx, AG_I64, &n, 1, order + i * BATCH), gradients[HALF];
    struct batch batch = {ag_index_array(cx, images, rows), ag_array_NULL, *random + 3 * (uint64_t)i};
    batch.noise = ag_random_normal(cx, batch.seed + 2, AG_F32, ag_shape(cx, batch.images), 2, 0, 0.1);
    ag_array loss = ag_value_and_grads(cx, discriminator_loss, &batch, p, PARAMETERS, second, HALF, gradients);
    losses[1] += ag_item(cx, loss) / (double)batches;
    adam_step(cx, &players->discriminator, p + HALF, gradients, step_size);
    loss = ag_value_and_grads(cx, generator_loss, &batch, p, PARAMETERS, first, HALF, gradients);
    losses[0] += ag_item(cx, loss) / (double)batches;
    adam_step(cx, &players->generator, p, gradients, step_size);
    ag_scope_leave(cx, step);
  }
}

/* ---- the results ---- */

static bool draw(ag_context *cx, ag_array real, ag_array made, size_t side, const char *path) {
  enum { COLUMNS = 10, ROWS = 10, SCALE = 4, MARGIN = 12 };
  size_t half = picture_sheet_size(COLUMNS, side, SCALE);
  picture picture;
  bool written = picture_begin(&picture, 4 * MARGIN + 2 * half, 2 * MARGIN + picture_sheet_size(ROWS, side, SCALE));
  const float *left = ag_data(cx, real), *right = ag_data(cx, made);
  if (written && left && right) {
    size_t shown = (size_t)ag_shape(cx, real)[0];
    shown = shown < COLUMNS * ROWS ? shown : COLUMNS * ROWS;
    picture_sheet(&picture, MARGIN, MARGIN, left, shown, COLUMNS, side, SCALE);
    picture_sheet(&picture, 3 * MARGIN + half, MARGIN, right, COLUMNS * ROWS, COLUMNS, side, SCALE);
    written = picture_write(path, &picture);
  }
  picture_free(&picture);
  return written && !ag_error(cx);
}

/* The root of the mean square difference between rows of a few numbers per pixel. */
static double distance(ag_context *cx, ag_array a, ag_array b) {
  return sqrt(ag_item(cx, ag_mean(cx, ag_square(cx, ag_sub(cx, a, b)))));
}

/* Do samples have the digits' mean and deviation at each pixel? */
static void compare(ag_context *cx, ag_array real, ag_array made, int permille) {
  double mean = distance(cx, ag_mean_axis(cx, real, 0, false), ag_mean_axis(cx, made, 0, false));
  double std = distance(cx, ag_std_axis(cx, real, 0, 0, false), ag_std_axis(cx, made, 0, 0, false));
  printf("samples and digits differ by %.3f in the pixels' means and by %.3f in their deviations\n", mean, std);
  check_that("the means of the samples' pixels are near those of the digits", 1000 * mean <= permille);
  check_that("the deviations of the samples' pixels are near those of the digits", 1000 * std <= permille);
}

static int run(const digits *all, int64_t *order, int epochs, int threads, int permille, const char *folder) {
  static double epoch[MOST_EPOCHS], loss[2][MOST_EPOCHS];
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  ag_array images = images_of(cx, all);
  struct players players;
  initialize(cx, players.parameters, (int64_t)(all->side * all->side));
  adam_begin(cx, &players.generator, players.parameters, HALF);
  adam_begin(cx, &players.discriminator, players.parameters + HALF, HALF);
  uint64_t random = 0;
  bool sane = true;
  for (size_t i = 0; i < all->count; i++) order[i] = (int64_t)i;
  printf("epoch   loss: generator   discriminator\n");
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    double now[2];
    train_epoch(cx, &players, images, order, 0.0005 * (1 - 0.9 * i / epochs), &random, now);
    epoch[i] = i + 1;
    for (int k = 0; k < 2; k++) {
      loss[k][i] = now[k];
      sane = sane && now[k] > 0.1 && now[k] < 5; /* neither player wins; NaN is not sane */
    }
    if ((i + 1) % 10 == 0 || i + 1 == epochs) printf("%5d %17.3f %15.3f\n", i + 1, now[0], now[1]), fflush(stdout);
  }
  if (!ag_error(cx)) {
    ag_array made = generate(cx, players.parameters, 1u << 31, 1000);
    char path[4096];
    check_that("both losses stay between 0.1 and 5", sane);
    compare(cx, images, made, permille);
    snprintf(path, sizeof path, "%s/generative_adversarial_net.png", folder);
    if (check_that("the picture can be written", draw(cx, images, made, all->side, path)))
      printf("%s: digits, and what the generator makes\n", path);
    svg_curve curves[] = {{"generator", epoch, loss[0], (size_t)epochs},
                          {"discriminator", epoch, loss[1], (size_t)epochs}};
    snprintf(path, sizeof path, "%s/generative_adversarial_net.svg", folder);
    if (check_that("the curves can be written", svg_plot(path, "Two players", "epoch", "loss", curves, 2)))
      printf("%s: the losses of both\n", path);
  }
  return check_finish(cx);
}

static const char HELP[] =
    "usage: generative_adversarial_net [options] [FOLDER]\n"
    "\n"
    "Trains two nets against each other on handwritten digits. Writes generative_adversarial_net.png and\n"
    "generative_adversarial_net.svg into FOLDER.\n"
    "\n"
    "  --epochs N     passes over the digits (300)\n"
    "  --limit N      digits used, 0 for all (0)\n"
    "  --threads N    of the library (1)\n"
    "  --permille N   how far the samples' pixels may be from the digits' in mean and deviation, in thousandths (80)\n";

int main(int argc, char **argv) {
  int epochs = 300, threads = 1, permille = 80, limit = 0;
  const option options[] = {{"--epochs", &epochs, 1, MOST_EPOCHS},
                            {"--limit", &limit, 0, 1 << 30},
                            {"--threads", &threads, 1, 1024},
                            {"--permille", &permille, 0, 1000}};
  const char *folder = ".";
  int status = options_read(argc, argv, HELP, options, sizeof options / sizeof *options, &folder);
  if (status >= 0) return status;

  digits all = {0};
  status = 1;
  if (digits_read_csv(DIGITS_CSV, &all)) {
    if (limit && (size_t)limit < all.count) all.count = (size_t)limit;
    int64_t *order = malloc(all.count * sizeof *order);
    if (order) status = run(&all, order, epochs, threads, permille, folder);
    free(order);
  }
  digits_free(&all);
  return status;
}
