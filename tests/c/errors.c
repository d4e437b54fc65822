/* Bad input of every kind: each case gives a code and a message, the process lives, and once the error is cleared the
 * context works as before (CHECK_ERROR tries it every time). */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_array identity(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)cx;
  UNUSED;
  return args[0];
}

static ag_array square(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_square(cx, args[0]);
}

static ag_array sum_of_squares(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_square(cx, args[0]));
}

/* ---- contexts ---- */

static void no_context(void) {
  ag_array x = null_array();
  ag_tape tape;
  ag_scope scope;
  ag_primitive primitive;
  int64_t three = 3;
  double re = 1, im = 1;
  ag_memory_stats stats;
  memset(&stats, 0, sizeof stats);
  stats.struct_size = sizeof stats;
  tape.bits = 0;
  scope.bits = 0;
  primitive.bits = 0;
  ag_primitive_def def = primitive_def("p", identity);
  CHECK(ag_error(NULL) == AG_ERR_CONTEXT);
  CHECK(ag_error_message(NULL) != NULL && strstr(ag_error_message(NULL), "context"));
  ag_error_clear(NULL);
  CHECK(is_null(ag_raise(NULL, AG_ERR_USER, "message")));
  ag_set_error_hook(NULL, NULL, NULL, NULL);
  CHECK(ag_live(NULL) == 0);
  ag_memory(NULL, &stats);
  ag_set_memory_limit(NULL, 1);
  ag_memory_trim(NULL);
  ag_set_threads(NULL, 2);
  ag_threads(NULL);
  ag_set_eager(NULL, true);
  CHECK(!ag_independent(NULL));
  CHECK(ag_scope_enter(NULL).bits == 0);
  ag_scope_leave(NULL, scope);
  CHECK(is_null(ag_keep(NULL, scope, x)));
  ag_set(NULL, x, x);
  CHECK(is_null(ag_dup(NULL, x)));
  ag_release(NULL, x);
  CHECK(is_null(ag_scalar(NULL, 1.0)));
  CHECK(is_null(ag_zeros(NULL, AG_F64, &three, 1)));
  CHECK(ag_ndim(NULL, x) == 0 && ag_size(NULL, x) == 0 && ag_shape(NULL, x)[0] == 0 && ag_strides(NULL, x)[0] == 0);
  CHECK(ag_dtype(NULL, x) == -1);
  CHECK(isnan(ag_item(NULL, x)));
  ag_item_complex(NULL, x, &re, &im);
  CHECK(ag_data(NULL, x) == NULL && ag_data_f64(NULL, x) == NULL && ag_copy_to(NULL, x, &re, sizeof re) == 0);
  ag_to_string(NULL, x);
  CHECK(is_null(ag_add(NULL, x, x)) && is_null(ag_exp(NULL, x)) && is_null(ag_sum(NULL, x)));
  CHECK(is_null(ag_index(NULL, x, "0")));
  CHECK(ag_tape_begin(NULL).bits == 0);
  CHECK(is_null(ag_box(NULL, tape, x)));
  CHECK(is_null(ag_tape_grad(NULL, tape, x, x)));
  ag_tape_end(NULL, tape);
  CHECK(is_null(ag_grad(NULL, identity, NULL, &x, 1, 0)));
  CHECK(ag_check_grads(NULL, identity, NULL, &x, 1, 1, 0) == AG_ERR_CONTEXT);
  CHECK(ag_primitive_new(NULL, &def).bits == 0);
  CHECK(is_null(ag_apply(NULL, primitive, &x, 1)));
  ag_primitive_free(NULL, primitive);
}

/* ---- handles ---- */

