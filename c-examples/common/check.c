#include "check.h"

#include <math.h>
#include <stdio.h>

static int wrong;

bool check_that(const char *what, bool right) {
  if (!right) {
    fprintf(stderr, "wrong: %s\n", what);
    wrong++;
  }
  return right;
}

bool check_close(const char *what, double got, double want, double tolerance) {
  double scale = fabs(want) > 1.0 ? fabs(want) : 1.0;
  /* written so that NaN counts as wrong */
  bool right = fabs(got - want) <= tolerance * scale;
  if (!right) {
    fprintf(stderr, "wrong: %s is %.17g, expected %.17g\n", what, got, want);
    wrong++;
  }
  return right;
}

bool check_array(ag_context *cx, const char *what, ag_array got, const double *want, size_t n, double tolerance) {
  const double *values = ag_data_f64(cx, got);
  bool right = values && ag_size(cx, got) == n;
  if (!right) return check_that(what, false);
  for (size_t i = 0; i < n; i++) right = check_close(what, values[i], want[i], tolerance) && right;
  return right;
}

int check_finish(ag_context *cx) {
  if (ag_error(cx)) {
    fprintf(stderr, "error %d: %s\n", (int)ag_error(cx), ag_error_message(cx));
    wrong++;
  }
  ag_context_free(cx);
  return wrong ? 1 : 0;
}
