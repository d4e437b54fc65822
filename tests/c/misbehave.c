/* Callbacks that are no functions: for every operator that calls one more than once, a result of another form, none, or a
 * handle of something else at one of the calls. Each is an error that names the operator and what changed, or does no harm
 * (0 in the table); either way nothing stays behind and the context works on. */
#include "check.h"

enum how { SHAPE, SHORTER, DTYPE, COMPLEX, STRUCTURE, NOTHING, FOREIGN, STALE, RAISES, HOWS, GOOD = HOWS };

static const char *const how_names[] = {"another shape",   "fewer elements", "float32",  "complex", "another structure",
                                        "the null handle", "a foreign one",  "a stale one", "an error"};

enum kind { SAME, WIDE, CONTRACTS, CUBIC, DECAYS, SCALAR, ONE_BY_ONE, SCALAR_ONE_BY_ONE };

struct behaviour {
  enum kind kind;
  enum how how;
  size_t at, calls; /* the call that goes wrong, from 1 on; those made */
  ag_array foreign, stale;
  ag_tree foreign_tree, stale_tree;
  ag_primitive primitive;
};

/* ---- what functions return ---- */

static ag_array good(ag_context *cx, struct behaviour *b, ag_array x) {
  switch (b->kind) {
    case SAME: return ag_mul(cx, ag_sin(cx, x), x);
    case WIDE: return ag_mul(cx, x, vector_of(cx, "1 2 3 4 5 6"));
    case CONTRACTS: return ag_mul_scalar(cx, ag_cos(cx, x), 0.5);
    case CUBIC: return ag_sub_scalar(cx, ag_add(cx, x, ag_mul(cx, ag_square(cx, x), x)), 1.0);
    case DECAYS: return ag_neg(cx, x);
    case SCALAR: return ag_sum(cx, ag_square(cx, ag_sub_scalar(cx, x, 1.5)));
    case ONE_BY_ONE: return ag_apply(cx, b->primitive, &x, 1);
    default: return ag_sum(cx, ag_apply(cx, b->primitive, &x, 1));
  }
}

static bool goes_wrong(struct behaviour *b) { return ++b->calls == b->at; }

static ag_array wrong(ag_context *cx, const struct behaviour *b, ag_array y) {
  ag_array two[2];
  switch (b->how) {
    case SHAPE:
      two[0] = two[1] = ag_ravel(cx, y);
      return ag_concatenate(cx, two, 2, 0);
    case SHORTER: return ag_index(cx, ag_ravel(cx, y), "1:");
    case DTYPE: return ag_astype(cx, y, AG_F32);
    case COMPLEX: return ag_astype(cx, y, AG_C128);
    case NOTHING: y.bits = 0; return y;
    case FOREIGN: return b->foreign;
    case STALE: return b->stale;
    case RAISES: return ag_raise(cx, AG_ERR_USER + 5, "not today");
    default: return y;
  }
}

static ag_array of_array(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  struct behaviour *b = (struct behaviour *)user;
  ag_array y = good(cx, b, args[0]);
  return goes_wrong(b) ? wrong(cx, b, y) : y;
}

static ag_array step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  (void)i;
  return of_array(cx, args, nargs, user);
}

/* of each leaf; a scalar is one leaf */
static ag_tree result_of(ag_context *cx, struct behaviour *b, const ag_array *xs, size_t n) {
  ag_array ys[3];
  bool now = goes_wrong(b);
  if (b->kind == SCALAR) {
    ys[0] = ag_add(cx, good(cx, b, xs[0]), good(cx, b, xs[1]));
    n = 1;
  } else
    for (size_t i = 0; i < n; i++) ys[i] = good(cx, b, xs[i]);
  if (now && b->how <= COMPLEX) ys[0] = wrong(cx, b, ys[0]);
  if (now && b->how == STRUCTURE) {
    ys[n] = ys[0];
    return ag_tree_list_of(cx, ys, n + 1);
  }
  if (now && b->how == NOTHING) {
    ag_tree null = {0};
    return null;
  }
  if (now && b->how == FOREIGN) return b->foreign_tree;
  if (now && b->how == STALE) return b->stale_tree;
  if (now && b->how == RAISES) ag_raise(cx, AG_ERR_USER + 5, "not today");
  return b->kind == SCALAR ? ag_tree_leaf(cx, ys[0]) : ag_tree_tuple_of(cx, ys, n);
}

static ag_tree of_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array xs[2];
  for (size_t i = 0; i < 2; i++) xs[i] = ag_tree_leaf_at(cx, args[0], i);
  return result_of(cx, (struct behaviour *)user, xs, 2);
}

