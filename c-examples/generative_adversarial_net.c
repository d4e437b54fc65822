/* A generative adversarial net (I. Goodfellow et al., 2014) on handwritten digits. One net makes pictures of noise, the
 * other one tells them from real ones, and each learns from the other's mistakes: two losses, two trees of parameters
 * with an optimizer each, and each loss is differentiated with respect to its own tree only (`argnum`). Writes samples,
 * beside real digits, as generative_adversarial_net.png and both losses as generative_adversarial_net.svg. See --help.
 */
#include "common/check.h"
#include "common/digits.h"
#include "common/picture.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

#ifndef DIGITS_CSV
#define DIGITS_CSV "data/digits.csv"
#endif

enum { NOISE = 16, HIDDEN = 128, BATCH = 64, MOST_EPOCHS = 2000 };

/* ---- the two nets ---- */

/* [{"w", "b"}, {"w", "b"}] */
static ag_tree init_net(ag_context *cx, int64_t in, int64_t out, uint64_t seed) {
  static const char *const keys[] = {"w", "b"};
  const int64_t sizes[] = {in, HIDDEN, out};
  ag_tree layers[2];
  for (uint64_t l = 0; l < 2; l++) {
    ag_array w = ag_random_normal(cx, seed + l, AG_F32, sizes + l, 2, 0, 1 / sqrt((double)sizes[l]));
    layers[l] = ag_tree_dict_of(cx, keys, (ag_array[]){w, ag_zeros(cx, AG_F32, sizes + l + 1, 1)}, 2);
  }
  return ag_tree_list(cx, layers, 2);
}

/* Layer `l` of a net: x w + b. */
static ag_array dense(ag_context *cx, ag_tree net, int64_t l, ag_array x) {
  ag_tree layer = ag_tree_item(cx, net, l);
  return ag_add(cx, ag_dot(cx, x, ag_tree_array_at(cx, layer, "w")), ag_tree_array_at(cx, layer, "b"));
}

/* Mean 0 and variance 1 of each column, so that the samples of a batch have to differ. */
static ag_array normalize(ag_context *cx, ag_array x) {
  ag_array centred = ag_sub(cx, x, ag_mean_axis(cx, x, 0, true));
  ag_array variance = ag_mean_axis(cx, ag_square(cx, centred), 0, true);
  return ag_div(cx, centred, ag_sqrt(cx, ag_add_scalar(cx, variance, 1e-3)));
}

/* x where it is positive, else a fifth of it */
static ag_array leaky(ag_context *cx, ag_array x) { return ag_maximum(cx, x, ag_mul_scalar(cx, x, 0.2)); }

static ag_array generate(ag_context *cx, ag_tree generator, uint64_t seed, int64_t count) {
  ag_array noise = ag_random_normal(cx, seed, AG_F32, (int64_t[]){count, NOISE}, 2, 0, 1);
  ag_array h = ag_maximum_scalar(cx, normalize(cx, dense(cx, generator, 0, noise)), 0);
  return ag_expit(cx, dense(cx, generator, 1, h));
}

/* The logits of the chance that pictures are real. */
static ag_array judge(ag_context *cx, ag_tree discriminator, ag_array images) {
  return dense(cx, discriminator, 1, leaky(cx, dense(cx, discriminator, 0, images)));
}

/* ---- the two losses: args[0] is the generator, args[1] the discriminator ---- */

struct batch {
  ag_array images, noise; /* noise is added to all pictures, lest single pixels give them away */
  uint64_t seed;
};

/* the mean of -log(expit(x)) */
static ag_array surprise(ag_context *cx, ag_array x) { return ag_mean(cx, ag_logaddexp_scalar(cx, ag_neg(cx, x), 0)); }

static ag_tree discriminator_loss(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  const struct batch *batch = user;
  ag_array made = generate(cx, args[0], batch->seed, ag_shape(cx, batch->images)[0]);
  ag_array of_made = judge(cx, args[1], ag_add(cx, made, batch->noise));
  ag_array of_real = judge(cx, args[1], ag_add(cx, batch->images, batch->noise));
  return ag_tree_leaf(cx, ag_add(cx, surprise(cx, of_real), surprise(cx, ag_neg(cx, of_made))));
}

