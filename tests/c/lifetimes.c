/* What is kept until when: callbacks of checkpoints and equations with what they were given, and texts. */
#include <autograd_debug.h>
#include "check.h"

#define UNUSED (void)nargs, (void)user

static void count(void *user) { ++*(int *)user; }

/* What a callback is given, with a count of its ends. */
typedef struct {
  double factor;
  int *ends;
} gift;

static gift *gift_new(double factor, int *ends) {
  gift *g = (gift *)malloc(sizeof *g);
  g->factor = factor, g->ends = ends;
  return g;
}

static void gift_free(void *user) {
  gift *g = (gift *)user;
  ++*g->ends;
  g->factor = NAN;
  free(g);
}

static ag_array scaled(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_sin(cx, ag_mul_scalar(cx, args[0], ((gift *)user)->factor));
}

static ag_array scaled_step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  (void)i;
  return scaled(cx, args, nargs, user);
}

/* x = cos(factor a + x / 4) */
static ag_array contraction(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_cos(cx, ag_add(cx, ag_mul_scalar(cx, args[1], ((gift *)user)->factor), ag_mul_scalar(cx, args[0], 0.25)));
}

/* x^3 + x - factor a */
static ag_array cubic(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array x = args[0];
  return ag_sub(cx, ag_add(cx, ag_mul(cx, x, ag_square(cx, x)), x), ag_mul_scalar(cx, args[1], ((gift *)user)->factor));
}

/* y' = -factor a y */
static ag_array decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  return ag_neg(cx, ag_mul(cx, args[2], ag_mul_scalar(cx, args[0], ((gift *)user)->factor)));
}

static ag_tree tree_scaled(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x = ag_tree_array(cx, args[0]);
  (void)nargs;
  return ag_tree_leaf(cx, scaled(cx, &x, 1, user));
}

static ag_tree tree_step(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user) {
  (void)i;
  return tree_scaled(cx, args, nargs, user);
}

static ag_tree tree_contraction(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x[2];
  x[0] = ag_tree_array(cx, args[0]), x[1] = ag_tree_array(cx, args[1]);
  (void)nargs;
  return ag_tree_leaf(cx, contraction(cx, x, 2, user));
}

static ag_tree tree_cubic(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x[2];
  x[0] = ag_tree_array(cx, args[0]), x[1] = ag_tree_array(cx, args[1]);
  (void)nargs;
  return ag_tree_leaf(cx, cubic(cx, x, 2, user));
}

static ag_tree tree_decay(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array x[3];
  for (int i = 0; i < 3; i++) x[i] = ag_tree_array(cx, args[i]);
  (void)nargs;
  return ag_tree_leaf(cx, decay(cx, x, 3, user));
}

/* Every function that keeps a callback, applied to one number. */
enum { KINDS = 10 };

static ag_array keeping(ag_context *cx, int kind, ag_array a, void *user, ag_drop drop) {
  ag_array x[2], one = ag_scalar(cx, 1.0), times = vector_of(cx, "0 1");
  x[0] = one, x[1] = a;
  ag_tree t[2];
  t[0] = ag_tree_leaf(cx, one), t[1] = ag_tree_leaf(cx, a);
  switch (kind) {
    case 0: return ag_checkpoint(cx, scaled, user, drop, &a, 1);
    case 1: return ag_checkpoint_loop(cx, scaled_step, user, drop, &a, 1, 4);
    case 2: return ag_fixed_point(cx, contraction, user, drop, x, 2, NULL);
    case 3: return ag_root(cx, cubic, user, drop, x, 2, NULL);
    case 4: return ag_sum(cx, ag_odeint(cx, decay, user, drop, one, times, &a, 1, NULL));
    case 5: return ag_tree_array(cx, ag_tree_checkpoint(cx, tree_scaled, user, drop, t + 1, 1));
    case 6: return ag_tree_array(cx, ag_tree_checkpoint_loop(cx, tree_step, user, drop, t + 1, 1, 4));
    case 7: return ag_tree_array(cx, ag_tree_fixed_point(cx, tree_contraction, user, drop, t, 2, NULL));
    case 8: return ag_tree_array(cx, ag_tree_root(cx, tree_cubic, user, drop, t, 2, NULL));
    default: return ag_sum(cx, ag_tree_array(cx, ag_tree_odeint(cx, tree_decay, user, drop, t[0], times, t + 1, 1, NULL)));
  }
}

