/* What docs/from-python.md promises about Python's forms that look different in C. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_array half_square(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul_scalar(cx, ag_sum(cx, ag_square(cx, args[0])), 0.5);
}

/* grad_and_aux: what else is wanted goes out through user. */
static ag_array with_aux(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array y = ag_square(cx, args[0]);
  (void)nargs;
  ag_set(cx, *(ag_array *)user, ag_value(cx, y));
  return ag_sum(cx, y);
}

static ag_array set_twice(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array y = ag_index_items_set(cx, ag_zeros_like(cx, args[0]), (const ag_index_item *)user, 1, args[0]);
  (void)nargs;
  return ag_sum(cx, ag_mul(cx, y, vector_of(cx, "5 7")));
}

static ag_array filled(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  static const int64_t shape[] = {2, 3};
  UNUSED;
  return ag_sum(cx, ag_broadcast_to(cx, args[0], shape, 2));
}

static ag_array f32_sum(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul_scalar(cx, ag_sin(cx, args[0]), 2.5));
}

static ag_array norm(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sqrt(cx, ag_sum(cx, ag_square(cx, args[0])));
}

static ag_array ends(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array pair[2];
  UNUSED;
  pair[0] = ag_mul(cx, ag_index(cx, args[0], "0"), ag_index(cx, args[0], "-1"));
  pair[1] = ag_sum(cx, args[0]);
  return ag_stack(cx, pair, 2, 0);
}

static ag_array growing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_index_items(cx, args[0], (const ag_index_item *)user, ag_item(cx, ag_sum(cx, args[0])) > 4 ? 1 : 0);
}

static ag_array failing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)args, UNUSED;
  return ag_raise(cx, AG_ERR_USER, "no result");
}

/* along the axis that user points at */
static ag_array norms(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_apply_along_axis(cx, norm, NULL, args[0], *(const int64_t *)user);
}

static ag_array ends_of_lines(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_apply_along_axis(cx, ends, NULL, args[0], *(const int64_t *)user);
}