static void bad_handles(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2"), stale = vector_of(cx, "3 4");
  ag_release(cx, stale);
  ag_add(cx, x, null_array());
  CHECK_ERROR(cx, AG_ERR_HANDLE, "null");
  ag_add(cx, stale, x);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_release(cx, stale);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_set(cx, stale, x);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_set(cx, x, stale);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_dup(cx, stale);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_release(cx, null_array());
  ag_error_clear(cx); /* whether releasing null is an error or nothing, as with free(NULL), is not promised */

  ag_context *other = ag_context_new();
  ag_array foreign = vector_of(other, "1 2");
  ag_tape foreign_tape = ag_tape_begin(other);
  ag_scope foreign_scope = ag_scope_enter(other);
  ag_add(cx, x, foreign);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "another context");
  ag_release(cx, foreign);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "another context");
  ag_tape_end(cx, foreign_tape);
  CHECK_ERROR(cx, AG_ERR_TAPE, "another context");
  ag_scope_leave(cx, foreign_scope);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "another context");
  CHECK_ARRAY(other, foreign, "2", "1 2");
  ag_context_free(other);
  ag_add(cx, x, foreign);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "");

  /* a tape is no array, an array no primitive */
  ag_tape tape = ag_tape_begin(cx);
  ag_array from_tape;
  from_tape.bits = tape.bits;
  ag_exp(cx, from_tape);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "");
  ag_primitive from_array;
  from_array.bits = x.bits;
  ag_apply(cx, from_array, &x, 1);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "");
  ag_tape_end(cx, tape);

  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 2000; i++) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    ag_array random;
    ag_tape random_tape;
    ag_scope random_scope;
    ag_primitive random_primitive;
    random.bits = i % 2 ? bits : x.bits ^ (bits & (UINT64_C(1) << (i % 64)));
    random_tape.bits = random_scope.bits = random_primitive.bits = bits;
    if (random.bits == x.bits) continue;
    CHECK(is_null(ag_exp(cx, random)));
    CHECK(ag_error(cx) == AG_ERR_HANDLE);
    ag_error_clear(cx);
    ag_tape_end(cx, random_tape);
    CHECK(ag_error(cx) == AG_ERR_TAPE);
    ag_error_clear(cx);
    ag_scope_leave(cx, random_scope);
    CHECK(ag_error(cx) == AG_ERR_SCOPE);
    ag_error_clear(cx);
    ag_apply(cx, random_primitive, &x, 1);
    CHECK(ag_error(cx) == AG_ERR_HANDLE);
    ag_error_clear(cx);
  }
  CHECK_ARRAY(cx, x, "2", "1 2");
}

/* ---- shapes, dtypes, sizes ---- */

static void bad_shapes(ag_context *cx) {
  ag_array v2 = vector_of(cx, "1 2"), v3 = vector_of(cx, "1 2 3"),
           m = array_of(cx, AG_F64, "4,3", "1 2 3 4 5 6 7 8 9 10 11 12");
  ag_array scalar = ag_scalar(cx, 1.0), pair[2];
  const int64_t five[] = {5}, two_unknown[] = {-1, -1}, negative[] = {-2}, two_three[] = {2, 3};
  ag_add(cx, v2, v3);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_add: operands could not be broadcast together with shapes (2,) (3,)");
  ag_where(cx, array_of(cx, AG_BOOL, "4", "1 0 1 0"), v2, v3);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_where");
  ag_dot(cx, m, v2);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_dot: shapes (4, 3) and (2,) not aligned: 3 (dim 1) != 2 (dim 0)");
  ag_matmul(cx, m, scalar);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_matmul");
  ag_inner(cx, v2, v3);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_inner");
  ag_tensordot(cx, m, v2, 1);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tensordot");
  ag_tensordot(cx, m, v3, 2);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tensordot");
  ag_reshape(cx, m, five, 1);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "cannot reshape array of size 12 into shape (5,)");
  ag_reshape(cx, m, two_unknown, 2);
  CHECK_ERROR(cx, AG_ERR_VALUE, "one unknown dimension");
  ag_reshape(cx, m, negative, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative");
  ag_broadcast_to(cx, m, two_three, 2);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_broadcast_to");
  pair[0] = m;
  pair[1] = v3;
  ag_concatenate(cx, pair, 2, 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_concatenate");
  ag_stack(cx, pair, 2, 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "same shape");
  ag_concatenate(cx, pair, 0, 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least one array");
  ag_squeeze_axes(cx, m, two_three, 0);
  CHECK_OK(cx);
  const int64_t first[] = {0};
  ag_squeeze_axes(cx, m, first, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "size not equal to one");
  ag_item(cx, v2);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_item");
  ag_zeros(cx, AG_F64, negative, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative");
}

static void bad_dtypes(ag_context *cx) {
  const int64_t two[] = {2};
  const double data[] = {1, 2};
  ag_array integers = array_of(cx, AG_I64, "2", "1 2"), z = array_of(cx, AG_C128, "2", "1 2 3 4");
  ag_array_new(cx, 6, two, 1, data);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "dtype");
  ag_zeros(cx, -1, two, 1);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "dtype");
  ag_astype(cx, integers, 99);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "dtype");
  CHECK(ag_data_f64(cx, integers) == NULL);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_data_f64");
  ag_random_normal(cx, 1, AG_I64, two, 1, 0.0, 1.0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_random_normal");
  ag_mod(cx, z, z);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_mod");
  ag_index_array(cx, z, ag_scalar(cx, 1.0));
  CHECK_ERROR(cx, AG_ERR_INDEX, "integer");
  /* integers are differentiated as doubles */
  CHECK(ag_dtype(cx, ag_grad(cx, sum_of_squares, NULL, &integers, 1, 0)) == AG_F64);
  CHECK_OK(cx);
}

static ag_array adds_apart(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_add(cx, args[0], vector_of(cx, "1 2 3 4")));
}

