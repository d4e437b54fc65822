/* Every operation once, against values of NumPy and SciPy. */
#include "check.h"

typedef ag_array (*unary)(ag_context *cx, ag_array x);
typedef ag_array (*binary)(ag_context *cx, ag_array x, ag_array y);
typedef ag_array (*with_number)(ag_context *cx, ag_array x, double y);
typedef ag_array (*along_axis)(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
typedef ag_array (*along_axes)(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);

/* The name stands in the row since a failure is reported at one line for all of them. */
static void name_failure(const char *name, int before) {
  if (failures > before) printf("  in %s\n", name);
}

/* ---- element by element ---- */

static const struct {
  unary f;
  const char *name, *x, *y;
} unaries[] = {
    {ag_neg, "neg", "-1.5 0.25 2", "1.5 -0.25 -2"},
    {ag_abs, "abs", "-1.5 0.25 2", "1.5 0.25 2"},
    {ag_fabs, "fabs", "-1.5 0.25 2", "1.5 0.25 2"},
    {ag_reciprocal, "reciprocal", "-1.5 0.25 2", "-0.6666666666666666 4 0.5"},
    {ag_exp, "exp", "-1.5 0.25 2", "0.22313016014842982 1.2840254166877414 7.38905609893065"},
    {ag_exp2, "exp2", "-1.5 0.25 2", "0.3535533905932738 1.189207115002721 4"},
    {ag_expm1, "expm1", "-1.5 0.25 2", "-0.7768698398515702 0.2840254166877415 6.38905609893065"},
    {ag_log, "log", "0.25 1 3.5", "-1.3862943611198906 0 1.252762968495368"},
    {ag_log2, "log2", "0.25 1 3.5", "-2 0 1.8073549220576042"},
    {ag_log10, "log10", "0.25 1 3.5", "-0.6020599913279624 0 0.5440680443502757"},
    {ag_log1p, "log1p", "0.25 1 3.5", "0.22314355131420976 0.6931471805599453 1.5040773967762742"},
    {ag_sin, "sin", "-1.5 0.25 2", "-0.9974949866040544 0.24740395925452294 0.9092974268256817"},
    {ag_cos, "cos", "-1.5 0.25 2", "0.0707372016677029 0.9689124217106447 -0.4161468365471424"},
    {ag_tan, "tan", "-1.5 0.25 2", "-14.101419947171719 0.25534192122103627 -2.185039863261519"},
    {ag_arcsin, "arcsin", "-0.5 0 0.75", "-0.5235987755982989 0 0.848062078981481"},
    {ag_arccos, "arccos", "-0.5 0 0.75", "2.0943951023931957 1.5707963267948966 0.7227342478134156"},
    {ag_arctan, "arctan", "-1.5 0.25 2", "-0.982793723247329 0.24497866312686414 1.1071487177940904"},
    {ag_sinh, "sinh", "-1.5 0.25 2", "-2.1292794550948173 0.2526123168081683 3.6268604078470186"},
    {ag_cosh, "cosh", "-1.5 0.25 2", "2.352409615243247 1.0314130998795732 3.7621956910836314"},
    {ag_tanh, "tanh", "-1.5 0.25 2", "-0.9051482536448665 0.24491866240370913 0.9640275800758169"},
    {ag_arcsinh, "arcsinh", "-1.5 0.25 2", "-1.1947632172871092 0.24746646154726346 1.4436354751788103"},
    {ag_arccosh, "arccosh", "1 1.5 4", "0 0.9624236501192069 2.0634370688955603"},
    {ag_arctanh, "arctanh", "-0.5 0 0.75", "-0.5493061443340549 0 0.9729550745276566"},
    {ag_rad2deg, "rad2deg", "-1.5 0.25 2", "-85.94366926962348 14.32394487827058 114.59155902616465"},
    {ag_degrees, "degrees", "-1.5 0.25 2", "-85.94366926962348 14.32394487827058 114.59155902616465"},
    {ag_deg2rad, "deg2rad", "-1.5 0.25 2", "-0.026179938779914945 0.004363323129985824 0.03490658503988659"},
    {ag_radians, "radians", "-1.5 0.25 2", "-0.026179938779914945 0.004363323129985824 0.03490658503988659"},
    {ag_square, "square", "-1.5 0.25 2", "2.25 0.0625 4"},
    {ag_sqrt, "sqrt", "0.25 1 3.5", "0.5 1 1.8708286933869707"},
    {ag_sinc, "sinc", "-0.5 0 1.25", "0.6366197723675814 1 -0.18006326323142122"},
    {ag_real, "real", "-1.5 0.25 2", "-1.5 0.25 2"},
    {ag_imag, "imag", "-1.5 0.25 2", "0 0 0"},
    {ag_conj, "conj", "-1.5 0.25 2", "-1.5 0.25 2"},
    {ag_angle, "angle", "-1.5 0.25 2", "3.141592653589793 0 0"},
    {ag_real_if_close, "real_if_close", "-1.5 0.25 2", "-1.5 0.25 2"},
    {ag_nan_to_num, "nan_to_num", "nan 1 inf", "0 1 1.7976931348623157e+308"},
    {ag_erf, "erf", "-1.5 0.25 2", "-0.9661051464753108 0.2763263901682369 0.9953222650189527"},
    {ag_expit, "expit", "-1.5 0.25 2", "0.18242552380635635 0.5621765008857981 0.8807970779778823"},
    {ag_sign, "sign", "-0.5 0 0.75", "-1 0 1"},
    {ag_floor, "floor", "-1.5 0.25 2", "-2 0 2"},
    {ag_ceil, "ceil", "-1.5 0.25 2", "-1 1 2"},
    {ag_trunc, "trunc", "-1.5 0.25 2", "-1 0 2"},
    {ag_rint, "rint", "-1.5 0.5 2.5", "-2 0 2"},
    {ag_isnan, "isnan", "nan 1 inf", "1 0 0"},
    {ag_isinf, "isinf", "nan 1 inf", "0 0 1"},
    {ag_isfinite, "isfinite", "nan 1 inf", "0 1 0"},
    {ag_logical_not, "logical_not", "0 1 -2", "1 0 0"},
};

static const struct {
  binary f;
  const char *name, *x, *y, *z;
} binaries[] = {
    {ag_add, "add", "-1.5 2 3", "2 0.5 3", "0.5 2.5 6"},
    {ag_sub, "sub", "-1.5 2 3", "2 0.5 3", "-3.5 1.5 0"},
    {ag_mul, "mul", "-1.5 2 3", "2 0.5 3", "-3 1 9"},
    {ag_div, "div", "-1.5 2 3", "2 0.5 3", "-0.75 4 1"},
    {ag_pow, "pow", "0.5 2 3", "2 0.5 3", "0.25 1.4142135623730951 27"},
    {ag_mod, "mod", "-1.5 2 3", "2 0.5 3", "0.5 0 0"},
    {ag_maximum, "maximum", "-1.5 2 3", "2 0.5 3", "2 2 3"},
    {ag_minimum, "minimum", "-1.5 2 3", "2 0.5 3", "-1.5 0.5 3"},
    {ag_fmax, "fmax", "nan 2 3", "2 0.5 3", "2 2 3"},
    {ag_fmin, "fmin", "nan 2 3", "2 0.5 3", "2 0.5 3"},
    {ag_logaddexp, "logaddexp", "-1.5 2 3", "2 0.5 3", "2.0297504182726205 2.2014132779827524 3.6931471805599454"},
    {ag_logaddexp2, "logaddexp2", "-1.5 2 3", "2 0.5 3", "2.122193416202274 2.436751795439824 4"},
    {ag_arctan2, "arctan2", "-1.5 2 3", "2 0.5 3", "-0.6435011087932844 1.3258176636680326 0.7853981633974483"},
    {ag_hypot, "hypot", "-1.5 2 3", "2 0.5 3", "2.5 2.0615528128088303 4.242640687119285"},
    {ag_floor_divide, "floor_divide", "-1.5 2 3", "2 0.5 3", "-1 4 1"},
    {ag_equal, "equal", "-1.5 2 3", "2 0.5 3", "0 0 1"},
    {ag_not_equal, "not_equal", "-1.5 2 3", "2 0.5 3", "1 1 0"},
    {ag_less, "less", "-1.5 2 3", "2 0.5 3", "1 0 0"},
    {ag_less_equal, "less_equal", "-1.5 2 3", "2 0.5 3", "1 0 1"},
    {ag_greater, "greater", "-1.5 2 3", "2 0.5 3", "0 1 0"},
    {ag_greater_equal, "greater_equal", "-1.5 2 3", "2 0.5 3", "0 1 1"},
    {ag_logical_and, "logical_and", "0 1 2", "0 0 3", "0 0 1"},
    {ag_logical_or, "logical_or", "0 1 2", "0 0 3", "0 1 1"},
    {ag_logical_xor, "logical_xor", "0 1 2", "0 0 3", "0 1 0"},
};

/* of "0.5 2 3" with 2 */
static const struct {
  with_number f;
  const char *name, *y;
} with_two[] = {
    {ag_add_scalar, "add_scalar", "2.5 4 5"},
    {ag_sub_scalar, "sub_scalar", "-1.5 0 1"},
    {ag_rsub_scalar, "rsub_scalar", "1.5 0 -1"},
    {ag_mul_scalar, "mul_scalar", "1 4 6"},
    {ag_div_scalar, "div_scalar", "0.25 1 1.5"},
    {ag_rdiv_scalar, "rdiv_scalar", "4 1 0.6666666666666666"},
    {ag_pow_scalar, "pow_scalar", "0.25 4 9"},
    {ag_rpow_scalar, "rpow_scalar", "1.4142135623730951 4 8"},
    {ag_mod_scalar, "mod_scalar", "0.5 0 1"},
    {ag_maximum_scalar, "maximum_scalar", "2 2 3"},
    {ag_minimum_scalar, "minimum_scalar", "0.5 2 2"},
    {ag_equal_scalar, "equal_scalar", "0 1 0"},
    {ag_not_equal_scalar, "not_equal_scalar", "1 0 1"},
    {ag_less_scalar, "less_scalar", "1 0 0"},
    {ag_less_equal_scalar, "less_equal_scalar", "1 1 0"},
    {ag_greater_scalar, "greater_scalar", "0 0 1"},
    {ag_greater_equal_scalar, "greater_equal_scalar", "0 1 1"},
};

static void elementwise(ag_context *cx) {
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
    int before = failures;
    ag_array x = vector_of(cx, unaries[i].x);
    CHECK_ARRAY(cx, unaries[i].f(cx, x), "3", unaries[i].y);
    /* on a view with strides as on what lies row by row */
    CHECK_ARRAY(cx, ag_index(cx, unaries[i].f(cx, ag_index(cx, x, "::-1")), "::-1"), "3", unaries[i].y);
    name_failure(unaries[i].name, before);
  }
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
    int before = failures;
    ag_array x = vector_of(cx, binaries[i].x), y = vector_of(cx, binaries[i].y);
    CHECK_ARRAY(cx, binaries[i].f(cx, x, y), "3", binaries[i].z);
    ag_array table = binaries[i].f(cx, ag_expand_dims(cx, x, 1), ag_expand_dims(cx, y, 0));
    CHECK(ag_ndim(cx, table) == 2 && ag_size(cx, table) == 9);
    CHECK_ARRAY(cx, ag_index_array(cx, ag_ravel(cx, table), array_of(cx, AG_I64, "3", "0 4 8")), "3", binaries[i].z);
    name_failure(binaries[i].name, before);
  }
  for (size_t i = 0; i < sizeof with_two / sizeof *with_two; i++) {
    int before = failures;
    CHECK_ARRAY(cx, with_two[i].f(cx, vector_of(cx, "0.5 2 3"), 2.0), "3", with_two[i].y);
    name_failure(with_two[i].name, before);
  }
  ag_array x = vector_of(cx, "1 2 3"), y = vector_of(cx, "10 20 30");
  CHECK_ARRAY(cx, ag_where(cx, array_of(cx, AG_BOOL, "3", "1 0 1"), x, y), "3", "1 20 3");
  CHECK_ARRAY(cx, ag_where(cx, array_of(cx, AG_BOOL, "2,1", "1 0"), x, ag_scalar(cx, 0.0)), "2,3", "1 2 3 0 0 0");
  CHECK_ARRAY(cx, ag_clip(cx, x, 1.5, 2.5), "3", "1.5 2 2.5");
  CHECK_ARRAY(cx, ag_clip(cx, x, -INFINITY, 2.5), "3", "1 2 2.5");
}

