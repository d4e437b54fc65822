/* Freeing a context inside of anything that it has called is refused, whatever that is, and the context stays whole. What a
 * `drop` or a hook does otherwise leaves one truth, too. */
#include "check.h"

/* The context that callbacks try to free, and how often they did. */
static ag_context *current;
static size_t tries;

static void try_to_free(void) {
  tries++;
  ag_context_free(current);
}

/* ---- callbacks of every kind ---- */

static ag_array function(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  try_to_free();
  return ag_mul(cx, args[0], args[0]);
}

static ag_array step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  (void)i;
  return function(cx, args, nargs, user);
}

static ag_tree tree_function(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  try_to_free();
  return ag_tree_leaf(cx, ag_square(cx, ag_tree_array(cx, args[0])));
}

static ag_array objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i, (void)user;
  try_to_free();
  return ag_square(cx, ag_tree_array(cx, x));
}

static int32_t iterated(ag_context *cx, const ag_iteration *iteration, void *user) {
  (void)cx, (void)iteration, (void)user;
  try_to_free();
  return 0;
}

static ag_array quiet(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_square(cx, args[0]);
}

static ag_array rule(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)args, (void)nargs, (void)user;
  try_to_free();
  return ag_neg(cx, g);
}

static int32_t vjp_argnums(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                           size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  (void)cx, (void)argnums, (void)n, (void)ans, (void)nresults, (void)args, (void)nargs, (void)user;
  try_to_free();
  grads[0] = gs[0];
  return 0;
}

static int32_t jvp_argnums(ag_context *cx, const size_t *argnums, const ag_array *tangents, size_t n, const ag_array *ans,
                           size_t nresults, const ag_array *args, size_t nargs, ag_array *out, void *user) {
  (void)cx, (void)argnums, (void)n, (void)ans, (void)nresults, (void)args, (void)nargs, (void)user;
  try_to_free();
  out[0] = tangents[0];
  return 0;
}

static int32_t multi(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults;
  results[0] = function(cx, args, nargs, user);
  return 0;
}

static int32_t kernel(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  try_to_free();
  memcpy(results[0].data, args[0].data, sizeof(double));
  return 0;
}

static int32_t quiet_kernel(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  memcpy(results[0].data, args[0].data, sizeof(double));
  return 0;
}

static int32_t layout(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults, (void)user;
  try_to_free();
  memset(&results[0], 0, sizeof results[0]);
  results[0].dtype = args[0].dtype;
  return 0;
}

static void dropped(void *user) {
  (void)user;
  try_to_free();
}

/* ---- what calls them ---- */

static ag_array x_of(ag_context *cx) { return ag_scalar(cx, 1.5); }

static void in_grad(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_grad(cx, function, NULL, &x, 1, 0);
}

static void in_jacobian(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3");
  ag_jacobian(cx, function, NULL, &x, 1, 0);
}

static void in_make_vjp(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_make_vjp(cx, function, NULL, &x, 1, 0, NULL);
}

static void in_check(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_check_grads(cx, function, NULL, &x, 1, 1, 0);
}

static void in_along(ag_context *cx) { ag_apply_along_axis(cx, function, NULL, vector_of(cx, "1 2"), 0); }

static void in_fromfunction(ag_context *cx) {
  const int64_t shape[] = {2};
  ag_fromfunction(cx, function, NULL, shape, 1, AG_F64);
}

static void in_checkpoint(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_checkpoint(cx, function, NULL, NULL, &x, 1);
}

static void in_loop(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_checkpoint_loop(cx, step, NULL, NULL, &x, 1, 3);
}

static void in_fixed_point(ag_context *cx) {
  ag_array args[2];
  args[0] = args[1] = ag_scalar(cx, 0.1);
  ag_fixed_point(cx, function, NULL, NULL, args, 2, NULL);
}

static void in_root(ag_context *cx) {
  ag_array args[2];
  args[0] = args[1] = vector_of(cx, "0.1");
  ag_root(cx, function, NULL, NULL, args, 2, NULL);
}

static void in_odeint(ag_context *cx) {
  ag_odeint(cx, function, NULL, NULL, vector_of(cx, "0.1"), vector_of(cx, "0 1"), NULL, 0, NULL);
}

static void in_tree_grad(ag_context *cx) {
  ag_tree x = ag_tree_leaf(cx, x_of(cx));
  ag_tree_grad(cx, tree_function, NULL, &x, 1, 0);
}

