/* Trees: making and reading them, flattening, operators on functions of them, files. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_tree null_tree(void) {
  ag_tree t = {0};
  return t;
}

static ag_tree dict2(ag_context *cx, const char *a, ag_tree x, const char *b, ag_tree y) {
  const char *keys[2];
  ag_tree items[2];
  keys[0] = a, keys[1] = b, items[0] = x, items[1] = y;
  return ag_tree_dict(cx, keys, items, 2);
}

/* {'layers': [{'b': (2), 'w': (3, 2)}, {'b': (1), 'w': (2, 1)}], 'scale': number} */
static ag_tree net(ag_context *cx) {
  static const char *const keys[] = {"w", "b"};
  ag_array first[2], second[2];
  ag_tree layers[2];
  first[0] = array_of(cx, AG_F64, "3,2", "0.1 -0.2 0.3 0.4 -0.5 0.6"), first[1] = vector_of(cx, "0.05 -0.1");
  second[0] = array_of(cx, AG_F64, "2,1", "0.7 -0.8"), second[1] = vector_of(cx, "0.2");
  layers[0] = ag_tree_dict_of(cx, keys, first, 2), layers[1] = ag_tree_dict_of(cx, keys, second, 2);
  return dict2(cx, "scale", ag_tree_leaf(cx, ag_scalar(cx, 1.5)), "layers", ag_tree_list(cx, layers, 2));
}

static double difference(ag_context *cx, ag_array a, ag_array b) {
  CHECK(ag_ndim(cx, a) == ag_ndim(cx, b) && ag_size(cx, a) == ag_size(cx, b));
  return ag_item(cx, ag_max(cx, ag_abs(cx, ag_sub(cx, a, b))));
}

static double tree_difference(ag_context *cx, ag_tree a, ag_tree b) {
  CHECK(*ag_tree_difference(cx, a, b) == 0);
  return difference(cx, ag_tree_flatten(cx, a), ag_tree_flatten(cx, b));
}

static void check_text(const char *got, const char *want, int line) {
  if (got && !strcmp(got, want)) return;
  printf("%s:%d: got\n%s\nexpected\n%s\n", __FILE__, line, got ? got : "(null)", want);
  failures++;
}

static void making_and_reading(ag_context *cx) {
  ag_tree t = net(cx), layers = ag_tree_get(cx, t, "layers"), pair;
  ag_array ends[2];
  CHECK(ag_tree_kind(cx, t) == AG_DICT && ag_tree_kind(cx, layers) == AG_LIST);
  CHECK(ag_tree_length(cx, t) == 2 && ag_tree_length(cx, layers) == 2 && ag_tree_leaf_count(cx, t) == 5);
  CHECK(ag_tree_kind(cx, ag_tree_item(cx, t, -1)) == AG_LEAF && ag_tree_length(cx, ag_tree_item(cx, t, 1)) == 0);
  check_text(ag_tree_key(cx, t, 0), "layers", __LINE__);
  check_text(ag_tree_key(cx, t, 1), "scale", __LINE__);
  check_text(ag_tree_path_at(cx, t, 2), "layers/1/b", __LINE__);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, t, "layers/1/w"), "2,1", "0.7 -0.8");
  CHECK_ARRAY(cx, ag_tree_leaf_at(cx, t, 0), "2", "0.05 -0.1");
  CHECK_ARRAY(cx, ag_tree_array(cx, ag_tree_item(cx, t, 1)), "", "1.5");
  CHECK(ag_tree_has(cx, t, "layers/0/b") && !ag_tree_has(cx, t, "layers/2/b") && !ag_tree_has(cx, t, "scale/0"));
  ends[0] = ag_scalar(cx, 1.0), ends[1] = vector_of(cx, "2 3");
  pair = ag_tree_tuple_of(cx, ends, 2);
  CHECK(ag_tree_kind(cx, pair) == AG_TUPLE && ag_tree_kind(cx, ag_tree_list_of(cx, ends, 2)) == AG_LIST);
  CHECK(ag_tree_kind(cx, ag_tree_tuple(cx, NULL, 0)) == AG_TUPLE && ag_tree_leaf_count(cx, ag_tree_tuple(cx, NULL, 0)) == 0);
  check_text(ag_tree_to_string(cx, dict2(cx, "b", pair, "a", ag_tree_leaf(cx, array_of(cx, AG_F32, "2,2", "1 2 3 4")))),
             "{'a': array([[1., 2.],\n             [3., 4.]], dtype=float32),\n 'b': (array(1., dtype=float64),\n"
             "       array([2., 3.], dtype=float64))}",
             __LINE__);
  CHECK(*ag_tree_difference(cx, t, net(cx)) == 0);
  check_text(ag_tree_difference(cx, t, pair), "at the root: expected a dict with the keys layers, scale, got a tuple of 2",
             __LINE__);
  check_text(ag_tree_difference(cx, layers, ag_tree_list(cx, &pair, 1)),
             "at the root: expected a list of 2, got a list of 1", __LINE__);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, ag_tree_with_leaves(cx, pair, ends, 2)), "3", "1 2 3");
  CHECK_OK(cx);
}

