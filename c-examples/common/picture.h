/* Drawing into red, green and blue bytes, for pictures that are made of pixels rather than of curves. */
#ifndef EXAMPLES_PICTURE_H
#define EXAMPLES_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct picture {
  uint8_t *rgb; /* height rows of width pixels of three bytes */
  size_t width, height;
} picture;

typedef struct colour {
  uint8_t rgb[3];
} colour;

/* A white picture; false, and said on stderr, when there is no memory. */
bool picture_begin(picture *p, size_t width, size_t height);
void picture_free(picture *p);

/* Lays `share`, 0 to 1, of a colour over a pixel; outside of the picture nothing happens. */
void picture_blend(picture *p, double x, double y, colour c, double share);

void picture_rectangle(picture *p, size_t x, size_t y, size_t width, size_t height, colour c);
void picture_disc(picture *p, double x, double y, double radius, colour c);
void picture_line(picture *p, double x0, double y0, double x1, double y1, double width, colour c, double share);

/* rows x columns values as squares of scale x scale pixels, from `low` (first colour) to `high` (last one). */
void picture_field(picture *p, size_t x, size_t y, const double *values, size_t rows, size_t columns, size_t scale,
                   double low, double high, const colour *ramp, size_t nramp);

/* The line along which `values`, one per pixel of the picture, are `level`. */
void picture_contour(picture *p, const double *values, double level, double width, colour c);

/* `count` square pictures of side x side pixels, 0 (paper) to 1 (ink), in as many columns, each pixel enlarged. */
void picture_sheet(picture *p, size_t x, size_t y, const float *pixels, size_t count, size_t columns, size_t side,
                   size_t scale);

/* The width of `columns` such pictures, and the height of as many rows. */
size_t picture_sheet_size(size_t columns, size_t side, size_t scale);

bool picture_write(const char *path, const picture *p);

#endif
