/* Arrays of all six dtypes: making them, borrowing buffers, reading them, printing them. */
#include "check.h"

/* ---- making ---- */

static void from_data(ag_context *cx) {
  CHECK_ARRAY(cx, array_of(cx, AG_BOOL, "3", "1 0 1"), "3", "1 0 1");
  CHECK_ARRAY(cx, array_of(cx, AG_I64, "2,2", "1 -2 3 4"), "2,2", "1 -2 3 4");
  CHECK_ARRAY(cx, array_of(cx, AG_F32, "2", "0.5 1.25"), "2", "0.5 1.25");
  CHECK_ARRAY(cx, array_of(cx, AG_F64, "1,2,1", "0.1 0.2"), "1,2,1", "0.1 0.2");
  CHECK_ARRAY(cx, array_of(cx, AG_C64, "2", "1 2  3 -4"), "2", "1 2  3 -4");
  CHECK_ARRAY(cx, array_of(cx, AG_C128, "", "0.5 -1"), "", "0.5 -1");
  static const int32_t dtypes[] = {AG_BOOL, AG_I64, AG_F32, AG_F64, AG_C64, AG_C128};
  for (size_t i = 0; i < 6; i++) {
    ag_array x = array_of(cx, dtypes[i], "2", "1 0 0 1");
    CHECK(ag_dtype(cx, x) == dtypes[i]);
    CHECK(ag_ndim(cx, x) == 1 && ag_size(cx, x) == 2 && ag_shape(cx, x)[0] == 2 && ag_strides(cx, x)[0] == 1);
    CHECK(ag_dtype(cx, ag_zeros_like(cx, x)) == dtypes[i]);
    CHECK(ag_dtype(cx, ag_ones_like(cx, x)) == dtypes[i]);
  }
  /* the data were copied */
  double mine[] = {1, 2};
  ag_array x = ag_vector(cx, mine, 2);
  mine[0] = 99;
  CHECK_ARRAY(cx, x, "2", "1 2");
}

static void constants_and_ranges(ag_context *cx) {
  const int64_t shape[] = {2, 3};
  const double data[] = {1, 2, 3, 4, 5, 6};
  CHECK_ARRAY(cx, ag_scalar(cx, 2.5), "", "2.5");
  CHECK_ARRAY(cx, ag_scalar_complex(cx, 2.5, -1.0), "", "2.5 -1");
  CHECK_ARRAY(cx, ag_scalar_int(cx, INT64_C(1) << 40), "", "1099511627776");
  CHECK_ARRAY(cx, ag_vector(cx, data, 3), "3", "1 2 3");
  CHECK_ARRAY(cx, ag_matrix(cx, data, 3, 2), "3,2", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_zeros(cx, AG_F32, shape, 2), "2,3", "0 0 0 0 0 0");
  CHECK_ARRAY(cx, ag_ones(cx, AG_I64, shape, 2), "2,3", "1 1 1 1 1 1");
  CHECK_ARRAY(cx, ag_full(cx, AG_F64, shape, 2, 0.5), "2,3", "0.5 0.5 0.5 0.5 0.5 0.5");
  CHECK_ARRAY(cx, ag_zeros_like(cx, vector_of(cx, "1 2")), "2", "0 0");
  CHECK_ARRAY(cx, ag_ones_like(cx, vector_of(cx, "1 2")), "2", "1 1");
  CHECK_ARRAY(cx, ag_eye(cx, AG_F64, 2, 3, 0), "2,3", "1 0 0  0 1 0");
  CHECK_ARRAY(cx, ag_eye(cx, AG_F64, 2, 3, 1), "2,3", "0 1 0  0 0 1");
  CHECK(ag_size(cx, ag_eye(cx, AG_F64, INT64_C(1) << 40, 0, INT64_MAX)) == 0);
  CHECK_ARRAY(cx, ag_eye(cx, AG_BOOL, 3, 2, -2), "3,2", "0 0  0 0  1 0");
  CHECK_ARRAY(cx, ag_arange(cx, AG_I64, 2, 7, 2), "3", "2 4 6");
  CHECK_ARRAY(cx, ag_arange(cx, AG_F64, 1, -1, -0.5), "4", "1 0.5 0 -0.5");
  CHECK_ARRAY(cx, ag_arange(cx, AG_F64, 1, 1, 1), "0", "");
  CHECK_ARRAY(cx, ag_linspace(cx, 0, 1, 5), "5", "0 0.25 0.5 0.75 1");
  CHECK_ARRAY(cx, ag_linspace(cx, 3, 9, 1), "1", "3");
  CHECK_ARRAY(cx, ag_linspace(cx, 3, 9, 0), "0", "");
}