static void wrong_arguments(ag_context *cx) {
  static const char *const same[] = {"a", "a"}, *const slash[] = {"a/b"}, *const empty[] = {""};
  ag_tree t = net(cx), list[2], other;
  ag_array x = ag_scalar(cx, 1.0), bits;
  list[0] = list[1] = t;
  CHECK(ag_tree_dict(cx, same, list, 2).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "\"a\" is there twice");
  CHECK(ag_tree_dict(cx, slash, list, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "a/b");
  CHECK(ag_tree_dict_of(cx, empty, &x, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_dict_of");
  CHECK(ag_tree_dict(cx, NULL, list, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "keys is NULL");
  CHECK(ag_tree_list(cx, NULL, 3).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "items is NULL");
  CHECK(ag_tree_item(cx, t, 2).bits == 0);
  CHECK_ERROR(cx, AG_ERR_INDEX, "index 2 is out of range for a dict with the keys layers, scale");
  CHECK(ag_tree_get(cx, t, "layers/7/w").bits == 0);
  CHECK_ERROR(cx, AG_ERR_INDEX, "no \"7\" of \"layers/7/w\" in a list of 2");
  CHECK(is_null(ag_tree_array_at(cx, t, "layers")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected an array, got a list of 2");
  CHECK(is_null(ag_tree_leaf_at(cx, t, 5)));
  CHECK_ERROR(cx, AG_ERR_INDEX, "leaf 5 is out of range: there are 5");
  CHECK(*ag_tree_key(cx, ag_tree_get(cx, t, "layers"), 0) != 0);
  CHECK_ERROR(cx, AG_ERR_INDEX, "has no key 0");
  CHECK(ag_tree_with_leaves(cx, t, &x, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "expected 5 leaves, got 1");
  CHECK(ag_tree_unflatten(cx, t, x).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "expected a vector of 12 elements, got shape ()");
  CHECK(ag_tree_add(cx, t, ag_tree_get(cx, t, "layers")).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "at the root: expected a dict");
  other = ag_tree_leaf(cx, vector_of(cx, "1 2"));
  CHECK(is_null(ag_tree_dot(cx, other, ag_tree_leaf(cx, x))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "has shape (), expected (2,)");
  /* handles of one type are none of the other */
  bits.bits = t.bits;
  CHECK(is_null(ag_neg(cx, bits)));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "expected a handle of type array, got one of another type");
  other.bits = x.bits;
  CHECK(ag_tree_kind(cx, other) == -1);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "expected a handle of type tree, got one of another type");
  CHECK(ag_tree_kind(cx, null_tree()) == -1);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "null handle");
  for (int i = 0; i < 100; i++) t = ag_tree_list(cx, &t, 1);
  CHECK_ERROR(cx, AG_ERR_VALUE, "64 is the most");
}

static void scopes(ag_context *cx) {
  ag_tree kept, lost, t = net(cx), u = ag_tree_dup(cx, t);
  size_t live = ag_live(cx);
  ag_scope scope = ag_scope_enter(cx);
  lost = net(cx);
  kept = ag_tree_keep(cx, scope, ag_tree_mul_scalar(cx, t, 2.0));
  ag_tree_set(cx, u, kept);
  ag_scope_leave(cx, scope);
  CHECK(ag_live(cx) == live + 1);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, kept, "scale"), "", "3");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, u, "layers/1/b"), "1", "0.4");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, t, "scale"), "", "1.5");
  CHECK(ag_tree_leaf_count(cx, lost) == 0);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale tree handle");
  ag_tree_release(cx, kept);
  ag_tree_release(cx, null_tree());
  CHECK_OK(cx);
  ag_tree_release(cx, kept);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_tree_release");
}

static ag_array hypotenuse(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sqrt(cx, ag_add(cx, ag_square(cx, args[0]), ag_square(cx, args[1])));
}

static ag_array minus(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_neg(cx, args[0]);
}

static ag_array failing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  return ag_raise(cx, AG_ERR_USER + 3, "no leaf");
}

