/* Polynomials: vectors of coefficients, the highest power first. */
#include "check.h"

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array p = vector_of(cx, "1 -2 3"), q = vector_of(cx, "2 1");
  CHECK_ARRAY(cx, ag_polyval(cx, p, vector_of(cx, "0 1 -2")), "3", "3 2 11");
  CHECK_ARRAY(cx, ag_polyadd(cx, p, q), "3", "1 0 4");
  CHECK_ARRAY(cx, ag_polysub(cx, q, p), "3", "-1 4 -2");
  CHECK_ARRAY(cx, ag_polymul(cx, p, q), "4", "2 -3 4 3");
  CHECK_ARRAY(cx, ag_polymul(cx, vector_of(cx, "0 1"), q), "3", "0 2 1");
  CHECK_ARRAY(cx, ag_polyder(cx, p, 1), "2", "2 -2");
  CHECK_ARRAY(cx, ag_polyder(cx, p, 5), "0", "");
  CHECK_ARRAY(cx, ag_polyint(cx, q, 1, null_array()), "3", "1 1 0");
  CHECK_ARRAY(cx, ag_polyint(cx, q, 2, vector_of(cx, "6 5")), "4", "0.3333333333333333 0.5 6 5");
  CHECK_ARRAY(cx, ag_vander(cx, vector_of(cx, "2 3"), 3, false), "2,3", "4 2 1 9 3 1");
  CHECK_ARRAY(cx, ag_vander(cx, vector_of(cx, "2 3"), 3, true), "2,3", "1 2 4 1 3 9");
  CHECK_ARRAY(cx, ag_poly(cx, vector_of(cx, "1 2 3")), "4", "1 -6 11 -6");
  CHECK_ARRAY(cx, ag_poly(cx, vector_of(cx, "")), "", "1");
  CHECK_ARRAY(cx, ag_poly(cx, array_of(cx, AG_C128, "2", "0 1 0 -1")), "3", "1 0 1");
  ag_array rest;
  CHECK_ARRAY(cx, ag_polydiv(cx, vector_of(cx, "1 -6 11 -5"), vector_of(cx, "1 -1"), &rest), "3", "1 -5 6");
  CHECK_ARRAY(cx, rest, "1", "1");
  CHECK_ARRAY(cx, ag_polydiv(cx, q, p, &rest), "1", "0");
  CHECK_ARRAY(cx, rest, "2", "2 1");
  CHECK_ARRAY(cx, ag_polydiv(cx, q, vector_of(cx, "2"), NULL), "2", "1 0.5");
  ag_array x = vector_of(cx, "0 1 2 3"), y = vector_of(cx, "1 0 1 4");
  CHECK_ARRAY(cx, ag_polyfit(cx, x, y, 2, null_array()), "3", "1 -2 1");
  CHECK_ARRAY(cx, ag_polyfit(cx, x, y, 0, null_array()), "1", "1.5");
  CHECK_ARRAY(cx, ag_polyfit(cx, x, y, 1, vector_of(cx, "1 1 0 0")), "2", "-1 1");
  CHECK_ARRAY(cx, ag_polyfit(cx, x, array_of(cx, AG_F64, "4,2", "0 1 1 3 2 5 3 7"), 1, null_array()),
              "2,2", "1 2 0 1");

  ag_array m = array_of(cx, AG_F64, "1,2", "1 2");
  CHECK(is_null(ag_polydiv(cx, q, vector_of(cx, ""), &rest)) && is_null(rest));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_polydiv: an empty array has no coefficients");
  CHECK(is_null(ag_polydiv(cx, m, q, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_polydiv: expected a vector of coefficients, found shape (1, 2)");
  CHECK(is_null(ag_polyfit(cx, x, y, -1, null_array())));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_polyfit: expected deg >= 0, found -1");
  CHECK(is_null(ag_polyfit(cx, x, y, INT64_MAX, null_array())));
  CHECK_ERROR(cx, AG_ERR_VALUE, "needs 9223372036854775808 different coordinates with a weight, found 4");
  CHECK(is_null(ag_polyfit(cx, x, q, 1, null_array())));
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected as many data as coordinates: 2 and 4");
  CHECK(is_null(ag_polyfit(cx, x, y, 1, q)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected a weight for each of 4 coordinates");
  CHECK(is_null(ag_polyfit(cx, m, y, 1, null_array())));
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected a vector of coordinates");
  CHECK(is_null(ag_polyfit(cx, array_of(cx, AG_C128, "1", "0 1"), y, 0, null_array())));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "expected real coordinates and weights");
  CHECK(is_null(ag_polyval(cx, m, x)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_polyval: operands could not be broadcast together");
  CHECK(is_null(ag_polyadd(cx, q, m)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_polyadd");
  CHECK(is_null(ag_polysub(cx, q, null_array())));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_polysub");
  CHECK(is_null(ag_polymul(cx, q, vector_of(cx, ""))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "cannot be empty");
  CHECK(is_null(ag_polyder(cx, p, -1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Order of derivative must be positive");
  CHECK_ARRAY(cx, ag_polyder(cx, p, INT64_MAX), "0", "");
  CHECK(is_null(ag_polyint(cx, p, -1, null_array())));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Order of integral must be positive");
  CHECK(is_null(ag_polyint(cx, p, 3, q)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "k must be a scalar or a rank-1 array of length 1 or >m");
  CHECK(is_null(ag_polyint(cx, p, INT64_MAX, null_array())));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "larger than the address space");
  CHECK(is_null(ag_vander(cx, m, 2, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "x must be a one-dimensional array");
  CHECK(is_null(ag_vander(cx, p, -2, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative dimensions are not allowed");
  CHECK(is_null(ag_vander(cx, p, INT64_MAX, false)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "ag_vander");
  CHECK(is_null(ag_poly(cx, m)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_poly: expected a vector of roots");
  return finish(cx);
}
