#include "digits.h"
#include "png.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static bool allocate(digits *d, size_t count, size_t side) {
  d->count = count;
  d->side = side;
  d->pixels = (float *)malloc(count * side * side * sizeof *d->pixels);
  d->labels = (int64_t *)malloc(count * sizeof *d->labels);
  if (d->pixels && d->labels) return true;
  fprintf(stderr, "no memory for %zu pictures\n", count);
  digits_free(d);
  return false;
}

bool digits_read(const char *path, digits *train, digits *test) {
  size_t length = strlen(path);
  if (length < 4 || strcmp(path + length - 4, ".csv") != 0)
    return digits_read_idx(path, "train", train) && digits_read_idx(path, "t10k", test);
  return digits_read_csv(path, train) && digits_hold_out(train, train->count / 5, 3, test);
}

void digits_free(digits *d) {
  free(d->pixels);
  free(d->labels);
  *d = (digits){0};
}

/* ---- reading ---- */

bool digits_read_csv(const char *path, digits *all) {
  enum { SIDE = 8, PIXELS = SIDE * SIDE };
  *all = (digits){0};
  FILE *in = fopen(path, "r");
  if (!in) {
    perror(path);
    return false;
  }
  /* two passes: count the lines, then read them */
  size_t lines = 0;
  for (int c = getc(in); c != EOF; c = getc(in)) lines += c == '\n';
  rewind(in);
  if (!allocate(all, lines, SIDE)) {
    fclose(in);
    return false;
  }
  bool right = lines > 0;
  for (size_t i = 0; right && i < lines; i++) {
    for (int k = 0; right && k < PIXELS; k++) {
      int ink;
      right = fscanf(in, "%d,", &ink) == 1 && 0 <= ink && ink <= 16;
      if (right) all->pixels[i * PIXELS + (size_t)k] = (float)ink / 16;
    }
    int label;
    right = right && fscanf(in, "%d", &label) == 1 && 0 <= label && label <= 9;
    if (right) all->labels[i] = label;
    if (!right) fprintf(stderr, "%s: line %zu: expected 64 pixels of 0 to 16 and a label\n", path, i + 1);
  }
  fclose(in);
  if (!right) digits_free(all);
  return right;
}

static uint32_t read_big_endian(FILE *in) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) value = value << 8 | (uint32_t)(getc(in) & 0xff);
  return value;
}

/* Opens FOLDER/SET-KIND, in either of the two spellings under which the files are passed around. */
static FILE *open_idx(const char *folder, const char *set, const char *kind, unsigned rank, char *path, size_t size) {
  FILE *in = NULL;
  for (const char *separator = "-."; !in && *separator; separator++) {
    snprintf(path, size, "%s/%s-%s%cidx%u-ubyte", folder, set, kind, *separator, rank);
    in = fopen(path, "rb");
  }
  if (!in) perror(path);
  return in;
}

bool digits_read_idx(const char *folder, const char *set, digits *all) {
  *all = (digits){0};
  char path[4096];
  bool right = false;
  FILE *labels = NULL, *images = open_idx(folder, set, "images", 3, path, sizeof path);
  if (!images) return false;
  uint32_t magic = read_big_endian(images), count = read_big_endian(images);
  uint32_t side = read_big_endian(images), columns = read_big_endian(images);
  if (magic != 0x803 || count == 0 || count > 1000000 || side == 0 || side > 256 || side != columns) {
    fprintf(stderr, "%s: not an IDX file of square pictures\n", path);
    goto close;
  }
  labels = open_idx(folder, set, "labels", 1, path, sizeof path);
  if (!labels) goto close;
  if (read_big_endian(labels) != 0x801 || read_big_endian(labels) != count) {
    fprintf(stderr, "%s: not an IDX file of %u labels\n", path, (unsigned)count);
    goto close;
  }
  if (!allocate(all, count, side)) goto close;
  for (size_t i = 0; i < (size_t)count * side * side; i++) all->pixels[i] = (float)(getc(images) & 0xff) / 255;
  for (size_t i = 0; i < count; i++) all->labels[i] = getc(labels) % 10;
  right = !feof(images) && !feof(labels);
  if (!right) {
    fprintf(stderr, "%s/%s-*: the files end too early\n", folder, set);
    digits_free(all);
  }
close:
  fclose(images);
  if (labels) fclose(labels);
  return right;
}

/* ---- order ---- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static void shuffle(int64_t *order, size_t n, uint64_t *state) {
  for (size_t i = n; i > 1; i--) {
    size_t k = (size_t)(next_random(state) % i);
    int64_t swap = order[i - 1];
    order[i - 1] = order[k];
    order[k] = swap;
  }
}

bool digits_hold_out(digits *all, size_t count, uint64_t seed, digits *rest) {
  size_t kept = all->count - count, pixels = all->side * all->side;
  digits train = {0};
  int64_t *order = (int64_t *)malloc(all->count * sizeof *order);
  bool right = order && allocate(&train, kept, all->side) && allocate(rest, count, all->side);
  if (right) {
    for (size_t i = 0; i < all->count; i++) order[i] = (int64_t)i;
    shuffle(order, all->count, &seed);
    for (size_t i = 0; i < all->count; i++) {
      digits *to = i < kept ? &train : rest;
      size_t at = i < kept ? i : i - kept, from = (size_t)order[i];
      memcpy(to->pixels + at * pixels, all->pixels + from * pixels, pixels * sizeof *all->pixels);
      to->labels[at] = all->labels[from];
    }
    digits_free(all);
    *all = train;
  } else {
    digits_free(&train);
  }
  free(order);
  return right;
}

/* ---- arrays ---- */

