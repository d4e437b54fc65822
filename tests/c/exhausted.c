/* Memory that runs out, at every place where it can: for each scenario and each number N, the N-th request for memory is
 * refused once, and in another run that one and all after it. The outcome is AG_ERR_MEMORY or the right result, never an
 * end of the program; afterwards the context works, and nothing is lost.
 *
 * The short form takes every request of the small scenarios. AUTOGRAD_ATTACK=1 takes the large ones too, of whose requests
 * most are alike: some hundred of them. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#include "check.h"
#include "count_malloc.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef double scenario_function(ag_context *cx);

#define UNUSED (void)nargs, (void)user

/* ---- what is done while memory runs out; each returns a number that is known ---- */

static double arrays(ag_context *cx) {
  const int64_t shape[] = {40, 30};
  ag_array x = ag_random_uniform(cx, 1, AG_F64, shape, 2, -1.0, 1.0), y = ag_transpose(cx, x);
  ag_array z = ag_matmul(cx, ag_tanh(cx, x), ag_exp(cx, y));
  ag_array parts[] = {z, ag_sort_axis(cx, z, 0), ag_cumsum_axis(cx, z, 0), ag_flip(cx, z)};
  ag_array all = ag_concatenate(cx, parts, 4, 0);
  all = ag_index(cx, all, "::2, 1:-1");
  ag_array c = ag_einsum(cx, "ij,kj->ik", parts, 2);
  all = ag_add(cx, ag_sum(cx, all), ag_mean(cx, ag_real(cx, ag_mul_complex(cx, c, 0.5, 1.0))));
  all = ag_add(cx, all, ag_std(cx, ag_where(cx, ag_greater_scalar(cx, z, 0.0), z, ag_square(cx, z))));
  (void)ag_to_string(cx, x);
  return ag_item(cx, all);
}

static ag_array wave(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = args[0];
  for (int i = 0; i < 12; i++) y = ag_sin(cx, ag_add(cx, y, ag_mul_scalar(cx, args[0], 0.25)));
  return y;
}

static ag_array slope(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_grad(cx, wave, user, args, nargs, 0);
}

static ag_array net(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array h = ag_tanh(cx, ag_add(cx, ag_dot(cx, args[0], args[1]), args[2]));
  ag_array z = ag_sub(cx, h, ag_logsumexp_axis(cx, h, 1, true));
  return ag_add(cx, ag_sum(cx, ag_square(cx, z)), ag_index(cx, ag_max_axis(cx, z, 1, false), "3"));
}

static double derivatives(ag_context *cx) {
  const int64_t shapes[] = {8, 6, 5, 0};
  ag_array args[] = {ag_random_uniform(cx, 1, AG_F64, shapes, 2, -1.0, 1.0),
                     ag_random_uniform(cx, 2, AG_F64, shapes + 1, 2, -1.0, 1.0), ag_linspace(cx, 0.0, 1.0, 5)};
  ag_array gs[3], number = ag_scalar(cx, 0.3), x = ag_linspace(cx, 0.1, 1.0, 6);
  ag_array value = ag_value_and_grads(cx, net, NULL, args, 3, NULL, 3, gs);
  double sum = ag_item(cx, value) + ag_item(cx, ag_sum(cx, gs[1])) + ag_item(cx, slope(cx, &number, 1, NULL));
  sum += ag_item(cx, ag_grad(cx, slope, NULL, &number, 1, 0));
  ag_array t = ag_jvp(cx, wave, NULL, &x, 1, 0, ag_ones_like(cx, x), NULL);
  sum += ag_item(cx, ag_sum(cx, t)) + ag_item(cx, ag_sum(cx, ag_jacobian(cx, wave, NULL, &x, 1, 0)));
  sum += ag_item(cx, ag_sum(cx, ag_hessian(cx, net, NULL, args, 3, 2)));
  ag_tape tape = ag_tape_begin(cx);
  ag_array boxed = ag_box(cx, tape, x);
  ag_array g = ag_tape_grad(cx, tape, ag_sum(cx, ag_mul(cx, boxed, ag_exp(cx, boxed))), boxed);
  sum += ag_item(cx, ag_sum(cx, g));
  ag_tape_end(cx, tape);
  return sum;
}

static ag_array cube(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_mul(cx, args[0], ag_square(cx, args[0]));
}

static ag_array cube_vjp(ag_context *cx, ag_array g, ag_array ans, const ag_array *args, size_t nargs, void *user) {
  (void)ans;
  UNUSED;
  return ag_mul(cx, g, ag_mul_scalar(cx, ag_square(cx, args[0]), 3.0));
}

static ag_array applied(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_sum(cx, ag_apply(cx, *(ag_primitive *)user, args, nargs));
}

