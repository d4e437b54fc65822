/* A wing that no one has drawn: something solid stands in a stream, and its shape is changed so that the stream lifts
 * it much and drags it little. How solid each cell is, is a smooth function of the parameters, so that the gradient of
 * lift over drag goes back through the simulation of the flow into the shape. Forces need not be measured on the
 * surface: what the body gains in momentum, the stream loses. Writes wing.png, the first shape above the last one, with
 * smoke in the stream; and wing.svg, lift over drag. See --help. */
#include "common/check.h"
#include "common/fluid.h"
#include "common/picture.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ITERATIONS = 10000, SCALE = 7 };

static const double SPEED = 0.9; /* of the stream, in cells per step */

struct experiment {
  fluid flow;
  ag_array where; /* 1 where there may be something solid, 0 elsewhere */
  ag_array smoke; /* stripes */
  double area;    /* of the solid, at the beginning */
  int steps;
};

/* ---- the shape ---- */

/* The mean of each cell and its neighbours, twice: shapes without single cells. */
static ag_array smooth(ag_context *cx, ag_array f) {
  for (int round = 0; round < 2; round++)
    for (int64_t axis = 0; axis < 2; axis++) {
      ag_array sides = ag_add(cx, ag_roll_axis(cx, f, 1, axis), ag_roll_axis(cx, f, -1, axis));
      f = ag_mul_scalar(cx, ag_add(cx, ag_mul_scalar(cx, f, 2), sides), 0.25);
    }
  return f;
}

/* 0 for fluid to 1 for solid */
static ag_array solid(ag_context *cx, const struct experiment *e, ag_array parameters) {
  return ag_mul(cx, ag_expit(cx, smooth(cx, parameters)), e->where);
}

/* ---- the flow ---- */

/* A step of the velocity; nothing flows in what is solid. */
static void step(ag_context *cx, const fluid *flow, ag_array open, ag_array *vx, ag_array *vy) {
  ag_array x = fluid_advect(cx, flow, *vx, *vx, *vy), y = fluid_advect(cx, flow, *vy, *vx, *vy);
  *vx = ag_mul(cx, x, open), *vy = ag_mul(cx, y, open);
  fluid_project(cx, flow, vx, vy);
}

static ag_array stream(ag_context *cx, const struct experiment *e) {
  return ag_full(cx, AG_F64, e->flow.shape, 2, SPEED);
}

/* The momentum that the stream has lost at the end: *lift upwards, *drag along the stream. Rows go downwards. */
static void forces(ag_context *cx, const struct experiment *e, ag_array body, ag_array *lift, ag_array *drag) {
  ag_array vx = stream(cx, e), vy = ag_zeros_like(cx, vx), open = ag_rsub_scalar(cx, body, 1);
  for (int i = 0; i < e->steps; i++) step(cx, &e->flow, open, &vx, &vy);
  *lift = ag_mean(cx, vy);
  *drag = ag_rsub_scalar(cx, ag_mean(cx, vx), SPEED);
}

/* By the parameters of the shape: minus lift over drag, and a penalty for a body that grows or shrinks. */
static ag_tree objective(ag_context *cx, const ag_tree *params, size_t nargs, void *user) {
  (void)nargs;
  const struct experiment *e = user;
  ag_array lift, drag, body = solid(cx, e, ag_tree_array(cx, *params));
  forces(cx, e, body, &lift, &drag);
  ag_array change = ag_sub_scalar(cx, ag_div_scalar(cx, ag_sum(cx, body), e->area), 1);
  ag_array penalty = ag_mul_scalar(cx, ag_square(cx, change), 4);
  return ag_tree_leaf(cx, ag_sub(cx, penalty, ag_div(cx, lift, drag)));
}

static double lift_over_drag(ag_context *cx, const struct experiment *e, ag_array parameters) {
  ag_array lift, drag;
  forces(cx, e, solid(cx, e, parameters), &lift, &drag);
  return ag_item(cx, ag_div(cx, lift, drag));
}

/* ---- the beginning ---- */

static ag_array from_formula(ag_context *cx, const fluid *flow, double (*f)(double x, double y)) {
  int64_t rows = flow->shape[0], columns = flow->shape[1];
  double *values = malloc((size_t)(rows * columns) * sizeof *values);
  for (int64_t i = 0; values && i < rows * columns; i++) /* in heights, from the middle */
    values[i] = f(((double)(i % columns) + 0.5 - 0.5 * (double)columns) / (double)rows,
                  ((double)(i / columns) + 0.5) / (double)rows - 0.5);
  ag_array array = values ? ag_matrix(cx, values, (size_t)rows, (size_t)columns) : (ag_array){0};
  free(values);
  return array;
}

/* The parameters of an ellipse: positive inside. */
static double ellipse(double x, double y) { return fmax(4 * (1 - pow(x / 0.22, 2) - pow(y / 0.09, 2)), -6); }
static double around_ellipse(double x, double y) { return fabs(x) < 0.36 && fabs(y) < 0.2; }
static double stripes(double x, double y) { return (void)x, 0.5 - 0.5 * cos(y * 16 * acos(-1.0)); }

