/* Functions of one's own in C, at both levels: rules in ag_ operations, and raw kernels on views. */
#include "check.h"

#define UNUSED (void)nargs, (void)user

static void count(void *user) { ++*(int *)user; }

/* A function that applies the primitive behind `user`: what the derivatives are taken of. */
static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(ag_primitive *)user, args, nargs);
}

/* ---- the first level: logsumexp, as in autograd's tutorial ---- */

static ag_array logsumexp(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array largest = ag_max(cx, args[0]);
  return ag_add(cx, largest, ag_log(cx, ag_sum(cx, ag_exp(cx, ag_sub(cx, args[0], largest)))));
}

static ag_array logsumexp_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  UNUSED;
  return ag_mul(cx, g, ag_exp(cx, ag_sub(cx, args[0], ans)));
}

static ag_array logsumexp_jvp(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul(cx, t, ag_exp(cx, ag_sub(cx, args[0], ans))));
}

static const ag_vjp_function logsumexp_vjps[] = {logsumexp_vjp};
static const ag_jvp_function logsumexp_jvps[] = {logsumexp_jvp};

static void to_order_three(ag_context *cx) {
  ag_primitive_def def = primitive_def("my_logsumexp", logsumexp);
  def.vjps = logsumexp_vjps;
  def.nvjps = 1;
  def.jvps = logsumexp_jvps;
  def.njvps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "0.1 -0.4 1.3");
  CHECK_ARRAY(cx, ag_apply(cx, p, &x, 1), "", "1.6946587531873083");
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 3, AG_REVERSE) == AG_OK);
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 3, AG_FORWARD) == AG_OK);
  CHECK_OK(cx);

  /* without its JVP, the VJP is transposed */
  def.jvps = NULL;
  def.njvps = 0;
  ag_primitive without = ag_primitive_new(cx, &def);
  ag_array value, v = vector_of(cx, "1 2 -1");
  CHECK_CLOSE(ag_item(cx, ag_jvp(cx, apply, &without, &x, 1, 0, v, &value)),
              ag_item(cx, ag_jvp(cx, apply, &p, &x, 1, 0, v, &value)), 1e-14);
  CHECK(ag_check_grads(cx, apply, &without, &x, 1, 3, AG_REVERSE | AG_FORWARD) == AG_OK);
  ag_primitive_free(cx, p);
  ag_primitive_free(cx, without);
  CHECK_OK(cx);
}

/* Rules can come later, and be replaced. */
static void defined_later(ag_context *cx) {
  ag_primitive_def def = primitive_def("later", logsumexp);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "0.1 -0.4 1.3");
  ag_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "later");
  ag_defvjp(cx, p, 0, logsumexp_vjp);
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 2, AG_REVERSE) == AG_OK);
  ag_defjvp(cx, p, 0, logsumexp_jvp);
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 2, 0) == AG_OK);
  CHECK_OK(cx);
}

/* ---- zero and linear rules ---- */

/* x scaled by a constant table that has no derivative: the second rule is NULL, which means zero */
static ag_array scale(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, args[0], args[1]);
}

static ag_array scale_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)ans;
  return ag_mul(cx, g, args[1]);
}

static ag_array double_it(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul_scalar(cx, args[0], 2.0);
}

static ag_array double_it_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                              void *user) {
  UNUSED, (void)ans, (void)args;
  return ag_mul_scalar(cx, g, 2.0);
}

static void zero_and_linear(ag_context *cx) {
  const ag_vjp_function vjps[] = {scale_vjp, NULL};
  ag_primitive_def def = primitive_def("scale", scale);
  def.vjps = vjps;
  def.nvjps = 2;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array args[2], value;
  args[0] = ag_scalar(cx, 3.0);
  args[1] = ag_scalar(cx, 5.0);
  CHECK_ARRAY(cx, ag_grad(cx, apply, &p, args, 2, 0), "", "5");
  CHECK_ARRAY(cx, ag_grad(cx, apply, &p, args, 2, 1), "", "0");
  /* beyond the rules that were given there is none: an error, and only when it is asked for */
  def.nvjps = 1;
  ag_primitive fewer = ag_primitive_new(cx, &def);
  CHECK_ARRAY(cx, ag_grad(cx, apply, &fewer, args, 2, 0), "", "5");
  ag_grad(cx, apply, &fewer, args, 2, 1);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "scale");

  const ag_vjp_function linear_vjps[] = {double_it_vjp};
  def = primitive_def("double_it", double_it);
  def.vjps = linear_vjps;
  def.nvjps = 1;
  def.linear = true;
  ag_primitive linear = ag_primitive_new(cx, &def);
  CHECK_ARRAY(cx, ag_jvp(cx, apply, &linear, args, 1, 0, ag_scalar(cx, 7.0), &value), "", "14");
  CHECK(ag_check_grads(cx, apply, &linear, args, 1, 3, 0) == AG_OK);
  CHECK_OK(cx);
}

