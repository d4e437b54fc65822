/* Anomalies, pictures and traces of tapes, profiles, checks of derivatives with all their options. */
#define AG_TRACE_LINES
#include <autograd_debug.h>

#include "check.h"

#define UNUSED (void)nargs, (void)user

/* the text has this part */
static void check_has(const char *text, const char *part, int line) {
  if (text && strstr(text, part)) return;
  printf("%s:%d: no \"%s\" in\n%s\n", __FILE__, line, part, text ? text : "(null)");
  failures++;
}
#define CHECK_HAS(text, part) check_has((text), (part), __LINE__)

static ag_array log_sum(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_log(cx, args[0]));
}

enum { ROOT_LINE = __LINE__ + 4 };
static ag_array root_sum(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_label(cx, args[0], "lengths");
  ag_array r = ag_sqrt(cx, args[0]);
  return ag_sum(cx, r);
}

static ag_array product(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_sum(cx, ag_mul(cx, ag_sin(cx, args[0]), args[1]));
}

/* ---- anomalies ---- */

static void the_first_nan_stops(ag_context *cx) {
  char part[128];
  ag_array x = ag_label(cx, array_of(cx, AG_F64, "2,2", "1 2 0 4"), "lengths");
  ag_anomaly_begin(cx, 0);
  CHECK(is_null(ag_grad(cx, log_sum, NULL, &x, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "ag_log: the result, f64[2, 2], is -inf at [1, 0]; of args[0] f64[2, 2] \"lengths\"");
  /* in the backward pass; the line is that of the call in the forward pass */
  CHECK(is_null(ag_grad(cx, root_sum, NULL, &x, 1, 0)));
  snprintf(part, sizeof part, "diagnosis.c:%d", ROOT_LINE);
  CHECK_HAS(ag_error_message(cx), part);
  CHECK_ERROR(cx, AG_ERR_ANOMALY,
              "ag_sqrt: the derivative with respect to args[0] f64[2, 2] \"lengths\" is inf at [1, 0]");
  /* numbers, in both passes */
  ag_array zero = ag_scalar(cx, 0.0);
  CHECK(is_null(ag_grad(cx, root_sum, NULL, &zero, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "ag_sqrt: the derivative");
  ag_div(cx, zero, zero);
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "ag_div: the result, f64[], is NaN; of args[0] f64[] = 0, args[1] f64[] = 0");
  /* an argument that is NaN already */
  ag_add_scalar(cx, vector_of(cx, "nan 1"), 1.0);
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "args[0] f64[2] is NaN already");
  /* in forward mode */
  ag_array ones = array_of(cx, AG_F64, "2,2", "1 1 1 1");
  ag_jvp(cx, root_sum, NULL, &x, 1, 0, ones, NULL);
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "ag_sqrt: the tangent");
  /* the innermost setting counts */
  ag_anomaly_begin(cx, AG_NAN_ONLY | AG_DERIVATIVES_ONLY);
  ag_log(cx, x);
  CHECK_OK(cx);
  ag_anomaly_end(cx);
  ag_log(cx, x);
  CHECK(ag_error(cx) == AG_ERR_ANOMALY);
  ag_anomaly_end(cx); /* works while the error is pending */
  ag_error_clear(cx);
  ag_log(cx, x);
  CHECK_OK(cx);
  ag_anomaly_end(cx);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "ag_anomaly_end: there is no ag_anomaly_begin to end");
  ag_anomaly_begin(cx, 4);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "flags is 4");
}

static ag_array leaves_it_open(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_anomaly_begin(cx, 0);
  return args[0];
}

static ag_array ends_what_is_not_its(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_detail_end(cx);
  return args[0];
}

/* 1/x by a primitive whose rule divides by 0 at 0 */
static ag_array inverse(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_nan_to_num(cx, ag_reciprocal(cx, args[0]));
}
static ag_array inverse_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)ans;
  return ag_neg(cx, ag_div(cx, g, ag_square(cx, args[0])));
}
static ag_array wrong_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  UNUSED, (void)args;
  return ag_mul(cx, g, ag_square(cx, ans));
}

static ag_array apply_primitive(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_apply(cx, *(const ag_primitive *)user, args, nargs));
}

