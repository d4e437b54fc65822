/* A training step in steady state takes no memory from the system: neither for arrays, by the library's own count,
 * nor for anything else, by counting the calls of malloc and its kin. */
#include "check.h"
#include "count_malloc.h"

enum { LAYERS = 2, PARAMETERS = 2 * LAYERS, WARM_UP = 20, STEPS = 50 };

struct batch {
  ag_array images, targets;
};

/* The negative log-likelihood of a small net, with a penalty on its parameters. */
static ag_array objective(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  const struct batch *batch = (const struct batch *)user;
  ag_array h = ag_tanh(cx, ag_add(cx, ag_dot(cx, batch->images, args[0]), args[1]));
  ag_array z = ag_add(cx, ag_dot(cx, h, args[2]), args[3]), penalty = ag_scalar(cx, 0.0);
  ag_array log_p = ag_sub(cx, z, ag_logsumexp_axis(cx, z, 1, true));
  for (size_t k = 0; k < nargs; k++) penalty = ag_add(cx, penalty, ag_sum(cx, ag_square(cx, args[k])));
  ag_array likelihood = ag_mean(cx, ag_sum_axis(cx, ag_mul(cx, log_p, batch->targets), 1, false));
  return ag_sub(cx, ag_mul_scalar(cx, penalty, 1e-4), likelihood);
}

struct net {
  ag_array parameters[PARAMETERS], mean[PARAMETERS];
  ag_array images, targets;
};

static struct net make_net(ag_context *cx) {
  const int64_t images[] = {200, 64}, first[] = {64, 32}, second[] = {32, 10}, labels[] = {200};
  struct net net;
  net.images = ag_random_uniform(cx, 1, AG_F64, images, 2, 0.0, 1.0);
  ag_array drawn = ag_floor(cx, ag_random_uniform(cx, 2, AG_F64, labels, 1, 0.0, 10.0));
  net.targets = ag_index_array(cx, ag_eye(cx, AG_F64, 10, 10, 0), ag_astype(cx, drawn, AG_I64));
  net.parameters[0] = ag_random_normal(cx, 3, AG_F64, first, 2, 0.0, 0.1);
  net.parameters[1] = ag_zeros(cx, AG_F64, first + 1, 1);
  net.parameters[2] = ag_random_normal(cx, 4, AG_F64, second, 2, 0.0, 0.1);
  net.parameters[3] = ag_zeros(cx, AG_F64, second + 1, 1);
  for (int k = 0; k < PARAMETERS; k++) net.mean[k] = ag_zeros_like(cx, net.parameters[k]);
  return net;
}

/* A step of gradient descent with momentum, on rows that change from step to step. */
static double train_step(ag_context *cx, struct net *net, int64_t number) {
  int64_t rows[32];
  const int64_t count[] = {32};
  for (int64_t i = 0; i < 32; i++) rows[i] = (number * 37 + i * 5) % 200;
  ag_scope step = ag_scope_enter(cx);
  ag_array index = ag_array_new(cx, AG_I64, count, 1, rows), gradients[PARAMETERS];
  struct batch batch;
  batch.images = ag_index_array(cx, net->images, index);
  batch.targets = ag_index_array(cx, net->targets, index);
  ag_array value = ag_value_and_grads(cx, objective, &batch, net->parameters, PARAMETERS, NULL, PARAMETERS, gradients);
  for (int k = 0; k < PARAMETERS; k++) {
    ag_array mean = net->mean[k], p = net->parameters[k];
    ag_set(cx, mean, ag_add(cx, ag_mul_scalar(cx, mean, 0.9), ag_mul_scalar(cx, gradients[k], 0.1)));
    ag_set(cx, p, ag_sub(cx, p, ag_mul_scalar(cx, mean, 0.05)));
  }
  double loss = ag_item(cx, value);
  ag_scope_leave(cx, step);
  return loss;
}