/* ---- one rule for several arguments together ---- */

static int shared_work;

/* the distance of two points; both gradients share the direction */
static ag_array distance(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sqrt(cx, ag_sum(cx, ag_square(cx, ag_sub(cx, args[0], args[1]))));
}

static int32_t distance_vjp(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                            size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  UNUSED, (void)nresults;
  shared_work++;
  ag_array direction = ag_mul(cx, gs[0], ag_div(cx, ag_sub(cx, args[0], args[1]), ans[0]));
  for (size_t k = 0; k < n; k++) grads[k] = argnums[k] == 0 ? direction : ag_neg(cx, direction);
  return AG_OK;
}

static int32_t distance_jvp(ag_context *cx, const size_t *argnums, const ag_array *tangents, size_t n,
                            const ag_array *ans, size_t nresults, const ag_array *args, size_t nargs, ag_array *out,
                            void *user) {
  UNUSED, (void)nresults;
  ag_array direction = ag_div(cx, ag_sub(cx, args[0], args[1]), ans[0]), sum = ag_scalar(cx, 0.0);
  for (size_t k = 0; k < n; k++) {
    ag_array along = ag_sum(cx, ag_mul(cx, direction, tangents[k]));
    sum = argnums[k] == 0 ? ag_add(cx, sum, along) : ag_sub(cx, sum, along);
  }
  out[0] = sum;
  return AG_OK;
}

static void several_arguments(ag_context *cx) {
  ag_primitive_def def = primitive_def("distance", distance);
  def.vjp_argnums = distance_vjp;
  def.jvp_argnums = distance_jvp;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array args[2], gradients[2];
  args[0] = vector_of(cx, "1 5");
  args[1] = vector_of(cx, "4 1");
  shared_work = 0;
  CHECK_ARRAY(cx, ag_value_and_grads(cx, apply, &p, args, 2, NULL, 2, gradients), "", "5");
  CHECK_ARRAY(cx, gradients[0], "2", "-0.6 0.8");
  CHECK_ARRAY(cx, gradients[1], "2", "0.6 -0.8");
  CHECK(shared_work == 1);
  CHECK_ARRAY(cx, ag_grad(cx, apply, &p, args, 2, 1), "2", "0.6 -0.8");
  CHECK(ag_check_grads(cx, apply, &p, args, 2, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
}

/* ---- several results ---- */

static int32_t sin_and_cos(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                           void *user) {
  UNUSED, (void)nresults;
  results[0] = ag_sin(cx, args[0]);
  results[1] = ag_cos(cx, args[0]);
  return AG_OK;
}

static int32_t sin_and_cos_vjp(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                               size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  UNUSED, (void)argnums, (void)n, (void)nresults, (void)args;
  grads[0] = ag_sub(cx, ag_mul(cx, gs[0], ans[1]), ag_mul(cx, gs[1], ans[0]));
  return AG_OK;
}

/* sin^2 x + 3 cos x */
static ag_array of_both(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array both[2];
  ag_apply_multi(cx, *(ag_primitive *)user, args, nargs, both, 2);
  return ag_sum(cx, ag_add(cx, ag_square(cx, both[0]), ag_mul_scalar(cx, both[1], 3.0)));
}

/* 3 cos x: the first result is never used, its cotangent is zero */
static ag_array of_one(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array both[2];
  ag_apply_multi(cx, *(ag_primitive *)user, args, nargs, both, 2);
  return ag_sum(cx, ag_mul_scalar(cx, both[1], 3.0));
}

static void several_results(ag_context *cx) {
  ag_primitive_def def = primitive_def("sin_and_cos", NULL);
  def.forward_multi = sin_and_cos;
  def.nresults = 2;
  def.vjp_argnums = sin_and_cos_vjp;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "0.5 2");
  /* 2 sin x cos x - 3 sin x */
  CHECK_ARRAY(cx, ag_grad(cx, of_both, &p, &x, 1, 0), "2", "-0.5968056310047125 -3.4846947757849733");
  CHECK_ARRAY(cx, ag_grad(cx, of_one, &p, &x, 1, 0), "2", "-1.438276615812609 -2.727892280477045");
  CHECK(ag_check_grads(cx, of_both, &p, &x, 1, 2, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
}

/* ---- the second level: raw kernels, whose derivative is another raw kernel ---- */

/* x^3, on contiguous arrays of double */
static int32_t raw_cube(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED, (void)nresults;
  const double *x = (const double *)args[0].data;
  double *y = (double *)results[0].data;
  if (!args[0].contiguous || args[0].dtype != AG_F64) return AG_ERR_DTYPE;
  for (size_t i = 0; i < args[0].size; i++) y[i] = x[i] * x[i] * x[i];
  return AG_OK;
}

/* (g, ans, x) -> 3 x^2 g; the same kernel serves (tangent, ans, x), since the Jacobian is diagonal */
static int32_t raw_cube_rule(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED, (void)nresults;
  const double *g = (const double *)args[0].data, *x = (const double *)args[2].data;
  double *out = (double *)results[0].data;
  for (size_t i = 0; i < args[2].size; i++) out[i] = 3 * x[i] * x[i] * g[i];
  return AG_OK;
}

/* A rule that is a mere kernel ends at order 1, and the error says whose rule it is. */
static void raw_to_order_one(ag_context *cx) {
  const ag_raw_function rules[] = {raw_cube_rule};
  ag_raw_primitive_def def = raw_primitive_def("raw_cube", 1, raw_cube);
  def.vjps = rules;
  def.nvjps = 1;
  def.jvps = rules;
  def.njvps = 1;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "1 -2 0.5");
  CHECK_ARRAY(cx, ag_apply(cx, p, &x, 1), "3", "1 -8 0.125");
  CHECK_ARRAY(cx, ag_elementwise_grad(cx, apply, &p, &x, 1, 0), "3", "3 12 0.75");
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 1, AG_REVERSE | AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
  ag_check_grads(cx, apply, &p, &x, 1, 2, AG_REVERSE);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "raw_cube");
  ag_array one = ag_scalar(cx, 2.0);
  ag_hessian(cx, apply, &p, &one, 1, 0);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "argument 0");
}

