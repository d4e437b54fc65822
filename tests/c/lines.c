/* Errors name the line of the caller, and the operator or primitive in whose callback they happened. */
#define AG_TRACE_LINES
#include <autograd_debug.h>
#include "check.h"

/* "lines.c:34" for the line given */
static const char *at(int line) {
  static char text[32];
  snprintf(text, sizeof text, "lines.c:%d", line);
  return text;
}

static void ordinary_errors(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3"), y = vector_of(cx, "1 2"), sum = ag_scalar(cx, 0);
  int line = 0;
  /* of fifty additions the one that fails */
  for (int i = 0; i < 25; i++) sum = ag_add(cx, sum, x);
  sum = ag_add(cx, sum, y), line = __LINE__;
  for (int i = 0; i < 24; i++) sum = ag_add(cx, sum, x);
  CHECK(strncmp(ag_error_message(cx), "ag_add: ", 8) == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, at(line));
  /* functions that make no arrays, too */
  ag_item(cx, x), line = __LINE__;
  CHECK_ERROR(cx, AG_ERR_SHAPE, at(line));
  ag_release(cx, null_array());
  ag_dim(cx, x, 5), line = __LINE__;
  CHECK_ERROR(cx, AG_ERR_VALUE, at(line));
  ag_raise(cx, AG_ERR_USER + 1, "mine"), line = __LINE__;
  CHECK_ERROR(cx, AG_ERR_USER + 1, at(line));
}

static int inner_line;

static ag_array wrong_inside(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array y = ag_exp(cx, args[0]);
  inner_line = __LINE__ + 1;
  return ag_sum(cx, ag_add(cx, y, vector_of(cx, "1 2")));
}

static ag_array vector_result(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_exp(cx, args[0]);
}

static ag_tree wrong_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x = ag_tree_array(cx, args[0]);
  return ag_tree_leaf(cx, wrong_inside(cx, &x, nargs, user));
}

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(ag_primitive *)user, args, nargs);
}

static ag_array wrong_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans;
  return ag_mul(cx, g, wrong_inside(cx, args, nargs, user));
}

static void errors_in_callbacks(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3");
  int line;
  ag_grad(cx, wrong_inside, NULL, &x, 1, 0);
  CHECK(strstr(ag_error_message(cx), "in the function given to ag_grad") && strstr(ag_error_message(cx), "ag_add: "));
  CHECK_ERROR(cx, AG_ERR_SHAPE, at(inner_line));
  ag_jacobian(cx, wrong_inside, NULL, &x, 1, 0);
  CHECK(strstr(ag_error_message(cx), at(inner_line)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "in the function given to ag_jacobian");
  ag_tree t = ag_tree_leaf(cx, x);
  ag_tree_grad(cx, wrong_tree, NULL, &t, 1, 0);
  CHECK(strstr(ag_error_message(cx), at(inner_line)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "in the function given to ag_tree_grad");
  ag_odeint(cx, wrong_inside, NULL, NULL, x, vector_of(cx, "0 1"), NULL, 0, NULL);
  CHECK(strstr(ag_error_message(cx), at(inner_line)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "in the function given to ag_odeint");
  /* what is wrong with the result is the operator's line, not one of the callback's */
  ag_grad(cx, vector_result, NULL, &x, 1, 0), line = __LINE__;
  CHECK_ERROR(cx, AG_ERR_SHAPE, at(line));

  ag_primitive_def def = primitive_def("mine", vector_result);
  const ag_vjp_function rule = wrong_vjp;
  def.vjps = &rule, def.nvjps = 1;
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_elementwise_grad(cx, apply, &p, &x, 1, 0);
  CHECK(strstr(ag_error_message(cx), at(inner_line)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "mine: ag_add: ");
}

static ag_array nothing(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)cx, (void)args, (void)nargs, (void)user;
  return null_array();
}

static ag_array leaves_a_tape(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_tape_begin(cx);
  return args[0];
}

static int32_t broken(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults, (void)user;
  return AG_ERR_USER + 5;
}

static ag_array uneven(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_item(cx, ag_max(cx, args[0])) > 2 ? args[0] : ag_sum(cx, args[0]);
}

/* Messages begin with the name of what was called, not of what it consists of, and never without one. */
static void names(ag_context *cx) {
  ag_array x = vector_of(cx, "1 2 3");
  ag_grad(cx, nothing, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "ag_grad: the callback returned the null array");
  ag_jacobian(cx, leaves_a_tape, NULL, &x, 1, 0);
  CHECK_ERROR(cx, AG_ERR_TAPE, "ag_jacobian: the callback left 1 tape(s) open");
  ag_tensor_jacobian_product(cx, vector_result, NULL, &x, 1, 0, vector_of(cx, "1 2"));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_tensor_jacobian_product: ");
  ag_apply_along_axis(cx, uneven, NULL, array_of(cx, AG_F64, "2,2", "1 2 3 4"), 1);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_apply_along_axis: ");
  ag_raw_primitive_def def = raw_primitive_def("broken", 2, broken);
  ag_primitive p = ag_raw_primitive_new(cx, &def);
  ag_array both[2];
  both[0] = x, both[1] = array_of(cx, AG_F32, "2,1", "1 2");
  ag_apply(cx, p, both, 2);
  CHECK_ERROR(cx, AG_ERR_USER + 5, "broken: the forward kernel failed with code 1005; it was given float64[3], float64[2, 1]");
}

int main(void) {
  ag_context *cx = ag_context_new();
  ordinary_errors(cx);
  errors_in_callbacks(cx);
  names(cx);
  return finish(cx);
}