static void in_lbfgs(ag_context *cx) {
  ag_array null = null_array();
  ag_minimize_lbfgs(cx, function, NULL, x_of(cx), null, null, NULL, NULL);
}

static void in_progress(ag_context *cx) {
  ag_array null = null_array();
  ag_minimize_options o;
  memset(&o, 0, sizeof o);
  o.struct_size = sizeof o;
  o.callback = iterated;
  ag_minimize_lbfgs(cx, quiet, NULL, x_of(cx), null, null, &o, NULL);
}

static void optimize(ag_context *cx, ag_objective f, ag_iteration_function callback) {
  ag_optimizer_options o;
  memset(&o, 0, sizeof o);
  o.struct_size = sizeof o;
  o.num_iters = 2;
  o.callback = callback;
  ag_optimize(cx, f, NULL, ag_tree_leaf(cx, x_of(cx)), &o, NULL);
}

static ag_array quiet_objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i, (void)user;
  return ag_square(cx, ag_tree_array(cx, x));
}

static void in_objective(ag_context *cx) { optimize(cx, objective, NULL); }
static void in_iteration(ag_context *cx) { optimize(cx, quiet_objective, iterated); }

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(const ag_primitive *)user, args, nargs);
}

static void derive(ag_context *cx, ag_primitive p) {
  ag_array x = x_of(cx), tangent = ag_scalar(cx, 1.0), value;
  ag_grad(cx, apply, &p, &x, 1, 0);
  ag_jvp(cx, apply, &p, &x, 1, 0, tangent, &value);
}

static void in_forward(ag_context *cx) {
  ag_primitive_def def = primitive_def("forward", function);
  ag_array x = x_of(cx);
  ag_apply(cx, ag_primitive_new(cx, &def), &x, 1);
}

static void in_multi(ag_context *cx) {
  ag_primitive_def def = primitive_def("multi", NULL);
  def.forward_multi = multi;
  def.nresults = 1;
  ag_array x = x_of(cx), y;
  ag_apply_multi(cx, ag_primitive_new(cx, &def), &x, 1, &y, 1);
}

static void in_vjp(ag_context *cx) {
  const ag_vjp_function vjps[] = {rule};
  ag_primitive_def def = primitive_def("vjp", quiet);
  def.vjps = vjps, def.nvjps = 1;
  derive(cx, ag_primitive_new(cx, &def));
}

static void in_jvp(ag_context *cx) {
  const ag_jvp_function jvps[] = {rule};
  ag_primitive_def def = primitive_def("jvp", quiet);
  def.jvps = jvps, def.njvps = 1;
  ag_array x = x_of(cx), tangent = ag_scalar(cx, 1.0), value;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_jvp(cx, apply, &p, &x, 1, 0, tangent, &value);
}

static void in_vjp_argnums(ag_context *cx) {
  ag_primitive_def def = primitive_def("argnums", quiet);
  def.vjp_argnums = vjp_argnums;
  derive(cx, ag_primitive_new(cx, &def));
}

static void in_jvp_argnums(ag_context *cx) {
  ag_primitive_def def = primitive_def("argnums", quiet);
  def.jvp_argnums = jvp_argnums;
  ag_array x = x_of(cx), tangent = ag_scalar(cx, 1.0), value;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_jvp(cx, apply, &p, &x, 1, 0, tangent, &value);
}

static void in_kernel(ag_context *cx) {
  ag_raw_primitive_def def = raw_primitive_def("kernel", 1, kernel);
  ag_array x = x_of(cx);
  ag_apply(cx, ag_raw_primitive_new(cx, &def), &x, 1);
}

static void in_layout(ag_context *cx) {
  ag_raw_primitive_def def = raw_primitive_def("layout", 1, quiet_kernel);
  def.layout = layout;
  ag_array x = x_of(cx);
  ag_apply(cx, ag_raw_primitive_new(cx, &def), &x, 1);
}

static void in_raw_vjp(ag_context *cx) {
  const ag_raw_function vjps[] = {kernel};
  ag_raw_primitive_def def = raw_primitive_def("raw vjp", 1, quiet_kernel);
  def.vjps = vjps, def.nvjps = 1;
  derive(cx, ag_raw_primitive_new(cx, &def));
}

/* ---- destructors ---- */

static double memory[] = {1, 2, 3};

static ag_array lent(ag_context *cx) {
  const int64_t shape[] = {3};
  return ag_from_buffer(cx, AG_F64, shape, NULL, 1, memory, NULL, dropped);
}

