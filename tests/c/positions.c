/* Positions, functions of coordinates, segments, running and largest elements, log-sum-exp with weights. */
#include "check.h"

static ag_array ints(ag_context *cx, const char *shape, const char *values) {
  return array_of(cx, AG_I64, shape, values);
}

static ag_array plane(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  CHECK(nargs == 2);
  return ag_add(cx, ag_mul_scalar(cx, args[0], *(double *)user), args[1]);
}

static ag_array raising(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)args, (void)nargs, (void)user;
  return ag_raise(cx, AG_ERR_USER, "not today");
}

static void test_positions(ag_context *cx) {
  static const int64_t grid[] = {2, 3}, third[] = {3}, negative[] = {2, -1};
  ag_array out[3], matrix = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), two[2];
  CHECK(ag_triu_indices(cx, 3, 1, 3, out));
  CHECK_ARRAY(cx, out[0], "3", "0 0 1");
  CHECK_ARRAY(cx, out[1], "3", "1 2 2");
  CHECK(ag_tril_indices(cx, 2, 0, 3, out));
  CHECK_ARRAY(cx, out[0], "3", "0 1 1");
  CHECK_ARRAY(cx, out[1], "3", "0 0 1");
  CHECK(ag_triu_indices_from(cx, matrix, 0, out));
  CHECK_ARRAY(cx, out[1], "5", "0 1 2 1 2");
  CHECK(ag_tril_indices_from(cx, matrix, -1, out));
  CHECK_ARRAY(cx, out[0], "1", "1");
  CHECK(!ag_tril_indices_from(cx, out[0], 0, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tril_indices_from: input array must be 2-d, found shape (1,)");
  CHECK(!ag_triu_indices(cx, -1, 0, 3, out) && is_null(out[0]) && is_null(out[1]));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_triu_indices: negative dimensions are not allowed, found -1");
  CHECK(ag_diag_indices(cx, 2, 3, out));
  CHECK_ARRAY(cx, out[2], "2", "0 1");
  CHECK(ag_diag_indices_from(cx, ag_zeros(cx, AG_F64, grid, 1), out) == false);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_diag_indices_from: input array must be at least 2-d");
  CHECK(ag_diag_indices_from(cx, ag_eye(cx, AG_F64, 2, 2, 0), out));
  CHECK_ARRAY(cx, out[1], "2", "0 1");
  CHECK_ARRAY(cx, ag_indices(cx, grid, 2), "2,2,3", "0 0 0 1 1 1  0 1 2 0 1 2");
  CHECK(is_null(ag_indices(cx, negative, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_indices: negative dimensions are not allowed, found -1");
  double factor = 10.0;
  CHECK_ARRAY(cx, ag_fromfunction(cx, plane, &factor, grid, 2, AG_F64), "2,3", "0 1 2 10 11 12");
  CHECK(ag_dtype(cx, ag_fromfunction(cx, plane, &factor, grid, 2, AG_F32)) == AG_F32);
  CHECK(is_null(ag_fromfunction(cx, raising, NULL, grid, 2, AG_F64)));
  CHECK_ERROR(cx, AG_ERR_USER, "not today");
  CHECK(is_null(ag_fromfunction(cx, NULL, NULL, grid, 2, AG_F64)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_fromfunction: the function f is NULL");
  CHECK(ag_unravel_index(cx, ints(cx, "3", "0 4 5"), grid, 2, out));
  CHECK_ARRAY(cx, out[0], "3", "0 1 1");
  CHECK_ARRAY(cx, out[1], "3", "0 1 2");
  two[0] = out[0], two[1] = out[1];
  CHECK_ARRAY(cx, ag_ravel_multi_index(cx, two, grid, 2, AG_TAKE_RAISE), "3", "0 4 5");
  two[0] = ints(cx, "2,1", "-1 2"), two[1] = ints(cx, "2", "4 1");
  CHECK_ARRAY(cx, ag_ravel_multi_index(cx, two, grid, 2, AG_TAKE_WRAP), "2,2", "4 4 1 1");
  CHECK_ARRAY(cx, ag_ravel_multi_index(cx, two, grid, 2, AG_TAKE_CLIP), "2,2", "2 1 5 4");
  CHECK(is_null(ag_ravel_multi_index(cx, two, grid, 2, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_ravel_multi_index: invalid entry in coordinates array: ");
  CHECK(!ag_unravel_index(cx, ints(cx, "", "3"), third, 1, out) && is_null(out[0]));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_unravel_index: index 3 is out of bounds for array with size 3");
}

static void test_putting(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), mask = array_of(cx, AG_BOOL, "2,3", "1 0 1 0 1 1");
  ag_array v = vector_of(cx, "10 20");
  CHECK_ARRAY(cx, ag_put(cx, x, ints(cx, "3", "-1 0 3"), v, AG_TAKE_RAISE), "2,3", "20 2 3 10 5 10");
  CHECK_ARRAY(cx, ag_put(cx, x, ints(cx, "2", "-9 7"), v, AG_TAKE_CLIP), "2,3", "10 2 3 4 5 20");
  CHECK_ARRAY(cx, ag_place(cx, x, mask, v), "2,3", "10 2 20 4 10 20");
  CHECK_ARRAY(cx, ag_putmask(cx, x, mask, v), "2,3", "10 2 10 4 10 20");
  CHECK_ARRAY(cx, x, "2,3", "1 2 3 4 5 6");
  CHECK(is_null(ag_put(cx, x, ints(cx, "1", "6"), v, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "ag_put: index 6 is out of bounds");
  CHECK(is_null(ag_place(cx, x, v, v)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_place: mask and data must be the same size, found 2 and 6 elements");
  CHECK(is_null(ag_putmask(cx, x, v, v)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_putmask: mask and data must be the same size");
}

static void test_segments(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "4,2", "1 2 3 4 5 6 7 8"), ids = ints(cx, "4", "2 0 2 0");
  CHECK_ARRAY(cx, ag_segment_sum(cx, x, ids, 3), "3,2", "10 12 0 0 6 8");
  CHECK_ARRAY(cx, ag_segment_prod(cx, x, ids, 3), "3,2", "21 32 1 1 5 12");
  CHECK_ARRAY(cx, ag_segment_max(cx, x, ids, 3), "3,2", "7 8 -inf -inf 5 6");
  CHECK_ARRAY(cx, ag_segment_min(cx, x, ids, 3), "3,2", "3 4 inf inf 1 2");
  ag_array whole = ints(cx, "3", "5 -7 2"), places = ints(cx, "3", "0 0 0");
  CHECK(ag_dtype(cx, ag_segment_max(cx, whole, places, 1)) == AG_I64);
  CHECK_ARRAY(cx, ag_segment_max(cx, whole, places, 1), "1", "5");
  CHECK_ARRAY(cx, ag_segment_min(cx, whole, places, 1), "1", "-7");
  CHECK_ARRAY(cx, ag_segment_max(cx, array_of(cx, AG_BOOL, "3", "0 0 0"), places, 1), "1", "0");
  CHECK(is_null(ag_segment_sum(cx, x, ids, 2)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "ag_segment_sum: 2 is no number of a segment: there are 2");
  CHECK(is_null(ag_segment_max(cx, x, ints(cx, "3", "0 0 0"), 2)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_segment_max: the segments' numbers of shape (3,) are not those of the rows");
  CHECK(is_null(ag_segment_prod(cx, x, ids, -1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_segment_prod: num_segments must not be negative, found -1");
}

static void test_order(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 3 nan 2 5"), at, keys[2];
  CHECK_ARRAY(cx, ag_topk(cx, x, 2, &at), "2,2", "3 3 nan 5");
  CHECK_ARRAY(cx, at, "2,2", "0 2 0 2");
  CHECK_ARRAY(cx, ag_topk_axis(cx, x, 1, 0, NULL), "1,3", "nan 2 5");
  at = x;
  CHECK(is_null(ag_topk(cx, x, 4, &at)) && is_null(at));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_topk: k must be from 0 to the length of the axis, 3, found 4");
  keys[0] = ints(cx, "4", "3 1 2 0"), keys[1] = vector_of(cx, "1 0 1 0");
  CHECK_ARRAY(cx, ag_lexsort(cx, keys, 2), "4", "3 1 2 0");
  CHECK_ARRAY(cx, ag_lexsort_axis(cx, keys, 1, 0), "4", "3 1 2 0");
  CHECK(is_null(ag_lexsort(cx, keys, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_lexsort: need sequence of keys");
  CHECK_ARRAY(cx, ag_cummax(cx, vector_of(cx, "1 3 2 nan 5")), "5", "1 3 3 nan nan");
  CHECK_ARRAY(cx, ag_cummin(cx, vector_of(cx, "1 3 -2 5")), "4", "1 1 -2 -2");
  CHECK_ARRAY(cx, ag_cummax_axis(cx, ints(cx, "2,2", "1 5 3 2"), 0), "2,2", "1 5 3 5");
  CHECK_ARRAY(cx, ag_cummin_axis(cx, ints(cx, "2,2", "1 5 3 2"), 1), "2,2", "1 1 3 2");
}

static ag_array last_of_scan(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_index(cx, ag_logcumsumexp(cx, args[0]), "-1");
}

static ag_array weighted(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_logsumexp_with(cx, args[0], NULL, 0, false, args[1], null_array(), NULL);
}

static void test_exponentials(ag_context *cx) {
  ag_array none = null_array(), sign, x = vector_of(cx, "-inf 1000 1000"), args[2];
  static const int64_t axis = 1;
  CHECK_ARRAY(cx, ag_logcumsumexp(cx, x), "3", "-inf 1000 1000.6931471805599");
  CHECK_ARRAY(cx, ag_logcumsumexp_axis(cx, array_of(cx, AG_F64, "2,1", "0 0"), 0), "2,1", "0 0.6931471805599453");
  CHECK_ARRAY(cx, ag_grad(cx, last_of_scan, NULL, &x, 1, 0), "3", "0 0.5 0.5");
  CHECK(is_null(ag_logcumsumexp(cx, array_of(cx, AG_C128, "1", "1 1"))));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_logcumsumexp: not defined for dtype complex128");

  ag_array m = array_of(cx, AG_F64, "2,2", "1000 1000 0 nan"), b = array_of(cx, AG_F64, "2,2", "1 -3 2 0");
  CHECK_ARRAY(cx, ag_logsumexp_with(cx, m, &axis, 1, false, b, none, NULL), "2", "nan 0.6931471805599453");
  CHECK_ARRAY(cx, ag_logsumexp_with(cx, m, &axis, 1, true, b, none, &sign), "2,1", "1000.6931471805599 0.6931471805599453");
  CHECK_ARRAY(cx, sign, "2,1", "-1 1");
  ag_array mask = array_of(cx, AG_BOOL, "2,2", "1 0 0 0");
  CHECK_ARRAY(cx, ag_logsumexp_with(cx, m, &axis, 1, false, none, mask, &sign), "2", "1000 -inf");
  CHECK_ARRAY(cx, sign, "2", "1 0");
  args[0] = vector_of(cx, "0 0 900"), args[1] = vector_of(cx, "1 3 0");
  CHECK_ARRAY(cx, ag_grad(cx, weighted, NULL, args, 2, 0), "3", "0.25 0.75 0");
  args[0] = vector_of(cx, "0 0");
  args[1] = vector_of(cx, "1 3");
  CHECK_ARRAY(cx, ag_grad(cx, weighted, NULL, args, 2, 1), "2", "0.25 0.25");
  sign = x;
  CHECK(is_null(ag_logsumexp_with(cx, m, NULL, 0, false, b, b, &sign)) && is_null(sign));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_logsumexp_with: Cannot cast array data from dtype('float64') to dtype('bool')");
  CHECK(is_null(ag_logsumexp_with(cx, m, NULL, 0, false, vector_of(cx, "1 2 3"), none, NULL)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_logsumexp_with: operands could not be broadcast together");

  ag_array p = array_of(cx, AG_F64, "3,2", "1 0 0 2 -1 1");
  CHECK_ARRAY(cx, ag_polyval(cx, p, ag_scalar(cx, 3.0)), "2", "8 7");
  CHECK_ARRAY(cx, ag_polyval(cx, p, array_of(cx, AG_F64, "2,1", "3 1")), "2,2", "8 7 0 3");
}

int main(void) {
  ag_context *cx = ag_context_new();
  test_positions(cx);
  test_putting(cx);
  test_segments(cx);
  test_order(cx);
  test_exponentials(cx);
  return finish(cx);
}
