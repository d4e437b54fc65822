/* A long short-term memory (Hochreiter and Schmidhuber, 1997; with forget gates) that learns to write like a text,
 * its own source. Beside what it shows, the state has a memory, which gates keep, change and show; one matrix computes
 * all four of them. common/characters.c trains it, prints samples and draws the loss as lstm.svg. */
#include "common/characters.h"

#include <math.h>

#ifndef SOURCE
#define SOURCE "lstm.c"
#endif

enum { START, START_MEMORY, FROM_CHARACTER, FROM_STATE, BIAS, OUT, OUT_BIAS, PARAMETERS };
enum { HIDDEN = 64 };

/* The same learnt state for every text. */
static character_state begin(ag_context *cx, const ag_array *parameters, int64_t rows) {
  const int64_t shape[] = {rows, HIDDEN};
  return (character_state){ag_broadcast_to(cx, parameters[START], shape, 2),
                           ag_broadcast_to(cx, parameters[START_MEMORY], shape, 2)};
}

static character_state advance(ag_context *cx, const ag_array *parameters, character_state before,
                               ag_array characters) {
  ag_array heard = ag_matmul(cx, characters, parameters[FROM_CHARACTER]);
  ag_array known = ag_matmul(cx, before.hidden, parameters[FROM_STATE]);
  ag_array quarters[4]; /* forget, take in, show; what is taken in */
  ag_split(cx, ag_add(cx, ag_add(cx, heard, known), parameters[BIAS]), 4, 1, quarters);
  ag_array kept = ag_mul(cx, ag_expit(cx, quarters[0]), before.memory);
  ag_array taken = ag_mul(cx, ag_expit(cx, quarters[1]), ag_tanh(cx, quarters[3]));
  ag_array memory = ag_add(cx, kept, taken);
  ag_array shown = ag_mul(cx, ag_expit(cx, quarters[2]), ag_tanh(cx, memory));
  return (character_state){shown, memory};
}

static ag_array predict(ag_context *cx, const ag_array *parameters, character_state state) {
  return characters_log_softmax(cx, state.hidden, parameters[OUT], parameters[OUT_BIAS]);
}

static void initialize(ag_context *cx, ag_array *parameters, int64_t symbols, uint64_t seed) {
  uint64_t stream = PARAMETERS * seed;
  double deviation = 1 / sqrt(HIDDEN);
  parameters[START] = characters_weights(cx, stream, 1, HIDDEN, 0.1);
  parameters[START_MEMORY] = characters_weights(cx, stream + 1, 1, HIDDEN, 0.1);
  parameters[FROM_CHARACTER] = characters_weights(cx, stream + 2, symbols, 4 * HIDDEN, 0.5);
  parameters[FROM_STATE] = characters_weights(cx, stream + 3, HIDDEN, 4 * HIDDEN, deviation);
  /* the gates that keep begin rather open, so that gradients reach far back */
  ag_array open = ag_ones(cx, AG_F32, (int64_t[]){HIDDEN}, 1), half = ag_zeros(cx, AG_F32, (int64_t[]){3 * HIDDEN}, 1);
  parameters[BIAS] = ag_concatenate(cx, (ag_array[]){open, half}, 2, 0);
  parameters[OUT] = characters_weights(cx, stream + 4, HIDDEN, symbols, deviation);
  parameters[OUT_BIAS] = ag_zeros(cx, AG_F32, &symbols, 1);
}

int main(int argc, char **argv) {
  static const character_model model = {
      "lstm", "A long short-term memory on its own source", PARAMETERS, 400, 90, initialize, begin, advance, predict};
  return characters_main(&model, SOURCE, argc, argv);
}
