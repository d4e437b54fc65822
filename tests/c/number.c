/* Floating-point numbers taken apart, bounds, whole numbers, questions, reductions with a mask. */
#include "check.h"

static ag_array ints(ag_context *cx, const char *shape, const char *values) {
  return array_of(cx, AG_I64, shape, values);
}

static void test_floats(ag_context *cx) {
  ag_array x = vector_of(cx, "-2.5 0 1.25 8"), second;
  CHECK_ARRAY(cx, ag_pow(cx, vector_of(cx, "0"), ag_scalar_complex(cx, 2, 1)), "1", "0 0");
  CHECK_ARRAY(cx, ag_sign(cx, array_of(cx, AG_C128, "2", "3 -4 0 0")), "2", "0.6 -0.8 0 0");
  CHECK_ARRAY(cx, ag_sign(cx, array_of(cx, AG_C128, "3", "-inf 2 3 inf inf inf")), "3", "-1 0 0 1 nan nan");
  CHECK_ARRAY(cx, ag_cbrt(cx, vector_of(cx, "-8 0 27")), "3", "-2 0 3");
  CHECK_ARRAY(cx, ag_erfc(cx, vector_of(cx, "0 1 -1")), "3", "1 0.15729920705028513 1.8427007929497148");
  CHECK_ARRAY(cx, ag_fmod(cx, x, vector_of(cx, "2 1 0.5 -3")), "4", "-0.5 0 0.25 2");
  CHECK_ARRAY(cx, ag_copysign(cx, x, vector_of(cx, "1 1 -1 -1")), "4", "2.5 0 -1.25 -8");
  ag_array single = array_of(cx, AG_F32, "2", "2 3");
  CHECK(ag_dtype(cx, ag_float_power(cx, single, single)) == AG_F64);
  CHECK_ARRAY(cx, ag_float_power(cx, single, single), "2", "4 27");
  CHECK_ARRAY(cx, ag_heaviside(cx, x, ag_scalar(cx, 0.5)), "4", "0 0.5 1 1");
  CHECK_ARRAY(cx, ag_i0(cx, vector_of(cx, "0 1 -2")), "3", "1 1.2660658777520084 2.279585302336067");
  CHECK_ARRAY(cx, ag_modf(cx, x, &second), "4", "-0.5 0 0.25 0");
  CHECK_ARRAY(cx, second, "4", "-2 0 1 8");
  CHECK_ARRAY(cx, ag_modf(cx, x, NULL), "4", "-0.5 0 0.25 0");
  CHECK_ARRAY(cx, ag_frexp(cx, x, &second), "4", "-0.625 0 0.625 0.5");
  CHECK(ag_dtype(cx, second) == AG_I64);
  CHECK_ARRAY(cx, ag_ldexp(cx, ag_frexp(cx, x, NULL), second), "4", "-2.5 0 1.25 8");
  CHECK_ARRAY(cx, ag_divmod(cx, x, ag_scalar(cx, 2.0), &second), "4", "-2 0 0 4");
  CHECK_ARRAY(cx, second, "4", "1.5 0 1.25 0");
  ag_array one = ag_scalar(cx, 1.0);
  CHECK(ag_item(cx, ag_nextafter(cx, one, ag_scalar(cx, 2.0))) == 1.0 + ldexp(1.0, -52));
  CHECK(ag_item(cx, ag_spacing(cx, one)) == ldexp(1.0, -52));
  CHECK_ARRAY(cx, ag_signbit(cx, vector_of(cx, "-1 -0.0 0 2")), "4", "1 1 0 0");
  CHECK_ARRAY(cx, ag_fix(cx, x), "4", "-2 0 1 8");
  CHECK_ARRAY(cx, ag_round(cx, vector_of(cx, "1.2345 -0.125 2.5"), 2), "3", "1.23 -0.12 2.5");
  CHECK_ARRAY(cx, ag_around(cx, ints(cx, "3", "15 25 -7"), -1), "3", "20 20 -10");
  CHECK_ARRAY(cx, ag_round(cx, x, INT64_MAX), "4", "-2.5 0 1.25 8");
  CHECK_ARRAY(cx, ag_round(cx, x, INT64_MIN), "4", "0 0 0 0");
  CHECK_ARRAY(cx, ag_clip_arrays(cx, x, vector_of(cx, "-1 -1 2 2"), ag_scalar(cx, 3.0)), "4", "-1 0 2 3");
  CHECK_ARRAY(cx, ag_clip_arrays(cx, x, null_array(), ag_scalar(cx, 1.0)), "4", "-2.5 0 1 1");
  CHECK_ARRAY(cx, ag_clip_arrays(cx, x, null_array(), null_array()), "4", "-2.5 0 1.25 8");
  CHECK_ARRAY(cx, ag_nan_to_num_values(cx, vector_of(cx, "nan inf -inf 1"), 5, 6, 7), "4", "5 6 7 1");
  CHECK_ARRAY(cx, ag_angle_degrees(cx, array_of(cx, AG_C128, "2", "0 2 -1 0")), "2", "90 180");
  CHECK_ARRAY(cx, ag_full_like(cx, single, 7), "2", "7 7");

  ag_array z = array_of(cx, AG_C128, "1", "1 2");
  second = one;
  CHECK(is_null(ag_modf(cx, z, &second)) && is_null(second));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_modf: not defined for dtype complex128");
  CHECK(is_null(ag_frexp(cx, z, &second)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_frexp");
  CHECK(is_null(ag_ldexp(cx, x, one)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_ldexp: the exponents must be integers, found dtype float64");
  CHECK(is_null(ag_heaviside(cx, z, one)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_heaviside");
  CHECK(is_null(ag_i0(cx, z)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_i0");
  CHECK(is_null(ag_nextafter(cx, x, vector_of(cx, "1 2 3"))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_nextafter: operands could not be broadcast together");
  CHECK(is_null(ag_spacing(cx, z)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_spacing");
  CHECK(is_null(ag_signbit(cx, z)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_signbit");
  CHECK(is_null(ag_clip_arrays(cx, x, vector_of(cx, "1 2 3"), null_array())));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "could not be broadcast");
  CHECK(is_null(ag_clip_arrays(cx, null_array(), x, x)));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_clip_arrays");
  CHECK_ARRAY(cx, ag_erf(cx, z), "1", "-0.5366435657785650 -5.04914370344703");
  CHECK_ARRAY(cx, ag_erfc(cx, z), "1", "1.5366435657785650 5.04914370344703");
}

static void test_whole(ag_context *cx) {
  ag_array x = ints(cx, "3", "12 -6 0"), y = ints(cx, "3", "18 4 5");
  CHECK_ARRAY(cx, ag_gcd(cx, x, y), "3", "6 2 5");
  CHECK_ARRAY(cx, ag_lcm(cx, x, y), "3", "36 12 0");
  CHECK_ARRAY(cx, ag_bitwise_and(cx, x, y), "3", "0 0 0");
  CHECK_ARRAY(cx, ag_bitwise_or(cx, x, y), "3", "30 -2 5");
  CHECK_ARRAY(cx, ag_bitwise_xor(cx, x, y), "3", "30 -2 5");
  CHECK_ARRAY(cx, ag_invert(cx, x), "3", "-13 5 -1");
  CHECK_ARRAY(cx, ag_left_shift(cx, x, ints(cx, "", "2")), "3", "48 -24 0");
  CHECK_ARRAY(cx, ag_right_shift(cx, x, ints(cx, "", "1")), "3", "6 -3 0");
  ag_array b = array_of(cx, AG_BOOL, "2", "1 0");
  CHECK(ag_dtype(cx, ag_bitwise_xor(cx, b, b)) == AG_BOOL);
  CHECK_ARRAY(cx, ag_invert(cx, b), "2", "0 1");
  CHECK(is_null(ag_gcd(cx, x, vector_of(cx, "1 2 3"))));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_gcd: defined for integers only, found dtype float64");
  CHECK(is_null(ag_bitwise_and(cx, x, ints(cx, "2", "1 2"))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_bitwise_and: operands could not be broadcast");
  CHECK(is_null(ag_invert(cx, vector_of(cx, "1"))));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_invert");
}

static void test_questions(ag_context *cx) {
  ag_array x = vector_of(cx, "1 nan inf 0"), y = vector_of(cx, "1.0000001 nan inf 1");
  CHECK_ARRAY(cx, ag_isclose(cx, x, y, 1e-5, 1e-8, false), "4", "1 0 1 0");
  CHECK_ARRAY(cx, ag_isclose(cx, x, y, 1e-5, 1e-8, true), "4", "1 1 1 0");
  CHECK(!ag_allclose(cx, x, y, 1e-5, 1e-8, true));
  CHECK(ag_allclose(cx, x, y, 0, 1, true));
  CHECK(ag_array_equal(cx, x, x, true) && !ag_array_equal(cx, x, x, false));
  CHECK(!ag_array_equal(cx, ag_scalar(cx, 1), vector_of(cx, "1"), true));
  CHECK(ag_array_equiv(cx, ag_scalar(cx, 1), vector_of(cx, "1 1")));
  CHECK(!ag_array_equiv(cx, x, vector_of(cx, "1 1")));
  CHECK_OK(cx);
  ag_array z = array_of(cx, AG_C128, "2", "1 0 2 3");
  CHECK_ARRAY(cx, ag_isreal(cx, z), "2", "1 0");
  CHECK_ARRAY(cx, ag_iscomplex(cx, z), "2", "0 1");
  CHECK(ag_iscomplexobj(cx, z) && !ag_isrealobj(cx, z) && ag_isrealobj(cx, x) && !ag_iscomplexobj(cx, x));
  CHECK_ARRAY(cx, ag_isposinf(cx, x), "4", "0 0 1 0");
  CHECK_ARRAY(cx, ag_isneginf(cx, ag_neg(cx, x)), "4", "0 0 1 0");
  CHECK_ARRAY(cx, ag_isin(cx, x, vector_of(cx, "0 2 nan"), false), "4", "0 0 0 1");
  CHECK_ARRAY(cx, ag_isin(cx, x, vector_of(cx, "0 2 nan"), true), "4", "1 1 1 0");
  ag_array m = ints(cx, "2,3", "0 3 0 1 0 5"), indices[2];
  const int64_t last[1] = {-1};
  CHECK_ARRAY(cx, ag_count_nonzero(cx, m), "", "3");
  CHECK_ARRAY(cx, ag_count_nonzero_axis(cx, m, 0, false), "3", "1 1 1");
  CHECK_ARRAY(cx, ag_count_nonzero_axes(cx, m, last, 1, true), "2,1", "1 2");
  CHECK_ARRAY(cx, ag_flatnonzero(cx, m), "3", "1 3 5");
  CHECK_ARRAY(cx, ag_argwhere(cx, m), "3,2", "0 1 1 0 1 2");
  CHECK(ag_nonzero(cx, m, indices));
  CHECK_ARRAY(cx, indices[0], "3", "0 1 1");
  CHECK_ARRAY(cx, indices[1], "3", "1 0 2");
  ag_array both[2];
  both[0] = array_of(cx, AG_F32, "1", "1"), both[1] = m;
  CHECK(ag_result_type(cx, both, 2) == AG_F64 && ag_result_type(cx, both, 1) == AG_F32);

  CHECK(is_null(ag_isclose(cx, x, z, 0, 0, false)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "broadcast");
  CHECK(!ag_allclose(cx, x, null_array(), 0, 0, false));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_allclose");
  CHECK(is_null(ag_isposinf(cx, z)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_isposinf");
  CHECK(is_null(ag_count_nonzero_axis(cx, m, 2, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds");
  CHECK(!ag_nonzero(cx, ag_scalar(cx, 1), indices));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_nonzero: Calling nonzero on 0d arrays");
  CHECK(!ag_nonzero(cx, m, NULL));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_nonzero");
  CHECK(ag_result_type(cx, NULL, 0) == -1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least one array");
}

static ag_reduce_options options_of(void) {
  ag_reduce_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  return options;
}

static ag_array selected_mean(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_mean_with(cx, args[0], (const ag_reduce_options *)user);
}

static void test_masked(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "1 nan 3 4 5 6");
  ag_reduce_options o = options_of();
  const int64_t one[1] = {1}, two[1] = {2};
  o.mask = array_of(cx, AG_BOOL, "3", "1 0 1");
  CHECK_ARRAY(cx, ag_sum_with(cx, x, &o), "", "14");
  CHECK_ARRAY(cx, ag_prod_with(cx, x, &o), "", "72");
  CHECK_ARRAY(cx, ag_mean_with(cx, x, &o), "", "3.5");
  CHECK_ARRAY(cx, ag_grad(cx, selected_mean, &o, &x, 1, 0), "2,3", "0.25 0 0.25 0.25 0 0.25");
  CHECK_ARRAY(cx, ag_var_with(cx, x, &o), "", "3.25");
  o.axes = one, o.naxes = 1, o.keepdims = true, o.ddof = 1;
  CHECK_ARRAY(cx, ag_var_with(cx, x, &o), "2,1", "2 2");
  CHECK_ARRAY(cx, ag_std_with(cx, x, &o), "2,1", "1.4142135623730951 1.4142135623730951");
  CHECK(is_null(ag_max_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_max_with: reduction operation 'maximum' does not have an identity");
  o.initial = ag_scalar(cx, 3.5);
  CHECK_ARRAY(cx, ag_max_with(cx, x, &o), "2,1", "3.5 6");
  CHECK_ARRAY(cx, ag_min_with(cx, x, &o), "2,1", "1 3.5");
  CHECK_ARRAY(cx, ag_sum_with(cx, x, &o), "2,1", "7.5 13.5");
  CHECK(is_null(ag_mean_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "only sums, products and extrema have an initial value");
  o.initial = null_array();
  CHECK_ARRAY(cx, ag_all_with(cx, ag_less_scalar(cx, x, 4), &o), "2,1", "1 0");
  CHECK_ARRAY(cx, ag_any_with(cx, ag_greater_scalar(cx, x, 4.5), &o), "2,1", "0 1");
  o.axes = two;
  CHECK(is_null(ag_sum_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds");
  o = options_of();
  o.mask = x;
  CHECK(is_null(ag_sum_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "Cannot cast array data from dtype('float64') to dtype('bool')");
  o.mask = array_of(cx, AG_BOOL, "2", "1 1");
  CHECK(is_null(ag_prod_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_prod_with: the mask of shape (2,) does not broadcast");
  /* no options, and those of a struct that ends with its size */
  x = vector_of(cx, "1 3");
  CHECK_ARRAY(cx, ag_std_with(cx, x, NULL), "", "1");
  o.struct_size = 8;
  CHECK_ARRAY(cx, ag_min_with(cx, x, &o), "", "1");
  o.struct_size = 7;
  CHECK(is_null(ag_min_with(cx, x, &o)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is 7");
}

int main(void) {
  ag_context *cx = ag_context_new();
  test_floats(cx);
  test_whole(cx);
  test_questions(cx);
  test_masked(cx);
  return finish(cx);
}