static ag_tree generator_loss(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  const struct batch *batch = user;
  ag_array made = generate(cx, args[0], batch->seed + 1, ag_shape(cx, batch->images)[0]);
  return ag_tree_leaf(cx, surprise(cx, judge(cx, args[1], ag_add(cx, made, batch->noise))));
}

/* ---- training ---- */

/* One step of each net per batch; `losses` are the means, of the generator and of the discriminator. */
static void train_epoch(ag_context *cx, const ag_tree nets[2], const ag_tree states[2],
                        const ag_optimizer_options *adam, ag_array images, uint64_t seed, double losses[2]) {
  static const ag_tree_function functions[] = {generator_loss, discriminator_loss};
  size_t count = (size_t)ag_shape(cx, images)[0], batches = (count + BATCH - 1) / BATCH;
  ag_array order = digits_order(cx, seed, count);
  losses[0] = losses[1] = 0;
  for (size_t i = 0; i < batches && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    struct batch batch = {digits_batch(cx, images, order, i * BATCH, BATCH), {0}, seed + 3 * i + 1};
    batch.noise = ag_random_normal(cx, batch.seed + 2, AG_F32, ag_shape(cx, batch.images), 2, 0, 0.1);
    for (size_t k = 2; k-- > 0;) { /* the discriminator first */
      ag_tree gradient;
      ag_array loss = ag_tree_value_and_grad(cx, functions[k], &batch, nets, 2, k, &gradient);
      ag_optimizer_update(cx, nets[k], gradient, states[k], adam);
      losses[k] += ag_item(cx, loss) / (double)batches;
    }
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

int main(int argc, char **argv) {
  static double number[MOST_EPOCHS], loss[2][MOST_EPOCHS];
  int epochs = 300, threads = 1, permille = 80, limit = 0;
  const option options[] = {NUMBER("--epochs", &epochs, 1, MOST_EPOCHS, "passes over the digits"),
                            NUMBER("--limit", &limit, 0, 1 << 30, "digits used, 0 for all"),
                            NUMBER("--threads", &threads, 1, 1024, "of the library"),
                            NUMBER("--permille", &permille, 0, 1000,
                                   "how far the samples' pixels may be from the digits' in mean and deviation")};
  options_read(argc, argv,
               "Trains two nets against each other on handwritten digits. Writes generative_adversarial_net.png and\n"
               "generative_adversarial_net.svg.",
               options, COUNT(options));
  digits all = {0};
  if (!digits_read_csv(DIGITS_CSV, &all)) return 1;
  if (limit && (size_t)limit < all.count) all.count = (size_t)limit;

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  ag_array images = digits_images(cx, &all);
  int64_t pixels = ag_shape(cx, images)[1];
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree nets[] = {init_net(cx, NOISE, pixels, 0), init_net(cx, pixels, 1, 2)};
  ag_tree states[] = {ag_optimizer_init(cx, nets[0], &adam), ag_optimizer_init(cx, nets[1], &adam)};
  bool sane = true;
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    ag_scope epoch = ag_scope_enter(cx);
    double now[2];
    adam.step_size = 0.0005 * (1 - 0.9 * i / epochs);
    train_epoch(cx, nets, states, &adam, images, (uint64_t)(i + 1) << 32, now);
    number[i] = i + 1;
    for (int k = 0; k < 2; k++) {
      loss[k][i] = now[k];
      sane = sane && now[k] > 0.1 && now[k] < 5; /* neither net wins; NaN is not sane */
    }
    progress("epoch", i, epochs, "loss of the generator %.3f, of the discriminator %.3f", now[0], now[1]);
    ag_scope_leave(cx, epoch);
  }

  check_that("both losses stay between 0.1 and 5", sane);
  ag_array made = generate(cx, nets[0], 1u << 31, 1000);
  compare(cx, images, made, permille);
  out_written(draw(cx, images, made, all.side, out_path("generative_adversarial_net.png")),
              "digits, and what the generator makes");
  svg_curve curves[] = {{"generator", number, loss[0], (size_t)epochs},
                        {"discriminator", number, loss[1], (size_t)epochs}};
  out_written(svg_plot(out_path("generative_adversarial_net.svg"), "Two players", "epoch", "loss", curves, 2),
              "the losses of both");
  digits_free(&all);
  return check_finish(cx);
}