static ag_tree tree_step(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user) {
  (void)i;
  return of_tree(cx, args, nargs, user);
}

static ag_tree tree_of_arrays(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array xs[2];
  xs[0] = xs[1] = args[0];
  return result_of(cx, (struct behaviour *)user, xs, 2);
}

static ag_array objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i;
  ag_array leaf = ag_tree_leaf_at(cx, x, 0);
  return of_array(cx, &leaf, 1, user);
}

static ag_array sum_of_squares(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_square(cx, args[0]));
}

static ag_tree tree_sum_of_squares(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_tree_leaf(cx, ag_add(cx, ag_sum(cx, ag_square(cx, ag_tree_leaf_at(cx, args[0], 0))),
                                 ag_sum(cx, ag_square(cx, ag_tree_leaf_at(cx, args[0], 1)))));
}

/* A square whose tangent is read, so that columns are taken one by one. */
static ag_array squared(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_square(cx, args[0]);
}

static ag_array twice(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)nargs, (void)user;
  return ag_mul(cx, ag_mul_scalar(cx, args[0], 2.0), g);
}

static ag_array reads(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  ag_data(cx, t);
  return twice(cx, t, ans, args, nargs, user);
}

/* ---- the operators ---- */

static ag_tree pair_of(ag_context *cx, ag_array a, ag_array b) {
  ag_array both[2];
  both[0] = a, both[1] = b;
  return ag_tree_tuple_of(cx, both, 2);
}

static ag_tree reals(ag_context *cx) { return pair_of(cx, vector_of(cx, "0.5 -0.25 1"), ag_scalar(cx, 0.75)); }

static void jacobian(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2");
  ag_jacobian(cx, of_array, b, &x, 1, 0);
}

static void jacobian_forward(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_jacobian_forward(cx, of_array, b, &x, 1, 0);
}

static void hessian(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_hessian(cx, of_array, b, &x, 1, 0);
}

static void ggnvp(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_ggnvp(cx, of_array, sum_of_squares, b, &x, 1, 0, x);
}

static void check(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_check_grads(cx, of_array, b, &x, 1, 1, AG_REVERSE | AG_FORWARD);
}

static ag_array calls_checkpoint(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_checkpoint(cx, of_array, user, NULL, args, nargs));
}

static void checkpoint(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_grad(cx, calls_checkpoint, b, &x, 1, 0);
}

static void checkpoint_tangent(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_jvp(cx, calls_checkpoint, b, &x, 1, 0, x, NULL);
}

static ag_array calls_loop(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_checkpoint_loop(cx, step, user, NULL, args, nargs, 1));
}

static void checkpoint_loop(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2 3 4");
  ag_grad(cx, calls_loop, b, &x, 1, 0);
}

static void fixed_point(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "0.5 0.25");
  ag_fixed_point(cx, of_array, b, NULL, &x, 1, NULL);
}

/* with the function called again for the derivative */
static ag_array shifted_fixed_point(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array both[2];
  (void)nargs;
  both[0] = vector_of(cx, "0.5 0.25"), both[1] = args[0];
  return ag_sum(cx, ag_fixed_point(cx, of_array, user, NULL, both, 2, NULL));
}

static void fixed_point_gradient(ag_context *cx, struct behaviour *b) {
  ag_array a = ag_scalar(cx, 1.0);
  ag_grad(cx, shifted_fixed_point, b, &a, 1, 0);
}

static void root(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "0.5 0.25");
  ag_root(cx, of_array, b, NULL, &x, 1, NULL);
}

static ag_array shifted_root(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array both[2];
  (void)nargs;
  both[0] = vector_of(cx, "0.5 0.25"), both[1] = args[0];
  return ag_sum(cx, ag_root(cx, of_array, user, NULL, both, 2, NULL));
}

static void root_tangent(ag_context *cx, struct behaviour *b) {
  ag_array a = ag_scalar(cx, 1.0);
  ag_jvp(cx, shifted_root, b, &a, 1, 0, a, NULL);
}

static ag_odeint_options how_solved;

static ag_array solved(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_sum(cx, ag_odeint(cx, of_array, user, NULL, args[0], args[1], NULL, 0, &how_solved));
}

