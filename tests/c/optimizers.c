/* Training loops and minimizers, against what autograd's and SciPy's come to on the same problems. */
#include "../reference/optimizers.h"
#include "check.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static ag_tree null_tree(void) {
  ag_tree t = {0};
  return t;
}

static ag_optimizer_options options_of(ag_context *cx, int32_t method) {
  ag_optimizer_options o;
  memset(&o, 0xff, sizeof o);
  ag_optimizer_defaults(cx, method, &o, sizeof o);
  CHECK(o.struct_size == sizeof o && o.method == method && !o.callback);
  return o;
}

static ag_minimize_options minimizer_options(ag_context *cx) {
  ag_minimize_options o;
  ag_minimize_defaults(cx, &o, sizeof o);
  CHECK(o.struct_size == sizeof o && o.memory == 10);
  return o;
}

static ag_minimize_result empty_result(void) {
  ag_minimize_result r;
  memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  return r;
}

/* ---- first order ---- */

static ag_tree start(ag_context *cx) {
  static const char *const keys[] = {"w", "b"};
  ag_array x[2];
  x[0] = ag_scalar(cx, 2.0), x[1] = vector_of(cx, "0.5 0.25");
  return ag_tree_dict_of(cx, keys, x, 2);
}

/* sum((b - (1, -2))^2) (1 + i / 10) + (w - 3)^4 */
static ag_array objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)user;
  ag_array b = ag_sub(cx, ag_tree_array_at(cx, x, "b"), vector_of(cx, "1 -2"));
  ag_array w = ag_square(cx, ag_square(cx, ag_sub_scalar(cx, ag_tree_array_at(cx, x, "w"), 3.0)));
  return ag_add(cx, ag_mul_scalar(cx, ag_sum(cx, ag_square(cx, b)), 1.0 + 0.1 * (double)i), w);
}

static ag_tree objective_at(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_tree_leaf(cx, objective(cx, *(size_t *)user, args[0], NULL));
}

static void check_vector(ag_context *cx, ag_array x, const double *want, size_t n, double tolerance, int line) {
  const double *got = ag_data_f64(cx, x);
  bool right = ag_size(cx, x) == n && got;
  for (size_t i = 0; right && i < n; i++) right = is_close(got[i], want[i], tolerance);
  if (right) return;
  printf("%s:%d: got %s\n", __FILE__, line, got ? ag_to_string(cx, x) : ag_error_message(cx));
  for (size_t i = 0; i < n; i++) printf("%.12g ", want[i]);
  printf("expected\n");
  failures++;
}

static void autograds_methods(ag_context *cx) {
  static const double *const after[][2] = {{sgd_1, sgd_7}, {rmsprop_1, rmsprop_7}, {adam_1, adam_7}};
  for (int32_t method = AG_SGD; method <= AG_ADAM; method++)
    for (int k = 0; k < 2; k++) {
      size_t steps = k ? 7 : 1;
      ag_optimizer_options o = options_of(cx, method);
      ag_minimize_result r = empty_result();
      CHECK(o.step_size == (method == AG_ADAM ? 0.001 : 0.1) && o.num_iters == (method == AG_SGD ? 200 : 100));
      o.num_iters = steps;
      ag_tree x = ag_optimize(cx, objective, NULL, start(cx), &o, &r);
      check_vector(cx, ag_tree_flatten(cx, x), after[method][k], 3, 1e-13, __LINE__);
      CHECK(r.status == AG_STOP_ITERATIONS && r.iterations == steps && r.evaluations == steps);
      /* step by step */
      ag_tree y = start(cx), state = ag_optimizer_init(cx, y, &o);
      for (size_t i = 0; i < steps; i++) {
        ag_scope scope = ag_scope_enter(cx);
        ag_optimizer_update(cx, y, ag_tree_grad(cx, objective_at, &i, &y, 1, 0), state, &o);
        ag_scope_leave(cx, scope);
      }
      check_vector(cx, ag_tree_flatten(cx, y), after[method][k], 3, 1e-13, __LINE__);
      CHECK_OK(cx);
    }
}

struct seen {
  size_t calls, last;
  double value, norm;
  ag_tree x;
};