static void empty_arrays(ag_context *cx) {
  const int64_t shape[] = {0, 3};
  ag_array x = ag_array_new(cx, AG_F64, shape, 2, NULL);
  CHECK_ARRAY(cx, x, "0,3", "");
  CHECK_ARRAY(cx, ag_zeros(cx, AG_C64, shape, 2), "0,3", "");
  CHECK_ARRAY(cx, ag_vector(cx, NULL, 0), "0", "");
  CHECK_ARRAY(cx, ag_exp(cx, x), "0,3", "");
  CHECK_ARRAY(cx, ag_sum(cx, x), "", "0");
  CHECK_ARRAY(cx, ag_prod(cx, x), "", "1");
  CHECK_ARRAY(cx, ag_sum_axis(cx, x, 0, false), "3", "0 0 0");
  CHECK_ARRAY(cx, ag_sum_axis(cx, x, 1, false), "0", "");
  CHECK_ARRAY(cx, ag_dot(cx, ag_transpose(cx, x), x), "3,3", "0 0 0 0 0 0 0 0 0");
  CHECK(ag_copy_to(cx, x, NULL, 0) == 0);
  CHECK(ag_to_string(cx, x) != NULL);
  CHECK_OK(cx);
}

static void random_numbers(ag_context *cx) {
  const int64_t shape[] = {100, 100};
  static const int32_t dtypes[] = {AG_F64, AG_F32};
  for (int k = 0; k < 2; k++) {
    ag_array u = ag_random_uniform(cx, 7, dtypes[k], shape, 2, -1.0, 3.0);
    ag_array same = ag_random_uniform(cx, 7, dtypes[k], shape, 2, -1.0, 3.0);
    ag_array other = ag_random_uniform(cx, 8, dtypes[k], shape, 2, -1.0, 3.0);
    CHECK(ag_dtype(cx, u) == dtypes[k]);
    CHECK(ag_item(cx, ag_all(cx, ag_equal(cx, u, same))) == 1.0);
    CHECK(ag_item(cx, ag_mean(cx, ag_astype(cx, ag_equal(cx, u, other), AG_F64))) < 0.01);
    CHECK(ag_item(cx, ag_min(cx, u)) >= -1.0 && ag_item(cx, ag_max(cx, u)) <= 3.0);
    CHECK_CLOSE(ag_item(cx, ag_mean(cx, u)), 1.0, 0.05);
    CHECK_CLOSE(ag_item(cx, ag_std(cx, u)), 4 / sqrt(12.0), 0.05);
    ag_array z = ag_random_normal(cx, 7, dtypes[k], shape, 2, 5.0, 2.0);
    CHECK(ag_dtype(cx, z) == dtypes[k]);
    CHECK_CLOSE(ag_item(cx, ag_mean(cx, z)), 5.0, 0.02);
    CHECK_CLOSE(ag_item(cx, ag_std(cx, z)), 2.0, 0.05);
  }
  CHECK_OK(cx);
}

/* ---- borrowing ---- */

static void count(void *user) { ++*(int *)user; }

static void borrowed_with_strides(ag_context *cx) {
  static double data[] = {1, 2, 3, 4, 5, 6};
  const int64_t shape[] = {2, 3}, columns[] = {1, 2}, backwards[] = {-3, -1}, repeated[] = {0, 1};
  int dropped = 0;
  ag_scope scope = ag_scope_enter(cx);
  CHECK_ARRAY(cx, ag_from_buffer(cx, AG_F64, shape, NULL, 2, data, &dropped, count), "2,3", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_from_buffer(cx, AG_F64, shape, columns, 2, data, &dropped, count), "2,3", "1 3 5 2 4 6");
  CHECK_ARRAY(cx, ag_from_buffer(cx, AG_F64, shape, backwards, 2, data + 5, &dropped, count), "2,3", "6 5 4 3 2 1");
  CHECK_ARRAY(cx, ag_from_buffer(cx, AG_F64, shape, repeated, 2, data, &dropped, count), "2,3", "1 2 3 1 2 3");
  ag_array x = ag_from_buffer(cx, AG_F64, shape, columns, 2, data, &dropped, count);
  CHECK(ag_strides(cx, x)[0] == 1 && ag_strides(cx, x)[1] == 2);
  /* every operation takes the strides as they are */
  CHECK_ARRAY(cx, ag_square(cx, x), "2,3", "1 9 25 4 16 36");
  CHECK_ARRAY(cx, ag_sum_axis(cx, x, 0, false), "3", "3 7 11");
  CHECK_ARRAY(cx, ag_dot(cx, x, ag_transpose(cx, x)), "2,2", "35 44 44 56");
  CHECK_ARRAY(cx, ag_index(cx, x, "1, ::-1"), "3", "6 4 2");
  ag_scope_leave(cx, scope);
  CHECK(dropped == 5);
  CHECK_OK(cx);
}

