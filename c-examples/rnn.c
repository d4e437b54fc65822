/* A recurrent neural net that learns to write like a text, its own source: at each character the state becomes tanh of
 * an affine function of itself and the character, and an affine function of the state says which one comes next. The
 * gradient goes back through a whole piece of text, for which a loop with checkpoints (ag_tree_checkpoint_loop) keeps a
 * few states only and computes the others again: the program compares gradient and memory with those of a plain loop.
 * Prints samples, draws the loss as rnn.svg. See --help. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"
#include "common/text.h"

#include <math.h>
#include <stdio.h>

#ifndef SOURCE
#define SOURCE "rnn.c"
#endif

enum { HIDDEN = 80, MOST_LENGTH = 10000, BATCH = 10, MOST_STEPS = 10000, WINDOW = 20, SAMPLE = 160 };

/* ---- the model ---- */

static ag_tree init_params(ag_context *cx, int64_t symbols, uint64_t seed) {
  static const char *const keys[] = {"start", "from character", "from state", "bias", "out", "out bias"};
  const int64_t heard[] = {symbols, HIDDEN}, known[] = {HIDDEN, HIDDEN}, out[] = {HIDDEN, symbols};
  double std = 1 / sqrt(HIDDEN);
  ag_array arrays[] = {ag_random_normal(cx, 4 * seed, AG_F32, known, 1, 0, 0.1),
                       ag_random_normal(cx, 4 * seed + 1, AG_F32, heard, 2, 0, 0.5),
                       ag_random_normal(cx, 4 * seed + 2, AG_F32, known, 2, 0, std),
                       ag_zeros(cx, AG_F32, known, 1),
                       ag_random_normal(cx, 4 * seed + 3, AG_F32, out, 2, 0, std),
                       ag_zeros(cx, AG_F32, &symbols, 1)};
  return ag_tree_dict_of(cx, keys, arrays, COUNT(arrays));
}

/* The state before the first character of `rows` texts: learnt, and the same for all. */
static ag_array begin(ag_context *cx, ag_tree params, int64_t rows) {
  return ag_broadcast_to(cx, ag_tree_array_at(cx, params, "start"), (int64_t[]){rows, HIDDEN}, 2);
}

/* The state after a character, a one-hot row for each text. */
static ag_array advance(ag_context *cx, ag_tree params, ag_array hidden, ag_array characters) {
  ag_array heard = ag_dot(cx, characters, ag_tree_array_at(cx, params, "from character"));
  ag_array known = ag_dot(cx, hidden, ag_tree_array_at(cx, params, "from state"));
  return ag_tanh(cx, ag_add(cx, ag_add(cx, heard, known), ag_tree_array_at(cx, params, "bias")));
}

/* log p(next character), shape (texts, symbols) */
static ag_array predict(ag_context *cx, ag_tree params, ag_array hidden) {
  ag_array scores = ag_dot(cx, hidden, ag_tree_array_at(cx, params, "out"));
  scores = ag_add(cx, scores, ag_tree_array_at(cx, params, "out bias"));
  return ag_sub(cx, scores, ag_logsumexp_axis(cx, scores, 1, true));
}

/* ---- the loss of a piece of text ---- */

struct batch {
  size_t length;
  bool checkpoints;
  ag_array characters[MOST_LENGTH + 1]; /* one-hot rows, by time */
};

/* One step of the loop: from {"hidden", "log p"} before character i, args[0], to that after it. */
static ag_tree step(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  static const char *const keys[] = {"hidden", "log p"};
  const struct batch *batch = user;
  ag_array hidden = advance(cx, args[1], ag_tree_array_at(cx, args[0], "hidden"), batch->characters[i]);
  ag_array log_p = ag_sum(cx, ag_mul(cx, predict(cx, args[1], hidden), batch->characters[i + 1]));
  log_p = ag_add(cx, log_p, ag_tree_array_at(cx, args[0], "log p"));
  return ag_tree_dict_of(cx, keys, (ag_array[]){hidden, log_p}, 2);
}

/* The mean of -log p(next character) over all places, in nats, by the parameters. */
static ag_tree objective(ag_context *cx, const ag_tree *params, size_t nargs, void *user) {
  (void)nargs;
  static const char *const keys[] = {"hidden", "log p"};
  struct batch *batch = user;
  ag_array first[] = {begin(cx, *params, BATCH), ag_zeros(cx, AG_F32, NULL, 0)};
  ag_tree args[] = {ag_tree_dict_of(cx, keys, first, 2), *params};
  if (batch->checkpoints) args[0] = ag_tree_checkpoint_loop(cx, step, batch, NULL, args, 2, batch->length);
  else
    for (size_t i = 0; i < batch->length; i++) args[0] = step(cx, i, args, 2, batch);
  ag_array log_p = ag_tree_array_at(cx, args[0], "log p");
  return ag_tree_leaf(cx, ag_div_scalar(cx, log_p, -(double)batch->length * BATCH));
}

