/* A long short-term memory (Hochreiter and Schmidhuber, 1997; with forget gates) that learns to write like a text,
 * its own source. Beside what it shows, the state has a memory, which gates keep, change and show: a tree {"hidden",
 * "memory"}. One matrix computes all four gates. Prints samples, draws the loss as lstm.svg. See --help; rnn.c is the
 * same with a simpler net and for longer pieces of text. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"
#include "common/text.h"

#include <math.h>
#include <stdio.h>

#ifndef SOURCE
#define SOURCE "lstm.c"
#endif

enum { HIDDEN = 64, LENGTH = 30, BATCH = 20, MOST_STEPS = 10000, WINDOW = 20, SAMPLE = 160 };

/* ---- the model ---- */

static const char *const STATE[] = {"hidden", "memory"};

static ag_tree init_params(ag_context *cx, int64_t symbols, uint64_t seed) {
  static const char *const keys[] = {"start", "from character", "from state", "bias", "out", "out bias"};
  const int64_t heard[] = {symbols, 4 * HIDDEN}, known[] = {HIDDEN, 4 * HIDDEN}, out[] = {HIDDEN, symbols};
  double std = 1 / sqrt(HIDDEN);
  uint64_t stream = 5 * seed;
  ag_array start[] = {ag_random_normal(cx, stream, AG_F32, known, 1, 0, 0.1),
                      ag_random_normal(cx, stream + 1, AG_F32, known, 1, 0, 0.1)};
  /* the gates that keep begin rather open, so that gradients reach far back */
  ag_array open = ag_ones(cx, AG_F32, known, 1), half = ag_zeros(cx, AG_F32, (int64_t[]){3 * HIDDEN}, 1);
  ag_tree items[] = {ag_tree_dict_of(cx, STATE, start, 2),
                     ag_tree_leaf(cx, ag_random_normal(cx, stream + 2, AG_F32, heard, 2, 0, 0.5)),
                     ag_tree_leaf(cx, ag_random_normal(cx, stream + 3, AG_F32, known, 2, 0, std)),
                     ag_tree_leaf(cx, ag_concatenate(cx, (ag_array[]){open, half}, 2, 0)),
                     ag_tree_leaf(cx, ag_random_normal(cx, stream + 4, AG_F32, out, 2, 0, std)),
                     ag_tree_leaf(cx, ag_zeros(cx, AG_F32, &symbols, 1))};
  return ag_tree_dict(cx, keys, items, COUNT(items));
}

static ag_array for_each_text(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_broadcast_to(cx, args[0], (int64_t[]){*(const int64_t *)user, HIDDEN}, 2);
}

/* The state before the first character of `rows` texts: learnt, and the same for all. */
static ag_tree begin(ag_context *cx, ag_tree params, int64_t rows) {
  ag_tree start = ag_tree_get(cx, params, "start");
  return ag_tree_map(cx, for_each_text, &rows, &start, 1);
}

/* The state after a character, a one-hot row for each text. */
static ag_tree advance(ag_context *cx, ag_tree params, ag_tree state, ag_array characters) {
  ag_array heard = ag_dot(cx, characters, ag_tree_array_at(cx, params, "from character"));
  ag_array known = ag_dot(cx, ag_tree_array_at(cx, state, "hidden"), ag_tree_array_at(cx, params, "from state"));
  ag_array sum = ag_add(cx, ag_add(cx, heard, known), ag_tree_array_at(cx, params, "bias"));
  ag_array quarters[4]; /* forget, take in, show; what is taken in */
  ag_split(cx, sum, 4, 1, quarters);
  ag_array kept = ag_mul(cx, ag_expit(cx, quarters[0]), ag_tree_array_at(cx, state, "memory"));
  ag_array taken = ag_mul(cx, ag_expit(cx, quarters[1]), ag_tanh(cx, quarters[3]));
  ag_array memory = ag_add(cx, kept, taken);
  ag_array shown = ag_mul(cx, ag_expit(cx, quarters[2]), ag_tanh(cx, memory));
  return ag_tree_dict_of(cx, STATE, (ag_array[]){shown, memory}, 2);
}