static void along_an_axis(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 2 4 5 6");
  int64_t axis;
  CHECK_ARRAY(cx, ag_apply_along_axis(cx, norm, NULL, x, 0), "3", "5 5.0990195135927845 6.324555320336759");
  CHECK_ARRAY(cx, ag_apply_along_axis(cx, ends, NULL, x, 1), "2,2", "6 6 24 15");
  CHECK_ARRAY(cx, ag_apply_along_axis(cx, ends, NULL, x, -2), "2,3", "12 5 12 7 6 8");
  CHECK_ARRAY(cx, ag_apply_along_axis(cx, ends, NULL, array_of(cx, AG_F64, "1,2,2", "1 2 3 4"), 1), "1,2,2", "3 8 4 6");
  for (axis = 0; axis < 2; axis++) {
    CHECK(ag_check_grads(cx, norms, &axis, &x, 1, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
    CHECK(ag_check_grads(cx, ends_of_lines, &axis, &x, 1, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
  }
  CHECK(is_null(ag_apply_along_axis(cx, norm, NULL, x, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_apply_along_axis: axis 2 is out of bounds for array of dimension 2");
  CHECK(is_null(ag_apply_along_axis(cx, NULL, NULL, x, 0)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_apply_along_axis: the function f is NULL");
  CHECK(is_null(ag_apply_along_axis(cx, norm, NULL, array_of(cx, AG_F64, "0,3", ""), 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Cannot apply_along_axis when any iteration dimensions are 0");
  CHECK(is_null(ag_apply_along_axis(cx, failing, NULL, x, 0)));
  CHECK_ERROR(cx, AG_ERR_USER, "no result");
  ag_index_item first;
  memset(&first, 0, sizeof first);
  first.kind = AG_INDEX_INT;
  CHECK(is_null(ag_apply_along_axis(cx, growing, &first, ag_index(cx, x, "::, :2"), 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "the results of the function have shapes (2,) and ()");
}

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array x = vector_of(cx, "0.5 -2"), v = vector_of(cx, "3 0.25"), y;

  /* grad_and_aux */
  ag_array aux = ag_scalar(cx, 0.0);
  CHECK_ARRAY(cx, ag_grad(cx, with_aux, &aux, &x, 1, 0), "2", "1 -4");
  CHECK_ARRAY(cx, aux, "2", "0.25 4");
  CHECK(ag_level(cx, aux) == 0);

  /* of two values for one place the last one stays, and gets the derivative */
  ag_index_item place;
  memset(&place, 0, sizeof place);
  place.kind = AG_INDEX_ARRAY;
  place.array = array_of(cx, AG_I64, "2", "1 1");
  CHECK_ARRAY(cx, ag_grad(cx, set_twice, &place, &x, 1, 0), "2", "0 7");
  /* np.full */
  y = ag_scalar(cx, 2.0);
  CHECK_ARRAY(cx, ag_grad(cx, filled, NULL, &y, 1, 0), "", "6");

  /* dtypes */
  ag_array single = ag_astype(cx, x, AG_F32), whole = array_of(cx, AG_I64, "2", "1 2"), truth = array_of(cx, AG_BOOL, "2", "1 0");
  CHECK(ag_dtype(cx, ag_grad(cx, f32_sum, NULL, &single, 1, 0)) == AG_F32);
  CHECK(ag_dtype(cx, ag_mul_scalar(cx, single, 0.1)) == AG_F32);
  CHECK(ag_dtype(cx, ag_add(cx, single, whole)) == AG_F64);
  CHECK(ag_dtype(cx, ag_sin(cx, whole)) == AG_F64);
  CHECK(ag_dtype(cx, ag_sin(cx, truth)) == AG_F64);
  CHECK(ag_dtype(cx, ag_sum(cx, truth)) == AG_I64);
  CHECK_ARRAY(cx, ag_grad(cx, half_square, NULL, &whole, 1, 0), "2", "1 2");

  /* signs of remainders; bounds that are none; flattened sorts; conjugated vectors; flat crosses */
  CHECK_ARRAY(cx, ag_mod(cx, vector_of(cx, "5 -5"), vector_of(cx, "-3 3")), "2", "-1 1");
  CHECK_ARRAY(cx, ag_fmod(cx, vector_of(cx, "5 -5"), vector_of(cx, "-3 3")), "2", "2 -2");
  CHECK_ARRAY(cx, ag_clip(cx, x, -INFINITY, 0.0), "2", "0 -2");
  CHECK_ARRAY(cx, ag_sort(cx, array_of(cx, AG_F64, "2,2", "4 1 3 2")), "4", "1 2 3 4");
  CHECK_ARRAY(cx, ag_sort_axis(cx, array_of(cx, AG_F64, "2,2", "4 1 3 2"), -1), "2,2", "1 4 2 3");
  ag_array i = ag_atleast_1d(cx, ag_scalar_complex(cx, 0.0, 1.0)), one = ag_ones_like(cx, i);
  CHECK_ARRAY(cx, ag_vecmat(cx, i, ag_expand_dims(cx, one, 1)), "1", "0 -1");
  CHECK_ARRAY(cx, ag_matvec(cx, ag_expand_dims(cx, i, 1), one), "1", "0 1");
  CHECK_ARRAY(cx, ag_cross(cx, x, v), "", "6.125");
  CHECK_ARRAY(cx, ag_polymul(cx, vector_of(cx, "0 1"), vector_of(cx, "1 1")), "3", "0 1 1");

  /* the tape of the guide */
  ag_array a = array_of(cx, AG_F64, "2,2", "1 2 3 4"), w0 = vector_of(cx, "1 -1"), b = vector_of(cx, "0.5 1");
  ag_tape t = ag_tape_begin(cx);
  ag_array w = ag_box(cx, t, w0);
  ag_array rest = ag_sub(cx, ag_matmul(cx, a, w), b);
  ag_array loss = ag_sum(cx, ag_square(cx, rest));
  CHECK_ARRAY(cx, ag_tape_grad(cx, t, loss, w), "2", "-15 -22");
  CHECK_ARRAY(cx, ag_tape_grad(cx, t, loss, rest), "2", "-3 -4");
  ag_tape_end(cx, t);

  along_an_axis(cx);
  return finish(cx);
}
