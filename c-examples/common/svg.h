/* Curves in a coordinate system, as an SVG file. */
#ifndef EXAMPLES_SVG_H
#define EXAMPLES_SVG_H

#include <stdbool.h>
#include <stddef.h>

typedef struct svg_curve {
  const char *name; /* for the legend */
  const double *x, *y;
  size_t n;
} svg_curve;

/* Draws up to six curves over common axes; false when the file cannot be written. */
bool svg_plot(const char *path, const char *title, const char *x_label, const char *y_label, const svg_curve *curves,
              size_t ncurves);

#endif
