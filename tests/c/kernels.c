/* Raw kernels: the dtypes they take, rules for all arguments at once, and what they say when they fail. */
#include "check.h"

#include <stddef.h>

#define UNUSED (void)nargs, (void)nresults, (void)user

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(const ag_primitive *)user, args, nargs);
}

static ag_array total(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, apply(cx, args, nargs, user));
}

/* ---- dtypes ---- */

/* writes doubles, whatever it is given */
static int32_t twice(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED;
  const double *x = (const double *)args[nargs - 1].data;
  double *y = (double *)results[0].data;
  for (size_t i = 0; i < results[0].size; i++) y[i] = 2 * x[i];
  return 0;
}

/* (g, ans, x) -> 2 g, and (tangent, ans, x) -> 2 tangent */
static int32_t twice_rule(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED;
  const double *g = (const double *)args[0].data;
  double *out = (double *)results[0].data;
  for (size_t i = 0; i < nargs; i++)
    if (args[i].dtype != AG_F64) return AG_ERR_DTYPE;
  for (size_t i = 0; i < results[0].size; i++) out[i] = 2 * g[i];
  return 0;
}

/* any real dtype of two, as its arguments have it */
static int32_t any_twice(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED;
  for (size_t i = 0; i < args[0].size; i++) switch (args[0].dtype) {
      case AG_F32: ((float *)results[0].data)[i] = 2 * ((const float *)args[0].data)[i]; break;
      case AG_F64: ((double *)results[0].data)[i] = 2 * ((const double *)args[0].data)[i]; break;
      default: return AG_ERR_DTYPE;
    }
  return 0;
}

static void dtypes(ag_context *cx) {
  const ag_raw_function rule = twice_rule;
  ag_raw_primitive_def def = raw_primitive_def("twice", 1, twice);
  def.vjps = def.jvps = &rule;
  def.nvjps = def.njvps = 1;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  int64_t many = 1000;
  /* a kernel for doubles gets doubles, and its result has room for them */
  ag_array x = ag_full(cx, AG_F32, &many, 1, 1.5), y = ag_apply(cx, p, &x, 1);
  CHECK(ag_dtype(cx, y) == AG_F64 && ag_item(cx, ag_sum(cx, y)) == 3000.0);
  x = array_of(cx, AG_F32, "3", "1 -2 0.5");
  ag_array g = ag_grad(cx, total, &p, &x, 1, 0);
  CHECK(ag_dtype(cx, g) == AG_F32);
  CHECK_ARRAY(cx, g, "3", "2 2 2");
  CHECK_ARRAY(cx, ag_jvp(cx, apply, &p, &x, 1, 0, x, NULL), "3", "2 -4 1");
  CHECK_ARRAY(cx, ag_jacobian(cx, apply, &p, &x, 1, 0), "3,3", "2 0 0 0 2 0 0 0 2");
  x = array_of(cx, AG_I64, "2", "3 4");
  CHECK_ARRAY(cx, ag_apply(cx, p, &x, 1), "2", "6 8");
  x = array_of(cx, AG_BOOL, "2", "1 0");
  CHECK_ARRAY(cx, ag_apply(cx, p, &x, 1), "2", "2 0");
  x = array_of(cx, AG_C128, "1", "1 2");
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_DTYPE,
              "twice: argument 0 has dtype complex128, the kernels take float64, to which it cannot be converted safely");
  /* what the first version of the struct had is enough */
  def.struct_size = offsetof(ag_raw_primitive_def, dtypes);
  def.ndtypes = 77, def.dtypes = NULL;
  p = ag_raw_primitive_new(cx, &def);
  x = vector_of(cx, "1 2");
  CHECK_ARRAY(cx, ag_apply(cx, p, &x, 1), "2", "2 4");
  def.struct_size--;
  CHECK(ag_raw_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is");

  /* a kernel that looks */
  const int32_t any = AG_ANY_DTYPE;
  def = raw_primitive_def("any_twice", 1, any_twice);
  def.dtypes = &any;
  def.ndtypes = 1;
  p = ag_raw_primitive_new(cx, &def);
  x = array_of(cx, AG_F32, "2", "1 2");
  y = ag_apply(cx, p, &x, 1);
  CHECK(ag_dtype(cx, y) == AG_F32);
  CHECK_ARRAY(cx, y, "2", "2 4");
  x = array_of(cx, AG_I64, "2", "1 2");
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "any_twice: the forward kernel failed with code 4; it was given int64[2]");

  /* one for each argument; what is wrong in the list */
  const int32_t wrong[] = {AG_F32, 17, AG_F64};
  def = raw_primitive_def("narrow", 1, any_twice);
  def.dtypes = wrong;
  def.ndtypes = 1;
  p = ag_raw_primitive_new(cx, &def);
  x = vector_of(cx, "1 2");
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "narrow: argument 0 has dtype float64, the kernels take float32");
  def.ndtypes = 2;
  CHECK(ag_raw_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_raw_primitive_new: ndtypes is 2, expected 1 or nargs, which is 1");
  def.nargs = 2;
  CHECK(ag_raw_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_raw_primitive_new: dtypes has 17, which is no dtype");
  def.dtypes = NULL;
  CHECK(ag_raw_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the argument dtypes is NULL");
}

/* ---- all cotangents at once, and several results ---- */

/* x y and x + y */
static int32_t product_and_sum(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED;
  const double *x = (const double *)args[0].data, *y = (const double *)args[1].data;
  for (size_t i = 0; i < args[0].size; i++) {
    ((double *)results[0].data)[i] = x[i] * y[i];
    ((double *)results[1].data)[i] = x[i] + y[i];
  }
  return 0;
}

static int calls;

/* (g0, g1, ans0, ans1, x, y) -> g0 y + g1, g0 x + g1 */
static int32_t both_vjps(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)user;
  const double *g0 = (const double *)args[0].data, *g1 = (const double *)args[1].data;
  const double *x = (const double *)args[4].data, *y = (const double *)args[5].data;
  if (nargs != 6 || nresults != 2) return AG_ERR_USER;
  calls++;
  for (size_t i = 0; i < results[0].size; i++) {
    ((double *)results[0].data)[i] = g0[i] * y[i] + g1[i];
    ((double *)results[1].data)[i] = g0[i] * x[i] + g1[i];
  }
  return 0;
}

/* the first result times the second */
static ag_array both(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array found[2];
  ag_apply_multi(cx, *(const ag_primitive *)user, args, nargs, found, 2);
  return ag_mul(cx, found[0], found[1]);
}

static ag_array both_by_hand(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul(cx, ag_mul(cx, args[0], args[1]), ag_add(cx, args[0], args[1]));
}

static ag_array sum_of_both(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, both(cx, args, nargs, user));
}

