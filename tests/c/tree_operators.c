/* Operators on functions of trees that are made of others, and values that equations define as trees. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_tree leaf(ag_context *cx, ag_array x) { return ag_tree_leaf(cx, x); }

static ag_array at(ag_context *cx, ag_tree t, const char *path) { return ag_tree_array_at(cx, t, path); }

/* {'a': x, 'b': y} */
static ag_tree pair(ag_context *cx, ag_array x, ag_array y) {
  static const char *const keys[] = {"a", "b"};
  ag_array items[2];
  items[0] = x, items[1] = y;
  return ag_tree_dict_of(cx, keys, items, 2);
}

static double difference(ag_context *cx, ag_array x, ag_array y) {
  CHECK(ag_ndim(cx, x) == ag_ndim(cx, y) && ag_size(cx, x) == ag_size(cx, y));
  return ag_item(cx, ag_max(cx, ag_abs(cx, ag_sub(cx, x, y))));
}

/* largest difference of two trees, whose leaves agree in dtype and shape */
static double tree_difference(ag_context *cx, ag_tree x, ag_tree y) {
  double most = 0.0;
  CHECK(*ag_tree_difference(cx, x, y) == 0);
  for (size_t i = 0; i < ag_tree_leaf_count(cx, x); i++) {
    ag_array a = ag_tree_leaf_at(cx, x, i), b = ag_tree_leaf_at(cx, y, i);
    CHECK(ag_dtype(cx, a) == ag_dtype(cx, b));
    most = fmax(most, difference(cx, a, b));
  }
  return most;
}

/* ---- products and derivatives ---- */

/* (sin(a) sum(b), {'a': a b, 'b': number of b}) of {'a': number, 'b': vector} */
static ag_tree waves(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array a = at(cx, args[0], "a"), b = at(cx, args[0], "b");
  ag_tree items[2];
  items[0] = leaf(cx, ag_mul(cx, ag_sin(cx, a), ag_sum(cx, b)));
  items[1] = pair(cx, ag_mul(cx, a, b), ag_scalar_int(cx, (int64_t)ag_size(cx, b)));
  return ag_tree_tuple(cx, items, 2);
}

/* exp(first) + sum(second^4) of what waves returns */
static ag_tree outer(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array fourth = ag_square(cx, ag_square(cx, at(cx, args[0], "1/a")));
  return leaf(cx, ag_add(cx, ag_exp(cx, at(cx, args[0], "0")), ag_sum(cx, fourth)));
}

static ag_tree both(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree y = waves(cx, args, nargs, user);
  return outer(cx, &y, 1, user);
}

/* each leaf cubed */
static ag_array cube(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, args[0], ag_square(cx, args[0]));
}

static ag_tree cubes(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  return ag_tree_map(cx, cube, NULL, args, 1);
}

/* sum(a b) c of three trees */
static ag_tree of_three(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  return leaf(cx, ag_mul(cx, ag_tree_dot(cx, args[0], args[1]), ag_square(cx, ag_tree_array(cx, args[2]))));
}

static ag_tree identity(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED, (void)cx;
  return args[0];
}

