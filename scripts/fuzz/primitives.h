/* Primitives and raw kernels of the fuzzing program, what it is told by `drop` and hooks, and calls whose arguments belong
 * together. */
#ifndef PRIMITIVES_H
#define PRIMITIVES_H

/* ---- primitives ---- */

/* Linear in `g`, of the form of `x`. */
static ag_array rule(ag_context *cx, ag_array g, ag_array x, const ag_array *args, size_t nargs, void *user) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return (ag_array){0};
  here->arrays[0] = g;
  random_program(cx);
  tidy(cx);
  ag_array y = ag_mul(cx, x, ag_sum(cx, g));
  y = behaves(&r, cx, args, nargs) ? spoilt(&r, cx, y) : (ag_array){0};
  end(&r);
  return y;
}
#define RULES(k)                                                                                                        \
  static ag_array vjp_##k(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {   \
    return rule(cx, g, k < nargs ? args[k] : ans, args, nargs, user);                                                   \
  }                                                                                                                     \
  static ag_array jvp_##k(ag_context *cx, ag_array t, ag_array ans, const ag_array *args, size_t nargs, void *user) {   \
    return rule(cx, t, ans, args, nargs, user);                                                                         \
  }
RULES(0)
RULES(1)
RULES(2)

static int32_t vjp_argnums(ag_context *cx, const size_t *argnums, size_t n, const ag_array *gs, const ag_array *ans,
                           size_t nresults, const ag_array *args, size_t nargs, ag_array *grads, void *user) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return AG_ERR_USER;
  see(ans, nresults * sizeof *ans);
  random_program(cx);
  tidy(cx);
  for (size_t i = 0; i < n; i++) grads[i] = ag_mul(cx, args[argnums[i]], ag_sum(cx, gs[roll(nresults)]));
  bool there = behaves(&r, cx, args, nargs);
  if (n > 0) grads[0] = there ? spoilt(&r, cx, grads[0]) : (ag_array){0};
  int32_t code = r.nature == RAISES ? a_code() : 0;
  end(&r);
  return code;
}
static int32_t jvp_argnums(ag_context *cx, const size_t *argnums, const ag_array *tangents, size_t n, const ag_array *ans,
                           size_t nresults, const ag_array *args, size_t nargs, ag_array *out, void *user) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return AG_ERR_USER;
  see(argnums, n * sizeof *argnums);
  random_program(cx);
  tidy(cx);
  for (size_t i = 0; i < nresults; i++) out[i] = ag_mul(cx, ans[i], ag_sum(cx, tangents[roll(n)]));
  bool there = behaves(&r, cx, args, nargs);
  if (nresults > 0) out[0] = there ? spoilt(&r, cx, out[0]) : (ag_array){0};
  int32_t code = r.nature == RAISES ? a_code() : 0;
  end(&r);
  return code;
}

/* A rule for each argument, or none for some. */
#define SOME_RULES(name, type, ...)                                         \
  static const type *name(ag_context *cx) {                                 \
    (void)cx;                                                               \
    static const type all[] = {__VA_ARGS__};                                \
    type *list = take(FEW * sizeof *list);                                  \
    for (size_t i = 0; i < FEW; i++) list[i] = roll(8) ? all[i % 3] : NULL; \
    return list;                                                            \
  }
SOME_RULES(some_vjps, ag_vjp_function, vjp_0, vjp_1, vjp_2)
SOME_RULES(some_jvps, ag_jvp_function, jvp_0, jvp_1, jvp_2)
static const char *a_primitive_name(void) {
  static const char *const some[] = {"primitive_a", "primitive_b", "primitive_c"};
  return roll(40) ? some[roll(3)] : roll(2) ? NULL : "";
}
/* How many arguments and results most primitives of a round have, so that most calls of them are right. */
static size_t usual_arguments, usual_results;