static double primitives(ag_context *cx) {
  ag_primitive_def def = primitive_def("cube", cube);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_defvjp(cx, p, 0, cube_vjp);
  ag_array x = ag_linspace(cx, 0.0, 1.0, 7);
  double sum = ag_item(cx, ag_sum(cx, ag_grad(cx, applied, &p, &x, 1, 0)));
  sum += ag_item(cx, ag_sum(cx, ag_hessian(cx, applied, &p, &x, 1, 0)));
  ag_primitive_free(cx, p);
  return sum;
}

static ag_tree tree_loss(ag_context *cx, const ag_tree *args, size_t nargs, void *user) {
  UNUSED;
  ag_array w = ag_tree_array_at(cx, args[0], "w"), b = ag_tree_array_at(cx, args[0], "b");
  return ag_tree_leaf(cx, ag_sum(cx, ag_tanh(cx, ag_add(cx, ag_square(cx, w), b))));
}

static double trees(ag_context *cx) {
  const char *keys[] = {"w", "b"};
  ag_tree leaves[] = {ag_tree_leaf(cx, ag_linspace(cx, -1.0, 1.0, 5)), ag_tree_leaf(cx, ag_scalar(cx, 0.5))};
  ag_tree t = ag_tree_dict(cx, keys, leaves, 2), g = ag_tree_grad(cx, tree_loss, NULL, &t, 1, 0);
  (void)ag_tree_to_string(cx, g);
  ag_tree h = ag_tree_hvp(cx, tree_loss, NULL, &t, 1, 0, g);
  return ag_item(cx, ag_tree_norm(cx, g)) + ag_item(cx, ag_sum(cx, ag_tree_flatten(cx, h)));
}

static ag_array decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  return ag_neg(cx, ag_mul(cx, args[0], args[2]));
}

static ag_array end_of_decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array t = ag_linspace(cx, 0.0, 1.0, 3);
  return ag_sum(cx, ag_odeint(cx, decay, NULL, NULL, args[0], t, args + 1, 1, NULL));
}

static double equations(ag_context *cx) {
  ag_array args[] = {ag_linspace(cx, 1.0, 2.0, 3), ag_scalar(cx, 0.7)}, gs[2];
  ag_value_and_grads(cx, end_of_decay, NULL, args, 2, NULL, 2, gs);
  return ag_item(cx, ag_sum(cx, gs[0])) + ag_item(cx, gs[1]);
}

static const char *path(void) { return temporary("-exhausted.npz"); }

static double files(ag_context *cx) {
  const char *keys[] = {"x", "y"};
  ag_tree leaves[] = {ag_tree_leaf(cx, ag_linspace(cx, -1.0, 1.0, 500)), ag_tree_leaf(cx, ag_eye(cx, AG_F32, 9, 9, 0))};
  ag_tree_save(cx, path(), ag_tree_dict(cx, keys, leaves, 2));
  ag_tree read = ag_tree_load(cx, path());
  ag_tree unpacked = ag_tree_load(cx, "tests/reference/files/compressed.npz");
  double leaves_read = (double)ag_tree_leaf_count(cx, unpacked);
  return leaves_read + ag_item(cx, ag_sum(cx, ag_square(cx, ag_tree_flatten(cx, read))));
}

/* A quartic with its axes far from each other in scale, so that minimizers take their time. */
static ag_array valley(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array x = ag_sub_scalar(cx, args[0], 0.5);
  ag_array weights = ag_exp(cx, ag_linspace(cx, 0.0, 7.0, (int64_t)ag_size(cx, x)));
  ag_array squares = ag_square(cx, x);
  return ag_sum(cx, ag_mul(cx, weights, ag_add(cx, squares, ag_square(cx, squares))));
}

static double minimizers(ag_context *cx) {
  ag_minimize_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.memory = 4;
  options.max_iterations = 8;
  ag_array x0 = ag_linspace(cx, -1.0, 1.0, 6), none = {0};
  ag_array a = ag_minimize_lbfgs(cx, valley, NULL, x0, none, none, &options, NULL);
  ag_array b = ag_minimize_lbfgs(cx, valley, NULL, x0, ag_scalar(cx, -0.8), ag_scalar(cx, 0.2), &options, NULL);
  ag_array c = ag_minimize_newton_cg(cx, valley, NULL, x0, &options, NULL);
  return ag_item(cx, ag_sum(cx, ag_add(cx, a, ag_add(cx, b, c))));
}

static double threads(ag_context *cx) {
  const int64_t shape[] = {200, 190};
  ag_set_threads(cx, 3);
  ag_array x = ag_random_uniform(cx, 1, AG_F64, shape, 2, -1.0, 1.0);
  ag_array y = ag_matmul(cx, x, ag_transpose(cx, x));
  return ag_item(cx, ag_sum(cx, ag_tanh(cx, y)));
}