/* one leaf of each inexact dtype and an integer one */
static ag_tree mixed(ag_context *cx) {
  static const char *const keys[] = {"f32", "f64", "c64", "i64"};
  ag_array x[4];
  x[0] = array_of(cx, AG_F32, "2", "1 2"), x[1] = array_of(cx, AG_F64, "1,1", "3");
  x[2] = array_of(cx, AG_C64, "", "4 5"), x[3] = array_of(cx, AG_I64, "2", "6 7");
  return ag_tree_dict_of(cx, keys, x, 4);
}

static void leaf_by_leaf(ag_context *cx) {
  ag_tree t = net(cx), trees[2], back, m = mixed(cx);
  trees[0] = ag_tree_mul_scalar(cx, t, 3.0), trees[1] = ag_tree_mul_scalar(cx, t, 4.0);
  CHECK_CLOSE(ag_item(cx, ag_tree_norm(cx, ag_tree_map(cx, hypotenuse, NULL, trees, 2))),
              5 * ag_item(cx, ag_tree_norm(cx, t)), 1e-14);
  CHECK(tree_difference(cx, ag_tree_map(cx, minus, NULL, trees, 1), ag_tree_sub(cx, t, trees[1])) < 1e-15);
  CHECK(tree_difference(cx, ag_tree_add(cx, t, ag_tree_zeros_like(cx, t)), t) == 0.0);
  CHECK_CLOSE(ag_item(cx, ag_sum(cx, ag_tree_flatten(cx, ag_tree_mul(cx, t, t)))), ag_item(cx, ag_tree_dot(cx, t, t)), 1e-14);
  CHECK(ag_tree_map(cx, failing, NULL, trees, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_USER + 3, "no leaf");
  CHECK(ag_tree_map(cx, NULL, NULL, trees, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_map");
  trees[1] = m;
  CHECK(ag_tree_map(cx, minus, NULL, trees, 2).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "tree 1 has another structure");
  /* flattened in the order of the keys, in the dtype that holds all; back each in its own */
  CHECK(ag_dtype(cx, ag_tree_flatten(cx, m)) == AG_C128);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, m), "6", "4 5 1 0 2 0 3 0 6 0 7 0");
  back = ag_tree_unflatten(cx, m, ag_tree_flatten(cx, m));
  CHECK(tree_difference(cx, m, back) == 0.0);
  for (size_t i = 0; i < 4; i++)
    CHECK(ag_dtype(cx, ag_tree_leaf_at(cx, back, i)) == ag_dtype(cx, ag_tree_leaf_at(cx, m, i)));
  CHECK_ARRAY(cx, ag_tree_flatten(cx, ag_tree_tuple(cx, NULL, 0)), "0", "");
  /* |4 + 5i|^2 and the others */
  CHECK_CLOSE(ag_item(cx, ag_tree_dot(cx, m, m)), 41 + 5 + 9 + 36 + 49, 1e-15);
  CHECK_OK(cx);
}

/* ---- operators ---- */

/* mean of (scale tanh(x w0 + b0) w1 + b1 - y)^2 */
static ag_tree loss(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_tree p = args[0];
  ag_array x = array_of(cx, AG_F64, "4,3", "1 0 -1 0.5 2 1 -1 1 0.3 0 0.2 0.7"), y = array_of(cx, AG_F64, "4,1", "1 0 -1 2");
  ag_array h = ag_add(cx, ag_matmul(cx, x, ag_tree_array_at(cx, p, "layers/0/w")), ag_tree_array_at(cx, p, "layers/0/b"));
  h = ag_mul(cx, ag_tanh(cx, h), ag_tree_array_at(cx, p, "scale"));
  ag_array out = ag_add(cx, ag_matmul(cx, h, ag_tree_array_at(cx, p, "layers/1/w")), ag_tree_array_at(cx, p, "layers/1/b"));
  return ag_tree_leaf(cx, ag_mean(cx, ag_square(cx, ag_sub(cx, out, y))));
}

/* the same as a function of the flattened tree, by way of unflatten */
static ag_array flat_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_tree p = ag_tree_unflatten(cx, *(ag_tree *)user, args[0]);
  return ag_tree_array(cx, loss(cx, &p, 1, NULL));
}

/* (a^2 + b, {'p': a b}) of {'a', 'b'}, two numbers and a vector */
static ag_array turned(ag_context *cx, const ag_array *x, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul_complex(cx, x[0], 0.0, 1.0);
}