static int32_t raw_exp(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED, (void)nresults;
  for (size_t i = 0; i < args[0].size; i++) ((double *)results[0].data)[i] = exp(((const double *)args[0].data)[i]);
  return AG_OK;
}

/* The product of two among the arguments. */
struct factors {
  size_t i, j;
};

static int32_t raw_product(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults;
  const struct factors *f = (const struct factors *)user;
  const double *a = (const double *)args[f->i].data, *b = (const double *)args[f->j].data;
  for (size_t i = 0; i < results[0].size; i++) ((double *)results[0].data)[i] = a[i] * b[i];
  return AG_OK;
}

/* A primitive of n arguments that multiplies those numbered i and j. Its rules are called with two arguments before
 * its own, the cotangent (or tangent) and the product: the derivative for one factor is the cotangent times the other,
 * which is such a primitive again. It has rules to the given order. */
static ag_primitive product(ag_context *cx, size_t n, size_t i, size_t j, int order) {
  const ag_raw_function none[16] = {NULL}; /* zero, for every argument that is no factor */
  struct factors *factors = (struct factors *)malloc(sizeof *factors);
  if (!factors) abort();
  factors->i = i;
  factors->j = j;
  ag_raw_primitive_def def = raw_primitive_def("raw_product", n, raw_product);
  def.user = factors;
  def.drop_user = free;
  def.vjps = none;
  def.nvjps = n;
  def.jvps = none;
  def.njvps = n;
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  if (order == 0) return p;
  ag_primitive for_i = product(cx, n + 2, 0, j + 2, order - 1), for_j = product(cx, n + 2, 0, i + 2, order - 1);
  ag_defvjp_primitive(cx, p, i, for_i);
  ag_defjvp_primitive(cx, p, i, for_i);
  ag_defvjp_primitive(cx, p, j, for_j);
  ag_defjvp_primitive(cx, p, j, for_j);
  return p;
}

static void raw_to_order_three(ag_context *cx) {
  ag_raw_primitive_def def = raw_primitive_def("raw_exp", 1, raw_exp);
  ag_primitive p = ag_raw_primitive_new(cx, &def), rule = product(cx, 3, 0, 1, 3); /* (g, ans, x): g times ans */
  ag_defvjp_primitive(cx, p, 0, rule);
  ag_defjvp_primitive(cx, p, 0, rule);
  ag_array x = vector_of(cx, "0.5 -1");
  CHECK_ARRAY(cx, ag_elementwise_grad(cx, apply, &p, &x, 1, 0), "2", "1.6487212707001282 0.36787944117144233");
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 3, AG_REVERSE) == AG_OK);
  CHECK(ag_check_grads(cx, apply, &p, &x, 1, 3, AG_FORWARD) == AG_OK);
  CHECK_OK(cx);
}

