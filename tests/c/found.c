/* What random calls have found (scripts/fuzz_calls), each with others of its kind. */
#include "check.h"

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* The pending error is one of the function `name`; clears it. */
static void check_named(ag_context *cx, const char *name) {
  const char *message = ag_error_message(cx);
  CHECK(ag_error(cx) != AG_OK && ag_error(cx) != AG_ERR_PANIC);
  if (!begins(message, name) || message[strlen(name)] != ':') {
    printf("the error of %s says \"%s\"\n", name, message);
    failures++;
  }
  ag_error_clear(cx);
}

/* ---- what is wrong with a callback is said by the function that it was given to ---- */

static int32_t null_results(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                            void *user) {
  (void)cx, (void)args, (void)nargs, (void)results, (void)nresults, (void)user;
  return 0;
}
static int32_t open_scope(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                          void *user) {
  (void)nargs, (void)user;
  for (size_t i = 0; i < nresults; i++) results[i] = ag_sum(cx, args[0]);
  ag_scope_enter(cx);
  return 0;
}
static ag_array squares(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_square(cx, args[0]));
}
static ag_array tree_squares(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i, (void)user;
  return ag_tree_dot(cx, x, x);
}
static ag_tree tree_function(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_tree_leaf(cx, ag_tree_dot(cx, args[0], args[0]));
}
static int32_t leaves_open(ag_context *cx, const ag_iteration *iteration, void *user) {
  (void)iteration, (void)user;
  ag_scope_enter(cx);
  return 0;
}

static void callbacks_are_named(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3"), results[2];
  ag_grad_and_aux(cx, null_results, NULL, &x, 1, 0, 1, results);
  check_named(cx, "ag_grad_and_aux");
  ag_grad_and_aux(cx, open_scope, NULL, &x, 1, 0, 1, results);
  check_named(cx, "ag_grad_and_aux");

  ag_minimize_options minimize;
  memset(&minimize, 0, sizeof minimize);
  minimize.struct_size = sizeof minimize;
  minimize.callback = leaves_open;
  ag_minimize_lbfgs(cx, squares, NULL, x, null_array(), null_array(), &minimize, NULL);
  check_named(cx, "ag_minimize_lbfgs");
  ag_minimize_newton_cg(cx, squares, NULL, x, &minimize, NULL);
  check_named(cx, "ag_minimize_newton_cg");
  ag_tree t = ag_tree_leaf(cx, x), none;
  none.bits = 0;
  ag_tree_minimize_lbfgs(cx, tree_function, NULL, t, none, none, &minimize, NULL);
  check_named(cx, "ag_tree_minimize_lbfgs");
  ag_tree_minimize_newton_cg(cx, tree_function, NULL, t, &minimize, NULL);
  check_named(cx, "ag_tree_minimize_newton_cg");

  ag_optimizer_options optimize;
  memset(&optimize, 0, sizeof optimize);
  optimize.struct_size = sizeof optimize;
  optimize.num_iters = 2;
  optimize.callback = leaves_open;
  ag_optimize(cx, tree_squares, NULL, t, &optimize, NULL);
  check_named(cx, "ag_optimize");
}

/* ---- memory that runs out in a part of a function is a failure of that function ---- */

static void flattened(ag_context *cx, ag_tree t) { ag_tree_flatten(cx, t); }
static void unflattened(ag_context *cx, ag_tree t) { ag_tree_unflatten(cx, t, ag_zeros_like(cx, ag_tree_flatten(cx, t))); }
static void length(ag_context *cx, ag_tree t) { ag_tree_norm(cx, t); }
static void inner(ag_context *cx, ag_tree t) { ag_tree_dot(cx, t, t); }
static void checked(ag_context *cx, ag_tree t) { ag_tree_check_grads(cx, tree_function, NULL, &t, 1, 2, 0); }
static void slowly_checked(ag_context *cx, ag_tree t) { ag_tree_check_grads_with(cx, tree_function, NULL, &t, 1, NULL); }
static void minimized(ag_context *cx, ag_tree t) { ag_tree_minimize_newton_cg(cx, tree_function, NULL, t, NULL, NULL); }
static void second(ag_context *cx, ag_tree t) { ag_tree_hvp(cx, tree_function, NULL, &t, 1, 0, t); }