/* A tape that needs a borrowed buffer keeps it until its end. */
static void borrowed_under_a_tape(ag_context *cx) {
  static double data[] = {1, 2, 3};
  const int64_t shape[] = {3};
  int dropped = 0;
  ag_tape tape = ag_tape_begin(cx);
  ag_array w = ag_box(cx, tape, vector_of(cx, "1 1 1"));
  ag_array x = ag_from_buffer(cx, AG_F64, shape, NULL, 1, data, &dropped, count);
  ag_array y = ag_sum(cx, ag_mul(cx, w, x));
  ag_release(cx, x);
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, y, w), "3", "1 2 3");
  ag_tape_end(cx, tape);
  CHECK_OK(cx);
}

/* The destructor runs once whatever happens: also when no array comes about. */
static void dropped_on_failure(void) {
  static double data[] = {1, 2, 3};
  const int64_t shape[] = {3}, negative[] = {-3}, huge[] = {INT64_C(1) << 62, 16};
  int dropped = 0;
  ag_context *cx = ag_context_new();
  ag_from_buffer(cx, 77, shape, NULL, 1, data, &dropped, count);
  CHECK(dropped == 1);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "dtype");
  ag_from_buffer(cx, AG_F64, negative, NULL, 1, data, &dropped, count);
  CHECK(dropped == 2);
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative");
  ag_from_buffer(cx, AG_F64, huge, NULL, 2, data, &dropped, count);
  CHECK(dropped == 3);
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_from_buffer(cx, AG_F64, shape, NULL, 1, NULL, &dropped, count);
  CHECK(dropped == 4);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "data");
  ag_from_buffer(cx, AG_F64, NULL, NULL, 1, data, &dropped, count);
  CHECK(dropped == 5);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "shape");
  ag_raise(cx, AG_ERR_USER, "pending");
  ag_from_buffer(cx, AG_F64, shape, NULL, 1, data, &dropped, count);
  CHECK(dropped == 6);
  CHECK_ERROR(cx, AG_ERR_USER, "pending");
  ag_from_buffer(NULL, AG_F64, shape, NULL, 1, data, &dropped, count);
  CHECK(dropped == 7);
  /* freeing the context frees what is alive; a buffer may have no destructor */
  ag_from_buffer(cx, AG_F64, shape, NULL, 1, data, &dropped, count);
  ag_from_buffer(cx, AG_F64, shape, NULL, 1, data, NULL, NULL);
  CHECK(dropped == 7);
  ag_context_free(cx);
  CHECK(dropped == 8);
}

/* ---- reading ---- */

static void reading(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), t = ag_transpose(cx, x);
  CHECK(ag_ndim(cx, x) == 2 && ag_size(cx, x) == 6);
  CHECK(ag_shape(cx, t)[0] == 3 && ag_shape(cx, t)[1] == 2);
  /* whatever the strides of a view, its data are read row by row */
  const double *data = ag_data_f64(cx, t);
  CHECK(data && data[0] == 1 && data[1] == 4 && data[2] == 2 && data[5] == 6);
  CHECK(ag_data(cx, t) == data);
  double out[7] = {0, 0, 0, 0, 0, 0, -1};
  CHECK(ag_copy_to(cx, t, out, sizeof out) == 6 * sizeof *out);
  CHECK(out[1] == 4 && out[5] == 6 && out[6] == -1);
  CHECK(ag_item(cx, array_of(cx, AG_F64, "1,1", "8")) == 8.0);
  CHECK(ag_item(cx, array_of(cx, AG_BOOL, "", "1")) == 1.0);
  CHECK(ag_item(cx, array_of(cx, AG_I64, "", "-3")) == -3.0);
  CHECK(ag_item(cx, array_of(cx, AG_F32, "", "0.5")) == 0.5);
  double re = 0, im = 0;
  ag_item_complex(cx, array_of(cx, AG_C64, "1", "2 -3"), &re, &im);
  CHECK(re == 2 && im == -3);
  ag_item_complex(cx, ag_scalar(cx, 4.0), &re, &im);
  CHECK(re == 4 && im == 0);
  CHECK_OK(cx);
}

static void changing_the_dtype(ag_context *cx) {
  ag_array x = vector_of(cx, "-1.75 0 2.5");
  CHECK_ARRAY(cx, ag_astype(cx, x, AG_I64), "3", "-1 0 2");
  CHECK_ARRAY(cx, ag_astype(cx, x, AG_BOOL), "3", "1 0 1");
  CHECK_ARRAY(cx, ag_astype(cx, x, AG_F32), "3", "-1.75 0 2.5");
  CHECK_ARRAY(cx, ag_astype(cx, x, AG_C128), "3", "-1.75 0 0 0 2.5 0");
  CHECK_ARRAY(cx, ag_astype(cx, array_of(cx, AG_C128, "1", "3 0"), AG_C64), "1", "3 0");
}