static void callbacks(ag_context *cx) {
  ag_vjp_function vjp = inverse_vjp;
  ag_primitive_def def = primitive_def("inverse", inverse);
  def.vjps = &vjp, def.nvjps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_array x = vector_of(cx, "2 0 4");
  ag_anomaly_begin(cx, 0);
  /* what a forward function does is the user's, and is looked at */
  ag_grad(cx, apply_primitive, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "inverse: ag_reciprocal: the result, f64[3], is inf at [1]");
  ag_anomaly_end(cx);
  ag_anomaly_begin(cx, AG_DERIVATIVES_ONLY);
  ag_grad(cx, apply_primitive, &p, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "inverse: the derivative with respect to args[0] f64[3] is -inf at [1]");
  ag_anomaly_end(cx);
  ag_grad(cx, leaves_it_open, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "the callback left 1 setting(s) of diagnosis open");
  ag_detail_begin(cx, 0);
  ag_grad(cx, ends_what_is_not_its, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "ag_detail_end: there is no ag_detail_begin to end, or it is outside");
  ag_detail_end(cx);
  CHECK_OK(cx);
  ag_primitive_free(cx, p);
}

/* ---- numbers with names ---- */

/* scale sin(x), also in what is differentiated twice */
static ag_array scaled(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_mul(cx, ag_sin(cx, args[0]), user ? *(ag_array *)user : args[1]);
}

static void named_numbers(ag_context *cx) {
  ag_array unnamed = ag_scalar(cx, 1.7), scale = ag_label(cx, ag_scalar(cx, 1.7), "scale"), args[2], plain[2];
  args[0] = ag_label(cx, ag_scalar(cx, 0.3), "angle"), args[1] = scale;
  plain[0] = ag_scalar(cx, 0.3), plain[1] = unnamed;
  CHECK(ag_item(cx, scale) == 1.7 && ag_ndim(cx, scale) == 0 && ag_dtype(cx, scale) == AG_F64);
  CHECK_HAS(ag_function_to_text(cx, scaled, NULL, args, 2, 0), "v0 : f64[] = input \"angle\"");
  CHECK_HAS(ag_function_to_text(cx, scaled, &scale, args, 1, 0), "ag_mul(v1, \"scale\")");
  /* the same bits as without names, watched or not */
  for (int watched = 0; watched < 2; watched++) {
    if (watched) ag_detail_begin(cx, 1);
    for (size_t k = 0; k < 2; k++) {
      CHECK(ag_item(cx, ag_grad(cx, scaled, NULL, args, 2, k)) == ag_item(cx, ag_grad(cx, scaled, NULL, plain, 2, k)));
      CHECK(ag_item(cx, ag_hessian(cx, scaled, NULL, args, 2, k)) == ag_item(cx, ag_hessian(cx, scaled, NULL, plain, 2, k)));
    }
    CHECK(ag_item(cx, ag_grad(cx, scaled, &scale, args, 1, 0)) == ag_item(cx, ag_grad(cx, scaled, &unnamed, plain, 1, 0)));
    CHECK(ag_item(cx, ag_add(cx, scale, scale)) == 3.4 && ag_item(cx, ag_mul_scalar(cx, scale, 2.0)) == 3.4);
    if (watched) ag_detail_end(cx);
  }
  /* in the message of an anomaly */
  ag_anomaly_begin(cx, 0);
  ag_array zero = ag_label(cx, ag_scalar(cx, 0.0), "rate");
  CHECK(is_null(ag_log(cx, zero)));
  CHECK_ERROR(cx, AG_ERR_ANOMALY, "of args[0] f64[] \"rate\" = 0");
  ag_anomaly_end(cx);
  CHECK(ag_label(cx, zero, "again").bits == zero.bits && ag_item(cx, zero) == 0.0);
  CHECK_OK(cx);
}

/* ---- pictures and traces ---- */