static void draw_batch(ag_context *cx, struct batch *batch, const text *t, uint64_t *random) {
  size_t starts[BATCH];
  for (int i = 0; i < BATCH; i++) starts[i] = text_random(t->length - batch->length, random);
  for (size_t i = 0; i <= batch->length; i++) batch->characters[i] = text_one_hot(cx, t, starts, BATCH, i);
}

/* The same gradient with and without checkpoints, and the memory for both. */
static void compare(ag_context *cx, ag_tree params, struct batch *batch) {
  ag_scope scope = ag_scope_enter(cx);
  ag_memory_stats before = {.struct_size = sizeof before}, after[2] = {before, before};
  ag_tree gradients[2];
  ag_memory(cx, &before);
  for (int plain = 0; plain < 2; plain++) {
    batch->checkpoints = !plain;
    gradients[plain] = ag_tree_grad(cx, objective, batch, &params, 1, 0);
    ag_memory(cx, &after[plain]);
  }
  double needed[] = {(double)(after[0].peak - before.in_use) / 1e6, (double)(after[1].peak - before.in_use) / 1e6};
  double apart = ag_item(cx, ag_tree_norm(cx, ag_tree_sub(cx, gradients[0], gradients[1])));
  printf("a gradient takes %.2f MB with checkpoints, %.2f MB without\n", needed[0], needed[1]);
  check_close("the gradient with checkpoints", apart, 0, 1e-6 * ag_item(cx, ag_tree_norm(cx, gradients[1])));
  check_that("checkpoints save half of the memory at least", needed[0] < needed[1] / 2);
  batch->checkpoints = true;
  ag_scope_leave(cx, scope);
}

/* Lets the net write: each character is drawn from what it says, and told to it as the next one. */
static void print_sample(ag_context *cx, ag_tree params, const text *t, uint64_t random) {
  size_t place = text_random(t->length, &random);
  ag_array hidden = begin(cx, params, 1);
  printf("  | ");
  for (int i = 0; i < SAMPLE && !ag_error(cx); i++) {
    hidden = advance(cx, params, hidden, text_one_hot(cx, t, &place, 1, 0));
    size_t drawn = text_draw(cx, predict(cx, params, hidden), &random);
    for (place = 0; t->codes[place] != drawn;) place++;
    printf(t->symbol[drawn] == '\n' ? "\n  | " : "%c", t->symbol[drawn]);
  }
  printf("\n");
}

int main(int argc, char **argv) {
  static double number[MOST_STEPS], loss[MOST_STEPS];
  static struct batch batch = {.checkpoints = true};
  int steps = 300, length = 100, seed = 0, expected = 90;
  const char *source = SOURCE;
  const option options[] = {
      NUMBER("--steps", &steps, 1, MOST_STEPS, "of Adam, each on some pieces of the text"),
      NUMBER("--length", &length, 20, MOST_LENGTH, "characters of a piece"),
      NUMBER("--seed", &seed, 0, 1 << 30, "of the weights, the pieces and the samples"),
      NUMBER("--expect", &expected, 0, 1 << 20, "hundredths of a nat, below which the loss is to fall"),
      TEXT("TEXT", &source, "a file, to be learnt")};
  options_read(argc, argv, "A recurrent net learns to write like a text. Writes rnn.svg.", options, COUNT(options));
  text t;
  batch.length = (size_t)length;
  if (!text_read(source, batch.length + 2, &t)) return 1;

  ag_context *cx = ag_context_new();
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = init_params(cx, (int64_t)t.symbols, (uint64_t)seed), state = ag_optimizer_init(cx, params, &adam);
  printf("%zu characters, %zu different ones: to know nothing costs %.3f per character\n", t.length, t.symbols,
         log((double)t.symbols));
  uint64_t random = (uint64_t)seed;
  double last = 0;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    draw_batch(cx, &batch, &t, &random);
    if (i == 0) compare(cx, params, &batch);
    ag_tree gradient;
    ag_array value = ag_tree_value_and_grad(cx, objective, &batch, &params, 1, 0, &gradient);
    adam.step_size = 0.02 * (1 - (double)i / steps);
    ag_optimizer_update(cx, params, gradient, state, &adam);
    number[i] = i + 1, loss[i] = ag_item(cx, value);
    if (steps - i <= WINDOW) last += loss[i] / (steps < WINDOW ? steps : WINDOW);
    progress("step", i, steps, "loss %.3f", loss[i]);
    if (i % 200 == 199) print_sample(cx, params, &t, random);
    ag_scope_leave(cx, scope);
  }
  printf("loss of the last steps: %.3f\n", last);
  check_that("the loss falls below what is expected", 100 * last < expected);
  svg_curve curve = {"loss", number, loss, (size_t)steps};
  out_written(
      svg_plot(out_path("rnn.svg"), "A recurrent net on its own source", "step", "nats per character", &curve, 1),
      "the loss");
  text_free(&t);
  return check_finish(cx);
}