/* A tape, and lists, of a program's size. */
static ag_array long_chain(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = args[0], first = ag_index(cx, args[1], "0");
  for (int i = 0; i < 60000; i++) y = ag_add(cx, y, ag_mul(cx, first, args[0]));
  ag_array *parts = (ag_array *)malloc(5000 * sizeof *parts);
  if (parts) {
    ag_unstack(cx, args[1], 0, parts, 5000);
    y = ag_add(cx, y, ag_sum(cx, ag_stack(cx, parts, 5000, 0)));
  }
  free(parts);
  return y;
}

static double large(ag_context *cx) {
  ag_array args[] = {ag_scalar(cx, 0.5), ag_linspace(cx, 0.0, 1.0, 5000)}, gs[2];
  ag_array value = ag_value_and_grads(cx, long_chain, NULL, args, 2, NULL, 2, gs);
  double sum = ag_item(cx, value) + ag_item(cx, gs[0]) + ag_item(cx, ag_sum(cx, gs[1]));
  ag_jvp(cx, long_chain, NULL, args, 2, 0, ag_scalar(cx, 1.0), NULL);
  return sum;
}

static const struct {
  const char *name;
  scenario_function *run;
  bool small;
} scenarios[] = {{"arrays", arrays, true},         {"derivatives", derivatives, true}, {"primitives", primitives, true},
                 {"trees", trees, true},           {"equations", equations, true},     {"files", files, true},
                 {"threads", threads, true},       {"minimizers", minimizers, true},
                 {"a long tape", large, false}};

/* ---- the attack ---- */

/* Runs a scenario in a new context while memory is watched; returns the blocks that were not given back. */
static long attack(const char *name, scenario_function *run, long at, bool gone, double want) {
  long blocks = memory_blocks;
  memory_requests = memory_refusals = 0;
  memory_refused_at = at, memory_gone = gone, memory_watched = true;
  ag_context *cx = ag_context_new();
  if (cx) {
    double got = run(cx);
    int32_t code = ag_error(cx);
    memory_watched = false;
    bool right = code == AG_ERR_MEMORY || (code == AG_OK && fabs(got - want) <= 1e-9 * fabs(want));
    if (!right) {
      printf("%s, request %ld refused%s: code %d, %s; result %.17g, expected %.17g\n", name, at,
             gone ? " and all after it" : "", (int)code, ag_error_message(cx), got, want);
      failures++;
    }
    ag_error_clear(cx);
    double again = run(cx);
    CHECK_OK(cx);
    CHECK_CLOSE(again, want, 1e-9);
    memory_watched = true;
    ag_context_free(cx);
  }
  memory_watched = false;
  memory_refused_at = -1;
  return memory_blocks - blocks;
}

/* The same, with every block given back. */
static void lose_nothing(const char *name, scenario_function *run, long at, bool gone, double want) {
  long lost = attack(name, run, at, gone, want);
  if (lost == 0) return;
  printf("%s, request %ld refused%s: %ld blocks are lost\n", name, at, gone ? " and all after it" : "", lost);
  failures++;
}

/* ---- a process that may have 300 MB or less, and programs that want more ---- */

static ag_array without_end(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_array y = args[0];
  while (!ag_error(cx)) y = ag_add(cx, ag_sin(cx, y), args[0]);
  return y;
}

/* A minimizer with a history of long vectors, and the differential equation of a long state with all its states kept. */
static void remember_much(ag_context *cx, bool bounds) {
  ag_minimize_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.memory = options.max_iterations = 1000;
  options.gtol = options.ftol = 1e-300;
  ag_array none = {0}, x0 = ag_linspace(cx, -1.0, 1.0, 1500000);
  ag_array lower = bounds ? ag_scalar(cx, -2.0) : none;
  ag_minimize_lbfgs(cx, valley, NULL, x0, lower, none, &options, NULL);
}

static ag_array end_of_long_decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  UNUSED;
  ag_odeint_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.max_states = 1000;
  ag_array t = ag_linspace(cx, 0.0, 20.0, 2);
  return ag_sum(cx, ag_odeint(cx, decay, NULL, NULL, args[0], t, args + 1, 1, &options));
}

/* Orders, quantiles and rows by lists, of ever longer arrays. */
enum { ORDERS = 9 };