typedef struct {
  int kind, ends, seen;
} request;

/* On the heap, freed by drop. */
static ag_array from_the_heap(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  request *r = (request *)user;
  ag_array y = keeping(cx, r->kind, args[0], gift_new(0.7, &r->ends), gift_free);
  r->seen = r->ends;
  return y;
}

/* On the stack of this function, which has returned when the derivative is taken. */
static ag_array from_the_stack(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  request *r = (request *)user;
  gift mine;
  mine.factor = 0.7, mine.ends = &r->ends;
  return keeping(cx, r->kind, args[0], &mine, NULL);
}

/* In a frame that outlives the derivative. */
static ag_array from_above(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  gift *g = (gift *)user;
  (void)nargs;
  return keeping(cx, *g->ends, args[0], g, NULL);
}

static void kept_callbacks(ag_context *cx) {
  ag_array a = ag_scalar(cx, 0.4);
  for (int kind = 0; kind < KINDS; kind++) {
    request r;
    memset(&r, 0, sizeof r);
    r.kind = kind;
    gift above;
    above.factor = 0.7, above.ends = &kind;
    double want = ag_item(cx, ag_grad(cx, from_above, &above, &a, 1, 0));
    CHECK_OK(cx);
    /* kept for the sweep, and freed once */
    CHECK_CLOSE(ag_item(cx, ag_grad(cx, from_the_heap, &r, &a, 1, 0)), want, 1e-12);
    CHECK(r.seen == 0 && r.ends == 1);
    CHECK_CLOSE(ag_item(cx, ag_deriv(cx, from_the_heap, &r, &a, 1, 0)), want, 1e-6);
    CHECK(r.ends == 2);
    ag_hessian(cx, from_the_heap, &r, &a, 1, 0);
    CHECK_OK(cx);
    int ends = r.ends;
    CHECK(ends >= 3);
    /* nothing is recorded: at once */
    ag_array y = from_the_heap(cx, &a, 1, &r);
    CHECK(!is_null(y) && r.seen == ends + 1 && r.ends == ends + 1);
    /* with a failure, with one pending, without a context */
    keeping(cx, kind, null_array(), gift_new(1, &r.ends), gift_free);
    CHECK_ERROR(cx, AG_ERR_HANDLE, "");
    CHECK(r.ends == ends + 2);
    ag_raise(cx, AG_ERR_USER, "pending");
    keeping(cx, kind, a, gift_new(1, &r.ends), gift_free);
    CHECK_ERROR(cx, AG_ERR_USER, "pending");
    CHECK(r.ends == ends + 3);
    /* a dead frame is an error, not a number */
    r.ends = 0;
    CHECK(is_null(ag_grad(cx, from_the_stack, &r, &a, 1, 0)));
    CHECK_ERROR(cx, AG_ERR_ARGUMENT, "lies on the stack of a function that has returned");
    CHECK(is_null(ag_hvp(cx, from_the_stack, &r, &a, 1, 0, a)));
    CHECK_ERROR(cx, AG_ERR_ARGUMENT, "lies on the stack");
    /* forward mode needs it no longer than the call */
    CHECK_CLOSE(ag_item(cx, ag_deriv(cx, from_the_stack, &r, &a, 1, 0)), want, 1e-6);
    CHECK_OK(cx);
  }
}

/* A tape by hand: that the frame is gone when the sweep asks is found out while lines are recorded, by the shared library. */
static ag_array on_a_tape(ag_context *cx, ag_array a, int kind) {
  gift mine;
  mine.factor = 0.7, mine.ends = NULL;
  return keeping(cx, kind, a, &mine, NULL);
}