/* ---- views, layouts ---- */

/* the sum of each row of a matrix, walking whatever strides it comes with */
static int32_t row_sums_layout(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  UNUSED, (void)nresults;
  if (args[0].ndim != 2) return AG_ERR_SHAPE;
  results[0].dtype = AG_F64;
  results[0].ndim = 1;
  results[0].shape[0] = args[0].shape[0];
  return AG_OK;
}

static int32_t row_sums(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)nargs, (void)nresults;
  const ag_view *x = &args[0];
  const double *data = (const double *)x->data;
  double *sums = (double *)results[0].data;
  *(bool *)user = x->contiguous;
  for (int64_t i = 0; i < x->shape[0]; i++) {
    sums[i * results[0].strides[0]] = 0;
    for (int64_t k = 0; k < x->shape[1]; k++)
      sums[i * results[0].strides[0]] += data[i * x->strides[0] + k * x->strides[1]];
  }
  return AG_OK;
}

static void strided_views(ag_context *cx) {
  bool contiguous = false;
  ag_raw_primitive_def def = raw_primitive_def("row_sums", 1, row_sums);
  def.layout = row_sums_layout;
  def.user = &contiguous;
  ag_primitive copied = ag_raw_primitive_new(cx, &def);
  def.strided = true;
  ag_primitive strided = ag_raw_primitive_new(cx, &def);
  ag_array x = ag_transpose(cx, array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"));
  CHECK_ARRAY(cx, ag_apply(cx, copied, &x, 1), "3", "5 7 9");
  CHECK(contiguous);
  CHECK_ARRAY(cx, ag_apply(cx, strided, &x, 1), "3", "5 7 9");
  CHECK(!contiguous);
  ag_array wrong = vector_of(cx, "1 2");
  ag_apply(cx, copied, &wrong, 1);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "row_sums");
  ag_array two[2];
  two[0] = x;
  two[1] = x;
  ag_apply(cx, copied, two, 2);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "row_sums");
}

/* ---- Jacobians, whose rows are taken together where the rules allow it ---- */

static int read_calls;

/* 3 x^2 g with a look at the elements of g, which a batch of them does not have. */
static ag_array reads_g(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)ans;
  read_calls++;
  const void *data = ag_data(cx, g);
  if (!data) return ag_scalar(cx, 0.0);
  ag_array same = ag_array_new(cx, AG_F64, ag_shape(cx, g), ag_ndim(cx, g), data);
  return ag_mul(cx, ag_mul_scalar(cx, ag_square(cx, args[0]), 3.0), same);
}

static ag_array cube(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_square(cx, args[0]), args[0]);
}

static void count_failures(int32_t code, const char *message, void *user) {
  (void)code, (void)message;
  ++*(int *)user;
}

static void rows_of_jacobians(ag_context *cx) {
  int failures = 0;
  ag_array x = vector_of(cx, "1 -2 0.5");
  ag_set_error_hook(cx, count_failures, &failures, NULL);
  const ag_vjp_function vjps[] = {reads_g};
  ag_primitive_def def = primitive_def("cube", cube);
  def.vjps = vjps;
  def.nvjps = 1;
  ag_primitive reading = ag_primitive_new(cx, &def);
  const ag_raw_function rules[] = {raw_cube_rule};
  ag_raw_primitive_def raw = raw_primitive_def("raw_cube", 1, raw_cube);
  raw.vjps = raw.jvps = rules;
  raw.nvjps = raw.njvps = 1;
  ag_primitive of_kernels = ag_raw_primitive_new(cx, &raw);
  const char *diagonal = "3 0 0  0 12 0  0 0 0.75";
  CHECK_ARRAY(cx, ag_jacobian(cx, apply, &reading, &x, 1, 0), "3,3", diagonal);
  CHECK(read_calls >= 3);
  CHECK_ARRAY(cx, ag_jacobian_reverse(cx, apply, &of_kernels, &x, 1, 0), "3,3", diagonal);
  CHECK_ARRAY(cx, ag_jacobian_forward(cx, apply, &of_kernels, &x, 1, 0), "3,3", diagonal);
  CHECK_OK(cx);
  /* What was tried in vain is nobody's business; what fails in the end is. */
  CHECK(failures == 0);
  ag_hessian(cx, apply, &of_kernels, &x, 1, 0);
  CHECK(failures == 1);
  CHECK_ERROR(cx, AG_ERR_DERIVATIVE, "raw_cube");
  ag_set_error_hook(cx, NULL, NULL, NULL);
}