static void pictures(ag_context *cx) {
  char part[64];
  ag_array w = ag_label(cx, array_of(cx, AG_F64, "3", "3 4 5"), "w");
  ag_detail_begin(cx, 3);
  ag_tape tape = ag_tape_begin(cx);
  ag_array args[2];
  args[0] = ag_box(cx, tape, array_of(cx, AG_F64, "3", "0 1 2")), args[1] = w;
  AG_HERE(cx);
  snprintf(part, sizeof part, "diagnosis.c:%d", __LINE__ + 1);
  ag_array y = ag_label(cx, ag_log(cx, ag_sub_scalar(cx, product(cx, args, 2, NULL), 100.0)), "loss");
  (void)y;
  const char *text = ag_tape_to_text(cx, tape, NULL);
  CHECK_HAS(text, "v0 : f64[3] = input  # = [0, 1, 2]\n");
  CHECK_HAS(text, "v2 : f64[3] = ag_mul(v1, \"w\")  # = [0, 3.36588, 4.54649]  # ");
  CHECK_HAS(text, "v5 : f64[] = ag_log(v4)  # \"loss\"  # = NaN");
  CHECK_HAS(text, part);
  const char *dot = ag_tape_to_dot(cx, tape, NULL);
  CHECK_HAS(dot, "digraph tape {");
  CHECK_HAS(dot, "n0 -> n1;");
  CHECK_HAS(dot, "loss = v5 : f64[]");
  ag_graph_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.hide_places = options.hide_values = options.hide_constants = true;
  dot = ag_tape_to_dot(cx, tape, &options);
  CHECK(dot && !strstr(dot, "diagnosis.c") && !strstr(dot, "w\\\"") && !strstr(dot, "= ["));
  const char *svg = ag_tape_to_svg(cx, tape, NULL);
  CHECK_HAS(svg, "<svg xmlns=");
  CHECK_HAS(svg, "the first NaN or infinity");
  options.max_nodes = 3;
  CHECK(strstr(ag_tape_to_svg(cx, tape, &options), "ag_"));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the tape has 6 nodes, a picture of more than 3 cannot be read");
  options.struct_size = 2;
  CHECK(strstr(ag_tape_to_text(cx, tape, &options), "ag_"));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is 2");
  /* also while an error is pending: that is when they are wanted */
  ag_raise(cx, AG_ERR_USER, "");
  CHECK_HAS(ag_tape_to_svg(cx, tape, NULL), "</svg>");
  ag_error_clear(cx);
  ag_tape_end(cx, tape);
  CHECK(strstr(ag_tape_to_dot(cx, tape, NULL), "ag_"));
  CHECK_ERROR(cx, AG_ERR_TAPE, "ag_tape_to_dot: the tape has ended");
  /* of ag_make_vjp, too */
  ag_array plain[2];
  plain[0] = array_of(cx, AG_F64, "3", "0 1 2"), plain[1] = w;
  ag_tape vjp = ag_make_vjp(cx, product, NULL, plain, 2, 0, NULL);
  CHECK_HAS(ag_tape_to_text(cx, vjp, NULL), "ag_sin(v0)");
  ag_tape_end(cx, vjp);
  ag_detail_end(cx);
  ag_detail_end(cx);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "ag_detail_end");
  CHECK(is_null(ag_label(cx, w, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_label: the argument name is NULL");
  CHECK(ag_here(cx, NULL, 0) == cx); /* no line from here on */
  CHECK_OK(cx);
  ag_memory_trim(cx);
}

static void traces(ag_context *cx) {
  ag_array args[2];
  args[0] = array_of(cx, AG_F64, "2", "0 1"), args[1] = ag_label(cx, array_of(cx, AG_F32, "2", "3 4"), "w");
  const char *text = ag_function_to_text(cx, product, NULL, args, 2, 1);
  CHECK_HAS(text, "v0 : f64[2] = input \"args[0]\"\nv1 : f32[2] = input \"w\"\nv2 : f64[2] = ag_sin(v0)  # ");
  CHECK_HAS(text, "\nreturn v4\n");
  text = ag_grad_to_text(cx, product, NULL, args, 2, 0, 0);
  CHECK_HAS(text, "f64[2] = ag_cos(v0)  # derivative of ag_sin");
  CHECK(strstr(ag_grad_to_text(cx, product, NULL, args, 2, 2, 0), "ag_"));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "argnum is 2");
  CHECK(strstr(ag_function_to_text(cx, NULL, NULL, args, 2, 0), "ag_"));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "f is NULL");
  CHECK(strstr(ag_grad_to_text(cx, inverse, NULL, args, 1, 0, 0), "ag_"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "only scalar functions");
}

/* ---- profiles ---- */

static ag_profile_row row_of(ag_context *cx, const char *name) {
  ag_profile_row row;
  for (size_t i = 0; i < ag_profile_count(cx); i++) {
    memset(&row, 0, sizeof row);
    row.struct_size = sizeof row;
    CHECK(ag_profile_get(cx, i, &row));
    if (strcmp(row.name, name) == 0) return row;
  }
  printf("no row %s\n", name);
  failures++;
  memset(&row, 0, sizeof row);
  return row;
}

static void profiles(ag_context *cx) {
  const int64_t shape[] = {10000};
  ag_array args[2];
  args[0] = ag_random_uniform(cx, 1, AG_F64, shape, 1, 0.0, 1.0), args[1] = ag_ones(cx, AG_F64, shape, 1);
  for (int eager = 0; eager < 2; eager++) {
    ag_profile_begin(cx, eager != 0);
    for (int i = 0; i < 4; i++) ag_grad(cx, product, NULL, args, 2, 0);
    const char *table = ag_profile_end(cx);
    CHECK_HAS(table, "operation");
    CHECK_HAS(table, "everything else");
    CHECK(eager != 0 || (table && strstr(table, "fused passes held")));
    ag_profile_row row = row_of(cx, "ag_sin");
    CHECK(row.calls == 4 && row.rule_calls == 4 && row.bytes == 4 * 80000 && row.rule_bytes == 4 * 80000);
    CHECK(row.seconds >= 0 && row.rule_seconds >= 0);
    if (!eager) {
      row = row_of(cx, "fused passes");
      CHECK(row.calls >= 4 && row.fused_operations >= 12 && row.seconds > 0);
    }
  }
  ag_profile_row row;
  memset(&row, 0, sizeof row);
  row.struct_size = sizeof row;
  CHECK(!ag_profile_get(cx, 1000, &row));
  CHECK_ERROR(cx, AG_ERR_INDEX, "row 1000");
  row.struct_size = 0;
  CHECK(!ag_profile_get(cx, 0, &row));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "struct_size is 0");
  ag_profile_end(cx);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "no profile is being taken");
  ag_profile_begin(cx, false);
  ag_profile_begin(cx, false);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "a profile is being taken already");
  ag_profile_end(cx);
  CHECK(ag_profile_count(cx) == 1); /* what CHECK_ERROR did */
}