static void solve(ag_context *cx, struct behaviour *b, size_t rk4_steps, int32_t derivative, bool tangent) {
  ag_array args[2];
  memset(&how_solved, 0, sizeof how_solved);
  how_solved.struct_size = sizeof how_solved;
  how_solved.rk4_steps = rk4_steps;
  how_solved.derivative = derivative;
  args[0] = vector_of(cx, "1 2"), args[1] = vector_of(cx, "0 0.5");
  /* by the times as well: their rules call the function, too */
  if (tangent) ag_jvp(cx, solved, b, args, 2, 1, args[1], NULL);
  else ag_grad(cx, solved, b, args, 2, 1);
}

static void odeint(ag_context *cx, struct behaviour *b) { solve(cx, b, 0, AG_ODEINT_STEPS, false); }
static void odeint_tangent(ag_context *cx, struct behaviour *b) { solve(cx, b, 0, AG_ODEINT_STEPS, true); }
static void odeint_backwards(ag_context *cx, struct behaviour *b) { solve(cx, b, 0, AG_ODEINT_BACKWARDS, false); }
static void odeint_rk4(ag_context *cx, struct behaviour *b) { solve(cx, b, 2, 0, false); }

static void lbfgs(ag_context *cx, struct behaviour *b) {
  ag_array none = {0};
  ag_minimize_lbfgs(cx, of_array, b, vector_of(cx, "0.5 2"), none, none, NULL, NULL);
}

static void newton_cg(ag_context *cx, struct behaviour *b) {
  ag_minimize_newton_cg(cx, of_array, b, vector_of(cx, "0.5 2"), NULL, NULL);
}

static void optimize(ag_context *cx, struct behaviour *b) {
  ag_optimizer_options o;
  memset(&o, 0, sizeof o);
  o.struct_size = sizeof o;
  o.method = AG_ADAM;
  o.num_iters = 5;
  ag_optimize(cx, objective, b, ag_tree_leaf(cx, vector_of(cx, "0.5 2")), &o, NULL);
}

static void along_axis(ag_context *cx, struct behaviour *b) {
  ag_apply_along_axis(cx, of_array, b, array_of(cx, AG_F64, "3,2", "1 2 3 4 5 6"), 1);
}

static void tree_jacobian(ag_context *cx, struct behaviour *b) {
  ag_tree x = pair_of(cx, vector_of(cx, "1 2 3"), array_of(cx, AG_C128, "2", "1 2 3 4"));
  ag_tree_jacobian(cx, of_tree, b, &x, 1, 0);
}

static void tree_jacobian_reverse(ag_context *cx, struct behaviour *b) {
  ag_tree x = pair_of(cx, vector_of(cx, "1 2 3"), array_of(cx, AG_C128, "2", "1 2 3 4"));
  ag_tree_jacobian_reverse(cx, of_tree, b, &x, 1, 0);
}

static void tree_jacobian_forward(ag_context *cx, struct behaviour *b) {
  ag_tree x = pair_of(cx, vector_of(cx, "1 2 3"), array_of(cx, AG_C128, "2", "1 2 3 4"));
  ag_tree_jacobian_forward(cx, of_tree, b, &x, 1, 0);
}

static void tree_hessian(ag_context *cx, struct behaviour *b) {
  int64_t many = 40;
  ag_tree x = pair_of(cx, ag_full(cx, AG_F64, &many, 1, 0.5), ag_full(cx, AG_F64, &many, 1, 0.25));
  ag_tree_hessian(cx, of_tree, b, &x, 1, 0);
}

static void tree_ggnvp(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_ggnvp(cx, of_tree, tree_sum_of_squares, b, &x, 1, 0, x);
}

static void tree_check(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_check_grads(cx, of_tree, b, &x, 1, 1, AG_REVERSE | AG_FORWARD);
}

static ag_tree calls_tree_checkpoint(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree y = ag_tree_checkpoint(cx, of_tree, user, NULL, args, nargs);
  return tree_sum_of_squares(cx, &y, 1, NULL);
}

static void tree_checkpoint(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_grad(cx, calls_tree_checkpoint, b, &x, 1, 0);
}

static ag_tree calls_tree_loop(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree y = ag_tree_checkpoint_loop(cx, tree_step, user, NULL, args, nargs, 1);
  return tree_sum_of_squares(cx, &y, 1, NULL);
}

static void tree_checkpoint_loop(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_grad(cx, calls_tree_loop, b, &x, 1, 0);
}

static void tree_fixed_point(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_fixed_point(cx, of_tree, b, NULL, &x, 1, NULL);
}

static void tree_root(ag_context *cx, struct behaviour *b) {
  ag_tree x = reals(cx);
  ag_tree_root(cx, of_tree, b, NULL, &x, 1, NULL);
}

