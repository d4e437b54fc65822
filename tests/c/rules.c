/* Derivative rules as people write them who wrap C code: rules that read the elements of what they are given, values put
 * aside by the forward function. They are right or an error, in every mode; never 0 in silence. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(ag_primitive *)user, args, nargs);
}

/* ---- a cubic map of R^n to R^n on double *, with its VJP on double *: y_i = x_i^2 x_(i+1) ---- */

static ag_array cubic(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  size_t n = ag_size(cx, args[0]);
  double y[16];
  const double *x = (const double *)ag_data(cx, args[0]);
  if (!x) return null_array();
  for (size_t i = 0; i < n; i++) y[i] = x[i] * x[i] * x[(i + 1) % n];
  return ag_vector(cx, y, n);
}

/* In three ways of reading: a pointer, a copy, item by item. */
static ag_array by_data(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, UNUSED;
  size_t n = ag_size(cx, args[0]);
  double out[16] = {0};
  const double *x = (const double *)ag_data(cx, args[0]), *d = (const double *)ag_data(cx, g);
  if (!x || !d) return null_array();
  for (size_t i = 0; i < n; i++) {
    out[i] += 2 * x[i] * x[(i + 1) % n] * d[i];
    out[(i + 1) % n] += x[i] * x[i] * d[i];
  }
  return ag_vector(cx, out, n);
}

static ag_array by_copy(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, UNUSED;
  size_t n = ag_size(cx, args[0]);
  double out[16] = {0}, d[16] = {0}, x[16] = {0};
  ag_copy_to(cx, args[0], x, sizeof(double) * n);
  ag_copy_to(cx, g, d, sizeof(double) * n);
  for (size_t i = 0; i < n; i++) {
    out[i] += 2 * x[i] * x[(i + 1) % n] * d[i];
    out[(i + 1) % n] += x[i] * x[i] * d[i];
  }
  return ag_vector(cx, out, n);
}

/* One that detaches the cotangent first. */
static ag_array by_value(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  return by_data(cx, ag_value(cx, g), ans, args, nargs, user);
}

/* Written with operations, for comparison. */
static ag_array cubic_written(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_square(cx, args[0]), ag_roll(cx, args[0], -1));
}

static void rules_that_read_cotangents(ag_context *cx) {
  const ag_vjp_function rules[] = {by_data, by_copy, by_value};
  for (size_t k = 0; k < 3; k++) {
    ag_primitive_def def = primitive_def("cubic", cubic);
    def.vjps = &rules[k];
    def.nvjps = 1;
    ag_primitive p = ag_primitive_new(cx, &def);
    ag_array x = vector_of(cx, "0.5 -1 2"), t = vector_of(cx, "1 -2 0.5"), value;
    /* J t by hand: 2 x_i x_(i+1) t_i + x_i^2 t_(i+1) */
    CHECK_ARRAY(cx, ag_jvp(cx, apply, &p, &x, 1, 0, t, &value), "3", "-1.5 8.5 5");
    CHECK_ARRAY(cx, value, "3", "-0.25 2 2");
    ag_array j = ag_jacobian(cx, cubic_written, NULL, &x, 1, 0);
    CHECK_ARRAY(cx, j, "3,3", "-1 0.25 0  0 -4 1  4 0 2");
    CHECK_ARRAY(cx, ag_jacobian(cx, apply, &p, &x, 1, 0), "3,3", "-1 0.25 0  0 -4 1  4 0 2");
    CHECK_ARRAY(cx, ag_jacobian_forward(cx, apply, &p, &x, 1, 0), "3,3", "-1 0.25 0  0 -4 1  4 0 2");
    CHECK_ARRAY(cx, ag_jacobian_reverse(cx, apply, &p, &x, 1, 0), "3,3", "-1 0.25 0  0 -4 1  4 0 2");
    CHECK_OK(cx);
    /* Of order 2 such a rule knows nothing. */
    ag_hessian(cx, apply, &p, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_TRACED, "cubic");
    /* Neither does a JVP kept as a linear map, which is recorded. */
    ag_make_jvp(cx, apply, &p, &x, 1, 0, &value);
    CHECK_ERROR(cx, AG_ERR_TRACED, "cubic");
    ag_primitive_free(cx, p);
  }
}

/* ---- few inputs, many results: columns would be chosen ---- */

static ag_array spread(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  double x = ag_item(cx, args[0]), y[12];
  for (int i = 0; i < 12; i++) y[i] = x * x * i;
  return ag_vector(cx, y, 12);
}

static int spread_vjps = 0;

