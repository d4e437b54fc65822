/* What bindings of other languages need: handles that are numbers, releases at any time, functions of which nobody knows
 * how many results they have. */
#include "check.h"

#include <pthread.h>

static void handles(ag_context *cx) {
  CHECK(sizeof(ag_array) == 8 && sizeof(ag_tree) == 8 && sizeof(ag_tape) == 8 && sizeof(ag_primitive) == 8);
  CHECK(sizeof(ag_scope) == 8);
  ag_array x = ag_scalar(cx, 1), copy;
  uint64_t bits;
  memcpy(&bits, &x, 8), memcpy(&copy, &bits, 8);
  CHECK(bits != 0 && ag_item(cx, copy) == 1);
  CHECK(ag_is_valid(cx, x) && !ag_is_valid(cx, null_array()) && !ag_is_valid(NULL, x));
  ag_tree t = ag_tree_leaf(cx, x);
  CHECK(ag_tree_is_valid(cx, t));
  ag_array as_array;
  as_array.bits = t.bits;
  CHECK(!ag_is_valid(cx, as_array));
  ag_tree_release(cx, t);
  ag_release(cx, x);
  CHECK(!ag_is_valid(cx, x) && !ag_tree_is_valid(cx, t));
  /* nothing was raised, and it works while something is */
  CHECK_OK(cx);
  ag_array y = ag_scalar(cx, 2);
  ag_raise(cx, AG_ERR_USER, "pending");
  CHECK(ag_is_valid(cx, y) && !ag_is_valid(cx, x));
  CHECK_ERROR(cx, AG_ERR_USER, "pending");
}

typedef struct {
  ag_context *cx;
  ag_array arrays[1000];
  ag_tree tree;
} finalizer;

static void *finalize(void *user) {
  finalizer *f = (finalizer *)user;
  for (int i = 0; i < 1000; i++) ag_release_later(f->cx, f->arrays[i]);
  ag_tree_release_later(f->cx, f->tree);
  ag_release_later(f->cx, null_array());
  return NULL;
}

/* A finalizer on another thread, while this one works. */
static void releases(ag_context *cx) {
  finalizer f;
  f.cx = cx;
  size_t before = ag_live(cx);
  for (int i = 0; i < 1000; i++) f.arrays[i] = ag_scalar(cx, i);
  f.tree = ag_tree_leaf(cx, f.arrays[0]);
  CHECK(ag_live(cx) == before + 1001);
  pthread_t thread;
  pthread_create(&thread, NULL, finalize, &f);
  for (int i = 0; i < 2000; i++) {
    ag_scope scope = ag_scope_enter(cx);
    CHECK(ag_item(cx, ag_add_scalar(cx, ag_scalar(cx, i), 1)) == i + 1);
    ag_scope_leave(cx, scope);
  }
  pthread_join(thread, NULL);
  CHECK(ag_live(cx) == before);
  CHECK(!ag_is_valid(cx, f.arrays[7]));
  /* twice, and void: no error */
  ag_release_later(cx, f.arrays[7]);
  CHECK(ag_live(cx) == before);
  ag_release_later(NULL, f.arrays[7]);
  CHECK_OK(cx);
}

/* ---- as many results as the argument has elements ---- */

static int32_t apart(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                     void *user) {
  (void)nargs, (void)user;
  size_t n = ag_size(cx, args[0]);
  CHECK(nresults == AG_MOST_RESULTS && is_null(results[0]));
  for (size_t i = 0; i < n; i++) {
    char text[8];
    snprintf(text, sizeof text, "%d", (int)i);
    results[i] = ag_square(cx, ag_index(cx, args[0], text));
  }
  return 0;
}

static int32_t apart_vjps(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                          size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  (void)argnums, (void)n, (void)ans, (void)nargs, (void)user;
  grads[0] = ag_mul(cx, ag_stack(cx, gs, nresults, 0), ag_mul_scalar(cx, args[0], 2));
  return 0;
}

static ag_array weighted(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array parts[8], sum = ag_scalar(cx, 0);
  ag_apply_multi(cx, *(ag_primitive *)user, args, nargs, parts, 8);
  for (int i = 0; i < 8 && !is_null(parts[i]); i++) sum = ag_add(cx, sum, ag_mul_scalar(cx, parts[i], i + 1));
  return sum;
}

static int32_t nothing(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                       void *user) {
  (void)cx, (void)args, (void)nargs, (void)results, (void)nresults, (void)user;
  return 0;
}

static void results_found_by_the_call(ag_context *cx) {
  ag_primitive_def def = primitive_def("apart", NULL);
  def.forward_multi = apart, def.vjp_argnums = apart_vjps;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "1 2 3"), parts[4];
  ag_apply_multi(cx, p, &x, 1, parts, 4);
  CHECK_ARRAY(cx, parts[2], "", "9");
  CHECK(is_null(parts[3]));
  CHECK_ARRAY(cx, ag_grad(cx, weighted, &p, &x, 1, 0), "3", "2 8 18");
  CHECK_ARRAY(cx, ag_deriv(cx, weighted, &p, &x, 1, 0), "", "28");
  CHECK(ag_check_grads(cx, weighted, &p, &x, 1, 2, 0) == AG_OK);
  CHECK_OK(cx);
  ag_apply_multi(cx, p, &x, 1, parts, 2);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "room for 2 result(s), the call had 3");
  def.forward_multi = nothing;
  ag_primitive q = ag_primitive_new(cx, &def);
  ag_apply_multi(cx, q, &x, 1, parts, 4);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "null array");
}

