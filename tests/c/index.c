/* Every kind of index that NumPy has, with its gradient: places named several times add up, others have 0. */
#include "check.h"

typedef struct {
  ag_index_item items[4];
  size_t n;
} index_of;

static ag_array selected(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  const index_of *i = (const index_of *)user;
  (void)nargs;
  return ag_sum(cx, ag_index_items(cx, args[0], i->items, i->n));
}

static ag_array rows(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array row[2];
  (void)nargs, (void)user;
  ag_unstack(cx, args[0], 0, row, 2);
  return ag_sum(cx, ag_mul(cx, row[0], row[1]));
}

static ag_array at_the_largest(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_index_array(cx, ag_ravel(cx, args[0]), ag_argmax(cx, args[0]));
}

static ag_array in_order(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array flat = ag_ravel(cx, args[0]);
  (void)nargs, (void)user;
  return ag_sum(cx, ag_mul(cx, ag_index_array(cx, flat, ag_argsort(cx, flat)), vector_of(cx, "1 2 3 4 5 6")));
}

static ag_array by_itself(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_index_array(cx, args[0], args[0]));
}

static void add(index_of *i, int32_t kind, int64_t start, int64_t stop, int64_t step, ag_array array) {
  ag_index_item *item = &i->items[i->n++];
  memset(item, 0, sizeof *item);
  item->kind = kind;
  item->start = start;
  item->stop = stop;
  item->step = step;
  item->array = array;
}

/* Shape and elements of the selection, and how often each element of x is in it, which is the gradient of its sum. */
#define CHECK_INDEX(shape, elements, counts)                                          \
  do {                                                                                \
    CHECK_ARRAY(cx, ag_index_items(cx, x, i.items, i.n), shape, elements);            \
    CHECK_ARRAY(cx, ag_grad(cx, selected, &i, &x, 1, 0), "2,3", counts);              \
    memset(&i, 0, sizeof i);                                                          \
  } while (0)

int main(void) {
  ag_context *cx = ag_context_new();
  ag_array x = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), no = null_array(), out[2];
  const int64_t none = AG_NONE;
  index_of i;
  memset(&i, 0, sizeof i);

  add(&i, AG_INDEX_INT, -1, 0, 0, no);
  CHECK_INDEX("3", "4 5 6", "0 0 0 1 1 1");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, ag_scalar_int(cx, -1));
  CHECK_INDEX("3", "4 5 6", "0 0 0 1 1 1");
  add(&i, AG_INDEX_SLICE, none, none, none, no);
  add(&i, AG_INDEX_SLICE, none, none, -2, no);
  CHECK_INDEX("2,2", "3 1 6 4", "1 0 1 1 0 1");
  add(&i, AG_INDEX_SLICE, 1, 1, none, no);
  CHECK_INDEX("0,3", "", "0 0 0 0 0 0");
  add(&i, AG_INDEX_NEWAXIS, 0, 0, 0, no);
  add(&i, AG_INDEX_ELLIPSIS, 0, 0, 0, no);
  add(&i, AG_INDEX_INT, 1, 0, 0, no);
  add(&i, AG_INDEX_NEWAXIS, 0, 0, 0, no);
  CHECK_INDEX("1,2,1", "2 5", "0 1 0 0 1 0");

  /* lists, with places named twice; of nothing; beside numbers and slices */
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_I64, "3", "0 1 0"));
  CHECK_INDEX("3,3", "1 2 3 4 5 6 1 2 3", "2 2 2 1 1 1");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_I64, "0", ""));
  CHECK_INDEX("0,3", "", "0 0 0 0 0 0");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, ag_arange(cx, AG_I64, 0, 2, 1));
  add(&i, AG_INDEX_INT, 2, 0, 0, no);
  CHECK_INDEX("2", "3 6", "0 0 1 0 0 1");
  add(&i, AG_INDEX_SLICE, 1, none, none, no);
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_I64, "2,2", "0 0 2 -3"));
  CHECK_INDEX("1,2,2", "4 4 6 4", "0 0 0 3 0 1");

  /* masks: of one axis, of both, of none */
  add(&i, AG_INDEX_SLICE, none, none, none, no);
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_BOOL, "3", "1 0 1"));
  CHECK_INDEX("2,2", "1 3 4 6", "1 0 1 1 0 1");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, ag_greater_scalar(cx, x, 3.5));
  CHECK_INDEX("3", "4 5 6", "0 0 0 1 1 1");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_BOOL, "", "1"));
  CHECK_INDEX("1,2,3", "1 2 3 4 5 6", "1 1 1 1 1 1");
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_BOOL, "", "0"));
  CHECK_INDEX("0,2,3", "", "0 0 0 0 0 0");

  /* what numpy.where(condition) and numpy.ix_ give */
  CHECK(ag_nonzero(cx, ag_mod_scalar(cx, x, 2.0), out));
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, out[0]);
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, out[1]);
  CHECK_INDEX("3", "1 3 5", "1 0 1 0 1 0");
  ag_array lists[2];
  lists[0] = array_of(cx, AG_I64, "3", "1 0 1");
  lists[1] = array_of(cx, AG_BOOL, "3", "0 1 1");
  CHECK(ag_ix(cx, lists, 2, out));
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, out[0]);
  add(&i, AG_INDEX_ARRAY, 0, 0, 0, out[1]);
  CHECK_INDEX("3,2", "5 6 2 3 5 6", "0 1 1 0 2 2");

  /* positions found in the array itself, and a walk over its rows */
  CHECK_ARRAY(cx, ag_grad(cx, at_the_largest, NULL, &x, 1, 0), "2,3", "0 0 0 0 0 1");
  ag_array mixed = array_of(cx, AG_F64, "2,3", "3 1 2 6 5 4");
  CHECK_ARRAY(cx, ag_grad(cx, in_order, NULL, &mixed, 1, 0), "2,3", "3 1 2 6 5 4");
  CHECK_ARRAY(cx, ag_grad(cx, rows, NULL, &x, 1, 0), "2,3", "4 5 6 1 2 3");

  /* integers and booleans are compared with what there is, not with infinities */
  ag_array whole = array_of(cx, AG_I64, "3", "5 -7 2"), untrue = array_of(cx, AG_BOOL, "3", "0 0 0");
  CHECK_ARRAY(cx, ag_index_max(cx, whole, ":2", array_of(cx, AG_I64, "2", "6 -9")), "3", "6 -7 2");
  CHECK_ARRAY(cx, ag_index_min(cx, whole, ":2", array_of(cx, AG_I64, "2", "6 -9")), "3", "5 -9 2");
  ag_index_item often = {AG_INDEX_ARRAY, 0, 0, 0, array_of(cx, AG_I64, "3", "1 1 1")};
  CHECK_ARRAY(cx, ag_index_items_max(cx, untrue, &often, 1, untrue), "3", "0 0 0");

  /* an array that is no position */
  CHECK(is_null(ag_grad(cx, by_itself, NULL, &x, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "");
  CHECK(is_null(ag_index(cx, vector_of(cx, "1 2 3"), "[0, 2]")));
  CHECK_ERROR(cx, AG_ERR_INDEX, "without brackets");
  return finish(cx);
}
