/* Handwritten digits: the 1,797 of data/digits.csv, or MNIST's IDX files. */
#ifndef EXAMPLES_DIGITS_H
#define EXAMPLES_DIGITS_H

#include <autograd.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct digits {
  size_t count, side; /* count pictures of side x side pixels */
  float *pixels;      /* row by row, 0 (paper) to 1 (ink) */
  int64_t *labels;    /* 0 to 9 */
} digits;

/* Each says on stderr what is wrong with a file and returns false. */
bool digits_read_csv(const char *path, digits *all);
bool digits_read_idx(const char *folder, const char *set /* "train" or "t10k" */, digits *all);

/* Moves the last `count` pictures of `all` into `rest`, after a shuffle that depends on `seed` alone. */
bool digits_hold_out(digits *all, size_t count, uint64_t seed, digits *rest);

/* Training and test digits: of a .csv file, of which a fifth is held out (always the same one; README.md says what
 * other fifths give), or of the IDX files in a folder. */
bool digits_read(const char *path, digits *train, digits *test);

void digits_free(digits *d);

/* The pictures as rows, (count, side * side), and a row with 1 at the right class for each, (count, 10), in f32; and
 * the labels, (count,). */
ag_array digits_images(ag_context *cx, const digits *d);
ag_array digits_one_hot(ag_context *cx, const digits *d);
ag_array digits_labels(ag_context *cx, const digits *d);

/* The numbers 0 to n - 1 in a random order, and the rows x[order[from:from + n]], as far as there are any: a batch. */
ag_array digits_order(ag_context *cx, uint64_t seed, size_t n);
ag_array digits_batch(ag_context *cx, ag_array x, ag_array order, size_t from, size_t n);

/* A sheet of the first pictures as PNG, each with the predicted label in its corner; wrong ones stand on red. */
bool digits_sheet(const char *path, const digits *d, const int64_t *predicted);

#endif
