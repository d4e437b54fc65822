/* A variational autoencoder (D. P. Kingma, M. Welling, 2014) on handwritten digits. The encoder says of each picture
 * which few normally distributed numbers it may stand for; the decoder makes of such numbers the chance of ink at each
 * pixel. Both are one tree, {"encoder": ..., "decoder": ...}, and are trained together by the evidence lower bound, the
 * ELBO: how well the pictures come back, minus how much the numbers tell; saying "perhaps" of each of 64 pixels would
 * be worth -44. Then the decoder draws digits that nobody wrote. Writes variational_autoencoder.png: test digits, each
 * with its reconstruction below, and samples; and the ELBO as variational_autoencoder.svg. See --help. */
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

enum { LATENT = 10, HIDDEN = 128, BATCH = 64, MOST_EPOCHS = 1000 };

/* ---- the model ---- */

/* Two layers, the first one with tanh: [{"w", "b"}, {"w", "b"}]. */
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

static ag_array dense(ag_context *cx, ag_tree layer, ag_array x) {
  return ag_add(cx, ag_dot(cx, x, ag_tree_array_at(cx, layer, "w")), ag_tree_array_at(cx, layer, "b"));
}

static ag_array net(ag_context *cx, ag_tree layers, ag_array x) {
  return dense(cx, ag_tree_item(cx, layers, 1), ag_tanh(cx, dense(cx, ag_tree_item(cx, layers, 0), x)));
}

struct latent {
  ag_array mean, log_std;
};

static struct latent encode(ag_context *cx, ag_tree params, ag_array images) {
  ag_array parts[2];
  ag_split(cx, net(cx, ag_tree_get(cx, params, "encoder"), images), 2, 1, parts);
  return (struct latent){parts[0], parts[1]};
}

/* The logits of the chance of ink. */
static ag_array decode(ag_context *cx, ag_tree params, ag_array z) {
  return net(cx, ag_tree_get(cx, params, "decoder"), z);
}

static ag_array normal(ag_context *cx, uint64_t seed, int64_t rows) {
  return ag_random_normal(cx, seed, AG_F32, (int64_t[]){rows, LATENT}, 2, 0, 1);
}

/* Minus the ELBO of a picture, on average over args[1]; args[0] are the parameters, and *user is the noise's seed. */
static ag_tree objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array images = ag_tree_array(cx, args[1]);
  int64_t count = ag_shape(cx, images)[0];
  struct latent q = encode(cx, args[0], images);
  ag_array std = ag_exp(cx, q.log_std), noise = normal(cx, *(const uint64_t *)user, count);
  ag_array logits = decode(cx, args[0], ag_add(cx, q.mean, ag_mul(cx, std, noise)));
  /* log p(x | z): each pixel is ink with its chance; grey counts as both, in proportion */
  ag_array pixels = ag_sub(cx, ag_mul(cx, images, logits), ag_logaddexp_scalar(cx, logits, 0));
  /* the divergence of q from the standard normal distribution */
  ag_array squares = ag_add(cx, ag_square(cx, q.mean), ag_square(cx, std));
  ag_array divergence = ag_sub(cx, ag_mul_scalar(cx, ag_sub_scalar(cx, squares, 1), 0.5), q.log_std);
  ag_array total = ag_sub(cx, ag_sum(cx, divergence), ag_sum(cx, pixels));
  return ag_tree_leaf(cx, ag_div_scalar(cx, total, (double)count));
}

/* ---- training ---- */

/* One pass over the pictures in a new order. */
static void train_epoch(ag_context *cx, ag_tree params, ag_tree state, const ag_optimizer_options *adam,
                        ag_array images, uint64_t seed) {
  size_t count = (size_t)ag_shape(cx, images)[0];
  ag_array order = digits_order(cx, seed, count);
  for (size_t i = 0; i < count && !ag_error(cx); i += BATCH) {
    ag_scope step = ag_scope_enter(cx);
    uint64_t noise = seed + i + 1;
    ag_tree args[] = {params, ag_tree_leaf(cx, digits_batch(cx, images, order, i, BATCH))};
    ag_optimizer_update(cx, params, ag_tree_grad(cx, objective, &noise, args, 2, 0), state, adam);
    ag_scope_leave(cx, step);
  }
}