static const ag_primitive_def *a_primitive_def(ag_context *cx) {
  ag_primitive_def *def = take(sizeof *def + 64);
  def->struct_size = roll(20) ? sizeof *def : roll(sizeof *def + 64);
  def->name = a_primitive_name();
  bool multi = !roll(3);
  if (!multi || !roll(20)) def->forward = function_any;
  if (multi) def->forward_multi = multi_function_any, def->nresults = roll(4) ? usual_results : roll(80);
  if (!multi && roll(4)) def->vjps = some_vjps(cx), def->nvjps = roll(FEW + 1);
  if (!multi && roll(2)) def->jvps = some_jvps(cx), def->njvps = roll(FEW + 1);
  if (multi ? roll(4) : !roll(8)) def->vjp_argnums = vjp_argnums;
  if (multi ? roll(2) : !roll(8)) def->jvp_argnums = jvp_argnums;
  def->linear = !roll(6);
  def->user = kept_user(cx);
  if (roll(4)) {
    def->drop_user = drop_user;
    if (def->struct_size >= offsetof(ag_primitive_def, drop_user) + sizeof def->drop_user) promise(def->user);
  }
  return def;
}

/* ---- raw kernels ---- */

/* Reads and writes every element; a code now and then. */
static int32_t kernel(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  struct user *u = user;
  callbacks++;
  for (size_t k = 0; k < nargs; k++) {
    const ag_view *x = &args[k];
    size_t bytes = element_bytes(x->dtype), n = 1;
    for (size_t i = 0; i < x->ndim; i++) n *= (size_t)x->shape[i];
    if (n != x->size || !bytes) report("a kernel got a view of another size than its shape", "");
    if (x->contiguous && n) see(x->data, n * bytes);
    for (size_t i = 0; i < n && !x->contiguous; i++) {
      int64_t at = 0;
      size_t rest = i;
      for (size_t d = x->ndim; d-- > 0; rest /= (size_t)x->shape[d]) at += (int64_t)(rest % (size_t)x->shape[d]) * x->strides[d];
      see((const char *)x->data + at * (int64_t)bytes, bytes);
    }
  }
  for (size_t k = 0; k < nresults; k++) {
    const ag_view *y = &results[k];
    size_t bytes = element_bytes(y->dtype);
    if (!y->contiguous && y->size > 1) report("the results of a kernel are not in order", "");
    for (size_t i = 0; i < y->size * bytes; i++) ((unsigned char *)y->data)[i] = (unsigned char)(y->dtype == AG_BOOL ? i % 2 : 0);
    for (size_t i = 0; i < y->size && y->dtype == AG_F64; i++) ((double *)y->data)[i] = 0.5 + (double)i;
  }
  if (!u) return 0;
  unsigned number = u->calls++;
  if (number != u->when) return 0;
  if (u->nature == FREES_CONTEXT) ag_context_free(u->cx);
  return u->nature == RAISES ? a_code() : 0;
}
/* The function itself: of the dtypes that it names. */
static int32_t kernel_forward(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  const struct user *u = user;
  for (size_t k = 0; u && k < nargs && k < FEW; k++) {
    int32_t want = u->ndtypes == 0 ? AG_F64 : u->dtypes[u->ndtypes == 1 ? 0 : k];
    if (want != AG_ANY_DTYPE && args[k].dtype != want) report("a kernel got another dtype than it names", "");
  }
  return kernel(args, nargs, results, nresults, user);
}
static int32_t layout(const ag_view *args, size_t nargs, ag_layout *results, size_t nresults, void *user) {
  const struct user *u = user;
  uint64_t before = state;
  callbacks++;
  state = mixed(u ? u->seed + 1 : 1);
  for (size_t k = 0; k < nresults; k++) {
    results[k].dtype = roll(20) ? args && nargs && roll(2) ? args[0].dtype : AG_F64 : (int32_t)integer();
    results[k].ndim = roll(20) ? roll(4) : roll(40);
    for (size_t i = 0; i < 32; i++) results[k].shape[i] = roll(30) ? (int64_t)roll(4) : integer();
  }
  int32_t code = roll(20) ? 0 : a_code();
  state = before;
  return code;
}
static const char *kernel_message(int32_t code, void *user) {
  (void)user;
  return code % 2 ? "what the kernel says" : NULL;
}
static const ag_raw_function *some_kernels(void) {
  ag_raw_function *list = take(FEW * sizeof *list);
  for (size_t i = 0; i < FEW; i++) list[i] = roll(8) ? kernel : NULL;
  return list;
}
static const ag_raw_primitive_def *a_raw_primitive_def(ag_context *cx) {
  ag_raw_primitive_def *def = take(sizeof *def + 64);
  struct user *user = kept_user(cx);
  def->struct_size = roll(20) ? sizeof *def : roll(sizeof *def + 64);
  def->name = a_primitive_name();
  def->nargs = roll(8) ? usual_arguments : roll(6);
  def->nresults = roll(8) ? usual_results : roll(4);
  if (roll(2) || def->nargs == 0) def->layout = layout;
  def->forward = roll(40) ? kernel_forward : NULL;
  if (roll(3)) def->vjps = some_kernels(), def->nvjps = roll(FEW + 1);
  else if (roll(2)) def->vjp_all = kernel;
  if (roll(2)) def->jvps = some_kernels(), def->njvps = roll(FEW + 1);
  def->strided = roll(2);
  def->message = roll(2) ? kernel_message : NULL;
  if (roll(2)) {
    user->ndtypes = roll(8) ? roll(2) ? 1 : def->nargs : roll(FEW + 1);
    if (user->ndtypes > FEW) user->ndtypes = FEW;
    int32_t *dtypes = take(FEW * sizeof *dtypes);
    for (int i = 0; i < FEW; i++) dtypes[i] = user->dtypes[i] = roll(3) ? AG_ANY_DTYPE : a_dtype();
    def->dtypes = dtypes;
    def->ndtypes = user->ndtypes;
  }
  def->user = user;
  if (roll(4)) {
    def->drop_user = drop_user;
    if (def->struct_size >= offsetof(ag_raw_primitive_def, drop_user) + sizeof def->drop_user) promise(user);
  }
  return def;
}