/* ---- reductions ---- */

/* of the whole, along axis 0, along axis 1; all and any: of an array with zeros in it */
static const struct {
  unary whole;
  along_axis axis;
  along_axes axes;
  const char *name, *of_all, *of_columns, *of_rows;
} reductions[] = {
    {ag_sum, ag_sum_axis, ag_sum_axes, "sum", "12", "2 6 4", "6 6"},
    {ag_mean, ag_mean_axis, ag_mean_axes, "mean", "2", "1 3 2", "2 2"},
    {ag_max, ag_max_axis, ag_max_axes, "max", "5", "3 5 2", "3 5"},
    {ag_min, ag_min_axis, ag_min_axes, "min", "-1", "-1 1 2", "1 -1"},
    {ag_prod, ag_prod_axis, ag_prod_axes, "prod", "-60", "-3 5 4", "6 -10"},
    {ag_logsumexp, ag_logsumexp_axis, ag_logsumexp_axes, "logsumexp", "5.227696220998811",
     "3.01814992791781 5.0181499279178094 2.6931471805599454", "3.40760596444438 5.050945763522998"},
    {ag_all, ag_all_axis, ag_all_axes, "all", "0", "1 0 1", "0 0"},
    {ag_any, ag_any_axis, ag_any_axes, "any", "1", "1 0 1", "1 1"},
};

