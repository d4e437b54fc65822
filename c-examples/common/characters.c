#include "characters.h"
#include "adam.h"
#include "check.h"
#include "options.h"
#include "svg.h"
#include "text.h"

#include <math.h>
#include <stdio.h>

enum { LENGTH = 30, BATCH = 20, MOST_STEPS = 10000, WINDOW = 20, SAMPLE = 160 };

struct batch {
  const character_model *model;
  ag_array characters[LENGTH + 1]; /* one-hot rows, by time */
};

/* The mean of -log p(next character) over all places: in nats. */
static ag_array objective(ag_context *cx, const ag_array *parameters, size_t nparameters, void *user) {
  (void)nparameters;
  const struct batch *batch = user;
  character_state state = batch->model->begin(cx, parameters, BATCH);
  ag_array total = ag_scalar(cx, 0);
  for (int t = 0; t < LENGTH; t++) {
    state = batch->model->advance(cx, parameters, state, batch->characters[t]);
    ag_array log_p = batch->model->predict(cx, parameters, state);
    total = ag_add(cx, total, ag_sum(cx, ag_mul(cx, log_p, batch->characters[t + 1])));
  }
  return ag_div_scalar(cx, total, -(double)LENGTH * BATCH);
}

static struct batch random_batch(ag_context *cx, const character_model *model, const text *t, uint64_t *random) {
  struct batch batch = {.model = model};
  size_t starts[BATCH];
  for (int i = 0; i < BATCH; i++) starts[i] = text_random(t->length - LENGTH, random);
  for (size_t i = 0; i <= LENGTH; i++) batch.characters[i] = text_one_hot(cx, t, starts, BATCH, i);
  return batch;
}

/* Lets the model write: each character is drawn from what it says, and told to it as the next one. */
static void print_sample(ag_context *cx, const character_model *model, const ag_array *parameters, const text *t,
                         uint64_t random) {
  ag_scope all = ag_scope_enter(cx);
  size_t place = text_random(t->length, &random);
  character_state state = model->begin(cx, parameters, 1);
  printf("  | ");
  for (int i = 0; i < SAMPLE && !ag_error(cx); i++) {
    state = model->advance(cx, parameters, state, text_one_hot(cx, t, &place, 1, 0));
    size_t drawn = text_draw(cx, model->predict(cx, parameters, state), &random);
    for (place = 0; t->codes[place] != drawn;) place++;
    printf(t->symbol[drawn] == '\n' ? "\n  | " : "%c", t->symbol[drawn]);
  }
  printf("\n");
  ag_scope_leave(cx, all);
}

static int run(const character_model *model, const text *t, int steps, uint64_t seed, double expected) {
  static double number[MOST_STEPS], loss[MOST_STEPS];
  size_t n = model->parameters;
  ag_context *cx = ag_context_new();
  ag_array parameters[CHARACTERS_MOST_PARAMETERS], gradients[CHARACTERS_MOST_PARAMETERS];
  adam optimizer;
  model->initialize(cx, parameters, (int64_t)t->symbols, seed);
  adam_begin(cx, &optimizer, parameters, n);
  printf("%zu characters, %zu different ones: to know nothing costs %.3f per character\n", t->length, t->symbols,
         log((double)t->symbols));

  uint64_t random = seed;
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    struct batch batch = random_batch(cx, model, t, &random);
    ag_array value = ag_value_and_grads(cx, objective, &batch, parameters, n, NULL, n, gradients);
    adam_step(cx, &optimizer, parameters, gradients, 0.01 * (1 - (double)i / steps));
    number[i] = i + 1, loss[i] = ag_item(cx, value);
    ag_scope_leave(cx, step);
    if (i % 100 == 0) printf("step %4d  loss %.3f\n", i, loss[i]);
    if (i % 200 == 199) print_sample(cx, model, parameters, t, random);
    fflush(stdout);
  }
  double last = 0;
  int window = steps < WINDOW ? steps : WINDOW;
  for (int i = steps - window; i < steps; i++) last += loss[i] / window;
  printf("loss of the last %d steps: %.3f\n", window, last);
  check_that("the loss falls below what is expected", last < expected);

  char path[256];
  snprintf(path, sizeof path, "%s.svg", model->name);
  svg_curve curve = {"loss", number, loss, (size_t)steps};
  if (check_that("the picture can be written",
                 svg_plot(path, model->title, "step", "nats per character", &curve, 1)))
    printf("%s\n", path);
  return check_finish(cx);
}

int characters_main(const character_model *model, const char *source, int argc, char **argv) {
  static const char help[] = "usage: %s [options] [FILE]\n"
                             "\n"
                             "Learns to write like the text FILE (its own source). Writes %s.svg.\n"
                             "\n"
                             "  --steps N    of Adam, on %d pieces of text each (%d)\n"
                             "  --seed N     of the initial weights, the pieces and the samples (0)\n"
                             "  --expect N   exit with 1 unless the loss falls below N hundredths of a nat (%d)\n";
  char filled[1024];
  snprintf(filled, sizeof filled, help, model->name, model->name, BATCH, model->steps, model->expected);
  int steps = model->steps, seed = 0, expected = model->expected;
  const option options[] = {
      {"--steps", &steps, 1, MOST_STEPS}, {"--seed", &seed, 0, 1 << 30}, {"--expect", &expected, 0, 1 << 20}};
  int status = options_read(argc, argv, filled, options, 3, &source);
  if (status >= 0) return status;
  text t;
  if (!text_read(source, LENGTH + 2, &t)) return 1;
  status = run(model, &t, steps, (uint64_t)seed, expected / 100.0);
  text_free(&t);
  return status;
}

ag_array characters_weights(ag_context *cx, uint64_t seed, int64_t rows, int64_t columns, double deviation) {
  return ag_random_normal(cx, seed, AG_F32, (int64_t[]){rows, columns}, 2, 0, deviation);
}

ag_array characters_log_softmax(ag_context *cx, ag_array hidden, ag_array weights, ag_array bias) {
  ag_array scores = ag_add(cx, ag_matmul(cx, hidden, weights), bias);
  return ag_sub(cx, scores, ag_logsumexp_axis(cx, scores, 1, true));
}