static ag_array spread_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, UNUSED;
  spread_vjps++;
  const double *d = (const double *)ag_data(cx, g);
  if (!d) return null_array();
  double sum = 0;
  for (int i = 0; i < 12; i++) sum += 2 * i * d[i];
  return ag_mul_scalar(cx, args[0], sum);
}

static void jacobians_go_by_rows(ag_context *cx) {
  const ag_vjp_function rule = spread_vjp;
  ag_primitive_def def = primitive_def("spread", spread);
  def.vjps = &rule;
  def.nvjps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = ag_scalar(cx, 1.5);
  spread_vjps = 0;
  CHECK_ARRAY(cx, ag_jacobian(cx, apply, &p, &x, 1, 0), "12", "0 3 6 9 12 15 18 21 24 27 30 33");
  /* Twelve rows, and two tries: of columns, and of rows together. */
  CHECK(spread_vjps <= 14);
  CHECK_ARRAY(cx, ag_jvp(cx, apply, &p, &x, 1, 0, ag_scalar(cx, 2), NULL), "12", "0 6 12 18 24 30 36 42 48 54 60 66");
  CHECK_CLOSE(ag_item(cx, ag_sum(cx, ag_deriv(cx, apply, &p, &x, 1, 0))), 198, 1e-14);
  /* The same by a tree. */
  CHECK_OK(cx);
}

/* ---- complex: a rule that is linear over the real numbers only ---- */

static ag_array conjugate(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_conj(cx, args[0]), ag_scalar_complex(cx, 2, 1));
}

/* g -> conj((2 + i) g), element by element */
static ag_array conjugate_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  (void)ans, (void)args, UNUSED;
  size_t n = ag_size(cx, g);
  double z[16] = {0}, w[16];
  ag_copy_to(cx, g, z, 16 * n);
  for (size_t i = 0; i < n; i++) {
    w[2 * i] = 2 * z[2 * i] - z[2 * i + 1];
    w[2 * i + 1] = -(z[2 * i] + 2 * z[2 * i + 1]);
  }
  int64_t shape = (int64_t)n;
  return ag_array_new(cx, AG_C128, &shape, 1, w);
}

static int32_t conjugate_kernel(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nresults, UNUSED;
  const double *z = (const double *)args[0].data;
  double *w = (double *)results[0].data;
  for (size_t i = 0; i < args[0].size; i++) w[2 * i] = z[2 * i], w[2 * i + 1] = -z[2 * i + 1];
  return 0;
}

static void complex_rules(ag_context *cx) {
  const ag_vjp_function rule = conjugate_vjp;
  ag_primitive_def def = primitive_def("conjugate", conjugate);
  def.vjps = &rule;
  def.nvjps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array z = array_of(cx, AG_C128, "2", "1 2 -0.5 3"), t = array_of(cx, AG_C128, "2", "1 1 0 2");
  /* (2 + i) conj(t) */
  CHECK_ARRAY(cx, ag_jvp(cx, apply, &p, &z, 1, 0, t, NULL), "2", "3 -1 2 -4");
  ag_array want = ag_vjp(cx, ag_make_vjp(cx, conjugate, NULL, &z, 1, 0, NULL), t);
  CHECK_ARRAY(cx, ag_sub(cx, ag_vjp(cx, ag_make_vjp(cx, apply, &p, &z, 1, 0, NULL), t), want), "2", "0 0 0 0");

  const ag_raw_function kernel = conjugate_kernel;
  ag_raw_primitive_def raw = raw_primitive_def("conjugate", 1, conjugate_kernel);
  raw.vjps = &kernel;
  raw.nvjps = 1;
  const int32_t dtype = AG_C128;
  raw.dtypes = &dtype;
  raw.ndtypes = 1;
  ag_primitive q = ag_raw_primitive_new(cx, &raw);
  CHECK_ARRAY(cx, ag_jvp(cx, apply, &q, &z, 1, 0, t, NULL), "2", "1 -1 0 -2");
  CHECK_OK(cx);
}

/* ---- single precision and several results ---- */

static int32_t both(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                    void *user) {
  (void)nresults, UNUSED;
  results[0] = ag_mul(cx, args[0], args[1]);
  results[1] = ag_sum(cx, args[0]);
  return 0;
}

static int32_t both_vjps(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                         size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  (void)ans, (void)nresults, UNUSED;
  float g[4], x[4];
  double sum = ag_item(cx, gs[1]);
  size_t m = ag_size(cx, args[0]);
  ag_copy_to(cx, gs[0], g, m * sizeof *g);
  for (size_t i = 0; i < n; i++) {
    ag_copy_to(cx, args[1 - argnums[i]], x, m * sizeof *x);
    for (size_t j = 0; j < m; j++) x[j] = x[j] * g[j] + (argnums[i] == 0 ? (float)sum : 0);
    int64_t shape = (int64_t)m;
    grads[i] = ag_array_new(cx, AG_F32, &shape, 1, x);
  }
  return 0;
}

