/* The sine of many numbers at once by its Taylor series: a while loop that ends when the largest term is small. What is
 * recorded is the loop as it ran, a polynomial, and the derivatives are exactly those of this polynomial: each order is
 * a little farther from the sine's at the far ends. Drawn as sinusoid_taylor.svg, the sine's own derivatives dashed. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { ORDERS = 4, POINTS = 201 };

static const double SMALL = 0.5, END = 6;

/* `user` points to the number of terms, which the loop counts. */
static ag_array sine(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array x = args[0], minus_square = ag_neg(cx, ag_square(cx, x)), term = x, sum = x;
  int terms = 1;
  while (ag_item(cx, ag_max(cx, ag_abs(cx, term))) > SMALL) {
    term = ag_div_scalar(cx, ag_mul(cx, term, minus_square), (2.0 * terms) * (2.0 * terms + 1));
    sum = ag_add(cx, sum, term);
    terms++;
  }
  *(int *)user = terms;
  return sum;
}

/* A function for the library is a C function and what it is to be called with. */
struct function {
  ag_function call;
  void *user;
};

static ag_array derivative(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  const struct function *of = user;
  return ag_elementwise_grad(cx, of->call, of->user, args, nargs, 0);
}

/* The derivative of the polynomial by hand: x^k / k! becomes x^(k - order) / (k - order)!. */
static double polynomial(int terms, int order, double x) {
  double sum = 0;
  for (int i = terms - 1; i >= 0; i--) {
    int power = 2 * i + 1 - order;
    if (power >= 0) sum += (i % 2 ? -1 : 1) * pow(x, power) / tgamma(power + 1);
  }
  return sum;
}

int main(int argc, char **argv) {
  static const char *const names[] = {"sine by series", "first derivative", "second", "third"};
  static double x[POINTS], y[ORDERS][POINTS], truth[ORDERS][POINTS];
  options_read(argc, argv, "Draws a sine by its series, and three derivatives, as sinusoid_taylor.svg.", NULL, 0);
  int terms = 0;
  struct function functions[ORDERS] = {{sine, &terms}};
  svg_series series[2 * ORDERS];

  ag_context *cx = ag_context_new();
  ag_array points = ag_linspace(cx, -END, END, POINTS);
  ag_copy_to(cx, points, x, sizeof x);
  for (int order = 0; order < ORDERS; order++) {
    if (order) functions[order] = (struct function){derivative, &functions[order - 1]};
    ag_copy_to(cx, functions[order].call(cx, &points, 1, functions[order].user), y[order], sizeof y[order]);

    /* the first term left out, differentiated: the error of an alternating series is smaller, but for rounding */
    double allowed = pow(END, 2 * terms + 1 - order) / tgamma(2 * terms + 2 - order), farthest = 0;
    for (int i = 0; i < POINTS; i++) {
      truth[order][i] = sin(x[i] + order * acos(0.0));
      farthest = fmax(farthest, fabs(y[order][i] - truth[order][i]));
      check_close(names[order], y[order][i], polynomial(terms, order, x[i]), 1e-12);
    }
    check_that("the sine's derivative is as near as the terms promise", farthest < allowed + 1e-12);
    printf("%-20s of %d terms: at most %.1e from the sine's, %.1e allowed\n", names[order], terms, farthest, allowed);
    series[order] = (svg_series){{names[order], x, y[order], POINTS}, SVG_LINE, order};
    const char *legend = order + 1 < ORDERS ? NULL : "the sine's own";
    series[ORDERS + order] = (svg_series){{legend, x, truth[order], POINTS}, SVG_DASHES, SVG_GREY};
  }
  const char *title = "A Taylor series, which ends when its terms are small";
  out_written(svg_draw(out_path("sinusoid_taylor.svg"), title, "x", "", false, series, 2 * ORDERS),
              "the series and its derivatives, and the sine's own");
  return check_finish(cx);
}