static void a_training_step(void) {
  ag_context *cx = ag_context_new();
  struct net net = make_net(cx);
  for (int i = 0; i < WARM_UP; i++) train_step(cx, &net, i);
  size_t live = ag_live(cx);
  ag_memory_stats before = memory_of(cx);
  long calls = memory_calls;
  for (int i = 0; i < STEPS; i++) train_step(cx, &net, WARM_UP + i);
  long made = memory_calls - calls;
  ag_memory_stats after = memory_of(cx);
  CHECK(ag_live(cx) == live);
  CHECK(after.system_allocations == before.system_allocations);
  CHECK(after.reserved == before.reserved);
  CHECK(after.peak == before.peak);
  if (made != 0) printf("%ld calls of malloc and its kin in %d steps\n", made, STEPS);
  CHECK(made == 0);
  CHECK_OK(cx);
  ag_context_free(cx);
}

/* The same of a tree of parameters, with Adam. */
static ag_tree tree_objective(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  ag_array p[PARAMETERS];
  (void)nargs;
  p[0] = ag_tree_array_at(cx, args[0], "0/w"), p[1] = ag_tree_array_at(cx, args[0], "0/b");
  p[2] = ag_tree_array_at(cx, args[0], "1/w"), p[3] = ag_tree_array_at(cx, args[0], "1/b");
  return ag_tree_leaf(cx, objective(cx, p, PARAMETERS, user));
}

static void a_step_of_adam(void) {
  static const char *const keys[] = {"w", "b"};
  ag_context *cx = ag_context_new();
  struct net net = make_net(cx);
  struct batch batch;
  ag_tree layers[LAYERS], parameters, state, gradient;
  ag_optimizer_options options;
  batch.images = net.images, batch.targets = net.targets;
  for (int k = 0; k < LAYERS; k++) layers[k] = ag_tree_dict_of(cx, keys, net.parameters + 2 * k, 2);
  parameters = ag_tree_list(cx, layers, LAYERS);
  ag_optimizer_defaults(cx, AG_ADAM, &options, sizeof options);
  state = ag_optimizer_init(cx, parameters, &options);
  long calls = 0;
  ag_memory_stats before = memory_of(cx);
  double first = 0.0, last = 0.0;
  for (int i = 0; i < WARM_UP + STEPS; i++) {
    if (i == WARM_UP) calls = memory_calls, before = memory_of(cx), first = last;
    ag_scope step = ag_scope_enter(cx);
    last = ag_item(cx, ag_tree_value_and_grad(cx, tree_objective, &batch, &parameters, 1, 0, &gradient));
    ag_optimizer_update(cx, parameters, gradient, state, &options);
    ag_scope_leave(cx, step);
  }
  long made = memory_calls - calls;
  if (made != 0) printf("%ld calls of malloc and its kin in %d steps of Adam\n", made, STEPS);
  CHECK(made == 0);
  CHECK(memory_of(cx).system_allocations == before.system_allocations);
  CHECK(last < first);
  CHECK_OK(cx);
  ag_context_free(cx);
}

static ag_array chain(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0];
  for (int i = 0; i < 1000; i++) x = ag_add_scalar(cx, ag_mul_scalar(cx, ag_sin(cx, x), 1.1), 0.1);
  return x;
}

/* Scalars have no buffers at all, and the tape's nodes are used again. */
static void a_scalar_chain(void) {
  ag_context *cx = ag_context_new();
  ag_array x = ag_scalar(cx, 0.5);
  long calls = 0;
  for (int i = 0; i < WARM_UP + STEPS; i++) {
    if (i == WARM_UP) calls = memory_calls;
    ag_scope step = ag_scope_enter(cx);
    ag_array gradient;
    ag_value_and_grad(cx, chain, NULL, &x, 1, 0, &gradient);
    ag_item(cx, gradient);
    ag_scope_leave(cx, step);
  }
  CHECK(memory_calls == calls);
  CHECK(memory_of(cx).in_use == 0);
  CHECK_OK(cx);
  ag_context_free(cx);
}

int main(void) {
  a_training_step();
  a_step_of_adam();
  a_scalar_chain();
  return failures != 0;
}