/* ---- arrays in, a tree out ---- */

static ag_tree moments(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  CHECK(nargs == 2);
  static const char *const keys[] = {"square", "sum"};
  ag_array parts[2];
  parts[0] = ag_mul(cx, ag_square(cx, args[0]), args[1]), parts[1] = ag_sum(cx, args[0]);
  return ag_tree_dict_of(cx, keys, parts, 2);
}

static ag_tree failing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)args, (void)nargs, (void)user;
  ag_raise(cx, AG_ERR_USER + 2, "no tree");
  return ag_tree_leaf(cx, null_array());
}

static void trees_of_arrays(ag_context *cx) {
  ag_array args[2];
  args[0] = vector_of(cx, "1 2"), args[1] = ag_scalar(cx, 3);
  ag_tree value, tangent = ag_array_tree_jvp(cx, moments, NULL, args, 2, 0, vector_of(cx, "1 -1"), &value);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, value, "square"), "2", "3 12");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, tangent, "square"), "2", "6 -12");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, tangent, "sum"), "", "0");
  ag_tree j = ag_array_tree_jacobian(cx, moments, NULL, args, 2, 0);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "square"), "2,2", "6 0 0 12");
  CHECK_ARRAY(cx, ag_tree_array_at(cx, j, "sum"), "2", "1 1");
  ag_tape vjp = ag_array_tree_make_vjp(cx, moments, NULL, args, 2, 1, &value);
  CHECK_ARRAY(cx, ag_tree_array(cx, ag_tree_vjp(cx, vjp, value)), "", "51");
  ag_tape_end(cx, vjp);
  CHECK_OK(cx);
  ag_array_tree_jacobian(cx, failing, NULL, args, 2, 0);
  CHECK_ERROR(cx, AG_ERR_USER + 2, "in the function given to ag_array_tree_jacobian");
  ag_array_tree_jacobian(cx, NULL, NULL, args, 2, 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "f is NULL");
  ag_array_tree_jvp(cx, moments, NULL, args, 2, 2, args[0], NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum is 2");
}

static ag_tree wrong_square(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = ag_tree_array(cx, args[0]);
  return ag_tree_leaf(cx, ag_add(cx, ag_square(cx, x), ag_value(cx, ag_mul_scalar(cx, x, 0.01))));
}

static void checks_with_options(ag_context *cx) {
  ag_tree t = ag_tree_leaf(cx, vector_of(cx, "1 2"));
  ag_check_options o;
  memset(&o, 0, sizeof o);
  o.struct_size = sizeof o, o.order = 1;
  CHECK(ag_tree_check_grads_with(cx, wrong_square, NULL, &t, 1, &o) == AG_ERR_CHECK);
  ag_error_clear(cx);
  o.rtol = 0.1;
  CHECK(ag_tree_check_grads_with(cx, wrong_square, NULL, &t, 1, &o) == AG_OK);
  o.order = -1;
  CHECK(ag_tree_check_grads_with(cx, wrong_square, NULL, &t, 1, &o) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_check_grads_with: ");
}

/* ---- options of which nothing but the size is set are those of NULL ---- */

static ag_array valley(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_square(cx, ag_sub_scalar(cx, args[0], 3)));
}

static ag_array objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  ag_array leaf = ag_tree_array(cx, x);
  (void)i;
  return valley(cx, &leaf, 1, user);
}

static void empty_options(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2"), none = null_array();
  ag_minimize_options m;
  memset(&m, 0, sizeof m), m.struct_size = sizeof m;
  ag_minimize_result a, b;
  memset(&a, 0, sizeof a), a.struct_size = sizeof a, b = a;
  ag_array y = ag_minimize_lbfgs(cx, valley, NULL, x, none, none, &m, &a);
  ag_array z = ag_minimize_lbfgs(cx, valley, NULL, x, none, none, NULL, &b);
  CHECK_ARRAY_TO(cx, y, "2", "3 3", 1e-5);
  CHECK_ARRAY(cx, ag_sub(cx, y, z), "2", "0 0");
  CHECK(a.iterations == b.iterations && a.evaluations == b.evaluations && a.status == b.status);
  for (int32_t method = AG_SGD; method <= AG_ADAM; method++) {
    ag_optimizer_options o, d;
    memset(&o, 0, sizeof o), o.struct_size = sizeof o, o.method = method;
    ag_optimizer_defaults(cx, method, &d, sizeof d);
    ag_tree t = ag_tree_leaf(cx, x);
    ag_tree one = ag_optimize(cx, objective, NULL, t, &o, NULL), two = ag_optimize(cx, objective, NULL, t, &d, NULL);
    CHECK_ARRAY(cx, ag_sub(cx, ag_tree_array(cx, one), ag_tree_array(cx, two)), "2", "0 0");
  }
  ag_reduce_options r;
  memset(&r, 0, sizeof r), r.struct_size = sizeof r;
  CHECK_ARRAY(cx, ag_sum_with(cx, x, &r), "", "3");
  CHECK_ARRAY(cx, ag_sum_with(cx, x, NULL), "", "3");
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  handles(cx);
  releases(cx);
  results_found_by_the_call(cx);
  trees_of_arrays(cx);
  checks_with_options(cx);
  empty_options(cx);
  return finish(cx);
}
