/* What the fuzzing program hands to the library to be called: functions, rules, kernels, hooks. Each runs a random program of
 * its own, and most return what is expected; the others do what they must not, once or always. */
#ifndef CALLBACKS_H
#define CALLBACKS_H

enum nature {
  GOOD,
  FICKLE, /* another program at each call */
  RETURNS_NULL,
  RETURNS_STALE,
  RETURNS_FOREIGN,
  OTHER_SHAPE,
  OTHER_DTYPE,
  RAISES,
  RAISES_AND_RETURNS,
  LEAVES_TAPE,
  LEAVES_SCOPE,
  LEAVES_SETTING,
  RELEASES,
  ENDS_OUTER,
  FREES_CONTEXT,
  CLEARS_ERROR,
  LIMITS_MEMORY,
  SETS_OUTER,
  KEEPS,
  CALLS_ITSELF,
  NATURES
};

/* What callbacks get as `user`. */
struct user {
  uint64_t seed;
  ag_context *cx;
  enum nature nature;
  unsigned calls, when; /* so far, and the one that misbehaves */
  struct promise *promise;
  size_t ndtypes;
  int32_t dtypes[FEW];
};

/* That the library calls `drop` once for it. */
struct promise {
  struct promise *next;
  struct user *user;
  const char *giver;
  bool given;
  unsigned dropped;
};
static struct promise *promises;

enum { DEEPEST = 3, MOST_CALLBACKS = 250 };
/* Callbacks that the running call may still make: what bounds every iteration. */
static unsigned fuel;

/* Of derivatives that are checked. Each order takes several times as long as the one before, so that few callbacks end those that
 * could never be finished. */
static int32_t an_order(void) {
  int32_t order = (int32_t)(roll(20) ? roll(5) : integer());
  if (order > 4 && fuel > 24) fuel = 24;
  return order;
}

static const char *running_call(void);
static void drop_user(void *user);
static void call(ag_context *cx);

static void *new_user(ag_context *cx, struct user *user) {
  user->seed = mixed(state + roll(1000));
  user->cx = cx;
  user->nature = roll(3) ? GOOD : (enum nature)roll(NATURES);
  user->when = (unsigned)roll(roll(2) ? 2 : 8);
  return user;
}
/* For a callback that isn't kept beyond the call. */
static void *passing_user(ag_context *cx) { return roll(40) ? new_user(cx, take(sizeof(struct user))) : NULL; }
/* For one that is. */
static void *kept_user(ag_context *cx) {
  struct user *user = calloc(1, sizeof *user);
  struct promise *promise = calloc(1, sizeof *promise);
  if (!user || !promise) abort();
  *promise = (struct promise){.next = promises, .user = user, .giver = running_call()};
  promises = promise;
  user->promise = promise;
  return new_user(cx, user);
}
static void promise(void *user) { ((struct user *)user)->promise->given = true; }

/* At the end of a round: each promise was held. */
static void check_promises(void) {
  while (promises) {
    struct promise *next = promises->next;
    if (promises->given && promises->dropped != 1)
      report(promises->dropped ? "`drop` was called twice" : "`drop` was never called", promises->giver);
    free(promises->user);
    free(promises);
    promises = next;
  }
}

/* ---- a callback's beginning and end ---- */

struct running {
  struct frame frame;
  uint64_t outside;
  struct user *user;
  enum nature nature; /* at this call */
};

/* False if nothing is to be done any more, which is an error. */
static bool begin(struct running *r, ag_context *cx, void *user, size_t n, const ag_array *args) {
  struct user *u = user;
  callbacks++;
  memset(r, 0, sizeof *r);
  if (fuel == 0 || found_fault) {
    ag_raise(cx, AG_ERR_USER, "raised: enough");
    return false;
  }
  fuel--;
  if (u && u->cx != cx) report("a callback got a context that isn't its own", "");
  r->outside = state;
  r->user = u;
  r->nature = !u || (u->nature != FICKLE && u->calls != u->when) ? GOOD : u->nature;
  r->frame.seed = mixed(u ? u->seed + (u->nature == FICKLE ? u->calls : 0) : 1);
  if (u) u->calls++;
  r->frame.outer = here;
  r->frame.depth = here->depth + 1;
  r->frame.extra = here->extra;
  r->frame.filled = 6;
  state = r->frame.seed;
  here = &r->frame;
  for (size_t i = 0; i < r->frame.filled; i++) {
    r->frame.arrays[i] = n > 0 && roll(4) ? args[roll(n < 4 ? n : 4)] : made(cx);
    r->frame.trees[i] = i == 0 ? made_tree(cx) : r->frame.trees[0];
  }
  return true;
}
static ag_primitive new_primitive(ag_context *cx);

