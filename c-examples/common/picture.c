#include "picture.h"
#include "png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool picture_begin(picture *p, size_t width, size_t height) {
  *p = (picture){(uint8_t *)malloc(3 * width * height), width, height};
  if (p->rgb) memset(p->rgb, 255, 3 * width * height);
  else fprintf(stderr, "no memory for a picture of %zux%zu\n", width, height);
  return p->rgb != NULL;
}

void picture_free(picture *p) {
  free(p->rgb);
  *p = (picture){0};
}

void picture_blend(picture *p, double x, double y, colour c, double share) {
  if (!(x >= 0 && y >= 0 && x < (double)p->width && y < (double)p->height && share > 0)) return;
  uint8_t *to = p->rgb + 3 * ((size_t)y * p->width + (size_t)x);
  for (int k = 0; k < 3; k++) to[k] = (uint8_t)lround(to[k] + fmin(share, 1.0) * (c.rgb[k] - to[k]));
}

void picture_rectangle(picture *p, size_t x, size_t y, size_t width, size_t height, colour c) {
  for (size_t j = y; j < y + height; j++)
    for (size_t i = x; i < x + width; i++) picture_blend(p, (double)i, (double)j, c, 1);
}

/* Edges are soft: a pixel takes as much of the colour as the shape covers of it, nearly. */
void picture_disc(picture *p, double x, double y, double radius, colour c) {
  for (double j = floor(y - radius); j <= y + radius + 1; j++)
    for (double i = floor(x - radius); i <= x + radius + 1; i++)
      picture_blend(p, i, j, c, radius + 0.5 - hypot(i - x, j - y));
}

void picture_line(picture *p, double x0, double y0, double x1, double y1, double width, colour c, double share) {
  double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy, reach = width / 2 + 1;
  if (!isfinite(square)) return;
  double top = fmax(floor(fmin(y0, y1) - reach), 0), bottom = fmin(fmax(y0, y1) + reach, (double)p->height);
  double left = fmax(floor(fmin(x0, x1) - reach), 0), right = fmin(fmax(x0, x1) + reach, (double)p->width);
  for (double y = top; y < bottom; y++)
    for (double x = left; x < right; x++) {
      double along = square > 0 ? ((x - x0) * dx + (y - y0) * dy) / square : 0;
      along = fmin(fmax(along, 0), 1);
      double distance = hypot(x - x0 - along * dx, y - y0 - along * dy);
      picture_blend(p, x, y, c, share * fmin(width / 2 + 0.5 - distance, 1));
    }
}

void picture_field(picture *p, size_t x, size_t y, const double *values, size_t rows, size_t columns, size_t scale,
                   double low, double high, const colour *ramp, size_t nramp) {
  for (size_t k = 0; k < rows * columns; k++) {
    double place = (values[k] - low) / (high - low) * (double)(nramp - 1);
    place = place > 0 ? fmin(place, (double)(nramp - 1)) : 0; /* NaN too is 0 */
    size_t first = place < (double)(nramp - 1) ? (size_t)place : nramp - 2;
    colour c;
    for (int i = 0; i < 3; i++) {
      double from = ramp[first].rgb[i], to = ramp[first + 1].rgb[i];
      c.rgb[i] = (uint8_t)lround(from + (place - (double)first) * (to - from));
    }
    picture_rectangle(p, x + k % columns * scale, y + k / columns * scale, scale, scale, c);
  }
}

/* How far a pixel is from the line follows from its value and the slope there. */
void picture_contour(picture *p, const double *values, double level, double width, colour c) {
  for (size_t y = 1; y + 1 < p->height; y++)
    for (size_t x = 1; x + 1 < p->width; x++) {
      const double *at = values + y * p->width + x;
      double slope = hypot(at[1] - at[-1], at[p->width] - *(at - p->width)) / 2;
      picture_blend(p, (double)x, (double)y, c, width / 2 + 0.5 - fabs(*at - level) / slope);
    }
}

enum { GAP = 4 };

void picture_sheet(picture *p, size_t x, size_t y, const float *pixels, size_t count, size_t columns, size_t side,
                   size_t scale) {
  for (size_t i = 0; i < count; i++) {
    size_t x0 = x + i % columns * (side * scale + GAP), y0 = y + i / columns * (side * scale + GAP);
    for (size_t k = 0; k < side * side; k++) {
      float ink = pixels[i * side * side + k], light = 255 * (1 - (ink > 0 ? fminf(ink, 1) : 0));
      colour grey = {{(uint8_t)light, (uint8_t)light, (uint8_t)light}};
      picture_rectangle(p, x0 + k % side * scale, y0 + k / side * scale, scale, scale, grey);
    }
  }
}

size_t picture_sheet_size(size_t columns, size_t side, size_t scale) { return columns * (side * scale + GAP); }

bool picture_write(const char *path, const picture *p) { return png_write(path, p->rgb, p->width, p->height); }