static ag_array both_joined(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array results[2];
  ag_apply_multi(cx, *(ag_primitive *)user, args, nargs, results, 2);
  return ag_mul(cx, results[0], results[1]);
}

static void several_results(ag_context *cx) {
  ag_primitive_def def = primitive_def("both", NULL);
  def.forward_multi = both;
  def.nresults = 2;
  def.vjp_argnums = both_vjps;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array args[2] = {array_of(cx, AG_F32, "3", "1 2 -1"), array_of(cx, AG_F32, "3", "0.5 1 3")};
  ag_array t = array_of(cx, AG_F32, "3", "1 -1 2");
  /* d (x y s) = (t y) s + (x y) sum(t), with s = 2 */
  ag_array d = ag_jvp(cx, both_joined, &p, args, 2, 0, t, NULL);
  CHECK_ARRAY(cx, d, "3", "2 2 6");
  CHECK(ag_dtype(cx, d) == AG_F32);
  CHECK_ARRAY(cx, ag_jvp(cx, both_joined, &p, args, 2, 1, t, NULL), "3", "2 -4 -4");
  CHECK_OK(cx);
}

/* ---- values put aside by the forward function ---- */

typedef struct {
  ag_array saved;
  ag_scope outer;
  int way;
} aside;

/* exp(x), putting its value aside for the rule. */
static ag_array saving(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  aside *a = (aside *)user;
  ag_array y = ag_exp(cx, args[0]);
  if (a->way == 0) ag_set(cx, a->saved, y);
  if (a->way == 1) a->saved = ag_keep(cx, a->outer, ag_exp(cx, args[0]));
  return y;
}

static ag_array from_saved(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)args, (void)nargs;
  aside *a = (aside *)user;
  return ag_mul(cx, g, a->way == 2 ? ag_value(cx, a->saved) : a->saved);
}

static void saved_values(ag_context *cx) {
  const ag_vjp_function rule = from_saved;
  for (int way = 0; way < 2; way++) {
    ag_scope outer = ag_scope_enter(cx), inner = ag_scope_enter(cx);
    aside a = {ag_scalar(cx, 0), inner, way};
    ag_primitive_def def = primitive_def("saving", saving);
    def.vjps = &rule;
    def.nvjps = 1;
    def.user = &a;
    ag_primitive p = ag_primitive_new(cx, &def);
    ag_array x = vector_of(cx, "0.5");
    /* The first derivative is right. */
    CHECK_ARRAY(cx, ag_elementwise_grad(cx, apply, &p, &x, 1, 0), "1", "1.6487212707001282");
    CHECK_OK(cx);
    /* The second one would be 0. */
    ag_hessian(cx, apply, &p, &x, 1, 0);
    CHECK_ERROR(cx, AG_ERR_TRACED, "saved");
    ag_hvp(cx, apply, &p, &x, 1, 0, x);
    CHECK_ERROR(cx, AG_ERR_TRACED, "saving: ");
    ag_primitive_free(cx, p);
    ag_scope_leave(cx, outer);
  }
}

/* What depends on no argument is said to. */
static ag_array masking(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  aside *a = (aside *)user;
  ag_set(cx, a->saved, vector_of(cx, "1 0 2"));
  return ag_mul(cx, a->saved, ag_exp(cx, args[0]));
}

static ag_array masked(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans, (void)nargs;
  aside *a = (aside *)user;
  return ag_mul(cx, ag_mul(cx, g, ag_value(cx, a->saved)), ag_exp(cx, args[0]));
}

static ag_array masked_sum(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, apply(cx, args, nargs, user));
}

static void saved_constants(ag_context *cx) {
  const ag_vjp_function rule = masked;
  aside a = {ag_scalar(cx, 0), {0}, 0};
  ag_primitive_def def = primitive_def("masking", masking);
  def.vjps = &rule;
  def.nvjps = 1;
  def.user = &a;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "0 1 0");
  CHECK_ARRAY(cx, ag_hvp(cx, masked_sum, &p, &x, 1, 0, vector_of(cx, "1 1 1")), "3", "1 0 2");
  CHECK_OK(cx);
  ag_primitive_free(cx, p);
}

int main(void) {
  ag_context *cx = ag_context_new();
  rules_that_read_cotangents(cx);
  jacobians_go_by_rows(cx);
  complex_rules(cx);
  several_results(cx);
  saved_values(cx);
  saved_constants(cx);
  return finish(cx);
}