static ag_array third(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_tanh(cx, ag_mul(cx, args[0], ag_log(cx, args[0]))));
}
static void told(ag_context *cx, ag_tree t) {
  ag_array x = ag_tree_leaf_at(cx, t, 0);
  ag_grad_to_text(cx, third, NULL, &x, 1, 0, 4);
}

/* A message of an operation that C has a name for. Functions that call others are named by these. */
static void check_some_name(const char *name, const char *message, bool own) {
  static const char *const parts[] = {"ag_:", "ag_scaled", "ag_slice", "scaled", "slice"};
  bool right = own ? begins(message, name) && message[strlen(name)] == ':' : begins(message, "ag_");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) right = right && !begins(message, parts[i]);
  if (right) return;
  printf("%s: \"%s\"\n", name, message);
  failures++;
}

static void parts_are_named(void) {
  static const struct {
    const char *name;
    void (*run)(ag_context *cx, ag_tree t);
    bool own;
  } table[] = {{"ag_tree_flatten", flattened, true},  {"ag_tree_unflatten", unflattened, false},
               {"ag_tree_norm", length, true},        {"ag_tree_dot", inner, true},
               {"ag_tree_check_grads", checked, false}, {"ag_tree_check_grads_with", slowly_checked, false},
               {"ag_tree_minimize_newton_cg", minimized, false}, {"ag_tree_hvp", second, false},
               {"ag_grad_to_text", told, false}};
  for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
    size_t failed = 0;
    for (size_t more = 0; more < (running_slowly() ? 4096 : 16384); more += 64) {
      ag_context *cx = ag_context_new();
      ag_tree items[3];
      items[0] = ag_tree_leaf(cx, vector_of(cx, "1 2 3"));
      items[1] = ag_tree_leaf(cx, ag_astype(cx, array_of(cx, AG_F64, "2,2", "1 2 3 4"), AG_F32));
      items[2] = ag_tree_leaf(cx, ag_scalar(cx, 3.0));
      ag_tree t = ag_tree_tuple(cx, items, 3);
      for (int i = 0; i < 3; i++) ag_data(cx, ag_tree_leaf_at(cx, t, (size_t)i));
      CHECK_OK(cx);
      ag_set_memory_limit(cx, memory_of(cx).reserved + 1 + more);
      table[k].run(cx, t);
      if (ag_error(cx)) failed++, check_some_name(table[k].name, ag_error_message(cx), table[k].own);
      ag_context_free(cx);
    }
    CHECK(failed > 0);
  }
}

/* ---- numbers as large as they can be ---- */

static void large_numbers(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3");
  ag_check_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.seed = UINT64_MAX;
  CHECK(ag_check_grads_with(cx, squares, NULL, &x, 1, &options) == AG_OK);
  CHECK_OK(cx);

  /* a step that leads out of the array at once, whatever it is multiplied by */
  ag_array y = array_of(cx, AG_F64, "2,3", "1 2 3  4 5 6");
  CHECK_ARRAY(cx, ag_index(cx, y, "::4611686018427387904, ::9223372036854775807"), "1,1", "1");
  CHECK_ARRAY(cx, ag_index(cx, y, "::-4611686018427387904, ::-9223372036854775807"), "1,1", "6");
  CHECK_ARRAY(cx, ag_index(cx, y, "1::4611686018427387904"), "1,3", "4 5 6");
  ag_index_item items[2];
  memset(items, 0, sizeof items);
  for (int i = 0; i < 2; i++) {
    items[i].kind = AG_INDEX_SLICE;
    items[i].start = items[i].stop = AG_NONE;
    items[i].step = i ? INT64_MAX : -INT64_MAX;
  }
  CHECK_ARRAY(cx, ag_index_items(cx, y, items, 2), "1,1", "4");
  CHECK_ARRAY(cx, ag_index_items_min(cx, y, items, 2, ag_scalar(cx, -1.0)), "2,3", "1 2 3  -1 5 6");

  /* integers wrap, in every kernel of convolutions */
  const int64_t shape[] = {3}, most[] = {INT64_MAX, INT64_MAX, INT64_MAX};
  ag_array a = ag_array_new(cx, AG_I64, shape, 1, most), twos = array_of(cx, AG_I64, "3", "2 2 2");
  CHECK_ARRAY(cx, ag_convolve(cx, a, array_of(cx, AG_I64, "2", "2 2"), "full"), "4", "-2 -4 -4 -2");
  CHECK_ARRAY(cx, ag_correlate(cx, twos, a, "valid"), "1", "-6");
  CHECK_OK(cx);
}