static void gauss_newton(ag_context *cx) {
  ag_tree p = pair(cx, ag_scalar(cx, 0.7), vector_of(cx, "0.3 -0.4")), v = pair(cx, ag_scalar(cx, -1.0), vector_of(cx, "2 0.5"));
  double a = 0.7, b[2] = {0.3, -0.4}, va = -1.0, vb[2] = {2.0, 0.5};
  ag_tree found = ag_tree_ggnvp(cx, waves, outer, NULL, &p, 1, 0, v);
  /* by hand: J v, H (J v), J' (H J v) */
  double s = b[0] + b[1], y0 = sin(a) * s, j0 = cos(a) * s * va + sin(a) * (vb[0] + vb[1]), h0 = exp(y0) * j0, h[2];
  for (int i = 0; i < 2; i++) h[i] = 12.0 * a * b[i] * a * b[i] * (b[i] * va + a * vb[i]);
  CHECK_CLOSE(ag_item(cx, at(cx, found, "a")), cos(a) * s * h0 + b[0] * h[0] + b[1] * h[1], 1e-13);
  for (int i = 0; i < 2; i++) {
    double bi = ag_item(cx, ag_index(cx, at(cx, found, "b"), i ? "1" : "0"));
    CHECK_CLOSE(bi, sin(a) * h0 + a * h[i], 1e-13);
  }
  CHECK(ag_tree_ggnvp(cx, waves, NULL, NULL, &p, 1, 0, v).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_ggnvp: the function g is NULL");
  CHECK(ag_tree_ggnvp(cx, waves, outer, NULL, &p, 1, 0, leaf(cx, ag_scalar(cx, 1.0))).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the vector has another structure");
  CHECK(ag_tree_ggnvp(cx, waves, identity, NULL, &p, 1, 0, v).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tree_ggnvp: only scalar functions");
}

static void products(ag_context *cx) {
  ag_tree p = pair(cx, ag_scalar(cx, 0.7), vector_of(cx, "0.3 -0.4 1.2")), v = ag_tree_mul_scalar(cx, p, -0.5), y, g, jv;
  /* ag_tree_deriv */
  y = ag_tree_deriv(cx, cubes, NULL, &p, 1, 0);
  CHECK_ARRAY(cx, at(cx, y, "a"), "", "1.47");
  CHECK_ARRAY(cx, at(cx, y, "b"), "3", "0.27 0.48 4.32");
  CHECK(ag_tree_deriv(cx, NULL, NULL, &p, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_tree_deriv: the function f is NULL");
  /* linear maps: the Jacobian, any number of times */
  ag_tape map = ag_tree_make_jvp(cx, waves, NULL, &p, 1, 0, &y);
  CHECK(tree_difference(cx, y, waves(cx, &p, 1, NULL)) == 0.0);
  for (int i = 0; i < 3; i++, v = ag_tree_mul_scalar(cx, v, -1.5)) {
    jv = ag_tree_vjp(cx, map, v);
    CHECK(tree_difference(cx, jv, ag_tree_jvp(cx, waves, NULL, &p, 1, 0, v, NULL)) < 1e-15);
  }
  CHECK(ag_tree_vjp(cx, map, y).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the vector has another structure");
  ag_tape_end(cx, map);
  /* the Hessian */
  map = ag_tree_make_hvp(cx, both, NULL, &p, 1, 0, &g);
  CHECK(tree_difference(cx, g, ag_tree_grad(cx, both, NULL, &p, 1, 0)) < 1e-15);
  for (int i = 0; i < 3; i++, v = ag_tree_mul_scalar(cx, v, -1.5))
    CHECK(tree_difference(cx, ag_tree_vjp(cx, map, v), ag_tree_hvp(cx, both, NULL, &p, 1, 0, v)) < 1e-12);
  ag_tape_end(cx, map);
  CHECK(ag_tree_make_hvp(cx, waves, NULL, &p, 1, 0, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tree_make_hvp: only scalar functions");
  CHECK(ag_tree_make_jvp(cx, waves, NULL, &p, 1, 1, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum is 1");
  /* integers in the argument: zeros in products */
  ag_tree whole = pair(cx, ag_scalar_int(cx, 2), vector_of(cx, "1 2"));
  map = ag_tree_make_hvp(cx, both, NULL, &whole, 1, 0, NULL);
  g = ag_tree_vjp(cx, map, pair(cx, ag_scalar(cx, 1.0), vector_of(cx, "1 -1")));
  CHECK(ag_item(cx, at(cx, g, "a")) == 0.0);
  CHECK_ARRAY_TO(cx, at(cx, g, "b"), "2", "192 -768", 1e-9); /* the exponential's part cancels */
  ag_tape_end(cx, map);
  CHECK_OK(cx);
  /* with respect to three trees together */
  ag_tree args[3], vs[3], hvs[3], one = leaf(cx, ag_scalar(cx, 1.0));
  args[0] = p, args[1] = ag_tree_mul_scalar(cx, p, 2.0), args[2] = leaf(cx, ag_scalar(cx, 3.0));
  vs[0] = ag_tree_mul_scalar(cx, p, 0.1), vs[1] = p, vs[2] = one;
  ag_tree_hvps(cx, of_three, NULL, args, 3, vs, hvs);
  double pp = ag_item(cx, ag_tree_dot(cx, p, p));
  /* f = <a, b> c^2: rows c^2 vb + 2 c b vc, c^2 va + 2 c a vc, 2 c (<a, vb> + <b, va>) + 2 <a, b> vc */
  CHECK(tree_difference(cx, hvs[0], ag_tree_mul_scalar(cx, p, 9.0 + 6.0 * 2.0)) < 1e-13);
  CHECK(tree_difference(cx, hvs[1], ag_tree_mul_scalar(cx, p, 0.9 + 6.0)) < 1e-13);
  CHECK_CLOSE(ag_item(cx, ag_tree_array(cx, hvs[2])), 6.0 * (pp + 0.2 * pp) + 4.0 * pp, 1e-13);
  vs[1] = one;
  ag_tree_hvps(cx, of_three, NULL, args, 3, vs, hvs);
  CHECK(hvs[0].bits == 0 && hvs[2].bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_hvps: the vector has another structure");
  ag_tree_hvps(cx, of_three, NULL, args, 3, vs, NULL);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "hvs is NULL");
  /* Jacobians by rows and by columns */
  ag_tree rows = ag_tree_jacobian_reverse(cx, waves, NULL, &p, 1, 0);
  CHECK(tree_difference(cx, rows, ag_tree_jacobian_forward(cx, waves, NULL, &p, 1, 0)) < 1e-15);
  CHECK(tree_difference(cx, rows, ag_tree_jacobian(cx, waves, NULL, &p, 1, 0)) < 1e-15);
  CHECK_ARRAY(cx, at(cx, rows, "1/a/a"), "3", "0.3 -0.4 1.2");
  CHECK_OK(cx);
}

/* ---- Hessians ---- */

/* leaves of five kinds, and one that isn't used: shapes (2, 2), (3), (), (2), and integers */
static ag_tree many(ag_context *cx) {
  static const char *const keys[] = {"m", "v", "s", "z", "n", "unused"};
  ag_array items[6];
  items[0] = array_of(cx, AG_F64, "2,2", "0.1 0.2 -0.3 0.4"), items[1] = vector_of(cx, "0.5 -0.6 0.7");
  items[2] = array_of(cx, AG_F32, "", "0.8"), items[3] = array_of(cx, AG_C128, "2", "0.3 -0.2 1.1 0.4");
  items[4] = array_of(cx, AG_I64, "2", "2 1"), items[5] = vector_of(cx, "1 2");
  return ag_tree_dict_of(cx, keys, items, 6);
}

static ag_tree of_many(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array m = at(cx, args[0], "m"), v = at(cx, args[0], "v"), s = at(cx, args[0], "s"), z = at(cx, args[0], "z");
  ag_array w = ag_index_array(cx, v, at(cx, args[0], "n"));
  ag_array mw = ag_sin(cx, ag_matmul(cx, m, w)), sz = ag_mul(cx, ag_square(cx, z), ag_add(cx, mw, s));
  ag_array re = ag_real(cx, ag_sum(cx, ag_mul(cx, sz, ag_conj(cx, z)))), im = ag_imag(cx, ag_sum(cx, ag_exp(cx, sz)));
  return leaf(cx, ag_add(cx, ag_mul(cx, re, ag_sum(cx, ag_square(cx, v))), im));
}

static ag_tree gradient_of_many(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  return ag_tree_grad(cx, of_many, user, args, nargs, 0);
}

/* trace of the Hessian with respect to a real tree: Hessians inside of a function that is differentiated */
static ag_tree trace(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree h = ag_tree_hessian(cx, both, user, args, nargs, 0);
  return leaf(cx, ag_add(cx, at(cx, h, "a/a"), ag_trace(cx, at(cx, h, "b/b"))));
}

static void hessians(ag_context *cx) {
  ag_tree t = many(cx), h = ag_tree_hessian(cx, of_many, NULL, &t, 1, 0), p;
  ag_tree by_rows = ag_tree_jacobian_reverse(cx, gradient_of_many, NULL, &t, 1, 0);
  CHECK_OK(cx);
  CHECK(tree_difference(cx, h, by_rows) < 1e-6); /* the leaf in single precision rounds its row */
  CHECK(difference(cx, at(cx, h, "v/m"), at(cx, by_rows, "v/m")) < 1e-13);
  CHECK(difference(cx, at(cx, h, "v/z"), at(cx, by_rows, "v/z")) < 1e-13);
  CHECK(difference(cx, at(cx, h, "z/m"), at(cx, by_rows, "z/m")) < 1e-13);
  CHECK(difference(cx, at(cx, h, "z/z"), at(cx, by_rows, "z/z")) < 1e-13);
  CHECK(ag_ndim(cx, at(cx, h, "v/m")) == 3 && ag_shape(cx, at(cx, h, "v/m"))[0] == 3);
  p = pair(cx, ag_scalar(cx, 0.7), vector_of(cx, "0.3 -0.4"));
  CHECK(ag_tree_check_grads(cx, trace, NULL, &p, 1, 1, 0) == AG_OK);
  CHECK(ag_tree_hessian(cx, waves, NULL, &p, 1, 0).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tree_hessian: only scalar functions have a gradient, this one returned a tuple of 2");
}

/* ---- loops ---- */

/* one step of a damped oscillator with forcing by the number of the step; state {'a': q, 'b': p}, parameter args[1] */
static ag_tree step(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  if (user && i == 7) return ag_raise(cx, AG_ERR_USER + 2, "not the seventh"), leaf(cx, ag_scalar(cx, 0.0));
  ag_array q = at(cx, args[0], "a"), p = at(cx, args[0], "b"), k = ag_tree_array(cx, args[1]);
  p = ag_sub(cx, p, ag_mul_scalar(cx, ag_mul(cx, k, ag_sin(cx, q)), 0.1));
  return pair(cx, ag_add_scalar(cx, ag_add(cx, q, ag_mul_scalar(cx, p, 0.1)), 0.01 * (double)i), p);
}

static ag_tree after_loop(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree now[2];
  (void)nargs, now[0] = args[0], now[1] = args[1];
  if (user) now[0] = ag_tree_checkpoint_loop(cx, step, NULL, NULL, args, 2, 20);
  else
    for (size_t i = 0; i < 20; i++) now[0] = step(cx, i, now, 2, NULL);
  return leaf(cx, ag_sum(cx, ag_mul(cx, at(cx, now[0], "a"), at(cx, now[0], "b"))));
}

static void loops(ag_context *cx) {
  int on = 1;
  ag_tree args[2], g[2];
  args[0] = pair(cx, vector_of(cx, "0.3 1"), vector_of(cx, "0.5 -0.2")), args[1] = leaf(cx, ag_scalar(cx, 1.3));
  for (size_t k = 0; k < 2; k++) {
    g[0] = ag_tree_grad(cx, after_loop, NULL, args, 2, k), g[1] = ag_tree_grad(cx, after_loop, &on, args, 2, k);
    CHECK(tree_difference(cx, g[0], g[1]) < 1e-12);
  }
  CHECK(ag_tree_check_grads(cx, after_loop, &on, args, 2, 2, 0) == AG_OK);
  CHECK(ag_tree_checkpoint_loop(cx, step, &on, NULL, args, 2, 20).bits == 0);
  CHECK_ERROR(cx, AG_ERR_USER + 2, "not the seventh");
  CHECK(tree_difference(cx, ag_tree_checkpoint_loop(cx, step, &on, NULL, args, 2, 0), args[0]) == 0.0);
  CHECK(ag_tree_checkpoint_loop(cx, NULL, NULL, NULL, args, 2, 3).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the function step is NULL");
  CHECK(ag_tree_checkpoint_loop(cx, step, NULL, NULL, NULL, 0, 3).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "expected the state as the first argument");
}

/* ---- values that equations define ---- */

/* x = {'a': (x.a + k / x.a) / 2, 'b': tanh(w x.b + x.a)}: a square root, and a layer that uses it; args[1] is
 * {'a': k, 'b': w} */
static ag_tree settle(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array a = at(cx, args[0], "a"), b = at(cx, args[0], "b"), k = at(cx, args[1], "a"), w = at(cx, args[1], "b");
  ag_array root = ag_mul_scalar(cx, ag_add(cx, a, ag_div(cx, k, a)), 0.5);
  return pair(cx, root, ag_tanh(cx, ag_add(cx, ag_matmul(cx, w, b), a)));
}

/* the same as equations */
static ag_tree residual(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  return ag_tree_sub(cx, args[0], settle(cx, args, nargs, user));
}

static ag_tree start(ag_context *cx) {
  return pair(cx, ag_scalar_int(cx, 1), vector_of(cx, "0 0"));
}

static ag_tree settled(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_tree all[2];
  (void)nargs, all[0] = start(cx), all[1] = args[0];
  return user ? ag_tree_root(cx, residual, NULL, NULL, all, 2, NULL) : ag_tree_fixed_point(cx, settle, NULL, NULL, all, 2, NULL);
}

/* a tuple in place of the dict, and another shape */
static ag_tree wrong_structure(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  if (user) return pair(cx, at(cx, args[0], "b"), at(cx, args[0], "b"));
  return leaf(cx, at(cx, args[0], "a"));
}

static ag_tree imaginary(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  return ag_tree_unflatten(cx, pair(cx, ag_scalar_complex(cx, 0.0, 1.0), vector_of(cx, "0 0")),
                           ag_astype(cx, ag_tree_flatten(cx, args[0]), AG_C128));
}

static ag_tree cube_minus_eight(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array x = ag_tree_array(cx, args[0]);
  return leaf(cx, ag_add_scalar(cx, cube(cx, &x, 1, NULL), -8.0));
}

static void equations(ag_context *cx) {
  int by_root = 1;
  ag_tree k = pair(cx, ag_scalar(cx, 2.0), array_of(cx, AG_F64, "2,2", "0.2 -0.1 0.3 0.1")), x;
  for (int i = 0; i < 2; i++) {
    void *user = i ? &by_root : NULL;
    x = settled(cx, &k, 1, user);
    CHECK(ag_dtype(cx, at(cx, x, "a")) == AG_F64);
    CHECK_CLOSE(ag_item(cx, at(cx, x, "a")), sqrt(2.0), 1e-12);
    ag_tree all[2], again;
    all[0] = x, all[1] = k;
    again = settle(cx, all, 2, NULL);
    CHECK(tree_difference(cx, again, x) < 1e-10);
    CHECK(ag_tree_check_grads(cx, settled, user, &k, 1, 2, 0) == AG_OK);
    ag_tree j = ag_tree_jacobian(cx, settled, user, &k, 1, 0);
    CHECK_CLOSE(ag_item(cx, at(cx, j, "a/a")), 0.5 / sqrt(2.0), 1e-10);
    CHECK_ARRAY_TO(cx, at(cx, j, "a/b"), "2,2", "0 0 0 0", 1e-10);
  }
  CHECK_OK(cx);
  /* trees that are arrays, without leaves, and with integers and single precision */
  ag_tree two[2], nothing = ag_tree_tuple(cx, NULL, 0);
  x = ag_tree_fixed_point(cx, identity, NULL, NULL, &nothing, 1, NULL);
  CHECK(ag_tree_kind(cx, x) == AG_TUPLE && ag_tree_leaf_count(cx, x) == 0);
  x = ag_tree_root(cx, identity, NULL, NULL, &nothing, 1, NULL);
  CHECK(ag_tree_leaf_count(cx, x) == 0);
  CHECK_OK(cx);
  two[0] = leaf(cx, ag_scalar(cx, 0.5));
  CHECK_CLOSE(ag_item(cx, ag_tree_array(cx, ag_tree_root(cx, cube_minus_eight, NULL, NULL, two, 1, NULL))), 2.0, 1e-12);
  two[0] = pair(cx, array_of(cx, AG_F32, "", "1"), vector_of(cx, "0 0")), two[1] = k;
  x = ag_tree_fixed_point(cx, settle, NULL, NULL, two, 2, NULL);
  CHECK(ag_dtype(cx, at(cx, x, "a")) == AG_F32 && ag_dtype(cx, at(cx, x, "b")) == AG_F64);
  CHECK_CLOSE(ag_item(cx, at(cx, x, "a")), sqrt(2.0), 1e-6);
  /* errors */
  two[0] = start(cx);
  CHECK(ag_tree_fixed_point(cx, wrong_structure, NULL, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE,
              "ag_tree_fixed_point: the result of the function has another structure: at the root: expected a dict with the "
              "keys a, b, got an array");
  CHECK(ag_tree_root(cx, wrong_structure, &by_root, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tree_root: the result of the function has shape (2,) at a, expected ()");
  CHECK(ag_tree_fixed_point(cx, imaginary, NULL, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "complex numbers for a real unknown");
  two[0] = pair(cx, ag_scalar_complex(cx, 1.0, 0.0), vector_of(cx, "0 0"));
  CHECK(ag_tree_fixed_point(cx, settle, NULL, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "a fixed point takes real arrays, found complex128 at a");
  CHECK(ag_tree_root(cx, identity, NULL, NULL, NULL, 0, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "expected x as the first argument");
  two[0] = start(cx), two[1] = pair(cx, ag_scalar(cx, -1.0), at(cx, k, "b"));
  CHECK(ag_tree_fixed_point(cx, settle, NULL, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_fixed_point: no fixed point was reached");
  CHECK(ag_tree_fixed_point(cx, NULL, NULL, NULL, two, 2, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the function f is NULL");
}

/* a' = b, b' = -k a with k = args[2]; the time only enters through 0 */
static ag_tree oscillator(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  if (user) return ag_tree_leaf(cx, at(cx, args[0], "a"));
  ag_array a = at(cx, args[0], "a"), b = at(cx, args[0], "b"), k = ag_tree_array(cx, args[2]);
  CHECK(ag_ndim(cx, ag_tree_array(cx, args[1])) == 0);
  return pair(cx, b, ag_neg(cx, ag_mul(cx, k, a)));
}

/* args: y0, {'a': times, 'b': k} */
static ag_tree orbit(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_tree k = leaf(cx, at(cx, args[1], "b"));
  return ag_tree_odeint(cx, oscillator, NULL, NULL, args[0], at(cx, args[1], "a"), &k, 1, (const ag_odeint_options *)user);
}

static void differential_equations(ag_context *cx) {
  ag_odeint_options ways[2];
  memset(ways, 0, sizeof ways);
  ways[0].struct_size = ways[1].struct_size = sizeof *ways;
  ways[0].rtol = ways[0].atol = 1e-11, ways[1].rk4_steps = 40;
  ag_tree args[2], y, k = leaf(cx, ag_scalar(cx, 4.0)), nothing = ag_tree_tuple(cx, NULL, 0);
  args[0] = pair(cx, vector_of(cx, "1 0"), vector_of(cx, "0 2")), args[1] = pair(cx, vector_of(cx, "0 0.3 0.5"), ag_scalar(cx, 4.0));
  for (int i = 0; i < 2; i++) {
    y = orbit(cx, args, 2, &ways[i]);
    char text[200];
    snprintf(text, sizeof text, "1 0 %.17g %.17g %.17g %.17g", cos(0.6), sin(0.6), cos(1.0), sin(1.0));
    CHECK_ARRAY_TO(cx, at(cx, y, "a"), "3,2", text, 1e-6);
    snprintf(text, sizeof text, "0 2 %.17g %.17g %.17g %.17g", -2 * sin(0.6), 2 * cos(0.6), -2 * sin(1.0), 2 * cos(1.0));
    CHECK_ARRAY_TO(cx, at(cx, y, "b"), "3,2", text, 1e-6);
    CHECK(ag_tree_check_grads(cx, orbit, &ways[i], args, 2, 1, 0) == AG_OK);
  }
  CHECK(ag_tree_check_grads(cx, orbit, &ways[0], args, 2, 2, AG_REVERSE) == AG_OK);
  CHECK_OK(cx);
  /* of few states kept, and backwards */
  ag_odeint_report report;
  memset(&report, 0, sizeof report);
  report.struct_size = sizeof report;
  ways[0].max_states = 3;
  CHECK(ag_tree_check_grads(cx, orbit, &ways[0], args, 2, 1, AG_REVERSE) == AG_OK);
  ag_odeint_last_report(cx, &report);
  CHECK(report.states <= 3 && report.steps_again > 0 && report.derivatives > 0 && report.derivative_reached == 0.0);
  ways[0].derivative = AG_ODEINT_BACKWARDS;
  CHECK(ag_tree_check_grads(cx, orbit, &ways[0], args, 2, 1, AG_REVERSE) == AG_OK);
  ag_odeint_last_report(cx, &report);
  CHECK(report.states == 0 && report.derivatives > 0);
  ways[0].derivative = AG_ODEINT_STEPS;
  CHECK_OK(cx);
  /* mixed shapes and dtypes; nothing at all */
  args[0] = pair(cx, array_of(cx, AG_F32, "1,2", "1 0"), array_of(cx, AG_F64, "1,2", "0 2"));
  y = ag_tree_odeint(cx, oscillator, NULL, NULL, args[0], vector_of(cx, "0 0.5"), &k, 1, NULL);
  CHECK(ag_dtype(cx, at(cx, y, "a")) == AG_F32 && ag_ndim(cx, at(cx, y, "a")) == 3);
  CHECK(ag_dtype(cx, at(cx, y, "b")) == AG_F64);
  CHECK_CLOSE(ag_item(cx, ag_index(cx, at(cx, y, "a"), "1,0,0")), cos(1.0), 1e-4);
  y = ag_tree_odeint(cx, identity, NULL, NULL, nothing, vector_of(cx, "0 1"), &k, 1, NULL);
  CHECK(ag_tree_kind(cx, y) == AG_TUPLE && ag_tree_leaf_count(cx, y) == 0);
  CHECK_OK(cx);
  CHECK(ag_tree_odeint(cx, oscillator, &k, NULL, args[0], vector_of(cx, "0 1"), &k, 1, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_odeint: the result of the function has another structure");
  ways[1].rk4_steps = 3;
  CHECK(ag_tree_odeint(cx, oscillator, &k, NULL, args[0], vector_of(cx, "0 1"), &k, 1, &ways[1]).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_odeint: the result of the function has another structure");
  CHECK(ag_tree_odeint(cx, oscillator, NULL, NULL, args[0], ag_scalar(cx, 0.0), &k, 1, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_tree_odeint: expected a vector of times");
  ways[0].rtol = -1.0;
  CHECK(ag_tree_odeint(cx, oscillator, NULL, NULL, args[0], vector_of(cx, "0 1"), &k, 1, &ways[0]).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "finite and not negative");
}

int main(void) {
  ag_context *cx = ag_context_new();
  gauss_newton(cx);
  products(cx);
  hessians(cx);
  loops(cx);
  equations(cx);
  differential_equations(cx);
  return finish(cx);
}