static int32_t watch(ag_context *cx, const ag_iteration *it, void *user) {
  struct seen *seen = (struct seen *)user;
  CHECK(it->struct_size == sizeof *it && it->iteration == seen->calls);
  seen->calls++, seen->value = it->value, seen->norm = it->gradient_norm;
  CHECK_CLOSE(ag_item(cx, ag_tree_norm(cx, it->gradient)), it->gradient_norm, 1e-13);
  ag_tree_set(cx, seen->x, it->x);
  return it->iteration == seen->last;
}

static int32_t failing_watch(ag_context *cx, const ag_iteration *it, void *user) {
  (void)it, (void)user;
  ag_raise(cx, AG_ERR_USER + 5, "enough");
  return 0;
}

/* Complex parameters go down along the conjugate of their gradient: |z - (1 + 2i)|^2. */
static ag_array distance(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i, (void)user;
  ag_array d = ag_sub(cx, ag_tree_array(cx, x), ag_scalar_complex(cx, 1, 2));
  return ag_square(cx, ag_abs(cx, d));
}

static ag_array not_a_number(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)user;
  return i < 3 ? ag_sum(cx, ag_tree_flatten(cx, x)) : ag_scalar(cx, NAN);
}

/* The value after two steps of gradient descent, by the point where they begin: a loop is differentiated. */
static ag_tree two_steps(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  ag_tree x = ag_tree_dup(cx, args[0]), state = ag_optimizer_init(cx, x, (ag_optimizer_options *)user);
  for (size_t i = 0; i < 2; i++)
    ag_optimizer_update(cx, x, ag_tree_grad(cx, objective_at, &i, &x, 1, 0), state, (ag_optimizer_options *)user);
  return ag_tree_leaf(cx, objective(cx, 0, x, NULL));
}

