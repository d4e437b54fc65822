/* Values that cannot be meant are errors, and so is the gradient of a result that has none. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static void no_integers(ag_context *cx) {
  const double none[] = {1e300, -1e300, NAN, INFINITY, -INFINITY, 9223372036854775808.0};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    int64_t shape = 2;
    ag_full(cx, AG_I64, &shape, 1, none[i]);
    CHECK_ERROR(cx, AG_ERR_VALUE, "ag_full: ");
    double x[3];
    x[0] = 1, x[1] = none[i], x[2] = 2;
    ag_astype(cx, ag_vector(cx, x, 3), AG_I64);
    CHECK_ERROR(cx, AG_ERR_VALUE, "is no int64");
    ag_astype(cx, ag_astype(cx, ag_vector(cx, x, 3), AG_F32), AG_I64);
    CHECK_ERROR(cx, AG_ERR_VALUE, "is no int64");
    ag_astype(cx, ag_scalar(cx, none[i]), AG_I64);
    CHECK_ERROR(cx, AG_ERR_VALUE, "is no int64");
    ag_full_like(cx, ag_scalar_int(cx, 3), none[i]);
    CHECK_ERROR(cx, AG_ERR_VALUE, "ag_full_like: ");
  }
  CHECK_ARRAY(cx, ag_astype(cx, vector_of(cx, "-1.5 2.5 1e18 -9223372036854775808"), AG_I64), "4",
              "-1 2 1e18 -9223372036854775808");
  CHECK_ARRAY(cx, ag_full(cx, AG_I64, NULL, 0, -2.5), "", "-2");
  CHECK_OK(cx);

  ag_arange(cx, AG_I64, 9e18, 1e19, 1e17);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_arange: ");
  ag_arange(cx, AG_I64, 0, 1e300, 1e299);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_arange: ");
  ag_arange(cx, AG_I64, -1e19, -9.9e18, 1e17);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_arange: ");
  /* beyond 2^53, where not every whole number is a double */
  ag_array x = ag_arange(cx, AG_I64, 9007199254740992.0, 9007199254740996.0, 1);
  const int64_t *d = (const int64_t *)ag_data(cx, x);
  CHECK(d && ag_size(cx, x) == 4 && d[1] == 9007199254740993 && d[3] == 9007199254740995);
  CHECK_OK(cx);
}

static void no_distributions(ag_context *cx) {
  int64_t n = 4;
  const double bad[][2] = {{0, -1}, {0, NAN}, {NAN, 1}, {INFINITY, 1}, {0, INFINITY}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ag_random_normal(cx, 1, AG_F64, &n, 1, bad[i][0], bad[i][1]);
    CHECK_ERROR(cx, AG_ERR_VALUE, "ag_random_normal: ");
  }
  const double crossed[][2] = {{1, 0}, {NAN, 1}, {0, INFINITY}, {-1e308, 1e308}};
  for (size_t i = 0; i < sizeof crossed / sizeof *crossed; i++) {
    ag_random_uniform(cx, 1, AG_F32, &n, 1, crossed[i][0], crossed[i][1]);
    CHECK_ERROR(cx, AG_ERR_VALUE, "ag_random_uniform: ");
  }
  CHECK_ARRAY(cx, ag_random_normal(cx, 1, AG_F64, &n, 1, 3, 0), "4", "3 3 3 3");
  CHECK_ARRAY(cx, ag_random_uniform(cx, 1, AG_F64, &n, 1, 2, 2), "4", "2 2 2 2");
}

/* ---- rules and functions whose shapes don't fit ---- */

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_apply(cx, *(ag_primitive *)user, args, nargs));
}

static ag_array doubled(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul_scalar(cx, args[0], 2);
}

static ag_array number_rule(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)args, UNUSED;
  return ag_sum(cx, g);
}

static ag_array pair_rule(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)g, (void)ans, (void)args, UNUSED;
  return vector_of(cx, "1 2");
}