ag_array digits_images(ag_context *cx, const digits *d) {
  const int64_t shape[] = {(int64_t)d->count, (int64_t)(d->side * d->side)};
  return ag_array_new(cx, AG_F32, shape, 2, d->pixels);
}

ag_array digits_labels(ag_context *cx, const digits *d) {
  return ag_array_new(cx, AG_I64, (int64_t[]){(int64_t)d->count}, 1, d->labels);
}

ag_array digits_one_hot(ag_context *cx, const digits *d) {
  return ag_index_array(cx, ag_eye(cx, AG_F32, 10, 10, 0), digits_labels(cx, d));
}

ag_array digits_order(ag_context *cx, uint64_t seed, size_t n) {
  return ag_argsort(cx, ag_random_uniform(cx, seed, AG_F64, (int64_t[]){(int64_t)n}, 1, 0, 1));
}

ag_array digits_batch(ag_context *cx, ag_array x, ag_array order, size_t from, size_t n) {
  ag_index_item rows = {.kind = AG_INDEX_SLICE, .start = (int64_t)from, .stop = (int64_t)(from + n), .step = 1};
  return ag_index_array(cx, x, ag_index_items(cx, order, &rows, 1));
}

/* ---- drawing ---- */

/* Three by five dots per digit, a row in three bits. */
static const uint16_t FONT[10] = {
    0x7b6f, /* 111 101 101 101 111 */
    0x2c97, /* 010 110 010 010 111 */
    0x73e7, /* 111 001 111 100 111 */
    0x73cf, /* 111 001 111 001 111 */
    0x5bc9, /* 101 101 111 001 001 */
    0x79cf, /* 111 100 111 001 111 */
    0x79ef, /* 111 100 111 101 111 */
    0x7249, /* 111 001 001 001 001 */
    0x7bef, /* 111 101 111 101 111 */
    0x7bcf, /* 111 101 111 001 111 */
};

typedef struct canvas {
  uint8_t *rgb;
  size_t width, height;
} canvas;

static void fill(canvas *c, size_t x, size_t y, size_t w, size_t h, const uint8_t colour[3]) {
  for (size_t j = y; j < y + h; j++)
    for (size_t i = x; i < x + w; i++) memcpy(c->rgb + 3 * (j * c->width + i), colour, 3);
}

bool digits_sheet(const char *path, const digits *d, const int64_t *predicted) {
  enum { COLUMNS = 20, ROWS = 18, DOT = 2, MARGIN = 4, LABEL = 5 * DOT };
  static const uint8_t paper[2][3] = {{255, 255, 255}, {255, 190, 190}}, text[2][3] = {{0, 110, 60}, {170, 0, 0}};
  size_t scale = d->side < 16 ? 4 : 2, picture = d->side * scale, cell = picture + LABEL + 3 * MARGIN;
  size_t shown = d->count < COLUMNS * ROWS ? d->count : COLUMNS * ROWS, rows = (shown + COLUMNS - 1) / COLUMNS;
  canvas c = {NULL, COLUMNS * cell, rows * cell};
  c.rgb = (uint8_t *)malloc(3 * c.width * c.height);
  if (!c.rgb) return false;
  memset(c.rgb, 255, 3 * c.width * c.height);
  for (size_t i = 0; i < shown; i++) {
    bool wrong = predicted[i] != d->labels[i];
    size_t x0 = i % COLUMNS * cell, y0 = i / COLUMNS * cell;
    fill(&c, x0 + 1, y0 + 1, cell - 2, cell - 2, paper[wrong]);
    for (size_t k = 0; k < d->side * d->side; k++) {
      float paper_left = 1 - d->pixels[i * d->side * d->side + k];
      uint8_t colour[3];
      for (int rgb = 0; rgb < 3; rgb++) colour[rgb] = (uint8_t)((float)paper[wrong][rgb] * paper_left);
      fill(&c, x0 + MARGIN + k % d->side * scale, y0 + MARGIN + k / d->side * scale, scale, scale, colour);
    }
    for (size_t dot = 0; dot < 15; dot++)
      if (FONT[predicted[i] % 10] >> (14 - dot) & 1)
        fill(&c, x0 + cell - MARGIN - (3 - dot % 3) * DOT, y0 + cell - MARGIN - (5 - dot / 3) * DOT, DOT, DOT,
             text[wrong]);
  }
  bool written = png_write(path, c.rgb, c.width, c.height);
  free(c.rgb);
  return written;
}