static ag_tree several(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  static const char *const key = "p";
  UNUSED;
  ag_array a = ag_tree_array_at(cx, args[0], "a"), b = ag_tree_array_at(cx, args[0], "b");
  ag_tree items[2], product = ag_tree_leaf(cx, ag_mul(cx, a, b));
  items[0] = ag_tree_leaf(cx, ag_add(cx, ag_square(cx, a), ag_sum(cx, b))), items[1] = ag_tree_dict(cx, &key, &product, 1);
  return ag_tree_tuple(cx, items, 2);
}

static ag_tree point(ag_context *cx) {
  return dict2(cx, "a", ag_tree_leaf(cx, ag_scalar(cx, 2.0)), "b", ag_tree_leaf(cx, vector_of(cx, "3 5")));
}

/* sum(x y) z of three trees, leaf by leaf for the first two */
static ag_tree product_of(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  return ag_tree_leaf(cx, ag_mul(cx, ag_tree_dot(cx, args[0], args[1]), ag_tree_array(cx, args[2])));
}

/* |gradient of the loss|^2: a gradient inside a function that is differentiated */
static ag_tree gradient_square(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree g = ag_tree_grad(cx, loss, user, args, nargs, 0);
  return ag_tree_leaf(cx, ag_tree_dot(cx, g, g));
}

/* a checkpointed function inside */
static ag_tree checked_several(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree y = user ? ag_tree_checkpoint(cx, several, NULL, NULL, args, nargs) : several(cx, args, nargs, NULL);
  ag_array p = ag_tree_array_at(cx, y, "1/p");
  return ag_tree_leaf(cx, ag_mul(cx, ag_tree_array_at(cx, y, "0"), ag_sum(cx, ag_square(cx, p))));
}

/* z^3 w of {'w', 'z'} */
static ag_tree holomorphic(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array z = ag_tree_array_at(cx, args[0], "z");
  return ag_tree_leaf(cx, ag_mul(cx, ag_mul(cx, ag_square(cx, z), z), ag_tree_array_at(cx, args[0], "w")));
}

/* rows of a table by the integers in the same tree, times the number of rows */
static ag_tree picked(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array rows = ag_tree_array_at(cx, args[0], "rows");
  CHECK(ag_dtype(cx, rows) == AG_I64);
  return ag_tree_leaf(cx, ag_sum(cx, ag_square(cx, ag_index_array(cx, ag_tree_array_at(cx, args[0], "table"), rows))));
}

static ag_tree failing_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  ag_raise(cx, AG_ERR_USER + 4, "not this tree");
  return null_tree();
}

static ag_tree null_result(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED, (void)cx, (void)args;
  return null_tree();
}

/* a tree made of an argument's handle */
static ag_tree identity(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED, (void)cx;
  return args[0];
}

