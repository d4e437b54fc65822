/* What recurrent models of characters have in common: the loss on pieces of a text, training, and writing samples. */
#ifndef EXAMPLES_CHARACTERS_H
#define EXAMPLES_CHARACTERS_H

#include <autograd.h>

enum { CHARACTERS_MOST_PARAMETERS = 16 };

/* What a model knows of the text so far, a row for each of n texts. */
typedef struct character_state {
  ag_array hidden; /* says what comes next */
  ag_array memory; /* for models that have one */
} character_state;

typedef struct character_model {
  const char *name, *title; /* writes NAME.svg */
  size_t parameters;
  int steps, expected; /* what --steps and --expect begin with */
  void (*initialize)(ag_context *cx, ag_array *parameters, int64_t symbols, uint64_t seed);
  /* The state before the first character of `rows` texts. */
  character_state (*begin)(ag_context *cx, const ag_array *parameters, int64_t rows);
  /* The state after the characters, one-hot rows of f32. */
  character_state (*advance)(ag_context *cx, const ag_array *parameters, character_state before, ag_array characters);
  /* log p(next character), shape (n, symbols). */
  ag_array (*predict)(ag_context *cx, const ag_array *parameters, character_state state);
} character_model;

/* Learns the text named on the command line, or `source`; returns what main is to return. */
int characters_main(const character_model *model, const char *source, int argc, char **argv);

/* Normally distributed weights, f32. */
ag_array characters_weights(ag_context *cx, uint64_t seed, int64_t rows, int64_t columns, double deviation);

/* An affine function of `hidden` and a log-softmax. */
ag_array characters_log_softmax(ag_context *cx, ag_array hidden, ag_array weights, ag_array bias);

#endif