/* log p(next character), shape (texts, symbols) */
static ag_array predict(ag_context *cx, ag_tree params, ag_tree state) {
  ag_array scores = ag_dot(cx, ag_tree_array_at(cx, state, "hidden"), ag_tree_array_at(cx, params, "out"));
  scores = ag_add(cx, scores, ag_tree_array_at(cx, params, "out bias"));
  return ag_sub(cx, scores, ag_logsumexp_axis(cx, scores, 1, true));
}

/* ---- the loss of a piece of text ---- */

/* The mean of -log p(next character) over all places, in nats, by the parameters; `user` are the one-hot rows, by time.
 */
static ag_tree objective(ag_context *cx, const ag_tree *params, size_t nargs, void *user) {
  (void)nargs;
  const ag_array *characters = user;
  ag_tree state = begin(cx, *params, BATCH);
  ag_array total = ag_zeros(cx, AG_F32, NULL, 0);
  for (int t = 0; t < LENGTH; t++) {
    state = advance(cx, *params, state, characters[t]);
    total = ag_add(cx, total, ag_sum(cx, ag_mul(cx, predict(cx, *params, state), characters[t + 1])));
  }
  return ag_tree_leaf(cx, ag_div_scalar(cx, total, -(double)LENGTH * BATCH));
}

/* Lets the net write: each character is drawn from what it says, and told to it as the next one. */
static void print_sample(ag_context *cx, ag_tree params, const text *t, uint64_t random) {
  size_t place = text_random(t->length, &random);
  ag_tree state = begin(cx, params, 1);
  printf("  | ");
  for (int i = 0; i < SAMPLE && !ag_error(cx); i++) {
    state = advance(cx, params, state, text_one_hot(cx, t, &place, 1, 0));
    size_t drawn = text_draw(cx, predict(cx, params, state), &random);
    for (place = 0; t->codes[place] != drawn;) place++;
    printf(t->symbol[drawn] == '\n' ? "\n  | " : "%c", t->symbol[drawn]);
  }
  printf("\n");
}

int main(int argc, char **argv) {
  static double number[MOST_STEPS], loss[MOST_STEPS];
  int steps = 400, seed = 0, expected = 90;
  const char *source = SOURCE;
  const option options[] = {
      NUMBER("--steps", &steps, 1, MOST_STEPS, "of Adam, each on some pieces of the text"),
      NUMBER("--seed", &seed, 0, 1 << 30, "of the weights, the pieces and the samples"),
      NUMBER("--expect", &expected, 0, 1 << 20, "hundredths of a nat, below which the loss is to fall"),
      TEXT("TEXT", &source, "a file, to be learnt")};
  options_read(argc, argv, "A long short-term memory learns to write like a text. Writes lstm.svg.", options,
               COUNT(options));
  text t;
  if (!text_read(source, LENGTH + 2, &t)) return 1;

  ag_context *cx = ag_context_new();
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = init_params(cx, (int64_t)t.symbols, (uint64_t)seed), state = ag_optimizer_init(cx, params, &adam);
  printf("%zu characters, %zu different ones: to know nothing costs %.3f per character\n", t.length, t.symbols,
         log((double)t.symbols));
  uint64_t random = (uint64_t)seed;
  double last = 0;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    size_t starts[BATCH];
    ag_array characters[LENGTH + 1];
    for (int k = 0; k < BATCH; k++) starts[k] = text_random(t.length - LENGTH, &random);
    for (size_t k = 0; k <= LENGTH; k++) characters[k] = text_one_hot(cx, &t, starts, BATCH, k);
    ag_tree gradient;
    ag_array value = ag_tree_value_and_grad(cx, objective, characters, &params, 1, 0, &gradient);
    adam.step_size = 0.03 * (1 - (double)i / steps);
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
  out_written(svg_plot(out_path("lstm.svg"), "A long short-term memory on its own source", "step", "nats per character",
                       &curve, 1),
              "the loss");
  text_free(&t);
  return check_finish(cx);
}
