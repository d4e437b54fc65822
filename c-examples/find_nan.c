/* The loss is NaN: where from? A classifier's loss written as in a textbook, log(exp(s) / sum(exp(s))), which overflows
 * for large scores. Finds the operation, its line and the element, and draws what was recorded as nan.svg. */
#define AG_TRACE_LINES
#include <autograd_debug.h>
#include "common/check.h"
#include "common/program.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLES = 3, FEATURES = 2, CLASSES = 2 };

/* args: features, weights, the classes as rows of 0 and 1 */
static ag_array naive_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array scores = ag_label(cx, ag_matmul(cx, args[0], args[1]), "scores");
  ag_array powers = ag_exp(cx, scores);
  ag_array all = ag_sum_axis(cx, powers, 1, true);
  ag_array p = ag_div(cx, powers, all);
  ag_array right = ag_sum_axis(cx, ag_mul(cx, p, args[2]), 1, false);
  return ag_neg(cx, ag_mean(cx, ag_log(cx, right)));
}

/* The same by logsumexp, which subtracts the largest score first. */
static ag_array loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array scores = ag_matmul(cx, args[0], args[1]);
  ag_array right = ag_sum_axis(cx, ag_mul(cx, scores, args[2]), 1, false);
  return ag_mean(cx, ag_sub(cx, ag_logsumexp_axis(cx, scores, 1, false), right));
}

static void write_picture(ag_context *cx, ag_tape tape, const char *path) {
  const char *svg = ag_tape_to_svg(cx, tape, NULL); /* also while the error is pending */
  FILE *file = svg ? fopen(path, "w") : NULL;
  bool written = file && fputs(svg, file) >= 0;
  if (file) written = fclose(file) == 0 && written;
  out_written(written, "what was recorded");
}

int main(int argc, char **argv) {
  static const double features[] = {1, 2, 300, 400, 3, 1}, weights[] = {1, -1, 1.5, 0.5};
  static const double classes[] = {1, 0, 1, 0, 0, 1};
  options_read(argc, argv, "Finds where a loss becomes NaN. Writes nan.svg.", NULL, 0);
  ag_context *cx = ag_context_new();
  ag_array args[] = {
      ag_label(cx, ag_matrix(cx, features, SAMPLES, FEATURES), "features"),
      ag_label(cx, ag_matrix(cx, weights, FEATURES, CLASSES), "weights"),
      ag_label(cx, ag_matrix(cx, classes, SAMPLES, CLASSES), "classes"),
  };
  printf("loss %g\n", ag_item(cx, naive_loss(cx, args, 3, NULL)));

  /* the first NaN or infinity is an error that says where it is */
  ag_anomaly_begin(cx, 0);
  ag_grad(cx, naive_loss, NULL, args, 3, 1);
  printf("%s\n", ag_error_message(cx));
  const char *message = ag_error_message(cx);
  check_that("the anomaly is found", ag_error(cx) == AG_ERR_ANOMALY);
  check_that("its operation is named", strstr(message, "ag_exp: the result, f64[3, 2], is inf at [1, 0]") != NULL);
  check_that("its argument is named", strstr(message, "\"scores\"") != NULL);
  check_that("its line is named", strstr(message, "find_nan.c:17") != NULL);
  ag_anomaly_end(cx);
  ag_error_clear(cx);

  /* the whole picture: a tape by hand, with details, and nothing stops */
  ag_detail_begin(cx, 6);
  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed[] = {args[0], ag_box(cx, tape, args[1]), args[2]};
  ag_label(cx, naive_loss(cx, boxed, 3, NULL), "loss");
  write_picture(cx, tape, out_path("nan.svg"));
  const char *dot = ag_tape_to_dot(cx, tape, NULL);
  check_that("the picture marks it", dot && strstr(dot, "inf at [1, 0]\", fillcolor=\"#fca5a5\""));
  ag_tape_end(cx, tape);
  ag_detail_end(cx);

  /* repaired; the value by hand: scores (4, 0), (900, -100), (4.5, -2.5), so the losses are log(1 + exp(-4)), 0 and
   * 7 + log(1 + exp(-7)) */
  ag_anomaly_begin(cx, 0);
  ag_array gradient, value = ag_value_and_grad(cx, loss, NULL, args, 3, 1, &gradient);
  ag_anomaly_end(cx);
  printf("repaired: loss %.6f\n", ag_item(cx, value));
  check_close("loss", ag_item(cx, value), (0.01814992791780978 + 7.000911466453774) / 3, 1e-14);
  return check_finish(cx);
}