static void reduce(ag_context *cx) {
  static const int64_t both[] = {0, 1}, last[] = {-1};
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    int before = failures;
    bool logical = reductions[i].whole == ag_all || reductions[i].whole == ag_any;
    ag_array x = array_of(cx, AG_F64, "2,3", logical ? "3 0 2 -1 0 2" : "3 1 2 -1 5 2");
    CHECK_ARRAY(cx, reductions[i].whole(cx, x), "", reductions[i].of_all);
    CHECK_ARRAY(cx, reductions[i].axis(cx, x, 0, false), "3", reductions[i].of_columns);
    CHECK_ARRAY(cx, reductions[i].axis(cx, x, -1, true), "2,1", reductions[i].of_rows);
    CHECK_ARRAY(cx, reductions[i].axes(cx, x, both, 2, false), "", reductions[i].of_all);
    CHECK_ARRAY(cx, reductions[i].axes(cx, x, NULL, 0, true), "1,1", reductions[i].of_all);
    CHECK_ARRAY(cx, reductions[i].axes(cx, x, last, 1, false), "2", reductions[i].of_rows);
    CHECK_ARRAY(cx, reductions[i].axis(cx, ag_transpose(cx, x), 0, false), "2", reductions[i].of_rows);
    name_failure(reductions[i].name, before);
  }
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 2 -1 5 2");
  CHECK_ARRAY(cx, ag_var(cx, x), "", "3.3333333333333335");
  CHECK_ARRAY(cx, ag_var_axis(cx, x, 0, 1.0, false), "3", "8 8 0");
  CHECK_ARRAY(cx, ag_var_axes(cx, x, last, 1, 0.0, true), "2,1", "0.66666666666666663 6");
  CHECK_ARRAY(cx, ag_std(cx, x), "", "1.8257418583505538");
  CHECK_ARRAY(cx, ag_std_axis(cx, x, 0, 1.0, false), "3", "2.8284271247461903 2.8284271247461903 0");
  CHECK_ARRAY(cx, ag_std_axes(cx, x, last, 1, 0.0, true), "2,1", "0.81649658092772603 2.4494897427831779");
  CHECK_ARRAY(cx, ag_argmax(cx, x), "", "4");
  CHECK_ARRAY(cx, ag_argmin(cx, x), "", "3");
  CHECK_ARRAY(cx, ag_argmax_axis(cx, x, 0, false), "3", "0 1 0");
  CHECK_ARRAY(cx, ag_argmin_axis(cx, x, 1, true), "2,1", "1 0");
  CHECK(ag_dtype(cx, ag_argmax(cx, x)) == AG_I64);
}

