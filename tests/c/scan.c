/* Running sums and products, differences, gradients and integrals of samples; values are NumPy's. */
#include "check.h"

typedef ag_array (*scan)(ag_context *cx, ag_array x);
typedef ag_array (*scan_axis)(ag_context *cx, ag_array x, int64_t axis);

static const struct {
  scan whole;
  scan_axis axis;
  const char *x, *flat, *rows;
} scans[] = {
    {ag_cumsum, ag_cumsum_axis, "1 2 3 4", "1 3 6 10", "1 3 3 7"},
    {ag_cumprod, ag_cumprod_axis, "1 2 3 4", "1 2 6 24", "1 2 3 12"},
    {ag_nancumsum, ag_nancumsum_axis, "1 nan 3 4", "1 1 4 8", "1 1 3 7"},
    {ag_nancumprod, ag_nancumprod_axis, "1 nan 3 4", "1 1 3 12", "1 1 3 12"},
};

static ag_array sum_of_products(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_cumprod(cx, args[0]));
}

static ag_array integral(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_trapezoid_x(cx, args[0], args[1], 0);
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array none = null_array();
  for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
    ag_array x = array_of(cx, AG_F64, "2,2", scans[i].x);
    CHECK_ARRAY(cx, scans[i].whole(cx, x), "4", scans[i].flat);
    CHECK_ARRAY(cx, scans[i].axis(cx, x, -1), "2,2", scans[i].rows);
    CHECK(is_null(scans[i].axis(cx, x, 2)));
    CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds for array of dimension 2");
  }
  ag_array x = vector_of(cx, "1 2 4 7"), m = array_of(cx, AG_F64, "2,3", "1 2 4 3 5 9");
  CHECK_ARRAY(cx, ag_cumulative_sum(cx, x, 0, true), "5", "0 1 3 7 14");
  CHECK_ARRAY(cx, ag_cumulative_prod(cx, x, 0, false), "4", "1 2 8 56");
  CHECK_ARRAY(cx, ag_diff(cx, x, 1, -1), "3", "1 2 3");
  CHECK_ARRAY(cx, ag_diff(cx, m, 1, 0), "1,3", "2 3 5");
  CHECK_ARRAY(cx, ag_diff(cx, array_of(cx, AG_BOOL, "3", "1 0 0"), 1, 0), "2", "1 0");
  CHECK_ARRAY(cx, ag_diff_with(cx, x, 1, 0, ag_scalar(cx, 0.0), none), "4", "1 1 2 3");
  CHECK_ARRAY(cx, ag_diff_with(cx, x, 1, 0, none, vector_of(cx, "8 8")), "5", "1 2 3 1 0");
  CHECK_ARRAY(cx, ag_ediff1d(cx, m), "5", "1 2 -1 2 4");
  CHECK_ARRAY(cx, ag_ediff1d_with(cx, x, none, ag_scalar(cx, 9.0)), "4", "1 2 3 9");
  ag_array out[2], spacings[2];
  static const int64_t axes[] = {1, 0}, twice[] = {1, 1};
  CHECK(ag_gradient(cx, m, 1, out));
  CHECK_ARRAY(cx, out[0], "2,3", "2 3 5 2 3 5");
  CHECK_ARRAY(cx, out[1], "2,3", "1 1.5 2 2 3 4");
  CHECK_ARRAY(cx, ag_gradient_axis(cx, x, vector_of(cx, "0 1 2 4"), 0, 1), "4", "1 1.5 1.8333333333333333 1.5");
  CHECK_ARRAY(cx, ag_gradient_axis(cx, x, ag_scalar(cx, 0.5), 0, 2), "4", "1 3 5 7");
  spacings[0] = ag_scalar(cx, 2.0);
  spacings[1] = vector_of(cx, "0 4");
  CHECK(ag_gradient_axes(cx, m, spacings, axes, 2, 1, out));
  CHECK_ARRAY(cx, out[0], "2,3", "0.5 0.75 1 1 1.5 2");
  CHECK_ARRAY(cx, out[1], "2,3", "0.5 0.75 1.25 0.5 0.75 1.25");
  CHECK_ARRAY(cx, ag_trapezoid(cx, x, 0.5, 0), "", "5");
  CHECK_ARRAY(cx, ag_trapezoid_x(cx, m, vector_of(cx, "0 1 3"), 1), "2", "7.5 18");
  CHECK_ARRAY(cx, ag_unwrap(cx, vector_of(cx, "0 3 6.5 0.5")), "4", "0 3 0.21681469282041377 0.5");
  CHECK_ARRAY(cx, ag_unwrap_axis(cx, vector_of(cx, "0 1 3 4 6"), 0.0, 0, 4.0), "5", "0 1 3 4 6");
  CHECK_ARRAY(cx, ag_unwrap_axis(cx, vector_of(cx, "0 3 6"), 0.0, 0, 4.0), "3", "0 -1 -2");

  CHECK(is_null(ag_cumulative_sum(cx, x, 1, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_cumulative_sum: axis 1");
  CHECK(is_null(ag_diff(cx, x, -1, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "order must be non-negative but got -1");
  CHECK_ARRAY(cx, ag_diff(cx, x, INT64_MAX, 0), "0", "");
  CHECK(is_null(ag_diff(cx, ag_scalar(cx, 1.0), 1, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least one dimensional");
  CHECK(is_null(ag_diff_with(cx, m, 1, 0, x, none)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "must match exactly");
  CHECK(is_null(ag_gradient_axis(cx, x, ag_scalar(cx, 1.0), 0, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "'edge_order'");
  CHECK(is_null(ag_gradient_axis(cx, x, m, 0, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "distances must be either scalars or 1d");
  CHECK(!ag_gradient(cx, vector_of(cx, "1"), 1, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Shape of array too small");
  CHECK(!ag_gradient_axes(cx, m, spacings, twice, 2, 1, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "duplicate value in 'axis'");
  CHECK(is_null(ag_gradient_axis(cx, x, vector_of(cx, "0 1 2"), 0, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "3 coordinates for axis 0, which has 4 elements");
  CHECK(is_null(ag_trapezoid_x(cx, x, vector_of(cx, "1 2 3"), 0)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_trapezoid_x: 3 coordinates for axis 0 of an array of shape (4,)");
  CHECK_ARRAY(cx, ag_trapezoid_x(cx, x, vector_of(cx, "0 2"), 0), "", "20");
  CHECK(is_null(ag_unwrap(cx, ag_scalar(cx, 1.0))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_unwrap");

  /* exact where elements are 0 */
  ag_array z = vector_of(cx, "2 0 3");
  CHECK_ARRAY(cx, ag_grad(cx, sum_of_products, NULL, &z, 1, 0), "3", "1 8 0");
  ag_array samples[2];
  samples[0] = vector_of(cx, "1 2 4");
  samples[1] = vector_of(cx, "0 1 3");
  CHECK_ARRAY(cx, ag_grad(cx, integral, NULL, samples, 2, 1), "3", "-1.5 -1.5 3");
  return finish(cx);
}
