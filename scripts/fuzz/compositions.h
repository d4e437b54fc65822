/* Results of callbacks that depend on an argument through an operator, so that derivatives go through its rules: random calls
 * seldom build such a chain. The functions inside are plain, so that most of it succeeds. */
#ifndef COMPOSITIONS_H
#define COMPOSITIONS_H

/* Whether there are any in this round. */
static bool composing;

/* Of the form of its first argument, and a contraction: a right side, a residual, a step. */
static ag_array plain_like(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)user;
  ag_array more = ag_mul_scalar(cx, ag_sum(cx, ag_tanh(cx, args[nargs - 1])), 0.01);
  return ag_add(cx, ag_mul_scalar(cx, args[0], -0.4), ag_mul(cx, more, ag_cos(cx, args[0])));
}
static ag_array plain_step(ag_context *cx, size_t i, const ag_array *args, size_t nargs, void *user) {
  (void)i;
  return plain_like(cx, args, nargs, user);
}
static ag_array plain_length(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sqrt(cx, ag_add_scalar(cx, ag_sum(cx, ag_square(cx, args[0])), 1.0));
}
static ag_tree plain_tree(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array flat[] = {ag_tree_flatten(cx, args[0]), ag_tree_flatten(cx, args[nargs - 1])};
  return ag_tree_unflatten(cx, args[0], plain_like(cx, flat, 2, user));
}

static const ag_odeint_options *simple_odeint_options(void) {
  ag_odeint_options *o = take(sizeof *o);
  o->struct_size = sizeof *o;
  o->rtol = o->atol = roll(2) ? 1e-3 : 1e-6;
  o->max_steps = 40;
  if (!roll(4)) o->rk4_steps = 1 + roll(3);
  if (!roll(4)) o->derivative = AG_ODEINT_BACKWARDS;
  if (!roll(3)) o->max_states = 1 + roll(4);
  return o;
}
static const ag_solve_options *simple_solve_options(void) {
  ag_solve_options *o = take(sizeof *o);
  o->struct_size = sizeof *o;
  o->max_steps = 60;
  return o;
}
/* Through one operator or several, a number or an array. */
static ag_array through(ag_context *cx, ag_array x, int depth) {
  ag_array pair[] = {x, roll(2) ? ag_sum(cx, x) : ag_scalar(cx, 0.5)};
  ag_tree trees[] = {ag_tree_leaf(cx, pair[0]), ag_tree_leaf(cx, pair[1])};
  ag_tree two[] = {ag_tree_list(cx, trees, 2), trees[1]};
  ag_array results[4], t = ag_linspace(cx, 0.0, roll(2) ? 0.5 : -0.25, 1 + (int64_t)roll(3));
  ag_array y = x;
  switch (roll(12)) {
    case 0:
    case 1:
      y = ag_odeint(cx, plain_like, NULL, NULL, x, t, pair + 1, roll(2), roll(4) ? simple_odeint_options() : NULL);
      break;
    case 2:
      y = ag_tree_flatten(cx, ag_tree_odeint(cx, plain_tree, NULL, NULL, two[0], t, two + 1, roll(2), simple_odeint_options()));
      break;
    case 3: y = ag_fixed_point(cx, plain_like, NULL, NULL, pair, 2, simple_solve_options()); break;
    case 4: y = ag_root(cx, plain_like, NULL, NULL, pair, 2, simple_solve_options()); break;
    case 5:
      y = ag_tree_flatten(cx, roll(2) ? ag_tree_root(cx, plain_tree, NULL, NULL, two, 2, simple_solve_options())
                                      : ag_tree_fixed_point(cx, plain_tree, NULL, NULL, two, 2, simple_solve_options()));
      break;
    case 6: y = ag_checkpoint(cx, roll(2) ? plain_like : plain_length, NULL, NULL, pair, 2); break;
    case 7: y = ag_checkpoint_loop(cx, plain_step, NULL, NULL, pair, 2, roll(6)); break;
    case 8: y = ag_apply_along_axis(cx, roll(2) ? plain_like : plain_length, NULL, x, -1); break;
    case 9: y = ag_grad(cx, plain_length, NULL, pair, 2, 0); break;
    case 10:
      memset(results, 0, sizeof results);
      ag_apply_multi(cx, any_primitive(), pair, usual_arguments, results, usual_results);
      y = results[roll(usual_results)];
      break;
    default: y = ag_apply(cx, any_primitive(), pair, usual_arguments); break;
  }
  if (ag_error(cx)) return y;
  return depth < 2 && !roll(3) ? through(cx, y, depth + 1) : y;
}
/* What depends on `x` through operators, if the round has such results, or `otherwise`. Draws from numbers of its own. */
static ag_array composed(ag_context *cx, ag_array x, ag_array otherwise) {
  uint64_t before = state;
  if (!composing || ag_error(cx) || ag_size(cx, x) > 6) return otherwise;
  state = mixed(here->seed + 3);
  ag_array y = roll(2) ? through(cx, x, 0) : otherwise;
  if (ag_error(cx) && roll(8)) settle(cx), y = otherwise;
  state = before;
  return y;
}

#endif
