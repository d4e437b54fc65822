/* Numbers beside arrays: in the array's precision, integers where NumPy has integers; complex ones. */
#include "check.h"

static void precision(ag_context *cx) {
  ag_array x = array_of(cx, AG_F32, "3", "1 -2 0.5"), mask = array_of(cx, AG_BOOL, "3", "1 0 1");
  ag_array all[16];
  size_t n = 0;
  all[n++] = ag_where_scalar(cx, mask, x, 7), all[n++] = ag_rwhere_scalar(cx, mask, 7, x);
  all[n++] = ag_arctan2_scalar(cx, x, 2), all[n++] = ag_rarctan2_scalar(cx, x, 2), all[n++] = ag_hypot_scalar(cx, x, 2);
  all[n++] = ag_logaddexp_scalar(cx, x, 0), all[n++] = ag_logaddexp2_scalar(cx, x, 0);
  all[n++] = ag_fmax_scalar(cx, x, 0), all[n++] = ag_fmin_scalar(cx, x, 0), all[n++] = ag_rmod_scalar(cx, x, 3);
  all[n++] = ag_fmod_scalar(cx, x, 1.5), all[n++] = ag_rfmod_scalar(cx, x, 3), all[n++] = ag_copysign_scalar(cx, x, -1);
  all[n++] = ag_floor_divide_scalar(cx, x, 2), all[n++] = ag_rfloor_divide_scalar(cx, x, 2);
  static const char *const want[] = {
      "1 7 0.5", "7 -2 7", "0.46364760900081 -0.78539816339745 0.24497866312686",
      "1.1071487177941 2.3561944901923 1.3258176636680", "2.2360679774998 2.8284271247462 2.0615528128088",
      "1.3132616875182 0.12692801104297 0.97407698418011", "1.5849625007212 0.32192809488736 1.2715533031637",
      "1 0 0.5", "0 -2 0", "0 -1 0", "1 -0.5 0.5", "0 1 0", "-1 -2 -0.5", "0 -1 0", "2 -1 4"};
  for (size_t i = 0; i < n; i++) {
    CHECK_ARRAY(cx, all[i], "3", want[i]);
    CHECK(ag_dtype(cx, all[i]) == AG_F32);
  }
  ag_array nan = ag_mul_scalar(cx, ag_ones_like(cx, x), NAN);
  CHECK_ARRAY(cx, ag_fmax_scalar(cx, nan, 2), "3", "2 2 2");
  CHECK_OK(cx);
}

/* A whole number beside integers is one of them, another number makes them floating. */
static void integers(ag_context *cx) {
  ag_array i = array_of(cx, AG_I64, "3", "7 -2 3"), mask = array_of(cx, AG_BOOL, "3", "1 0 1");
  ag_array whole[20];
  size_t n = 0;
  whole[n++] = ag_add_scalar(cx, i, 2), whole[n++] = ag_sub_scalar(cx, i, 2), whole[n++] = ag_rsub_scalar(cx, i, 2);
  whole[n++] = ag_mul_scalar(cx, i, 2), whole[n++] = ag_pow_scalar(cx, i, 2), whole[n++] = ag_mod_scalar(cx, i, 4);
  whole[n++] = ag_rmod_scalar(cx, i, 4), whole[n++] = ag_maximum_scalar(cx, i, 0), whole[n++] = ag_minimum_scalar(cx, i, 0);
  whole[n++] = ag_clip(cx, i, 0, 5), whole[n++] = ag_clip(cx, i, -INFINITY, 5), whole[n++] = ag_where_scalar(cx, mask, i, 9);
  whole[n++] = ag_floor_divide_scalar(cx, i, 2), whole[n++] = ag_rfloor_divide_scalar(cx, i, 20);
  static const char *const want[] = {"9 0 5", "5 -4 1", "-5 4 -1", "14 -4 6", "49 4 9", "3 2 3", "4 0 1",
                                     "7 0 3", "0 -2 0", "5 0 3", "5 -2 3", "7 9 3", "3 -1 1", "2 -10 6"};
  for (size_t k = 0; k < n; k++) {
    CHECK_ARRAY(cx, whole[k], "3", want[k]);
    CHECK(ag_dtype(cx, whole[k]) == AG_I64);
  }
  CHECK(ag_dtype(cx, ag_add_scalar(cx, mask, 1)) == AG_I64);
  CHECK_ARRAY(cx, ag_add_scalar(cx, i, 0.5), "3", "7.5 -1.5 3.5");
  CHECK_ARRAY(cx, ag_div_scalar(cx, i, 2), "3", "3.5 -1 1.5");
  CHECK_ARRAY(cx, ag_pow_scalar(cx, array_of(cx, AG_I64, "2", "2 4"), -1), "2", "0.5 0.25");
  CHECK_ARRAY(cx, ag_clip(cx, i, -1.5, 5), "3", "5 -1.5 3");
  CHECK_ARRAY(cx, ag_where_scalar(cx, mask, i, 0.5), "3", "7 0.5 3");
  /* exact beyond 2^53 */
  ag_array large = ag_add_scalar(cx, ag_scalar_int(cx, 9007199254740993), 2);
  const int64_t *d = (const int64_t *)ag_data(cx, large);
  CHECK(d && *d == 9007199254740995);
  CHECK_OK(cx);
}