/* NumPy's promotion, as far as the six dtypes go. */
static void promotion(ag_context *cx) {
  static const int32_t dtypes[] = {AG_BOOL, AG_I64, AG_F32, AG_F64, AG_C64, AG_C128};
  static const int32_t sums[6][6] = {
      {AG_BOOL, AG_I64, AG_F32, AG_F64, AG_C64, AG_C128},  {AG_I64, AG_I64, AG_F64, AG_F64, AG_C128, AG_C128},
      {AG_F32, AG_F64, AG_F32, AG_F64, AG_C64, AG_C128},   {AG_F64, AG_F64, AG_F64, AG_F64, AG_C128, AG_C128},
      {AG_C64, AG_C128, AG_C64, AG_C128, AG_C64, AG_C128}, {AG_C128, AG_C128, AG_C128, AG_C128, AG_C128, AG_C128}};
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < 6; k++) {
      ag_array x = array_of(cx, dtypes[i], "1", "1 0"), y = array_of(cx, dtypes[k], "1", "1 0");
      CHECK(ag_dtype(cx, ag_add(cx, x, y)) == sums[i][k]);
    }
  /* a plain number takes the array's precision */
  CHECK(ag_dtype(cx, ag_mul_scalar(cx, array_of(cx, AG_F32, "1", "1"), 0.1)) == AG_F32);
  CHECK(ag_dtype(cx, ag_mul_scalar(cx, array_of(cx, AG_C64, "1", "1 1"), 0.1)) == AG_C64);
  CHECK(ag_dtype(cx, ag_mul_scalar(cx, array_of(cx, AG_I64, "1", "1"), 0.5)) == AG_F64);
  CHECK(ag_dtype(cx, ag_exp(cx, array_of(cx, AG_I64, "1", "1"))) == AG_F64);
  CHECK(ag_dtype(cx, ag_exp(cx, array_of(cx, AG_F32, "1", "1"))) == AG_F32);
  CHECK(ag_dtype(cx, ag_abs(cx, array_of(cx, AG_C64, "1", "3 4"))) == AG_F32);
  CHECK(ag_dtype(cx, ag_sum(cx, array_of(cx, AG_BOOL, "2", "1 1"))) == AG_I64);
  CHECK(ag_dtype(cx, ag_mean(cx, array_of(cx, AG_I64, "2", "1 2"))) == AG_F64);
  CHECK_OK(cx);
}

static void levels(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2");
  CHECK(ag_level(cx, x) == 0);
  ag_tape outer = ag_tape_begin(cx);
  ag_array a = ag_box(cx, outer, x);
  ag_tape inner = ag_tape_begin(cx);
  ag_array b = ag_box(cx, inner, a), y = ag_mul(cx, b, b), plain = ag_value(cx, y);
  CHECK(ag_level(cx, a) == 1);
  CHECK(ag_level(cx, y) == 2);
  CHECK(ag_level(cx, plain) == 0);
  CHECK(strstr(ag_to_string(cx, y), "level") != NULL);
  CHECK_ARRAY(cx, y, "2", "1 4");
  CHECK_ARRAY(cx, plain, "2", "1 4");
  ag_tape_end(cx, inner);
  CHECK(ag_level(cx, y) == 1);
  ag_tape_end(cx, outer);
  CHECK(ag_level(cx, y) == 0);
  CHECK_ARRAY(cx, y, "2", "1 4");
}

/* ---- printing ---- */

static void printing(ag_context *cx) {
  const char *text = ag_to_string(cx, vector_of(cx, "1 2.5 -3"));
  CHECK(text && strstr(text, "2.5") && strstr(text, "-3."));
  text = ag_to_string(cx, array_of(cx, AG_F32, "2,2", "1 2 3 4"));
  CHECK(text && strstr(text, "float32") && strstr(text, "[["));
  text = ag_to_string(cx, array_of(cx, AG_BOOL, "2", "1 0"));
  CHECK(text && strstr(text, "True") && strstr(text, "False"));
  text = ag_to_string(cx, array_of(cx, AG_C128, "1", "1 -2"));
  CHECK(text && strstr(text, "-2.j"));
  text = ag_to_string(cx, ag_arange(cx, AG_I64, 0, 100000, 1));
  CHECK(text && strstr(text, "...") && strstr(text, "99999") && strlen(text) < 2000);
  CHECK(strstr(ag_to_string(cx, ag_scalar(cx, NAN)), "nan") != NULL);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  from_data(cx);
  constants_and_ranges(cx);
  empty_arrays(cx);
  random_numbers(cx);
  borrowed_with_strides(cx);
  borrowed_under_a_tape(cx);
  dropped_on_failure();
  reading(cx);
  changing_the_dtype(cx);
  promotion(cx);
  levels(cx);
  printing(cx);
  return finish(cx);
}
