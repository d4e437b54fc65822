/* A text as numbers, for models of characters. */
#ifndef EXAMPLES_TEXT_H
#define EXAMPLES_TEXT_H

#include <autograd.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text {
  size_t length;
  unsigned char *codes; /* each character as its number among those that occur */
  size_t symbols;       /* how many different ones occur */
  char symbol[256];     /* the character of each number */
} text;

/* Says on stderr what is wrong and returns false; fewer than `least` characters are wrong. */
bool text_read(const char *path, size_t least, text *t);

void text_free(text *t);

/* One row per start, shape (n, symbols), f32: 1 at the character that stands `offset` after it, 0 elsewhere. */
ag_array text_one_hot(ag_context *cx, const text *t, const size_t *starts, size_t n, size_t offset);

/* A number below n; `state` goes on from call to call. */
size_t text_random(size_t n, uint64_t *state);

/* A character's number, drawn with the probabilities whose logarithms are the elements of an f32 array; 0 on error. */
size_t text_draw(ag_context *cx, ag_array log_probabilities, uint64_t *state);

#endif