static void ever_longer(ag_context *cx, int which) {
  const int64_t positions[] = {0, 2, 5};
  for (int64_t n = 600000; !ag_error(cx); n *= 2) {
    ag_scope scope = ag_scope_enter(cx);
    ag_array x = ag_random_uniform(cx, 1, AG_F64, &n, 1, 0.0, 1000.0), keys[] = {x, x}, indices;
    switch (which) {
      case 0: ag_argsort(cx, x); break;
      case 1: ag_lexsort(cx, keys, 2); break;
      case 2: ag_quantile(cx, x, 0.1); break;
      case 3: ag_unique(cx, x); break;
      case 4: ag_topk(cx, x, 3, &indices); break;
      case 5: ag_delete(cx, x, positions, 3); break;
      case 6: ag_insert(cx, x, positions, 3, ag_scalar(cx, 1.0)); break;
      case 7: ag_isin(cx, ag_index(cx, x, ":3"), x, false); break;
      default: ag_segment_prod(cx, x, ag_astype(cx, x, AG_I64), 1000);
    }
    ag_scope_leave(cx, scope);
  }
}

static void ever_more(ag_context *cx, int what) {
  ag_array x = ag_scalar(cx, 0.5), small = ag_linspace(cx, 0.0, 1.0, 50);
  ag_tree t = ag_tree_leaf(cx, x);
  switch (what) {
    case 0:
      while (!ag_error(cx)) ag_data(cx, ag_exp(cx, ag_linspace(cx, 0.0, 1.0, 100000)));
      break;
    case 1: ag_grad(cx, without_end, NULL, &x, 1, 0); break;
    case 2: ag_grad(cx, without_end, NULL, &small, 1, 0); break;
    case 3: ag_jvp(cx, without_end, NULL, &x, 1, 0, x, NULL); break;
    case 4: remember_much(cx, false); break;
    case 5: remember_much(cx, true); break;
    case 6: {
      ag_array args[] = {ag_linspace(cx, 1.0, 2.0, 1000000), ag_scalar(cx, 0.7)}, gs[2];
      ag_value_and_grads(cx, end_of_long_decay, NULL, args, 2, NULL, 2, gs);
      break;
    }
    case 7:
      while (!ag_error(cx)) {
        ag_tree two[] = {t, t};
        t = ag_tree_tuple(cx, two, 2);
        if (ag_tree_leaf_count(cx, t) > 500000) t = ag_tree_leaf(cx, x);
      }
      break;
    default: ever_longer(cx, what - 8);
  }
}

enum { PROGRAMS = 8 + ORDERS };

static int in_little_room(int what) {
  const rlim_t room = what < 8 ? 300000000 : 200000000;
  const struct rlimit limit = {room, room};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 0;
  ag_context *cx = ag_context_new();
  for (int round = 0; round < 2; round++) {
    ag_scope scope = ag_scope_enter(cx);
    ever_more(cx, what);
    if (ag_error(cx) != AG_ERR_MEMORY) return 2;
    ag_error_clear(cx);
    ag_scope_leave(cx, scope);
    ag_memory_trim(cx);
    double sum = ag_item(cx, ag_sum(cx, ag_linspace(cx, 0.0, 1.0, 1001)));
    if (ag_error(cx) || fabs(sum - 500.5) > 1e-9) return 3;
  }
  ag_context_free(cx);
  return 0;
}

static void under_a_limit(void) {
  for (int what = 0; what < PROGRAMS; what++) {
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(in_little_room(what));
    CHECK(waitpid(child, &status, 0) == child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) printf("program %d: status %d\n", what, status);
  }
}

int main(void) {
  long runs = 0;
  const char *every = getenv("AUTOGRAD_ATTACK");
  if (!memory_calls_counted) {
    printf("NOT RUN: requests for memory cannot be refused here\n");
    return 0;
  }
  for (size_t s = 0; s < sizeof scenarios / sizeof *scenarios && failures < 20; s++) {
    if (!scenarios[s].small && !every) continue;
    ag_context *cx = ag_context_new();
    double want = scenarios[s].run(cx);
    CHECK_OK(cx);
    ag_context_free(cx);
    /* What is made once for the process is there now. */
    attack(scenarios[s].name, scenarios[s].run, -1, false, want);
    lose_nothing(scenarios[s].name, scenarios[s].run, -1, false, want);
    long requests = memory_requests;
    if (requests == 0) {
      printf("NOT RUN: this program's requests for memory are not counted here\n");
      break;
    }
    const long step = scenarios[s].small ? 1 : 1 + requests / 300;
    for (long at = 0; at < requests && failures < 20; at += step) {
      lose_nothing(scenarios[s].name, scenarios[s].run, at, false, want);
      lose_nothing(scenarios[s].name, scenarios[s].run, at, true, want);
      runs += 2;
    }
    printf("%s: %ld requests\n", scenarios[s].name, requests);
    fflush(stdout);
  }
  remove(path());
  if (runs > 0) under_a_limit();
  printf("%ld runs in which memory ran out\n", runs);
  return failures != 0;
}