static void complex_numbers(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2"), s = array_of(cx, AG_F32, "2", "1 2"), z = array_of(cx, AG_C128, "2", "1 1 0 2");
  CHECK_ARRAY(cx, ag_add_complex(cx, x, 1, -1), "2", "2 -1 3 -1");
  CHECK_ARRAY(cx, ag_sub_complex(cx, x, 0, 1), "2", "1 -1 2 -1");
  CHECK_ARRAY(cx, ag_rsub_complex(cx, z, 1, 0), "2", "0 -1 1 -2");
  CHECK_ARRAY(cx, ag_mul_complex(cx, z, 0, 1), "2", "-1 1 -2 0");
  CHECK_ARRAY(cx, ag_div_complex(cx, z, 0, 2), "2", "0.5 -0.5 1 0");
  CHECK_ARRAY(cx, ag_rdiv_complex(cx, z, 2, 0), "2", "1 -1 0 -1");
  CHECK_ARRAY(cx, ag_pow_complex(cx, z, 2, 0), "2", "0 2 -4 0");
  CHECK_ARRAY(cx, ag_rpow_complex(cx, ag_mul_scalar(cx, x, 2), 0, 1), "2", "-1 0 1 0");
  CHECK(ag_dtype(cx, ag_mul_complex(cx, s, 0, 1)) == AG_C64 && ag_dtype(cx, ag_add_complex(cx, x, 0, 1)) == AG_C128);
  CHECK_OK(cx);
}

static ag_array all_forms(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0], y = ag_arctan2_scalar(cx, x, 2);
  y = ag_add(cx, y, ag_rarctan2_scalar(cx, x, 0.5)), y = ag_add(cx, y, ag_hypot_scalar(cx, x, 3));
  y = ag_add(cx, y, ag_logaddexp_scalar(cx, x, 1)), y = ag_add(cx, y, ag_logaddexp2_scalar(cx, x, 1));
  y = ag_add(cx, y, ag_fmax_scalar(cx, x, 0)), y = ag_add(cx, y, ag_fmin_scalar(cx, x, 0));
  y = ag_add(cx, y, ag_rmod_scalar(cx, x, 7.3)), y = ag_add(cx, y, ag_fmod_scalar(cx, x, 0.7));
  y = ag_add(cx, y, ag_copysign_scalar(cx, x, -1)), y = ag_add(cx, y, ag_abs(cx, ag_mul_complex(cx, x, 1, 2)));
  return ag_add(cx, y, ag_where_scalar(cx, ag_greater_scalar(cx, x, 0), ag_square(cx, x), 3));
}

static void derivatives(ag_context *cx) {
  ag_array x = vector_of(cx, "0.4 -1.3 2.2");
  CHECK(ag_check_grads(cx, all_forms, NULL, &x, 1, 2, 0) == AG_OK);
  CHECK_OK(cx);
}

/* NumPy's dtypes of functions on booleans and integers. */
static void dtypes(ag_context *cx) {
  ag_array b = array_of(cx, AG_BOOL, "2", "1 0"), i = array_of(cx, AG_I64, "2", "3 -4");
  CHECK(ag_dtype(cx, ag_floor(cx, b)) == AG_BOOL && ag_dtype(cx, ag_ceil(cx, b)) == AG_BOOL);
  CHECK(ag_dtype(cx, ag_trunc(cx, b)) == AG_BOOL && ag_dtype(cx, ag_floor(cx, i)) == AG_I64);
  CHECK_ARRAY(cx, ag_floor(cx, b), "2", "1 0");
  CHECK(ag_dtype(cx, ag_imag(cx, i)) == AG_I64 && ag_dtype(cx, ag_imag(cx, b)) == AG_BOOL);
  CHECK_ARRAY(cx, ag_imag(cx, i), "2", "0 0");
  CHECK_ARRAY(cx, ag_real(cx, i), "2", "3 -4");
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  precision(cx);
  integers(cx);
  complex_numbers(cx);
  derivatives(cx);
  dtypes(cx);
  return finish(cx);
}
