#include "svg.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, HEIGHT = 440, LEFT = 64, RIGHT = 150, TOP = 40, BOTTOM = 52 };

/* Okabe and Ito's colours: apart for every kind of colour vision. */
static const char *const COLOURS[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
enum { NCOLOURS = sizeof COLOURS / sizeof *COLOURS };

typedef struct range {
  double low, high;
} range;

static void widen(range *r, double value) {
  if (value < r->low) r->low = value;
  if (value > r->high) r->high = value;
}

/* A step of 1, 2 or 5 times a power of ten that gives about six ticks. */
static double tick_step(range r) {
  double rough = (r.high - r.low) / 6, power = pow(10, floor(log10(rough))), lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

static double to_x(range r, double x) { return LEFT + (x - r.low) / (r.high - r.low) * (WIDTH - LEFT - RIGHT); }
static double to_y(range r, double y) {
  return HEIGHT - BOTTOM - (y - r.low) / (r.high - r.low) * (HEIGHT - TOP - BOTTOM);
}

/* Adding 0 to a tick's number makes 0 of -0. */
static void axes(FILE *out, range xs, range ys) {
  double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT, step = tick_step(xs);
  for (double k = ceil(xs.low / step); k * step <= xs.high + step * 1e-9; k++) {
    double x = to_x(xs, k * step);
    fprintf(out, "<path class=\"grid\" d=\"M%.1f %d V%.0f\"/>", x, TOP, bottom);
    fprintf(out, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%g</text>\n", x, bottom + 18, k * step + 0.0);
  }
  step = tick_step(ys);
  for (double k = ceil(ys.low / step); k * step <= ys.high + step * 1e-9; k++) {
    double y = to_y(ys, k * step);
    fprintf(out, "<path class=\"grid\" d=\"M%d %.1f H%.0f\"/>", LEFT, y, right);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 8, y + 4, k * step + 0.0);
  }
  fprintf(out, "<path class=\"frame\" d=\"M%d %d V%.0f H%.0f\"/>\n", LEFT, TOP, bottom, right);
}

static bool drawable(const svg_curve *c, size_t i) { return isfinite(c->x[i]) && isfinite(c->y[i]); }

/* A line is interrupted where a number isn't finite. */
static void points(FILE *out, const svg_series *s, const char *colour, range xs, range ys) {
  const svg_curve *c = &s->curve;
  bool dots = s->mark == SVG_DOTS, broken = true;
  bool few = c->n < 50; /* dots: then larger ones, which hardly overlap */
  fprintf(out, dots ? "<g fill=\"%s\"" : "<path class=\"line\" stroke=\"%s\"", colour);
  if (dots) fprintf(out, " fill-opacity=\"%g\">\n", few ? 1 : 0.6);
  if (s->mark == SVG_DASHES) fprintf(out, " stroke-dasharray=\"7 5\"");
  if (s->mark == SVG_THIN) fprintf(out, " style=\"stroke-width:1\"");
  if (!dots) fprintf(out, " d=\"");
  for (size_t i = 0; i < c->n; i++) {
    if (drawable(c, i)) {
      double x = to_x(xs, c->x[i]), y = to_y(ys, c->y[i]);
      if (dots)
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>\n", x, y, few ? 4 : 2.5);
      else
        fprintf(out, "%s%.1f,%.1f ", broken ? "M" : "", x, y);
    }
    broken = !drawable(c, i);
  }
  fprintf(out, dots ? "</g>\n" : "\"/>\n");
}

static void legend(FILE *out, const svg_series *s, const char *colour, int row) {
  int x = WIDTH - RIGHT + 16, y = TOP + 12 + 22 * row;
  if (s->mark == SVG_DOTS)
    fprintf(out, "<circle fill=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>", colour, x + 9, y);
  else
    fprintf(out, "<path stroke=\"%s\" stroke-width=\"%d\"%s d=\"M%d %d h18\"/>", colour, s->mark == SVG_THIN ? 1 : 3,
            s->mark == SVG_DASHES ? " stroke-dasharray=\"7 4\"" : "", x, y);
  fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>\n", x + 26, y + 4, s->curve.name);
}

/* With room for a dot at either end. */
static range padded(range r) {
  double room = 0.02 * (r.high - r.low);
  return (range){r.low - room, r.high + room};
}

/* Widens the range that has fewer units per pixel, on both sides. */
static void equalize(range *xs, range *ys) {
  double x_pixels = WIDTH - LEFT - RIGHT, y_pixels = HEIGHT - TOP - BOTTOM;
  double unit = fmax((xs->high - xs->low) / x_pixels, (ys->high - ys->low) / y_pixels);
  double x_more = (unit * x_pixels - (xs->high - xs->low)) / 2, y_more = (unit * y_pixels - (ys->high - ys->low)) / 2;
  *xs = (range){xs->low - x_more, xs->high + x_more};
  *ys = (range){ys->low - y_more, ys->high + y_more};
}

bool svg_plot(const char *path, const char *title, const char *x_label, const char *y_label, const svg_curve *curves,
              size_t ncurves) {
  svg_series series[NCOLOURS];
  if (ncurves > NCOLOURS) return false;
  for (size_t c = 0; c < ncurves; c++) series[c] = (svg_series){curves[c], SVG_LINE, (int)c};
  return svg_draw(path, title, x_label, y_label, false, series, ncurves);
}

bool svg_draw(const char *path, const char *title, const char *x_label, const char *y_label, bool equal,
              const svg_series *series, size_t nseries) {
  range xs = {INFINITY, -INFINITY}, ys = {INFINITY, -INFINITY};
  for (size_t s = 0; s < nseries; s++)
    for (size_t i = 0; i < series[s].curve.n; i++)
      if (drawable(&series[s].curve, i)) widen(&xs, series[s].curve.x[i]), widen(&ys, series[s].curve.y[i]);
  /* no points, or all on one line: some range all the same */
  if (!(xs.low < xs.high)) xs = isfinite(xs.low) ? (range){xs.low - 1, xs.low + 1} : (range){0, 1};
  if (!(ys.low < ys.high)) ys = isfinite(ys.low) ? (range){ys.low - 1, ys.low + 1} : (range){0, 1};
  for (size_t s = 0; s < nseries; s++)
    if (series[s].mark == SVG_DOTS) {
      xs = padded(xs), ys = padded(ys);
      break;
    }
  if (equal) equalize(&xs, &ys);

  FILE *out = fopen(path, "w");
  if (!out) return false;
  fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\"", WIDTH,
          HEIGHT);
  fprintf(out, " font-size=\"13\" fill=\"#222\">\n<style>.grid{stroke:#ddd}.frame{stroke:#222;fill:none}");
  fprintf(out, ".line{fill:none;stroke-width:2;stroke-linejoin:round}</style>\n");
  fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
  fprintf(out, "<text x=\"%d\" y=\"24\" font-size=\"16\">%s</text>\n", LEFT, title);
  axes(out, xs, ys);
  fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12,
          x_label);
  fprintf(out, "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
          (TOP + HEIGHT - BOTTOM) / 2, y_label);
  for (size_t s = 0, row = 0; s < nseries; s++) {
    const char *colour = series[s].colour < 0 ? "#999" : COLOURS[series[s].colour % NCOLOURS];
    points(out, &series[s], colour, xs, ys);
    if (series[s].curve.name) legend(out, &series[s], colour, (int)row++);
  }
  fprintf(out, "</svg>\n");
  bool written = !ferror(out);
  return fclose(out) == 0 && written;
}