/* ---- products ---- */

static void products(ag_context *cx) {
  ag_array a = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), b = array_of(cx, AG_F64, "3,2", "1 0 2 1 0 3");
  ag_array u = vector_of(cx, "1 2 3"), v = vector_of(cx, "4 5 6"), three = ag_scalar(cx, 3.0);
  CHECK_ARRAY(cx, ag_dot(cx, a, b), "2,2", "5 11 14 23");
  CHECK_ARRAY(cx, ag_dot(cx, a, u), "2", "14 32");
  CHECK_ARRAY(cx, ag_dot(cx, u, v), "", "32");
  CHECK_ARRAY(cx, ag_dot(cx, u, three), "3", "3 6 9");
  CHECK_ARRAY(cx, ag_matmul(cx, a, b), "2,2", "5 11 14 23");
  ag_array stack = array_of(cx, AG_F64, "2,2,2", "1 0 0 1 2 0 0 2"), m = array_of(cx, AG_F64, "2,2", "1 2 3 4");
  CHECK_ARRAY(cx, ag_matmul(cx, stack, m), "2,2,2", "1 2 3 4 2 4 6 8");
  CHECK_ARRAY(cx, ag_inner(cx, a, ag_transpose(cx, b)), "2,2", "5 11 14 23");
  CHECK_ARRAY(cx, ag_outer(cx, u, vector_of(cx, "1 -1")), "3,2", "1 -1 2 -2 3 -3");
  static const int64_t axes_a[] = {0, 2}, axes_b[] = {0, 1}, cube[] = {2, 2, 3}, back[] = {2, 3, 2};
  ag_array big = ag_reshape(cx, ag_arange(cx, AG_F64, 0, 12, 1), cube, 3);
  ag_array by_two = array_of(cx, AG_F64, "3,2", "0 1 2 3 4 5");
  CHECK_ARRAY(cx, ag_tensordot(cx, big, by_two, 1), "2,2,2", "10 13 28 40 46 67 64 94");
  ag_array other = ag_reshape(cx, ag_arange(cx, AG_F64, 0, 12, 1), back, 3);
  CHECK_ARRAY(cx, ag_tensordot_axes(cx, big, other, axes_a, axes_b, 2), "2,2", "182 206 272 314");
  /* complex products do not conjugate */
  ag_array z = array_of(cx, AG_C128, "1", "1 2");
  CHECK_ARRAY(cx, ag_dot(cx, z, z), "", "-3 4");
}

