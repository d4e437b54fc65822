/* Existing C code joins in: the energy of charges in space and its gradient, written long ago on arrays of double,
 * become a primitive. Around it stands new code in ag_ operations, which puts the charges on a sphere. Descending to
 * the least energy is J. J. Thomson's problem: twelve charges settle at the corners of an icosahedron. */
#include "common/check.h"

#include <math.h>
#include <stdio.h>

/* ---- the existing code: knows nothing of this library ---- */

/* The sum over all pairs of 1 / distance, for n points of three coordinates. */
static double coulomb_energy(const double *points, size_t n) {
  double energy = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) {
      const double *p = points + 3 * i, *q = points + 3 * j;
      energy += 1 / sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
    }
  return energy;
}

/* Its derivatives with respect to every coordinate. */
static void coulomb_gradient(const double *points, size_t n, double *gradient) {
  for (size_t k = 0; k < 3 * n; k++) gradient[k] = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) {
      double d[3], square = 0;
      for (int k = 0; k < 3; k++) d[k] = points[3 * i + k] - points[3 * j + k], square += d[k] * d[k];
      for (int k = 0; k < 3; k++) {
        double pull = d[k] / (square * sqrt(square));
        gradient[3 * i + k] -= pull;
        gradient[3 * j + k] += pull;
      }
    }
}

/* ---- how the library calls it: views of the arguments in, views of the results to fill ---- */

static int32_t energy_layout(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  if (args[0].dtype != AG_F64) return AG_ERR_DTYPE;
  if (args[0].ndim != 2 || args[0].shape[1] != 3) return AG_ERR_SHAPE;
  results[0].dtype = AG_F64;
  results[0].ndim = 0;
  return AG_OK;
}

static int32_t energy_forward(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  *(double *)results[0].data = coulomb_energy(args[0].data, args[0].size / 3);
  return AG_OK;
}

/* The arguments of a rule: the cotangent of the result, the result, then what the function was called with. */
static int32_t energy_vjp(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  double g = *(const double *)args[0].data, *gradient = results[0].data;
  coulomb_gradient(args[2].data, args[2].size / 3, gradient);
  for (size_t k = 0; k < args[2].size; k++) gradient[k] *= g;
  return AG_OK;
}

/* ---- the new code ---- */

/* The energy of the points args[0], shape (n, 3), moved onto the unit sphere; `user` is the primitive's handle. */
static ag_array energy_on_sphere(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array length = ag_sqrt(cx, ag_sum_axis(cx, ag_square(cx, args[0]), 1, true));
  ag_array on_sphere = ag_div(cx, args[0], length);
  return ag_apply(cx, *(ag_primitive *)user, &on_sphere, 1);
}

int main(void) {
  enum { CHARGES = 12 };
  ag_context *cx = ag_context_new();
  const ag_raw_function vjps[] = {energy_vjp};
  ag_raw_primitive_def def = {.struct_size = sizeof def, .name = "coulomb_energy", .nargs = 1};
  def.layout = energy_layout;
  def.forward = energy_forward;
  def.vjps = vjps, def.nvjps = 1;
  ag_primitive energy = ag_raw_primitive_new(cx, &def);

  double start[CHARGES][3]; /* a spiral from pole to pole */
  for (int i = 0; i < CHARGES; i++) {
    double z = 1 - (2.0 * i + 1) / CHARGES, angle = 2.64 * i;
    start[i][0] = sqrt(1 - z * z) * cos(angle);
    start[i][1] = sqrt(1 - z * z) * sin(angle);
    start[i][2] = z;
  }
  ag_array points = ag_matrix(cx, start[0], CHARGES, 3);
  ag_check_grads(cx, energy_on_sphere, &energy, &points, 1, 1, 0);

  double value = 0;
  for (int i = 0; i <= 1000; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array gradient;
    value = ag_item(cx, ag_value_and_grad(cx, energy_on_sphere, &energy, &points, 1, 0, &gradient));
    ag_set(cx, points, ag_sub(cx, points, ag_mul_scalar(cx, gradient, 0.02)));
    ag_scope_leave(cx, step);
    if (i % 200 == 0) printf("step %4d  energy %.9f\n", i, value);
  }

  /* D. J. Wales, S. Ulker, Phys. Rev. B 74 (2006), 212101 */
  check_close("energy of twelve charges", value, 49.165253058, 1e-9);
  return check_finish(cx);
}
