/* What is recorded: the operations of a function, in static single assignment, as text. The function loops as C does;
 * in its trace there is no loop any more. The gradient is a function too, so it has a trace as well: the operations of
 * the function and those that its derivative rules apply. */
#include "common/check.h"

#include <stdio.h>
#include <string.h>

/* Newton's iteration for the square root of args[0], three times. */
static ag_array square_root(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array root = ag_label(cx, args[0], "a");
  for (int i = 0; i < 3; i++) {
    ag_array sum = ag_add(cx, root, ag_div(cx, args[0], root));
    root = ag_mul_scalar(cx, sum, 0.5);
  }
  return root;
}

static size_t lines(const char *text) {
  size_t n = 0;
  for (; *text; text++) n += *text == '\n';
  return n;
}

static size_t occurrences(const char *text, const char *word) {
  size_t n = 0;
  for (text = strstr(text, word); text; text = strstr(text + 1, word)) n++;
  return n;
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array a = ag_scalar(cx, 2);

  const char *trace = ag_function_to_text(cx, square_root, NULL, &a, 1, 1);
  if (check_that("there is a trace", trace != NULL)) {
    printf("square root:\n%s\n", trace);
    check_that("three divisions, no loop", occurrences(trace, "= ag_div(") == 3);
    check_that("an input, nine operations and a result", lines(trace) == 11);
    check_that("the values are shown", strstr(trace, "1.5") != NULL);
  }
  trace = ag_grad_to_text(cx, square_root, NULL, &a, 1, 0, 1);
  if (check_that("there is a trace of the gradient", trace != NULL)) {
    printf("its gradient:\n%s\n", trace);
    check_that("the function is in it, and more", occurrences(trace, "= ag_div(") >= 3 && lines(trace) > 11);
  }

  /* the same iteration in fractions: 1.5, 17/12, 577/408; its derivative by hand, r' <- (r' + 1/r - a r'/r^2) / 2 */
  double root = 2, slope = 1;
  for (int i = 0; i < 3; i++) {
    slope = (slope + 1 / root - 2 * slope / (root * root)) / 2;
    root = (root + 2 / root) / 2;
  }
  check_close("root", root, 577.0 / 408, 1e-15);
  check_close("square root", ag_item(cx, square_root(cx, &a, 1, NULL)), root, 1e-15);
  check_close("derivative", ag_item(cx, ag_grad(cx, square_root, NULL, &a, 1, 0)), slope, 1e-15);
  return check_finish(cx);
}
