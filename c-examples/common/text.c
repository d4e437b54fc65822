#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_read(const char *path, size_t least, text *t) {
  *t = (text){0};
  FILE *in = fopen(path, "rb");
  if (!in) {
    perror(path);
    return false;
  }
  size_t room = 0;
  for (int c = getc(in); c != EOF; c = getc(in)) {
    if (t->length == room) {
      room = room ? 2 * room : 4096;
      unsigned char *more = realloc(t->codes, room);
      if (!more) break;
      t->codes = more;
    }
    t->codes[t->length++] = (unsigned char)c;
  }
  bool whole = feof(in) && !ferror(in);
  fclose(in);
  if (!whole || t->length < least) {
    if (whole)
      fprintf(stderr, "%s: at least %zu characters are needed, these are %zu\n", path, least, t->length);
    else
      fprintf(stderr, "%s: cannot be read\n", path);
    text_free(t);
    return false;
  }
  int number[256];
  memset(number, -1, sizeof number);
  for (size_t i = 0; i < t->length; i++) {
    unsigned char c = t->codes[i];
    if (number[c] < 0) {
      number[c] = (int)t->symbols;
      t->symbol[t->symbols++] = (char)c;
    }
    t->codes[i] = (unsigned char)number[c];
  }
  return true;
}

void text_free(text *t) {
  free(t->codes);
  *t = (text){0};
}

ag_array text_one_hot(ag_context *cx, const text *t, const size_t *starts, size_t n, size_t offset) {
  const int64_t shape[] = {(int64_t)n, (int64_t)t->symbols};
  float *rows = calloc(n * t->symbols, sizeof *rows);
  if (!rows) return ag_raise(cx, AG_ERR_MEMORY, "no memory for one-hot rows");
  for (size_t i = 0; i < n; i++) rows[i * t->symbols + t->codes[starts[i] + offset]] = 1;
  ag_array x = ag_array_new(cx, AG_F32, shape, 2, rows);
  free(rows);
  return x;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

size_t text_random(size_t n, uint64_t *state) { return (size_t)(next_random(state) % n); }

size_t text_draw(ag_context *cx, ag_array log_probabilities, uint64_t *state) {
  size_t n = ag_size(cx, log_probabilities);
  const float *logs = ag_data(cx, log_probabilities);
  if (!logs || ag_dtype(cx, log_probabilities) != AG_F32) return 0;
  double left = (double)(next_random(state) >> 11) / 9007199254740992.0; /* 2^53 */
  for (size_t i = 0; i + 1 < n; i++) {
    left -= exp(logs[i]);
    if (left < 0) return i;
  }
  return n - 1;
}
