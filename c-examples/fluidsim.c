/* Which push must a disc of smoke be given so that it becomes a smiling face? The gradient goes back through a whole
 * simulation of the flow (advection and pressure, step by step) to the velocity at its beginning, which Adam improves.
 * Writes the smoke's way as an animation, fluidsim.png, and how the loss falls, fluidsim_loss.svg. See --help. */
#include "common/check.h"
#include "common/fluid.h"
#include "common/picture.h"
#include "common/png.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 20, MOST_ITERATIONS = 10000, SCALE = 5 };

struct experiment {
  fluid flow;
  ag_array smoke, target;
  int side;
};

/* ---- the smoke and what it is to become ---- */

/* 1 inside, 0 outside, and in between at the edge, which is one cell wide; `distance` is in sides of the grid. */
static double inside(double distance, int side) { return 1 / (1 + exp(4 * distance * side)); }

static double disc(double x, double y, int side) { return inside(hypot(x, y) - 0.3, side); }

/* A ring, two eyes, and a mouth: the lower part of a smaller ring. */
static double face(double x, double y, int side) {
  double ring = inside(fabs(hypot(x, y) - 0.36) - 0.045, side);
  double eyes = inside(hypot(fabs(x) - 0.13, y + 0.1) - 0.055, side);
  double mouth = inside(fmax(fabs(hypot(x, y) - 0.2) - 0.035, 0.06 - y), side);
  return fmin(ring + eyes + mouth, 1);
}

static ag_array draw(ag_context *cx, int side, double (*shape)(double, double, int)) {
  double *values = malloc((size_t)side * (size_t)side * sizeof *values);
  for (int i = 0; values && i < side * side; i++)
    values[i] = shape((i % side + 0.5) / side - 0.5, ((double)(i / side) + 0.5) / side - 0.5, side);
  ag_array drawn = values ? ag_matrix(cx, values, (size_t)side, (size_t)side) : (ag_array){0};
  free(values);
  return drawn;
}

/* ---- the simulation ---- */

static void step(ag_context *cx, const fluid *flow, ag_array *vx, ag_array *vy, ag_array *smoke) {
  ag_array moved_x = fluid_advect(cx, flow, *vx, *vx, *vy), moved_y = fluid_advect(cx, flow, *vy, *vx, *vy);
  *vx = moved_x, *vy = moved_y;
  fluid_project(cx, flow, vx, vy);
  *smoke = fluid_advect(cx, flow, *smoke, *vx, *vy);
}

/* How far the smoke is from the target at the end, by the velocity at the beginning: {"x", "y"}. */
static ag_array loss(ag_context *cx, size_t iteration, ag_tree velocity, void *user) {
  (void)iteration;
  const struct experiment *e = user;
  ag_array vx = ag_tree_array_at(cx, velocity, "x"), vy = ag_tree_array_at(cx, velocity, "y"), smoke = e->smoke;
  fluid_project(cx, &e->flow, &vx, &vy);
  for (int i = 0; i < STEPS; i++) step(cx, &e->flow, &vx, &vy, &smoke);
  return ag_mean(cx, ag_square(cx, ag_sub(cx, smoke, e->target)));
}

/* ---- pictures ---- */

static bool animate(ag_context *cx, const struct experiment *e, ag_tree velocity, const char *path) {
  static const colour ramp[] = {{{16, 20, 40}}, {{70, 90, 150}}, {{235, 190, 120}}, {{255, 250, 235}}};
  size_t side = (size_t)e->side, pixels = side * SCALE, bytes = 3 * pixels * pixels;
  uint8_t *frames = malloc((STEPS + 1) * bytes);
  picture p;
  if (!frames || !picture_begin(&p, pixels, pixels)) {
    free(frames);
    return false;
  }
  ag_scope scope = ag_scope_enter(cx);
  ag_array vx = ag_tree_array_at(cx, velocity, "x"), vy = ag_tree_array_at(cx, velocity, "y"), smoke = e->smoke;
  fluid_project(cx, &e->flow, &vx, &vy);
  for (size_t i = 0; i <= STEPS; i++) {
    if (i) step(cx, &e->flow, &vx, &vy, &smoke);
    const double *values = ag_data_f64(cx, smoke);
    if (values) picture_field(&p, 0, 0, values, side, side, SCALE, 0, 1, ramp, sizeof ramp / sizeof *ramp);
    memcpy(frames + i * bytes, p.rgb, bytes);
  }
  ag_scope_leave(cx, scope);
  bool written = png_write_animation(path, frames, STEPS + 1, pixels, pixels, 80);
  picture_free(&p);
  free(frames);
  return written;
}

/* ---- the search ---- */

struct course {
  double count[MOST_ITERATIONS], values[MOST_ITERATIONS];
  int iterations, done;
};

static int32_t show(ag_context *cx, const ag_iteration *now, void *user) {
  (void)cx;
  struct course *c = user;
  progress("iteration", c->done, c->iterations, "loss %.5f", now->value);
  c->count[c->done] = c->done, c->values[c->done] = now->value;
  c->done++;
  return 0;
}

int main(int argc, char **argv) {
  static struct course course;
  int iterations = 150, side = 64, threads = 1, expected = 10;
  const option options[] = {
      NUMBER("--iterations", &iterations, 2, MOST_ITERATIONS, "of Adam, the second half with smaller steps"),
      NUMBER("--side", &side, 8, 1024, "cells along a side of the grid"),
      NUMBER("--threads", &threads, 1, 1024, "of the library"),
      NUMBER("--expect", &expected, 0, 1000, "per cent of the distance that may be left")};
  options_read(argc, argv,
               "Finds the velocity with which smoke becomes a smiling face. Writes fluidsim.png, an animation, and\n"
               "fluidsim_loss.svg.",
               options, COUNT(options));

  static const char *const keys[] = {"x", "y"};
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, (size_t)threads);
  struct experiment e = {fluid_begin(cx, side, side, 10), draw(cx, side, disc), draw(cx, side, face), side};
  ag_tree still = ag_tree_dict_of(cx, keys, (ag_array[]){ag_zeros_like(cx, e.smoke), ag_zeros_like(cx, e.smoke)}, 2);
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  adam.callback = show, adam.callback_user = &course;
  adam.num_iters = (size_t)(iterations / 2), adam.step_size = 0.1;
  course.iterations = iterations;
  ag_tree velocity = ag_optimize(cx, loss, &e, still, &adam, NULL);
  adam.num_iters = (size_t)(iterations - iterations / 2), adam.step_size = 0.03;
  velocity = ag_optimize(cx, loss, &e, velocity, &adam, NULL);

  out_written(animate(cx, &e, velocity, out_path("fluidsim.png")), "the smoke on its way, an animation");
  svg_curve curve = {"loss", course.count, course.values, (size_t)course.done};
  out_written(
      svg_plot(out_path("fluidsim_loss.svg"), "Distance between smoke and face", "iteration", "mean square", &curve, 1),
      "how it came nearer");
  /* without a velocity nothing moves */
  ag_array apart = ag_mean(cx, ag_square(cx, ag_sub(cx, e.smoke, e.target)));
  check_close("the loss without a push", course.values[0], ag_item(cx, apart), 1e-12);
  double left = 100 * ag_item(cx, loss(cx, 0, velocity, &e)) / course.values[0];
  printf("%.2f %% of the distance is left\n", left);
  check_that("no more of the distance is left than expected", left <= expected);
  return check_finish(cx);
}