/* ---- others ---- */

static ag_array fails(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)args, (void)nargs, (void)user;
  return ag_raise(cx, AG_ERR_USER, "not today");
}

static void null_beside_an_error(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "0", "");
  CHECK(is_null(ag_jacobian_forward(cx, fails, NULL, &x, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_USER, "not today");
}

static int32_t kernel(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults, (void)user;
  return 0;
}

static void names_of_primitives(ag_context *cx) {
  ag_primitive_def def = primitive_def("", squares);
  CHECK(ag_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_primitive_new: the name is empty");
  ag_raw_primitive_def raw = raw_primitive_def("", 1, kernel);
  CHECK(ag_raw_primitive_new(cx, &raw).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_raw_primitive_new: the name is empty");
}

/* ---- an anomaly of an operation that C has no name for is one of the function that was called ---- */

/* The tangents of x^2 at 0 are 0, those of its derivative 2x aren't finite; the product is a part of a rule. */
static void anomalies_have_names(ag_context *cx) {
  ag_array xs[] = {ag_scalar(cx, 0.0), vector_of(cx, "0 0")};
  for (size_t k = 0; k < 2; k++) {
    ag_array v = ag_full_like(cx, xs[k], 1.5e308);
    CHECK_OK(cx);
    ag_anomaly_begin(cx, AG_DERIVATIVES_ONLY);
    ag_hvp(cx, squares, NULL, &xs[k], 1, 0, v);
    CHECK(ag_error(cx) == AG_ERR_ANOMALY);
    const char *message = ag_error_message(cx);
    if (!CHECK(begins(message, "ag_") && message[3] != ':')) printf("  %s\n", message);
    ag_error_clear(cx);
    ag_anomaly_end(cx);
  }
}

/* ---- numbers that a rule of the library's records, on a tape that cannot grow ---- */

static ag_array many_steps(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array y = args[0];
  for (int i = 0; i < 60; i++) y = ag_sin(cx, ag_mul(cx, y, args[0]));
  return y;
}
static ag_array slope(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_grad(cx, many_steps, user, args, nargs, 0);
}

static void full_tapes_are_named(void) {
  size_t refused = 0;
  for (size_t limit = 1000; limit < 100000; limit += running_slowly() ? 1500 : 300) {
    ag_context *cx = ag_context_new();
    ag_array x = ag_scalar(cx, 0.5);
    ag_set_memory_limit(cx, limit);
    ag_grad(cx, slope, NULL, &x, 1, 0);
    const char *message = ag_error_message(cx);
    if (ag_error(cx) != AG_OK) {
      refused++;
      CHECK(ag_error(cx) == AG_ERR_MEMORY);
      if (!CHECK(begins(message, "ag_") && message[3] != ':')) printf("  %s\n", message);
    }
    ag_error_clear(cx);
    ag_context_free(cx);
  }
  CHECK(refused > 0);
}

int main(void) {
  ag_context *cx = ag_context_new();
  callbacks_are_named(cx);
  parts_are_named();
  large_numbers(cx);
  null_beside_an_error(cx);
  names_of_primitives(cx);
  anomalies_have_names(cx);
  full_tapes_are_named();
  return finish(cx);
}
