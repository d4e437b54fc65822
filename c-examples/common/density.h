/* Logarithms of probability densities, element by element. */
#ifndef EXAMPLES_DENSITY_H
#define EXAMPLES_DENSITY_H

#include <autograd.h>
#include <stdbool.h>

/* of the normal distribution */
ag_array density_normal(ag_context *cx, ag_array x, ag_array mean, ag_array log_std);
ag_array density_normal_scalar(ag_context *cx, ag_array x, double mean, double std);

/* A banana: x is normal with mean 0 and standard deviation 2, and y with mean x^2 / 2 and standard deviation 1. The
 * last axis of `points` holds x and y; the result is without it. */
#define BANANA_STD 2.0
#define BANANA_BEND 0.5
ag_array density_banana(ag_context *cx, ag_array points);

/* A picture of the plane: `log_density`, which takes an array (n, 2) of points, as shades, and `log_approximation` as
 * lines; both with `user`. */
typedef struct window {
  double left, right, bottom, top; /* of the plane */
  int pixels;                      /* of the picture's width */
} window;
typedef ag_array (*log_density)(ag_context *cx, ag_array points, void *user);
bool density_draw(ag_context *cx, const char *path, window w, log_density exact, log_density approximation, void *user);

#endif