/* Tapes with something on them, and scopes; at the outermost level primitives, too. */
static void begin_things(ag_context *cx) {
  for (int i = 0; i < FEW; i++) {
    if (roll(2)) here->scopes[i] = ag_scope_enter(cx);
    if (roll(2)) {
      here->tapes[i] = ag_tape_begin(cx);
      here->boxed[i] = here->arrays[roll(here->filled)] = ag_box(cx, here->tapes[i], differentiable(cx));
    }
    if (!here->depth) here->primitives[i] = new_primitive(cx);
    settle(cx);
  }
}
static void random_program(ag_context *cx) {
  if (here->depth <= DEEPEST && !roll(6)) begin_things(cx);
  if (here->depth <= DEEPEST)
    for (size_t n = roll(2) ? 0 : roll(5); n > 0 && !found_fault; n--) call(cx);
}
/* Ends what the program has begun. */
static void tidy(ag_context *cx) {
  for (; here->anomalies > 0; here->anomalies--) ag_anomaly_end(cx), settle(cx);
  for (; here->details > 0; here->details--) ag_detail_end(cx), settle(cx);
  for (int i = 0; i < FEW; i++) {
    if (here->tapes[i].bits) ag_tape_end(cx, here->tapes[i]), settle(cx);
  }
  for (int i = FEW; i-- > 0;) {
    if (here->scopes[i].bits) ag_scope_leave(cx, here->scopes[i]), settle(cx);
  }
  if (is_limited) unlimited(cx);
  mend(cx);
}
static void end(struct running *r) {
  here = r->frame.outer;
  state = r->outside;
}

/* ---- what callbacks do that they must not ---- */

/* What a callback does beside its result, or in its place (false). */
static bool behaves(struct running *r, ag_context *cx, const ag_array *args, size_t nargs) {
  const struct frame *outer = r->frame.outer;
  switch (r->nature) {
    case RAISES: ag_raise(cx, a_code(), a_raised_text()); return false;
    case RAISES_AND_RETURNS: ag_raise(cx, a_code(), a_raised_text()); break;
    case LEAVES_TAPE: ag_tape_begin(cx); break;
    case LEAVES_SCOPE: ag_scope_enter(cx); break;
    case LEAVES_SETTING: roll(2) ? ag_anomaly_begin(cx, 0) : ag_detail_begin(cx, roll(4)); break;
    case RELEASES:
      for (size_t i = 0; i < nargs && i < 4; i++) roll(2) ? ag_release(cx, args[i]) : ag_release_later(cx, args[i]);
      break;
    case ENDS_OUTER:
      for (int i = 0; i < FEW; i++) {
        ag_tape_end(cx, outer->tapes[i]);
        ag_scope_leave(cx, outer->scopes[i]);
        ag_primitive_free(cx, outer->primitives[i]);
      }
      break;
    case FREES_CONTEXT: {
      int32_t before = ag_error(cx);
      ag_context_free(cx);
      if (!before && ag_error(cx) != AG_ERR_CONTEXT) report("ag_context_free in a callback is no error", "");
      if (roll(2)) ag_error_clear(cx);
      break;
    }
    case CLEARS_ERROR: ag_error_clear(cx); break;
    case LIMITS_MEMORY:
      is_limited = true;
      ag_set_memory_limit(cx, 1 + roll(20000));
      break;
    case SETS_OUTER:
      for (size_t i = 0; i < 3; i++) ag_set(cx, outer->arrays[roll(outer->filled)], nargs ? args[0] : made(cx));
      break;
    case KEEPS:
      stale = ag_keep(cx, any_scope(), nargs ? args[0] : made(cx));
      recent = ag_keep(cx, outer->scopes[0], here->arrays[0]);
      break;
    default: break;
  }
  return true;
}
static ag_array spoilt(struct running *r, ag_context *cx, ag_array y) {
  switch (r->nature) {
    case RETURNS_NULL: return (ag_array){0};
    case RETURNS_STALE: return stale;
    case RETURNS_FOREIGN: return foreign;
    case OTHER_SHAPE: return made(cx);
    case OTHER_DTYPE: return ag_astype(cx, y, a_dtype());
    default: return y;
  }
}
static ag_tree spoilt_tree(struct running *r, ag_context *cx, ag_tree y) {
  switch (r->nature) {
    case RETURNS_NULL: return (ag_tree){0};
    case RETURNS_STALE: return (ag_tree){stale.bits};
    case RETURNS_FOREIGN: return foreign_tree;
    case OTHER_SHAPE: return made_tree(cx);
    case OTHER_DTYPE: return ag_tree_leaf(cx, made(cx));
    default: return y;
  }
}

/* ---- functions of arrays ---- */

enum kind { ANY, SCALAR, LIKE, HOLOMORPHIC, AUX };

