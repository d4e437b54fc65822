/* Independent component analysis: two sources with heavy tails (Student's t) are heard by two microphones, each of
 * which hears a mixture. The matrix that makes the mixtures most probable as such sources takes them apart again, but
 * for the order and the scale of the sources. Draws mixtures and directions as ica.svg. */
#include "common/check.h"
#include "common/program.h"
#include "common/svg.h"

#include <math.h>
#include <stdio.h>

enum { SAMPLES = 1500, SHOWN = 600, STEPS = 400 };

static const double FREEDOM = 3;
static const double MIXING[2][2] = {{1.5, 0.9}, {0.4, 1.2}};

/* log t(x) with FREEDOM degrees of freedom */
static ag_array student_log_density(ag_context *cx, ag_array x) {
  double constant = lgamma((FREEDOM + 1) / 2) - lgamma(FREEDOM / 2) - 0.5 * log(FREEDOM * acos(-1.0));
  ag_array tail = ag_log1p(cx, ag_div_scalar(cx, ag_square(cx, x), FREEDOM));
  return ag_add_scalar(cx, ag_mul_scalar(cx, tail, -(FREEDOM + 1) / 2), constant);
}

/* The negative log-likelihood per sample of the mixtures args[1], shape (n, 2): the density of the sources args[0]
 * makes of them, times the determinant by which it changes areas. */
static ag_array objective(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array w = args[0], sources = ag_matmul(cx, args[1], ag_transpose(cx, w));
  ag_array main_diagonal = ag_mul(cx, ag_index(cx, w, "0, 0"), ag_index(cx, w, "1, 1"));
  ag_array other_diagonal = ag_mul(cx, ag_index(cx, w, "0, 1"), ag_index(cx, w, "1, 0"));
  ag_array log_determinant = ag_log(cx, ag_abs(cx, ag_sub(cx, main_diagonal, other_diagonal)));
  ag_array density = ag_mean(cx, ag_sum_axis(cx, student_log_density(cx, sources), 1, false));
  return ag_neg(cx, ag_add(cx, density, log_determinant));
}

/* A normal variable divided by the root of a mean of FREEDOM squares of others. */
static ag_array student(ag_context *cx, uint64_t seed) {
  const int64_t shape[] = {SAMPLES, 2}, others[] = {(int64_t)FREEDOM, SAMPLES, 2};
  ag_array normal = ag_random_normal(cx, 2 * seed, AG_F64, shape, 2, 0, 1);
  ag_array squares = ag_square(cx, ag_random_normal(cx, 2 * seed + 1, AG_F64, others, 3, 0, 1));
  return ag_div(cx, normal, ag_sqrt(cx, ag_mean_axis(cx, squares, 0, false)));
}

/* How far unmixing times mixing is from a permutation with scales: the smaller entry of each row, relative to the
 * other, if the larger ones stand in different columns. */
static double mixed(double w[2][2]) {
  double product[2][2], worst = 0;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++) product[i][j] = fabs(w[i][0] * MIXING[0][j] + w[i][1] * MIXING[1][j]);
  if ((product[0][0] > product[0][1]) == (product[1][0] > product[1][1])) return 1;
  for (int i = 0; i < 2; i++)
    worst = fmax(worst, fmin(product[i][0], product[i][1]) / fmax(product[i][0], product[i][1]));
  return worst;
}

static void draw(ag_context *cx, ag_array mixtures, double w[2][2]) {
  enum { REACH = 7 };
  static double x[SHOWN], y[SHOWN], lines[4][2][2];
  const double *values = ag_data_f64(cx, mixtures);
  for (size_t i = 0; values && i < SHOWN; i++) {
    x[i] = values[2 * i], y[i] = values[2 * i + 1];
    if (fabs(x[i]) > REACH || fabs(y[i]) > REACH) x[i] = NAN; /* the tails are long */
  }
  svg_series series[5] = {{{"mixtures", x, y, SHOWN}, SVG_DOTS, 5}};
  for (int k = 0; k < 4; k++) {
    /* the columns of the mixing matrix, and of the inverse of w, whose determinant doesn't matter for a direction */
    int source = k / 2, found = k % 2;
    double to_x = found ? (source ? -w[0][1] : w[1][1]) : MIXING[0][source];
    double to_y = found ? (source ? w[0][0] : -w[1][0]) : MIXING[1][source];
    double size = REACH / fmax(fabs(to_x), fabs(to_y));
    for (int end = 0; end < 2; end++) {
      lines[k][0][end] = (end ? size : -size) * to_x;
      lines[k][1][end] = (end ? size : -size) * to_y;
    }
    const char *name = source ? NULL : found ? "found" : "sources";
    series[1 + k] = (svg_series){{name, lines[k][0], lines[k][1], 2}, found ? SVG_DASHES : SVG_LINE, found};
  }
  svg_series ordered[] = {series[0], series[1], series[3], series[2], series[4]};
  const char *title = "Two sources and their directions in the mixtures";
  out_written(svg_draw(out_path("ica.svg"), title, "first microphone", "second", true, ordered, 5),
              "the mixtures, the sources' directions, and those found");
}

int main(int argc, char **argv) {
  int steps = STEPS, seed = 0;
  const option options[] = {NUMBER("--steps", &steps, 1, 1 << 30, "of Adam; with fewer, success isn't expected"),
                            NUMBER("--seed", &seed, 0, 1 << 30, "of the sources")};
  options_read(argc, argv, "Takes two mixed sources apart. Writes ica.svg.", options, COUNT(options));

  ag_context *cx = ag_context_new();
  ag_array mixtures = ag_matmul(cx, student(cx, (uint64_t)seed), ag_transpose(cx, ag_matrix(cx, MIXING[0], 2, 2)));
  ag_tree unmixing = ag_tree_leaf(cx, ag_eye(cx, AG_F64, 2, 2, 0));
  ag_optimizer_options adam = {.struct_size = sizeof adam, .method = AG_ADAM};
  ag_tree state = ag_optimizer_init(cx, unmixing, &adam);
  double first = 0, last = 0, size = 0, w[2][2] = {{1, 0}, {0, 1}};
  for (int i = 0; i < steps && !ag_error(cx); i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array args[] = {ag_tree_array(cx, unmixing), mixtures}, gradient;
    last = ag_item(cx, ag_value_and_grad(cx, objective, NULL, args, 2, 0, &gradient));
    if (i == 0) first = last;
    size = ag_item(cx, ag_max(cx, ag_abs(cx, gradient)));
    adam.step_size = 0.05 * (1 - (double)i / steps);
    ag_optimizer_update(cx, unmixing, ag_tree_leaf(cx, gradient), state, &adam);
    ag_copy_to(cx, ag_tree_array(cx, unmixing), w, sizeof w);
    progress("step", i, steps, "negative log-likelihood %.4f, still mixed: %.4f", last, mixed(w));
    ag_scope_leave(cx, step);
  }
  printf("at the end %.4f, mixed %.4f; unmixing matrix %s\n", last, mixed(w), ag_tree_to_string(cx, unmixing));
  check_that("the objective falls", steps == 1 || last < first);
  if (steps >= STEPS) {
    check_that("the sources are taken apart", mixed(w) < 0.06);
    check_close("gradient", size, 0, 1e-3);
  }
  draw(cx, mixtures, w);
  return check_finish(cx);
}