static ag_tree tree_solved(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_tree y = ag_tree_odeint(cx, of_tree, user, NULL, args[0], vector_of(cx, "0 0.5"), NULL, 0, &how_solved);
  return tree_sum_of_squares(cx, &y, 1, NULL);
}

static void tree_solve(ag_context *cx, struct behaviour *b, size_t rk4_steps) {
  ag_tree x = reals(cx);
  memset(&how_solved, 0, sizeof how_solved);
  how_solved.struct_size = sizeof how_solved;
  how_solved.rk4_steps = rk4_steps;
  ag_tree_grad(cx, tree_solved, b, &x, 1, 0);
}

static void tree_odeint(ag_context *cx, struct behaviour *b) { tree_solve(cx, b, 0); }
static void tree_odeint_rk4(ag_context *cx, struct behaviour *b) { tree_solve(cx, b, 2); }

static void tree_lbfgs(ag_context *cx, struct behaviour *b) {
  ag_tree none = {0};
  ag_tree_minimize_lbfgs(cx, of_tree, b, reals(cx), none, none, NULL, NULL);
}

static void tree_newton_cg(ag_context *cx, struct behaviour *b) {
  ag_tree_minimize_newton_cg(cx, of_tree, b, reals(cx), NULL, NULL);
}

static void array_tree_jacobian(ag_context *cx, struct behaviour *b) {
  ag_array x = vector_of(cx, "2");
  ag_array_tree_jacobian(cx, tree_of_arrays, b, &x, 1, 0);
}

/* ---- the table ---- */

#define NONE -1 /* there is no such thing */
/* handles that aren't, and errors of its own, are the same for everybody */
#define HANDLES AG_ERR_CALLBACK, AG_ERR_HANDLE, AG_ERR_HANDLE, AG_ERR_USER + 5
/* what is tried with a batch first, and then in another way: the first call may fail */
#define TRIED 0, 0, 0, 0

static const struct {
  const char *name; /* in the message */
  void (*run)(ag_context *, struct behaviour *);
  enum kind kind;
  int32_t expected[HOWS];
} table[] = {
    {"ag_jacobian", jacobian, WIDE, {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, TRIED}},
    {"ag_jacobian_forward", jacobian_forward, ONE_BY_ONE,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_hessian", hessian, SCALAR_ONE_BY_ONE,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, TRIED}},
    {"ag_ggnvp", ggnvp, SAME, {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_check_grads", check, SAME, {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_checkpoint", checkpoint, SAME, {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_checkpoint", checkpoint_tangent, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_checkpoint", checkpoint_loop, SAME, {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_fixed_point", fixed_point, CONTRACTS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_fixed_point", fixed_point_gradient, CONTRACTS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_root", root, CUBIC, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_root", root_tangent, CUBIC, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_odeint", odeint, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_odeint", odeint_tangent, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_odeint", odeint_backwards, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_odeint", odeint_rk4, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_minimize_lbfgs", lbfgs, SCALAR, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_minimize_newton_cg", newton_cg, SCALAR, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    {"ag_optimize", optimize, SCALAR, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, NONE, HANDLES}},
    /* a dtype that holds all lines is right */
    {"ag_apply_along_axis", along_axis, SAME, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, 0, NONE, HANDLES}},
    {"ag_tree_jacobian", tree_jacobian, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_jacobian_reverse", tree_jacobian_reverse, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_jacobian_forward", tree_jacobian_forward, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, TRIED}},
    {"ag_tree_hessian", tree_hessian, SCALAR,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, TRIED}},
    {"ag_tree_ggnvp", tree_ggnvp, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_check_grads", tree_check, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_checkpoint", tree_checkpoint, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_checkpoint", tree_checkpoint_loop, SAME,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_fixed_point", tree_fixed_point, CONTRACTS,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_root", tree_root, CUBIC, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_odeint", tree_odeint, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_odeint", tree_odeint_rk4, DECAYS, {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_VALUE, HANDLES}},
    {"ag_tree_minimize_lbfgs", tree_lbfgs, SCALAR,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_SHAPE, HANDLES}},
    {"ag_tree_minimize_newton_cg", tree_newton_cg, SCALAR,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, 0, AG_ERR_DTYPE, AG_ERR_SHAPE, HANDLES}},
    {"ag_array_tree_jacobian", array_tree_jacobian, WIDE,
     {AG_ERR_SHAPE, AG_ERR_SHAPE, AG_ERR_DTYPE, AG_ERR_DTYPE, AG_ERR_VALUE, TRIED}},
};