static ag_array sum_of(ag_context *cx, ag_array x) {
  if (ag_dtype(cx, x) != AG_F64) x = ag_real(cx, ag_astype(cx, x, AG_C128));
  return ag_sum(cx, x);
}
static ag_array composed(ag_context *cx, ag_array x, ag_array otherwise);
static ag_array result_of(ag_context *cx, enum kind kind, const ag_array *args, size_t nargs) {
  ag_array x = nargs ? args[0] : here->arrays[0], y = here->arrays[roll(here->filled)];
  if (kind == SCALAR || kind == ANY) y = composed(cx, x, y);
  settle(cx);
  switch (kind) {
    case SCALAR: {
      ag_array sum = sum_of(cx, y);
      settle(cx);
      return sum.bits && roll(3) ? ag_add(cx, sum, sum_of(cx, ag_square(cx, x))) : sum_of(cx, ag_square(cx, x));
    }
    case LIKE: {
      ag_array more = ag_mul_scalar(cx, sum_of(cx, ag_tanh(cx, nargs > 1 ? args[nargs - 1] : x)), 0.01);
      settle(cx);
      return roll(4) ? ag_add(cx, ag_mul_scalar(cx, x, -0.4), more) : ag_mul_scalar(cx, ag_cos(cx, x), 0.3);
    }
    case HOLOMORPHIC: return roll(2) ? ag_sum(cx, ag_square(cx, x)) : ag_exp(cx, x);
    default: return y;
  }
}
static ag_array function(ag_context *cx, const ag_array *args, size_t nargs, void *user, enum kind kind,
                         ag_function itself) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return (ag_array){0};
  see(args, nargs * sizeof *args);
  random_program(cx);
  tidy(cx);
  ag_array y = {0};
  if (r.nature == CALLS_ITSELF && nargs) y = ag_grad(cx, itself, user, args, nargs, 0);
  if (!y.bits) y = result_of(cx, kind, args, nargs);
  if (ag_error(cx) && roll(4)) {
    settle(cx);
    y = kind == SCALAR || !nargs ? ag_scalar(cx, 2.0) : args[0];
  }
  y = behaves(&r, cx, args, nargs) ? spoilt(&r, cx, y) : (ag_array){0};
  end(&r);
  return y;
}
#define FUNCTION(name, kind)                                                                              \
  static ag_array name(ag_context *cx, const ag_array *args, size_t nargs, void *user) {                  \
    return function(cx, args, nargs, user, kind, name);                                                   \
  }
FUNCTION(function_any, ANY)
FUNCTION(function_scalar, SCALAR)
FUNCTION(function_like, LIKE)
FUNCTION(function_holomorphic, HOLOMORPHIC)

static ag_array step_function(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  (void)i;
  return function(cx, args, nargs, user, LIKE, function_scalar);
}

/* Results to results[nresults - 1], the first one a number; fewer of them now and then. */
static int32_t multi_function(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                              void *user, bool aux) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return roll(2) ? 0 : AG_ERR_USER;
  random_program(cx);
  tidy(cx);
  size_t n = nresults == AG_MOST_RESULTS ? 1 + roll(4) : nresults;
  for (size_t i = 0; i < n; i++) {
    results[i] = result_of(cx, aux && i == 0 ? SCALAR : ANY, args, nargs);
    if (ag_error(cx)) results[i] = ag_scalar(cx, 1.0);
  }
  bool there = behaves(&r, cx, args, nargs);
  if (n > 0) results[roll(n)] = there ? spoilt(&r, cx, results[0]) : (ag_array){0};
  int32_t code = r.nature == RAISES || (r.nature == FICKLE && !roll(8)) ? a_code() : 0;
  end(&r);
  return code;
}
static int32_t multi_function_aux(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                                  void *user) {
  return multi_function(cx, args, nargs, results, nresults, user, true);
}
static int32_t multi_function_any(ag_context *cx, const ag_array *args, size_t nargs, ag_array *results, size_t nresults,
                                  void *user) {
  return multi_function(cx, args, nargs, results, nresults, user, false);
}

/* ---- functions of trees ---- */

