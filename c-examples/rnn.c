/* A recurrent neural net that learns to write like a text, its own source: at each character the state becomes tanh of
 * an affine function of itself and the character, and an affine function of the state says which one comes next. The
 * gradient goes back through a whole piece of text. common/characters.c trains it, prints samples and draws the loss as
 * rnn.svg. */
#include "common/characters.h"

#include <math.h>

#ifndef SOURCE
#define SOURCE "rnn.c"
#endif

enum { START, FROM_CHARACTER, FROM_STATE, BIAS, OUT, OUT_BIAS, PARAMETERS };
enum { HIDDEN = 80 };

/* The same learnt state for every text. */
static character_state begin(ag_context *cx, const ag_array *parameters, int64_t rows) {
  const int64_t shape[] = {rows, HIDDEN};
  return (character_state){.hidden = ag_broadcast_to(cx, parameters[START], shape, 2)};
}

static character_state advance(ag_context *cx, const ag_array *parameters, character_state before,
                               ag_array characters) {
  ag_array heard = ag_matmul(cx, characters, parameters[FROM_CHARACTER]);
  ag_array known = ag_matmul(cx, before.hidden, parameters[FROM_STATE]);
  ag_array sum = ag_add(cx, ag_add(cx, heard, known), parameters[BIAS]);
  return (character_state){.hidden = ag_tanh(cx, sum)};
}

static ag_array predict(ag_context *cx, const ag_array *parameters, character_state state) {
  return characters_log_softmax(cx, state.hidden, parameters[OUT], parameters[OUT_BIAS]);
}

static void initialize(ag_context *cx, ag_array *parameters, int64_t symbols, uint64_t seed) {
  uint64_t stream = PARAMETERS * seed;
  double deviation = 1 / sqrt(HIDDEN);
  parameters[START] = characters_weights(cx, stream, 1, HIDDEN, 0.1);
  parameters[FROM_CHARACTER] = characters_weights(cx, stream + 1, symbols, HIDDEN, 0.5);
  parameters[FROM_STATE] = characters_weights(cx, stream + 2, HIDDEN, HIDDEN, deviation);
  parameters[BIAS] = ag_zeros(cx, AG_F32, (int64_t[]){HIDDEN}, 1);
  parameters[OUT] = characters_weights(cx, stream + 3, HIDDEN, symbols, deviation);
  parameters[OUT_BIAS] = ag_zeros(cx, AG_F32, &symbols, 1);
}

int main(int argc, char **argv) {
  static const character_model model = {
      "rnn", "A recurrent net on its own source", PARAMETERS, 400, 90, initialize, begin, advance, predict};
  return characters_main(&model, SOURCE, argc, argv);
}