/* One call of all goes wrong. */
static void one(ag_context *cx, size_t k, struct behaviour b, enum how how, size_t at, size_t all) {
  size_t live = ag_live(cx);
  ag_scope scope = ag_scope_enter(cx);
  int32_t expected = table[k].expected[how];
  b.kind = table[k].kind;
  b.how = how;
  b.at = at;
  b.calls = 0;
  table[k].run(cx, &b);
  int32_t code = ag_error(cx);
  char message[400];
  snprintf(message, sizeof message, "%s", code ? ag_error_message(cx) : "no error");
  ag_error_clear(cx);
  ag_scope_leave(cx, scope);
  /* what the first call returns may be right as it is, or be tried in vain, or be wrong for whoever gets it */
  bool right = code == expected || (at == 1 && code != AG_ERR_PANIC);
  bool named = code == 0 || at == 1 || strstr(message, table[k].name) != NULL;
  if (!right || !named || b.calls < at) {
    printf("%s: call %zu of %zu returns %s (%zu were made): error %d (%s), expected %d\n", table[k].name, at, all,
           how_names[how], b.calls, (int)code, message, (int)expected);
    failures++;
  }
  CHECK(ag_live(cx) == live);
  CHECK_OK(cx);
}

/* ---- a primitive whose number of results depends on the call, in a rule that is given many cotangents at once ---- */

static int32_t one_then_two(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                            void *user) {
  (void)nargs, (void)nresults;
  results[0] = ag_mul_scalar(cx, args[0], 2.0);
  if (++*(int *)user > 1) results[1] = ag_mul_scalar(cx, args[0], 1.0);
  return 0;
}

static ag_array with_two(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)args, (void)nargs;
  ag_array found[2];
  ag_apply_multi(cx, *(const ag_primitive *)user, &g, 1, found, 2);
  return found[1].bits ? ag_add(cx, found[0], found[1]) : found[0];
}

static ag_array thrice(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul_scalar(cx, args[0], 3.0);
}

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(const ag_primitive *)user, args, nargs);
}

static void in_batches(ag_context *cx) {
  int calls = 0;
  const ag_vjp_function vjp = with_two;
  ag_primitive_def def = primitive_def("one_then_two", NULL);
  def.forward_multi = one_then_two;
  def.user = &calls;
  ag_primitive inner = ag_primitive_new(cx, &def), outer;
  def = primitive_def("thrice", thrice);
  def.vjps = &vjp;
  def.nvjps = 1;
  def.user = &inner;
  outer = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "1 2 3");
  CHECK_ARRAY(cx, ag_jacobian_reverse(cx, apply, &outer, &x, 1, 0), "3,3", "3 0 0 0 3 0 0 0 3");
  CHECK(calls > 3);
}

int main(void) {
  ag_context *cx = ag_context_new(), *other = ag_context_new();
  const ag_vjp_function vjp = twice;
  const ag_jvp_function jvp = reads;
  ag_primitive_def def = primitive_def("squared", squared);
  struct behaviour b;
  memset(&b, 0, sizeof b);
  def.vjps = &vjp;
  def.jvps = &jvp;
  def.nvjps = def.njvps = 1;
  b.primitive = ag_primitive_new(cx, &def);
  b.foreign = vector_of(other, "1 2 3");
  b.foreign_tree = ag_tree_leaf(other, b.foreign);
  ag_scope scope = ag_scope_enter(cx);
  b.stale = vector_of(cx, "1 2 3");
  b.stale_tree = ag_tree_leaf(cx, b.stale);
  ag_scope_leave(cx, scope);
  for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
    /* how many calls there are */
    scope = ag_scope_enter(cx);
    b.kind = table[k].kind;
    b.how = GOOD;
    b.at = b.calls = 0;
    table[k].run(cx, &b);
    if (ag_error(cx)) printf("%s: ", table[k].name);
    CHECK_OK(cx);
    ag_scope_leave(cx, scope);
    size_t all = b.calls, places[4] = {1, 2, 0, 0};
    places[2] = (all + 3) / 2, places[3] = all;
    if (all < 2) printf("%s calls its function once\n", table[k].name), failures++;
    for (int how = 0; how < HOWS && all > 1; how++)
      for (size_t i = 0, before = 0; i < 4; i++) {
        if (table[k].expected[how] == NONE || places[i] <= before || (running_slowly() && i % 2 == 0)) continue;
        before = places[i];
        one(cx, k, b, (enum how)how, places[i], all);
      }
  }
  in_batches(cx);
  ag_context_free(other);
  return finish(cx);
}
