/* A hidden Markov model of a text, its own source, by expectation maximisation. The expectation step is a gradient:
 * the derivatives of the log-likelihood with respect to the log-probabilities are how often each one is expected to be
 * used, so the forward pass is all that is written down. No step may lower the likelihood. Draws it as hmm_em.svg. */
#include "common/check.h"
#include "common/options.h"
#include "common/svg.h"
#include "common/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef SOURCE
#define SOURCE "hmm_em.c"
#endif

enum { START, TRANSITIONS, EMISSIONS, PARAMETERS };
enum { STATES = 10, LENGTH = 40, STEPS = 60, MOST_STEPS = 10000 };

struct data {
  ag_array characters[LENGTH]; /* their numbers, by time: one for each of n pieces of text */
};

/* The log-likelihood of all pieces. Of EMISSIONS, shape (symbols, states), every column is a distribution; of
 * TRANSITIONS every row, from the state of the row. */
static ag_array log_likelihood(ag_context *cx, const ag_array *parameters, size_t nparameters, void *user) {
  (void)nparameters;
  const struct data *data = user;
  ag_array log_p = parameters[START]; /* of the characters so far and the state, shape (n, states) */
  for (int t = 0; t < LENGTH; t++) {
    if (t) {
      ag_array ways = ag_add(cx, ag_expand_dims(cx, log_p, 2), parameters[TRANSITIONS]); /* (n, from, to) */
      log_p = ag_logsumexp_axis(cx, ways, 1, false);
    }
    log_p = ag_add(cx, log_p, ag_index_array(cx, parameters[EMISSIONS], data->characters[t]));
  }
  return ag_sum(cx, ag_logsumexp_axis(cx, log_p, 1, false));
}

/* Weights, none of which is zero, as logarithms of distributions along an axis. */
static ag_array normalize(ag_context *cx, ag_array weights, int64_t axis) {
  ag_array positive = ag_maximum_scalar(cx, weights, 1e-200);
  return ag_log(cx, ag_div(cx, positive, ag_sum_axis(cx, positive, axis, true)));
}

static void initialize(ag_context *cx, ag_array *parameters, int64_t symbols, uint64_t seed) {
  const int64_t start[] = {STATES}, square[] = {STATES, STATES}, emissions[] = {symbols, STATES};
  parameters[START] = normalize(cx, ag_random_uniform(cx, 3 * seed, AG_F64, start, 1, 0.5, 1), 0);
  parameters[TRANSITIONS] = normalize(cx, ag_random_uniform(cx, 3 * seed + 1, AG_F64, square, 2, 0.5, 1), 1);
  parameters[EMISSIONS] = normalize(cx, ag_random_uniform(cx, 3 * seed + 2, AG_F64, emissions, 2, 0.5, 1), 0);
}

static bool cut(ag_context *cx, const text *t, int64_t pieces, struct data *data) {
  int64_t *column = malloc((size_t)pieces * sizeof *column);
  if (!column) return false;
  for (int64_t i = 0; i < LENGTH; i++) {
    for (int64_t k = 0; k < pieces; k++) column[k] = t->codes[k * LENGTH + i];
    data->characters[i] = ag_array_new(cx, AG_I64, &pieces, 1, column);
  }
  free(column);
  return true;
}

/* The characters that each state writes most often, as far as they are a twentieth of what it writes. */
static void print_states(ag_context *cx, ag_array emissions, const text *t) {
  const int64_t *order = ag_data(cx, ag_argsort_axis(cx, ag_neg(cx, emissions), 0));
  const double *log_p = ag_data_f64(cx, emissions);
  if (!order || !log_p) return;
  for (size_t state = 0; state < STATES; state++) {
    printf("state %zu:", state);
    for (size_t i = 0; i < t->symbols; i++) {
      size_t symbol = (size_t)order[i * STATES + state];
      double p = exp(log_p[symbol * STATES + state]);
      if (p < 0.05) break;
      if (t->symbol[symbol] == '\n') printf("  newline %.2f", p);
      else printf("  '%c' %.2f", t->symbol[symbol], p);
    }
    printf("\n");
  }
}

/* What a model without states reaches: the entropy of the characters. */
static double entropy(const text *t, size_t length) {
  double counts[256] = {0}, sum = 0;
  for (size_t i = 0; i < length; i++) counts[t->codes[i]]++;
  for (size_t k = 0; k < t->symbols; k++)
    if (counts[k] > 0) sum -= counts[k] / (double)length * log(counts[k] / (double)length);
  return sum;
}

static int run(const text *t, int steps, int limit, uint64_t seed) {
  static double number[MOST_STEPS], value[MOST_STEPS];
  int64_t pieces = (int64_t)(t->length / LENGTH);
  if (limit && limit < pieces) pieces = limit;
  double length = (double)pieces * LENGTH;
  struct data data;
  ag_array parameters[PARAMETERS], counts[PARAMETERS];
  ag_context *cx = ag_context_new();
  check_that("there is memory", cut(cx, t, pieces, &data));
  initialize(cx, parameters, (int64_t)t->symbols, seed);

  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array total = ag_value_and_grads(cx, log_likelihood, &data, parameters, PARAMETERS, NULL, PARAMETERS, counts);
    number[i] = i, value[i] = ag_item(cx, total) / length;
    for (int k = 0; k < PARAMETERS; k++) {
      double expected = k == START ? (double)pieces : k == TRANSITIONS ? length - (double)pieces : length;
      check_close("all expected counts together", ag_item(cx, ag_sum(cx, counts[k])), expected, 1e-9);
      ag_set(cx, parameters[k], normalize(cx, counts[k], k == TRANSITIONS ? 1 : 0));
    }
    ag_scope_leave(cx, step);
    if (i % 10 == 0) printf("step %3d  log-likelihood per character %.4f\n", i, value[i]), fflush(stdout);
    if (i) check_that("the likelihood never falls", value[i] >= value[i - 1] - 1e-12);
  }
  double without = -entropy(t, (size_t)length);
  printf("at the end %.4f; with one state it would be %.4f\n", value[steps - 1], without);
  print_states(cx, parameters[EMISSIONS], t);
  if (steps >= STEPS) check_that("states help", value[steps - 1] > without + 0.3);

  svg_curve curve = {"likelihood", number, value, (size_t)steps};
  if (check_that("the picture can be written", svg_plot("hmm_em.svg", "Expectation maximisation never falls", "step",
                                                        "log-likelihood per character", &curve, 1)))
    printf("hmm_em.svg\n");
  return check_finish(cx);
}

static const char HELP[] =
    "usage: hmm_em [options] [FILE]\n"
    "\n"
    "A hidden Markov model of the text FILE (its own source). Writes hmm_em.svg.\n"
    "\n"
    "  --steps N   of expectation maximisation (60)\n"
    "  --limit N   pieces of text used, of 40 characters each; 0 for all (0)\n"
    "  --seed N    of the probabilities it begins with (0)\n";

int main(int argc, char **argv) {
  int steps = STEPS, limit = 0, seed = 0;
  const char *path = SOURCE;
  const option options[] = {
      {"--steps", &steps, 1, MOST_STEPS}, {"--limit", &limit, 0, 1 << 30}, {"--seed", &seed, 0, 1 << 30}};
  int status = options_read(argc, argv, HELP, options, 3, &path);
  if (status >= 0) return status;
  text t;
  if (!text_read(path, LENGTH, &t)) return 1;
  status = run(&t, steps, limit, (uint64_t)seed);
  text_free(&t);
  return status;
}