static void at_once(ag_context *cx) {
  ag_raw_primitive_def def = raw_primitive_def("product_and_sum", 2, product_and_sum);
  def.nresults = 2;
  def.vjp_all = both_vjps;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  ag_array args[2], grads[2];
  args[0] = vector_of(cx, "1 2 3"), args[1] = vector_of(cx, "4 -5 6");
  calls = 0;
  ag_value_and_grads(cx, sum_of_both, &p, args, 2, NULL, 0, grads);
  CHECK(calls == 1);
  /* of x^2 y + x y^2 */
  CHECK_ARRAY(cx, grads[0], "3", "24 5 72");
  CHECK_ARRAY(cx, grads[1], "3", "9 -16 45");
  ag_array t = vector_of(cx, "1 0.5 -2");
  for (size_t k = 0; k < 2; k++) {
    CHECK_ARRAY(cx, ag_sub(cx, ag_jvp(cx, both, &p, args, 2, k, t, NULL), ag_jvp(cx, both_by_hand, NULL, args, 2, k, t, NULL)),
                "3", "0 0 0");
    ag_array difference = ag_sub(cx, ag_jacobian(cx, both, &p, args, 2, k), ag_jacobian(cx, both_by_hand, NULL, args, 2, k));
    CHECK_CLOSE(ag_item(cx, ag_sum(cx, ag_abs(cx, difference))), 0.0, 0.0);
  }
  CHECK(ag_check_grads(cx, both, &p, args, 2, 1, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
  ag_hessian(cx, sum_of_both, &p, args, 2, 0);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "product_and_sum: the derivative of order 2 with respect to its arguments is not defined");
  /* float32 arguments have float32 gradients of what is computed in float64 */
  args[0] = ag_astype(cx, args[0], AG_F32);
  ag_value_and_grads(cx, sum_of_both, &p, args, 2, NULL, 0, grads);
  CHECK(ag_dtype(cx, grads[0]) == AG_F32 && ag_dtype(cx, grads[1]) == AG_F64);
  CHECK_ARRAY(cx, grads[0], "3", "24 5 72");
  CHECK_OK(cx);
  /* one argument has a rule of its own */
  ag_defvjp(cx, p, 1, NULL);
  ag_value_and_grads(cx, sum_of_both, &p, args, 2, NULL, 0, grads);
  CHECK_ARRAY(cx, grads[1], "3", "0 0 0");
  CHECK_OK(cx);

  const ag_raw_function one = both_vjps;
  def.vjps = &one;
  def.nvjps = 1;
  CHECK(ag_raw_primitive_new(cx, &def).bits == 0);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_raw_primitive_new: vjps and vjp_all are both given");
}

/* JVP kernels of several results: (tangent, ans0, ans1, x, y) -> tangents of both */
static int32_t both_jvp(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults;
  const double *t = (const double *)args[0].data, *other = (const double *)args[*(const size_t *)user ? 3 : 4].data;
  for (size_t i = 0; i < results[0].size; i++) {
    ((double *)results[0].data)[i] = t[i] * other[i];
    ((double *)results[1].data)[i] = t[i];
  }
  return 0;
}

struct place {
  ag_primitive *primitive;
  const ag_array *args;
};

static ag_array tangent_at(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  const struct place *at = (const struct place *)user;
  return ag_sum(cx, ag_jvp(cx, both, at->primitive, at->args, 2, 0, args[0], NULL));
}

static void tangents_of_two_results(ag_context *cx) {
  size_t argnum = 0;
  ag_raw_function rules[2];
  ag_raw_primitive_def def = raw_primitive_def("product_and_sum", 2, product_and_sum);
  rules[0] = rules[1] = both_jvp;
  def.nresults = 2;
  def.jvps = rules;
  def.njvps = 1;
  def.user = &argnum;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  ag_array args[2], t = vector_of(cx, "1 0.5 -2"), difference;
  args[0] = vector_of(cx, "1 2 3"), args[1] = vector_of(cx, "4 -5 6");
  /* the tangent as a function of its direction: both results count in its gradient */
  struct place at = {&p, args};
  CHECK_ARRAY(cx, ag_grad(cx, tangent_at, &at, &t, 1, 0), "3", "24 5 72");
  difference = ag_sub(cx, ag_jacobian_forward(cx, both, &p, args, 2, 0), ag_jacobian(cx, both_by_hand, NULL, args, 2, 0));
  CHECK_CLOSE(ag_item(cx, ag_sum(cx, ag_abs(cx, difference))), 0.0, 0.0);
  CHECK_OK(cx);
}

/* ---- what went wrong ---- */

struct trouble {
  int32_t code;
  char text[64];
};

static int32_t in_trouble(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults;
  struct trouble *t = (struct trouble *)user;
  snprintf(t->text, sizeof t->text, "row %d of the table is empty", t->code % 100);
  return t->code;
}

static int32_t layout_in_trouble(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults;
  return ((const struct trouble *)user)->code;
}

static const char *its_text(int32_t code, void *user) {
  const struct trouble *t = (const struct trouble *)user;
  return code == AG_ERR_USER ? NULL : t->text;
}

static void messages(ag_context *cx) {
  struct trouble t = {AG_ERR_USER + 42, ""};
  ag_raw_primitive_def def = raw_primitive_def("table", 1, in_trouble);
  def.user = &t;
  def.message = its_text;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "1 2");
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_USER + 42,
              "table: the forward kernel failed with code 1042: row 42 of the table is empty; it was given float64[2]");
  t.code = AG_ERR_USER;
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_USER, "table: the forward kernel failed with code 1000; it was given float64[2]");
  def.layout = layout_in_trouble;
  p = ag_raw_primitive_new(cx, &def);
  t.code = AG_ERR_SHAPE;
  strcpy(t.text, "expected a square");
  CHECK(is_null(ag_apply(cx, p, &x, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "table: the layout function failed with code 3: expected a square");
}

/* ---- codes that only the library may give ---- */

static int32_t gives(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults, void *user) {
  (void)cx, (void)args, (void)nargs, (void)results, (void)nresults;
  return *(const int32_t *)user;
}

static int32_t gives_grads(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                           size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  (void)cx, (void)argnums, (void)n, (void)gs, (void)ans, (void)nresults, (void)args, (void)nargs, (void)grads;
  return *(const int32_t *)user;
}

static int32_t gives_tangents(ag_context *cx, const size_t *argnums, const ag_array *tangents, size_t n,
                              const ag_array *ans, size_t nresults, const ag_array *args, size_t nargs, ag_array *out,
                              void *user) {
  (void)cx, (void)argnums, (void)tangents, (void)n, (void)ans, (void)nresults, (void)args, (void)nargs, (void)out;
  return *(const int32_t *)user;
}

static int32_t same(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults, void *user) {
  UNUSED;
  results[0] = ag_mul_scalar(cx, args[0], 1.0);
  return 0;
}

static int32_t kernel_gives(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults;
  return *(const int32_t *)user;
}

static int32_t layout_gives(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults;
  return *(const int32_t *)user;
}

static int32_t kernel_copies(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED;
  memcpy(results[0].data, args[0].data, args[0].size * sizeof(double));
  return 0;
}

static void one_code(ag_context *cx, int32_t code, int32_t expected) {
  char text[64];
  ag_array x = vector_of(cx, "1 2"), results[2];
  ag_primitive p;
  const ag_raw_function kernel = kernel_gives;
  snprintf(text, sizeof text, "failed with code %d", (int)code);
  /* several results: as a primitive, and of an operator */
  ag_primitive_def def = primitive_def("codes", NULL);
  def.forward_multi = gives;
  def.nresults = 1;
  def.user = &code;
  p = ag_primitive_new(cx, &def);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, expected, text);
  ag_grad_and_aux(cx, gives, &code, &x, 1, 0, 1, results);
  CHECK_ERROR(cx, expected, text);
  /* rules of several arguments */
  def.forward_multi = same;
  def.vjp_argnums = gives_grads;
  def.jvp_argnums = gives_tangents;
  p = ag_primitive_new(cx, &def);
  ag_elementwise_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, expected, text);
  ag_jvp(cx, apply, &p, &x, 1, 0, x, NULL);
  CHECK_ERROR(cx, expected, text);
  /* kernels */
  ag_raw_primitive_def raw = raw_primitive_def("codes", 1, kernel_gives);
  raw.user = &code;
  p = ag_raw_primitive_new(cx, &raw);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, expected, text);
  raw.layout = layout_gives;
  p = ag_raw_primitive_new(cx, &raw);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, expected, text);
  raw = raw_primitive_def("codes", 1, kernel_copies);
  raw.user = &code;
  raw.vjps = raw.jvps = &kernel;
  raw.nvjps = raw.njvps = 1;
  p = ag_raw_primitive_new(cx, &raw);
  ag_elementwise_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, expected, text);
  ag_jvp(cx, apply, &p, &x, 1, 0, x, NULL);
  CHECK_ERROR(cx, expected, text);
  raw.vjps = NULL;
  raw.nvjps = 0;
  raw.vjp_all = kernel_gives;
  p = ag_raw_primitive_new(cx, &raw);
  ag_elementwise_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, expected, text);
}

static void codes(ag_context *cx) {
  static const int32_t own[] = {AG_ERR_CONTEXT, AG_ERR_BUSY, AG_ERR_PANIC, AG_ERR_FILE + 1, AG_ERR_USER - 1};
  static const int32_t free[] = {AG_ERR_SHAPE, AG_ERR_VALUE, AG_ERR_FILE, AG_ERR_USER, AG_ERR_USER + 7, -1};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) one_code(cx, own[i], AG_ERR_CALLBACK);
  for (size_t i = 0; i < sizeof free / sizeof *free; i++) one_code(cx, free[i], free[i]);
  ag_raise(cx, AG_ERR_PANIC, "nothing to panic about");
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "nothing to panic about");
}

int main(void) {
  ag_context *cx = ag_context_new();
  dtypes(cx);
  at_once(cx);
  tangents_of_two_results(cx);
  messages(cx);
  codes(cx);
  return finish(cx);
}