static void at_release(ag_context *cx) { ag_release(cx, lent(cx)); }

static void at_tree_release(ag_context *cx) {
  ag_array x = lent(cx);
  ag_tree t = ag_tree_leaf(cx, x);
  ag_release(cx, x);
  ag_tree_release(cx, t);
}

static void at_release_later(ag_context *cx) {
  ag_release_later(cx, lent(cx));
  ag_live(cx);
}

static void at_scope_end(ag_context *cx) {
  ag_scope scope = ag_scope_enter(cx);
  lent(cx);
  ag_scope_leave(cx, scope);
}

static void at_set(ag_context *cx) { ag_set(cx, lent(cx), x_of(cx)); }

static void at_refused_buffer(ag_context *cx) {
  const int64_t shape[] = {-3};
  ag_from_buffer(cx, AG_F64, shape, NULL, 1, memory, NULL, dropped);
}

static void at_refused_buffer_with_error(ag_context *cx) {
  ag_raise(cx, AG_ERR_CONTEXT, "a context cannot be freed, or so");
  lent(cx);
}

static void at_tape_end(ag_context *cx) {
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = lent(cx), boxed = ag_box(cx, tape, x);
  ag_release(cx, ag_mul(cx, boxed, boxed));
  ag_release(cx, x), ag_release(cx, boxed);
  ag_tape_end(cx, tape);
}

static void at_pullback_end(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed = ag_box(cx, tape, x);
  ag_checkpoint(cx, quiet, NULL, dropped, &boxed, 1);
  ag_tape_end(cx, tape);
}

static void at_checkpoint(ag_context *cx) {
  ag_array x = x_of(cx);
  ag_checkpoint(cx, quiet, NULL, dropped, &x, 1);
}

static void at_refused_checkpoint(ag_context *cx) { ag_checkpoint(cx, NULL, NULL, dropped, NULL, 0); }

static void at_primitive_end(ag_context *cx) {
  ag_primitive_def def = primitive_def("dropped", quiet);
  def.drop_user = dropped;
  ag_primitive_free(cx, ag_primitive_new(cx, &def));
}

static void at_refused_primitive(ag_context *cx) {
  ag_primitive_def def = primitive_def(NULL, NULL);
  def.drop_user = dropped;
  ag_primitive_new(cx, &def);
}

static void logged(int32_t code, const char *message, void *user) { (void)code, (void)message, (void)user; }

static void at_next_hook(ag_context *cx) {
  ag_set_error_hook(cx, logged, NULL, dropped);
  ag_set_error_hook(cx, NULL, NULL, NULL);
}

static const struct {
  const char *name;
  void (*run)(ag_context *cx);
} CASES[] = {
#define CASE(f) {#f, f}
    CASE(in_grad),       CASE(in_jacobian),    CASE(in_make_vjp),      CASE(in_check),         CASE(in_along),
    CASE(in_fromfunction), CASE(in_checkpoint), CASE(in_loop),         CASE(in_fixed_point),   CASE(in_root),
    CASE(in_odeint),     CASE(in_tree_grad),   CASE(in_lbfgs),         CASE(in_progress),      CASE(in_objective),
    CASE(in_iteration),  CASE(in_forward),     CASE(in_multi),         CASE(in_vjp),           CASE(in_jvp),
    CASE(in_vjp_argnums), CASE(in_jvp_argnums), CASE(in_kernel),       CASE(in_layout),        CASE(in_raw_vjp),
    CASE(at_release),    CASE(at_tree_release), CASE(at_release_later), CASE(at_scope_end),    CASE(at_set),
    CASE(at_refused_buffer), CASE(at_refused_buffer_with_error), CASE(at_tape_end), CASE(at_pullback_end),
    CASE(at_checkpoint), CASE(at_refused_checkpoint), CASE(at_primitive_end), CASE(at_refused_primitive),
    CASE(at_next_hook),
#undef CASE
};

static void refused_everywhere(void) {
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    current = ag_context_new();
    int before = failures;
    tries = 0;
    ag_array own = ag_scalar(current, 42.0);
    CASES[i].run(current);
    CHECK(tries > 0);
    /* a call that was refused for another reason has that error; the context is whole all the same */
    int32_t code = ag_error(current);
    bool other = strstr(CASES[i].name, "refused") != NULL;
    CHECK(other ? code != AG_OK : code == AG_ERR_CONTEXT);
    if (!other) CHECK(strstr(ag_error_message(current), "cannot be freed") != NULL);
    ag_error_clear(current);
    CHECK_CLOSE(ag_item(current, ag_add_scalar(current, own, 1.0)), 43.0, 0.0);
    CHECK_OK(current);
    if (failures != before) printf("  in %s\n", CASES[i].name);
    ag_context_free(current);
  }
}