/* ---- shapes ---- */

static void shapes(ag_context *cx) {
  static const int64_t three_two[] = {3, -1}, two_two_three[] = {2, 2, 3}, swapped[] = {1, 0}, first[] = {0};
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), row = array_of(cx, AG_F64, "1,3,1", "1 2 3");
  CHECK_ARRAY(cx, ag_reshape(cx, x, three_two, 2), "3,2", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_reshape(cx, ag_transpose(cx, x), three_two + 1, 1), "6", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_ravel(cx, x), "6", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_transpose(cx, x), "3,2", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_transpose_axes(cx, x, swapped, 2), "3,2", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_swapaxes(cx, row, 0, -2), "3,1,1", "1 2 3");
  CHECK_ARRAY(cx, ag_broadcast_to(cx, x, two_two_three, 3), "2,2,3", "1 2 3 4 5 6 1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_expand_dims(cx, x, -1), "2,3,1", "1 2 3 4 5 6");
  int64_t fresh[] = {-1, 1}, same[] = {0, -4};
  CHECK_ARRAY(cx, ag_expand_dims_axes(cx, x, fresh, 2), "2,1,3,1", "1 2 3 4 5 6");
  CHECK(is_null(ag_expand_dims_axes(cx, x, same, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_expand_dims_axes: duplicate value in 'axis'");
  CHECK_ARRAY(cx, ag_squeeze(cx, row), "3", "1 2 3");
  CHECK_ARRAY(cx, ag_squeeze_axes(cx, row, first, 1), "3,1", "1 2 3");
  ag_array pair[2];
  pair[0] = x;
  pair[1] = ag_neg(cx, x);
  CHECK_ARRAY(cx, ag_concatenate(cx, pair, 2, 0), "4,3", "1 2 3 4 5 6 -1 -2 -3 -4 -5 -6");
  CHECK_ARRAY(cx, ag_concatenate(cx, pair, 2, -1), "2,6", "1 2 3 -1 -2 -3 4 5 6 -4 -5 -6");
  CHECK_ARRAY(cx, ag_stack(cx, pair, 2, 1), "2,2,3", "1 2 3 -1 -2 -3 4 5 6 -4 -5 -6");
}

/* ---- indexing ---- */

static ag_index_item item(int32_t kind, int64_t start, int64_t stop, int64_t step) {
  ag_index_item made;
  memset(&made, 0, sizeof made);
  made.kind = kind;
  made.start = start;
  made.stop = stop;
  made.step = step;
  return made;
}

static void indexing(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "3,4", "0 1 2 3 4 5 6 7 8 9 10 11");
  CHECK_ARRAY(cx, ag_index(cx, x, "1"), "4", "4 5 6 7");
  CHECK_ARRAY(cx, ag_index(cx, x, "2, 1"), "", "9");
  CHECK_ARRAY(cx, ag_index(cx, x, "-1, -1"), "", "11");
  CHECK_ARRAY(cx, ag_index(cx, x, ":, 1:3"), "3,2", "1 2 5 6 9 10");
  CHECK_ARRAY(cx, ag_index(cx, x, "..., -1"), "3", "3 7 11");
  CHECK_ARRAY(cx, ag_index(cx, x, "::-1, ::2"), "3,2", "8 10 4 6 0 2");
  CHECK_ARRAY(cx, ag_index(cx, x, "1, None"), "1,4", "4 5 6 7");
  CHECK_ARRAY(cx, ag_index(cx, x, "5:, 0"), "0", "");
  CHECK_ARRAY(cx, ag_index_set(cx, x, "0, :2", ag_scalar(cx, 9.0)), "3,4", "9 9 2 3 4 5 6 7 8 9 10 11");
  CHECK_ARRAY(cx, ag_index_add(cx, x, ":, 0", vector_of(cx, "1 2 3")), "3,4", "1 1 2 3 6 5 6 7 11 9 10 11");
  CHECK_ARRAY(cx, ag_index_mul(cx, x, ":, 0", vector_of(cx, "1 2 3")), "3,4", "0 1 2 3 8 5 6 7 24 9 10 11");
  CHECK_ARRAY(cx, ag_index_max(cx, x, ":, 0", ag_scalar(cx, 5.0)), "3,4", "5 1 2 3 5 5 6 7 8 9 10 11");
  CHECK_ARRAY(cx, ag_index_min(cx, x, ":, 0", ag_scalar(cx, 5.0)), "3,4", "0 1 2 3 4 5 6 7 5 9 10 11");
  CHECK_ARRAY(cx, x, "3,4", "0 1 2 3 4 5 6 7 8 9 10 11");

  ag_index_item items[3];
  items[0] = item(AG_INDEX_INT, 1, 0, 0);
  items[1] = item(AG_INDEX_NEWAXIS, 0, 0, 0);
  items[2] = item(AG_INDEX_SLICE, AG_NONE, AG_NONE, -2);
  CHECK_ARRAY(cx, ag_index_items(cx, x, items, 3), "1,2", "7 5");
  items[0] = item(AG_INDEX_ELLIPSIS, 0, 0, 0);
  items[1] = item(AG_INDEX_ARRAY, 0, 0, 0);
  items[1].array = array_of(cx, AG_I64, "3", "0 -1 0");
  CHECK_ARRAY(cx, ag_index_items(cx, x, items, 2), "3,3", "0 3 0 4 7 4 8 11 8");
  CHECK_ARRAY(cx, ag_index_items_set(cx, x, items, 2, ag_scalar(cx, 0.0)), "3,4", "0 1 2 0 0 5 6 0 0 9 10 0");
  /* a place that is named twice receives twice */
  CHECK_ARRAY(cx, ag_index_items_add(cx, x, items, 2, ag_scalar(cx, 1.0)), "3,4", "2 1 2 4 6 5 6 8 10 9 10 12");
  CHECK_ARRAY(cx, ag_index_items_mul(cx, x, items, 2, ag_scalar(cx, 2.0)), "3,4", "0 1 2 6 16 5 6 14 32 9 10 22");
  CHECK_ARRAY(cx, ag_index_items_max(cx, x, items, 2, ag_scalar(cx, 5.0)), "3,4", "5 1 2 5 5 5 6 7 8 9 10 11");
  CHECK_ARRAY(cx, ag_index_items_min(cx, x, items, 2, ag_scalar(cx, 5.0)), "3,4", "0 1 2 3 4 5 6 5 5 9 10 5");
  /* index arrays side by side are taken in pairs, as in NumPy */
  items[0] = item(AG_INDEX_ARRAY, 0, 0, 0);
  items[0].array = array_of(cx, AG_I64, "3", "0 1 2");
  CHECK_ARRAY(cx, ag_index_items(cx, x, items, 2), "3", "0 7 8");

  CHECK_ARRAY(cx, ag_index_array(cx, x, array_of(cx, AG_I64, "2", "2 0")), "2,4", "8 9 10 11 0 1 2 3");
  CHECK_ARRAY(cx, ag_index_array(cx, x, array_of(cx, AG_I64, "2,1", "2 0")), "2,1,4", "8 9 10 11 0 1 2 3");
  CHECK_ARRAY(cx, ag_index_array(cx, x, array_of(cx, AG_BOOL, "3", "0 1 1")), "2,4", "4 5 6 7 8 9 10 11");
  CHECK_ARRAY(cx, ag_index_array(cx, x, ag_greater_scalar(cx, x, 8.5)), "3", "9 10 11");
}

int main(void) {
  ag_context *cx = ag_context_new();
  elementwise(cx);
  reduce(cx);
  products(cx);
  shapes(cx);
  indexing(cx);
  return finish(cx);
}