static ag_primitive new_primitive(ag_context *cx) {
  return roll(2) ? ag_primitive_new(cx, a_primitive_def(cx)) : ag_raw_primitive_new(cx, a_raw_primitive_def(cx));
}

/* ---- pullbacks, for which a function is needed ---- */

static ag_tape a_pullback(ag_context *cx) {
  ag_array x = differentiable(cx);
  ag_tape pullback = ag_make_vjp(cx, function_scalar, passing_user(cx), &x, 1, 0, NULL);
  keep_tape(cx, pullback);
  settle(cx);
  return pullback;
}
static ag_tape a_tree_pullback(ag_context *cx) {
  ag_tree x = differentiable_tree(cx);
  ag_tape pullback = ag_tree_make_vjp(cx, tree_function_scalar, passing_user(cx), &x, 1, 0, NULL);
  keep_tape(cx, pullback);
  settle(cx);
  return pullback;
}

/* ---- what is told ---- */

/* A `drop`: the library may be called as ever. */
static void drop_user(void *user) {
  struct user *u = user;
  callbacks++, drops++;
  if (!u) {
    report("`drop` got another pointer than was given", "");
    return;
  }
  u->promise->dropped++;
  u->promise->user = NULL;
  if (!u->promise->given || u->promise->dropped > 1) report("`drop` was called too often", u->promise->giver);
  struct running r;
  ag_context *cx = u->cx;
  if (u->nature != GOOD && !ag_error(cx) && fuel > 0 && begin(&r, cx, NULL, 0, NULL)) {
    r.nature = u->nature;
    random_program(cx);
    tidy(cx);
    behaves(&r, cx, here->arrays, 1);
    end(&r);
  }
  free(u);
}

