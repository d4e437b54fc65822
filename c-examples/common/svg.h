/* Curves and points in a coordinate system, as an SVG file. */
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

typedef enum svg_mark { SVG_LINE, SVG_DASHES, SVG_DOTS, SVG_THIN } svg_mark;

typedef struct svg_series {
  svg_curve curve; /* without a name it has no place in the legend */
  svg_mark mark;
  int colour; /* 0 to 5: those of svg_plot's curves, in their order; SVG_GREY */
} svg_series;

enum { SVG_GREY = -1 };

/* Draws any number of series, the later ones on top. `equal`: a unit is as long on either axis. */
bool svg_draw(const char *path, const char *title, const char *x_label, const char *y_label, bool equal,
              const svg_series *series, size_t nseries);

#endif