static void gradients(ag_context *cx) {
  ag_tree t = net(cx), g, gs[3], args[3];
  ag_array flat = ag_tree_flatten(cx, t), value, expected = ag_grad(cx, flat_loss, &t, &flat, 1, 0);
  g = ag_tree_grad(cx, loss, NULL, &t, 1, 0);
  CHECK(*ag_tree_difference(cx, t, g) == 0);
  CHECK(difference(cx, ag_tree_flatten(cx, g), expected) < 1e-15);
  value = ag_tree_value_and_grad(cx, loss, NULL, &t, 1, 0, gs);
  CHECK(ag_item(cx, value) == ag_item(cx, flat_loss(cx, &flat, 1, &t)) && tree_difference(cx, gs[0], g) == 0.0);
  CHECK(ag_tree_check_grads(cx, loss, NULL, &t, 1, 2, 0) == AG_OK);
  /* gradients of gradients, in both ways */
  CHECK(ag_tree_check_grads(cx, gradient_square, NULL, &t, 1, 1, 0) == AG_OK);
  /* several arguments */
  args[0] = point(cx), args[1] = ag_tree_mul_scalar(cx, args[0], 2.0), args[2] = ag_tree_leaf(cx, ag_scalar(cx, 10.0));
  value = ag_tree_value_and_grads(cx, product_of, NULL, args, 3, NULL, 0, gs);
  CHECK_CLOSE(ag_item(cx, value), 10 * 2 * (4 + 9 + 25), 1e-14);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, gs[0]), "3", "40 60 100");
  CHECK_ARRAY(cx, ag_tree_flatten(cx, gs[1]), "3", "20 30 50");
  CHECK_ARRAY(cx, ag_tree_array(cx, gs[2]), "", "76");
  {
    const size_t argnums[] = {2, 0};
    ag_tree_value_and_grads(cx, product_of, NULL, args, 3, argnums, 2, gs);
    CHECK_ARRAY(cx, ag_tree_array(cx, gs[0]), "", "76");
    CHECK_ARRAY(cx, ag_tree_array_at(cx, gs[1], "b"), "2", "60 100");
  }
  CHECK_OK(cx);

  /* integers stay what they are */
  {
    ag_tree rows = ag_tree_leaf(cx, array_of(cx, AG_I64, "2", "1 1"));
    t = dict2(cx, "rows", rows, "table", ag_tree_leaf(cx, vector_of(cx, "1 2 3")));
    g = ag_tree_grad(cx, picked, NULL, &t, 1, 0);
    CHECK_ARRAY(cx, ag_tree_array_at(cx, g, "table"), "3", "0 8 0");
    CHECK(ag_dtype(cx, ag_tree_array_at(cx, g, "rows")) == AG_I64);
    CHECK_ARRAY(cx, ag_tree_array_at(cx, ag_tree_hvp(cx, picked, NULL, &t, 1, 0, t), "table"), "3", "0 8 0");
    CHECK_OK(cx);
  }
  t = point(cx);
  g = ag_tree_grad_and_aux(cx, several, NULL, &t, 1, 0, &value, gs);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, g), "3", "4 1 1");
  CHECK_ARRAY(cx, value, "", "12");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, gs[0], "p"), "2", "6 10");
  CHECK_ARRAY(cx, ag_tree_flatten(cx, ag_tree_elementwise_grad(cx, several, NULL, &t, 1, 0)), "3", "12 3 3");
  g = ag_tree_elementwise_grad(cx, identity, NULL, &t, 1, 0);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, g), "3", "1 1 1");
  t = dict2(cx, "z", ag_tree_leaf(cx, ag_scalar_complex(cx, 1, 2)), "w", ag_tree_leaf(cx, ag_scalar_complex(cx, 0, 1)));
  g = ag_tree_holomorphic_grad(cx, holomorphic, NULL, &t, 1, 0);
  /* z^3 = -11 - 2i and 3 z^2 i = -12 - 9i */
  CHECK_ARRAY(cx, ag_tree_flatten(cx, g), "2", "-11 -2  -12 -9");
  CHECK_OK(cx);

  t = point(cx);
  CHECK(ag_tree_grad(cx, several, NULL, &t, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "this one returned a tuple of 2 with 2 arrays");
  CHECK(ag_tree_grad_and_aux(cx, loss, NULL, &t, 1, 0, NULL, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_INDEX, "no \"layers\"");
  CHECK(ag_tree_grad_and_aux(cx, identity, NULL, &t, 1, 0, NULL, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected a function that returns a tuple");
  CHECK(ag_tree_grad(cx, failing_tree, NULL, &t, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_USER + 4, "not this tree");
  CHECK(ag_tree_grad(cx, null_result, NULL, &t, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "null tree");
  CHECK(ag_tree_grad(cx, NULL, NULL, &t, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_grad: the function f is NULL");
  CHECK(ag_tree_grad(cx, loss, NULL, &t, 1, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum is 1");
  CHECK(ag_tree_check_grads(cx, loss, NULL, &t, 1, 0, 0) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "order is 0");
}

static void products(ag_context *cx) {
  int on = 1;
  ag_tree t = net(cx), v = ag_tree_mul_scalar(cx, t, -0.3), hv, j, h, p = point(cx), y, g;
  ag_array flat = ag_tree_flatten(cx, t), flat_v = ag_tree_flatten(cx, v), bits;
  ag_tape vjp;
  hv = ag_tree_hvp(cx, loss, NULL, &t, 1, 0, v);
  CHECK(difference(cx, ag_tree_flatten(cx, hv), ag_hvp(cx, flat_loss, &t, &flat, 1, 0, flat_v)) < 1e-15);
  h = ag_tree_hessian(cx, loss, NULL, &t, 1, 0);
  CHECK(ag_tree_leaf_count(cx, h) == 25);
  bits = ag_tree_array_at(cx, h, "layers/0/w/layers/1/b");
  CHECK(ag_ndim(cx, bits) == 3 && ag_shape(cx, bits)[0] == 3 && ag_shape(cx, bits)[2] == 1);
  {
    /* rows 2 to 7 and column 8 of the Hessian by the flattened tree: keys are ordered */
    ag_array full = ag_hessian(cx, flat_loss, &t, &flat, 1, 0);
    CHECK(difference(cx, ag_ravel(cx, bits), ag_index(cx, full, "2:8, 8")) < 1e-14);
  }
  j = ag_tree_jacobian(cx, several, NULL, &p, 1, 0);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "0/a"), "", "4");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "0/b"), "2", "1 1");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "1/p/a"), "2", "3 5");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "1/p/b"), "2,2", "2 0 0 2");
  /* a leaf in single precision, and one that is complex */
  {
    ag_tree m = mixed(cx);
    j = ag_tree_jacobian(cx, identity, NULL, &m, 1, 0);
    CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "f32/f32"), "2,2", "1 0 0 1");
    CHECK(ag_dtype(cx, ag_tree_array_at(cx, j, "f32/f32")) == AG_F32);
    CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "c64/c64"), "", "1 0");
    CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "c64/f64"), "1,1", "0 0");
    CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "i64/i64"), "2,2", "0 0 0 0");
  }
  CHECK_OK(cx);
  /* <g, J v> = <J' g, v> */
  v = ag_tree_mul_scalar(cx, p, 0.5);
  ag_tree jv = ag_tree_jvp(cx, several, NULL, &p, 1, 0, v, &y);
  CHECK_ARRAY(cx, ag_tree_flatten(cx, y), "3", "12 6 10");
  CHECK_ARRAY(cx, ag_tree_flatten(cx, jv), "3", "8 6 10");
  CHECK(*ag_tree_difference(cx, y, jv) == 0);
  vjp = ag_tree_make_vjp(cx, several, NULL, &p, 1, 0, &y);
  g = ag_tree_mul_scalar(cx, y, 2.0);
  CHECK_CLOSE(ag_item(cx, ag_tree_dot(cx, ag_tree_vjp(cx, vjp, g), v)), ag_item(cx, ag_tree_dot(cx, g, jv)), 1e-14);
  CHECK(ag_tree_vjp(cx, vjp, p).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the cotangent has another structure");
  CHECK(ag_tree_vjp(cx, vjp, ag_tree_map(cx, turned, NULL, &y, 1)).bits == 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "the cotangent has dtype complex128");
  CHECK(is_null(ag_vjp(cx, vjp, flat)));
  CHECK_ERROR(cx, AG_ERR_TAPE, "use ag_tree_vjp");
  ag_tape_end(cx, vjp);
  vjp = ag_make_vjp(cx, flat_loss, &t, &flat, 1, 0, NULL);
  CHECK(ag_tree_vjp(cx, vjp, p).bits == 0);
  CHECK_ERROR(cx, AG_ERR_TAPE, "use ag_vjp");
  ag_tape_end(cx, vjp);
  CHECK(ag_tree_jvp(cx, several, NULL, &p, 1, 0, y, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the tangent has another structure");
  CHECK(ag_tree_hvp(cx, loss, NULL, &t, 1, 0, p).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_hvp");
  /* checkpoints: nothing changes but what is kept */
  g = ag_tree_grad(cx, checked_several, NULL, &p, 1, 0);
  CHECK(tree_difference(cx, ag_tree_grad(cx, checked_several, &on, &p, 1, 0), g) < 1e-12);
  CHECK(ag_tree_check_grads(cx, checked_several, &on, &p, 1, 2, 0) == AG_OK);
  CHECK(ag_tree_checkpoint(cx, NULL, NULL, NULL, &p, 1).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_checkpoint");
  /* a tape by hand */
  {
    ag_tape tape = ag_tape_begin(cx);
    ag_tree boxed = ag_tree_box(cx, tape, p);
    ag_array xs[2], grads[2], z = ag_tree_array_at(cx, several(cx, &boxed, 1, NULL), "0");
    for (size_t i = 0; i < 2; i++) xs[i] = ag_tree_leaf_at(cx, boxed, i);
    ag_tape_grads(cx, tape, z, xs, 2, grads);
    CHECK_ARRAY(cx, grads[0], "", "4");
    CHECK(ag_level(cx, ag_tree_leaf_at(cx, boxed, 0)) == 1);
    CHECK(ag_level(cx, ag_tree_leaf_at(cx, ag_tree_value(cx, boxed), 0)) == 0);
    CHECK(strstr(ag_tree_to_string(cx, boxed), "level=1") != NULL);
    ag_tape_end(cx, tape);
  }
  CHECK_OK(cx);
}

/* ---- linear maps of arrays, and other results beside a gradient ---- */

static ag_array waves(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_sin(cx, args[0]), ag_sum(cx, args[0]));
}

static ag_array sum_of_waves(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_square(cx, waves(cx, args, nargs, user)));
}

static ag_array conjugate(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_conj(cx, args[0]), args[0]);
}

static int32_t with_aux(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults, void *user) {
  UNUSED, (void)nresults;
  results[1] = ag_exp(cx, args[0]), results[2] = ag_scalar_int(cx, 7);
  results[0] = ag_sum(cx, ag_square(cx, results[1]));
  return user ? AG_ERR_USER + 9 : 0;
}

static void linear_maps(ag_context *cx) {
  ag_array x = vector_of(cx, "0.3 -0.7 1.1"), v = vector_of(cx, "1 2 -1"), y, z, w, results[3];
  ag_tape map = ag_make_jvp(cx, waves, NULL, &x, 1, 0, &y);
  CHECK(difference(cx, y, waves(cx, &x, 1, NULL)) == 0.0);
  for (int i = 0; i < 3; i++, v = ag_mul_scalar(cx, v, -1.5))
    CHECK(difference(cx, ag_vjp(cx, map, v), ag_jvp(cx, waves, NULL, &x, 1, 0, v, NULL)) < 1e-14);
  ag_tape_end(cx, map);
  map = ag_make_hvp(cx, sum_of_waves, NULL, &x, 1, 0, &y);
  CHECK(difference(cx, y, ag_grad(cx, sum_of_waves, NULL, &x, 1, 0)) < 1e-15);
  for (int i = 0; i < 3; i++, v = ag_mul_scalar(cx, v, -1.5))
    CHECK(difference(cx, ag_vjp(cx, map, v), ag_hvp(cx, sum_of_waves, NULL, &x, 1, 0, v)) < 1e-12);
  CHECK(is_null(ag_vjp(cx, map, y = ag_scalar(cx, 1.0))));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "the cotangent has shape (), expected (3,)");
  ag_tape_end(cx, map);
  /* complex, not holomorphic */
  z = array_of(cx, AG_C128, "2", "1 2 -1 0.5"), w = array_of(cx, AG_C128, "2", "0.3 -1 2 1");
  map = ag_make_jvp(cx, conjugate, NULL, &z, 1, 0, NULL);
  CHECK(difference(cx, ag_vjp(cx, map, w), ag_jvp(cx, conjugate, NULL, &z, 1, 0, w, NULL)) < 1e-15);
  ag_tape_end(cx, map);
  CHECK_OK(cx);

  ag_array g = ag_grad_and_aux(cx, with_aux, NULL, &x, 1, 0, 2, results);
  CHECK(difference(cx, g, ag_mul_scalar(cx, ag_exp(cx, ag_mul_scalar(cx, x, 2.0)), 2.0)) < 1e-13);
  CHECK(difference(cx, results[1], ag_exp(cx, x)) == 0.0 && ag_level(cx, results[1]) == 0);
  CHECK_ARRAY(cx, results[2], "", "7");
  CHECK(is_null(ag_grad_and_aux(cx, with_aux, &x, &x, 1, 0, 2, results)));
  CHECK_ERROR(cx, AG_ERR_USER + 9, "failed with code");
  CHECK(is_null(ag_grad_and_aux(cx, NULL, NULL, &x, 1, 0, 2, results)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_grad_and_aux");
  CHECK(is_null(ag_grad_and_aux(cx, with_aux, NULL, &x, 1, 3, 2, results)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum is 3");
  CHECK(ag_make_jvp(cx, NULL, NULL, &x, 1, 0, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_make_jvp");
  CHECK(ag_make_hvp(cx, waves, NULL, &x, 1, 0, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "only scalar functions");
}

/* ---- files ---- */

static void write_bytes(const char *path, const void *bytes, size_t n) {
  FILE *f = fopen(path, "wb");
  CHECK(f != NULL && fwrite(bytes, 1, n, f) == n);
  if (f) fclose(f);
}

static void files(ag_context *cx) {
  static const char *const dtypes[] = {"1 0 1", "-1 2 3", "1.5 -2.5 3.25", "0.1 0.2 0.3", "1 2 3 4 5 6", "1 2 3 4 5 6"};
  const char *npy = NULL;
  ag_tree t, back;
  for (int32_t d = AG_BOOL; d <= AG_C128; d++) {
    ag_array x = array_of(cx, d, "3,1", dtypes[d]), y;
    npy = temporary(".npy");
    ag_save(cx, npy, ag_transpose(cx, x));
    y = ag_load(cx, npy);
    CHECK(ag_dtype(cx, y) == d);
    CHECK_ARRAY(cx, y, "1,3", dtypes[d]);
  }
  ag_save(cx, npy, ag_scalar(cx, 2.5));
  CHECK_ARRAY(cx, ag_load(cx, npy), "", "2.5");
  CHECK(ag_tree_kind(cx, ag_tree_load(cx, npy)) == AG_LEAF);
  CHECK_OK(cx);
  /* damaged in every way that one byte allows: an error or an array */
  {
    unsigned char whole[1024], damaged[1024];
    FILE *f = fopen(npy, "rb");
    size_t n = f ? fread(whole, 1, sizeof whole, f) : 0;
    if (f) fclose(f);
    CHECK(n == 136);
    for (size_t i = 0; i < n; i += 3) {
      write_bytes(npy, whole, i);
      CHECK(is_null(ag_load(cx, npy)));
      CHECK(ag_error(cx) == AG_ERR_FILE);
      ag_error_clear(cx);
      memcpy(damaged, whole, n);
      damaged[i] ^= 0x15;
      write_bytes(npy, damaged, n);
      ag_load(cx, npy);
      CHECK(ag_error(cx) != AG_ERR_PANIC);
      ag_error_clear(cx);
    }
  }
  remove(npy);
  CHECK(is_null(ag_load(cx, npy)));
  CHECK_ERROR(cx, AG_ERR_FILE, "cannot read");
  ag_save(cx, "/nowhere/at/all.npy", ag_scalar(cx, 1.0));
  CHECK_ERROR(cx, AG_ERR_FILE, "cannot write /nowhere/at/all.npy");
  ag_save(cx, NULL, ag_scalar(cx, 1.0));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "path is NULL");

  const char *npz = temporary(".npz");
  t = dict2(cx, "net", net(cx), "mixed", mixed(cx));
  ag_tree_save(cx, npz, t);
  back = ag_tree_load(cx, npz);
  CHECK(tree_difference(cx, t, back) == 0.0);
  CHECK(ag_dtype(cx, ag_tree_array_at(cx, back, "mixed/c64")) == AG_C64);
  CHECK(is_null(ag_load(cx, npz)));
  CHECK_ERROR(cx, AG_ERR_FILE, "use ag_tree_load");
  /* by the paths of another tree: tuples again, in its dtypes */
  {
    ag_array numbers[2];
    ag_tree pair, wrong;
    numbers[0] = vector_of(cx, "1 2"), numbers[1] = ag_scalar(cx, 3.0);
    pair = ag_tree_tuple_of(cx, numbers, 2);
    ag_tree_save(cx, npz, pair);
    CHECK(ag_tree_kind(cx, ag_tree_load(cx, npz)) == AG_LIST);
    numbers[0] = ag_astype(cx, numbers[0], AG_F32);
    back = ag_tree_load_like(cx, npz, ag_tree_tuple_of(cx, numbers, 2));
    CHECK(ag_tree_kind(cx, back) == AG_TUPLE && ag_dtype(cx, ag_tree_leaf_at(cx, back, 0)) == AG_F32);
    CHECK_ARRAY(cx, ag_tree_flatten(cx, back), "3", "1 2 3");
    numbers[0] = vector_of(cx, "1 2 3");
    wrong = ag_tree_tuple_of(cx, numbers, 2);
    CHECK(ag_tree_load_like(cx, npz, wrong).bits == 0);
    CHECK_ERROR(cx, AG_ERR_SHAPE, "0 has shape (2,), expected (3,)");
    CHECK(ag_tree_load_like(cx, npz, t).bits == 0);
    CHECK_ERROR(cx, AG_ERR_FILE, "there is no array mixed/c64");
    numbers[0] = array_of(cx, AG_I64, "2", "1 2");
    CHECK(ag_tree_load_like(cx, npz, ag_tree_tuple_of(cx, numbers, 2)).bits == 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, "0 has dtype float64, expected int64");
  }
  ag_tree_save(cx, npz, ag_tree_leaf(cx, ag_scalar(cx, 4.0)));
  CHECK_ARRAY(cx, ag_tree_array_at(cx, ag_tree_load(cx, npz), "arr_0"), "", "4");
  CHECK_ARRAY(cx, ag_tree_array(cx, ag_tree_load_like(cx, npz, ag_tree_leaf(cx, ag_scalar(cx, 0.0)))), "", "4");
  write_bytes(npz, "PK\3\4 and nothing more", 20);
  CHECK(ag_tree_load(cx, npz).bits == 0);
  CHECK_ERROR(cx, AG_ERR_FILE, "no directory of a ZIP archive");
  remove(npz);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  making_and_reading(cx);
  wrong_arguments(cx);
  scopes(cx);
  leaf_by_leaf(cx);
  gradients(cx);
  products(cx);
  linear_maps(cx);
  files(cx);
  return finish(cx);
}