static void rules_of_another_shape(ag_context *cx) {
  const ag_vjp_function rules[] = {number_rule, pair_rule};
  ag_array x = vector_of(cx, "1 2 3");
  for (int i = 0; i < 2; i++) {
    ag_primitive_def def = primitive_def("doubled", doubled);
    def.vjps = &rules[i], def.nvjps = 1, def.jvps = (const ag_jvp_function *)&rules[i], def.njvps = 1;
    ag_primitive p = ag_primitive_new(cx, &def);
    ag_grad(cx, apply, &p, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_SHAPE, "doubled: the VJP with respect to argument 0 returned shape (");
    ag_jvp(cx, apply, &p, &x, 1, 0, x, NULL);
    CHECK_ERROR(cx, AG_ERR_SHAPE, "doubled: the JVP returned shape (");
  }
}

/* A checkpointed function that does something else the second time. */
static ag_array fickle(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array y[2];
  y[0] = y[1] = ag_sin(cx, args[0]);
  return ++*(int *)user % 2 ? y[0] : ag_concatenate(cx, y, 2, 0);
}

static ag_array with_checkpoint(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_checkpoint(cx, fickle, user, NULL, args, nargs));
}

static ag_tree fickle_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array y = ag_sin(cx, ag_tree_array(cx, args[0]));
  return ++*(int *)user % 2 ? ag_tree_leaf(cx, y) : ag_tree_tuple_of(cx, &y, 1);
}

static ag_tree with_tree_checkpoint(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree y = ag_tree_checkpoint(cx, fickle_tree, user, NULL, args, nargs);
  return ag_tree_leaf(cx, ag_sum(cx, ag_tree_leaf_at(cx, y, 0)));
}

static void fickle_functions(ag_context *cx) {
  int calls = 0;
  ag_tree t = ag_tree_leaf(cx, vector_of(cx, "1 2 3"));
  ag_tree_grad(cx, with_tree_checkpoint, &calls, &t, 1, 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_checkpoint: called again, the function returned another structure");
  calls = 0;
  ag_array x = vector_of(cx, "1 2 3");
  ag_grad(cx, with_checkpoint, &calls, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "returned shape (6,) instead of (3,)");
  calls = 0;
  ag_jvp(cx, with_checkpoint, &calls, &x, 1, 0, x, NULL);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "returned shape (6,) instead of (3,)");
}

/* ---- results without a derivative ---- */

static ag_array without(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array x = ag_sum(cx, args[0]);
  switch (*(int *)user) {
    case 0: return ag_greater_scalar(cx, x, 0);
    case 1: return ag_astype(cx, x, AG_I64);
    default: return ag_argmax(cx, args[0]);
  }
}

static ag_tree without_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x = ag_tree_array(cx, args[0]);
  return ag_tree_leaf(cx, without(cx, &x, nargs, user));
}

static void results_without_a_derivative(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3"), y, g;
  ag_tree t = ag_tree_leaf(cx, x);
  for (int kind = 0; kind < 3; kind++) {
    const char *part = "floating or complex results have a derivative";
    ag_grad(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_value_and_grad(cx, without, &kind, &x, 1, 0, &g);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_elementwise_grad(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_jacobian(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_jacobian_forward(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_hessian(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_hvp(cx, without, &kind, &x, 1, 0, x);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tensor_jacobian_product(cx, without, &kind, &x, 1, 0, ag_scalar(cx, 1));
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_jvp(cx, without, &kind, &x, 1, 0, x, &y);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_deriv(cx, without, &kind, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_make_vjp(cx, without, &kind, &x, 1, 0, &y);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_make_jvp(cx, without, &kind, &x, 1, 0, &y);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_minimize_lbfgs(cx, without, &kind, x, null_array(), null_array(), NULL, NULL);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tree_grad(cx, without_tree, &kind, &t, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tree_jacobian(cx, without_tree, &kind, &t, 1, 0);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tree_jvp(cx, without_tree, &kind, &t, 1, 0, t, NULL);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tape tape = ag_tape_begin(cx);
    ag_array boxed = ag_box(cx, tape, x);
    ag_tape_grad(cx, tape, without(cx, &boxed, 1, &kind), boxed);
    CHECK_ERROR(cx, AG_ERR_DTYPE, part);
    ag_tape_end(cx, tape);
  }
}

int main(void) {
  ag_context *cx = ag_context_new();
  no_integers(cx);
  no_distributions(cx);
  rules_of_another_shape(cx);
  fickle_functions(cx);
  results_without_a_derivative(cx);
  return finish(cx);
}