static void loops(ag_context *cx) {
  ag_optimizer_options o = options_of(cx, AG_ADAM);
  ag_minimize_result r = empty_result();
  struct seen seen = {0, 3, 0, 0, {0}};
  seen.x = start(cx);
  o.callback = watch, o.callback_user = &seen, o.step_size = 0.1;
  ag_tree x = ag_optimize(cx, objective, NULL, start(cx), &o, &r);
  CHECK(r.status == AG_STOP_CALLBACK && r.iterations == 3 && r.evaluations == 4 && seen.calls == 4);
  CHECK(r.value == seen.value && r.gradient_norm == seen.norm && strstr(r.message, "callback"));
  CHECK(ag_item(cx, ag_tree_norm(cx, ag_tree_sub(cx, x, seen.x))) == 0.0);
  o.callback = failing_watch;
  CHECK(ag_optimize(cx, objective, NULL, start(cx), &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_USER + 5, "enough");
  o.callback = NULL;
  CHECK(ag_optimize(cx, not_a_number, NULL, start(cx), &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_optimize: the objective or its gradient is NaN at iteration 3");
  /* the parameters keep their precision; integers among them stay */
  {
    static const char *const keys[] = {"w", "b"};
    ag_array leaves[2];
    leaves[0] = array_of(cx, AG_F32, "", "2"), leaves[1] = array_of(cx, AG_I64, "2", "1 2");
    for (o.method = AG_SGD; o.method <= AG_ADAM; o.method++) {
      x = ag_optimize(cx, objective, NULL, ag_tree_dict_of(cx, keys, leaves, 2), &o, NULL);
      CHECK(ag_dtype(cx, ag_tree_array_at(cx, x, "w")) == AG_F32 && ag_dtype(cx, ag_tree_array_at(cx, x, "b")) == AG_I64);
      CHECK_ARRAY(cx, ag_tree_array_at(cx, x, "b"), "2", "1 2");
      CHECK(fabs(ag_item(cx, ag_tree_array_at(cx, x, "w")) - 3.0) < 0.5);
      o.num_iters = 300;
      x = ag_optimize(cx, distance, NULL, ag_tree_leaf(cx, ag_scalar_complex(cx, 0, 0)), &o, &r);
      CHECK_ARRAY_TO(cx, ag_tree_array(cx, x), "", "1 2", 0.06);
    }
    CHECK_OK(cx);
  }
  for (int32_t method = AG_SGD; method <= AG_ADAM; method++) {
    o = options_of(cx, method);
    x = start(cx);
    CHECK(ag_tree_check_grads(cx, two_steps, &o, &x, 1, 1, 0) == AG_OK);
    CHECK_OK(cx);
  }

  x = start(cx), o = options_of(cx, AG_SGD);
  o.method = 9;
  CHECK(ag_optimizer_init(cx, x, &o).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "9 is no method");
  ag_optimizer_defaults(cx, -1, &o, sizeof o);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "-1 is no method");
  ag_optimizer_defaults(cx, AG_SGD, NULL, sizeof o);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "options is NULL");
  CHECK(ag_optimize(cx, objective, NULL, x, NULL, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "options is NULL");
  o = options_of(cx, AG_SGD);
  CHECK(ag_optimize(cx, NULL, NULL, x, &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the function f is NULL");
  o.struct_size = 4;
  CHECK(ag_optimize(cx, objective, NULL, x, &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size of options is 4");
  o = options_of(cx, AG_SGD);
  ag_optimizer_update(cx, x, x, x, &o);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the state has another structure");
  ag_optimizer_update(cx, x, ag_tree_leaf(cx, ag_scalar(cx, 1.0)), ag_optimizer_init(cx, x, &o), &o);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the gradient has another structure");
}

/* A loop neither grows nor, after its first steps, asks the system for memory. */
struct memory {
  uint64_t allocations;
  size_t reserved, live;
};

static int32_t watch_memory(ag_context *cx, const ag_iteration *it, void *user) {
  struct memory *m = (struct memory *)user;
  ag_memory_stats now = memory_of(cx);
  if (it->iteration == 20) m->allocations = now.system_allocations, m->reserved = now.reserved, m->live = ag_live(cx);
  if (it->iteration > 20) {
    CHECK(now.system_allocations == m->allocations && now.reserved == m->reserved && ag_live(cx) == m->live);
  }
  return 0;
}

static ag_array large(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i, (void)user;
  ag_array h = ag_tanh(cx, ag_matmul(cx, ag_tree_array_at(cx, x, "0"), ag_tree_array_at(cx, x, "1")));
  return ag_sum(cx, ag_square(cx, ag_sub_scalar(cx, h, 0.3)));
}

static ag_tree large_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_tree_leaf(cx, large(cx, 0, args[0], user));
}

static void steady(ag_context *cx) {
  const int64_t a[] = {60, 100}, b[] = {100, 80};
  struct memory m = {0, 0, 0};
  ag_array leaves[2];
  leaves[0] = ag_random_normal(cx, 1, AG_F64, a, 2, 0.0, 0.1), leaves[1] = ag_random_normal(cx, 2, AG_F64, b, 2, 0.0, 0.1);
  ag_tree x = ag_tree_tuple_of(cx, leaves, 2);
  for (int32_t method = AG_SGD; method <= AG_ADAM; method++) {
    ag_optimizer_options o = options_of(cx, method);
    o.callback = watch_memory, o.callback_user = &m, o.num_iters = 60, o.step_size = 1e-3;
    CHECK(ag_optimize(cx, large, NULL, x, &o, NULL).bits != 0);
  }
  ag_minimize_options o = minimizer_options(cx);
  o.callback = watch_memory, o.callback_user = &m, o.max_iterations = 60, o.ftol = -1, o.gtol = -1;
  CHECK(ag_tree_minimize_lbfgs(cx, large_tree, NULL, x, null_tree(), null_tree(), &o, NULL).bits != 0);
  CHECK_OK(cx);
}

/* ---- minimizers ---- */

static ag_array rosenbrock(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0], head = ag_index(cx, x, ":-1"), tail = ag_index(cx, x, "1:");
  ag_array curved = ag_square(cx, ag_sub(cx, tail, ag_square(cx, head)));
  return ag_sum(cx, ag_add(cx, ag_mul_scalar(cx, curved, 100.0), ag_square(cx, ag_rsub_scalar(cx, head, 1.0))));
}

static ag_array quadratic(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0], k = ag_arange(cx, AG_F64, 0.0, (double)ag_size(cx, x), 1.0), d = ag_diff(cx, x, 1, 0);
  ag_array squares = ag_add(cx, ag_dot(cx, ag_add_scalar(cx, k, 1.0), ag_square(cx, x)), ag_dot(cx, d, d));
  return ag_sub(cx, ag_mul_scalar(cx, squares, 0.5), ag_dot(cx, ag_cos(cx, k), x));
}

static ag_array logistic(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array i = ag_arange(cx, AG_F64, 0.0, 40.0, 1.0), j = ag_arange(cx, AG_F64, 0.0, 4.0, 1.0);
  ag_array angles = ag_add(cx, ag_expand_dims(cx, ag_mul_scalar(cx, i, 3.0), 1), ag_mul_scalar(cx, ag_square(cx, j), 5.0));
  ag_array x = ag_sin(cx, ag_add_scalar(cx, angles, 1.0));
  ag_array scores = ag_add(cx, ag_cos(cx, ag_mul_scalar(cx, i, 7.0)), ag_index(cx, x, ":, 0"));
  ag_array positive = ag_greater(cx, scores, ag_scalar(cx, 0.0));
  ag_array y = ag_where(cx, positive, ag_scalar(cx, 1.0), ag_scalar(cx, -1.0));
  ag_array margins = ag_neg(cx, ag_mul(cx, y, ag_dot(cx, x, args[0])));
  ag_array losses = ag_sum(cx, ag_logaddexp(cx, ag_zeros_like(cx, margins), margins));
  return ag_add(cx, losses, ag_mul_scalar(cx, ag_dot(cx, args[0], args[0]), 0.05));
}

struct problem {
  const char *name;
  ag_function f;
  ag_array x0, lower, upper;
  const double *x, *value, *defaults; /* the last: value, iterations, evaluations with SciPy's defaults */
};

static void as_scipy(ag_context *cx) {
  const double inf = INFINITY;
  const double low[] = {-2, -2, -inf, 0.2, -inf}, high[] = {0.8, 2, inf, 0.3, 0.05};
  const int64_t thirty[] = {30};
  struct problem problems[5];
  memset(problems, 0, sizeof problems);
  ag_array x0 = vector_of(cx, "-1.2 1 0.5 2 -1"), ones = ag_ones(cx, AG_F64, thirty, 1), zeros = vector_of(cx, "0 0 0 0");
  problems[0].name = "rosenbrock", problems[0].f = rosenbrock, problems[0].x0 = x0;
  problems[0].x = rosenbrock_x, problems[0].value = rosenbrock_value, problems[0].defaults = rosenbrock_default;
  problems[1] = problems[0], problems[1].name = "rosenbrock with bounds";
  problems[1].lower = ag_vector(cx, low, 5), problems[1].upper = ag_vector(cx, high, 5);
  problems[1].x = rosenbrock_bounded_x, problems[1].value = rosenbrock_bounded_value;
  problems[1].defaults = rosenbrock_bounded_default;
  problems[2].name = "quadratic", problems[2].f = quadratic, problems[2].x0 = ones;
  problems[2].x = quadratic_x, problems[2].value = quadratic_value, problems[2].defaults = quadratic_default;
  problems[3] = problems[2], problems[3].name = "quadratic with bounds";
  problems[3].lower = ag_scalar(cx, -0.01), problems[3].upper = ag_scalar(cx, 0.02);
  problems[3].x = quadratic_bounded_x, problems[3].value = quadratic_bounded_value;
  problems[3].defaults = quadratic_bounded_default;
  problems[4].name = "logistic", problems[4].f = logistic, problems[4].x0 = zeros;
  problems[4].x = logistic_x, problems[4].value = logistic_value, problems[4].defaults = logistic_default;
  for (size_t k = 0; k < COUNT(problems); k++) {
    struct problem *p = &problems[k];
    ag_minimize_options o = minimizer_options(cx);
    ag_minimize_result r = empty_result();
    size_t n = ag_size(cx, p->x0);
    ag_array x = ag_minimize_lbfgs(cx, p->f, NULL, p->x0, p->lower, p->upper, NULL, &r);
    printf("%s: %.12g after %d iterations, %d evaluations (SciPy: %.12g, %g, %g): %s\n", p->name, r.value,
           (int)r.iterations, (int)r.evaluations, p->defaults[0], p->defaults[1], p->defaults[2], r.message);
    CHECK(r.status == AG_STOP_GRADIENT || r.status == AG_STOP_CHANGE);
    CHECK_CLOSE(r.value, p->value[0], 1e-7);
    CHECK(r.evaluations <= 2 * (size_t)p->defaults[2]);
    CHECK_CLOSE(ag_item(cx, p->f(cx, &x, 1, NULL)), r.value, 1e-14);
    o.ftol = -1, o.gtol = 1e-9;
    x = ag_minimize_lbfgs(cx, p->f, NULL, p->x0, p->lower, p->upper, &o, &r);
    check_vector(cx, x, p->x, n, 2e-7, __LINE__);
    CHECK(r.gradient_norm < 1e-6);
    if (p->lower.bits) continue;
    o.xtol = 1e-8;
    x = ag_minimize_newton_cg(cx, p->f, NULL, p->x0, &o, &r);
    printf("  Newton-CG: %.12g after %d iterations, %d evaluations, %d products\n", r.value, (int)r.iterations,
           (int)r.evaluations, (int)r.products);
    CHECK(r.status == AG_STOP_GRADIENT || r.status == AG_STOP_CHANGE);
    check_vector(cx, x, p->x, n, 2e-7, __LINE__);
    CHECK(r.products > 0 && r.evaluations < 80);
    CHECK_OK(cx);
  }
  {
    ag_minimize_result r = empty_result();
    ag_minimize_newton_cg(cx, logistic, NULL, zeros, NULL, &r);
    CHECK_CLOSE(r.value, newton_logistic_default[0], 1e-9);
    CHECK(r.iterations <= 2 * (size_t)newton_logistic_default[1]);
    ag_minimize_newton_cg(cx, rosenbrock, NULL, x0, NULL, &r);
    CHECK_CLOSE(r.value, newton_rosenbrock_default[0], 1e-3);
    CHECK(r.iterations <= 2 * (size_t)newton_rosenbrock_default[1]);
  }
}

/* |z^2 - (3 + 4i)|^2 + |w - 2|^2 with z complex, w in single precision, and an integer that is not varied */
static ag_tree complex_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array z = ag_square(cx, ag_tree_array_at(cx, args[0], "z")), w = ag_tree_array_at(cx, args[0], "w");
  ag_array d = ag_abs(cx, ag_sub(cx, z, ag_scalar_complex(cx, 3, 4)));
  ag_array e = ag_sub(cx, ag_astype(cx, w, AG_F64), ag_astype(cx, ag_tree_array_at(cx, args[0], "n"), AG_F64));
  return ag_tree_leaf(cx, ag_add(cx, ag_square(cx, d), ag_square(cx, e)));
}

/* sum(x^2) - sum(log(x)): undefined where an element isn't positive */
static ag_array barrier(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sub(cx, ag_sum(cx, ag_square(cx, args[0])), ag_sum(cx, ag_log(cx, args[0])));
}

static ag_array line(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, args[0]);
}

static ag_array always_nan(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul_scalar(cx, ag_sum(cx, args[0]), NAN);
}

static int32_t stop_at_two(ag_context *cx, const ag_iteration *it, void *user) {
  (void)user;
  CHECK(ag_tree_kind(cx, it->x) == AG_LEAF && ag_size(cx, ag_tree_array(cx, it->gradient)) == 5);
  return it->iteration == 2;
}

static void trees_and_ends(ag_context *cx) {
  static const char *const keys[] = {"n", "w", "z"};
  ag_array leaves[3], none = null_array(), x0 = vector_of(cx, "-1.2 1 0.5 2 -1");
  ag_minimize_options o = minimizer_options(cx);
  ag_minimize_result r = empty_result();
  leaves[0] = ag_scalar_int(cx, 2), leaves[1] = array_of(cx, AG_F32, "", "0.5"), leaves[2] = ag_scalar_complex(cx, 1, 0.3);
  ag_tree t = ag_tree_dict_of(cx, keys, leaves, 3), found[2], upper;
  o.gtol = 1e-8, o.ftol = -1;
  found[0] = ag_tree_minimize_lbfgs(cx, complex_tree, NULL, t, null_tree(), null_tree(), &o, NULL);
  found[1] = ag_tree_minimize_newton_cg(cx, complex_tree, NULL, t, &o, &r);
  CHECK(r.status == AG_STOP_GRADIENT || r.status == AG_STOP_CHANGE);
  for (int k = 0; k < 2; k++) {
    CHECK_ARRAY_TO(cx, ag_tree_array_at(cx, found[k], "z"), "", "2 1", 1e-6);
    CHECK_ARRAY_TO(cx, ag_tree_array_at(cx, found[k], "w"), "", "2", 1e-6);
    CHECK(ag_dtype(cx, ag_tree_array_at(cx, found[k], "w")) == AG_F32);
    CHECK(ag_dtype(cx, ag_tree_array_at(cx, found[k], "n")) == AG_I64);
  }
  /* complex numbers have no bounds; the others may have */
  CHECK(ag_tree_minimize_lbfgs(cx, complex_tree, NULL, t, t, null_tree(), &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "complex numbers have no bounds");
  leaves[0] = leaves[2] = ag_scalar(cx, INFINITY), leaves[1] = ag_scalar(cx, 1.5);
  upper = ag_tree_dict_of(cx, keys, leaves, 3);
  found[0] = ag_tree_minimize_lbfgs(cx, complex_tree, NULL, t, null_tree(), upper, &o, NULL);
  CHECK_ARRAY_TO(cx, ag_tree_array_at(cx, found[0], "z"), "", "2 1", 1e-6);
  CHECK_ARRAY(cx, ag_tree_array_at(cx, found[0], "w"), "", "1.5");
  CHECK(ag_tree_minimize_lbfgs(cx, complex_tree, NULL, t, null_tree(), ag_tree_leaf(cx, x0), &o, NULL).bits == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "the upper bounds have another structure");

  /* a line with bounds below: to the corner at once */
  ag_array x = ag_minimize_lbfgs(cx, line, NULL, x0, vector_of(cx, "-3 -2 0 1 -5"), none, NULL, &r);
  CHECK_ARRAY(cx, x, "5", "-3 -2 0 1 -5");
  CHECK(r.status == AG_STOP_GRADIENT && r.gradient_norm == 0.0 && r.iterations <= 6);
  /* a start outside of the bounds, and variables that the bounds fix */
  x = ag_minimize_lbfgs(cx, line, NULL, x0, ag_scalar(cx, 1.0), ag_scalar(cx, 1.0), NULL, &r);
  CHECK_ARRAY(cx, x, "5", "1 1 1 1 1");
  CHECK(r.iterations == 0 && r.value == 5.0);
  /* steps that leave the domain are shortened: the minimum is at 1 / sqrt(2) */
  x = ag_minimize_lbfgs(cx, barrier, NULL, vector_of(cx, "10 0.01"), none, none, NULL, &r);
  CHECK_ARRAY_TO(cx, x, "2", "0.70710678 0.70710678", 1e-4);
  x = ag_minimize_newton_cg(cx, barrier, NULL, vector_of(cx, "10 0.01"), NULL, &r);
  CHECK_ARRAY_TO(cx, x, "2", "0.70710678 0.70710678", 1e-4);
  CHECK_OK(cx);
  /* no minimum: a result, not an error */
  o = minimizer_options(cx);
  o.max_iterations = 5;
  CHECK(!is_null(ag_minimize_lbfgs(cx, line, NULL, x0, none, none, &o, &r)));
  CHECK(r.status == AG_STOP_ITERATIONS || r.status == AG_STOP_UNBOUNDED);
  o.max_iterations = 1000, o.max_evaluations = 7;
  ag_minimize_lbfgs(cx, rosenbrock, NULL, x0, none, none, &o, &r);
  CHECK(r.status == AG_STOP_EVALUATIONS && strstr(r.message, "evaluations"));
  o.callback = stop_at_two;
  ag_minimize_lbfgs(cx, rosenbrock, NULL, x0, none, none, &o, &r);
  CHECK(r.status == AG_STOP_CALLBACK && r.iterations == 2);
  ag_minimize_newton_cg(cx, rosenbrock, NULL, x0, &o, &r);
  CHECK(r.status == AG_STOP_CALLBACK && r.iterations == 2);
  CHECK_OK(cx);

  CHECK(is_null(ag_minimize_lbfgs(cx, always_nan, NULL, x0, none, none, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_minimize_lbfgs: the objective or its gradient is NaN at iteration 0");
  CHECK(is_null(ag_minimize_newton_cg(cx, always_nan, NULL, x0, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "NaN at iteration 0");
  CHECK(is_null(ag_minimize_lbfgs(cx, line, NULL, x0, ag_scalar(cx, 2.0), ag_scalar(cx, 1.0), NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the lower bound 2 of variable 0 is greater than the upper bound 1");
  CHECK(is_null(ag_minimize_lbfgs(cx, line, NULL, x0, vector_of(cx, "1 2"), none, NULL, NULL)));
  CHECK(strncmp(ag_error_message(cx), "ag_minimize_lbfgs: ", 19) == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "");
  CHECK(is_null(ag_minimize_lbfgs(cx, line, NULL, x0, ag_scalar(cx, NAN), none, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the lower bounds: one of them is NaN");
  CHECK(is_null(ag_minimize_lbfgs(cx, NULL, NULL, x0, none, none, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the function f is NULL");
  o.struct_size = 8;
  CHECK(is_null(ag_minimize_newton_cg(cx, line, NULL, x0, &o, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size of options is 8");
  r.struct_size = 3;
  CHECK(is_null(ag_minimize_newton_cg(cx, line, NULL, x0, NULL, &r)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size of result is 3");
  o = minimizer_options(cx), o.memory = 1001;
  CHECK(is_null(ag_minimize_lbfgs(cx, line, NULL, x0, none, none, &o, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "memory is 1001, at most 1000");
  ag_minimize_defaults(cx, NULL, sizeof o);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_minimize_defaults");
}

/* ---- objectives without a minimum, and with kinks ---- */

static ag_array falling(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  switch (*(int *)user) {
    case 0: return ag_sum(cx, args[0]);
    case 1: return ag_neg(cx, ag_sum(cx, ag_exp(cx, args[0])));
    case 2: return ag_neg(cx, ag_sum(cx, ag_square(cx, args[0])));
    default: return ag_sum(cx, ag_pow_scalar(cx, args[0], 3));
  }
}

static void without_a_bound(ag_context *cx) {
  ag_array none = null_array();
  for (int kind = 0; kind < 4; kind++) {
    ag_minimize_result r = empty_result();
    ag_array x0 = vector_of(cx, "0.3 -0.2");
    double before = ag_item(cx, falling(cx, &x0, 1, &kind));
    ag_array x = ag_minimize_lbfgs(cx, falling, &kind, x0, none, none, NULL, &r);
    CHECK(r.status == AG_STOP_UNBOUNDED && strstr(r.message, "unbounded"));
    /* the best point, with its value */
    CHECK(r.value < before - 1e3 && ag_item(cx, falling(cx, &x, 1, &kind)) == r.value);
    x = ag_minimize_newton_cg(cx, falling, &kind, x0, NULL, &r);
    CHECK(r.status == AG_STOP_UNBOUNDED && r.value < before - 1e3);
    CHECK_OK(cx);
  }
  /* with bounds it has a minimum */
  int kind = 0;
  ag_minimize_result r = empty_result();
  ag_array x = ag_minimize_lbfgs(cx, falling, &kind, vector_of(cx, "1 2"), ag_scalar(cx, -5), none, NULL, &r);
  CHECK_ARRAY(cx, x, "2", "-5 -5");
  CHECK(r.status == AG_STOP_GRADIENT);
}

static ag_array kinked(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array x = args[0], a = ag_abs(cx, x);
  switch (*(int *)user) {
    case 0: return ag_sum(cx, a);
    case 1: return ag_max(cx, a);
    default: return ag_add(cx, ag_sum(cx, ag_abs(cx, ag_sub_scalar(cx, x, 1))), ag_abs(cx, ag_sum(cx, x)));
  }
}

/* From many starts to the minimum; where it isn't reached the status doesn't say "converged". */
static void with_kinks(ag_context *cx) {
  ag_array none = null_array();
  static const double minima[] = {0, 0, 2};
  static const char *const starts[] = {"1 -2.3", "0.3 0.7", "-3 0.1", "10 -0.01", "2.5 2.5", "-1 -7"};
  for (int kind = 0; kind < 3; kind++)
    for (size_t k = 0; k < sizeof starts / sizeof *starts; k++) {
      ag_minimize_result r = empty_result();
      ag_minimize_lbfgs(cx, kinked, &kind, vector_of(cx, starts[k]), none, none, NULL, &r);
      bool converged = r.status == AG_STOP_GRADIENT || r.status == AG_STOP_CHANGE;
      if (converged && !CHECK(r.value - minima[kind] < 1e-3)) printf("  kind %d from %s: %g\n", kind, starts[k], r.value);
      if (kind == 0) CHECK(r.value < 1e-3);
    }
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  autograds_methods(cx);
  loops(cx);
  steady(cx);
  as_scipy(cx);
  trees_and_ends(cx);
  without_a_bound(cx);
  with_kinks(cx);
  return finish(cx);
}