static void tapes_by_hand(ag_context *cx) {
  /* a call that no compiler puts into this frame */
  ag_array (*volatile elsewhere)(ag_context *, ag_array, int) = on_a_tape;
  AG_HERE(cx);
  for (int kind = 0; kind < KINDS; kind++) {
    ag_tape tape = ag_tape_begin(cx);
    ag_array a = ag_box(cx, tape, ag_scalar(cx, 0.4));
    ag_array y = elsewhere(cx, a, kind);
    CHECK_OK(cx);
    ag_tape_grad(cx, tape, y, a);
    CHECK_ERROR(cx, AG_ERR_ARGUMENT, "lies on the stack");
    ag_tape_end(cx, tape);
  }
}

/* ---- hooks ---- */

static void hook(int32_t code, const char *message, void *user) {
  (void)message;
  *(int *)user = code;
}

static void hooks(void) {
  int ends = 0, code = 0;
  ag_context *cx = ag_context_new();
  ag_set_error_hook(cx, hook, &code, NULL);
  ag_raise(cx, AG_ERR_USER + 3, "x");
  CHECK(code == AG_ERR_USER + 3);
  ag_error_clear(cx);
  ag_set_error_hook(cx, NULL, &ends, count);
  CHECK(ends == 1);
  ag_set_error_hook(cx, hook, &ends, count);
  CHECK(ends == 1);
  ag_context_free(cx);
  CHECK(ends == 2);
  ag_set_error_hook(NULL, hook, &ends, count);
  CHECK(ends == 3);
}

/* ---- texts and shapes, which C prints and indexes without a look ---- */

static void texts(ag_context *cx) {
  char line[200];
  ag_array x = vector_of(cx, "1 2"), y = vector_of(cx, "3");
  /* several in one call */
  snprintf(line, sizeof line, "%s %s", ag_to_string(cx, x), ag_to_string(cx, y));
  CHECK(strstr(line, "1") && strstr(line, "3") && strlen(ag_to_string(cx, x)) > strlen(ag_to_string(cx, y)));
  ag_scope scope = ag_scope_enter(cx);
  const char *inner = ag_to_string(cx, x);
  for (int i = 0; i < 100; i++) ag_to_string(cx, y);
  CHECK(strcmp(inner, ag_to_string(cx, x)) == 0);
  ag_scope_leave(cx, scope);
  CHECK(strncmp(line, ag_to_string(cx, x), 5) == 0);

  ag_array wrong = ag_add(cx, vector_of(cx, "1 2 3"), x);
  const char *all[8];
  ag_tree t = ag_tree_leaf(cx, x);
  all[0] = ag_to_string(cx, wrong), all[1] = ag_tree_to_string(cx, t), all[2] = ag_tree_path_at(cx, t, 0);
  all[3] = ag_tree_key(cx, t, 0), all[4] = ag_tree_difference(cx, t, t);
  all[5] = ag_function_to_text(cx, scaled, NULL, &x, 1, 0), all[6] = ag_grad_to_text(cx, scaled, NULL, &x, 1, 0, 0);
  all[7] = ag_error_message(cx);
  for (int i = 0; i < 8; i++) CHECK(all[i] && strstr(all[i], "ag_add: "));
  for (int i = 0; i < 64; i++) CHECK(ag_shape(cx, wrong)[i] == 0 && ag_strides(cx, wrong)[i] == 0);
  CHECK(ag_dim(cx, x, 0) == 0);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_add: ");
  CHECK(strstr(ag_to_string(cx, wrong), "ag_to_string: "));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_to_string: ");
  CHECK(strstr(ag_to_string(NULL, x), "context") && ag_shape(NULL, x)[0] == 0 && ag_dim(NULL, x, 0) == 0);
  CHECK(strcmp(ag_tree_difference(cx, ag_tree_leaf(cx, x), ag_tree_leaf(cx, y)), "") == 0);

  ag_array m = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6");
  CHECK(ag_dim(cx, m, 0) == 2 && ag_dim(cx, m, 1) == 3 && ag_dim(cx, m, -1) == 3 && ag_dim(cx, m, -2) == 2);
  CHECK(ag_shape(cx, ag_scalar(cx, 1))[0] == 0);
  CHECK_OK(cx);
  CHECK(ag_dim(cx, m, 2) == 0);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_dim: ");
}

int main(void) {
  ag_context *cx = ag_context_new();
  kept_callbacks(cx);
  tapes_by_hand(cx);
  hooks();
  texts(cx);
  return finish(cx);
}