/* ---- at the end of the context itself ---- */

static void made_anew(void *user) {
  (void)user;
  tries++;
  ag_context_free(current);
  ag_error_clear(current);
  /* what is made now is told of its end as well */
  ag_primitive_def def = primitive_def("late", quiet);
  def.drop_user = dropped;
  ag_primitive_new(current, &def);
  ag_set_error_hook(current, logged, NULL, dropped);
  lent(current);
}

/* A context whose slots had holes, and a handle of it. */
static ag_array old;

static void makes_some(void *user) {
  (void)user;
  tries++;
  for (int i = 0; i < 20; i++) {
    CHECK(!ag_is_valid(current, old));
    ag_array x = vector_of(current, "1 2");
    CHECK(ag_error(current) != AG_OK || ag_size(current, x) == 2);
    CHECK(ag_error(current) != AG_ERR_PANIC);
  }
}

static void after_holes(void) {
  current = ag_context_new();
  tries = 0;
  old = ag_scalar(current, 1.0);
  ag_array others[8];
  for (int i = 0; i < 8; i++) others[i] = vector_of(current, "1 2 3");
  for (int i = 0; i < 8; i += 2) ag_release(current, others[i]);
  const int64_t shape[] = {3};
  ag_keep(current, ag_scope_enter(current), others[1]);
  ag_from_buffer(current, AG_F64, shape, NULL, 1, memory, NULL, makes_some);
  ag_context_free(current);
  CHECK(tries == 1);
}

static void at_its_end(void) {
  current = ag_context_new();
  tries = 0;
  lent(current);
  ag_set_error_hook(current, logged, NULL, dropped);
  ag_primitive_def def = primitive_def("until the end", quiet);
  def.drop_user = dropped;
  ag_primitive_new(current, &def);
  ag_tape tape = ag_tape_begin(current);
  ag_array x = ag_box(current, tape, ag_scalar(current, 1.0));
  ag_checkpoint(current, quiet, NULL, dropped, &x, 1);
  ag_context_free(current);
  CHECK(tries == 4);

  current = ag_context_new();
  tries = 0;
  const int64_t shape[] = {3};
  ag_from_buffer(current, AG_F64, shape, NULL, 1, memory, NULL, made_anew);
  ag_context_free(current);
  CHECK(tries == 4);
}

/* ---- in a hook ---- */

static int32_t told;
static bool same;

static void meddle(int32_t code, const char *message, void *user) {
  (void)user;
  tries++;
  told = code;
  same = ag_error(current) == code && strcmp(ag_error_message(current), message) == 0;
  ag_error_clear(current);
  ag_set_error_hook(current, NULL, NULL, NULL);
  ag_scope_enter(current);
  ag_memory_trim(current);
  same = same && is_null(ag_scalar(current, 1.0)) && ag_error(current) == code;
  ag_context_free(current);
}

static void in_a_hook(void) {
  current = ag_context_new();
  ag_set_error_hook(current, meddle, NULL, NULL);
  for (int i = 0; i < 3; i++) {
    tries = 0;
    ag_exp(current, null_array());
    /* one truth: the error is pending, and operations know */
    CHECK(tries == 1 && told == AG_ERR_HANDLE && same);
    CHECK(ag_error(current) == AG_ERR_HANDLE && is_null(ag_scalar(current, 1.0)));
    ag_error_clear(current);
    CHECK_CLOSE(ag_item(current, ag_scalar(current, 2.0)), 2.0, 0.0);
    CHECK_OK(current);
  }
  /* a failure inside of a callback, where more is borrowed */
  ag_array x = ag_scalar(current, 1.0);
  ag_grad(current, function, NULL, &x, 1, 0);
  CHECK(told == AG_ERR_CONTEXT && same);
  CHECK_ERROR(current, AG_ERR_CONTEXT, "cannot be freed");
  ag_set_error_hook(current, NULL, NULL, NULL);
  ag_context_free(current);
}

int main(void) {
  ag_context *cx = ag_context_new();
  refused_everywhere();
  at_its_end();
  after_holes();
  in_a_hook();
  return finish(cx);
}