/* Errors of functions that consist of others are their own; those of a callback belong to what the callback called. */
static void named_functions(ag_context *cx) {
  ag_array v = vector_of(cx, "1 2 3"), w = vector_of(cx, "1 2"), none = {0};
  CHECK(is_null(ag_clip_arrays(cx, v, w, v)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_clip_arrays: ");
  CHECK(is_null(ag_heaviside(cx, v, w)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_heaviside: ");
  CHECK(is_null(ag_float_power(cx, v, w)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_float_power: ");
  CHECK(!ag_allclose(cx, v, w, 1e-5, 1e-8, false));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_allclose: ");
  CHECK(is_null(ag_degrees(cx, array_of(cx, AG_C128, "1", "1 1"))));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_degrees: ");
  CHECK(is_null(ag_rpow_scalar(cx, none, 2.0)));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_rpow_scalar: ");
  CHECK(is_null(ag_grad(cx, adds_apart, NULL, &v, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_add: ");
}

static void absurd_sizes(ag_context *cx) {
  const int64_t terabytes[] = {INT64_C(1) << 40}, overflow[] = {INT64_C(1) << 31, INT64_C(1) << 31},
                most[] = {INT64_MAX, 2};
  const int64_t empty_but_huge[] = {INT64_MAX, 0, INT64_MAX};
  int64_t many[65];
  for (int i = 0; i < 65; i++) many[i] = 1;
  ag_data(cx, ag_random_uniform(cx, 1, AG_F64, terabytes, 1, 0.0, 1.0));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_data(cx, ag_zeros(cx, AG_F64, overflow, 2));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_data(cx, ag_full(cx, AG_C128, most, 2, 1.0));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_data(cx, ag_zeros(cx, AG_F64, empty_but_huge, 3));
  CHECK(ag_error(cx) == AG_OK || ag_error(cx) == AG_ERR_MEMORY);
  ag_error_clear(cx);
  ag_zeros(cx, AG_F64, many, 65);
  CHECK_ERROR(cx, AG_ERR_VALUE, "64");
  ag_data(cx, ag_eye(cx, AG_F64, INT64_C(1) << 30, INT64_C(1) << 30, 0));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_eye(cx, AG_F64, -1, 2, 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative");
  ag_data(cx, ag_arange(cx, AG_F64, 0.0, 1e18, 1.0));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_arange(cx, AG_F64, 0.0, 1.0, 0.0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "step");
  ag_arange(cx, AG_F64, 0.0, NAN, 1.0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "");
  ag_linspace(cx, 0.0, 1.0, -1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "");
  ag_data(cx, ag_linspace(cx, 0.0, 1.0, INT64_C(1) << 60));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  /* results count as well: an outer product of two vectors that are no size at all themselves */
  const int64_t million[] = {1 << 21};
  ag_array x = ag_zeros(cx, AG_F64, million, 1);
  ag_data(cx, ag_outer(cx, x, x));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
  ag_data(cx, ag_add(cx, ag_expand_dims(cx, x, 0), ag_expand_dims(cx, x, 1)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "");
}

/* ---- axes and indices ---- */

static void bad_axes(ag_context *cx) {
  ag_array m = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6");
  const int64_t twice[] = {0, -2}, twice_and_more[] = {1, 1};
  ag_sum_axis(cx, m, 2, false);
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds for array of dimension 2");
  ag_max_axis(cx, m, -3, false);
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis -3 is out of bounds");
  ag_argmax_axis(cx, m, INT64_MIN, false);
  CHECK_ERROR(cx, AG_ERR_VALUE, "out of bounds");
  ag_sum_axes(cx, m, twice, 2, false);
  CHECK_ERROR(cx, AG_ERR_VALUE, "duplicate");
  ag_transpose_axes(cx, m, twice_and_more, 2);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_transpose_axes");
  ag_transpose_axes(cx, m, twice_and_more, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "axes");
  ag_swapaxes(cx, m, 0, 5);
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 5");
  ag_expand_dims(cx, m, 4);
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 4");
  ag_tensordot_axes(cx, m, m, twice_and_more, twice_and_more, 2);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tensordot_axes");
  ag_max(cx, ag_vector(cx, NULL, 0));
  CHECK_ERROR(cx, AG_ERR_VALUE, "zero-size array");
  ag_argmax(cx, ag_vector(cx, NULL, 0));
  CHECK_ERROR(cx, AG_ERR_VALUE, "empty");
}

static void bad_indices(ag_context *cx) {
  static const char *const texts[] = {"x",       "1,,2",  "1 2",     "- 1",  "1:2:3:4",  "..., ...",
                                      "0, 0, 0", "7",     "-4",      "0, 3", "1.5",      "99999999999999999999",
                                      ":x",      "None:", "0, :, :", "--1",  "\xff\xfe", "1:2:-9223372036854775809"};
  ag_array m = array_of(cx, AG_F64, "3,3", "1 2 3 4 5 6 7 8 9");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    int before = failures;
    ag_index(cx, m, texts[i]);
    CHECK_ERROR(cx, AG_ERR_INDEX, "ag_index");
    if (failures > before) printf("  at \"%s\"\n", texts[i]);
  }
  ag_index(cx, m, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "index");
  ag_index(cx, m, "3");
  CHECK_ERROR(cx, AG_ERR_INDEX, "index 3 is out of bounds for axis 0 with size 3");
  ag_index_set(cx, m, "0", vector_of(cx, "1 2"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_index_set");
  ag_index_add(cx, m, ":, 0", array_of(cx, AG_F64, "2,2", "1 2 3 4"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_index_add");
  ag_index_array(cx, m, array_of(cx, AG_I64, "2", "0 3"));
  CHECK_ERROR(cx, AG_ERR_INDEX, "index 3 is out of bounds");
  ag_index_array(cx, m, array_of(cx, AG_BOOL, "2", "0 1"));
  CHECK_ERROR(cx, AG_ERR_INDEX, "boolean index");
  ag_index_item item;
  memset(&item, 0, sizeof item);
  item.kind = 9;
  ag_index_items(cx, m, &item, 1);
  CHECK_ERROR(cx, AG_ERR_INDEX, "kind");
  item.kind = AG_INDEX_ARRAY;
  ag_index_items(cx, m, &item, 1);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "null");
  item.kind = AG_INDEX_SLICE;
  item.start = item.stop = AG_NONE;
  item.step = 0;
  ag_index_items(cx, m, &item, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "step");
  ag_index(cx, m, "::0");
  CHECK_ERROR(cx, AG_ERR_VALUE, "step");
}

/* ---- NULL where data are needed ---- */

static void missing_arguments(ag_context *cx) {
  const int64_t two[] = {2};
  ag_array x = vector_of(cx, "1 2");
  ag_array_new(cx, AG_F64, two, 1, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "data");
  ag_array_new(cx, AG_F64, NULL, 1, two);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "shape");
  ag_vector(cx, NULL, 3);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "data");
  ag_reshape(cx, x, NULL, 2);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "shape");
  ag_concatenate(cx, NULL, 2, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "arrays");
  ag_copy_to(cx, x, NULL, 16);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "dst");
  char small[8];
  CHECK(ag_copy_to(cx, x, small, sizeof small) == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "16 bytes");
  ag_grad(cx, NULL, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "function");
  ag_grad(cx, square, NULL, NULL, 1, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "args");
  ag_grad(cx, sum_of_squares, NULL, &x, 1, 1);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum");
  ag_value_and_grad(cx, sum_of_squares, NULL, &x, 1, 0, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "gradient");
  ag_primitive_new(cx, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "def");
  ag_memory(cx, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "stats");
  ag_raise(cx, AG_ERR_USER, NULL);
  CHECK_ERROR(cx, AG_ERR_USER, "");
  ag_raise(cx, 0, "no code");
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "code");
  ag_raise(cx, AG_ERR_USER, "bytes that are no text: \xff\xfe");
  CHECK_ERROR(cx, AG_ERR_USER, "bytes that are no text");
  ag_check_grads(cx, sum_of_squares, NULL, &x, 1, 0, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "order");
  ag_check_grads(cx, sum_of_squares, NULL, &x, 1, 1, 64);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "modes");
}

/* ---- derivatives that do not exist ---- */

static ag_array wrong_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)ans, (void)args;
  return ag_mul_scalar(cx, g, 17.0);
}

static ag_array misshapen_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  UNUSED, (void)ans, (void)args, (void)g;
  return vector_of(cx, "1 2 3");
}

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(ag_primitive *)user, args, nargs);
}

/* reads data inside a rule: the second derivative would silently take them for constants */
static ag_array reading_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)ans;
  return ag_mul_scalar(cx, g, 2 * ag_item(cx, args[0]));
}

