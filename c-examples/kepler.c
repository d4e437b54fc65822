/* A root that has no formula: Kepler's equation for the position of a planet on its orbit, and how it depends on time
 * and eccentricity, by the implicit function theorem (ag_root). */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

/* E - e sin E - M with args E (eccentric anomalies), e (eccentricity), M (mean anomalies, which grow with time) */
static ag_array kepler(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sub(cx, ag_sub(cx, args[0], ag_mul(cx, args[1], ag_sin(cx, args[0]))), args[2]);
}

/* E for args e, M */
static ag_array anomaly(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  const ag_array all[] = {args[1], args[0], args[1]};
  return ag_root(cx, kepler, NULL, NULL, all, 3, NULL);
}

int main(void) {
  ag_context *cx = ag_context_new();
  enum { TIMES = 5 };
  const double mean[TIMES] = {0.3, 0.9, 1.5, 2.1, 2.7}, e = 0.6;
  const ag_array args[] = {ag_scalar(cx, e), ag_vector(cx, mean, TIMES)};
  ag_array E = anomaly(cx, args, 2, NULL), by_time = ag_elementwise_grad(cx, anomaly, NULL, args, 2, 1);
  ag_array by_eccentricity = ag_jacobian(cx, anomaly, NULL, args, 2, 0);
  printf("E      = %s\n", ag_to_string(cx, E));
  printf("dE/dM  = %s\n", ag_to_string(cx, by_time));
  printf("dE/de  = %s\n", ag_to_string(cx, by_eccentricity));
  /* From the equation itself: dE/dM = 1 / (1 - e cos E), dE/de = sin E / (1 - e cos E). */
  double want_time[TIMES], want_eccentricity[TIMES], solved[TIMES];
  ag_copy_to(cx, E, solved, sizeof solved);
  for (int i = 0; i < TIMES; i++) {
    check_close("Kepler's equation", solved[i] - e * sin(solved[i]), mean[i], 1e-12);
    want_time[i] = 1 / (1 - e * cos(solved[i]));
    want_eccentricity[i] = sin(solved[i]) * want_time[i];
  }
  check_array(cx, "dE/dM", by_time, want_time, TIMES, 1e-10);
  check_array(cx, "dE/de", by_eccentricity, want_eccentricity, TIMES, 1e-10);
  return check_finish(cx);
}