/* A hook: nothing but ag_error and ag_error_message works in it. */
static void error_hook(int32_t code, const char *message, void *user) {
  const struct user *u = user;
  callbacks++;
  if (!u) return;
  ag_context *cx = u->cx;
  if (ag_error(cx) != code || strcmp(ag_error_message(cx), message)) report("a hook is told another error", message);
  ag_error_clear(cx);
  ag_context_free(cx);
  if (ag_scalar(cx, 1.0).bits) report("an operation works in a hook", message);
  ag_raise(cx, AG_ERR_USER, "raised in a hook");
  if (ag_error(cx) != code) report("a hook changes the error", message);
}

/* ---- functions whose arguments belong together ---- */

static ag_context *fresh_context(void) {
  ag_context *cx = ag_context_new();
  if (!cx) abort();
  ag_set_memory_limit(cx, LIMIT);
  return cx;
}
/* A context of its own, with a few calls in it. */
static void with_context(void) {
  struct running r;
  memset(&r, 0, sizeof r);
  ag_context *cx = fresh_context();
  struct frame *outside = here;
  r.frame.seed = mixed(state);
  r.frame.depth = here->depth + 1;
  r.frame.extra = true;
  r.frame.filled = 4;
  here = &r.frame;
  ag_array before = recent;
  recent = (ag_array){0};
  bool was_limited = is_limited;
  for (size_t i = 0; i < r.frame.filled; i++) {
    r.frame.arrays[i] = made(cx);
    r.frame.trees[i] = made_tree(cx);
  }
  if (here->depth < DEEPEST)
    for (size_t n = roll(4); n > 0 && !found_fault; n--) call(cx);
  ag_context_free(cx);
  recent = before;
  is_limited = was_limited;
  here = outside;
}
static void by_hand_ag_context_new(ag_context *cx) {
  with_context();
  settle(cx);
}
static void by_hand_ag_context_free(ag_context *cx) {
  if (here->depth && !here->extra) ag_context_free(cx);
  else with_context();
}
static void by_hand_ag_from_buffer(ag_context *cx) {
  int32_t dtype = a_dtype();
  size_t ndim = roll(4);
  const int64_t *shape = roll(30) || !ndim ? a_small_shape() : NULL;
  int64_t strides[4], low = 0, high = 0, step = 1;
  for (size_t d = ndim; d-- > 0;) {
    int64_t extent = shape ? shape[d] : 1;
    strides[d] = roll(4) ? step : (int64_t)roll(7) - 3;
    if (extent > 0) step *= extent;
  }
  bool row_major = roll(3);
  if (row_major) high = step - 1;
  for (size_t d = 0; d < ndim && !row_major; d++) {
    int64_t extent = shape && shape[d] > 1 ? shape[d] - 1 : 0;
    *(strides[d] < 0 ? &low : &high) += extent * strides[d];
  }
  size_t bytes = element_bytes(dtype) ? element_bytes(dtype) : 8;
  size_t odd = roll(12) ? 0 : roll(bytes);
  struct user *user = kept_user(cx);
  /* The elements belong to `user`, and are gone with it. */
  struct user *grown = realloc(user, sizeof *user + 16 + odd + (size_t)(high - low + 1) * bytes);
  if (!grown) abort();
  user = grown;
  user->promise->user = user;
  char *data = (char *)(user + 1) + odd;
  memset(user + 1, 0, 16 + odd + (size_t)(high - low + 1) * bytes);
  ag_drop drop = roll(4) ? drop_user : NULL;
  if (drop) promise(user);
  keep(cx, ag_from_buffer(cx, dtype, shape, row_major ? NULL : strides, ndim,
                          roll(30) ? data - low * (int64_t)bytes : NULL, user, drop));
}

#endif