/* ---- the picture ---- */

static void draw_flow(ag_context *cx, const struct experiment *e, ag_array parameters, picture *p, size_t y) {
  static const colour ramp[] = {{{245, 248, 252}}, {{120, 165, 205}}, {{25, 70, 125}}}, wood = {{205, 75, 0}};
  ag_scope scope = ag_scope_enter(cx);
  ag_array body = solid(cx, e, parameters), open = ag_rsub_scalar(cx, body, 1), smoke = e->smoke;
  ag_array vx = stream(cx, e), vy = ag_zeros_like(cx, vx);
  for (int i = 0; i < e->steps; i++) {
    step(cx, &e->flow, open, &vx, &vy);
    smoke = fluid_advect(cx, &e->flow, smoke, vx, vy);
  }
  const double *values = ag_data_f64(cx, smoke), *share = ag_data_f64(cx, body);
  size_t rows = (size_t)e->flow.shape[0], columns = (size_t)e->flow.shape[1];
  if (values && share) {
    picture_field(p, 0, y, values, rows, columns, SCALE, 0, 1, ramp, sizeof ramp / sizeof *ramp);
    for (size_t k = 0; k < rows * SCALE * columns * SCALE; k++) {
      size_t i = k / (columns * SCALE), j = k % (columns * SCALE);
      picture_blend(p, (double)j, (double)(y + i), wood, share[i / SCALE * columns + j / SCALE]);
    }
  }
  ag_scope_leave(cx, scope);
}

static bool draw(ag_context *cx, const struct experiment *e, ag_array first, ag_array last, const char *path) {
  size_t height = (size_t)e->flow.shape[0] * SCALE;
  picture p;
  if (!picture_begin(&p, (size_t)e->flow.shape[1] * SCALE, 2 * height + 8)) return false;
  draw_flow(cx, e, first, &p, 0);
  draw_flow(cx, e, last, &p, height + 8);
  bool written = picture_write(path, &p);
  picture_free(&p);
  return written;
}

/* ---- the search ---- */

int main(int argc, char **argv) {
  static double count[MOST_ITERATIONS], ratio[MOST_ITERATIONS];
  int iterations = 100, rows = 40, steps = 40, threads = 1, expected = 40;
  const option options[] = {
      NUMBER("--iterations", &iterations, 1, MOST_ITERATIONS, "of Adam"),
      NUMBER("--rows", &rows, 8, 1024, "cells from top to bottom; twice as many along the stream"),
      NUMBER("--steps", &steps, 1, 10000, "of the flow"), NUMBER("--threads", &threads, 1, 1024, "of the library"),
      NUMBER("--expect", &expected, -1000, 10000, "hundredths that lift / drag is to reach")};
  options_read(argc, argv, "Finds a shape with much lift and little drag. Writes wing.png and wing.svg.", options,
               COUNT(options));

  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  struct experiment e = {.flow = fluid_begin(cx, rows, 2 * rows, 15), .steps = steps};
  e.where = from_formula(cx, &e.flow, around_ellipse);
  e.smoke = from_formula(cx, &e.flow, stripes);
  ag_array first = from_formula(cx, &e.flow, ellipse);
  e.area = ag_item(cx, ag_sum(cx, solid(cx, &e, first)));
  /* an ellipse in a level stream is not lifted, by symmetry */
  check_close("the lift of the first shape", lift_over_drag(cx, &e, first), 0, 1e-9);

  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree params = ag_tree_leaf(cx, first), state = ag_optimizer_init(cx, params, &adam);
  size_t points = 0;
  for (int i = 0; i < iterations && !ag_error(cx); i++) {
    ag_scope scope = ag_scope_enter(cx);
    adam.step_size = 0.3 * (1 - 0.9 * i / iterations);
    ag_optimizer_update(cx, params, ag_tree_grad(cx, objective, &e, &params, 1, 0), state, &adam);
    if (i % 5 == 0 || i + 1 == iterations)
      count[points] = i + 1, ratio[points++] = lift_over_drag(cx, &e, ag_tree_array(cx, params));
    progress("iteration", i, iterations, "lift / drag %.3f", ratio[points - 1]);
    ag_scope_leave(cx, scope);
  }

  ag_array last = ag_tree_array(cx, params);
  double area = ag_item(cx, ag_sum(cx, solid(cx, &e, last))) / e.area;
  printf("%.0f %% of the first shape's area\n", 100 * area);
  check_that("lift over drag is as large as expected", points > 0 && 100 * ratio[points - 1] >= expected);
  check_that("the area stays within a fifth of what it was", fabs(area - 1) < 0.2);
  out_written(draw(cx, &e, first, last, out_path("wing.png")),
              "the stream around the first shape and around the last one");
  svg_curve curve = {"lift / drag", count, ratio, points};
  out_written(svg_plot(out_path("wing.svg"), "From ellipse to wing", "iteration", "", &curve, 1), "lift over drag");
  return check_finish(cx);
}
