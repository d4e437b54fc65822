/* Arrays arranged anew, joined, split and padded; values are NumPy's. */
#include "check.h"

static ag_array square_sum(ag_context *cx, ag_array y) { return ag_sum(cx, ag_mul(cx, y, y)); }

/* ---- order ---- */

static void order(ag_context *cx) {
  static const int64_t zero[] = {0}, last[] = {-1}, both[] = {0, 1}, shifts[] = {1, 1}, reps[] = {2, 1};
  static const int64_t counts[] = {2, 0, 1}, three_two[] = {3, -1}, seven[] = {7}, bad[] = {5};
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), cube = array_of(cx, AG_F64, "1,2,3", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_moveaxis(cx, cube, zero, last, 1), "2,3,1", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_rollaxis(cx, cube, 2, 0), "3,1,2", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_atleast_1d(cx, ag_scalar(cx, 3)), "1", "3");
  CHECK_ARRAY(cx, ag_atleast_2d(cx, vector_of(cx, "1 2")), "1,2", "1 2");
  CHECK_ARRAY(cx, ag_atleast_3d(cx, x), "2,3,1", "1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_matrix_transpose(cx, cube), "1,3,2", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_flip(cx, x), "2,3", "6 5 4 3 2 1");
  CHECK_ARRAY(cx, ag_flip_axis(cx, x, -1), "2,3", "3 2 1 6 5 4");
  CHECK_ARRAY(cx, ag_flip_axes(cx, x, zero, 1), "2,3", "4 5 6 1 2 3");
  CHECK_ARRAY(cx, ag_flip_axes(cx, x, NULL, 0), "2,3", "6 5 4 3 2 1");
  CHECK_ARRAY(cx, ag_flipud(cx, x), "2,3", "4 5 6 1 2 3");
  CHECK_ARRAY(cx, ag_fliplr(cx, x), "2,3", "3 2 1 6 5 4");
  CHECK_ARRAY(cx, ag_rot90(cx, x, 1), "3,2", "3 6 2 5 1 4");
  CHECK_ARRAY(cx, ag_rot90_axes(cx, x, 1, 1, 0), "3,2", "4 1 5 2 6 3");
  CHECK_ARRAY(cx, ag_roll(cx, x, 1), "2,3", "6 1 2 3 4 5");
  CHECK_ARRAY(cx, ag_roll_axis(cx, x, -1, 1), "2,3", "2 3 1 5 6 4");
  CHECK_ARRAY(cx, ag_roll_axes(cx, x, shifts, both, 2), "2,3", "6 4 5 3 1 2");
  CHECK_ARRAY(cx, ag_tile(cx, x, reps, 2), "4,3", "1 2 3 4 5 6 1 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_repeat(cx, vector_of(cx, "1 2"), 2), "4", "1 1 2 2");
  CHECK_ARRAY(cx, ag_repeat_axis(cx, x, 2, 0), "4,3", "1 2 3 1 2 3 4 5 6 4 5 6");
  CHECK_ARRAY(cx, ag_repeat_counts(cx, vector_of(cx, "7 8 9"), counts, 3), "3", "7 7 9");
  CHECK_ARRAY(cx, ag_repeat_counts_axis(cx, x, counts, 3, 1), "2,3", "1 1 3 4 4 6");
  CHECK_ARRAY(cx, ag_reshape_f(cx, x, three_two, 2), "3,2", "1 5 4 3 2 6");
  CHECK_ARRAY(cx, ag_ravel_f(cx, x), "6", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, ag_resize(cx, x, seven, 1), "7", "1 2 3 4 5 6 1");
  CHECK_ARRAY(cx, ag_delete(cx, x, both, 2), "4", "3 4 5 6");
  CHECK_ARRAY(cx, ag_delete_axis(cx, x, last, 1, 1), "2,2", "1 2 4 5");
  CHECK_ARRAY(cx, ag_insert(cx, x, both, 2, vector_of(cx, "8 9")), "8", "8 1 9 2 3 4 5 6");
  CHECK_ARRAY(cx, ag_insert_axis(cx, x, last, 1, ag_scalar(cx, 0.0), 1), "2,4", "1 2 0 3 4 5 0 6");

  CHECK(is_null(ag_moveaxis(cx, x, zero, bad, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_moveaxis: axis 5 is out of bounds for array of dimension 2");
  CHECK(is_null(ag_rollaxis(cx, x, 0, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_rollaxis: 'start' arg requires");
  CHECK(is_null(ag_flipud(cx, ag_scalar(cx, 1.0))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_flipud: Input must be >= 1-d.");
  CHECK(is_null(ag_flip_axis(cx, x, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_flip_axis");
  CHECK(is_null(ag_rot90_axes(cx, x, 1, 0, -2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Axes must be different");
  CHECK(is_null(ag_roll_axes(cx, x, NULL, both, 2)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "shifts is NULL");
  CHECK(is_null(ag_tile(cx, x, last, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "negative");
  CHECK(is_null(ag_repeat(cx, x, INT64_MAX)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "address space");
  CHECK(is_null(ag_repeat_counts_axis(cx, x, counts, 2, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "could not be broadcast");
  CHECK(is_null(ag_reshape_f(cx, x, seven, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_reshape_f: cannot reshape array of size 6 into shape (7,)");
  CHECK(is_null(ag_delete(cx, vector_of(cx, "1 2"), bad, 1)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "index 5 is out of bounds for axis 0 with size 2");
  CHECK(is_null(ag_insert(cx, x, bad, 1, null_array())));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_insert");
  CHECK(is_null(ag_insert_axis(cx, x, both, 2, vector_of(cx, "1 2 3"), 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "could not broadcast input array from shape (3,) into shape (2, 2)");
  CHECK(is_null(ag_matrix_transpose(cx, vector_of(cx, "1"))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least 2-dimensional");
}

/* ---- diagonals ---- */

static void diagonals(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), v = vector_of(cx, "7 8");
  CHECK_ARRAY(cx, ag_diagonal(cx, x), "2", "1 5");
  CHECK_ARRAY(cx, ag_diagonal_axes(cx, x, 1, 0, 1), "2", "2 6");
  CHECK_ARRAY(cx, ag_make_diagonal(cx, v, 0, 0, 1), "2,2", "7 0 0 8");
  CHECK_ARRAY(cx, ag_diag(cx, v, 1), "3,3", "0 7 0 0 0 8 0 0 0");
  CHECK_ARRAY(cx, ag_diag(cx, x, -1), "1", "4");
  CHECK_ARRAY(cx, ag_diagflat(cx, array_of(cx, AG_I64, "1,2", "1 2"), 0), "2,2", "1 0 0 2");
  CHECK_ARRAY(cx, ag_trace(cx, x), "", "6");
  CHECK_ARRAY(cx, ag_trace_axes(cx, x, 1, 1, 0), "", "4");
  CHECK_ARRAY(cx, ag_triu(cx, x, 1), "2,3", "0 2 3 0 0 6");
  CHECK_ARRAY(cx, ag_tril(cx, x, 0), "2,3", "1 0 0 4 5 0");
  CHECK_ARRAY(cx, ag_fill_diagonal(cx, x, v, false), "2,3", "7 2 3 4 8 6");
  CHECK_ARRAY(cx, x, "2,3", "1 2 3 4 5 6");
  CHECK(is_null(ag_diagonal(cx, v)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_diagonal: diag requires an array of at least two dimensions");
  CHECK(is_null(ag_diag(cx, ag_scalar(cx, 1.0), 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Input must be 1- or 2-d");
  CHECK(is_null(ag_make_diagonal(cx, v, 0, 1, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "cannot be the same");
  CHECK(is_null(ag_make_diagonal(cx, v, INT64_MIN, 0, 1)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "address space");
  CHECK_ARRAY(cx, ag_diagonal_axes(cx, x, INT64_MIN, 0, 1), "0", "");
  CHECK_ARRAY(cx, ag_tril(cx, x, INT64_MIN), "2,3", "0 0 0 0 0 0");
  CHECK_ARRAY(cx, ag_tril(cx, x, INT64_MAX), "2,3", "1 2 3 4 5 6");
  CHECK(is_null(ag_triu(cx, ag_scalar(cx, 1.0), 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_triu");
  CHECK(is_null(ag_fill_diagonal(cx, v, v, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least 2-d");
}

/* ---- joining and splitting ---- */

static void joins(ag_context *cx) {
  static const size_t lengths[] = {2, 1}, none[] = {0};
  static const int64_t at[] = {1, 2};
  ag_array u = vector_of(cx, "1 2"), v = vector_of(cx, "3 4"), x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6");
  ag_array pair[3], out[3];
  pair[0] = u;
  pair[1] = v;
  CHECK_ARRAY(cx, ag_vstack(cx, pair, 2), "2,2", "1 2 3 4");
  CHECK_ARRAY(cx, ag_hstack(cx, pair, 2), "4", "1 2 3 4");
  CHECK_ARRAY(cx, ag_dstack(cx, pair, 2), "1,2,2", "1 3 2 4");
  CHECK_ARRAY(cx, ag_column_stack(cx, pair, 2), "2,2", "1 3 2 4");
  CHECK_ARRAY(cx, ag_append(cx, x, u), "8", "1 2 3 4 5 6 1 2");
  CHECK_ARRAY(cx, ag_append_axis(cx, u, v, 0), "4", "1 2 3 4");
  pair[2] = vector_of(cx, "9 8 7 6");
  CHECK_ARRAY(cx, ag_block(cx, pair, lengths, 2), "2,4", "1 2 3 4 9 8 7 6");
  CHECK(ag_split(cx, x, 3, 1, out));
  CHECK_ARRAY(cx, out[1], "2,1", "2 5");
  CHECK(ag_array_split(cx, x, 2, 1, out));
  CHECK_ARRAY(cx, out[0], "2,2", "1 2 4 5");
  CHECK_ARRAY(cx, out[1], "2,1", "3 6");
  CHECK(ag_split_at(cx, x, at, 2, -1, out));
  CHECK_ARRAY(cx, out[2], "2,1", "3 6");
  CHECK(ag_vsplit(cx, x, 2, out));
  CHECK_ARRAY(cx, out[1], "1,3", "4 5 6");
  CHECK(ag_hsplit(cx, x, 3, out));
  CHECK_ARRAY(cx, out[0], "2,1", "1 4");
  CHECK(ag_dsplit(cx, ag_atleast_3d(cx, x), 1, out));
  CHECK_ARRAY(cx, out[0], "2,3,1", "1 2 3 4 5 6");
  CHECK(ag_unstack(cx, x, 0, out, 2));
  CHECK_ARRAY(cx, out[1], "3", "4 5 6");
  pair[1] = array_of(cx, AG_F64, "2,1", "3 4");
  CHECK(ag_broadcast_arrays(cx, pair, 2, out));
  CHECK_ARRAY(cx, out[0], "2,2", "1 2 1 2");
  CHECK_ARRAY(cx, out[1], "2,2", "3 3 4 4");
  pair[1] = vector_of(cx, "3 4 5");
  CHECK(ag_meshgrid(cx, pair, 2, false, false, out));
  CHECK_ARRAY(cx, out[0], "3,2", "1 2 1 2 1 2");
  CHECK(ag_meshgrid(cx, pair, 2, true, true, out));
  CHECK_ARRAY(cx, out[0], "2,1", "1 2");

  CHECK(is_null(ag_vstack(cx, pair, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "need at least one array to concatenate");
  CHECK(is_null(ag_vstack(cx, pair, 2)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_vstack: all the input array dimensions");
  CHECK(is_null(ag_hstack(cx, NULL, 2)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "arrays is NULL");
  CHECK(is_null(ag_block(cx, pair, none, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "List depths are mismatched");
  out[0] = x;
  CHECK(!ag_split(cx, x, 2, 1, out));
  CHECK(is_null(out[0]));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_split: array split does not result in an equal division");
  CHECK(!ag_array_split(cx, x, 0, 0, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "number sections must be larger than 0.");
  CHECK(!ag_array_split(cx, x, INT64_MAX, 0, out));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "more arrays than there can be");
  CHECK(!ag_split(cx, x, 2, 0, NULL));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "out is NULL");
  CHECK(!ag_vsplit(cx, u, 2, out));
  CHECK_ERROR(cx, AG_ERR_VALUE, "vsplit only works on arrays of 2 or more dimensions");
  CHECK(!ag_unstack(cx, x, 0, out, 3));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "there are 2 results, and room for 3");
  CHECK(!ag_broadcast_arrays(cx, pair, 2, out));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "cannot be broadcast to a single shape");
}

/* ---- padding ---- */

static void pads(ag_context *cx) {
  static const int64_t widths[] = {2, 1}, ones[] = {1, 1}, negative[] = {-1, 0};
  static const struct {
    int32_t mode;
    const char *want;
  } modes[] = {{AG_PAD_ZEROS, "0 0 1 3 2 0"},         {AG_PAD_EDGE, "1 1 1 3 2 2"},
               {AG_PAD_MAXIMUM, "3 3 1 3 2 3"},       {AG_PAD_MEAN, "2 2 1 3 2 2"},
               {AG_PAD_MINIMUM, "1 1 1 3 2 1"},       {AG_PAD_REFLECT, "2 3 1 3 2 3"},
               {AG_PAD_REFLECT_ODD, "0 -1 1 3 2 1"},  {AG_PAD_SYMMETRIC, "3 1 1 3 2 2"},
               {AG_PAD_SYMMETRIC_ODD, "-1 1 1 3 2 2"}, {AG_PAD_WRAP, "3 2 1 3 2 1"},
               {AG_PAD_MEDIAN, "2 2 1 3 2 2"}};
  ag_array x = vector_of(cx, "1 3 2");
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    CHECK_ARRAY(cx, ag_pad(cx, x, widths, 1, modes[i].mode), "6", modes[i].want);
  CHECK_ARRAY(cx, ag_pad_statistic(cx, x, widths, 1, AG_PAD_MEAN, ones), "6", "1 1 1 3 2 2");
  CHECK_ARRAY(cx, ag_pad_constant(cx, x, widths, 1, vector_of(cx, "8 9")), "6", "8 8 1 3 2 9");
  CHECK_ARRAY(cx, ag_pad_linear_ramp(cx, x, widths, 1, ag_scalar(cx, 0.0)), "6", "0 0.5 1 3 2 0");
  CHECK(is_null(ag_pad(cx, x, negative, 1, AG_PAD_EDGE)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "index can't contain negative values");
  CHECK(is_null(ag_pad(cx, x, widths, 1, 99)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "mode 99 is not supported");
  CHECK(is_null(ag_pad(cx, x, NULL, 1, AG_PAD_EDGE)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "widths is NULL");
  CHECK(is_null(ag_pad(cx, vector_of(cx, ""), widths, 1, AG_PAD_WRAP)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "can't extend empty axis 0");
  CHECK(is_null(ag_pad_constant(cx, x, widths, 1, vector_of(cx, "1 2 3"))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "(3,) to (1, 2)");
  CHECK(is_null(ag_pad_linear_ramp(cx, x, widths, 1, null_array())));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_pad_linear_ramp");
}

/* ---- spaces ---- */

static void spaces(ag_context *cx) {
  ag_array start = vector_of(cx, "0 1"), stop = vector_of(cx, "1 3"), one = ag_scalar(cx, 1.0);
  CHECK_ARRAY(cx, ag_linspace_arrays(cx, start, stop, 3, true, 0), "3,2", "0 1 0.5 2 1 3");
  CHECK_ARRAY(cx, ag_linspace_arrays(cx, start, stop, 2, false, -1), "2,2", "0 0.5 1 2");
  CHECK_ARRAY(cx, ag_logspace(cx, start, stop, 2, true, 2.0, 1), "2,2", "1 2 2 8");
  CHECK_ARRAY(cx, ag_geomspace(cx, one, ag_scalar(cx, 1000.0), 4, true, 0), "4", "1 10 100 1000");
  CHECK(is_null(ag_linspace_arrays(cx, start, stop, -1, true, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Number of samples, -1, must be non-negative.");
  CHECK(is_null(ag_linspace_arrays(cx, start, stop, INT64_MAX, true, 0)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "address space");
  CHECK(is_null(ag_logspace(cx, start, vector_of(cx, "1 2 3"), 2, true, 2.0, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "broadcast");
  CHECK(is_null(ag_geomspace(cx, start, one, 4, true, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Geometric sequence cannot include zero");
}

/* ---- derivatives through parts of an array ---- */

static ag_array of_parts(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  static const int64_t widths[] = {1, 1};
  ag_array parts[2];
  (void)nargs, (void)user;
  ag_split(cx, args[0], 2, 0, parts);
  ag_array wide = ag_pad(cx, parts[1], widths, 1, AG_PAD_EDGE);
  return ag_add(cx, square_sum(cx, parts[0]), ag_sum(cx, ag_flip(cx, wide)));
}

static void derivatives(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3 4");
  CHECK_ARRAY(cx, ag_grad(cx, of_parts, NULL, &x, 1, 0), "4", "2 4 2 2");
}

int main(void) {
  ag_context *cx = ag_context_new();
  order(cx);
  diagonals(cx);
  joins(cx);
  pads(cx);
  spaces(cx);
  derivatives(cx);
  return finish(cx);
}