static ag_tree tree_result_of(ag_context *cx, enum kind kind, const ag_tree *args, size_t nargs) {
  ag_tree x = nargs ? args[0] : here->trees[0];
  ag_array y = here->arrays[roll(here->filled)], sum;
  settle(cx);
  switch (kind) {
    case SCALAR:
    case AUX:
    case HOLOMORPHIC:
      if (kind != HOLOMORPHIC && ag_tree_leaf_count(cx, x)) y = composed(cx, ag_tree_leaf_at(cx, x, 0), y);
      settle(cx);
      sum = sum_of(cx, y);
      settle(cx);
      ag_array dot = ag_tree_dot(cx, x, x);
      if (kind != HOLOMORPHIC && ag_dtype(cx, dot) != AG_F64) dot = ag_real(cx, dot);
      if (ag_error(cx)) settle(cx), dot = ag_sum(cx, ag_tree_flatten(cx, x));
      if (kind != HOLOMORPHIC) dot = ag_add(cx, dot, ag_mul_scalar(cx, sum, 0.1));
      if (kind == AUX) {
        ag_tree items[] = {ag_tree_leaf(cx, dot), here->trees[roll(here->filled)]};
        return ag_tree_tuple(cx, items, 2);
      }
      return ag_tree_leaf(cx, dot);
    case LIKE: return ag_tree_mul_scalar(cx, x, -0.4);
    default: break;
  }
  ag_tree items[] = {ag_tree_leaf(cx, y), roll(2) ? x : here->trees[roll(here->filled)]};
  return roll(3) ? ag_tree_tuple(cx, items, 1 + roll(2)) : items[roll(2)];
}
/* The first leaves of a tree, as arrays to draw from. */
static size_t leaves_of(ag_context *cx, const ag_tree *args, size_t nargs, ag_array *leaves, size_t most) {
  size_t n = 0;
  for (size_t i = 0; i < nargs && i < 2; i++)
    for (size_t k = 0; k < ag_tree_leaf_count(cx, args[i]) && n < most; k++) leaves[n++] = ag_tree_leaf_at(cx, args[i], k);
  settle(cx);
  return n;
}
static ag_tree tree_function(ag_context *cx, const ag_tree *args, size_t nargs, void *user, enum kind kind) {
  struct running r;
  ag_array leaves[4];
  size_t n = leaves_of(cx, args, nargs, leaves, 4);
  if (!begin(&r, cx, user, n, leaves)) return (ag_tree){0};
  for (size_t i = 0; i < nargs && i < 3; i++) here->trees[i] = args[i];
  random_program(cx);
  tidy(cx);
  ag_tree y = tree_result_of(cx, kind, args, nargs);
  if (ag_error(cx) && roll(4)) {
    settle(cx);
    y = kind == ANY && nargs ? args[0] : ag_tree_leaf(cx, ag_scalar(cx, 1.0));
  }
  y = behaves(&r, cx, leaves, n) ? spoilt_tree(&r, cx, y) : (ag_tree){0};
  end(&r);
  return y;
}
#define TREE_FUNCTION(name, kind)                                                       \
  static ag_tree name(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {  \
    return tree_function(cx, args, nargs, user, kind);                                  \
  }
TREE_FUNCTION(tree_function_any, ANY)
TREE_FUNCTION(tree_function_scalar, SCALAR)
TREE_FUNCTION(tree_function_like, LIKE)
TREE_FUNCTION(tree_function_holomorphic, HOLOMORPHIC)
TREE_FUNCTION(tree_function_aux, AUX)

static ag_tree tree_step_function(ag_context *cx, size_t i, const ag_tree *args, size_t nargs, void *user) {
  (void)i;
  return tree_function(cx, args, nargs, user, LIKE);
}
static ag_tree array_tree_function(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  struct running r;
  if (!begin(&r, cx, user, nargs, args)) return (ag_tree){0};
  random_program(cx);
  tidy(cx);
  ag_array items[] = {result_of(cx, roll(2) ? SCALAR : ANY, args, nargs), nargs ? args[0] : made(cx)};
  settle(cx);
  ag_tree y = ag_tree_list_of(cx, items, 1 + roll(2));
  y = behaves(&r, cx, args, nargs) ? spoilt_tree(&r, cx, y) : (ag_tree){0};
  end(&r);
  return y;
}
static ag_array objective(ag_context *cx, size_t i, ag_tree x, void *user) {
  (void)i;
  struct running r;
  ag_array leaves[4];
  size_t n = leaves_of(cx, &x, 1, leaves, 4);
  if (!begin(&r, cx, user, n, leaves)) return (ag_array){0};
  here->trees[0] = x;
  random_program(cx);
  tidy(cx);
  ag_array y = result_of(cx, SCALAR, leaves, n);
  y = behaves(&r, cx, leaves, n) ? spoilt(&r, cx, y) : (ag_array){0};
  end(&r);
  return y;
}
static int32_t iteration_function(ag_context *cx, const ag_iteration *iteration, void *user) {
  struct running r;
  ag_array leaves[4];
  size_t n = leaves_of(cx, &iteration->x, 1, leaves, 4);
  if (!begin(&r, cx, user, n, leaves)) return 0;
  here->trees[0] = iteration->x;
  here->trees[1] = iteration->gradient;
  random_program(cx);
  tidy(cx);
  behaves(&r, cx, leaves, n);
  int32_t code = roll(8) ? 0 : a_code();
  end(&r);
  return code;
}

#endif
