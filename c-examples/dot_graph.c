/* A recorded computation as a graph: dot_graph.dot for Graphviz (dot -Tpdf dot_graph.dot), and the library's own
 * picture of it, dot_graph.svg. It is a small neural net's loss; the tape is kept open, so the gradients come from it
 * too. */
#include "common/check.h"
#include "common/program.h"

#include <stdio.h>
#include <string.h>

static void write_text(const char *file, const char *text, const char *what) {
  FILE *out = text ? fopen(out_path(file), "w") : NULL;
  bool written = out && fputs(text, out) >= 0;
  if (out) written = fclose(out) == 0 && written;
  out_written(written, what);
}

static size_t occurrences(const char *text, const char *word) {
  size_t n = 0;
  for (text = text ? strstr(text, word) : NULL; text; text = strstr(text + 1, word)) n++;
  return n;
}

/* args: features, weights, bias, classes as rows of 0 and 1 */
static ag_array loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array hidden = ag_label(cx, ag_tanh(cx, ag_add(cx, ag_matmul(cx, args[0], args[1]), args[2])), "hidden");
  ag_array log_p = ag_sub(cx, hidden, ag_logsumexp_axis(cx, hidden, 1, true));
  return ag_neg(cx, ag_mean(cx, ag_sum_axis(cx, ag_mul(cx, log_p, args[3]), 1, false)));
}

int main(int argc, char **argv) {
  static const double features[] = {1, 2, 0.5, -1}, weights[] = {0.3, -0.2, 0.1, 0.4}, bias[] = {0, 0.1};
  static const double classes[] = {1, 0, 0, 1};
  options_read(argc, argv, "Draws a recorded computation as a graph. Writes dot_graph.dot and dot_graph.svg.", NULL, 0);
  ag_context *cx = ag_context_new();
  ag_array args[] = {
      ag_label(cx, ag_matrix(cx, features, 2, 2), "features"), ag_label(cx, ag_matrix(cx, weights, 2, 2), "weights"),
      ag_label(cx, ag_vector(cx, bias, 2), "bias"), ag_label(cx, ag_matrix(cx, classes, 2, 2), "classes")};

  ag_detail_begin(cx, 4); /* values of up to four elements are to be seen */
  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed[] = {args[0], ag_box(cx, tape, args[1]), ag_box(cx, tape, args[2]), args[3]};
  ag_array value = ag_label(cx, loss(cx, boxed, 4, NULL), "loss");

  const char *dot = ag_tape_to_dot(cx, tape, NULL);
  check_that("it is a directed graph", dot && !strncmp(dot, "digraph", 7));
  check_that("each step of the tape has an arrow at least", occurrences(dot, " -> ") >= ag_tape_length(cx, tape) - 2);
  check_that("labels are names", occurrences(dot, "weights") > 0 && occurrences(dot, "hidden") > 0);
  write_text("dot_graph.dot", dot, "the graph, for Graphviz");

  const char *svg = ag_tape_to_svg(cx, tape, NULL);
  check_that("it is a picture with its operations", occurrences(svg, "<svg") == 1 && occurrences(svg, "ag_tanh") > 0);
  write_text("dot_graph.svg", svg, "the library's picture of it");

  ag_array gradients[2], plain[2];
  ag_tape_grads(cx, tape, value, boxed + 1, 2, gradients);
  ag_tape_end(cx, tape);
  ag_detail_end(cx);
  for (size_t k = 0; k < 2; k++) {
    plain[k] = ag_grad(cx, loss, NULL, args, 4, k + 1);
    check_that("the tape's gradient is ag_grad's", ag_allclose(cx, gradients[k], plain[k], 1e-14, 0, false));
  }
  return check_finish(cx);
}