static void no_derivative(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2"), value, z = ag_scalar_complex(cx, 1.0, 1.0), scalar = ag_scalar(cx, 3.0);
  ag_grad(cx, square, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "scalar");
  ag_grad(cx, square, NULL, &z, 1, 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "holomorphic");
  ag_hvp(cx, sum_of_squares, NULL, &x, 1, 0, vector_of(cx, "1 2 3"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_hvp");
  ag_jvp(cx, square, NULL, &x, 1, 0, scalar, &value);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_jvp");
  /* What is real has no use for an imaginary part. */
  ag_array turned = ag_mul_complex(cx, ag_ones_like(cx, x), 0.0, 1.0);
  CHECK(is_null(ag_jvp(cx, square, NULL, &x, 1, 0, turned, NULL)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_jvp: the tangent has dtype complex128, argument 0 float64: its imaginary part has no use");
  CHECK(is_null(ag_hvp(cx, sum_of_squares, NULL, &x, 1, 0, turned)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_hvp: the tangent has dtype complex128");
  ag_tape vjp = ag_make_vjp(cx, square, NULL, &x, 1, 0, &value);
  ag_vjp(cx, vjp, vector_of(cx, "1 2 3"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_vjp");
  CHECK(is_null(ag_vjp(cx, vjp, turned)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_vjp: the cotangent has dtype complex128, expected float64: its imaginary part has no use");
  ag_tape_end(cx, vjp);
  ag_vjp(cx, vjp, x);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");

  ag_primitive_def def = primitive_def("mistaken", square);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_defvjp(cx, p, 0, wrong_vjp);
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 1, AG_REVERSE) == AG_ERR_CHECK);
  CHECK_ERROR(cx, AG_ERR_CHECK, "ag_check_grads");
  ag_defvjp(cx, p, 0, misshapen_vjp);
  ag_grad(cx, apply, &p, &scalar, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "mistaken");
  ag_defvjp(cx, p, 0, reading_vjp);
  CHECK_ARRAY(cx, ag_grad(cx, apply, &p, &scalar, 1, 0), "", "6");
  ag_hessian(cx, apply, &p, &scalar, 1, 0);
  CHECK_ERROR(cx, AG_ERR_TRACED, "ag_value");
  ag_array two[2];
  ag_apply_multi(cx, p, &x, 1, two, 2);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "nresults");
}

/* ---- callbacks that misbehave ---- */

static ag_array returns_null(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)cx, (void)args;
  return null_array();
}

static ag_array returns_stale(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = ag_exp(cx, args[0]);
  ag_release(cx, y);
  return y;
}

static ag_array returns_foreign(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)cx, (void)args, (void)nargs;
  return *(ag_array *)user;
}

static ag_array raises(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  return ag_raise(cx, AG_ERR_USER + 7, "the bridge is closed");
}

static ag_array leaves_a_scope_open(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_scope_enter(cx);
  return ag_sum(cx, args[0]);
}

static ag_array leaves_a_tape_open(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_tape tape = ag_tape_begin(cx);
  return ag_sum(cx, ag_box(cx, tape, args[0]));
}

static ag_array leaves_the_callers_scope(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_scope_leave(cx, *(ag_scope *)user);
  return ag_sum(cx, args[0]);
}

static ag_array ends_the_callers_tape(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_tape_end(cx, *(ag_tape *)user);
  return ag_sum(cx, args[0]);
}

static ag_array frees_the_context(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_context_free(cx);
  return ag_sum(cx, args[0]);
}

static ag_array releases_its_argument(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = ag_sum(cx, ag_square(cx, args[0]));
  ag_release(cx, args[0]);
  return y;
}

static ag_array clears_the_error(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_dot(cx, args[0], ag_scalar(cx, 1.0));
  ag_add(cx, args[0], vector_of(cx, "1 2 3"));
  ag_error_clear(cx);
  return ag_sum(cx, args[0]);
}

/* recursion without an end: the library says stop before the stack does */
static ag_array differentiates_itself(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_grad(cx, differentiates_itself, user, args, nargs, 0);
}

static void misbehaving_callbacks(ag_context *cx) {
  ag_context *other = ag_context_new();
  ag_array x = vector_of(cx, "1 2"), foreign = ag_scalar(other, 1.0), scalar = ag_scalar(cx, 1.0);
  size_t live = ag_live(cx);
  ag_grad(cx, returns_null, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "null");
  ag_grad(cx, returns_stale, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_grad(cx, returns_foreign, &foreign, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "another context");
  ag_grad(cx, raises, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_USER + 7, "the bridge is closed");
  ag_grad(cx, leaves_a_scope_open, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "open");
  ag_grad(cx, leaves_a_tape_open, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_TAPE, "open");
  ag_scope scope = ag_scope_enter(cx);
  ag_grad(cx, leaves_the_callers_scope, &scope, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "");
  ag_scope_leave(cx, scope);
  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed = ag_box(cx, tape, x);
  ag_grad(cx, ends_the_callers_tape, &tape, &boxed, 1, 0);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_tape_end(cx, tape);
  ag_release(cx, boxed);
  ag_grad(cx, frees_the_context, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_CONTEXT, "callback");
  ag_release(cx, ag_grad(cx, releases_its_argument, NULL, &x, 1, 0));
  ag_error_clear(cx); /* its own copy of the handle or a borrowed one: refused or harmless, never a crash */
  ag_release(cx, ag_grad(cx, clears_the_error, NULL, &x, 1, 0));
  CHECK_OK(cx);
  ag_grad(cx, differentiates_itself, NULL, &scalar, 1, 0);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "deep");
  CHECK_ARRAY(cx, x, "2", "1 2");
  CHECK(ag_live(cx) == live);

  ag_primitive_def def = primitive_def("misbehaving", returns_null);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "misbehaving");
  def = primitive_def("open_ended", leaves_a_scope_open);
  p = ag_primitive_new(cx, &def);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "open_ended");
  ag_context_free(other);
}

/* ---- scopes and tapes ---- */

static void scopes_and_tapes_out_of_order(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2");
  ag_scope scope = ag_scope_enter(cx);
  ag_scope_leave(cx, scope);
  ag_scope_leave(cx, scope);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "already left");
  ag_keep(cx, scope, x);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "");
  ag_scope null_scope;
  null_scope.bits = 0;
  ag_scope_leave(cx, null_scope);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "null");

  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed = ag_box(cx, tape, x), y = ag_sum(cx, boxed);
  ag_tape_grad(cx, tape, y, x);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_tape inner = ag_tape_begin(cx);
  ag_tape_end(cx, inner);
  ag_tape_end(cx, inner);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_tape_end(cx, tape);
  ag_tape_end(cx, tape);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_box(cx, tape, x);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_tape_grad(cx, tape, y, boxed);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
  ag_tape_length(cx, tape);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");

  /* a tape ends with the scope it was begun in */
  scope = ag_scope_enter(cx);
  tape = ag_tape_begin(cx);
  boxed = ag_box(cx, tape, x);
  ag_scope_leave(cx, scope);
  CHECK_OK(cx);
  ag_tape_end(cx, tape);
  CHECK_ERROR(cx, AG_ERR_TAPE, "");
}

int main(void) {
  no_context();
  ag_context *cx = ag_context_new();
  bad_handles(cx);
  bad_shapes(cx);
  bad_dtypes(cx);
  named_functions(cx);
  absurd_sizes(cx);
  bad_axes(cx);
  bad_indices(cx);
  missing_arguments(cx);
  no_derivative(cx);
  misbehaving_callbacks(cx);
  scopes_and_tapes_out_of_order(cx);
  return finish(cx);
}
