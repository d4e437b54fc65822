/* A hidden Markov model of a text, its own source, by expectation maximisation. The expectation step is a gradient:
 * the derivatives of the log-likelihood with respect to the log-probabilities are how often each one is expected to be
 * used, so the forward pass is all that is written down. No step may lower the likelihood. Draws it as hmm_em.svg. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"
#include "common/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef SOURCE
#define SOURCE "hmm_em.c"
#endif

enum { STATES = 10, LENGTH = 40, STEPS = 60, MOST_STEPS = 10000 };

static const char *const KEYS[] = {"start", "transitions", "emissions"};

struct data {
  ag_array characters[LENGTH]; /* their numbers, by time: one for each of n pieces of text */
};

/* The log-likelihood of all pieces, by {"start", "transitions", "emissions"}: logarithms of probabilities. Of the
 * emissions, shape (symbols, states), every column is a distribution; of the transitions every row, from the state of
 * the row. */
static ag_tree log_likelihood(ag_context *cx, const ag_tree *params, size_t nargs, void *user) {
  (void)nargs;
  const struct data *data = user;
  ag_array transitions = ag_tree_array_at(cx, *params, "transitions");
  ag_array emissions = ag_tree_array_at(cx, *params, "emissions");
  ag_array log_p =
      ag_tree_array_at(cx, *params, "start"); /* of the characters so far and the state, shape (n, states) */
  for (int t = 0; t < LENGTH; t++) {
    if (t) {
      ag_array ways = ag_add(cx, ag_expand_dims(cx, log_p, 2), transitions); /* (n, from, to) */
      log_p = ag_logsumexp_axis(cx, ways, 1, false);
    }
    log_p = ag_add(cx, log_p, ag_index_array(cx, emissions, data->characters[t]));
  }
  return ag_tree_leaf(cx, ag_sum(cx, ag_logsumexp_axis(cx, log_p, 1, false)));
}

/* Weights, none of which is zero, as logarithms of distributions along an axis. */
static ag_array normalize(ag_context *cx, ag_array weights, int64_t axis) {
  ag_array positive = ag_maximum_scalar(cx, weights, 1e-200);
  return ag_log(cx, ag_div(cx, positive, ag_sum_axis(cx, positive, axis, true)));
}

/* What is most likely, when things happen as often as in `counts`. */
static ag_tree normalized(ag_context *cx, ag_tree counts) {
  static const int64_t axes[] = {0, 1, 0};
  ag_array arrays[3];
  for (int k = 0; k < 3; k++) arrays[k] = normalize(cx, ag_tree_array_at(cx, counts, KEYS[k]), axes[k]);
  return ag_tree_dict_of(cx, KEYS, arrays, 3);
}

static ag_tree init_params(ag_context *cx, int64_t symbols, uint64_t seed) {
  const int64_t square[] = {STATES, STATES}, emissions[] = {symbols, STATES};
  ag_array weights[] = {ag_random_uniform(cx, 3 * seed, AG_F64, square, 1, 0.5, 1),
                        ag_random_uniform(cx, 3 * seed + 1, AG_F64, square, 2, 0.5, 1),
                        ag_random_uniform(cx, 3 * seed + 2, AG_F64, emissions, 2, 0.5, 1)};
  return normalized(cx, ag_tree_dict_of(cx, KEYS, weights, 3));
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

int main(int argc, char **argv) {
  static double number[MOST_STEPS], value[MOST_STEPS];
  int steps = STEPS, limit = 0, seed = 0;
  const char *path = SOURCE;
  const option options[] = {
      NUMBER("--steps", &steps, 1, MOST_STEPS, "of expectation maximisation"),
      NUMBER("--limit", &limit, 0, 1 << 30, "pieces of text used, of 40 characters each; 0 for all"),
      NUMBER("--seed", &seed, 0, 1 << 30, "of the probabilities it begins with"),
      TEXT("TEXT", &path, "a file, to be modelled")};
  options_read(argc, argv, "A hidden Markov model of a text. Writes hmm_em.svg.", options, COUNT(options));
  text t;
  if (!text_read(path, LENGTH, &t)) return 1;
  int64_t pieces = (int64_t)(t.length / LENGTH);
  if (limit && limit < pieces) pieces = limit;
  double length = (double)pieces * LENGTH;

  ag_context *cx = ag_context_new();
  struct data data = {{{0}}};
  check_that("there is memory", cut(cx, &t, pieces, &data));
  ag_tree params = init_params(cx, (int64_t)t.symbols, (uint64_t)seed);
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_tree counts;
    ag_array total = ag_tree_value_and_grad(cx, log_likelihood, &data, &params, 1, 0, &counts);
    number[i] = i, value[i] = ag_item(cx, total) / length;
    /* every piece begins once, every character is written once, and all but the first ones follow another */
    const double expected[] = {(double)pieces, length - (double)pieces, length};
    for (int k = 0; k < 3; k++)
      check_close("counts together", ag_item(cx, ag_sum(cx, ag_tree_array_at(cx, counts, KEYS[k]))), expected[k], 1e-9);
    ag_tree_set(cx, params, normalized(cx, counts));
    progress("step", i, steps, "log-likelihood per character %.4f", value[i]);
    if (i) check_that("the likelihood never falls", value[i] >= value[i - 1] - 1e-12);
    ag_scope_leave(cx, step);
  }
  double without = -entropy(&t, (size_t)length);
  printf("at the end %.4f; with one state it would be %.4f\n", value[steps - 1], without);
  print_states(cx, ag_tree_array_at(cx, params, "emissions"), &t);
  if (steps >= STEPS) check_that("states help", value[steps - 1] > without + 0.3);

  svg_curve curve = {"likelihood", number, value, (size_t)steps};
  const char *title = "Expectation maximisation never falls";
  out_written(svg_plot(out_path("hmm_em.svg"), title, "step", "log-likelihood per character", &curve, 1),
              "the likelihood");
  text_free(&t);
  return check_finish(cx);
}
