/* Picking elements by position and choosing them by conditions; values are NumPy's. */
#include "check.h"

static ag_array picked(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_sum(cx, ag_square(cx, ag_take(cx, args[0], *(ag_array *)user, AG_TAKE_RAISE)));
}

static ag_array pieces(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array condition = ag_greater_scalar(cx, args[0], 0.0), values[2];
  values[0] = ag_log(cx, args[0]);
  values[1] = ag_neg(cx, args[0]);
  return ag_sum(cx, ag_piecewise(cx, args[0], &condition, 1, values, 2));
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), v = vector_of(cx, "7 8 9"), none = null_array();
  ag_array at = array_of(cx, AG_I64, "2", "2 0"), far = array_of(cx, AG_I64, "2", "-7 4");
  CHECK_ARRAY(cx, ag_take(cx, x, at, AG_TAKE_RAISE), "2", "3 1");
  CHECK_ARRAY(cx, ag_take_axis(cx, x, at, 1, AG_TAKE_RAISE), "2,2", "3 1 6 4");
  CHECK_ARRAY(cx, ag_take_axis(cx, x, far, -1, AG_TAKE_WRAP), "2,2", "3 2 6 5");
  CHECK_ARRAY(cx, ag_take_axis(cx, x, far, -1, AG_TAKE_CLIP), "2,2", "1 3 4 6");
  ag_array each = array_of(cx, AG_I64, "2,1", "2 0");
  CHECK_ARRAY(cx, ag_take_along_axis(cx, x, each, 1), "2,1", "3 4");
  CHECK_ARRAY(cx, ag_put_along_axis(cx, x, each, ag_scalar(cx, 0.0), 1), "2,3", "1 2 0 0 5 6");
  CHECK_ARRAY(cx, x, "2,3", "1 2 3 4 5 6");
  ag_array choices[2];
  choices[0] = x;
  choices[1] = v;
  CHECK_ARRAY(cx, ag_choose(cx, array_of(cx, AG_I64, "3", "0 1 0"), choices, 2, AG_TAKE_RAISE), "2,3", "1 8 3 4 8 6");
  CHECK_ARRAY(cx, ag_choose(cx, array_of(cx, AG_I64, "3", "2 -1 9"), choices, 2, AG_TAKE_CLIP), "2,3", "7 2 9 7 5 9");
  ag_array condition = array_of(cx, AG_BOOL, "3", "1 0 1");
  CHECK_ARRAY(cx, ag_compress(cx, condition, x), "2", "1 3");
  CHECK_ARRAY(cx, ag_compress_axis(cx, condition, x, 1), "2,2", "1 3 4 6");
  CHECK_ARRAY(cx, ag_extract(cx, ag_greater_scalar(cx, x, 2.5), x), "4", "3 4 5 6");
  ag_array conditions[2], values[3];
  conditions[0] = ag_greater_scalar(cx, x, 4.5);
  conditions[1] = ag_greater_scalar(cx, x, 1.5);
  values[0] = v;
  values[1] = ag_neg(cx, x);
  values[2] = ag_scalar(cx, 0.5);
  CHECK_ARRAY(cx, ag_select(cx, conditions, values, 2, values[2]), "2,3", "0.5 -2 -3 -4 8 9");
  CHECK_ARRAY(cx, ag_piecewise(cx, x, conditions, 2, values, 3), "2,3", "0.5 -2 -3 -4 -5 -6");
  CHECK_ARRAY(cx, ag_piecewise(cx, x, conditions, 1, values, 1), "2,3", "0 0 0 0 8 9");
  ag_array holes = array_of(cx, AG_F64, "2,3", "0 2 0 4 nan 0"), out[2];
  CHECK_ARRAY(cx, ag_flatnonzero(cx, holes), "3", "1 3 4");
  CHECK_ARRAY(cx, ag_argwhere(cx, holes), "3,2", "0 1 1 0 1 1");
  CHECK(ag_nonzero(cx, holes, out));
  CHECK_ARRAY(cx, out[0], "3", "0 1 1");
  CHECK_ARRAY(cx, out[1], "3", "1 0 1");

  ag_array framed = array_of(cx, AG_F64, "3,4", "0 0 2 0 0 1 0 0 0 0 0 0"), lists[2];
  int64_t first = 0, second = 1, fifth = 5;
  CHECK_ARRAY(cx, ag_trim_zeros(cx, framed, true, true), "2,2", "0 2 1 0");
  CHECK_ARRAY(cx, ag_trim_zeros(cx, framed, false, true), "2,3", "0 0 2 0 1 0");
  CHECK_ARRAY(cx, ag_trim_zeros_axes(cx, framed, true, true, &first, 1), "2,4", "0 0 2 0 0 1 0 0");
  CHECK_ARRAY(cx, ag_trim_zeros_axes(cx, framed, true, false, &second, 1), "3,3", "0 2 0 1 0 0 0 0 0");
  CHECK_ARRAY(cx, ag_trim_zeros(cx, ag_zeros_like(cx, v), true, true), "0", "");
  CHECK(is_null(ag_trim_zeros_axes(cx, framed, true, true, &fifth, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_trim_zeros_axes: axis 5 is out of bounds for array of dimension 2");
  CHECK(is_null(ag_trim_zeros(cx, none, true, true)));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_trim_zeros");
  lists[0] = array_of(cx, AG_BOOL, "2", "0 1");
  lists[1] = at;
  CHECK(ag_ix(cx, lists, 2, out));
  CHECK_ARRAY(cx, out[0], "1,1", "1");
  CHECK_ARRAY(cx, out[1], "1,2", "2 0");
  CHECK(!ag_ix(cx, &x, 1, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_ix: Cross index must be 1 dimensional");
  CHECK(!ag_ix(cx, lists, 2, NULL));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "out is NULL");

  CHECK(is_null(ag_take(cx, v, far, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "ag_take: index -7 is out of bounds for axis 0 with size 3");
  CHECK(is_null(ag_take(cx, v, v, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "Cannot cast array data");
  CHECK(is_null(ag_take_axis(cx, v, at, 0, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "clipmode 3 is not understood");
  CHECK(is_null(ag_take(cx, vector_of(cx, ""), at, AG_TAKE_WRAP)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "cannot do a non-empty take from an empty axes.");
  CHECK(is_null(ag_take_along_axis(cx, x, at, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "must have the same number of dimensions");
  CHECK(is_null(ag_put_along_axis(cx, x, each, v, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_put_along_axis");
  CHECK(is_null(ag_choose(cx, far, choices, 2, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "broadcast");
  CHECK(is_null(ag_choose(cx, ag_index(cx, far, "0"), choices, 2, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "invalid entry in choice array");
  CHECK(is_null(ag_choose(cx, none, choices, 2, AG_TAKE_RAISE)));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_choose");
  CHECK(is_null(ag_compress(cx, x, x)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "condition must be a 1-d array");
  CHECK(is_null(ag_extract(cx, condition, ag_scalar(cx, 1.0))));
  CHECK_ERROR(cx, AG_ERR_INDEX, "out of bounds");
  CHECK(is_null(ag_select(cx, conditions, values, 0, v)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "select with an empty condition list is not possible");
  CHECK(is_null(ag_select(cx, values, values, 1, v)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "invalid entry 0 in condlist");
  CHECK(is_null(ag_piecewise(cx, x, conditions, 1, values, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "either 1 or 2 functions are expected, found 3");
  CHECK(!ag_nonzero(cx, ag_scalar(cx, 1.0), out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Calling nonzero on 0d arrays");

  ag_array twice = array_of(cx, AG_I64, "3", "1 1 0"), z = vector_of(cx, "2 -3 0.5");
  CHECK_ARRAY(cx, ag_grad(cx, picked, &twice, &z, 1, 0), "3", "4 -12 0");
  CHECK_ARRAY(cx, ag_grad(cx, pieces, NULL, &z, 1, 0), "3", "0.5 -1 2");
  return finish(cx);
}