/* ---- errors from callbacks, and the end of `user` ---- */

static ag_array refuses(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  return ag_raise(cx, AG_ERR_USER + 42, "the table ends at 10");
}

static ag_array refuses_backwards(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs,
                                  void *user) {
  UNUSED, (void)g, (void)ans, (void)args;
  return ag_raise(cx, AG_ERR_USER + 43, "no way back");
}

static int32_t raw_refuses(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  UNUSED, (void)args, (void)results, (void)nresults;
  return AG_ERR_USER + 44;
}

static void errors_reach_the_caller(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2");
  ag_primitive_def def = primitive_def("table", refuses);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, AG_ERR_USER + 42, "table: the table ends at 10");
  ag_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_USER + 42, "the table ends at 10");

  const ag_vjp_function vjps[] = {refuses_backwards};
  def = primitive_def("one_way", logsumexp);
  def.vjps = vjps;
  def.nvjps = 1;
  p = ag_primitive_new(cx, &def);
  CHECK_CLOSE(ag_item(cx, ag_apply(cx, p, &x, 1)), 2.3132616875182228, 1e-14);
  ag_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_USER + 43, "one_way");
  ag_grad(cx, apply, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_USER + 43, "no way back");

  ag_raw_primitive_def raw = raw_primitive_def("raw_refuses", 1, raw_refuses);
  p = ag_raw_primitive_new(cx, &raw);
  ag_apply(cx, p, &x, 1);
  CHECK_ERROR(cx, AG_ERR_USER + 44, "raw_refuses");
}

static void user_is_dropped_once(void) {
  int dropped = 0;
  ag_context *cx = ag_context_new();
  ag_primitive_def def = primitive_def("dropped", logsumexp);
  def.user = &dropped;
  def.drop_user = count;
  ag_primitive freed = ag_primitive_new(cx, &def);
  ag_primitive_new(cx, &def);
  ag_primitive_free(cx, freed);
  CHECK(dropped == 1);
  ag_primitive_free(cx, freed);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  CHECK(dropped == 1);
  /* registrations that fail: no name, no function, too small a struct, an error pending, no context */
  def.name = NULL;
  ag_primitive_new(cx, &def);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "name");
  CHECK(dropped == 2);
  def = primitive_def("nothing", NULL);
  def.user = &dropped;
  def.drop_user = count;
  ag_primitive_new(cx, &def);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "forward");
  CHECK(dropped == 3);
  def.forward = logsumexp;
  ag_raise(cx, AG_ERR_USER, "pending");
  ag_primitive_new(cx, &def);
  CHECK_ERROR(cx, AG_ERR_USER, "pending");
  CHECK(dropped == 4);
  ag_primitive_new(NULL, &def);
  CHECK(dropped == 5);
  ag_raw_primitive_def raw = raw_primitive_def("raw", 1, NULL);
  raw.user = &dropped;
  raw.drop_user = count;
  ag_raw_primitive_new(cx, &raw);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "forward");
  CHECK(dropped == 6);
  raw.forward = raw_cube;
  ag_raw_primitive_new(cx, &raw);
  ag_context_free(cx);
  CHECK(dropped == 8);
}

/* A tape that has recorded a primitive keeps it, and its `user`, until the tape ends. */
static void freed_under_a_tape(ag_context *cx) {
  int dropped = 0;
  ag_primitive_def def = primitive_def("kept", logsumexp);
  def.vjps = logsumexp_vjps;
  def.nvjps = 1;
  def.user = &dropped;
  def.drop_user = count;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_tape tape = ag_tape_begin(cx);
  ag_array x = ag_box(cx, tape, vector_of(cx, "0 0")), y = ag_apply(cx, p, &x, 1);
  ag_primitive_free(cx, p);
  CHECK_ARRAY(cx, ag_tape_grad(cx, tape, y, x), "2", "0.5 0.5");
  ag_tape_end(cx, tape);
  CHECK(dropped == 1);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  to_order_three(cx);
  defined_later(cx);
  zero_and_linear(cx);
  several_arguments(cx);
  several_results(cx);
  raw_to_order_one(cx);
  raw_to_order_three(cx);
  strided_views(cx);
  rows_of_jacobians(cx);
  errors_reach_the_caller(cx);
  user_is_dropped_once();
  freed_under_a_tape(cx);
  return finish(cx);
}