/* ---- checks ---- */

static ag_array elementwise_product(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, ag_sin(cx, args[0]), args[1]);
}

static void checks(ag_context *cx) {
  ag_check_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  ag_array args[2];
  args[0] = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), args[1] = array_of(cx, AG_F64, "3", "1 2 3");
  CHECK(ag_check_grads_with(cx, elementwise_product, NULL, args, 2, NULL) == AG_OK);
  options.order = 3, options.seed = 12, options.modes = AG_FORWARD, options.step = 1e-5, options.rtol = 1e-5;
  CHECK(ag_check_grads_with(cx, elementwise_product, NULL, args, 2, &options) == AG_OK);
  CHECK(ag_check_vjp(cx, elementwise_product, NULL, args, 2, NULL) == AG_OK);
  CHECK(ag_check_jvp(cx, elementwise_product, NULL, args, 2, NULL) == AG_OK);
  /* every combination */
  const ag_array *lists[2];
  ag_array firsts[2], seconds[3];
  size_t counts[2] = {2, 3};
  firsts[0] = args[0], firsts[1] = ag_scalar(cx, 0.5);
  seconds[0] = args[1], seconds[1] = ag_scalar(cx, 2.0), seconds[2] = array_of(cx, AG_F64, "2,1", "1 2");
  lists[0] = firsts, lists[1] = seconds;
  CHECK(ag_combo_check(cx, elementwise_product, NULL, lists, counts, 2, NULL) == AG_OK);
  CHECK_OK(cx);

  /* a primitive of one's own whose rule is wrong */
  ag_vjp_function vjp = wrong_vjp;
  ag_primitive_def def = primitive_def("inverse", inverse);
  def.vjps = &vjp, def.nvjps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  CHECK(ag_check_vjp(cx, apply_primitive, &p, args, 1, NULL) == AG_ERR_CHECK);
  CHECK_HAS(ag_error_message(cx), "analytic");
  /* -1/x^2 and 1/x^2 are farthest apart where x is 1 */
  CHECK_ERROR(cx, AG_ERR_CHECK, "ag_check_vjp: reverse derivative: projection on random directions: ");
  CHECK(ag_check_vjp(cx, apply_primitive, &p, args, 1, NULL) == AG_ERR_CHECK);
  CHECK_ERROR(cx, AG_ERR_CHECK, "; the largest difference is at [0, 0] of argument 0: analytic ");
  CHECK(ag_check_jvp(cx, apply_primitive, &p, args, 1, NULL) == AG_ERR_CHECK);
  CHECK_ERROR(cx, AG_ERR_CHECK, "forward derivative: the largest difference is at [] of the result: analytic ");
  CHECK(ag_combo_check(cx, apply_primitive, &p, lists, counts, 1, NULL) == AG_ERR_CHECK);
  CHECK_ERROR(cx, AG_ERR_CHECK, "ag_combo_check: combination [0]: ");
  ag_primitive_free(cx, p);

  options.order = -1;
  CHECK(ag_check_grads_with(cx, elementwise_product, NULL, args, 2, &options) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "order is -1");
  options.order = 1, options.rtol = -1;
  CHECK(ag_check_grads_with(cx, elementwise_product, NULL, args, 2, &options) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "rtol, atol and step must be finite");
  CHECK(ag_check_grads(cx, elementwise_product, NULL, args, 2, 0, 0) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "(from 1 on)");
  counts[1] = 0;
  CHECK(ag_combo_check(cx, elementwise_product, NULL, lists, counts, 2, NULL) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "a list of arguments is empty");
  CHECK(ag_combo_check(cx, elementwise_product, NULL, NULL, counts, 2, NULL) == AG_ERR_ARGUMENT);
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the argument lists is NULL");
}

int main(void) {
  ag_context *cx = ag_context_new();
  the_first_nan_stops(cx);
  callbacks(cx);
  named_numbers(cx);
  pictures(cx);
  traces(cx);
  profiles(cx);
  checks(cx);
  return finish(cx);
}