static double elbo(ag_context *cx, ag_tree params, ag_array images) {
  uint64_t seed = 1;
  ag_tree args[] = {params, ag_tree_leaf(cx, images)};
  return -ag_item(cx, ag_tree_array(cx, objective(cx, args, 2, &seed)));
}

/* ---- the picture ---- */

/* Two rows of test digits, each with the reconstructions below, and eight rows of samples. */
static bool draw(ag_context *cx, ag_tree params, ag_array images, size_t side, const char *path) {
  enum { COLUMNS = 16, ROWS = 8, SCALE = 4, MARGIN = 12 };
  size_t row = picture_sheet_size(1, side, SCALE);
  picture picture;
  bool written = picture_begin(&picture, 2 * MARGIN + COLUMNS * row, 3 * MARGIN + (ROWS + 4) * row);
  ag_array back = ag_expit(cx, decode(cx, params, encode(cx, params, images).mean));
  ag_array samples = ag_expit(cx, decode(cx, params, normal(cx, 7, COLUMNS * ROWS)));
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
  return written && !ag_error(cx);
}

int main(int argc, char **argv) {
  static double number[MOST_EPOCHS], on_train[MOST_EPOCHS], on_test[MOST_EPOCHS];
  int epochs = 80, threads = 1, expected = -25, limit = 0;
  const option options[] = {NUMBER("--epochs", &epochs, 1, MOST_EPOCHS, "passes over the training digits"),
                            NUMBER("--limit", &limit, 0, 1 << 30, "training digits used, 0 for all"),
                            NUMBER("--threads", &threads, 1, 1024, "of the library"),
                            NUMBER("--expect", &expected, -1000, 0, "what the ELBO of the test digits is to reach")};
  options_read(argc, argv,
               "Trains a variational autoencoder on handwritten digits. Writes variational_autoencoder.png and\n"
               "variational_autoencoder.svg.",
               options, COUNT(options));
  digits train = {0}, test = {0};
  if (!digits_read(DIGITS_CSV, &train, &test)) return 1;
  if (limit && (size_t)limit < train.count) train.count = (size_t)limit;

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  static const char *const keys[] = {"encoder", "decoder"};
  ag_array images = digits_images(cx, &train), test_images = digits_images(cx, &test);
  int64_t pixels = ag_shape(cx, images)[1];
  ag_tree nets[] = {init_net(cx, pixels, 2 * LATENT, 0), init_net(cx, LATENT, pixels, 2)};
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = ag_tree_dict(cx, keys, nets, 2), state = ag_optimizer_init(cx, params, &adam);
  for (int i = 0; i < epochs && !ag_error(cx); i++) {
    ag_scope epoch = ag_scope_enter(cx);
    adam.step_size = 0.004 * (1 - 0.95 * i / epochs);
    train_epoch(cx, params, state, &adam, images, (uint64_t)(i + 1) << 32);
    number[i] = i + 1, on_train[i] = elbo(cx, params, images), on_test[i] = elbo(cx, params, test_images);
    progress("epoch", i, epochs, "ELBO of the training digits %.3f, of the test digits %.3f", on_train[i], on_test[i]);
    ag_scope_leave(cx, epoch);
  }

  check_that("the ELBO of the test digits is as large as expected", on_test[epochs - 1] >= expected);
  out_written(draw(cx, params, test_images, test.side, out_path("variational_autoencoder.png")),
              "test digits with their reconstructions, and samples");
  svg_curve curves[] = {{"training", number, on_train, (size_t)epochs}, {"test", number, on_test, (size_t)epochs}};
  out_written(svg_plot(out_path("variational_autoencoder.svg"), "Evidence lower bound", "epoch", "nats", curves, 2),
              "the ELBO of training and test digits");
  digits_free(&train);
  digits_free(&test);
  return check_finish(cx);
}
